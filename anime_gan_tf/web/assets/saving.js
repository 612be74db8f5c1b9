// The large face given away: as a file, to the clipboard, as a link.
"use strict";

// The name of a file to download. A run's name comes from a file and may be anything.
function fileName(what, ending = "png") {
  const run = MODEL.run.replace(/[^\p{L}\p{M}\p{N}_.-]+/gu, "_").replace(/^[.-]+/, "");
  return `${[...run].slice(0, 50).join("") || "faces"}_${what}.${ending}`;
}

// The large face as a canvas of the size that is chosen.
async function sizedFace(face) {
  const size = Number(find("size").value);
  const enlarged = Boolean(enlarger) && size > MODEL.size;
  await (enlarged ? enlarge(face) : draw(face));
  return resized(face, size, enlarged);
}

async function saveFace() {
  const face = current;
  const name = fileName(face.seed === null ? "face" : `seed${face.seed}`);
  return savePNG(await sizedFace(face), name, [face]);
}

async function copyFace() {
  try {
    // A promise: what takes a while is still of the user's click.
    const blob = sizedFace(current).then(pngOf);
    await navigator.clipboard.write([new ClipboardItem({"image/png": blob})]);
    say("copied_face");
  } catch {
    say("not_copied");
  }
}

async function share() {
  const link = `${location.href.split("#")[0]}#${toLink(current)}`;
  history.replaceState(null, "", link);
  try {
    await navigator.clipboard.writeText(link);
    say("copied");
  } catch {  // no clipboard for files here and there
    say("link_in_address");
  }
}

function exportAll() {
  const count = (name) => Store.entries(name).length;
  download(new Blob([Store.asJSON()], {type: "application/json"}), fileName("faces", "json"));
  say("exported", {favorites: count("favorites"), history: count("history")});
}
