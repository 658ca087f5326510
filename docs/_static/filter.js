// Choose among a page's recipes: by words, and by what their chips say. What is chosen
// is kept in the address. Without JavaScript, a page shows all of its recipes.
{
  const KEYS = ["type", "stage", "effect", "tag"];
  const boxes = [...document.querySelectorAll(".pitfalls, .recipe-cards")];
  const words = document.getElementById("filter-words");
  if (boxes.length && words) {
    const isTable = boxes[0].matches(".pitfalls");
    const each = isTable ? "tbody tr" : ":scope > li";
    const items = boxes.flatMap((box) => [...box.querySelectorAll(each)]);
    const { label, all, find, none, search } = JSON.parse(words.textContent);
    const chosen = new URLSearchParams(location.search);
    const chips = (item, key) => [...item.querySelectorAll(`.chip[data-key="${key}"]`)];
    const values = (key) =>
      new Map(
        items.flatMap((item) =>
          chips(item, key).map((chip) => [chip.dataset.value, chip.textContent]),
        ),
      );

    const bar = document.createElement("div");
    bar.className = "filter-bar";
    bar.setAttribute("role", "search");
    const text = document.createElement("input");
    text.type = "search";
    text.placeholder = text.ariaLabel = find;
    text.value = chosen.get("find") ?? "";
    text.addEventListener("input", () => choose("find", text.value));
    if (isTable) bar.append(text);
    const selects = KEYS.filter((key) => values(key).size > 1).map((key) => {
      const select = document.createElement("select");
      select.name = key;
      select.ariaLabel = label[key];
      select.add(new Option(all.replace("%s", label[key]), ""));
      const sorted = [...values(key)].sort((one, other) =>
        one[1].localeCompare(other[1], document.documentElement.lang),
      );
      sorted.forEach(([value, shown]) => select.add(new Option(shown, value)));
      select.addEventListener("change", () => choose(key, select.value));
      return select;
    });
    bar.append(...selects);
    const said = document.createElement("p");
    said.className = "filter-none";
    said.setAttribute("role", "status");
    boxes[0].before(bar, said);

    // A chip on this page chooses here; one on another page leads to an address.
    addEventListener("click", (event) => {
      const chip = event.target.closest(".pitfalls .chip, .recipe-cards .chip");
      if (!chip || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const { key, value } = chip.dataset;
      choose(key, chosen.get(key) === value ? "" : value);
    });

    function choose(key, value) {
      value ? chosen.set(key, value) : chosen.delete(key);
      const query = chosen.toString();
      const address = `${location.pathname}${query && `?${query}`}${location.hash}`;
      history.replaceState(null, "", address);
      dispatchEvent(new Event("hashchange")); // the language switch follows it
      show();
    }

    function show() {
      const sought = (chosen.get("find") ?? "").toLowerCase().split(/\s+/);
      for (const item of items) {
        const content = item.textContent.toLowerCase();
        const fits = KEYS.every(
          (key) =>
            !chosen.get(key) ||
            chips(item, key).some((chip) => chip.dataset.value === chosen.get(key)),
        );
        item.hidden = !fits || !sought.every((word) => content.includes(word));
      }
      selects.forEach((select) => (select.value = chosen.get(select.name) ?? ""));
      for (const box of boxes) box.hidden = items.every((it) => it.hidden || !box.contains(it));
      for (const chip of boxes.flatMap((box) => [...box.querySelectorAll(".chip")])) {
        const isOn = chosen.get(chip.dataset.key) === chip.dataset.value;
        isOn ? chip.setAttribute("aria-current", "true") : chip.removeAttribute("aria-current");
      }
      said.textContent = items.every((item) => item.hidden) ? `${none} ` : "";
      if (!said.textContent) return;
      const link = document.createElement("a");
      const root = document.documentElement.dataset.content_root;
      link.href = `${root}search.html?q=${encodeURIComponent(chosen.get("find") ?? "")}`;
      link.textContent = search;
      said.append(link);
    }
    show();
  }
}
