// What the page says: a status line that is always in view, and trouble with the browser's store.
"use strict";

const find = (id) => document.getElementById(id);
const LASTING = 6000;  // milliseconds that a message stays

let told = null;       // {key, values} of the message
let outdated = 0;      // the timer that removes it
let dismissed = "";    // the trouble that was closed

// Says the text `key`. It goes by itself unless it `stays`; another replaces it.
function say(key, values = {}, stays = false) {
  clearTimeout(outdated);
  told = {key, values};
  delete find("message").dataset.text;
  find("message").textContent = text(key, values);
  if (!stays) outdated = setTimeout(hush, LASTING);
}

function hush() {
  clearTimeout(outdated);
  told = null;
  delete find("message").dataset.text;
  find("message").textContent = "";
}

function sayFailure(error) {
  say("failed", {reason: error?.message ?? String(error)}, true);
}

// Says the same in the language that is chosen now.
function sayAgain() {
  if (told) find("message").textContent = text(told.key, told.values);
}

// Shows how far a task is; `done` of `all`.
function showProgress(done, all) {
  Object.assign(find("progress"), {max: all, value: done});
}

function showBusy(busy) {
  find("status").classList.toggle("busy", busy);
}

function isBusy() {
  return find("status").classList.contains("busy");
}

function showTrouble() {
  const {trouble, unreadable} = Store;
  const notice = [
    ...(trouble ? [text(trouble)] : []),
    ...(unreadable ? [text("unreadable", {n: unreadable})] : []),
  ].join(" ");
  const shown = notice === dismissed ? "" : notice;
  if (find("notice").textContent !== shown) find("notice").textContent = shown;
}

function dismiss() {
  dismissed = find("notice").textContent;
  showTrouble();
}
