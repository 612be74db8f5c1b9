// The second stage, a network in a worker of its own: enlarges faces while others are drawn. A face
// gets `enlarged`, the pixels of a picture of MODEL.enlarged x MODEL.enlarged.
"use strict";

const PATIENCE = 150;  // milliseconds that a face stays before it is enlarged
const MOST_ENLARGED = 150;  // faces that keep their pixels: more than there are frames in a film

const enlarger = MODEL.enlarged ? startWorker("worker").ask : null;
const enlargedFaces = [];  // the oldest first
let enlargedBy = "", enlargingTime = 0;  // the engine; milliseconds of the last face

async function startEnlarger(engine) {
  const operations = JSON.parse(find("enlarger").textContent);
  const weights = find("enlarger_weights").textContent;
  find("enlarger_weights").textContent = "";
  ({kind: enlargedBy} = await enlarger({start: {operations, weights, engine}}));
}

async function enlarge(face) {
  if (!face.pixels) await draw(face);
  // Whoever asks for the same face again waits for the same answer.
  face.enlarging ??= enlarger({enlarge: face.pixels, size: MODEL.size});
  const {pixels, milliseconds} = await face.enlarging;
  if (!face.enlarged) enlargedFaces.push(face);
  face.enlarged = pixels;
  enlargingTime = milliseconds;
  if (enlargedFaces.length > MOST_ENLARGED) {
    // A film is saved as a whole.
    const oldest = enlargedFaces.findIndex((old) => !film?.faces.includes(old));
    const [dropped] = enlargedFaces.splice(Math.max(0, oldest), 1);
    Object.assign(dropped, {enlarged: null, enlarging: null});
  }
  return face;
}

// Enlarges the large face. Of those that come and go meanwhile, as under a slider, only the last.
const enlargeCurrent = (() => {
  let running = false;
  return async () => {
    if (!enlarger || running) return;
    running = true;
    try {
      while (!current.enlarged) {
        const face = current;
        find("enlarging").hidden = Boolean(find("first"));
        await new Promise((resolve) => setTimeout(resolve, PATIENCE));
        if (face === current) await enlarge(face);
      }
      if (current === wanted && !morphing) reveal(current);  // or the morph ends with it
      showAbout();
    } finally {
      running = false;
      find("enlarging").hidden = true;
    }
  };
})();
