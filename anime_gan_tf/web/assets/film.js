// The film of the picked faces, played over the large face.
"use strict";

const FRAMES = 16;  // from one picked face to the next
const RATE = 25;    // of them a second

// {faces, ready: how many are drawn, at: which is shown, drawing, playing, timer}
let film = null;

// The film of what is picked, made where there is none yet; null where too few are picked.
function openFilm() {
  if (!film && isEnoughPicked()) {
    const faces = picked.flatMap((face, i) => Array.from(
      {length: FRAMES}, (_, t) => between(face, picked[(i + 1) % picked.length], t / FRAMES)));
    film = {faces, ready: 0, at: 0, playing: false, timer: 0};
    find("film").hidden = false;
    find("position").max = faces.length - 1;
  }
  return film;
}

async function playOrStop() {
  if (film?.playing) return stopFilm();
  if (!openFilm()) return null;
  film.playing = true;
  film.timer = setInterval(nextFrame, 1000 / RATE);
  showFilmState();
  return drawFilm();
}

function stopFilm() {
  if (!film) return;
  clearInterval(film.timer);
  film.playing = false;
  showFilmState();
}

// Stops it and shows the large face again.
function closeFilm() {
  stopFilm();
  if (find("screen").hidden) return;
  find("screen").hidden = true;
  showDescription();
}

function dropFilm() {
  closeFilm();
  if (film?.drawing) endTask();
  film = null;
  find("film").hidden = true;
}

function showFilmState() {
  find("morph").dataset.text = film?.playing ? "morph_stop" : "morph_do";
  find("morph").textContent = text(find("morph").dataset.text);
}

// Whether the film is to show enlarged faces.
function isDetailed() {
  return Number(find("detail").value) > MODEL.size;
}

// Draws what is missing, then enlarges what is to be enlarged. Returns whether all is there.
async function drawFilm() {
  const mine = film;
  const show = (_, i) => {
    mine.ready = Math.max(mine.ready, i + 1);
    if (mine === film && mine.at === i && (mine.playing || !find("screen").hidden)) showFrame(i);
  };
  mine.drawing = true;
  const drawn = await drawAll(mine.faces, show)
    && (!isDetailed() || await drawAll(mine.faces, show, enlarge, "enlarging"));
  mine.drawing = false;
  return drawn;
}

function nextFrame() {
  if (film?.ready) showFrame((film.at + 1) % film.ready);
}

function showFrame(i) {
  film.at = i;
  find("position").value = i;
  showFilled(find("position"));
  if (find("screen").hidden) {
    find("screen").hidden = false;
    showDescription();
  }
  paint("screen", film.faces[i], isDetailed() && Boolean(film.faces[i].enlarged));
}

function seek(i) {
  if (film.playing) stopFilm();
  if (film.ready) showFrame(Math.min(i, film.ready - 1));
}
