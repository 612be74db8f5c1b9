// Faces as the program has them: {z, code, seed}. z: noise; code: one-hot values of each axis, one
// axis behind the other; seed: that of the noise, or null where the noise was changed. Tags are
// indices of values; on a scale, an axis of numbers, they may lie between two (labels.py).
"use strict";

const MODEL = JSON.parse(document.getElementById("model").textContent);
const AXES = MODEL.axes;  // [[name, values], ...]
const SCALES = AXES.map(([, values]) => (/^\d/.test(values[0]) ? values.map(Number) : null));
const SIZES = AXES.map(([, values]) => values.length);
const OFFSETS = SIZES.map((_, axis) => SIZES.slice(0, axis).reduce((a, b) => a + b, 0));
const CODE_LENGTH = SIZES.reduce((a, b) => a + b, 0);
const UNKNOWN = -1;
const MOST_PACKED = 10000;  // faces that a picture may hold

function noise(seed) {
  return Float32Array.from(new Random(seed).normals(MODEL.latentDim), (x) => MODEL.latent_std * x);
}

function encode(tags) {
  const code = new Float32Array(CODE_LENGTH);
  tags.forEach((tag, axis) => put(code, axis, tag));
  return code;
}

// Sets an axis of a code, to zeros for UNKNOWN.
function put(code, axis, tag) {
  for (let i = 0; i < SIZES[axis]; i++) {
    code[OFFSETS[axis] + i] = Math.max(0, 1 - Math.abs(tag - i));
  }
}

// The value that a tag means, and the tag of a value; undefined for UNKNOWN, UNKNOWN for no value.
function valueOf(axis, tag) {
  const left = Math.floor(tag), levels = SCALES[axis];
  if (left === tag) return AXES[axis][1][tag];
  const number = levels[left] + (tag - left) * (levels[left + 1] - levels[left]);
  return String(Number(number.toPrecision(6)));
}

function tagOf(axis, value) {
  const index = AXES[axis][1].indexOf(value), levels = SCALES[axis], number = Number(value);
  if (index >= 0 || !levels) return index;
  const left = levels.findIndex((level, i) => level < number && number < levels[i + 1]);
  return left < 0 ? UNKNOWN : left + (number - levels[left]) / (levels[left + 1] - levels[left]);
}

// Tags as the training data have them, of which `wanted` fixes some: labels.sample() of the
// program.
function drawTags(seed, wanted) {
  let weights = MODEL.table;
  const strides = SIZES.map((_, axis) => SIZES.slice(axis + 1).reduce((a, b) => a * b, 1));
  const at = (index, axis) => Math.floor(index / strides[axis]) % SIZES[axis];
  wanted.forEach((tag, axis) => {
    if (tag === UNKNOWN) return;
    const value = Math.floor(tag + 0.5);  // of a scale the nearest level
    let row = weights.map((weight, i) => (at(i, axis) === value ? weight : 0));
    // A value that no face has leaves the other axes to their shares.
    if (!row.some((weight) => weight > 0)) {
      row = new Array(weights.length).fill(0);
      weights.forEach((weight, i) => row[i + (value - at(i, axis)) * strides[axis]] += weight);
    }
    weights = row;
  });
  const index = new Random(seed, 1).choice(weights);
  return wanted.map((tag, axis) => (tag === UNKNOWN ? at(index, axis) : tag));
}

function faceOf(seed, wanted) {
  return {z: noise(seed), code: encode(AXES.length ? drawTags(seed, wanted) : []), seed};
}

// The strongest value of each axis, of a scale the mean level, UNKNOWN where all are zero.
function tagsOf({code}) {
  return SIZES.map((size, axis) => {
    const part = code.subarray(OFFSETS[axis], OFFSETS[axis] + size);
    if (!part.some((x) => x !== 0)) return UNKNOWN;
    if (!SCALES[axis]) return part.indexOf(Math.max(...part));
    const weights = part.map((x) => Math.max(x, 0)), sum = weights.reduce((a, b) => a + b);
    return weights.reduce((mean, weight, i) => mean + weight / (sum || 1) * i, 0);
  });
}

// Whether seed and tags are all there is to a face.
function isPlain(face) {
  const tags = tagsOf(face);
  return (face.seed !== null && !tags.includes(UNKNOWN)
          && encode(tags).every((x, i) => x === face.code[i]));
}

// The same face with other values of the axes that `tags` names. Where sliders moved it, they still
// lead back.
function withTags(face, tags) {
  const code = face.code.slice();
  tags.forEach((tag, axis) => {
    if (tag !== UNKNOWN) put(code, axis, tag);
  });
  return {z: face.z, code, seed: face.seed, moves: face.moves};
}

// A code some way from a to b: a mixture of both, but on a scale the levels between them. shares: of
// each axis.
function blended(a, b, shares) {
  const code = a.slice(), ends = [a, b].map((each) => tagsOf({code: each}));
  SIZES.forEach((size, axis) => {
    const [from, to] = ends.map((tags) => tags[axis]), t = shares[axis];
    for (let i = OFFSETS[axis]; i < OFFSETS[axis] + size; i++) code[i] = (1 - t) * a[i] + t * b[i];
    if (SCALES[axis] && from !== UNKNOWN && to !== UNKNOWN) {
      put(code, axis, (1 - t) * from + t * to);
    }
  });
  return code;
}

// From a to b on a great circle, lengths in proportion (Shoemake 1985).
function slerp(a, b, t) {
  const norm = (x) => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
  const lengths = [norm(a), norm(b)], safe = lengths.map((length) => Math.max(length, 1e-12));
  const cosine = a.reduce((sum, x, i) => sum + x / safe[0] * b[i] / safe[1], 0);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine))), sine = Math.sin(angle);
  const [left, right] = sine < 1e-6 ? [1 - t, t]
    : [Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine];
  const length = (1 - t) * lengths[0] + t * lengths[1];
  return Float32Array.from(a, (x, i) => length * (left * x / safe[0] + right * b[i] / safe[1]));
}

function between(a, b, t) {
  return {z: slerp(a.z, b.z, t), code: blended(a.code, b.code, AXES.map(() => t)), seed: null};
}

// `count` faces whose noise keeps sqrt(1 - strength^2) of this one's, this one first: --vary of the
// program.
function variations(face, count, strength, seed) {
  const random = new Random(seed), kept = Math.sqrt(1 - strength ** 2);
  const others = Array.from({length: count}, () => {
    const fresh = random.normals(MODEL.latentDim);
    const z = Float32Array.from(
      face.z, (x, i) => kept * x + strength * MODEL.latent_std * fresh[i]);
    return {z, code: face.code, seed: null};
  });
  return [{...face}, ...others.slice(1)];
}

// ----- faces as text

function toBase64(array) {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return btoa(String.fromCharCode(...bytes));
}

// length: that it has to have, or undefined.
function fromBase64(text, length) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const array = new Float32Array(bytes.buffer);
  if (array.length !== (length ?? array.length) || !array.every(Number.isFinite)) {
    throw new Error("not a face of this model");
  }
  return array;
}

// What a PNG remembers of faces: the program's --vary and --latent read it.
function metadata(faces) {
  const {version, model, run, kimg, latent_std, hair_by_pixels} = MODEL;
  const made = {version, model, run, kimg, latent_std, hair_by_pixels,
                ...(AXES.length ? {axes: AXES} : {})};
  if (faces.length === 1 && isPlain(faces[0])) {
    const tags = tagsOf(faces[0]), names = AXES.map(([axis], i) => [axis, valueOf(i, tags[i])]);
    return {...made, seed: faces[0].seed, ...Object.fromEntries(names)};
  }
  if (faces.some(({mix}) => mix)) return made;  // no latents draw a mix
  const joined = (arrays) => toBase64(Float32Array.from(arrays.flatMap((array) => [...array])));
  return {...made, num: faces.length, z: joined(faces.map(({z}) => z)),
          ...(AXES.length ? {code: joined(faces.map(({code}) => code))} : {})};
}

// The part of a link behind #.
function toLink(face) {
  const {seed, z, code, num, version, model, run, kimg, latent_std, hair_by_pixels, axes,
         ...tags} = metadata([face]);
  const parts = seed === undefined ? {z, ...(code ? {code} : {})} : {seed, ...tags};
  return new URLSearchParams(parts).toString();
}

// A face of such a text. Raises an Error where there is none.
function fromLink(link) {
  const parts = new URLSearchParams(link);
  if (parts.has("z")) {
    return {z: fromBase64(parts.get("z"), MODEL.latentDim), seed: null,
            code: AXES.length ? fromBase64(parts.get("code"), CODE_LENGTH) : new Float32Array(0)};
  }
  const seed = Number(parts.get("seed"));
  const wanted = AXES.map(([axis], i) => tagOf(i, parts.get(axis) ?? "any"));
  const known = AXES.every(([axis], i) => wanted[i] >= 0 || (parts.get(axis) ?? "any") === "any");
  if (!parts.get("seed") || !Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32 || !known) {
    throw new Error("no face in it");
  }
  return faceOf(seed, wanted);
}

// The faces that readMetadata() found. Raises an Error where they are none of this model's sizes.
function facesOf({seed, num = 1, z, code, latent_std: std = MODEL.latent_std, ...tags}) {
  if (z !== undefined) return unpackedFaces(z, code);
  const wanted = AXES.map(([axis], i) => {
    const tag = tagOf(i, tags[axis]);
    if (tag < 0 && (tags[axis] ?? "any") !== "any") throw new Error("no such tag");
    return tag;
  });
  const whole = [seed, num].every(Number.isInteger);
  if (!whole || seed < 0 || num < 1 || seed + num > 2 ** 32 || !(std > 0) || std === Infinity) {
    throw new Error("no seeds");
  }
  return Array.from({length: Math.min(num, MOST_PACKED)}, (_, i) => {
    const face = faceOf(seed + i, wanted), factor = std / MODEL.latent_std;
    return factor === 1 ? face : {...face, z: face.z.map((x) => factor * x), seed: null};
  });
}

// Faces of joined noise and codes, both as fromBase64() reads them.
function unpackedFaces(z, code) {
  const noises = fromBase64(z), codes = AXES.length ? fromBase64(code) : new Float32Array(0);
  const count = noises.length / MODEL.latentDim;
  if (!Number.isInteger(count) || count < 1 || codes.length !== count * CODE_LENGTH) {
    throw new Error("not faces of this model");
  }
  const part = (array, length, i) => array.slice(i * length, (i + 1) * length);
  return Array.from({length: Math.min(count, MOST_PACKED)}, (_, i) => (
    {z: part(noises, MODEL.latentDim, i), code: part(codes, CODE_LENGTH, i), seed: null}));
}
