// The large face: chosen, changed by sliders, undone, saved, remembered.
"use strict";

let current = null;  // the large face
let wanted = null;   // what it will be when that is drawn
const past = [];     // what it was

function describe(face) {
  const tags = AXES.length ? tagsOf(face) : [];
  const words = AXES.map(([axis, values], i) => `${text(axis)}: ${text(values[tags[i]] ?? "any")}`);
  return [...(face.seed === null ? [] : [`${text("seed")}: ${face.seed}`]), ...words].join(", ");
}

// Makes a face the large one, once it is drawn. keep: as a step that undo goes back on, and in the
// history.
async function choose(face, keep = true) {
  wanted = face;
  await draw(face);
  if (wanted !== face) return;
  if (keep && current && current !== face) past.push(current);
  current = face;
  paint("face", face, Boolean(face.enlarged));
  if (keep) remember();
  showState();
  enlargeCurrent();
}

function remember() {
  if (current.mix) return;  // has no latents of its own
  Store.add("history", current);
  showList("history");
  history.replaceState(null, "", `#${toLink(current)}`);
}

function showState() {
  find("description").textContent = describe(current);
  find("face").setAttribute("aria-label", describe(current));
  find("undo").disabled = past.length === 0;
  const mixed = Boolean(current.mix);
  for (const id of ["pick", "share", "favorite", "vary", "matrix", "perturb"]) {
    find(id).disabled = mixed;
  }
  const favorite = !mixed && Store.has("favorites", current);
  find("favorite").setAttribute("aria-pressed", String(favorite));
  for (const button of find("grid").querySelectorAll("button")) {
    button.classList.toggle("chosen", shown[button.dataset.index] === current);
  }
  AXES.forEach(([, values], axis) => values.forEach((_, i) => {
    find(`slider-${axis}-${i}`).value = current.code[OFFSETS[axis] + i];
  }));
  find("length").value = current.length ?? 1;
  showAbout();
}

// The face with its noise `length` times as long as it was before this slider moved it.
function lengthened(face, length) {
  const unscaled = face.unscaled ?? face.z;
  return {z: unscaled.map((x) => length * x), code: face.code, seed: null, unscaled, length};
}

// Sliders move faster than faces are drawn: only the last one wanted is drawn. Returns a promise of
// that.
const follow = (() => {
  let next = null, running = null;
  const run = async () => {
    while (next) {
      const now = next;
      next = null;
      await choose(now, false);
    }
    running = null;
  };
  return (face) => {
    next = face;
    return running ||= run();
  };
})();

// An input that changes the large face while it moves; undo goes back to where it was.
function slider(input, change) {
  let start = null;
  input.addEventListener("input", () => {
    if (!start) past.push(start = current);
    follow(change(start));
  });
  input.addEventListener("change", async () => {
    const face = change(start || current);
    start = null;
    await follow(face);
    remember();
  });
}

// The name of a file to download. A run's name comes from a file and may be anything.
function fileName(what, ending = "png") {
  const run = MODEL.run.replace(/[^\p{L}\p{M}\p{N}_.-]+/gu, "_").replace(/^[.-]+/, "");
  return `${[...run].slice(0, 50).join("") || "faces"}_${what}.${ending}`;
}

async function saveFace() {
  const face = current, size = Number(find("size").value);
  const enlarged = Boolean(enlarger) && size > MODEL.size;
  if (enlarged) await enlarge(face);
  const name = fileName(face.seed === null ? "face" : `seed${face.seed}`);
  return savePNG(resized(face, size, enlarged), name, [face]);
}

function showList(name) {
  find(name).replaceChildren(...Store.entries(name).map(({face, picture}) => {
    const button = document.createElement("button"), image = document.createElement("img");
    image.src = picture;
    image.alt = describe(face);
    button.append(image);
    button.addEventListener("click", () => choose({...face}));
    return button;
  }));
  showTrouble();
}

function showTrouble() {
  const {trouble, unreadable} = Store;
  find("notice").textContent = [
    ...(trouble ? [text(trouble)] : []),
    ...(unreadable ? [`${text("unreadable")}: ${unreadable}.`] : []),
  ].join(" ");
}

// Another page changed the browser's store at `key`; null: it removed everything.
function followStore({key}) {
  Store.settle();  // there may be room now
  showTrouble();
  for (const name of ["history", "favorites"]) {
    if (key === null || key.startsWith(Store.keyOf(name, ""))) showList(name);
  }
  if (current) showState();
}

function toggleFavorite() {
  if (Store.has("favorites", current)) Store.remove("favorites", current);
  else Store.add("favorites", current);
  showList("favorites");
  showState();
}

async function importFile(file) {
  let lists;
  try {
    const found = JSON.parse(await file.text());
    if (found.weights !== MODEL.weights) return say(text("other_model"));
    lists = checkedLists(found);
  } catch {
    return say(text("bad_file"));
  }
  Store.take(lists);
  ["history", "favorites"].forEach(showList);
  return showState();
}

async function share() {
  const link = `${location.href.split("#")[0]}#${toLink(current)}`;
  history.replaceState(null, "", link);
  try {
    await navigator.clipboard.writeText(link);
    say(text("copied"));
  } catch {  // no clipboard for files here and there: the address has it
    say(link);
  }
}

function undo() {
  if (past.length) choose(past.pop(), false);
}
