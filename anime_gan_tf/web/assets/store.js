// History and favorites. Each face is an entry of its own in the browser's store: two pages that
// are open side by side never write what the other one wrote, and nothing that was removed comes
// back. What the browser has no room for, or may not keep, lasts as long as the page.
"use strict";

const LONGEST_HISTORY = 60;
const PICTURE = /^data:image\/(jpeg|png);base64,[A-Za-z0-9+/]+=*$/;
const LONGEST_PICTURE = 1e6;  // characters
// Names of the lists in exported files, and in the entry of pages before 2026-11-28.
const FIELDS = {history: "history", favorites: "favourites"};

const Store = {
  key: `anime_gan_tf/${MODEL.run}/${MODEL.weights.slice(0, 16)}`,  // begins those of all entries
  // In the key of an entry. That of a favorite is the shorter one, so that it fits where the same
  // face of the history was.
  places: {history: "history", favorites: "fav"},
  unkept: new Map(),   // key -> content of the entries that the browser has not taken
  checked: new Map(),  // key -> {content, entry}: to read the noise of a face takes a while
  forbidden: false,    // whether the browser keeps nothing
  dropped: false,      // whether faces of the history made room
  unreadable: 0,       // how many entries there are that are none

  load() {
    this.takeOldLists();
    const all = ["history", "favorites"].flatMap((name) => this.keys(name));
    this.unreadable += all.filter((key) => !this.entryAt(key)).length;
  },

  // ----- entries: {link, picture, time, face}

  // Those of a list that are faces of this model, the newest first.
  entries(name) {
    const found = this.keys(name).map((key) => this.entryAt(key)).filter(Boolean);
    return found.sort((a, b) => b.time - a.time || (a.link < b.link ? -1 : 1));
  },

  has(name, face) {
    return this.get(this.keyOf(name, toLink(face))) !== null;
  },

  add(name, face) {
    const picture = canvasOf(face).toDataURL("image/jpeg", 0.85);
    this.write(name, [{link: toLink(face), picture, time: Date.now()}]);
  },

  remove(name, face) {
    this.removeAt(this.keyOf(name, toLink(face)));
    this.settle();  // now there is room
  },

  // Adds what is not there yet of lists that checkedLists() made.
  take(lists) {
    for (const [name, list] of Object.entries(lists)) {
      this.write(name, list.filter(({link}) => this.get(this.keyOf(name, link)) === null));
    }
  },

  write(name, list) {
    for (const {link, picture, time} of list) {
      this.unkept.set(this.keyOf(name, link), JSON.stringify({time, picture}));
    }
    if (name === "history") {
      for (const {link} of this.entries(name).slice(LONGEST_HISTORY)) {
        this.removeAt(this.keyOf(name, link));
      }
    }
    this.settle();
  },

  asJSON() {
    const list = (name) => this.entries(name).map(
      ({link, picture, time}) => ({link, picture, time}));
    return JSON.stringify({run: MODEL.run, weights: MODEL.weights,
                           [FIELDS.history]: list("history"),
                           [FIELDS.favorites]: list("favorites")});
  },

  // Before 2026-11-28 all faces were one entry. They become entries of their own.
  takeOldLists() {
    const content = this.get(this.key);
    if (content === null) return;
    let found;
    try {
      found = JSON.parse(content);
    } catch {
      this.unreadable++;
      return;
    }
    for (const name of ["history", "favorites"]) this.takeOldList(name, found?.[FIELDS[name]]);
    this.removeAt(this.key);
    this.settle();
  },

  takeOldList(name, list) {
    for (const [i, entry] of Array.isArray(list) ? list.entries() : []) {
      try {
        this.take({[name]: [checkedEntry({...entry, time: list.length - i})]});
      } catch {
        this.unreadable++;
      }
    }
  },

  // ----- the browser's store

  keyOf(name, link) {
    return `${this.key}/${this.places[name]}/${link}`;
  },

  keys(name) {
    const stored = this.ask((store) => Object.keys(store), []);
    const all = new Set([...stored, ...this.unkept.keys()]);
    return [...all].filter((key) => key.startsWith(this.keyOf(name, "")));
  },

  // The entry of a key; null where it is none, since anything may be in the browser's store.
  entryAt(key) {
    const content = this.get(key);
    if (this.checked.get(key)?.content !== content) {
      const link = key.slice(key.indexOf("/", this.key.length + 1) + 1);
      this.checked.set(key, {content, entry: readEntry(link, content)});
    }
    return this.checked.get(key).entry;
  },

  get(key) {
    return this.unkept.get(key) ?? this.ask((store) => store.getItem(key), null);
  },

  removeAt(key) {
    this.unkept.delete(key);
    this.ask((store) => store.removeItem(key));
  },

  // What the browser's store answers, or `otherwise`: in private windows it may be forbidden.
  ask(question, otherwise) {
    try {
      return question(window.localStorage);
    } catch {
      this.forbidden = true;
      return otherwise;
    }
  },

  // Gives the browser what it has not taken yet, favorites first.
  settle() {
    const isFavorite = (key) => key.startsWith(this.keyOf("favorites", ""));
    const waiting = [...this.unkept].sort(([a], [b]) => isFavorite(b) - isFavorite(a));
    for (const [key, content] of waiting) {
      const rank = isFavorite(key) ? Infinity : JSON.parse(content).time;
      if (this.keep(key, content, rank)) this.unkept.delete(key);
    }
  },

  // Whether the browser takes an entry. Where it is full, faces of the history that are older than
  // `time` make room.
  keep(key, content, time) {
    for (;;) {
      try {
        window.localStorage.setItem(key, content);
        return true;
      } catch (error) {
        if (!isFull(error)) this.forbidden = true;
        if (!isFull(error) || !this.dropOldest(key, time)) return false;
      }
    }
  },

  // Removes the oldest face of the history that is older than `time` and not at `key`. Returns
  // whether there was one.
  dropOldest(key, time) {
    const ages = this.keys("history").filter((other) => other !== key && !this.unkept.has(other))
      .map((other) => [this.entryAt(other)?.time ?? -1, other]).sort(([a], [b]) => a - b);
    if (!ages.length || ages[0][0] >= time) return false;
    this.removeAt(ages[0][1]);
    this.dropped = true;
    return true;
  },

  // What the user is to know of it, the name of a text; null where all is well.
  get trouble() {
    if (this.forbidden) return "not_stored";
    const unkept = [...this.unkept.keys()];
    const isLost = (key) => key.startsWith(this.keyOf("favorites", ""));
    if (unkept.some(isLost)) return "favorites_unkept";
    return this.dropped || unkept.length ? "history_dropped" : null;
  },
};

function isFull(error) {  // the second name is Firefox's of before 2025
  return ["QuotaExceededError", "NS_ERROR_DOM_QUOTA_REACHED"].includes(error.name);
}

// An entry that someone else may have made. Raises an Error where it is none of this model's.
function checkedEntry({link, picture, time}) {
  const face = fromLink(link);
  if (typeof picture !== "string" || picture.length > LONGEST_PICTURE || !PICTURE.test(picture)) {
    throw new Error("no picture");
  }
  const past = Number.isFinite(time) ? Math.min(Math.max(time, 0), Date.now()) : 0;
  return {link: toLink(face), picture, time: past, face};
}

// The entry of a link and what is stored for it; null where it is none.
function readEntry(link, content) {
  try {
    const entry = checkedEntry({...JSON.parse(content), link});
    return entry.link === link ? entry : null;
  } catch {
    return null;
  }
}

// {history, favorites} of an exported file, which is not trusted. Entries without a time get one, in
// order. Raises an Error where an entry is none.
function checkedLists(found) {
  const list = (name) => (found[FIELDS[name]] ?? []).map((entry, i) => checkedEntry(
    {...entry, time: entry.time ?? Date.now() - i}));
  return {history: list("history"), favorites: list("favorites")};
}
