"""What the world is told of a page, gathered in one place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from editions.edition import Edition
from recipe_site.recipes import recordings_of
from recipe_site.sharing.descriptions import description
from recipe_site.sharing.first_recorded import first_recorded

if TYPE_CHECKING:
    from sphinx.application import Sphinx


@dataclass(frozen=True, slots=True)
class SharedPage:
    """A page as others speak of it. What is unknown is empty and left out."""

    name: str
    """Sphinx's name of the document."""
    path: str
    """Its address within the edition."""
    title: str
    """As on the page."""
    description: str = ""
    published: str = ""
    """When it was first recorded, ISO 8601."""
    modified: str = ""
    """When its recording was made, ISO 8601."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """What it was recorded with."""


@dataclass(frozen=True, slots=True)
class SharedSite:
    """The edition that is built, as others speak of it."""

    name: str
    author: str
    edition: Edition
    editions: tuple[Edition, ...] = ()
    root: str = ""
    """Address of the whole site with a slash at its end, if known."""
    home: str = "index.html"
    """Address of the first page within the edition."""

    def address(self, path: str, edition: Edition | None = None) -> str:
        """Return the public address of a path in an edition: by default, this one."""
        return f"{self.root}{(edition or self.edition).name}/{path}"


def shared_site(app: "Sphinx") -> SharedSite:
    """Return what is known of the edition."""
    config, context = app.config, app.config.html_context
    return SharedSite(
        name=config.project,
        author=config.author,
        edition=Edition(config.language),
        editions=tuple(context.get("editions", ())),
        root=context.get("site", ""),
        home=app.builder.get_target_uri(config.root_doc),
    )


def shared_page(app: "Sphinx", page: str) -> SharedPage:
    """Return what is known of a page."""
    env = app.env
    about = description(env.metadata.get(page, {}), env.titles)
    title = env.titles[page].astext()
    path = app.builder.get_target_uri(page)
    build = recordings_of(app)
    recording = build.recording(page) if build else None
    if recording is None:
        return SharedPage(page, path, title, about)
    run = recording.run
    published = first_recorded(app).get(page, "")
    if published:
        # A recording is made before it is committed.
        published = min(published, run.date)
    return SharedPage(page, path, title, about, published, run.date, run.versions)


def has_recordings(app: "Sphinx") -> bool:
    """Return whether there is a page of which is known when it was made."""
    build = recordings_of(app)
    return build is not None and any(map(build.recording, build.entries))


def shared_pages(app: "Sphinx") -> Iterator[SharedPage]:
    """Yield all pages of the edition that search finds, in the order of names."""
    for page in sorted(app.env.found_docs):
        if "nosearch" not in app.env.metadata.get(page, {}):
            yield shared_page(app, page)
