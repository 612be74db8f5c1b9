// The film as a file: a GIF, a video, a strip. Frames that are not there yet are drawn first.
"use strict";

const VIDEO = ["video/mp4;codecs=avc1.42E01E", "video/webm;codecs=vp9", "video/webm;codecs=vp8"];
const BITS = 4e6;  // of a second of video
const LOOPS = 2;   // of the film in a video

// The first kind of video that this browser records, or undefined.
function videoKind() {
  const records = window.MediaRecorder && HTMLCanvasElement.prototype.captureStream;
  return records ? VIDEO.find((kind) => MediaRecorder.isTypeSupported(kind)) : undefined;
}

// Frames of the whole film as canvases of one size, or null where it was canceled.
async function wholeFilm() {
  if (!openFilm()) return null;
  const {faces} = film, enlarged = isDetailed();
  if (!await drawFilm()) return null;
  const size = enlarged ? Number(find("detail").value)
    : MODEL.size * Math.max(1, Math.round(256 / MODEL.size));
  return faces.map((face) => resized(face, size, enlarged));
}

async function saveAnimation() {
  const canvases = await wholeFilm();
  if (!canvases) return;
  const frames = canvases.map((canvas) => canvas.getContext("2d").getImageData(
    0, 0, canvas.width, canvas.width));
  const mine = beginTask("encoding", frames.length), worker = startWorker("gif_worker");
  const stopped = setInterval(() => mine !== task && worker.end(), 100);
  try {
    const {blob} = await worker.ask({frames, delay: 100 / RATE},
                                    (done) => mine === task && showProgress(done, frames.length));
    if (mine !== task) return;
    finishTask(mine);
    saveFilm(blob, "gif", frames.length);
  } finally {
    clearInterval(stopped);
    worker.end();
  }
}

function saveFilm(blob, ending, frames) {
  const file = fileName("morph", ending);
  download(blob, file);
  say("saved_film", {file, frames, size: (blob.size / 1e6).toFixed(1)});
}

// Records the film as it plays; browsers have no other way.
async function saveVideo() {
  const canvases = await wholeFilm();
  if (!canvases) return;
  const [{width}] = canvases, count = LOOPS * canvases.length, kind = videoKind();
  const canvas = make("canvas", {width, height: width}), pen = canvas.getContext("2d");
  const recorder = new MediaRecorder(
    canvas.captureStream(RATE), {mimeType: kind, videoBitsPerSecond: BITS});
  const parts = [], mine = beginTask("recording", count);
  recorder.ondataavailable = ({data}) => parts.push(data);
  const stopped = new Promise((resolve) => recorder.onstop = resolve);
  recorder.start();
  for (let i = 0; i < count && mine === task; i++) {
    pen.drawImage(canvases[i % canvases.length], 0, 0);
    showProgress(i, count);
    await new Promise((resolve) => setTimeout(resolve, 1000 / RATE));
  }
  recorder.stop();
  await stopped;
  if (mine !== task) return;
  finishTask(mine);
  saveFilm(new Blob(parts, {type: kind}), kind.slice("video/".length).split(";")[0], count);
}

async function saveStrip() {
  const mine = openFilm();
  if (!mine || !await drawFilm()) return;
  const faces = mine.faces.filter((_, i) => i % (FRAMES / 4) === 0);
  await savePNG(sheet(faces, faces.length), fileName("morph"), faces);
}
