// The panel that is searched in: in a dialog, or a part of the search page.

import { Engine } from "./engine.js";
import { resultList } from "./results.js";

const isPage = Boolean(document.querySelector(".search-page"));
const dialog = document.querySelector("dialog.search-dialog");
const panel = document.querySelector(".search-panel");
const field = panel.querySelector("input");
const status = panel.querySelector(".search-status");
const results = panel.querySelector(".search-results");
const said = panel.dataset;
let root;
let engine;

// Begins to search, once there is an index; `site` is the address that pages are below.
export async function beginSearch(site, index) {
  root = site;
  if (engine) return;
  const waits = setTimeout(() => (status.textContent = said.loading), 300);
  try {
    engine = new Engine(await index);
    status.textContent = "";
    show();
  } catch (error) {
    status.textContent = said.failed;
    throw error;
  } finally {
    clearTimeout(waits);
  }
}

function show() {
  if (!engine) return;
  const query = field.value.trim();
  const found = query ? engine.search(query) : [];
  results.replaceChildren(...resultList(found, root));
  results.scrollTop = 0;
  panel.dataset.state = found.length ? "found" : query ? "none" : "empty";
  if (!query) status.textContent = "";
  else if (!found.length) status.textContent = said.none.replace("%s", query);
  else status.textContent = found.length === 1 ? said.one : said.many.replace("%s", found.length);
  if (isPage) history.replaceState(null, "", query ? `?q=${encodeURIComponent(query)}` : "?");
}

// Moves between the field and the links by arrow keys; what is typed goes to the field.
function move(event) {
  const isCommand = event.altKey || event.ctrlKey || event.metaKey;
  if (event.key.length === 1 && event.key !== " " && !isCommand) field.focus();
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.isComposing || isCommand) return;
  const stops = [field, ...panel.querySelectorAll(".search-results a, .search-elsewhere a")];
  const visible = stops.filter((stop) => stop.offsetParent);
  const next = visible[visible.indexOf(document.activeElement) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
  if (next === field) results.scrollTop = 0;
  else next.scrollIntoView({ block: "nearest" });
}

field.addEventListener("input", (event) => {
  if (!event.isComposing) show();
});
field.addEventListener("compositionend", show);
panel.addEventListener("keydown", move);
panel.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  panel.querySelector(".search-results a")?.click();
});
dialog?.addEventListener("click", (event) => {
  const isOutside = event.target === dialog;
  // A result on this page is in sight once the dialog is gone.
  if (isOutside || event.target.closest("a[href], .search-close")) dialog.close();
});
