// What the page does. `current` is the large face; a face gets `pixels` when it is first drawn.
"use strict";

const FRAMES = 16;  // from one picked face to the next
const RATE = 25;    // of them a second
const MOST_PICKED = 8;
const FIGURES = ["frechet", "precision", "recall", "both"];  // of the model, at the bottom

const find = (id) => document.getElementById(id);
let current = null, wanted = null, shown = [], labels = null, picked = [], past = [], film = null, task = 0, speed = 0, kind = "", why = "";

// ----- the network, in its worker

const network = (() => {
  const source = new Blob([find("worker").textContent], {type: "text/javascript"});
  const worker = new Worker(URL.createObjectURL(source)), waiting = new Map();
  let last = 0;
  worker.onmessage = ({data}) => {
    const {resolve, reject} = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error) reject(new Error(data.error));
    else resolve(data);
  };
  worker.onerror = (event) => say(text("failed") + event.message);
  return (message) => new Promise((resolve, reject) => {
    waiting.set(++last, {resolve, reject});
    worker.postMessage({id: last, ...message});
  });
})();

async function draw(face) {
  if (face.pixels) return face;
  const {pixels, milliseconds} = await network(
    face.mix ? {mix: {shape: latents(face.mix.shape), colours: latents(face.mix.colours)}} : {draw: latents(face)});
  face.pixels = pixels;
  speed = milliseconds;
  return face;
}

function latents({z, code}) {
  return {z, code};
}

// Draws faces one after another and calls show(face, i) for each. A later task ends an earlier one; returns whether this
// one came to its end.
async function drawAll(faces, show) {
  const mine = ++task;
  say(text("drawing"));
  find("progress").max = faces.length;
  const busy = setTimeout(() => find("status").classList.add("busy"), 200);
  try {
    for (const [i, face] of faces.entries()) {
      await draw(face);
      if (mine !== task) return false;
      show(face, i);
      find("progress").value = i + 1;
    }
    say("");
    return true;
  } catch (error) {
    say(text("failed") + error.message);
    return false;
  } finally {
    clearTimeout(busy);
    if (mine === task) find("status").classList.remove("busy");
  }
}

function say(message) {
  delete find("message").dataset.text;
  find("message").textContent = message;
}

// ----- the large face

function describe(face) {
  const tags = AXES.length ? tagsOf(face) : [];
  const words = AXES.map(([axis, values], i) => `${text(axis)}: ${text(tags[i] === UNKNOWN ? "any" : values[tags[i]])}`);
  return [...(face.seed === null ? [] : [`${text("seed")}: ${face.seed}`]), ...words].join(", ");
}

// Makes a face the large one, once it is drawn. keep: as a step that undo goes back on, and in the history.
async function choose(face, keep = true) {
  wanted = face;
  await draw(face);
  if (wanted !== face) return;
  if (keep && current && current !== face) past.push(current);
  current = face;
  find("face").width = find("face").height = MODEL.size;
  find("face").getContext("2d").drawImage(canvasOf(face), 0, 0);
  if (keep) remember();
  showState();
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
  for (const id of ["pick", "share", "favourite", "vary", "matrix", "perturb"]) find(id).disabled = mixed;
  find("favourite").setAttribute("aria-pressed", String(!mixed && Store.has("favourites", current)));
  for (const button of find("grid").querySelectorAll("button")) {
    button.classList.toggle("chosen", shown[button.dataset.index] === current);
  }
  AXES.forEach(([, values], axis) => values.forEach((_, i) => {
    find(`slider-${axis}-${i}`).value = current.code[OFFSETS[axis] + i];
  }));
  showAbout();
}

// Sliders move faster than faces are drawn: only the last one wanted is drawn. Returns a promise of that.
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

// ----- the grid

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
  const buttons = faces.map(faceButton), rows = names ? names.columns.length : 1;
  grid.replaceChildren(...(names ? ["", ...names.columns].map(word) : []),
                       ...buttons.flatMap((button, i) => (names && i % rows === 0 ? [word(names.rows[i / rows]), button] : [button])));
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
  const kept = AXES.map((_, axis) => find(`keep-${axis}`).checked), same = find("keep-noise").checked;
  if (current && same && kept.every(Boolean)) return say(text("lock_all"));
  const old = current && AXES.length ? tagsOf(current) : [];
  const tags = AXES.map((_, axis) => (current && kept[axis] ? old[axis] : Number(find(`colour-${axis}`).value)));
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
  find("seed").value = crypto.getRandomValues(new Uint32Array(1))[0] % 1000000;
  return drawFaces();
}

function matrix() {
  const [[, rows], [, columns]] = AXES;
  const faces = rows.flatMap((_, i) => columns.map((_, j) => withTags(current, AXES.map((_, axis) => [i, j][axis] ?? UNKNOWN))));
  return showFaces(faces, {rows: rows.map(text), columns: columns.map(text)});
}

// ----- picked faces: morph and mix

function showPicked() {
  find("picked").replaceChildren(...picked.map((face, i) => {
    const button = faceButton(face, i);
    button.append(canvasOf(face));
    return button;
  }));
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
  const mine = film;
  return drawAll(faces, () => mine.ready++);
}

function nextFrame() {
  if (!film || !film.ready) return;
  showFrame((film.at + 1) % film.ready);
}

function showFrame(i) {
  film.at = i;
  find("position").value = i;
  find("screen").width = find("screen").height = MODEL.size;
  find("screen").getContext("2d").drawImage(canvasOf(film.faces[i]), 0, 0);
}

function stopFilm() {
  clearInterval(film.timer);
  film.playing = false;
  find("morph").textContent = text("morph_do");
}

function saveAnimation() {
  const size = MODEL.size * Math.max(1, Math.round(256 / MODEL.size));
  const frames = film.faces.slice(0, film.ready).map((face) => {
    const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
    canvas.width = canvas.height = size;
    pen.imageSmoothingQuality = "high";
    pen.drawImage(canvasOf(face), 0, 0, size, size);
    return pen.getImageData(0, 0, size, size);
  });
  download(gif(frames, 100 / RATE), fileName("morph", "gif"));
}

function saveStrip() {
  const faces = film.faces.slice(0, film.ready).filter((_, i) => i % (FRAMES / 4) === 0);
  return savePNG(sheet(faces, faces.length), fileName("morph"), faces);
}

async function mixPicked() {
  if (!enoughPicked()) return;
  const faces = picked.flatMap((shape) => picked.map((colours) => ({...colours, seed: null, pixels: null, mix: {shape, colours}})));
  const name = (_, i) => String(i + 1);
  if (await showFaces(faces, {rows: picked.map(name), columns: picked.map(name)})) say(text("mix_help"));
}

// ----- fades

function fadeTo(face) {
  const code = face.code.slice();
  AXES.forEach(([, values], axis) => {
    const t = Number(find(`fade-${axis}`).value), ends = ["from", "to"].map((end) => Number(find(`fade-${end}-${axis}`).value));
    if (ends.includes(UNKNOWN)) return;
    code.fill(0, OFFSETS[axis], OFFSETS[axis] + values.length);
    code[OFFSETS[axis] + ends[0]] += 1 - t;
    code[OFFSETS[axis] + ends[1]] += t;
  });
  return {z: face.z, code, seed: face.seed};
}

async function saveFade() {
  const inputs = AXES.map((_, axis) => find(`fade-${axis}`)), values = inputs.map((input) => input.value), face = current;
  const faces = Array.from({length: 7}, (_, i) => {
    for (const input of inputs) input.value = i / 6;
    return fadeTo(face);
  });
  inputs.forEach((input, axis) => input.value = values[axis]);
  if (await drawAll(faces, () => {})) await savePNG(sheet(faces, 7), fileName("fade"), faces);
}

// ----- files, history

function fileName(what, ending = "png") {
  return `${MODEL.run}_${what}.${ending}`;
}

function saveFace() {
  const size = Number(find("size").value), canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(canvasOf(current), 0, 0, size, size);
  return savePNG(canvas, fileName(current.seed === null ? "face" : `seed${current.seed}`), [current]);
}

function saveSheet() {
  return savePNG(sheet(shown, labels ? labels.columns.length : Math.ceil(Math.sqrt(shown.length)), MODEL.size, labels),
                 fileName("faces"), shown);
}

function showList(name) {
  find(name).replaceChildren(...Store.lists[name].map(({link, picture}) => {
    const button = document.createElement("button"), image = document.createElement("img");
    image.src = picture;
    image.alt = describe(fromLink(link));
    button.append(image);
    button.addEventListener("click", () => choose(fromLink(link)));
    return button;
  }));
}

function toggleFavourite() {
  if (Store.has("favourites", current)) Store.remove("favourites", current);
  else Store.add("favourites", current);
  showList("favourites");
  showState();
}

function pick() {
  picked = [...picked.filter((face) => face !== current), current].slice(-MOST_PICKED);
  showPicked();
}

async function importFile(file) {
  try {
    const found = JSON.parse(await file.text());
    if (found.weights !== MODEL.weights) return say(text("other_model"));
    Store.take(found);
    Store.save();
  } catch {
    return say(text("bad_file"));
  }
  ["history", "favourites"].forEach(showList);
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

// ----- the page

function options(values, any) {
  const option = (value, key) => {
    const element = document.createElement("option");
    element.value = value;
    element.dataset.text = key;
    return element;
  };
  return [...(any ? [option(UNKNOWN, "any")] : []), ...values.map((value, i) => option(i, value))];
}

// A label with a text of the table in front of an element.
function labelled(key, element, name = "") {
  const label = document.createElement("label"), span = document.createElement("span");
  span.dataset.text = key;
  label.append(span, " ", element);
  label.className = name;
  return label;
}

function labelledBox(key, id) {
  const label = labelled(key, make("input", id, {type: "checkbox"}));
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
    const list = (id, any) => {
      const select = make("select", id);
      select.append(...options(values, any));
      return select;
    };
    find("colours").append(labelled(axis, list(`colour-${i}`, true)));
    find(`colour-${i}`).addEventListener("change", drawFaces);
    find("keeps").append(labelledBox(axis, `keep-${i}`));
    const range = make("input", `fade-${i}`, {type: "range", min: 0, max: 1, step: 0.02, value: 0});
    const row = make("div", "", {className: "row"});
    row.append(word(""), labelled("from", list(`fade-from-${i}`, true)), labelled("to", list(`fade-to-${i}`, true)), range);
    row.firstChild.dataset.text = axis;
    range.dataset.label = axis;
    find("fades").append(row);
    slider(range, fadeTo);
    values.forEach((value, j) => {
      const input = make("input", `slider-${i}-${j}`, {type: "range", min: -1, max: 2, step: 0.05});
      const name = labelled(value, input, "slider");
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
  const figures = FIGURES.filter((name) => name in (MODEL.figures || {})).map(
    (name) => `${text(name)} ${Number(MODEL.figures[name].toPrecision(3))}`);
  find("about").textContent = [
    `${text("model")}: ${MODEL.run} (${MODEL.model}), ${MODEL.kimg} ${text("trained_on")} ${MODEL.data} (${MODEL.faces}).`,
    ...(figures.length ? [`${text("measured")}: ${figures.join(", ")}.`] : []),
    `${text("engine")}: ${kind === "webgl" ? "WebGL2" : "JavaScript"}${why && ` (${why})`}, ${speed.toFixed(0)} ${text("ms")}.`,
  ].join(" ");
}

function setLanguage() {
  language = find("language").value;
  translate();
  if (current) showState();
  if (film && film.playing) find("morph").textContent = text("morph_stop");
}

const ACTIONS = {
  new: newFaces, vary: () => showFaces(variations(current, facesWanted(), Number(find("strength").value), seedShown())),
  matrix, sheet: saveSheet, save: saveFace, favourite: toggleFavourite, pick, share, undo, morph, mix: mixPicked,
  clear: () => { picked = []; showPicked(); }, animation: saveAnimation, strip: saveStrip, "fade-strip": saveFade,
  perturb: () => choose({...variations(current, 2, Number(find("perturbation").value), Math.floor(Math.random() * 2 ** 32))[1]}),
  export: () => download(new Blob([Store.asJSON()], {type: "application/json"}), fileName("faces", "json")),
};
const KEYS = {n: "new", s: "save", f: "favourite", p: "pick", u: "undo"};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || /INPUT|SELECT/.test(event.target.tagName)) return;
  const id = KEYS[event.key.toLowerCase()], step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
  if (id && !find(id).disabled) find(id).click();
  const next = shown[shown.indexOf(current) + step];
  if (step && next) choose(next);
}

async function begin() {
  buildAxes();
  for (const factor of [1, 2, 4, 8]) find("size").append(new Option(factor * MODEL.size));
  find("language").value = language;
  translate();
  for (const [id, action] of Object.entries(ACTIONS)) find(id).addEventListener("click", action);
  find("language").addEventListener("change", setLanguage);
  for (const id of ["seed", "number"]) find(id).addEventListener("change", drawFaces);
  find("import").addEventListener("change", ({target}) => importFile(target.files[0]));
  find("position").addEventListener("input", ({target}) => { if (film.playing) stopFilm(); showFrame(Math.min(target.value, film.ready - 1)); });
  slider(find("length"), (face) => ({z: face.z.map((x) => x * find("length").value), code: face.code, seed: null}));
  document.addEventListener("keydown", onKey);
  window.addEventListener("unhandledrejection", ({reason}) => say(text("failed") + reason.message));
  window.addEventListener("hashchange", () => openLink(location.hash.slice(1)));

  const asked = new URLSearchParams(location.search).get("engine");  // plain or webgl, for tests
  await network({start: {operations: JSON.parse(find("operations").textContent), weights: find("weights").textContent,
                         mix: MODEL.mix, engine: kind = asked || "plain"}});
  find("weights").textContent = "";
  Store.load();
  ["history", "favourites"].forEach(showList);
  const linked = location.hash.slice(1) ? await openLink(location.hash.slice(1)) : false;
  if (!linked) await drawFaces();
  if (!Store.works) say(text("not_stored"));
  if (!asked) ({kind, why} = await network({compare: true}));
  showAbout();
  document.body.dataset.ready = kind;
}

// Shows the face of a share link, and what is around it. Returns whether there is one.
async function openLink(link) {
  try {
    const face = fromLink(link);
    await choose(face);
    if (face.seed !== null) find("seed").value = face.seed;
    if (!shown.length) showFaces(variations(face, facesWanted(), Number(find("strength").value), 0));
    return true;
  } catch {
    say(text("bad_link"));
    return false;
  }
}

begin().catch((error) => say(text("failed") + error.message));
