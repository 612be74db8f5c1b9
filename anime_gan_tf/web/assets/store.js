// History and favourites: lists of {link, picture}, kept by the browser where it does.
"use strict";

const Store = {
  key: `anime_gan_tf/${MODEL.run}/${MODEL.weights.slice(0, 16)}`,
  longest: 60,  // of the history
  lists: {history: [], favourites: []},
  works: true,

  load() {
    try {
      this.take(JSON.parse(localStorage.getItem(this.key) || "{}"));
    } catch {
      this.works = false;
    }
  },

  // Puts the lists of an object that someone else may have made before those here. Raises an Error
  // where it has none.
  take(found) {
    const lists = {};
    for (const name of Object.keys(this.lists)) {
      lists[name] = (found[name] || []).map(({link, picture}) => {
        fromLink(link);
        const valid = typeof picture === "string" && picture.startsWith("data:image/");
        if (!valid) throw new Error("no picture");
        return {link, picture};
      });
    }
    for (const [name, first] of Object.entries(lists)) {
      const links = new Set(first.map(({link}) => link));
      const others = this.lists[name].filter(({link}) => !links.has(link));
      lists[name] = this.shortened(name, [...first, ...others]);
    }
    this.lists = lists;
  },

  shortened(name, list) {
    return name === "history" ? list.slice(0, this.longest) : list;
  },

  save() {
    try {
      localStorage.setItem(this.key, JSON.stringify(this.lists));
    } catch {
      this.works = false;  // full, or forbidden: the lists live as long as the page
    }
  },

  add(name, face) {
    const link = toLink(face);
    const others = this.lists[name].filter((entry) => entry.link !== link);
    const picture = canvasOf(face).toDataURL("image/jpeg", 0.85);
    this.lists[name] = this.shortened(name, [{link, picture}, ...others]);
    this.save();
  },

  has(name, face) {
    const link = toLink(face);
    return this.lists[name].some((entry) => entry.link === link);
  },

  remove(name, face) {
    const link = toLink(face);
    this.lists[name] = this.lists[name].filter((entry) => entry.link !== link);
    this.save();
  },

  asJSON() {
    return JSON.stringify({run: MODEL.run, weights: MODEL.weights, ...this.lists});
  },
};
