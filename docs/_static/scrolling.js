// What is wider than the page can be scrolled by keyboard, too.
{
  const mark = () => {
    for (const box of document.querySelectorAll("article pre, article .table-wrapper")) {
      box.scrollWidth > box.clientWidth + 1
        ? box.setAttribute("tabindex", "0")
        : box.removeAttribute("tabindex");
    }
  };
  mark();
  addEventListener("resize", mark);
  document.addEventListener("toggle", mark, true); // what was folded has no width
}
