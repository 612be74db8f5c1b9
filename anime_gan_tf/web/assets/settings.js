// Light or dark, and the language, as the user last chose them on any of these pages.
"use strict";

const Settings = {
  key: "anime_gan_tf/settings",

  get all() {
    try {
      return JSON.parse(window.localStorage.getItem(this.key)) ?? {};
    } catch {
      return {};
    }
  },

  set(name, value) {
    try {
      window.localStorage.setItem(this.key, JSON.stringify({...this.all, [name]: value}));
    } catch {
      // It lasts as long as the page.
    }
  },

  apply() {
    const {theme, language: chosen} = this.all;
    if (["light", "dark"].includes(theme)) document.documentElement.dataset.theme = theme;
    if (Object.hasOwn(TEXTS, chosen)) language = chosen;
  },
};

// Dark where it is light, and the other way round.
function changeTheme() {
  const root = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)").matches;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : system;
  root.dataset.theme = dark ? "light" : "dark";
  Settings.set("theme", root.dataset.theme);
}
