// The three tabs, as WAI-ARIA describes them: arrows go from one to the next.
"use strict";

const TABS = ["faces", "motion", "collection"];

// jump: whether the page scrolls there where it is out of view.
function selectTab(name, jump = false) {
  for (const tab of TABS) {
    const button = find(`tab-${tab}`);
    button.setAttribute("aria-selected", String(tab === name));
    button.tabIndex = tab === name ? 0 : -1;
    find(tab).hidden = tab !== name;
  }
  if (name !== "motion") closeFilm();
  if (jump) find("grid").scrollIntoView({block: "nearest"});
}

function listenForTabs() {
  TABS.forEach((name, i) => {
    const button = find(`tab-${name}`);
    button.addEventListener("click", () => selectTab(name));
    button.addEventListener("keydown", (event) => {
      const to = {ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: -1}[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const next = TABS.at(to % TABS.length);
      selectTab(next);
      find(`tab-${next}`).focus();
    });
  });
}
