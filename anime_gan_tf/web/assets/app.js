// The page's controls, and how it begins.
"use strict";

const FIGURES = ["frechet", "precision", "recall", "both"];  // of the model, at the bottom

const ENGINES = {plain: "JavaScript", webgl: "WebGL2"};

let kind = "", why = "";  // of the engine that draws

function fadeTo(face) {
  const code = face.code.slice();
  AXES.forEach(([, values], axis) => {
    const t = Number(find(`fade-${axis}`).value);
    const ends = ["from", "to"].map((end) => Number(find(`fade-${end}-${axis}`).value));
    if (ends.includes(UNKNOWN)) return;
    code.fill(0, OFFSETS[axis], OFFSETS[axis] + values.length);
    code[OFFSETS[axis] + ends[0]] += 1 - t;
    code[OFFSETS[axis] + ends[1]] += t;
  });
  return {z: face.z, code, seed: face.seed};
}

async function saveFade() {
  const inputs = AXES.map((_, axis) => find(`fade-${axis}`));
  const values = inputs.map((input) => input.value);
  const face = current;
  const faces = Array.from({length: 7}, (_, i) => {
    for (const input of inputs) input.value = i / 6;
    return fadeTo(face);
  });
  inputs.forEach((input, axis) => input.value = values[axis]);
  if (await drawAll(faces, () => {})) await savePNG(sheet(faces, 7), fileName("fade"), faces);
}

function options(values) {
  const option = (value, key) => {
    const element = document.createElement("option");
    element.value = value;
    element.dataset.text = key;
    return element;
  };
  return [option(UNKNOWN, "any"), ...values.map((value, i) => option(i, value))];
}

// A label with a text of the table in front of an element.
function labeled(key, element, name = "") {
  const label = document.createElement("label"), span = document.createElement("span");
  span.dataset.text = key;
  label.append(span, " ", element);
  label.className = name;
  return label;
}

function labeledBox(key, id) {
  const label = labeled(key, make("input", id, {type: "checkbox"}));
  label.prepend(label.lastChild, " ");
  return label;
}

function make(tag, id, properties = {}) {
  return Object.assign(document.createElement(tag), {id}, properties);
}

// What the axes of this model need: lists, boxes and sliders for each.
function buildAxes() {
  document.body.classList.toggle("plain", AXES.length === 0);
  AXES.forEach(([axis, values], i) => {
    const list = (id) => {
      const select = make("select", id);
      select.append(...options(values));
      return select;
    };
    find("colors").append(labeled(axis, list(`color-${i}`)));
    find(`color-${i}`).addEventListener("change", drawFaces);
    find("keeps").append(labeledBox(axis, `keep-${i}`));
    const range = make("input", `fade-${i}`, {type: "range", min: 0, max: 1, step: 0.02, value: 0});
    const row = make("div", "", {className: "row"});
    const ends = ["from", "to"].map((end) => labeled(end, list(`fade-${end}-${i}`)));
    row.append(word(""), ...ends, range);
    row.firstChild.dataset.text = axis;
    range.dataset.label = axis;
    find("fades").append(row);
    slider(range, fadeTo);
    values.forEach((value, j) => {
      const input = make("input", `slider-${i}-${j}`, {type: "range", min: -1, max: 2, step: 0.05});
      const name = labeled(value, input, "slider");
      if (j === 0) find("sliders").append(Object.assign(word(""), {className: "axis"}));
      if (j === 0) find("sliders").lastChild.dataset.text = axis;
      find("sliders").append(name);
      slider(input, (face) => {
        const code = face.code.slice();
        code[OFFSETS[i] + j] = Number(input.value);
        return {z: face.z, code, seed: face.seed};
      });
    });
  });
}

function showAbout() {
  find("about").textContent = [
    ...aboutModel(), ...aboutFigures(),
    `${text("engine")}: ${ENGINES[kind]}${why && ` (${why})`},`,
    `${speed.toFixed(0)} ${text("ms")}.`,
    ...(enlargingTime ? [`${MODEL.enlarged} px: ${ENGINES[enlargedBy]},`,
                         `${enlargingTime.toFixed(0)} ${text("ms")}.`] : []),
  ].join(" ");
}

// Sentences of what is known.
function aboutModel() {
  const {names, kimg, faces} = MODEL;
  const count = Number.isFinite(faces) ? ` (${faces})` : "";
  const seen = Number.isFinite(kimg) ? `, ${kimg} ${text("trained_on")} ${names.data}${count}` : "";
  return [`${text("model")}: ${names.run} (${names.model})${seen}.`];
}

function aboutFigures() {
  const known = FIGURES.filter((name) => Number.isFinite(MODEL.figures?.[name]));
  const words = known.map(
    (name) => `${text(name)} ${Number(MODEL.figures[name].toPrecision(3))}`);
  return words.length ? [`${text("measured")}: ${words.join(", ")}.`] : [];
}

function setLanguage() {
  language = find("language").value;
  translate();
  for (const button of find("grid").querySelectorAll("button")) {
    button.setAttribute("aria-label", describe(shown[button.dataset.index]));
  }
  if (current) showState();
  if (film && film.playing) find("morph").textContent = text("morph_stop");
  showTrouble();
}

const ACTIONS = {
  new: newFaces,
  vary: () => showFaces(
    variations(current, facesWanted(), Number(find("strength").value), seedShown())),
  matrix, sheet: saveSheet, save: saveFace, favorite: toggleFavorite, pick, share, undo, morph,
  mix: mixPicked, clear: () => { picked = []; showPicked(); },
  animation: saveAnimation, strip: saveStrip, "fade-strip": saveFade,
  perturb: () => choose(
    variations(current, 2, Number(find("perturbation").value), randomSeed())[1]),
  export: () => download(new Blob([Store.asJSON()], {type: "application/json"}),
                         fileName("faces", "json")),
};
const KEYS = {n: "new", s: "save", f: "favorite", p: "pick", u: "undo"};

function onKey(event) {
  const typing = /INPUT|SELECT/.test(event.target.tagName);
  if (event.ctrlKey || event.metaKey || event.altKey || typing) return;
  const id = KEYS[event.key.toLowerCase()], step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
  if (id && !find(id).disabled) find(id).click();
  const next = shown[shown.indexOf(current) + step];
  if (step && next) choose(next);
}

function buildSizes() {
  const size = (factor) => new Option(factor * MODEL.size);
  find("size").append(...[1, 2, 4, 8].map(size));
  find("size").value = MODEL.enlarged ?? MODEL.size;
  find("detail").append(...[1, 2, 4].map(size));
  find("details").hidden = !enlarger;
}

async function begin() {
  buildAxes();
  buildSizes();
  find("language").value = language;
  translate();
  for (const [id, action] of Object.entries(ACTIONS)) find(id).addEventListener("click", action);
  find("language").addEventListener("change", setLanguage);
  for (const id of ["seed", "number"]) find(id).addEventListener("change", drawFaces);
  find("import").addEventListener("change", ({target}) => importFile(target.files[0]));
  find("detail").addEventListener("change", () => film && drawFilm());
  find("position").addEventListener("input", ({target}) => seek(Number(target.value)));
  slider(find("length"), (face) => lengthened(face, Number(find("length").value)));
  document.addEventListener("keydown", onKey);
  window.addEventListener("unhandledrejection", ({reason}) => say(text("failed") + reason.message));
  window.addEventListener("hashchange", () => openLink(location.hash.slice(1)));
  window.addEventListener("storage", followStore);

  const asked = new URLSearchParams(location.search).get("engine");  // plain or webgl, for tests
  const operations = JSON.parse(find("operations").textContent);
  await network({start: {operations, weights: find("weights").textContent, mix: MODEL.mix,
                         engine: kind = asked || "plain"}});
  find("weights").textContent = "";
  if (enlarger) startEnlarger(kind);
  Store.load();
  ["history", "favorites"].forEach(showList);
  const link = location.hash.slice(1);
  if (!link || !await openLink(link)) {
    await drawFaces();
    if (link) say(text("bad_link"));  // drawing said something else
  }
  if (!asked) ({kind, why} = await network({compare: true}));
  // Where WebGL2 is slower at the small faces, it is so at the large ones.
  if (!asked && enlarger && kind === "webgl") ({kind: enlargedBy} = await enlarger({compare: true}));
  showAbout();
  document.body.dataset.ready = kind;
}

// Shows the face of a share link, and what is around it. Returns whether there is one.
async function openLink(link) {
  let face;
  try {
    face = fromLink(link);
  } catch {
    say(text("bad_link"));
    return false;
  }
  await choose(face);
  if (face.seed !== null) find("seed").value = face.seed;
  if (!shown.length) {
    showFaces(variations(face, facesWanted(), Number(find("strength").value), 0));
  }
  return true;
}

begin().catch((error) => say(text("failed") + error.message));
