// The page's words in the language that is chosen.
"use strict";

const TEXTS = {en: ENGLISH, zh: CHINESE, ja: JAPANESE};

const browserLanguage = (navigator.language || "en").slice(0, 2);
let language = browserLanguage in TEXTS ? browserLanguage : "en";

// The key of the text for an axis or a value, which may be called as another text is: "size".
const labelKey = (name) => `label_${name}`;

// A text, with `values` in place of the {names} in it. A key that no text has stands for itself, and
// that of an axis or a value of other data for its name.
function text(key, values = {}) {
  const table = TEXTS[language];
  if (!Object.hasOwn(table, key)) return key.replace(/^label_/, "");
  return table[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// Writes the texts of all elements below `root` that name one: data-text its content, data-label
// its accessible name, data-values what is put into either.
function translate(root = document) {
  document.documentElement.lang = language;
  document.title = text("title");
  for (const element of root.querySelectorAll("[data-text], [data-label]")) {
    const {text: content, label} = element.dataset, values = valuesOf(element);
    if (content !== undefined) element.textContent = text(content, values);
    if (label !== undefined) element.setAttribute("aria-label", text(label, values));
  }
}

// Values that are keys of texts themselves are translated.
function valuesOf({dataset}) {
  const values = JSON.parse(dataset.values ?? "{}");
  return Object.fromEntries(Object.entries(values).map(
    ([name, value]) => [name, typeof value === "string" ? text(value) : value]));
}
