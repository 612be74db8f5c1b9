// The colors of the large face as swatches, and what new faces keep of it.
"use strict";

const COLORS = {
  aqua: "#6fd6dc", black: "#2a2530", blonde: "#f6d983", blue: "#4b74dd", brown: "#84543a",
  gray: "#a3a3ad", green: "#5dbb6c", orange: "#f2953f", pink: "#f7a3c8", purple: "#9465cf",
  red: "#d43d44", white: "#fafafa", yellow: "#f7de4a",
};

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// An element that shows a text, with values put into it.
function words(key, {tag = "span", values, ...properties} = {}) {
  const element = make(tag, properties);
  element.dataset.text = key;
  if (values) element.dataset.values = JSON.stringify(values);
  return element;
}

// Whether a value of an axis was in training at all, of a scale the nearest level.
function isUnseen(axis, tag) {
  const value = Math.floor(tag + 0.5);
  const stride = SIZES.slice(axis + 1).reduce((a, b) => a * b, 1);
  const has = (index) => Math.floor(index / stride) % SIZES[axis] === value;
  return MODEL.table.every((share, index) => share === 0 || !has(index));
}

// A group of choices, one for each value of an axis. id: begins those of its inputs; legend: an
// element that names it; others: elements beside that; change: called with the value.
function swatches(id, axis, legend, others, change) {
  const choices = AXES[axis][1].map((value, i) => {
    const input = make("input", {type: "radio", name: id, id: `${id}-${i}`, value: i});
    const unseen = isUnseen(axis, i);
    const swatch = make("span", {className: "swatch"});
    if (Object.hasOwn(COLORS, value)) swatch.style.setProperty("--color", COLORS[value]);
    else swatch.append(words(labelKey(value)));
    swatch.classList.toggle("word", !Object.hasOwn(COLORS, value));
    swatch.classList.toggle("unseen", unseen);
    input.dataset.label = unseen ? "unseen" : labelKey(value);
    if (unseen) input.dataset.values = JSON.stringify({value: labelKey(value)});
    input.addEventListener("change", () => change(i));
    return make("label", {}, input, swatch);
  });
  return make("fieldset", {className: "axis"}, make("legend", {}, legend), ...others,
              make("div", {className: "choices"}, ...choices));
}

function buildSwatches() {
  AXES.forEach(([axis], i) => {
    const box = make("input", {type: "checkbox", id: `keep-${i}`});
    box.dataset.label = "keep_axis";
    box.dataset.values = JSON.stringify({axis: labelKey(axis)});
    const keep = make("label", {className: "check"}, box, " ", words("keep"));
    const changed = (face, tag) => withTags(face, AXES.map((_, j) => (j === i ? tag : UNKNOWN)));
    const legend = words(labelKey(axis)), change = (tag) => choose(changed(wanted, tag));
    find("swatches").append(SCALES[i] ? scaleSlider(i, keep, changed)
      : swatches(`color-${i}`, i, legend, [keep], change));
    box.addEventListener("change", prepareNext);
  });
}

// A scale is one range instead. changed: the face with another tag.
function scaleSlider(axis, keep, changed) {
  const [low, high] = [SCALES[axis][0], SCALES[axis].at(-1)], id = `scale-${axis}`;
  const row = sliderRow(words(labelKey(AXES[axis][0])), id, {low, high, step: (high - low) / 100});
  const input = row.querySelector("input");
  const tag = () => tagOf(axis, String(Number(Number(input.value).toPrecision(6))));
  slider(input, (face) => changed(face, tag()));
  return make("div", {className: "sliders"}, row, keep);
}

function showSwatches() {
  const tags = AXES.length ? tagsOf(current) : [];
  tags.forEach((tag, axis) => {
    const input = find(`scale-${axis}`);
    if (!input) return;
    if (input !== held) input.value = valueOf(axis, tag);
    showFilled(input);
  });
  for (const input of document.querySelectorAll("[name^=color-]")) {
    input.checked = tags[input.name.slice("color-".length)] === Number(input.value);
  }
  for (const input of document.querySelectorAll(".choices input")) {
    input.parentNode.title = input.getAttribute("aria-label") ?? "";
  }
  const unseen = tags.flatMap((tag, axis) => (tag !== UNKNOWN && isUnseen(axis, tag)
    ? [text("unseen_axis", {axis: text(labelKey(AXES[axis][0])),
                            value: text(labelKey(valueOf(axis, tag)))})] : []));
  find("unseen").textContent = unseen.join(" ");
  find("unseen").hidden = !unseen.length;
}
