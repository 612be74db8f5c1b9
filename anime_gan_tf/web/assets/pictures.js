// Faces as canvases, alone and on sheets.
"use strict";

// A face as it was drawn, or, where `enlarged` says so, as it was enlarged.
function canvasOf(face, enlarged = false) {
  const canvas = document.createElement("canvas");
  const size = canvas.width = canvas.height = enlarged ? MODEL.enlarged : MODEL.size;
  const pixels = enlarged ? face.enlarged : face.pixels;
  canvas.getContext("2d").putImageData(new ImageData(pixels, size, size), 0, 0);
  return canvas;
}

// The same, `size` pixels wide, by the browser's filter.
function resized(face, size, enlarged) {
  const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
  canvas.width = canvas.height = size;
  pen.imageSmoothingQuality = "high";
  pen.drawImage(canvasOf(face, enlarged), 0, 0, size, size);
  return canvas;
}

// Shows a face on the canvas of that id.
function paint(id, face, enlarged) {
  const canvas = document.getElementById(id), picture = canvasOf(face, enlarged);
  canvas.width = canvas.height = picture.width;
  canvas.getContext("2d").drawImage(picture, 0, 0);
}

// Faces beside and below each other on white, each `size` pixels wide; labels: {rows, columns} of
// words, or null.
function sheet(faces, columns, size = MODEL.size, labels = null) {
  const gap = 2, step = size + gap, left = labels ? 80 : 0, top = labels ? 20 : 0;
  const canvas = document.createElement("canvas");
  canvas.width = left + columns * step + gap;
  canvas.height = top + Math.ceil(faces.length / columns) * step + gap;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  faces.forEach((face, i) => {
    if (!face.pixels) return;
    const x = left + gap + i % columns * step, y = top + gap + Math.floor(i / columns) * step;
    pen.drawImage(canvasOf(face), x, y, size, size);
  });
  if (labels) {
    pen.fillStyle = "black";
    pen.font = "13px sans-serif";
    pen.textAlign = "right";
    labels.rows.forEach(
      (word, i) => pen.fillText(word, left - 6, top + gap + i * step + size / 2 + 5));
    pen.textAlign = "center";
    labels.columns.forEach((word, i) => pen.fillText(word, left + gap + i * step + size / 2, 15));
  }
  return canvas;
}
