// A generator's operations in plain JavaScript. A map is {height, width, channels, data}: pixel by
// pixel, row by row.
"use strict";

const ACTIVATE = {
  relu: (x) => (x > 0 ? x : 0),
  tanh: Math.tanh,
  leaky_relu: (x, slope) => (x > 0 ? x : slope * x),
};

function mapOf([height, width, channels]) {
  return {height, width, channels, data: new Float32Array(height * width * channels)};
}

// [height, width, channels] of what an operation makes; null in an operation that takes any size.
function shapeOf({shape: [height, width, channels], stride = 1, factor = 1}, [x]) {
  const scale = stride * factor;
  return [height ?? scale * x.height, width ?? scale * x.width, channels];
}

// Where a "same" transposed convolution begins: the first row of its kernel that falls outside.
function padding({size, stride}) {
  return Math.floor((size - stride) / 2);
}

class Plain {
  constructor(operations) {
    this.operations = operations;
    this.phases = [];  // of the kernels that were needed
  }

  // The map that operation `index` makes of those given. A method for an operation may apply the
  // activation as well, and says so.
  run(index, inputs) {
    const operation = this.operations[index], result = mapOf(shapeOf(operation, inputs));
    const activated = this[operation.op](operation, inputs, result, index);
    if (operation.activation && !activated) {
      const [name, slope] = [operation.activation].flat();
      const function_ = ACTIVATE[name], data = result.data;
      for (let i = 0; i < data.length; i++) data[i] = function_(data[i], slope);
    }
    return result;
  }

  identity(operation, [x], result) {
    result.data.set(x.data);
  }

  concatenate(operation, inputs, result) {
    let at = 0;
    for (const {data} of inputs) {
      result.data.set(data, at);
      at += data.length;
    }
  }

  dense({weight, bias}, [x], {data}) {
    const sums = Float64Array.from(bias);
    for (let i = 0, at = 0; i < x.data.length; i++, at += sums.length) {
      const factor = x.data[i];
      for (let o = 0; factor && o < sums.length; o++) sums[o] += factor * weight[at + o];
    }
    data.set(sums);
  }

  affine({weight, bias}, [x], {data, channels}) {
    for (let i = 0; i < data.length; i++) {
      data[i] = x.data[i] * weight[i % channels] + bias[i % channels];
    }
  }

  add(operation, [a, b], {data}) {
    for (let i = 0; i < data.length; i++) data[i] = a.data[i] + b.data[i];
  }

  multiply(operation, [a, b], {data}) {  // b: of the same size, or a vector
    const period = b.data.length;
    for (let i = 0; i < data.length; i++) data[i] = a.data[i] * b.data[i % period];
  }

  upsample({factor}, [x], {height, width, channels, data}) {
    for (let row = 0, to = 0; row < height; row++) {
      for (let column = 0; column < width; column++, to += channels) {
        const from = (Math.floor(row / factor) * x.width + Math.floor(column / factor)) * channels;
        data.set(x.data.subarray(from, from + channels), to);
      }
    }
  }

  upsample_bilinear({factor}, [x], {height, width, channels, data}) {
    // The two pixels of x around each line of the result, and how far it is from the first to the
    // second.
    const lines = (count, most) => Array.from({length: count}, (_, i) => {
      const at = (i + 0.5) / factor - 0.5, first = Math.floor(at);
      return [Math.max(first, 0), Math.min(first + 1, most - 1), at - first];
    });
    const columns = lines(width, x.width);
    let to = 0;
    for (const [top, bottom, down] of lines(height, x.height)) {
      for (const [left, right, across] of columns) {
        for (let c = 0; c < channels; c++, to++) {
          const value = (row, column) => x.data[(row * x.width + column) * channels + c];
          const above = value(top, left) + across * (value(top, right) - value(top, left));
          const below = value(bottom, left) + across * (value(bottom, right) - value(bottom, left));
          data[to] = above + down * (below - above);
        }
      }
    }
  }

  depth_to_space({factor}, [x], {height, width, channels, data}) {
    for (let row = 0, to = 0; row < height; row++) {
      for (let column = 0; column < width; column++, to += channels) {
        const pixel = Math.floor(row / factor) * x.width + Math.floor(column / factor);
        const from = pixel * x.channels + ((row % factor) * factor + column % factor) * channels;
        for (let c = 0; c < channels; c++) data[to + c] = x.data[from + c];
      }
    }
  }

  conv_transpose(operation, [x], result, index) {
    this.phases[index] ??= phases(operation, 4, operation.inputs_channels);
    this.convolve(operation, x, result, this.phases[index]);
  }

  // Each phase of the output, as many as stride x stride, is an ordinary convolution: products of
  // two matrices, of the input's pixels under the kernel and of the kernel, for a few rows at a
  // time.
  convolve({stride, bias}, x, {width, channels, data}, phasesOf) {
    const rows = Math.max(1, Math.floor(64 / x.width));
    const wide = channels + 3 & ~3;
    for (const {top, left, taps, matrix} of phasesOf) {
      const depth = taps.length * x.channels;
      const patches = new Float32Array((rows * x.width + 3) * depth);
      const product = new Float32Array((rows * x.width + 3) * wide);
      for (let first = 0; first < x.height; first += rows) {
        const count = Math.min(rows, x.height - first) * x.width;
        gather(x, taps, first, count, patches);
        multiplyMatrices(patches, matrix, product, count, depth, wide);
        for (let i = 0; i < count; i++) {
          const row = (first + Math.floor(i / x.width)) * stride + top;
          const column = (i % x.width) * stride + left;
          const to = (row * width + column) * channels;
          for (let o = 0; o < channels; o++) data[to + o] = product[i * wide + o] + bias[o];
        }
      }
    }
  }
}

// The kernel of a transposed convolution by where an output pixel lies in its block of stride x
// stride: which input pixels it sees (`taps`, relative to its own, row by row), and the weights as a
// matrix, `beside` outputs beside each other, with room for `room` inputs of each.
function phases({size, stride, weight, shape, inputs_channels: inputs}, beside, room) {
  const outputs = shape[2], found = [], pad = padding({size, stride});
  for (let top = 0; top < stride; top++) {
    for (let left = 0; left < stride; left++) {
      const taps = [];
      for (let i = (top + pad) % stride; i < size; i += stride) {
        for (let j = (left + pad) % stride; j < size; j += stride) {
          taps.push({row: (top + pad - i) / stride, column: (left + pad - j) / stride,
                     kernel: i * size + j});
        }
      }
      taps.reverse();
      const depth = taps.length * room;
      const matrix = new Float32Array(depth * Math.ceil(outputs / beside) * beside);
      taps.forEach(({kernel}, tap) => {
        for (let input = 0; input < inputs; input++) {
          for (let output = 0; output < outputs; output++) {
            const block = Math.floor(output / beside) * depth + tap * room + input;
            matrix[beside * block + output % beside] =
              weight[(kernel * inputs + input) * outputs + output];
          }
        }
      });
      found.push({top, left, taps, matrix});
    }
  }
  return found;
}

// For `count` pixels from row `first` on: what they see of x, one line a pixel.
function gather(x, taps, first, count, patches) {
  const {height, width, channels, data} = x;
  let to = 0;
  for (let i = 0; i < count; i++) {
    const row = first + Math.floor(i / width), column = i % width;
    for (const tap of taps) {
      const y = row + tap.row, z = column + tap.column;
      if (y < 0 || y >= height || z < 0 || z >= width) {
        patches.fill(0, to, to + channels);
      } else {
        const from = (y * width + z) * channels;
        for (let c = 0; c < channels; c++) patches[to + c] = data[from + c];
      }
      to += channels;
    }
  }
}

// c (rows, columns) = a (rows, depth) b, where b has its columns in blocks of four: (columns / 4,
// depth, 4). Sixteen sums at a time stay in registers. Writes up to three rows more.
function multiplyMatrices(a, b, c, rows, depth, columns) {
  for (let column = 0; column < columns; column += 4) {
    for (let row = 0; row < rows; row += 4) {
      const a0 = row * depth, a1 = a0 + depth, a2 = a1 + depth, a3 = a2 + depth;
      let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
      let s20 = 0, s21 = 0, s22 = 0, s23 = 0, s30 = 0, s31 = 0, s32 = 0, s33 = 0;
      for (let k = 0, at = column * depth; k < depth; k++, at += 4) {
        const b0 = b[at], b1 = b[at + 1], b2 = b[at + 2], b3 = b[at + 3];
        let x = a[a0 + k];
        s00 += x * b0; s01 += x * b1; s02 += x * b2; s03 += x * b3;
        x = a[a1 + k];
        s10 += x * b0; s11 += x * b1; s12 += x * b2; s13 += x * b3;
        x = a[a2 + k];
        s20 += x * b0; s21 += x * b1; s22 += x * b2; s23 += x * b3;
        x = a[a3 + k];
        s30 += x * b0; s31 += x * b1; s32 += x * b2; s33 += x * b3;
      }
      let to = row * columns + column;
      c[to] = s00; c[to + 1] = s01; c[to + 2] = s02; c[to + 3] = s03;
      to += columns;
      c[to] = s10; c[to + 1] = s11; c[to + 2] = s12; c[to + 3] = s13;
      to += columns;
      c[to] = s20; c[to + 1] = s21; c[to + 2] = s22; c[to + 3] = s23;
      to += columns;
      c[to] = s30; c[to + 1] = s31; c[to + 2] = s32; c[to + 3] = s33;
    }
  }
}
