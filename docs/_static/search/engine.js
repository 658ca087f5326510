// Finds pages and their sections. Knows nothing of the document that shows them.

import { distance, isHan, words } from "./words.js";

// How much a match weighs by where it is.
const WEIGHTS = { title: 16, short: 6, heading: 5, prose: 1, code: 0.6, output: 0.5 };
const IN_SHORT = "in-short";
// Half of a term's weight is reached with this much of it on a page, in a section.
const PAGE_HALF = 8;
const SECTION_HALF = 3;
// So much of a query, rare words counting more, has to be on a page.
const COVERAGE = 0.45;
const RARE = 1.5;
const SECTIONS = 3;
// Pages with less of what was asked than this part of the best are not shown.
const TAIL = 0.08;
// Against a word that is there as it was typed: its beginning, a typo, another word.
const PREFIX = 0.6;
const TYPO = 0.5;
const SYNONYM = 0.95;
// Parts of an identifier and single letters against a word; two Chinese words' border.
const PART = 0.25;
const BORDER = 0.3;
// Too small to be marked; each is its own stem.
const UNMARKED = new Set(
  "a an and are as at be by do for in is it not of on or that the this to with".split(" "),
);

export class Engine {
  constructor({ pages, synonyms }) {
    this.pages = pages;
    this.sections = pages.flatMap((page, number) =>
      page.sections.map((section, place) => ({ ...section, page: number, place })),
    );
    // The words of each page's title: a page with fewer others is more about these.
    this.titles = pages.map(({ sections }) =>
      [...words(sections[0]?.title ?? "")].map(head).filter((word) => !UNMARKED.has(word)),
    );
    // By term: for each section that has it, how much by kind of text.
    this.postings = new Map();
    this.sections.forEach((section, number) => this.add(section, number));
    this.vocabulary = [...this.postings.keys()];
    // What else a search for some words finds: other words, or (after a slash) a page. Words
    // that find nothing are questions around what is searched: 怎么.
    const rows = synonyms.map(([searched, finds]) => ({
      searched: [...words(searched)].map(head),
      finds,
    }));
    this.pins = rows.filter(({ finds }) => finds.startsWith("/"));
    this.unasked = synonyms.filter(([, finds]) => !finds).map(([searched]) => searched);
    this.synonyms = rows
      .filter(({ finds }) => finds && !finds.startsWith("/"))
      .map(({ searched, finds }) => ({ searched, finds: [...words(finds)] }));
  }

  add(section, number) {
    // What a page says in short: its first sentences, and the section of that name.
    const [first, ...more] = (section.prose ?? "").split("\n");
    const kinds = [
      [section.place ? "heading" : "title", section.title],
      [section.place && section.anchor !== IN_SHORT ? "prose" : "short", first],
      [section.anchor === IN_SHORT ? "short" : "prose", more.join("\n")],
      ["code", section.code],
      ["output", section.output],
    ];
    const flow = [];
    for (const [kind, text] of kinds) {
      for (const { terms } of words(text ?? "")) {
        flow.push(terms[0]);
        for (const term of terms) this.count(term, number, kind);
      }
    }
    section.flow = ` ${flow.join(" ")} `;
  }

  count(term, number, kind) {
    if (!this.postings.has(term)) this.postings.set(term, new Map());
    const places = this.postings.get(term);
    if (!places.has(number)) places.set(number, {});
    const counts = places.get(number);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }

  // Returns the pages, best first: [{page, sections, marks}], the last being how much each
  // term counts that is to be marked.
  search(query) {
    const telling = this.unasked.reduce((left, word) => left.replaceAll(word, " "), query);
    const asked = [...words(telling.trim() ? telling : query)];
    if (!asked.length) return [];
    const found = new Map();
    const isTyping = /[\p{L}\p{N}_]$/u.test(query);
    for (const { asked: variant, factor } of this.variants(asked)) {
      const terms = this.terms(variant, isTyping);
      for (const { page, score, sections, marks } of this.rank(terms, variant)) {
        if (!found.has(page)) found.set(page, { page, score: 0, best: 0, marks: new Map() });
        const result = found.get(page);
        marks.forEach((worth, term) => result.marks.set(term, worth));
        result.score += score * factor;
        if (score > result.best) Object.assign(result, { best: score, sections });
      }
    }
    const least = TAIL * Math.max(0, ...[...found.values()].map(({ score }) => score));
    for (const [page, { score }] of found) if (score < least) found.delete(page);
    this.pin(asked, found);
    return [...found.values()].sort((one, other) => other.score - one.score);
  }

  // Puts pages first that the table of synonyms names for these words.
  pin(asked, found) {
    const most = Math.max(1, ...[...found.values()].map(({ score }) => score));
    for (const each of new Set([asked, this.joined(asked)])) {
      for (const { searched, finds } of this.pins) {
        const number = this.pages.findIndex(({ name }) => `/${name}` === finds);
        if (number < 0 || placeOf(searched, each) < 0) continue;
        const page = this.pages[number];
        const sections = this.sections.filter((section) => section.page === number).slice(0, 1);
        if (!found.has(page)) found.set(page, { page, score: 0, sections, marks: new Map() });
        found.get(page).score += (most * searched.length) / each.length;
      }
    }
  }

  // The query as it is, and with other words for those that the table of synonyms has.
  *variants(asked) {
    const joined = this.joined(asked);
    for (const each of joined.length < asked.length ? [asked, joined] : [asked]) {
      yield { asked: each, factor: 1 };
      for (const { searched, finds } of this.synonyms) {
        const at = placeOf(searched, each);
        if (at < 0) continue;
        const instead = [...each.slice(0, at), ...finds, ...each.slice(at + searched.length)];
        yield { asked: instead, factor: SYNONYM };
      }
    }
  }

  // Returns a query with words that are parts of one identifier as that: "zero grad".
  joined(asked) {
    const joined = [];
    let rest = asked;
    while (rest.length) {
      const whole = (many) => rest.slice(0, many).map(head).join("");
      const isOne = (many) =>
        many <= rest.length && !isHan(whole(many)) && this.postings.has(whole(many));
      const many = [3, 2].find(isOne) ?? 1;
      joined.push(many > 1 ? { terms: [whole(many)] } : rest[0]);
      rest = rest.slice(many);
    }
    return joined;
  }

  // Returns what to look for: [{term, part, weight, rarity, forms: [[term, factor]]}].
  terms(asked, isTyping) {
    const wanted = new Map();
    const want = (term, weight, isLast) => {
      if (wanted.has(term)) return;
      const forms = this.forms(term, isLast);
      const pages = new Set(forms.flatMap(([form]) => this.pagesOf(form)));
      const rarity = Math.log(1 + (this.pages.length - pages.size + 0.5) / (pages.size + 0.5));
      const border = !forms.length && isHan(term) ? BORDER : 1;
      wanted.set(term, { term, part: weight < 1, weight: weight * border, rarity, forms });
    };
    asked.forEach(({ terms: [whole, ...parts] }, place) => {
      const isLast = isTyping && place === asked.length - 1;
      want(whole, whole.length > 1 || isHan(whole) ? 1 : PART, isLast);
      for (const part of parts) want(part, PART, false);
    });
    return [...wanted.values()];
  }

  // Returns the terms of the index that a term of a query stands for.
  forms(term, isLast) {
    const forms = this.postings.has(term) ? [[term, 1]] : [];
    const also = (isForm, factor) => {
      const more = this.vocabulary.filter((each) => each !== term && isForm(each));
      forms.push(...more.map((each) => [each, factor]));
    };
    if (isHan(term)) {
      if ([...term].length === 1) also((each) => each.includes(term), PREFIX);
      return forms;
    }
    if (isLast && term.length > 1) also((each) => each.startsWith(term), PREFIX);
    const limit = term.length < 4 ? 0 : term.length < 8 ? 1 : 2;
    for (let letters = 1; letters <= limit && !forms.length; letters++)
      also((each) => !/\d/.test(each) && distance(term, each, letters) <= letters, TYPO);
    return forms;
  }

  pagesOf(term) {
    return [...this.postings.get(term).keys()].map((number) => this.sections[number].page);
  }

  // Yields the pages that have enough of the terms, with their sections, best first.
  *rank(terms, asked) {
    const pages = new Map();
    for (const term of terms) {
      const worth = term.weight * term.rarity;
      for (const [page, sections] of this.amounts(term)) {
        if (!pages.has(page)) pages.set(page, { score: 0, covered: 0, sections: new Map() });
        const result = pages.get(page);
        const sum = total([...sections.values()]);
        result.score += (worth * sum) / (sum + PAGE_HALF);
        result.covered += needed(term);
        for (const [number, much] of sections)
          add(result.sections, number, (worth * much) / (much + SECTION_HALF));
      }
    }
    const all = total(terms.map(needed));
    const forms = new Set(terms.flatMap((term) => term.forms.map(([form]) => form)));
    const marks = this.marks(terms);
    for (const [number, { score, covered, sections }] of pages) {
      if (covered < COVERAGE * all) continue;
      let best = 0;
      for (const [section, points] of sections) {
        const order = inOrder(asked, this.sections[section]);
        sections.set(section, points * (1 + order));
        best = Math.max(best, order);
      }
      const told = this.titles[number].filter((word) => forms.has(word));
      const aboutThis = told.length / Math.max(1, this.titles[number].length);
      const whole = score * (covered / all) ** 2 * (1 + best) * (1 + aboutThis);
      yield { page: this.pages[number], score: whole, sections: this.best(sections), marks };
    }
  }

  // Returns for each page how much its sections have of a term.
  amounts({ forms }) {
    const pages = new Map();
    for (const [form, factor] of forms) {
      for (const [number, counts] of this.postings.get(form)) {
        const { page } = this.sections[number];
        if (!pages.has(page)) pages.set(page, new Map());
        add(pages.get(page), number, factor * amount(counts));
      }
    }
    return pages;
  }

  // Returns what to mark: neither "the", nor the parts of an identifier that was found.
  marks(terms) {
    const telling = terms.filter(({ term, part }) => !part && !UNMARKED.has(term));
    const shown = telling.some(({ forms }) => forms.length) ? telling : terms;
    const worth = ({ weight, rarity, forms }) => forms.map(([form]) => [form, weight * rarity]);
    return new Map(shown.flatMap(worth));
  }

  best(scores) {
    const sorted = [...scores].sort(([, one], [, other]) => other - one);
    const least = sorted[0][1] / 2;
    const good = sorted.filter(([, score]) => score >= least).slice(0, SECTIONS);
    return good.map(([number]) => this.sections[number]);
  }
}

const head = ({ terms }) => terms[0];
const total = (numbers) => numbers.reduce((one, other) => one + other, 0);
const add = (map, key, number) => map.set(key, (map.get(key) ?? 0) + number);
// How much it matters that a page has a term.
const needed = ({ weight, rarity }) => weight * Math.min(rarity, RARE);

// Returns where in a query some words are, or -1.
function placeOf(searched, asked) {
  const heads = asked.map(head);
  const isAt = (_, at) => searched.every((term, more) => heads[at + more] === term);
  return searched.length ? heads.findIndex(isAt) : -1;
}

// Returns how many of a query's neighbors are neighbors in a section, from 0 to 1.
function inOrder(asked, { flow }) {
  if (asked.length < 2) return 0;
  const pairs = asked.slice(1).map((word, place) => ` ${head(asked[place])} ${head(word)} `);
  return pairs.filter((pair) => flow.includes(pair)).length / pairs.length;
}

// Returns how much there is of a term, by where it is; the tenth time counts little.
function amount(counts) {
  const kinds = Object.entries(counts);
  return total(kinds.map(([kind, times]) => (WEIGHTS[kind] * 2 * times) / (times + 1)));
}
