// Opens the search: by its boxes, by / and by Ctrl-K. All else is loaded on first use.
//
// Without JavaScript the boxes lead to the search page.

const TYPING = "input, textarea, select, [contenteditable]";

const dialog = document.querySelector("dialog.search-dialog");
const field = document.querySelector(".search-panel input");
const root = new URL(document.documentElement.dataset.content_root, location.href);
let index;

async function open(words) {
  // At once, so that what is typed from now on is in the field.
  if (dialog && !dialog.open) dialog.showModal();
  if (words) field.value = words;
  field.focus();
  if (!words) field.select();
  index ??= load().catch((error) => {
    index = undefined; // the next try asks again
    throw error;
  });
  const { beginSearch } = await import("./panel.js");
  beginSearch(root, index);
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

// A field on a page, such as at home: a click or what is typed goes to the dialog.
for (const box of document.querySelectorAll("[data-search-open]")) {
  for (const kind of ["click", "input"]) {
    box.addEventListener(kind, () => {
      const words = box.value;
      box.value = "";
      open(words);
    });
  }
}

document.addEventListener("keydown", (event) => {
  const isCommand = event.ctrlKey || event.metaKey;
  if (event.altKey || event.isComposing) return;
  const isSlash = event.key === "/" && !isCommand && !event.target.closest?.(TYPING);
  const isCommandK = event.key === "k" && isCommand;
  if (!isSlash && !isCommandK) return;
  event.preventDefault();
  open();
});

// The search page searches for what its address says.
if (document.querySelector(".search-page")) {
  field.value = new URLSearchParams(location.search).get("q") ?? "";
  open();
}
