// Picked faces: they turn into one another, or are mixed.
"use strict";

const MOST_PICKED = 8;

let picked = [];

function showPicked() {
  find("picked").replaceChildren(...picked.map((face, i) => removable(
    Object.assign(faceButton(face, i), {innerHTML: ""}), canvasOf(face), "unpick", face,
    () => setPicked(picked.filter((other) => other !== face)))));
  for (const id of ["morph", "mix", "animation", "video", "strip"]) {
    find(id).classList.toggle("waiting", picked.length < 2);
  }
}

function setPicked(faces) {
  picked = faces;
  dropFilm();
  showPicked();
}

function pick() {
  setPicked([...picked.filter((face) => face !== current), current].slice(-MOST_PICKED));
  say("picked", {n: picked.length, most: MOST_PICKED});
}

function isEnoughPicked() {
  if (picked.length < 2) say("need_two");
  return picked.length >= 2;
}

async function mixPicked() {
  if (!isEnoughPicked()) return;
  const faces = picked.flatMap((shape) => picked.map(
    (colors) => ({z: colors.z, code: colors.code, seed: null, mix: {shape, colors}})));
  const numbers = picked.map((_, i) => String(i + 1));
  selectTab("faces", true);
  await showFaces(faces, {key: "grid_mix"}, {rows: numbers, columns: numbers});
}
