// Sphinx-Gallery's list of tags has English labels: put the edition's own there.
document.addEventListener("DOMContentLoaded", () => {
  const list = document.getElementById("sg-tag-list");
  const [label, clear] = list ? list.querySelectorAll(".sphx-glr-tag-label") : [];
  if (label) label.textContent = list.dataset.label;
  if (clear) clear.textContent = list.dataset.clear;
});
