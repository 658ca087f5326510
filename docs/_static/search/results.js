// Results as elements: a page, and the sections of it where something was found.

import { ofLines, ofProse, ofTitle, worthOfBest } from "./excerpt.js";

const LINES = 2;
const NEAR_BEST = 0.6;

// Returns an item for each page. All text is set as text: nothing of it is HTML.
export function resultList(found, root) {
  return found.map(({ page, sections, marks }) => {
    const top = sections.find(({ place }) => !place);
    // Where the beginning has none of what was asked, open the section that has.
    const jump = !top && sections.length && sections[0].anchor !== "in-short";
    const there = jump ? `${page.address}#${sections[0].anchor}` : page.address;
    const address = new URL(there, root);
    const item = element("li", "search-result");
    const title = link(address, "search-title", ofTitle(page.sections[0].title, marks));
    if (page.group) title.firstChild.append(element("span", "search-group", page.group));
    if (top) title.append(...excerpts(top, marks));
    const parts = sections.filter(({ place }) => place).map((section) => {
      const part = link(new URL(`#${section.anchor}`, address), "search-section", ofTitle(section.title, marks));
      part.append(...excerpts(section, marks));
      return part;
    });
    item.append(title, ...parts);
    return item;
  });
}

// Returns what was found in a section: prose, and apart from it code and output; only what
// has about as much of the query as the best of them.
function excerpts(section, marks) {
  const texts = { prose: section.prose, code: section.code, output: section.output };
  const worth = Object.entries(texts).map(([kind, text]) => [kind, worthOfBest(text, marks)]);
  const enough = NEAR_BEST * Math.max(...worth.map(([, each]) => each));
  const kinds = worth.filter(([, each]) => each && each >= enough).map(([kind]) => kind);
  // Where a title alone was found, the text begins.
  if (!kinds.length && section.prose) kinds.push("prose");
  return kinds.map((kind) => excerpt(kind, texts[kind], marks));
}

function excerpt(kind, text, marks) {
  const shown = element(kind === "prose" ? "span" : "code", `search-${kind}`);
  if (kind === "prose") {
    shown.append(...pieces(ofProse(text, marks)));
    return shown;
  }
  for (const line of ofLines(text, marks, LINES)) {
    const row = element("span", "search-line");
    row.append(...pieces(line));
    shown.append(row);
  }
  return shown;
}

function link(address, kind, title) {
  const made = element("a", kind);
  made.href = address;
  const head = element("span", "search-head");
  const name = element("span", "search-name");
  name.append(...pieces(title));
  head.append(name);
  made.append(head);
  return made;
}

function pieces(parts) {
  return parts.map(([text, isMarked]) => (isMarked ? element("mark", "", text) : text));
}

function element(name, kind, text = "") {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  made.textContent = text;
  return made;
}
