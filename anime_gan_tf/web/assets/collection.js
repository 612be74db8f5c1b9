// Favorites and history, as pictures that open their face and can be removed one by one.
"use strict";

// A button that opens a face, with another one that removes it. key: of the text of the latter.
function removable(button, picture, key, face, remove) {
  button.append(picture);
  const other = make("button", {className: "remove", innerHTML: find("dismiss").innerHTML});
  other.setAttribute("aria-label", text(key, {face: describe(face)}));
  other.addEventListener("click", () => {
    const list = other.closest(".faces"), at = [...list.children].indexOf(other.parentNode);
    remove();
    const next = list.children[Math.min(at, list.children.length - 1)];
    next?.querySelector(".remove").focus();  // or the keyboard would be nowhere
  });
  return make("div", {className: "face"}, button, other);
}

function showList(name) {
  find(name).replaceChildren(...Store.entries(name).map(({face, picture}) => {
    const button = make("button"), image = make("img", {src: picture, alt: describe(face), draggable: false});
    button.addEventListener("click", () => choose({...face}));
    return removable(button, image, "remove", face, () => forget(name, [face]));
  }));
  find("no-favorites").hidden = find("favorites").children.length > 0;
  showTrouble();
}

function forget(name, faces) {
  for (const face of faces) Store.remove(name, face);
  showList(name);
  showState();
  say("removed");
}

function forgetHistory() {
  forget("history", Store.entries("history").map(({face}) => face));
  say("forgotten");
}

// Another page changed the browser's store at `key`; null: it removed everything.
function followStore({key}) {
  Store.settle();  // there may be room now
  showTrouble();
  for (const name of ["history", "favorites"]) {
    if (key === null || key.startsWith(Store.keyOf(name, ""))) showList(name);
  }
  showState();
}
