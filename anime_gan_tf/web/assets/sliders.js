// Controls that move the large face: sliders of its noise, of its colors' strengths.
"use strict";

let held = null;  // the input that moves at present

// Sliders move faster than faces are drawn: only the last one wanted is drawn. Returns a promise of
// that.
const follow = (() => {
  let next = null, running = null;
  const run = async () => {
    while (next) {
      const now = next;
      next = null;
      await choose(now, {keep: false, morph: false});
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
    held = input;
    if (!start) past.push(start = current);
    follow(change(start));
    showFilled(input);
  });
  input.addEventListener("change", async () => {
    const face = change(start || current);
    start = held = null;
    await follow(face);
    remember();
    showState();
  });
}

// Shows how far a range is: a number, and its track filled from 0 on, or from where it begins.
function showFilled(input) {
  const {min, max, value} = input, share = (x) => 100 * (x - min) / (max - min);
  const ends = [share(Math.max(min, 0)), share(value)].sort((a, b) => a - b);
  if (min < 0) input.style.setProperty("--zero", `${share(0)}%`);
  input.style.setProperty("--from", `${ends[0]}%`);
  input.style.setProperty("--to", `${ends[1]}%`);
  const output = input.parentNode.querySelector("output");
  if (output) output.textContent = (Math.round(100 * value) / 100).toLocaleString(language);
}

// A row: name, range, number.
function sliderRow(name, id, {low, high, step}) {
  const input = make("input", {type: "range", id, min: low, max: high, step, value: 0});
  return make("label", {className: "slider"}, name, input, makeOutput());
}

function makeOutput() {  // the input itself says its value
  return make("output", {ariaHidden: "true"});
}

function buildSliders() {
  for (const [i, {name, names, low, high}] of SLIDERS.entries()) {
    const named = Object.keys(names).length > 0;
    const label = named ? make("span") : words("numbered", {values: {n: Number(name)}});
    const row = sliderRow(label, `slide-${i}`, {low, high, step: 0.1});
    find(named ? "sliders" : "numbered").append(row);
    slider(find(`slide-${i}`), (face) => moved(
      face, {steps: {[name]: Number(find(`slide-${i}`).value)}}));
  }
  for (const id of ["sliders", "numbered"]) find(id).hidden = find(id).children.length === 0;
  slider(find("length"), (face) => moved(face, {length: Number(find("length").value)}));
  for (const input of document.querySelectorAll("label.slider > input")) {
    if (!input.nextElementSibling) input.after(makeOutput());
    input.addEventListener("input", () => showFilled(input));
  }
  buildStrengths();
}

// How strong each color is, from -1 to 2. Scales have their own range (swatches.js).
function buildStrengths() {
  AXES.forEach(([axis, values], i) => {
    if (SCALES[i]) return;
    const rows = values.map((value, j) => {
      const row = sliderRow(words(labelKey(value)), `strength-${i}-${j}`,
                            {low: -1, high: 2, step: 0.05});
      const input = row.querySelector("input");
      const names = {name: labelKey(axis), value: labelKey(value)};
      Object.assign(input.dataset, {label: "described", values: JSON.stringify(names)});
      slider(input, (face) => {
        const code = face.code.slice();
        code[OFFSETS[i] + j] = Number(input.value);
        return {z: face.z, code, seed: face.seed, moves: face.moves};
      });
      return row;
    });
    find("strengths").append(
      words("strengths", {tag: "p", className: "group", values: {axis: labelKey(axis)}}),
      make("div", {className: "sliders"}, ...rows));
  });
}

// The names of sliders are those of the generator's file.
function nameSliders() {
  SLIDERS.forEach(({name, names}, i) => {
    const label = find(`slide-${i}`).parentNode.firstChild;
    if (!label.dataset.text) label.textContent = names[language] ?? names.en ?? name;
  });
}

function showSliders() {
  const show = (id, value) => {
    const input = find(id);
    if (input !== held) input.value = value;
    showFilled(input);
  };
  const {steps, length} = movesOf(current);
  SLIDERS.forEach(({name}, i) => show(`slide-${i}`, steps[name] ?? 0));
  show("length", length);
  for (const id of ["perturbation", "strength"]) showFilled(find(id));
  AXES.forEach(([, values], axis) => !SCALES[axis] && values.forEach(
    (_, i) => show(`strength-${axis}-${i}`, current.code[OFFSETS[axis] + i])));
  showFades();
}

function resetSliders() {
  const zeros = Object.fromEntries(SLIDERS.map(({name}) => [name, 0]));
  return choose(moved(wanted, {steps: zeros, length: 1}));
}

function perturb() {
  const strength = Number(find("perturbation").value);
  return choose(variations(wanted, 2, strength, randomSeed())[1]);
}
