// How text is taken apart into the terms that are searched, in pages and queries alike.
//
// Latin words are stemmed, so that "cleared" finds "clearing". An identifier is a term
// without its underscores, and so are its parts: zero_grad is zerograd, zero and grad.
// Chinese has no spaces: its terms are all pairs of neighbors.

const WORD = /[\u3040-\u30ff\p{Script=Han}]+|(?:(?![\u3040-\u30ff\p{Script=Han}])[\p{L}\p{N}_])+/gu;
const HAN = /[\u3040-\u30ff\p{Script=Han}]/u; // or kana
const PART = /_+|(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;

export const isHan = (text) => HAN.test(text);

// Yields {start, end, terms}: where each word is, and its terms, the whole word first.
export function* words(text) {
  for (const { 0: word, index } of text.matchAll(WORD)) {
    if (!isHan(word)) {
      const terms = latinTerms(word.normalize("NFKC"));
      if (terms.length) yield { start: index, end: index + word.length, terms };
      continue;
    }
    const characters = [...word];
    if (characters.length === 1) yield { start: index, end: index + word.length, terms: [word] };
    let start = index;
    for (let place = 1; place < characters.length; place++) {
      const pair = characters[place - 1] + characters[place];
      yield { start, end: start + pair.length, terms: [pair] };
      start += characters[place - 1].length;
    }
  }
}

// A text has the same words again and again.
const known = new Map();

function latinTerms(word) {
  if (!known.has(word)) {
    const parts = word.split(PART).filter(Boolean);
    const whole = parts.length > 1 ? [parts.join("").toLowerCase()] : [];
    const stems = parts.map((part) => stem(part.toLowerCase()));
    known.set(word, [...new Set([...whole, ...stems])]);
  }
  return known.get(word);
}

const ENDINGS = [
  [/ies$/, "y"],
  [/(ss|sh|ch|x|z)es$/, "$1"],
  [/([^siu])s$/, "$1"],
  [/^(.*[aeiouy].*[^aeiou])\1?(ing|ed)$/, "$1"],
];

// An English word without its ending: enough that its forms are one term.
export function stem(word) {
  if (word.length < 4) return word;
  let stemmed = word;
  for (const [ending, kept] of ENDINGS) {
    if (stemmed.length > 3) stemmed = stemmed.replace(ending, kept);
  }
  stemmed = stemmed.replace(/([^aeiouylsz])\1$/, "$1"); // clipping: clipp, clip
  stemmed = stemmed.replace(/([ts])ion$/, "$1"); // accumulation, accumulate
  return stemmed.length > 3 ? stemmed.replace(/e$/, "") : stemmed;
}

// How many letters differ, two exchanged neighbors counting once; `limit` + 1 if more.
export function distance(one, other, limit) {
  if (Math.abs(one.length - other.length) > limit) return limit + 1;
  let rows = [[], [], Array.from({ length: other.length + 1 }, (_, place) => place)];
  for (let i = 1; i <= one.length; i++) {
    const [, last2, last] = rows;
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1];
      row[j] = Math.min(row[j - 1] + 1, last[j] + 1, last[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1])
        row[j] = Math.min(row[j], last2[j - 2] + 1);
    }
    if (Math.min(...row) > limit) return limit + 1;
    rows = [last2, last, row];
  }
  return rows[2][other.length];
}
