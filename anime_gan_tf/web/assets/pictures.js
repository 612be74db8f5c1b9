// Pictures as files: PNGs that remember how they were made, and GIFs.
"use strict";

// A face as it was drawn, or, where `enlarged` says so, as it was enlarged.
function canvasOf(face, enlarged = false) {
  const canvas = document.createElement("canvas");
  const size = canvas.width = canvas.height = enlarged ? MODEL.enlarged : MODEL.size;
  const pixels = enlarged ? face.enlarged : face.pixels;
  canvas.getContext("2d").putImageData(new ImageData(pixels, size, size), 0, 0);
  return canvas;
}

// The same, `size` pixels wide, by the browser's filter.
function resized(face, size, enlarged) {
  const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
  canvas.width = canvas.height = size;
  pen.imageSmoothingQuality = "high";
  pen.drawImage(canvasOf(face, enlarged), 0, 0, size, size);
  return canvas;
}

// Shows a face on the canvas of that id.
function paint(id, face, enlarged) {
  const canvas = document.getElementById(id), picture = canvasOf(face, enlarged);
  canvas.width = canvas.height = picture.width;
  canvas.getContext("2d").drawImage(picture, 0, 0);
}

// Faces beside and below each other on white, each `size` pixels wide; labels: {rows, columns} of
// words, or null.
function sheet(faces, columns, size = MODEL.size, labels = null) {
  const gap = 2, step = size + gap, left = labels ? 80 : 0, top = labels ? 20 : 0;
  const canvas = document.createElement("canvas");
  canvas.width = left + columns * step + gap;
  canvas.height = top + Math.ceil(faces.length / columns) * step + gap;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  faces.forEach((face, i) => {
    if (!face.pixels) return;
    const x = left + gap + i % columns * step, y = top + gap + Math.floor(i / columns) * step;
    pen.drawImage(canvasOf(face), x, y, size, size);
  });
  if (labels) {
    pen.fillStyle = "black";
    pen.font = "13px sans-serif";
    pen.textAlign = "right";
    labels.rows.forEach(
      (word, i) => pen.fillText(word, left - 6, top + gap + i * step + size / 2 + 5));
    pen.textAlign = "center";
    labels.columns.forEach((word, i) => pen.fillText(word, left + gap + i * step + size / 2, 15));
  }
  return canvas;
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

async function savePNG(canvas, name, faces) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const chunk = textChunk("anime_gan_tf", asciiJSON(metadata(faces)));
  const head = 33;  // the signature and the header chunk
  const parts = [bytes.subarray(0, head), chunk, bytes.subarray(head)];
  download(new Blob(parts, {type: "image/png"}), name);
}

// JSON as json.dumps of the program writes it: a tEXt chunk holds no character beyond Latin-1.
function asciiJSON(value) {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

// A tEXt chunk (PNG specification, 11.3.4.3).
function textChunk(key, value) {
  const body = Uint8Array.from(`tEXt${key}\0${value}`, (character) => character.charCodeAt(0));
  const chunk = new Uint8Array(body.length + 8), view = new DataView(chunk.buffer);
  view.setUint32(0, body.length - 4);
  chunk.set(body, 4);
  view.setUint32(body.length + 4, checksum(body));
  return chunk;
}

function checksum(bytes) {  // CRC-32 (PNG specification, annex D)
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >>> 1 ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

// ----- GIF

// An endless GIF of ImageData of one size, `delay` hundredths of a second each.
function gif(frames, delay) {
  const {width, height} = frames[0], {colors, nearest} = palette(frames), bytes = [];
  const words = (...values) => values.forEach((value) => bytes.push(value & 255, value >> 8));
  const letters = (word) => bytes.push(...new TextEncoder().encode(word));
  letters("GIF89a");
  words(width, height);
  bytes.push(0xf7, 0, 0, ...colors.flat());
  bytes.push(0x21, 0xff, 11);
  letters("NETSCAPE2.0");
  bytes.push(3, 1, 0, 0, 0);
  for (const {data} of frames) {
    bytes.push(0x21, 0xf9, 4, 0);
    words(delay);
    bytes.push(0, 0, 0x2c);
    words(0, 0, width, height);
    bytes.push(0, 8);
    const indices = new Uint8Array(width * height);
    for (let i = 0; i < indices.length; i++) indices[i] = nearest[cell(data, 4 * i)];
    const packed = lzw(indices);
    for (let at = 0; at < packed.length; at += 255) {
      const block = packed.subarray(at, at + 255);
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
