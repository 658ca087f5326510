// Loads a page again when its edition was built, and shows what is going on.
{
  const { edition, stamp } = document.currentScript.dataset;
  const bar = document.createElement("div");
  bar.setAttribute("role", "status");
  bar.style.cssText =
    "position:fixed;inset:auto 0 0 0;z-index:99;padding:.4em 1em;white-space:pre-line;" +
    "background:#333;color:#fff;font:14px/1.4 sans-serif";
  new EventSource("/-/state").onmessage = ({ data }) => {
    const { stamps, notes } = JSON.parse(data);
    if ((stamps[edition] ?? "") !== stamp) {
      location.reload();
    }
    bar.textContent = notes.join("\n");
    if (notes.length) {
      document.body.append(bar);
    } else {
      bar.remove();
    }
  };
}
