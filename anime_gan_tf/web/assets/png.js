// PNGs that remember how they were made: written and read.
"use strict";

const SIGNATURE = "\x89PNG\r\n\x1a\n";

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// A promise of the Blob of a PNG.
function pngOf(canvas) {
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

// Downloads a PNG that remembers its faces.
async function savePNG(canvas, name, faces) {
  const blob = await pngOf(canvas);
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const chunk = textChunk("anime_gan_tf", asciiJSON(metadata(faces)));
  const head = 33;  // the signature and the header chunk
  const parts = [bytes.subarray(0, head), chunk, bytes.subarray(head)];
  download(new Blob(parts, {type: "image/png"}), name);
  say("saved", {file: name});
}

// JSON as json.dumps of the program writes it: a tEXt chunk holds no character beyond Latin-1.
function asciiJSON(value) {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

// A tEXt chunk (PNG specification, 11.3.4.3).
function textChunk(key, value) {
  const body = Uint8Array.from(`tEXt${key}\0${value}`, (character) => character.charCodeAt(0));
  const chunk = new Uint8Array(body.length + 8), view = new DataView(chunk.buffer);
  view.setUint32(0, body.length - 4);
  chunk.set(body, 4);
  view.setUint32(body.length + 4, checksum(body));
  return chunk;
}

function checksum(bytes) {  // CRC-32 (PNG specification, annex D)
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >>> 1 ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

// What the program or this page wrote into a PNG: an object. Raises an Error where there is none.
function readMetadata(bytes) {
  const latin = (from, to) => new TextDecoder("latin1").decode(bytes.subarray(from, to));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (!isPNG(bytes)) throw new Error("no PNG");
  const key = "anime_gan_tf\0";
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at), start = at + 8;
    if (latin(at + 4, start) === "tEXt" && latin(start, start + key.length) === key) {
      return JSON.parse(latin(start + key.length, start + length));
    }
    at = start + length + 4;
  }
  throw new Error("no faces in it");
}

function isPNG(bytes) {
  return [...SIGNATURE].every((character, i) => bytes[i] === character.charCodeAt(0));
}
