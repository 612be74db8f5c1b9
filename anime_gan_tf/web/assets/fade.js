// Fades of the large face: from its own colors to others.
"use strict";

// The face some way from its own colors to those that are chosen. It remembers its own.
function faded(face, shares) {
  const own = face.fade?.code ?? face.code, targets = AXES.map((_, axis) => fadeTarget(axis));
  const code = blended(own, encode(targets.map((target) => target ?? UNKNOWN)),
                       shares.map((share, axis) => (targets[axis] === null ? 0 : share)));
  return {z: face.z, code, seed: face.seed, moves: face.moves, fade: {code: own, shares}};
}

function fadeTarget(axis) {
  const chosen = document.querySelector(`[name=fade-to-${axis}]:checked`);
  return chosen && Number(chosen.value);
}

function fadeShares() {
  return AXES.map((_, axis) => Number(find(`fade-${axis}`).value));
}

function buildFades() {
  AXES.forEach(([axis], i) => {
    const values = {axis: labelKey(axis)};
    const range = sliderRow(words("fade_share", {values}), `fade-${i}`,
                            {low: 0, high: 1, step: 0.02});
    const change = (face) => faded(face, fadeShares());
    find("fades").append(
      swatches(`fade-to-${i}`, i, words("fade_to", {values}), [], async () => {
        showFades();
        if (fadeShares()[i] > 0) await choose(change(wanted), {morph: false});
      }), range);
    slider(find(`fade-${i}`), change);
  });
}

function showFades() {
  AXES.forEach((_, i) => {
    const input = find(`fade-${i}`);
    input.disabled = fadeTarget(i) === null;
    if (input !== held) input.value = current.fade?.shares[i] ?? 0;
    showFilled(input);
  });
}

async function saveFade() {
  const targets = AXES.map((_, axis) => fadeTarget(axis));
  if (targets.every((target) => target === null)) return say("need_target");
  const faces = Array.from({length: 7}, (_, i) => faded(current, AXES.map(() => i / 6)));
  return await drawAll(faces, () => {}) && savePNG(sheet(faces, 7), fileName("fade"), faces);
}
