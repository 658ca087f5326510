// Filter the index of error messages by what a reader pastes. Numbers, shapes, names and
// paths are left out of the comparison: they differ from program to program.
{
  const entries = [...document.querySelectorAll("section.message")];
  const texts = document.getElementById("message-words");
  if (entries.length && texts) {
    const { label, none, search } = JSON.parse(texts.textContent);
    const known = entries.map((entry) => words(entry.querySelector("pre")?.textContent));
    const uses = new Map();
    for (const word of known.flatMap((each) => [...each]))
      uses.set(word, (uses.get(word) ?? 0) + 1);
    // A word of few messages says more than one of many; a word of none says the most.
    const weight = (word) => Math.log((entries.length + 1) / (uses.get(word) ?? 0.5));
    const total = (several) => [...several].reduce((sum, it) => sum + weight(it), 0);
    const LEAST = 0.5; // how much of the shorter text the longer one has to share
    const NEAR = 0.6; // of what the most like message shares

    const form = document.createElement("form");
    form.className = "message-box";
    form.setAttribute("role", "search");
    const box = document.createElement("textarea");
    box.rows = 3;
    box.name = "message";
    box.ariaLabel = box.placeholder = label;
    box.spellcheck = false;
    const said = document.createElement("div");
    said.setAttribute("role", "status");
    form.append(box, said);
    form.addEventListener("submit", (event) => event.preventDefault());
    box.addEventListener("input", show);
    texts.after(form);

    // The words of a message. Of a traceback, its last line that names an error counts.
    function words(text = "") {
      const lines = text.split("\n");
      const last = lines.findLastIndex((line) => /(^|\s)[\w.]*(Error|Warning): /.test(line));
      const message = lines
        .slice(Math.max(last, 0))
        .join(" ")
        .replace(/(?<!\w)(["'`])\S*?\1/g, " ") // quoted names
        .replace(/\[[^\]]*\]/g, " ") // shapes, and types with shapes
        .replace(/\S*[/\\]\S*/g, " "); // paths
      return new Set(message.toLowerCase().match(/[a-z_]{2,}/g));
    }

    // How much of the shorter text the longer one shares, and how much that is.
    function likeness(asked, message) {
      const shared = total([...asked].filter((word) => message.has(word)));
      return { share: shared / Math.min(total(asked), total(message)), shared };
    }

    function show() {
      const asked = words(box.value);
      const scores = known.map((message) => likeness(asked, message));
      const likely = scores.map(({ share }) => share >= LEAST);
      const best = Math.max(0, ...scores.map(({ shared }, at) => (likely[at] ? shared : 0)));
      const fits = scores.map(({ shared }, at) => likely[at] && shared >= NEAR * best);
      const isShown = (number) => !asked.size || fits[number];
      entries.forEach((entry, number) => (entry.hidden = !isShown(number)));
      for (const group of document.querySelectorAll("section:has(> section.message)"))
        if (!group.querySelector("h1"))
          group.hidden = !group.querySelector("section.message:not([hidden])");
      said.replaceChildren(...(asked.size ? found(scores, fits) : []));
    }

    // Links to the messages, the most like first; or the way to the search.
    function found(scores, fits) {
      const order = entries.map((_, number) => number).filter((number) => fits[number]);
      order.sort((one, other) => scores[other].shared - scores[one].shared);
      if (!order.length) {
        const link = document.createElement("a");
        link.href = `../search.html?${new URLSearchParams({ q: box.value.slice(0, 300) })}`;
        link.textContent = search;
        return [`${none} `, link];
      }
      const list = document.createElement("ol");
      for (const number of order.slice(0, 5)) {
        const title = entries[number].querySelector("h2, h3");
        const link = document.createElement("a");
        link.href = `#${entries[number].id}`;
        link.textContent = title.firstChild.textContent;
        const item = document.createElement("li");
        item.append(link);
        list.append(item);
      }
      return [list];
    }
  }
}
