// Faces from elsewhere: a file that is opened, dropped or pasted, a link.
"use strict";

const MOST_OPENED = 60;  // faces of a picture

async function openFile(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return isPNG(bytes) || file.type.startsWith("image/") ? openPicture(bytes, file.name)
    : importFaces(new TextDecoder().decode(bytes), file.name);
}

async function openPicture(bytes, file) {
  let faces, made;
  try {
    made = readMetadata(bytes);
    if (!isOfThisModel(made)) return say("other_model", {file});
    faces = facesOf(made);
  } catch {
    return say("bad_picture", {file});
  }
  const first = faces.slice(0, MOST_OPENED);
  if (first.length > 1) {
    selectTab("faces");
    await showFaces(first, {key: "grid_file"});
  }
  await choose(first[0]);
  return say(first.length < faces.length ? "opened_some" : "opened",
             {file, n: first.length, all: faces.length});
}

function isOfThisModel({model, run, kimg, hair_by_pixels, axes}) {
  const known = axes === undefined || JSON.stringify(axes) === JSON.stringify(AXES);
  return model === MODEL.model && run === MODEL.run && kimg === MODEL.kimg &&
    hair_by_pixels === MODEL.hair_by_pixels && known;
}

function importFaces(content, file) {
  let lists;
  try {
    const found = JSON.parse(content);
    if (found.weights !== MODEL.weights) return say("other_model", {file});
    lists = checkedLists(found);
  } catch {
    return say("bad_file", {file});
  }
  const before = countStored();
  Store.take(lists);
  ["history", "favorites"].forEach(showList);
  showState();
  const added = countStored() - before;
  return say("imported", {n: added, known: lists.history.length + lists.favorites.length - added});
}

function countStored() {
  return Store.entries("history").length + Store.entries("favorites").length;
}

// Shows the face of a share link. Returns whether there is one.
async function openLink(link) {
  let face;
  try {
    face = fromLink(link);
  } catch {
    say("bad_link", {}, true);
    return false;
  }
  await choose(face);
  return true;
}

function onPaste(event) {
  const [file] = event.clipboardData.files, words = event.clipboardData.getData("text");
  const typing = /^(text|number)$/.test(event.target.type);
  if (typing || (!file && !words.includes("#"))) return;
  event.preventDefault();
  if (file) openFile(file);
  else openLink(words.slice(words.indexOf("#") + 1).trim());
}

function listenForFiles() {
  find("open").addEventListener("click", () => find("import").click());
  find("import").addEventListener("change", async ({target}) => {
    const [file] = target.files;
    if (file) await openFile(file);
    target.value = "";  // the same file can be opened again
  });
  document.addEventListener("paste", onPaste);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    find("drop").hidden = ![...event.dataTransfer.types].includes("Files");
  });
  document.addEventListener("dragleave", ({relatedTarget}) => {
    if (!relatedTarget) find("drop").hidden = true;
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    find("drop").hidden = true;
    const [file] = event.dataTransfer.files;
    if (file) openFile(file);
  });
}
