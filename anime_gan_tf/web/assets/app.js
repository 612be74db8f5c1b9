// How the page begins, and what its keys do.
"use strict";

const ACTIONS = {
  new: newFace, several: drawSeveral, vary, matrix, sheet: saveSheet, save: saveFace,
  copy: copyFace, share, favorite: toggleFavorite, pick, undo, morph: playOrStop, mix: mixPicked,
  clear: () => setPicked([]), animation: saveAnimation, video: saveVideo, strip: saveStrip,
  "fade-strip": saveFade, perturb, reset: resetSliders, export: exportAll, forget: forgetHistory,
  cancel, dismiss, theme: changeTheme,
};
const KEYS = {n: "new", s: "save", c: "copy", f: "favorite", p: "pick", u: "undo"};

function onKey(event) {
  const {target, key} = event;
  const typing = /^(SELECT|TEXTAREA)$/.test(target.tagName) || target.type === "number";
  if (event.ctrlKey || event.metaKey || event.altKey || typing || !find("shortcuts").checked) return;
  const id = KEYS[key.toLowerCase()], step = {ArrowLeft: -1, ArrowRight: 1}[key];
  const ownArrows = target.tagName === "INPUT" || target.role === "tab";
  if (id && !find(id).disabled) find(id).click();
  if (step && !ownArrows) chooseBeside(step);
}

function setLanguage() {
  language = find("language").value;
  Settings.set("language", language);
  translate();
  nameSliders();
  for (const button of find("grid").querySelectorAll("button")) {
    button.setAttribute("aria-label", describe(shown[button.dataset.index]));
  }
  ["history", "favorites"].forEach(showList);
  showPicked();
  showState();
  sayAgain();
}

function buildSizes() {
  const size = (factor) => Object.assign(words("pixels", {
    tag: "option", values: {n: factor * MODEL.size}, value: factor * MODEL.size}));
  find("size").append(...[1, 2, 4, 8].map(size));
  find("size").value = MODEL.enlarged ?? MODEL.size;
  find("detail").append(...[1, 2, 4].map(size));
  find("details").hidden = !enlarger;
}

function build() {
  document.body.classList.toggle("plain", AXES.length === 0);
  buildSwatches();
  buildSliders();
  buildFades();
  buildSizes();
  find("video").hidden = !videoKind();
  find("language").value = language;
  translate();
  nameSliders();
}

function listen() {
  for (const [id, action] of Object.entries(ACTIONS)) find(id).addEventListener("click", action);
  find("tools").addEventListener("click", closeFilm, true);  // they are of the face below it
  find("language").addEventListener("change", setLanguage);
  for (const id of ["seed", "number"]) find(id).addEventListener("change", drawSeed);
  find("keep-noise").addEventListener("change", prepareNext);
  find("detail").addEventListener("change", () => film && drawFilm());
  find("position").addEventListener("input", ({target}) => seek(Number(target.value)));
  listenForTabs();
  listenForFiles();
  document.addEventListener("keydown", onKey);
  window.addEventListener("unhandledrejection", ({reason}) => sayFailure(reason));
  window.addEventListener("hashchange", () => openLink(location.hash.slice(1)));
  window.addEventListener("storage", followStore);
}

async function begin() {
  Settings.apply();
  build();
  listen();
  Store.load();
  ["history", "favorites"].forEach(showList);
  showPicked();
  showState();
  const asked = new URLSearchParams(location.search).get("engine");  // for tests
  const operations = JSON.parse(find("operations").textContent);
  kind = asked || "wasm";
  const started = network({start: {operations, weights: find("weights").textContent,
                                   mix: MODEL.mix, engine: kind}});
  find("weights").textContent = "";
  if (enlarger) startEnlarger(kind);
  const link = location.hash.slice(1);
  if (link) find("first").remove();
  ({kind} = await started);
  hush();
  const opened = link && await openLink(link);
  if (!opened && wanted === firstFace) await choose(firstFace);
  await drawFaces();
  if (link && !opened) say("bad_link", {}, true);  // drawing said something else
  await prepareNext();
  if (!asked) ({kind, why} = await network({compare: true}));
  // Where WebGL2 is slower at the small faces, it is so at the large ones.
  if (!asked && enlarger && kind === "webgl") ({kind: enlargedBy} = await enlarger({compare: true}));
  showAbout();
  document.body.dataset.ready = kind;
}

begin().catch(sayFailure);
