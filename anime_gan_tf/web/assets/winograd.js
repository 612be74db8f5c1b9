// Convolutions of 3 x 3 in plain JavaScript by the minimal filtering F(4 x 4, 3 x 3) of Winograd
// (Lavin and Gray 2016, "Fast algorithms for convolutional neural networks"): a tile of 4 x 4 pixels
// takes 36 products in place of 144. Its 6 x 6 pixels and the kernel are transformed, multiplied
// place by place, summed over the inputs, and transformed back.
"use strict";

const TILE = 4, SEEN = 6;  // pixels of a tile on one side, and pixels that it sees

const Winograd = {
  // Whether it fits an operation on a map, and is faster there.
  fits({stride, size}, {height, width}) {
    return stride === 1 && size === 3 && width >= 16 && width % TILE === 0 && height % TILE === 0;
  },

  // The kernel of an operation at each of the 36 places: matrices for multiplyMatrices().
  matrices({weight, shape: [, , outputs], inputs_channels: inputs}) {
    // A transposed convolution's kernel is flipped.
    const transform = (a, b, c) => [
      c / 4, -(a + b + c) / 6, (b - a - c) / 6, c / 24 + b / 12 + a / 6, c / 24 - b / 12 + a / 6, a];
    const length = inputs * (outputs + 3 & ~3), place = inputs * outputs;
    const found = Array.from({length: SEEN ** 2}, () => new Float32Array(length));
    for (let input = 0, from = 0; input < inputs; input++) {
      for (let output = 0; output < outputs; output++, from++) {
        const lines = [0, 1, 2].map((row) => transform(
          ...[0, 1, 2].map((column) => weight[from + (3 * row + column) * place])));
        const to = 4 * ((output >> 2) * inputs + input) + (output & 3);
        for (let j = 0; j < SEEN; j++) {
          transform(...lines.map((line) => line[j])).forEach(
            (value, i) => found[SEEN * i + j][to] = value);
        }
      }
    }
    return found;
  },

  // x convolved, into `result`: a row of tiles at a time.
  run({bias}, x, result, matrices) {
    const {width, channels} = result, inputs = x.channels, wide = channels + 3 & ~3;
    const tiles = width / TILE, padded = tiles + 3 & ~3;  // of which the last ones are not used
    const line = (width + 2) * inputs;
    const strip = new Float32Array(SEEN * line), seen = new Float32Array(SEEN * line);
    const places = (size) => matrices.map(() => new Float32Array(padded * size));
    const patches = places(inputs), products = places(wide);
    for (let row = 0; row < result.height; row += TILE) {
      for (let i = 0; i < SEEN; i++) {
        const y = row + i - 1, at = y * width * inputs, to = i * line + inputs;
        if (y < 0 || y >= x.height) strip.fill(0, to, to + width * inputs);
        else strip.set(x.data.subarray(at, at + width * inputs), to);
      }
      transformInputs(strip, line, line, 1, 0, Array.from(
        {length: SEEN}, (_, i) => seen.subarray(i * line, (i + 1) * line)));
      for (let i = 0; i < SEEN; i++) {
        transformInputs(seen.subarray(i * line, (i + 1) * line), inputs, inputs, tiles,
                        TILE * inputs, patches.slice(SEEN * i, SEEN * (i + 1)));
      }
      matrices.forEach((matrix, place) => multiplyMatrices(
        patches[place], matrix, products[place], tiles, inputs, wide));
      transformOutputs(products, tiles, wide, bias, result, row);
    }
  },
};

// Six values of `data`, `step` apart, become one value of each target: for `count` values beside
// each other, and for `tiles` of those, `stride` apart.
function transformInputs(data, step, count, tiles, stride, [t0, t1, t2, t3, t4, t5]) {
  for (let tile = 0, to = 0; tile < tiles; tile++) {
    for (let i = 0, at = tile * stride; i < count; i++, at++, to++) {
      const a = data[at], b = data[at + step], c = data[at + 2 * step], d = data[at + 3 * step];
      const e = data[at + 4 * step], f = data[at + 5 * step];
      t0[to] = 4 * a - 5 * c + e;
      t1[to] = d + e - 4 * (b + c);
      t2[to] = e - d + 4 * (b - c);
      t3[to] = e - c + 2 * (d - b);
      t4[to] = e - c - 2 * (d - b);
      t5[to] = 4 * b - 5 * d + f;
    }
  }
}

// Products at the 36 places, (tiles, wide) each, become the pixels of a row of tiles.
function transformOutputs(products, tiles, wide, bias, {width, channels, data}, row) {
  const length = tiles * wide;
  const columns = Array.from({length: SEEN}, () => new Float32Array(TILE * length));
  for (let j = 0; j < SEEN; j++) {
    const [p0, p1, p2, p3, p4, p5] = [0, 1, 2, 3, 4, 5].map((i) => products[SEEN * i + j]);
    const column = columns[j];
    for (let at = 0; at < length; at++) {
      const sum = p1[at] + p2[at], apart = p1[at] - p2[at];
      const farSum = p3[at] + p4[at], farApart = p3[at] - p4[at];
      column[at] = p0[at] + sum + farSum;
      column[length + at] = apart + 2 * farApart;
      column[2 * length + at] = sum + 4 * farSum;
      column[3 * length + at] = apart + 8 * farApart + p5[at];
    }
  }
  const [c0, c1, c2, c3, c4, c5] = columns;
  for (let i = 0; i < TILE; i++) {
    for (let tile = 0; tile < tiles; tile++) {
      const to = ((row + i) * width + TILE * tile) * channels;
      for (let o = 0, at = i * length + tile * wide; o < channels; o++, at++) {
        const sum = c1[at] + c2[at], apart = c1[at] - c2[at];
        const farSum = c3[at] + c4[at], farApart = c3[at] - c4[at];
        data[to + o] = c0[at] + sum + farSum + bias[o];
        data[to + channels + o] = apart + 2 * farApart + bias[o];
        data[to + 2 * channels + o] = sum + 4 * farSum + bias[o];
        data[to + 3 * channels + o] = apart + 8 * farApart + c5[at] + bias[o];
      }
    }
  }
}
