// Networks in workers of their own. A face gets `pixels` when it is first drawn.
"use strict";

let task = 0;   // the newest
let speed = 0;  // milliseconds of the last face

// A worker of the script in the element of that id: {ask, end}. ask(message, progress) returns a
// promise of the answer.
function startWorker(id) {
  const source = new Blob([find(id).textContent], {type: "text/javascript"});
  const worker = new Worker(URL.createObjectURL(source)), waiting = new Map();
  let last = 0;
  worker.onmessage = ({data}) => {
    const {resolve, reject, progress} = waiting.get(data.id);
    if (data.progress !== undefined) return progress(data.progress);
    waiting.delete(data.id);
    return data.error ? reject(new Error(data.error)) : resolve(data);
  };
  worker.onerror = sayFailure;
  const ask = (message, progress) => new Promise((resolve, reject) => {
    waiting.set(++last, {resolve, reject, progress});
    worker.postMessage({id: last, ...message});
  });
  return {ask, end: () => worker.terminate()};
}

const network = startWorker("worker").ask;

async function draw(face) {
  // Whoever asks for the same face again waits for the same answer.
  face.drawing ??= network(question(face));
  const {pixels, milliseconds} = await face.drawing;
  if (!face.pixels) speed = milliseconds;
  face.pixels = pixels;
  return face;
}

function question({mix, z, code}) {
  const latents = (face) => ({z: face.z, code: face.code});
  return mix ? {mix: {shape: latents(mix.shape), colors: latents(mix.colors)}}
    : {draw: {z, code}};
}

// Draws faces one after another, or does other `work` with them, and calls show(face, i) for each.
// A later task, or the user, ends an earlier one. Returns whether this one came to its end. word:
// what the page says meanwhile.
async function drawAll(faces, show, work = draw, word = "drawing") {
  const mine = beginTask(word, faces.length);
  try {
    for (const [i, face] of faces.entries()) {
      await work(face);
      if (mine !== task) return false;
      show(face, i);
      showProgress(i + 1, faces.length);
    }
    finishTask(mine);
    return true;
  } catch (error) {
    finishTask(mine);
    sayFailure(error);
    return false;
  }
}

// A task that takes a while, which the status line shows and the user can cancel: its number, which
// is `task` as long as it may go on.
function beginTask(word, steps) {
  say(word, {}, true);
  showProgress(0, steps);
  showBusy(true);
  return ++task;
}

function finishTask(mine) {
  if (mine !== task) return;
  showBusy(false);
  hush();
}

// Ends the task that there is.
function endTask() {
  task++;
  showBusy(false);
  hush();
}

function cancel() {
  endTask();
  say("canceled");
}
