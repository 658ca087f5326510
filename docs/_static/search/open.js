// Opens the search: by its boxes, by / and by Ctrl-K. All else is loaded on first use.
//
// Without JavaScript the boxes lead to the search page.

const TYPING = "input, textarea, select, [contenteditable]";

const root = new URL(document.documentElement.dataset.content_root, location.href);
let index;

async function open() {
  index ??= load().catch((error) => {
    index = undefined; // the next try asks again
    throw error;
  });
  const { openSearch } = await import("./panel.js");
  openSearch(root, index);
}

async function load() {
  const answer = await fetch(new URL("search-index.json", root));
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status}`);
  return answer.json();
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches(".search-opener")) return;
  event.preventDefault();
  open();
});

document.addEventListener("keydown", (event) => {
  const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey;
  const letter = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
  if (!(letter || (slash && !event.target.closest?.(TYPING)))) return;
  event.preventDefault();
  open();
});

if (document.querySelector(".search-page")) open();
