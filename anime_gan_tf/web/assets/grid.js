// The grid: faces by seed, around one, or in every color.
"use strict";

let shown = [];     // its faces
let labels = null;  // {rows, columns} of texts, of a table

function faceButton(face, i) {
  const button = make("button");
  button.dataset.index = i;
  button.setAttribute("aria-label", describe(face));
  button.addEventListener("click", () => choose(face));
  return button;
}

// title: {key, values} of a text; names: {rows, columns} of texts, of a table.
async function showFaces(faces, title, names = null) {
  shown = faces.map((face) => (isSame(face, wanted) ? wanted : face));
  labels = names;
  const heading = find("grid-title"), grid = find("grid");
  Object.assign(heading.dataset, {text: title.key, values: JSON.stringify(title.values ?? {})});
  grid.classList.toggle("table", Boolean(names));
  grid.style.setProperty("--columns", names ? names.columns.length : 0);
  const buttons = shown.map(faceButton);
  const cells = names
    ? ["", ...names.columns].map((name) => words(name, {className: "column"})) : [];
  buttons.forEach((button, i) => {
    const first = names && i % names.columns.length === 0;  // of a row
    if (first) cells.push(words(names.rows[i / names.columns.length]));
    cells.push(button);
  });
  grid.replaceChildren(...cells);
  translate(heading.parentNode);
  showState();
  return drawAll(shown, (face, i) => buttons[i].replaceChildren(canvasOf(face)));
}

function isSame(face, other) {
  return !face.mix && !other.mix && toLink(face) === toLink(other);
}

// What is typed in a field of numbers, made a whole number in its range; the field shows it.
function numberIn(id) {
  const input = find(id), {min, max, defaultValue} = input;
  const typed = input.value === "" ? Number(defaultValue) : Number(input.value);
  input.value = Math.min(max, Math.max(min, Math.floor(typed)));
  return Number(input.value);
}

// Faces of the seeds from that of the field on, with what is kept of the large one.
function drawFaces() {
  const now = kept(), first = numberIn("seed"), count = numberIn("number");
  if (isEverythingKept(now)) {
    say("lock_all");
    return false;
  }
  const faces = Array.from({length: count}, (_, i) => freshFace((first + i) % 2 ** 32, now));
  return showFaces(faces, {key: "grid_seed", values: {n: first}});
}

function drawSeveral() {
  find("seed").value = randomSeed();
  return drawFaces();
}

async function drawSeed() {
  const drawn = drawFaces();
  if (await drawn) await choose(shown[0]);
}

function vary() {
  const strength = Number(find("strength").value);
  const faces = variations(current, numberIn("number"), strength, numberIn("seed"));
  return showFaces(faces, {key: "grid_vary"});
}

function matrix() {
  const [rows, columns] = AXES.length > 1 ? [AXES[0][1], AXES[1][1]] : [[""], AXES[0][1]];
  const tags = (i, j) => AXES.map((_, axis) => (AXES.length > 1 ? [i, j] : [j])[axis] ?? UNKNOWN);
  const faces = rows.flatMap((_, i) => columns.map((_, j) => withTags(current, tags(i, j))));
  return showFaces(faces, {key: "grid_matrix"},
                   {rows: rows.map(labelKey), columns: columns.map(labelKey)});
}

function saveSheet() {
  const columns = labels ? labels.columns.length : Math.ceil(Math.sqrt(shown.length));
  const translated = labels && {rows: labels.rows.map((name) => text(name)),
                                columns: labels.columns.map((name) => text(name))};
  return savePNG(sheet(shown, columns, MODEL.size, translated), fileName("faces"), shown);
}

// The face beside the large one in the grid.
function chooseBeside(step) {
  const next = shown[shown.indexOf(wanted) + step];
  if (next) choose(next);
}
