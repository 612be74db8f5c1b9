// The large face: chosen, undone, described.
"use strict";

const SLOW = 300;  // milliseconds of a drawing after which the page says that it draws
const firstFace = faceOf(0, AXES.map(() => UNKNOWN));  // whose picture is in the file
let current = firstFace;  // the large face
let wanted = firstFace;   // what it will be when that is drawn
const past = [];          // what it was

function describe(face) {
  const tags = AXES.length ? tagsOf(face) : [];
  const item = (name, value) => text("described", {name: text(name), value});
  const values = AXES.map((_, i) => valueOf(i, tags[i]));
  const keys = values.map((value) => (value === undefined ? "any" : labelKey(value)));
  return [...AXES.map(([axis], i) => item(labelKey(axis), text(keys[i]))),
          ...(face.seed === null ? [] : [item("seed", face.seed)])].join(text("listed"));
}

// Makes a face the large one, once it is drawn. keep: as a step that undo goes back on, and in the
// history; morph: whether the one before turns into it.
async function choose(face, {keep = true, morph = true} = {}) {
  wanted = face;
  closeFilm();
  const slow = setTimeout(() => say("drawing", {}, true), SLOW);
  await draw(face).finally(() => clearTimeout(slow));
  if (wanted !== face) return;
  if (told?.key === "drawing" && !isBusy()) hush();
  const before = current;
  if (keep && before !== face) past.push(before);
  current = face;
  if (keep) remember();
  showState();
  if (morph) await morphTo(before, face);
  if (wanted !== face) return;
  reveal(face, morph ? undefined : 0);
  enlargeCurrent();
}

function remember() {
  if (current.mix) return;  // has no latents of its own
  Store.add("history", current);
  showList("history");
  history.replaceState(null, "", `#${toLink(current)}`);
}

// Says what the large picture shows: the large face, or the film over it.
function showDescription() {
  find("description").textContent = find("screen").hidden ? describe(current) : text("morph");
}

// Shows what the controls of the large face are at.
function showState() {
  showDescription();
  find("face").setAttribute("aria-label", describe(current));
  find("undo").disabled = past.length === 0;
  const mixed = Boolean(current.mix);
  for (const id of ["pick", "share", "favorite", "vary", "matrix", "perturb", "reset"]) {
    find(id).disabled = mixed;
  }
  const favorite = !mixed && Store.has("favorites", current);
  find("favorite").setAttribute("aria-pressed", String(favorite));
  for (const button of find("grid").querySelectorAll("button")) {
    const chosen = shown[button.dataset.index] === current;
    button.classList.toggle("chosen", chosen);
    button.setAttribute("aria-current", String(chosen));
  }
  showSwatches();
  showSliders();
  showAbout();
}

function toggleFavorite() {
  const there = Store.has("favorites", current);
  if (there) Store.remove("favorites", current);
  else Store.add("favorites", current);
  showList("favorites");
  showState();
  say(there ? "unfavored" : "favored");
}

function undo() {
  if (past.length) choose(past.pop(), {keep: false});
}

// ----- one big button

let upcoming = null;  // {face, kept} drawn before anybody asks for it

// What of the wanted face new ones keep: {z, moves, seed} or null, and tags.
function kept() {
  const same = find("keep-noise").checked ? wanted : null;
  const tags = AXES.length ? tagsOf(wanted) : [];
  return {same, tags: tags.map((tag, axis) => (find(`keep-${axis}`).checked ? tag : UNKNOWN))};
}

// The face of a seed with what is kept.
function freshFace(seed, {same, tags}) {
  const face = faceOf(seed, tags);
  return same ? {...face, z: same.z, seed: same.seed, moves: same.moves} : face;
}

function isEverythingKept({same, tags}) {
  return Boolean(same) && !tags.includes(UNKNOWN);
}

async function newFace() {
  const now = kept();
  if (isEverythingKept(now)) return say("lock_all");
  const fits = upcoming?.kept === JSON.stringify(now.tags) && !now.same;
  const face = fits ? upcoming.face : freshFace(randomSeed(), now);
  upcoming = null;
  hush();
  await choose(face);
  return prepareNext();
}

// Draws the next face while there is nothing else to do.
async function prepareNext() {
  const now = kept();
  if (now.same || upcoming || isBusy()) return;
  upcoming = {face: faceOf(randomSeed(), now.tags), kept: JSON.stringify(now.tags)};
  await draw(upcoming.face);
}

function randomSeed() {  // short enough to be told to a friend
  return crypto.getRandomValues(new Uint32Array(1))[0] % 1000000;
}
