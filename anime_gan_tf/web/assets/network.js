// The network in its worker, and what the page says while it draws. A face gets `pixels` when it is
// first drawn.
"use strict";

const find = (id) => document.getElementById(id);
let task = 0;   // the newest
let speed = 0;  // milliseconds of the last face

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
  const {mix} = face;
  const {pixels, milliseconds} = await network(
    mix ? {mix: {shape: latents(mix.shape), colours: latents(mix.colours)}}
      : {draw: latents(face)});
  face.pixels = pixels;
  speed = milliseconds;
  return face;
}

function latents({z, code}) {
  return {z, code};
}

// Draws faces one after another and calls show(face, i) for each. A later task ends an earlier one.
// Returns whether this one came to its end.
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
