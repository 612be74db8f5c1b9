// GIFs, made in a worker: frames become indices of 256 colors, packed.
"use strict";

// An endless GIF of ImageData of one size, `delay` hundredths of a second each. progress: called with
// how many are packed.
function gif(frames, delay, progress) {
  const {width, height} = frames[0], {colors, nearest} = palette(frames), bytes = [];
  const words = (...values) => values.forEach((value) => bytes.push(value & 255, value >> 8));
  const letters = (word) => bytes.push(...new TextEncoder().encode(word));
  letters("GIF89a");
  words(width, height);
  bytes.push(0xf7, 0, 0, ...colors.flat());
  bytes.push(0x21, 0xff, 11);
  letters("NETSCAPE2.0");
  bytes.push(3, 1, 0, 0, 0);
  for (const [at, {data}] of frames.entries()) {
    progress(at);
    bytes.push(0x21, 0xf9, 4, 0);
    words(delay);
    bytes.push(0, 0, 0x2c);
    words(0, 0, width, height);
    bytes.push(0, 8);
    const indices = new Uint8Array(width * height);
    for (let i = 0; i < indices.length; i++) indices[i] = nearest[cell(data, 4 * i)];
    const packed = lzw(indices);
    for (let start = 0; start < packed.length; start += 255) {
      const block = packed.subarray(start, start + 255);
      bytes.push(block.length, ...block);
    }
    bytes.push(0);
  }
  bytes.push(0x3b);
  return new Blob([Uint8Array.from(bytes)], {type: "image/gif"});
}

function cell(data, i) {  // one of 32 x 32 x 32 colors
  return data[i] >> 3 << 10 | data[i + 1] >> 3 << 5 | data[i + 2] >> 3;
}

// 256 colors for frames by median cut (Heckbert 1982): {colors: [[r, g, b], ...], nearest: index
// of each cell}.
function palette(frames) {
  const counts = new Uint32Array(32768), sums = new Float64Array(3 * 32768);
  for (const {data} of frames) {
    for (let i = 0; i < data.length; i += 4) {
      const at = cell(data, i);
      counts[at]++;
      for (let c = 0; c < 3; c++) sums[3 * at + c] += data[i + c];
    }
  }
  const pixels = (cells) => cells.reduce((sum, at) => sum + counts[at], 0);
  const mean = (cells, c) => {
    return cells.reduce((sum, at) => sum + sums[3 * at + c], 0) / pixels(cells);
  };
  const spread = (cells) => [0, 1, 2].map((c) => {
    const values = cells.map((at) => at >> 10 - 5 * c & 31);
    return values.reduce((a, b) => Math.max(a, b), 0) - values.reduce((a, b) => Math.min(a, b), 31);
  });
  const boxOf = (cells) => {
    const widths = spread(cells), widest = Math.max(...widths);
    return {cells, widest, axis: widths.indexOf(widest), weight: widest * Math.sqrt(pixels(cells))};
  };
  const boxes = [boxOf([...counts.keys()].filter((at) => counts[at]))];
  while (boxes.length < 256) {
    boxes.sort((a, b) => b.weight - a.weight);
    if (boxes[0].widest === 0) break;
    const {cells, axis} = boxes.shift(), half = pixels(cells) / 2;
    cells.sort((a, b) => (a >> 10 - 5 * axis & 31) - (b >> 10 - 5 * axis & 31));
    let seen = 0, middle = 0;
    while (middle < cells.length - 1 && (middle === 0 || seen + counts[cells[middle]] <= half)) {
      seen += counts[cells[middle++]];
    }
    boxes.push(boxOf(cells.slice(0, middle)), boxOf(cells.slice(middle)));
  }
  const nearest = new Uint8Array(32768), colors = Array.from({length: 256}, () => [0, 0, 0]);
  boxes.forEach(({cells}, i) => {
    colors[i] = [0, 1, 2].map((c) => Math.round(mean(cells, c)));
    for (const at of cells) nearest[at] = i;
  });
  return {colors, nearest};
}

// Lempel, Ziv and Welch as GIF has it (GIF89a specification, appendix F), from 8-bit indices.
function lzw(indices) {
  const out = new Uint8Array(2 * indices.length + 16);
  let length = 0, buffer = 0, bits = 0, width = 9, next = 258, known = new Map();
  const put = (code) => {
    buffer |= code << bits;
    for (bits += width; bits >= 8; bits -= 8, buffer >>>= 8) out[length++] = buffer & 255;
  };
  put(256);
  let prefix = indices[0];
  for (let i = 1; i < indices.length; i++) {
    const key = prefix << 8 | indices[i];
    if (known.has(key)) {
      prefix = known.get(key);
      continue;
    }
    put(prefix);
    if (next === 4096) {
      put(256);
      width = 9;
      next = 258;
      known = new Map();
    } else {
      if (next === 1 << width) width++;
      known.set(key, next++);
    }
    prefix = indices[i];
  }
  put(prefix);
  put(257);
  if (bits) out[length++] = buffer & 255;
  return out.subarray(0, length);
}

// ----- the worker: messages {id, frames, delay}, answered by {id, progress} and {id, blob}

self.onmessage = ({data: {id, frames, delay}}) => {
  try {
    const blob = gif(frames, delay, (progress) => self.postMessage({id, progress}));
    self.postMessage({id, blob});
  } catch (error) {
    self.postMessage({id, error: String(error.message)});
  }
};
