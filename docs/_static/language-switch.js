// Keep the reader's place: what follows the page's address goes along to the other language.
{
  const links = document.querySelectorAll(".language-switch a");
  const follow = () =>
    links.forEach((link) => {
      link.search = location.search;
      link.hash = location.hash;
    });
  follow();
  addEventListener("hashchange", follow);
}
