// Picked faces: they turn into one another, or are mixed.
"use strict";

const FRAMES = 16;  // from one picked face to the next
const RATE = 25;    // of them a second
const MOST_PICKED = 8;

let picked = [];
let film = null;  // {faces, ready: how many are drawn, at: which is shown, playing, timer}

function showPicked() {
  find("picked").replaceChildren(...picked.map((face, i) => {
    const button = faceButton(face, i);
    button.append(canvasOf(face));
    return button;
  }));
}

function pick() {
  picked = [...picked.filter((face) => face !== current), current].slice(-MOST_PICKED);
  showPicked();
}

function enoughPicked() {
  if (picked.length < 2) say(text("need_two"));
  return picked.length >= 2;
}

async function morph() {
  if (film && film.playing) return stopFilm();
  if (!enoughPicked()) return null;
  const faces = picked.flatMap((face, i) => Array.from(
    {length: FRAMES}, (_, t) => between(face, picked[(i + 1) % picked.length], t / FRAMES)));
  film = {faces, ready: 0, at: 0, playing: true, timer: setInterval(nextFrame, 1000 / RATE)};
  find("film").hidden = false;
  find("position").max = faces.length - 1;
  find("morph").textContent = text("morph_stop");
  return drawFilm();
}

// Whether the film is to show enlarged faces.
function detailed() {
  return Number(find("detail").value) > MODEL.size;
}

// Draws what is missing, then enlarges what is to be enlarged. Returns whether all is there.
async function drawFilm() {
  const mine = film;
  const show = (_, i) => {
    mine.ready = Math.max(mine.ready, i + 1);
    if (mine === film && mine.at === i) showFrame(i);
  };
  return await drawAll(mine.faces, show)
    && (!detailed() || drawAll(mine.faces, show, enlarge, "enlarging"));
}

function nextFrame() {
  if (!film || !film.ready) return;
  showFrame((film.at + 1) % film.ready);
}

function showFrame(i) {
  film.at = i;
  find("position").value = i;
  paint("screen", film.faces[i], detailed() && Boolean(film.faces[i].enlarged));
}

function seek(i) {
  if (film.playing) stopFilm();
  showFrame(Math.min(i, film.ready - 1));
}

function stopFilm() {
  clearInterval(film.timer);
  film.playing = false;
  find("morph").textContent = text("morph_do");
}

async function saveAnimation() {
  const enlarged = detailed();
  const size = enlarged ? Number(find("detail").value)
    : MODEL.size * Math.max(1, Math.round(256 / MODEL.size));
  if (enlarged && !await drawFilm()) return;
  const frames = film.faces.slice(0, film.ready).map(
    (face) => resized(face, size, enlarged).getContext("2d").getImageData(0, 0, size, size));
  download(gif(frames, 100 / RATE), fileName("morph", "gif"));
}

function saveStrip() {
  const faces = film.faces.slice(0, film.ready).filter((_, i) => i % (FRAMES / 4) === 0);
  return savePNG(sheet(faces, faces.length), fileName("morph"), faces);
}

async function mixPicked() {
  if (!enoughPicked()) return;
  const faces = picked.flatMap((shape) => picked.map(
    (colors) => ({z: colors.z, code: colors.code, seed: null, mix: {shape, colors}})));
  const name = (_, i) => String(i + 1);
  const numbers = picked.map(name);
  if (await showFaces(faces, {rows: numbers, columns: numbers})) say(text("mix_help"));
}
