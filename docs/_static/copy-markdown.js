// The link to a page's Markdown becomes a button that copies it.
for (const link of document.querySelectorAll(".copy-markdown")) {
  // Files that were opened without a server can't be read by a script.
  if (!navigator.clipboard || !location.protocol.startsWith("http")) continue;
  const said = link.parentElement.querySelector("[role=status]");
  link.setAttribute("role", "button");
  link.title = link.dataset.copy;
  link.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    link.click();
  });
  link.addEventListener("click", async (event) => {
    // Who wants another tab gets the page.
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    try {
      const answer = await fetch(link.href);
      if (!answer.ok) throw new Error(answer.statusText);
      await navigator.clipboard.writeText(await answer.text());
      said.textContent = link.dataset.copied;
      setTimeout(() => (said.textContent = ""), 2000);
    } catch {
      location.assign(link.href);
    }
  });
}
