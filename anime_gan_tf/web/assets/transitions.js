// How one large face becomes another: through faces between them where they are drawn fast enough,
// and each picture fades into the next.
"use strict";

const MORPH = 420;     // milliseconds of the whole way, where frames are drawn as fast as they were
const LONGEST = 700;   // after so many it ends, however far it is
const MOST_BETWEEN = 6;

let morphing = null;  // the face that another one is turning into

function isCalm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

// Shows a face, as large as it is there, while what was shown fades.
function reveal(face, duration = 220) {
  const picture = find("face"), veil = find("veil"), first = find("first");
  if (first && (face !== firstFace || face.enlarged || !enlarger)) {
    first.animate({opacity: [1, 0]}, {duration}).finished.then(() => first.remove());
    first.id = "";
  } else if (duration && !isCalm()) {
    Object.assign(veil, {width: picture.width, height: picture.height});
    veil.getContext("2d").drawImage(picture, 0, 0);
    veil.getAnimations().forEach((animation) => animation.cancel());
    veil.animate({opacity: [1, 0]}, {duration, easing: "ease-in-out"});
  }
  paint("face", face, Boolean(face.enlarged));
}

// From a face to one that is drawn, unless another is wanted meanwhile.
async function morphTo(from, face) {
  const count = Math.min(MOST_BETWEEN, Math.floor(MORPH / Math.max(speed, 1)) - 1);
  const mixed = from.mix || face.mix;
  const unfit = !from.pixels || from === face || mixed;
  if (unfit || isCalm() || isBusy() || document.hidden) return;
  morphing = face;
  await showBetween(from, face, count);
  if (morphing === face) morphing = null;
}

async function showBetween(from, face, count) {
  const begun = performance.now();
  for (let i = 1; i <= count; i++) {
    const t = i / (count + 1), step = MORPH / (count + 1);
    const pause = new Promise((resolve) => setTimeout(resolve, step));
    const frame = await draw(between(from, face, t * t * (3 - 2 * t)));
    if (wanted !== face) return;
    reveal(frame, step);
    await pause;
    if (wanted !== face || performance.now() - begun > LONGEST) return;
  }
}
