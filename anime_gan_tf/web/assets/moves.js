// Faces moved by sliders. z = length * (noise + the sum of each slider's way): the face remembers
// the noise, so that a slider that goes back leads back.
"use strict";

// [{name, names: {en, zh, ja}, low, high, direction, positions}]: how far along its direction each
// whole step is, the middle one at 0.
const SLIDERS = MODEL.sliders;

// What a face was moved from: {z, seed, steps: {name: number}, length}.
function movesOf(face) {
  return face.moves ?? {z: face.z, seed: face.seed, steps: {}, length: 1};
}

// The face with other steps or another length of noise; what is not given stays.
function moved(face, {steps = {}, length} = {}) {
  const from = movesOf(face);
  const moves = {...from, steps: {...from.steps, ...steps}, length: length ?? from.length};
  const still = moves.length === 1 && Object.values(moves.steps).every((count) => count === 0);
  const z = from.z.slice();
  for (const slider of SLIDERS) {
    const way = wayOf(slider, moves.steps[slider.name] ?? 0);
    if (way) slider.direction.forEach((x, i) => z[i] += way * x);
  }
  return {z: z.map((x) => moves.length * x), code: face.code, seed: still ? from.seed : null,
          moves};
}

// How far along a slider's direction `count` steps are.
function wayOf({positions}, count) {
  const middle = (positions.length - 1) / 2;
  const at = Math.min(Math.max(count + middle, 0), positions.length - 1);
  const left = Math.min(Math.floor(at), positions.length - 2), t = at - left;
  return (1 - t) * positions[left] + t * positions[left + 1];
}
