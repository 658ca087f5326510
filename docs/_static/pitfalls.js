// The table of pitfalls: choose by type, stage and effect, and sort by a column.
// Without JavaScript it is a plain table of all of them.
document.addEventListener("DOMContentLoaded", () => {
  const box = document.querySelector(".pitfalls");
  if (!box) return;
  const table = box.querySelector("table");
  const body = table.tBodies[0];
  const headers = [...table.tHead.rows[0].cells];
  const text = (row, column) => row.cells[column].textContent.trim();
  const bar = document.createElement("div");
  bar.className = "pitfalls-choice";

  const choices = [1, 2, 3].map((column) => {
    const select = document.createElement("select");
    const title = headers[column].textContent.trim();
    select.setAttribute("aria-label", title);
    select.add(new Option(title, ""));
    const values = new Set([...body.rows].map((row) => text(row, column)));
    [...values].sort().forEach((value) => select.add(new Option(value, value)));
    select.addEventListener("change", choose);
    bar.append(select);
    return { column, select };
  });

  function choose() {
    let shown = 0;
    for (const row of body.rows) {
      row.hidden = choices.some(
        ({ column, select }) => select.value && text(row, column) !== select.value,
      );
      shown += row.hidden ? 0 : 1;
    }
    box.querySelector(".pitfalls-none").classList.toggle("is-shown", !shown);
  }

  headers.forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent.trim();
    button.addEventListener("click", () => {
      const down = header.getAttribute("aria-sort") === "ascending";
      headers.forEach((each) => each.removeAttribute("aria-sort"));
      header.setAttribute("aria-sort", down ? "descending" : "ascending");
      const language = document.documentElement.lang;
      const rows = [...body.rows].sort((one, other) =>
        text(one, column).localeCompare(text(other, column), language),
      );
      body.append(...(down ? rows.reverse() : rows));
    });
    header.replaceChildren(button);
  });
  box.prepend(bar);
});
