// A network in its worker, and what the page says while it draws. A face gets `pixels` when it is
// first drawn.
"use strict";

const find = (id) => document.getElementById(id);
let task = 0;   // the newest
let speed = 0;  // milliseconds of the last face

// A function that sends a message to a worker of its own and returns a promise of the answer.
function startWorker() {
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
}

const network = startWorker();

async function draw(face) {
  if (face.pixels) return face;
  const {mix} = face;
  const {pixels, milliseconds} = await network(
    mix ? {mix: {shape: latents(mix.shape), colors: latents(mix.colors)}}
      : {draw: latents(face)});
  face.pixels = pixels;
  speed = milliseconds;
  return face;
}

function latents({z, code}) {
  return {z, code};
}

// Draws faces one after another, or does other `work` with them, and calls show(face, i) for each.
// A later task ends an earlier one. Returns whether this one came to its end. word: what the page
// says meanwhile.
async function drawAll(faces, show, work = draw, word = "drawing") {
  const mine = ++task;
  say(text(word));
  Object.assign(find("progress"), {max: faces.length, value: 0});
  const busy = setTimeout(() => find("status").classList.add("busy"), 200);
  try {
    for (const [i, face] of faces.entries()) {
      await work(face);
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
