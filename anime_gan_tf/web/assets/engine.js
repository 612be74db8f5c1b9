// Runs a generator: operations in order, maps by WebGL2 where that is faster, else by WebAssembly,
// or by plain JavaScript where the browser has no vectors of WebAssembly.
// Lives in a worker, so that the page stays responsive.
"use strict";

class Engine {
  // operations: with their weights as Float32Array. kind: "webgl", "wasm" or "plain".
  constructor(operations, kind) {
    this.operations = operations;
    this.kind = kind === "wasm" && !KERNEL ? "plain" : kind;
    this.plain = new (this.kind === "wasm" ? Wasm : Plain)(operations);
    this.webgl = kind === "webgl" ? new WebGL(operations, new OffscreenCanvas(1, 1)) : null;
  }

  // The map that operation `wanted` makes. given: Map of index -> map, what is there already (z and
  // code at least).
  run(given, wanted = this.operations.length - 1) {
    const results = new Map(given), uploaded = new Map();
    const onScreen = (index) => {  // as a texture
      const map = results.get(index);
      if (map.texture) return map;
      if (!uploaded.has(index)) uploaded.set(index, this.webgl.upload(map));
      return uploaded.get(index);
    };
    for (const index of this.needed(given, wanted)) {
      const {op, inputs, shape} = this.operations[index];
      const vector = op === "dense" || shape[0] * shape[1] === 1;
      results.set(index, this.webgl && !vector ? this.webgl.run(index, inputs.map(onScreen))
        : this.plain.run(index, inputs.map((input) => results.get(input))));
    }
    const map = results.get(wanted), result = map.texture ? this.webgl.download(map) : map;
    for (const {texture} of uploaded.values()) this.webgl.gl.deleteTexture(texture);
    return result;
  }

  needed(given, wanted) {
    const found = new Set();
    const visit = (index) => {
      if (given.has(index) || found.has(index)) return;
      this.operations[index].inputs.forEach(visit);
      found.add(index);  // behind its inputs
    };
    visit(wanted);
    return found;
  }

  // Latents {z, code} as what run() is given.
  latents(latents) {
    const given = new Map();
    this.operations.forEach(({op, name, shape}, index) => {
      if (op !== "input") return;
      const map = mapOf(shape);
      map.data.set(latents[name]);
      given.set(index, map);
    });
    return given;
  }

  // A face in [-1, 1].
  draw(latents) {
    return this.run(this.latents(latents));
  }

  // The face that pixelsOf() made, as an enlarger enlarges it: the average of what it and its mirror
  // image become (generation/enlarging.py).
  enlarge(pixels, size) {
    const small = mapOf([size, size, 3]);
    small.data.forEach((_, i) => {
      small.data[i] = pixels[4 * Math.floor(i / 3) + i % 3] / 127.5 - 1;
    });
    const input = this.operations.findIndex(({op}) => op === "input");
    const large = this.run(new Map([[input, small]]));
    const mirrored = mirror(this.run(new Map([[input, mirror(small)]])));
    return {...large, data: large.data.map((value, i) => (value + mirrored.data[i]) / 2)};
  }

  // The colors of one face on the shape of another: at operation `stage` each channel of the shape
  // gets the mean and the deviation that it has for the colors (Huang and Belongie 2017, equation
  // 8).
  mix(shape, colors, stage) {
    const from = this.run(this.latents(shape), stage), to = this.run(this.latents(colors), stage);
    const mixed = {...from, data: new Float32Array(from.data.length)}, {channels} = from;
    const moments = (data, channel) => {
      const count = data.length / channels;
      let sum = 0, squares = 0;
      for (let i = channel; i < data.length; i += channels) sum += data[i];
      for (let i = channel; i < data.length; i += channels) squares += (data[i] - sum / count) ** 2;
      return [sum / count, Math.sqrt(squares / count)];
    };
    for (let channel = 0; channel < channels; channel++) {
      const [mean, deviation] = moments(from.data, channel);
      const [newMean, newDeviation] = moments(to.data, channel);
      const factor = newDeviation / (deviation + 1e-6);
      for (let i = channel; i < mixed.data.length; i += channels) {
        mixed.data[i] = (from.data[i] - mean) * factor + newMean;
      }
    }
    return this.run(this.latents(colors).set(stage, mixed));
  }
}

// A map of three channels, left and right exchanged.
function mirror(map) {
  const {height, width, data} = map, mirrored = new Float32Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = 3 * (y * width + width - 1 - x);
      mirrored.set(data.subarray(from, from + 3), 3 * (y * width + x));
    }
  }
  return {...map, data: mirrored};
}

// [-1, 1] -> 0..255 with an opaque fourth channel.
function pixelsOf({height, width, data}) {
  const pixels = new Uint8ClampedArray(4 * height * width).fill(255);
  for (let i = 0; i < height * width; i++) {
    // A Uint8ClampedArray: clamped and rounded.
    for (let c = 0; c < 3; c++) pixels[4 * i + c] = (data[3 * i + c] + 1) * 127.5;
  }
  return pixels;
}

// ----- the weights

function half(bits) {  // IEEE 754 binary16
  const sign = bits & 0x8000 ? -1 : 1, exponent = bits >> 10 & 31, fraction = bits & 1023;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
}

// The operations with their arrays, which web/page.py packed as {type, at, length}. int8 has a
// scale for each position in the kernel and each output.
function unpacked(operations, text) {
  const binary = atob(text);
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  const halves = Float32Array.from({length: 65536}, (_, bits) => half(bits));
  const array = ({type, at, length, scale, inputs, outputs}) => {
    if (type === "float32") return new Float32Array(bytes.buffer, at, length);
    if (type === "float16") {
      return Float32Array.from(new Uint16Array(bytes.buffer, at, length), (bits) => halves[bits]);
    }
    const factors = array(scale), products = inputs * outputs;
    const scaleOf = (i) => factors[Math.floor(i / products) * outputs + i % outputs];
    return Float32Array.from(new Int8Array(bytes.buffer, at, length), (x, i) => x * scaleOf(i));
  };
  return operations.map((operation) => {
    const {weight, bias, box} = operation;
    if (!weight) return operation;
    const full = {...operation, weight: array(weight), bias: array(bias)};
    return box ? boxFiltered(full) : full;
  });
}

// An operation whose kernel is convolved with a box of ones: nearest upsampling and a convolution
// in one.
function boxFiltered({weight, size, box, ...operation}) {
  const wide = size + box - 1, products = weight.length / size ** 2;
  const filtered = new Float32Array(wide ** 2 * products);
  for (let shift = 0; shift < box ** 2; shift++) {
    for (let position = 0; position < size ** 2; position++) {
      const row = Math.floor(position / size) + Math.floor(shift / box);
      const column = position % size + shift % box;
      const to = (row * wide + column) * products, from = position * products;
      for (let i = 0; i < products; i++) filtered[to + i] += weight[from + i];
    }
  }
  return {...operation, weight: filtered, size: wide};
}

// ----- the worker: messages {id, start | compare | draw | mix | enlarge}, answered by {id, ... |
// error}

let engine = null, stage = 0;

const EXAMPLE = 16;  // pixels of the face that an enlarger is tried on

// engine: "plain", which always works, "wasm", which else becomes "plain", or "webgl".
function start({operations, weights, mix, engine: kind}) {
  stage = mix;
  engine = new Engine(unpacked(operations, weights), kind);
  return {kind: engine.kind};
}

// Takes WebGL2 where it is right and faster: some drivers draw nonsense, and those without a GPU
// are slower than the engine that there is.
function compare() {
  const time = (one) => {
    const begun = performance.now(), pixels = pixelsOf(one.run(example));
    return {pixels, milliseconds: performance.now() - begun};
  };
  const example = new Map();
  engine.operations.forEach(({op, shape}, index) => {
    if (op !== "input") return;
    const map = mapOf(shape.map((length) => length ?? EXAMPLE));
    example.set(index, {...map, data: map.data.map((_, i) => Math.sin(i + 1))});
  });
  try {
    const other = new Engine(engine.operations, "webgl");
    time(other);  // compiles
    const [present, webgl] = [engine, other].map(time);
    const apart = (most, value, i) => Math.max(most, Math.abs(value - webgl.pixels[i]));
    const worst = present.pixels.reduce(apart, 0);
    if (worst > 2) throw new Error(`wrong by ${worst} of 255`);
    if (webgl.milliseconds >= present.milliseconds) {
      throw new Error(`${webgl.milliseconds.toFixed(0)} ms`);
    }
    engine = other;
    return {kind: "webgl", why: ""};
  } catch (error) {
    return {kind: engine.kind, why: `WebGL2: ${error.message}`};
  }
}

function answer({start: model, compare: other, ...face}) {
  if (model) return start(model);
  if (other) return compare();
  const begun = performance.now(), pixels = pixelsOf(drawn(face));
  return {pixels, milliseconds: performance.now() - begun};
}

function drawn({draw, mix, enlarge, size}) {
  if (draw) return engine.draw(draw);
  if (mix) return engine.mix(mix.shape, mix.colors, stage);
  return engine.enlarge(enlarge, size);
}

self.onmessage = ({data}) => {
  try {
    self.postMessage({id: data.id, ...answer(data)});
  } catch (error) {
    self.postMessage({id: data.id, error: String(error.message)});
  }
};
