// The grid: faces by seed, around one, or in every color.
"use strict";

let shown = [];     // its faces
let labels = null;  // {rows, columns} of words, of a table

function faceButton(face, i) {
  const button = document.createElement("button");
  button.dataset.index = i;
  button.setAttribute("aria-label", describe(face));
  button.addEventListener("click", () => choose(face));
  return button;
}

async function showFaces(faces, names = null) {
  shown = faces;
  labels = names;
  const grid = find("grid");
  grid.classList.toggle("table", Boolean(names));
  grid.style.setProperty("--columns", names ? names.columns.length : 0);
  const buttons = faces.map(faceButton);
  const cells = names ? ["", ...names.columns].map(word) : [];
  buttons.forEach((button, i) => {
    const first = names && i % names.columns.length === 0;  // of a row
    if (first) cells.push(word(names.rows[i / names.columns.length]));
    cells.push(button);
  });
  grid.replaceChildren(...cells);
  return drawAll(faces, (face, i) => buttons[i].replaceChildren(canvasOf(face)));
}

function word(content) {
  const span = document.createElement("span");
  span.textContent = content;
  return span;
}

function seedShown() {
  return Math.min(2 ** 32 - 1, Math.max(0, Math.floor(Number(find("seed").value) || 0)));
}

function facesWanted() {
  return Math.min(20, Math.max(2, Math.floor(Number(find("number").value) || 12)));
}

async function drawFaces() {
  const kept = AXES.map((_, axis) => find(`keep-${axis}`).checked);
  const same = find("keep-noise").checked;
  if (current && same && kept.every(Boolean)) return say(text("lock_all"));
  const old = current && AXES.length ? tagsOf(current) : [];
  const chosen = (axis) => Number(find(`color-${axis}`).value);
  const tags = AXES.map((_, axis) => (current && kept[axis] ? old[axis] : chosen(axis)));
  const first = seedShown();
  const faces = Array.from({length: facesWanted()}, (_, i) => {
    const face = faceOf((first + i) % 2 ** 32, tags);
    return current && same ? {...face, z: current.z, seed: current.seed} : face;
  });
  const drawn = showFaces(faces);
  await choose(faces[0]);
  return drawn;
}

function newFaces() {
  find("seed").value = randomSeed();
  return drawFaces();
}

function randomSeed() {  // short enough to be told to a friend
  return crypto.getRandomValues(new Uint32Array(1))[0] % 1000000;
}

function matrix() {
  const [rows, columns] = AXES.length > 1 ? [AXES[0][1], AXES[1][1]] : [[""], AXES[0][1]];
  const tags = (i, j) => AXES.map((_, axis) => (AXES.length > 1 ? [i, j] : [j])[axis] ?? UNKNOWN);
  const faces = rows.flatMap((_, i) => columns.map((_, j) => withTags(current, tags(i, j))));
  return showFaces(faces, {rows: rows.map(text), columns: columns.map(text)});
}

function saveSheet() {
  const columns = labels ? labels.columns.length : Math.ceil(Math.sqrt(shown.length));
  return savePNG(sheet(shown, columns, MODEL.size, labels), fileName("faces"), shown);
}
