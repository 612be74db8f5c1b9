// A generator's operations: convolutions and dense layers in WebAssembly (web/convolution.py), the
// others in plain JavaScript.
"use strict";

const PAGE = 65536;  // bytes that a memory grows by
const COLUMNS = 8, UNROLLED = 4;  // outputs, and inputs, that convolve() takes at a time

// The compiled module; null in a browser that has no WebAssembly, or no vectors in it.
const KERNEL = (() => {
  try {
    return new WebAssembly.Module(Uint8Array.from(atob(CONVOLUTION), (x) => x.charCodeAt(0)));
  } catch {
    return null;
  }
})();

class Wasm extends Plain {
  constructor(operations) {
    super(operations);
    this.memory = new WebAssembly.Memory({initial: 1});
    this.floats = new Float32Array(this.memory.buffer);
    this.kept = 0;  // numbers at the beginning that stay: weights
    this.convolve = new WebAssembly.Instance(KERNEL, {page: {memory: this.memory}})
      .exports.convolve;
  }

  // Room for so many numbers from position `at` on.
  reserve(at, length) {
    const missing = 4 * (at + length) - this.memory.buffer.byteLength;
    if (missing <= 0) return;
    this.memory.grow(Math.ceil(missing / PAGE));
    this.floats = new Float32Array(this.memory.buffer);
  }

  keep(numbers, length = numbers.length) {
    const at = this.kept;
    this.reserve(at, length);
    this.floats.set(numbers, at);
    this.kept += length;
    return at;
  }

  dense(operation, [{data}], result, index) {  // a convolution of one pixel
    const pixel = {height: 1, width: 1};
    const input = {...pixel, channels: data.length, data};
    const output = {...pixel, channels: result.data.length, data: result.data};
    const shape = [1, 1, output.channels];
    return this.conv_transpose({...operation, shape, size: 1, stride: 1,
                                inputs_channels: data.length}, [input], output, index);
  }

  // The kernel's phases, with their matrices in the memory, and how far from a pixel patches reach.
  prepare(operation) {
    const deep = multiple(operation.inputs_channels, UNROLLED);
    const found = phases(operation, COLUMNS, deep).map(({top, left, taps, matrix}) => {
      const [first, last] = [taps[0], taps.at(-1)];
      return {top, left, first, lines: last.row - first.row + 1, last,
              depth: (last.column - first.column + 1) * deep, matrix: this.keep(matrix)};
    });
    const most = (of) => Math.max(0, ...found.map(of));
    return {found, deep, up: most(({first}) => -first.row), down: most(({last}) => last.row),
            before: most(({first}) => -first.column), behind: most(({last}) => last.column),
            bias: this.keep(operation.bias, multiple(operation.bias.length, COLUMNS))};
  }

  conv_transpose(operation, [x], result, index) {
    const {stride, activation} = operation, {height, width, channels} = result;
    const {found, deep, up, down, before, behind, bias} =
      this.phases[index] ??= this.prepare(operation);
    // The input with margins of zeros; behind it the result, whose pixels have `wide` channels.
    const line = (before + x.width + behind) * deep, wide = multiple(channels, COLUMNS);
    const from = this.kept, length = line * (up + x.height + down), to = from + length;
    this.reserve(from, length + height * width * wide);
    this.floats.fill(0, from, to);
    for (let row = 0; row < x.height; row++) {
      const at = from + (up + row) * line + before * deep;
      copyPixels(x.data, row * x.width * x.channels, x.channels, this.floats, at, deep, x.width);
    }
    const linear = !activation || activation === "tanh";
    const slope = linear ? 1 : activation === "relu" ? 0 : activation[1];
    for (const {top, left, first, lines, depth, matrix} of found) {
      const patches = from + (up + first.row) * line + (before + first.column) * deep;
      const results = to + (top * width + left) * wide;
      this.convolve(4 * patches, 4 * deep, 4 * line, lines, 4 * depth, 4 * matrix, 4 * bias,
                    4 * results, 4 * wide * stride, 4 * wide * width * stride, wide, x.width,
                    x.height, slope);
    }
    copyPixels(this.floats, to, wide, result.data, 0, channels, height * width);
    return !linear;
  }
}

function multiple(value, of) {
  return Math.ceil(value / of) * of;
}

// Copies `count` pixels with `wide` numbers each to where they have `room`.
function copyPixels(source, from, wide, target, to, room, count) {
  if (wide === room) return void target.set(source.subarray(from, from + wide * count), to);
  const least = Math.min(wide, room);
  for (let i = 0; i < count; i++, from += wide, to += room) {
    for (let c = 0; c < least; c++) target[to + c] = source[from + c];
  }
}
