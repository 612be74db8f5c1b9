// A generator's operations in WebGL2: a fragment shader each, on textures of 32-bit floats. Vectors
// stay with Plain.
//
// A texel holds four channels. A map is its slices of four channels as tiles: `columns` of them
// beside each other.
"use strict";

const SHADER_HEAD = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
uniform sampler2D a, b, weight, bias;
uniform ivec4 sizeA, sizeB, size;  // height, width, slices, columns of tiles
uniform int kernel, stride, pad, factor, activation;
uniform float slope;
out vec4 result;

vec4 pixel(sampler2D map, ivec4 its, int row, int column, int slice) {
  return texelFetch(map, ivec2(slice % its.w * its.y + column, slice / its.w * its.x + row), 0);
}
vec4 weightAt(int i) { return texelFetch(weight, ivec2(i % 1024, i / 1024), 0); }
float channel(int row, int column, int i) { return pixel(a, sizeA, row, column, i / 4)[i % 4]; }
vec4 activated(vec4 x) {
  if (activation == 1) return max(x, 0.0);
  if (activation == 2) return 1.0 - 2.0 / (exp(2.0 * clamp(x, -20.0, 20.0)) + 1.0);
  if (activation == 3) return mix(slope * x, x, vec4(greaterThan(x, vec4(0.0))));
  return x;
}
`;

// GLSL for the value at (row, column, slice) of the result.
const SHADERS = {
  identity: `vec4 value(int row, int column, int slice) {
    return pixel(a, sizeA, row, column, slice); }`,
  affine: `vec4 value(int row, int column, int slice) {
    return pixel(a, sizeA, row, column, slice) * weightAt(slice)
      + texelFetch(bias, ivec2(slice, 0), 0);
  }`,
  add: `vec4 value(int row, int column, int slice) {
    return pixel(a, sizeA, row, column, slice) + pixel(b, sizeB, row, column, slice);
  }`,
  multiply: `vec4 value(int row, int column, int slice) {
    bool vector = sizeB.x == 1;
    return pixel(a, sizeA, row, column, slice)
      * pixel(b, sizeB, vector ? 0 : row, vector ? 0 : column, slice);
  }`,
  upsample: `vec4 value(int row, int column, int slice) {
    return pixel(a, sizeA, row / factor, column / factor, slice);
  }`,
  upsample_bilinear: `vec4 value(int row, int column, int slice) {
    vec2 at = (vec2(row, column) + 0.5) / float(factor) - 0.5, t = fract(at);
    ivec2 first = max(ivec2(floor(at)), 0), second = min(ivec2(floor(at)) + 1, sizeA.xy - 1);
    return mix(
      mix(pixel(a, sizeA, first.x, first.y, slice), pixel(a, sizeA, first.x, second.y, slice), t.y),
      mix(pixel(a, sizeA, second.x, first.y, slice), pixel(a, sizeA, second.x, second.y, slice),
          t.y), t.x);
  }`,
  depth_to_space: `vec4 value(int row, int column, int slice) {
    // kernel: channels of the result
    int first = (row % factor * factor + column % factor) * kernel + 4 * slice;
    vec4 x = vec4(0.0);
    for (int i = 0; i < 4 && 4 * slice + i < kernel; i++) {
      x[i] = channel(row / factor, column / factor, first + i);
    }
    return x;
  }`,
  conv_transpose: `vec4 value(int row, int column, int slice) {
    vec4 sum = texelFetch(bias, ivec2(slice, 0), 0);
    int base = slice * kernel * kernel;
    for (int i = (row + pad) % stride; i < kernel; i += stride) {
      int y = (row + pad - i) / stride;
      if (row + pad < i || y >= sizeA.x) continue;
      for (int j = (column + pad) % stride; j < kernel; j += stride) {
        int x = (column + pad - j) / stride;
        if (column + pad < j || x >= sizeA.y) continue;
        int at = (base + i * kernel + j) * sizeA.z * 4;
        for (int s = 0; s < sizeA.z; s++, at += 4) {
          vec4 v = pixel(a, sizeA, y, x, s);
          sum += v.x * weightAt(at) + v.y * weightAt(at + 1)
            + v.z * weightAt(at + 2) + v.w * weightAt(at + 3);
        }
      }
    }
    return sum;
  }`,
};

const SHADER_MAIN = `
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  int slice = at.y / size.x * size.w + at.x / size.y;
  result = slice < size.z ? activated(value(at.y % size.x, at.x % size.y, slice)) : vec4(0.0);
}`;

class WebGL {
  // Raises an Error where the browser has no WebGL2 or cannot draw on textures of floats.
  constructor(operations, canvas) {
    const gl = this.gl = canvas.getContext("webgl2", {antialias: false, depth: false});
    if (!gl || !gl.getExtension("EXT_color_buffer_float")) {
      throw new Error("no WebGL2 with textures of floats");
    }
    this.operations = operations;
    this.programs = Object.fromEntries(
      [...new Set(operations.map(({op}) => op))].filter((op) => op in SHADERS)
        .map((op) => [op, this.program(op)]));
    this.buffer = gl.createFramebuffer();
    this.weights = operations.map((operation) => (
      operation.op in SHADERS && operation.weight && this.pack(operation)));
    this.results = [];  // a map an operation, made anew where its size changes
  }

  program(op) {
    const gl = this.gl, program = gl.createProgram();
    for (const [kind, source] of [
      [gl.VERTEX_SHADER, `#version 300 es
        void main() {
          gl_Position = vec4(gl_VertexID == 1 ? 3 : -1, gl_VertexID == 2 ? 3 : -1, 0, 1);
        }`],
      [gl.FRAGMENT_SHADER, SHADER_HEAD + SHADERS[op] + SHADER_MAIN]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
      throw new Error(`${op}: ${gl.getProgramInfoLog(program)}`);
    }
    const places = new Map();
    return {program, place: (name) => {
      if (!places.has(name)) places.set(name, gl.getUniformLocation(program, name));
      return places.get(name);
    }};
  }

  texture(width, height, data = null) {
    const gl = this.gl, texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    for (const name of ["MIN", "MAG"]) {
      gl.texParameteri(gl.TEXTURE_2D, gl[`TEXTURE_${name}_FILTER`], gl.NEAREST);
    }
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, width, height, 0, gl.RGBA, gl.FLOAT, data);
    return texture;
  }

  // {texture, height, width, channels, size: [height, width, slices, columns]} for a map of that
  // shape.
  map([height, width, channels]) {
    const slices = Math.ceil(channels / 4);
    const columns = Math.max(1, Math.min(slices, Math.floor(2048 / width)));
    return {texture: this.texture(columns * width, Math.ceil(slices / columns) * height),
            size: [height, width, slices, columns], height, width, channels};
  }

  // Weights as textures: for each four outputs, position in the kernel and input, the four outputs'
  // weights.
  pack({op, weight, bias, size = 0, inputs_channels: inputs = 1, shape}) {
    const outputs = shape[2], slices = Math.ceil(outputs / 4);
    const sources = op === "affine" ? 1 : 4 * Math.ceil(inputs / 4);
    const positions = op === "affine" ? 1 : size * size;
    const rows = Math.ceil(slices * positions * sources / 1024);
    const data = new Float32Array(4 * 1024 * rows);
    for (let position = 0, from = 0; position < positions; position++) {
      for (let input = 0; input < inputs; input++) {
        for (let output = 0; output < outputs; output++, from++) {
          const texel = ((output >> 2) * positions + position) * sources + input;
          data[4 * texel + (output & 3)] = weight[from];
        }
      }
    }
    const summands = new Float32Array(4 * slices);
    summands.set(bias);
    return {weight: this.texture(1024, rows, data), bias: this.texture(slices, 1, summands)};
  }

  // The map of operation `index`, of that shape.
  resultOf(index, shape) {
    const before = this.results[index];
    if (before && before.height === shape[0] && before.width === shape[1]) return before;
    if (before) this.gl.deleteTexture(before.texture);
    return this.results[index] = this.map(shape);
  }

  // What operation `index` makes of maps of upload() or run().
  run(index, inputs) {
    const gl = this.gl, operation = this.operations[index], {op, shape, activation} = operation;
    const result = this.resultOf(index, shapeOf(operation, inputs));
    const {program, place} = this.programs[op], [a, b] = inputs;
    gl.useProgram(program);
    const textures = {a: a.texture, b: b && b.texture, ...this.weights[index]};
    Object.entries(textures).filter(([, texture]) => texture).forEach(([name, texture], unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.uniform1i(place(name), unit);
    });
    const [name, slope = 0] = [activation].flat();
    gl.uniform4iv(place("size"), result.size);
    gl.uniform4iv(place("sizeA"), a.size);
    if (b) gl.uniform4iv(place("sizeB"), b.size);
    gl.uniform1i(place("kernel"), op === "depth_to_space" ? shape[2] : operation.size || 0);
    gl.uniform1i(place("stride"), operation.stride || 1);
    gl.uniform1i(place("pad"), op === "conv_transpose" ? padding(operation) : 0);
    gl.uniform1i(place("factor"), operation.factor || 1);
    gl.uniform1i(place("activation"), [undefined, "relu", "tanh", "leaky_relu"].indexOf(name));
    gl.uniform1f(place("slope"), slope);
    this.target(result);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    return result;
  }

  target({texture, size: [height, width, slices, columns]}) {
    const gl = this.gl;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.buffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    gl.viewport(0, 0, columns * width, Math.ceil(slices / columns) * height);
  }

  // From a map of Plain's to a texture.
  upload({height, width, channels, data}) {
    const map = this.map([height, width, channels]), texels = this.tiles(map);
    texels.each((texel, component, i) => texels.data[4 * texel + component] = data[i]);
    this.gl.deleteTexture(map.texture);
    map.texture = this.texture(texels.width, texels.height, texels.data);
    return map;
  }

  // The way back.
  download(map) {
    const [height, width] = map.size, texels = this.tiles(map);
    const result = mapOf([height, width, map.channels]);
    this.target(map);
    this.gl.readPixels(0, 0, texels.width, texels.height, this.gl.RGBA, this.gl.FLOAT, texels.data);
    texels.each((texel, component, i) => result.data[i] = texels.data[4 * texel + component]);
    return result;
  }

  // The texels of a map; each(visit) calls visit(texel, component, place in a map of Plain's).
  tiles({size: [height, width, slices, columns], channels}) {
    const across = columns * width, down = Math.ceil(slices / columns) * height;
    const each = (visit) => {
      for (let row = 0, i = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          for (let channel = 0; channel < channels; channel++, i++) {
            const slice = channel >> 2;
            const texel = ((Math.floor(slice / columns) * height + row) * across
                           + slice % columns * width + column);
            visit(texel, channel & 3, i);
          }
        }
      }
    };
    return {width: across, height: down, data: new Float32Array(4 * across * down), each};
  }
}
