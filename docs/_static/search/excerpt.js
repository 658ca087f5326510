// Which part of a text to show for a query, and what to mark in it.
//
// An excerpt is a list of [text, isMarked]: nothing here is HTML, nor becomes it.

import { isHan, words } from "./words.js";

const LENGTH = 170;
const LENGTH_CHINESE = 90;
const LONGER = 1.2; // where only some words more are left
const BEFORE = 1 / 4; // so much of an excerpt is before the first mark

// Returns the part of the prose that says most of what was asked, or its beginning.
export function ofProse(prose, marks) {
  const paragraphs = prose.split("\n");
  const { text, spots } = mostMarked(paragraphs, marks)[0] ?? { text: paragraphs[0], spots: [] };
  const length = isHan(text) ? LENGTH_CHINESE : LENGTH;
  if (text.length <= length) return marked(text, spots);
  const from = bestSpot(spots, length * (1 - BEFORE)) - length * BEFORE;
  const start = wordAt(text, Math.max(0, Math.min(from, text.length - length)));
  const isEnd = text.length <= start + length * LONGER;
  const end = isEnd ? text.length : wordAt(text, start + length);
  const inside = spots.filter((spot) => spot.start >= start && spot.end <= end);
  const parts = marked(text.slice(start, end).trimEnd(), inside, start);
  if (start) parts.unshift(["… ", false]);
  if (end < text.length) parts.push([" …", false]);
  return parts;
}

// Returns where the text begins that has most of what was asked within a length.
function bestSpot(spots, length) {
  const worth = ({ start }) =>
    worthOf(spots.filter((spot) => spot.start >= start && spot.end <= start + length));
  const inOrder = [...spots].sort((one, other) => worth(other) - worth(one));
  return inOrder[0]?.start ?? 0;
}

// Returns the lines of code or output that have most of what was asked.
export function ofLines(text, marks, most) {
  const lines = mostMarked(text.split("\n"), marks);
  const good = lines.filter(({ worth }) => worth > lines[0].worth / 2);
  return good.slice(0, most).map(({ text: line, spots }) => marked(line, spots));
}

// Returns how much of what was asked the best paragraph or line of a text has.
export function worthOfBest(text, marks) {
  return mostMarked((text ?? "").split("\n"), marks)[0]?.worth ?? 0;
}

// Returns a whole short text, such as a title, with its marks.
export function ofTitle(title, marks) {
  return marked(title, spotsIn(title, marks));
}

function mostMarked(texts, marks) {
  return texts
    .map((text) => ({ text, spots: spotsIn(text, marks) }))
    .map(({ text, spots }) => ({ text, spots, worth: worthOf(spots) }))
    .filter(({ spots }) => spots.length)
    .sort((one, other) => other.worth - one.worth);
}

function spotsIn(text, marks) {
  const spots = [];
  for (const { start, end, terms } of words(text)) {
    const term = terms.find((each) => marks.has(each));
    if (term) spots.push({ start, end, term, worth: marks.get(term) });
  }
  return spots;
}

// Returns how much of what was asked some marks are; a repeated term counts once.
function worthOf(spots) {
  const terms = new Map(spots.map(({ term, worth }) => [term, worth]));
  return [...terms.values()].reduce((sum, worth) => sum + worth, 0);
}

// Returns where the word at a place begins; Chinese may be cut anywhere.
function wordAt(text, place) {
  let at = Math.floor(place);
  const isInside = () => /[\w.]/.test(text[at] ?? "") && /[!-~]/.test(text[at - 1] ?? "");
  while (isInside()) at--;
  return at;
}

function marked(text, spots, offset = 0) {
  const parts = [];
  let at = 0;
  for (const { start, end } of spots) {
    const from = Math.max(at, start - offset);
    if (end - offset <= at) continue;
    if (from > at) parts.push([text.slice(at, from), false]);
    const last = parts.at(-1);
    // Chinese terms overlap: what they mark is one.
    if (last?.[1] && from === at) last[0] += text.slice(from, end - offset);
    else parts.push([text.slice(from, end - offset), true]);
    at = end - offset;
  }
  if (at < text.length) parts.push([text.slice(at), false]);
  return parts;
}
