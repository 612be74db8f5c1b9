// What the page knows of its model and of itself, at its end.
"use strict";

const FIGURES = ["frechet", "precision", "recall", "both"];
const ENGINES = {plain: "JavaScript", wasm: "WebAssembly", webgl: "WebGL2"};

let kind = "plain", why = "";  // of the engine that draws

function showAbout() {
  const engine = ENGINES[kind], ms = speed.toFixed(0);
  find("about").textContent = [
    ...aboutModel(), ...aboutFigures(),
    text(why ? "engine_why" : "engine", {engine, why, ms}),
    ...(enlargingTime ? [text("enlarger", {size: MODEL.enlarged, engine: ENGINES[enlargedBy],
                                           ms: enlargingTime.toFixed(0)})] : []),
  ].join(" ");
}

// Sentences of what is known.
function aboutModel() {
  const {names, kimg, faces} = MODEL;
  const values = {...names, kimg, faces};
  return [text("model", values), ...(Number.isFinite(kimg)
    ? [text(Number.isFinite(faces) ? "trained_of" : "trained", values)] : [])];
}

function aboutFigures() {
  const known = FIGURES.filter((name) => Number.isFinite(MODEL.figures?.[name]));
  const figures = known.map(
    (name) => `${text(name)} ${Number(MODEL.figures[name].toPrecision(3))}`).join(text("listed"));
  const n = MODEL.figures?.faces;
  return figures ? [text(Number.isFinite(n) ? "measured_of" : "measured", {n, figures})] : [];
}
