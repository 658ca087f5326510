"""The directives `message` and `message-box`, of which the index of messages is made.

    ```{message} Trying to backward through the graph a second time
    :recipe: recipes/pitfalls/backward_twice

    Its cause, in a sentence.
    ```

The argument is how the message begins, with `…` for what differs from program to
program. What is shown is what the recipe printed when it was recorded, so the index
holds no message that PyTorch does not print.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.locale import get_translation
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from recipe_site.printed_messages import Message, has_message, printed_messages
from recipe_site.recipes import link_to, recordings_of
from recipe_site.script_words import script_words
from recipe_site.search.sections import is_output
from recordings.page.build import note_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

    from recordings.model import Recording

_ = get_translation("site")
logger = logging.getLogger(__name__)

KEY = "error_messages"
"""Under which a page's metadata lists its messages."""


class MessageEntry(SphinxDirective):
    """A message as a recipe printed it, its cause, and the link to the recipe."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Any] | None] = {
        "recipe": directives.unchanged_required
    }

    def run(self) -> list[nodes.Node]:
        """Make a section, so that the message has an anchor and search finds it."""
        begins, recipe = " ".join(self.arguments[0].split()), self.options.get("recipe")
        if not recipe:
            raise self.error("add the page that shows it, such as :recipe: recipes/…")
        metadata = self.env.metadata[self.env.docname]
        metadata.setdefault(KEY, []).append((recipe, begins))
        # Literal, so that quotation marks stay as they are printed.
        title = nodes.title("", "", nodes.literal("", begins), translatable=False)
        section = nodes.section("", title, classes=["message"])
        section["ids"].append(nodes.make_id(begins))
        section["names"].append(nodes.fully_normalize_name(begins))
        self.state.document.note_implicit_target(section, section)
        self.set_source_info(section)
        build = recordings_of(self.env.app)
        recording = build.recording(recipe) if build else None
        if build and recipe in build.entries:
            self.env.note_dependency(note_of(self.env.app, recipe))
        if recording:
            found = self._found(recording, recipe, begins)
            section += _output(str(found)) if found else []
        section += self.parse_content_to_nodes()
        section += _source(recipe, self.env.docname, recording)
        return [section]

    def _found(
        self, recording: "Recording", recipe: str, begins: str
    ) -> Message | None:
        """Return the message that the recipe printed; tell if it printed none."""
        printed = list(printed_messages(recording))
        for message in printed:
            if _begins(message, begins):
                return message
        others = "".join(f"\n  {it.text.splitlines()[0][:90]}" for it in printed)
        logger.warning(
            "%s printed no message that begins with “%s”. If PyTorch words it in "
            "another way now, copy its new beginning. It printed:%s",
            f"{recipe}.py",
            begins,
            others or " none",
            location=self.get_location(),
            type="error_messages",
        )
        return None


class MessageBox(SphinxDirective):
    """Where `messages.js` puts the field to paste a message into."""

    def run(self) -> list[nodes.Node]:
        """Make the words that the script shows; without it, there is no field."""
        words = {
            "label": str(_("Paste an error message, or type a part of it")),
            "none": str(_("No message here is like that one.")),
            "search": str(_("Search all pages")),
        }
        return [script_words("message-words", words)]


def _output(text: str) -> nodes.literal_block:
    return nodes.literal_block(
        text, text, language="none", classes=["output"], translatable=False
    )


def _source(recipe: str, here: str, recording: "Recording | None") -> nodes.paragraph:
    """Link to the recipe, and say which version printed the message."""
    link = nodes.paragraph("", "", link_to(recipe, here), translatable=False)
    link["classes"].append("message-source")
    if recording and (version := recording.run.versions.get("torch")):
        link += nodes.Text(f" · PyTorch {version}")
    return link


def wrap_messages(_app: "Sphinx", document: nodes.document) -> None:
    """Let long lines of an output with a message wrap; those of others scroll."""
    for block in document.findall(nodes.literal_block):
        if is_output(block) and has_message(block.astext()):
            block["classes"].append("wrapped")


def listed(env: "BuildEnvironment") -> Mapping[str, list[tuple[str, str]]]:
    """Return what pages list: the recipe and the beginning of each message."""
    return {page: said[KEY] for page, said in env.metadata.items() if KEY in said}


def tell_what_is_missing(app: "Sphinx", env: "BuildEnvironment") -> None:
    """Warn of each printed message that no page lists, if there is such a page."""
    build, pages = recordings_of(app), listed(env)
    if build is None or not pages:
        return
    known = [begins for messages in pages.values() for _recipe, begins in messages]
    for page in build.entries:
        if recording := build.recording(page):
            for message in _unlisted(recording, known):
                logger.warning(
                    "it prints “%s”, which is not in the index of messages. Add it "
                    "with its cause to docs/%s.md: ```{message} …",
                    f"{message.kind}: {message.text.splitlines()[0]}",
                    next(iter(pages)),
                    location=f"{env.doc2path(page)}:1",  # moved to the recipe
                    type="error_messages",
                )


def _unlisted(recording: "Recording", known: list[str]) -> Iterator[Message]:
    for message in printed_messages(recording):
        if not any(_begins(message, begins) for begins in known):
            yield message


def _begins(message: Message, words: str) -> bool:
    """Return whether a message begins with some words; `…` stands for any."""
    pattern = ".*?".join(map(re.escape, words.split("…")))
    return bool(re.match(pattern, " ".join(message.text.split())))


def renew(
    _app: "Sphinx",
    env: "BuildEnvironment",
    added: set[str],
    _changed: set[str],
    removed: set[str],
) -> list[str]:
    """Have an index read again when a recipe that it names is gone, or is there now."""
    other = added | removed
    return [page for page, recipes in _named(env).items() if recipes & other]


def retitle(_app: "Sphinx", env: "BuildEnvironment") -> list[str]:
    """Have an index written again when a recipe that it names has another title."""
    titles = {
        page: {each: env.titles[each].astext() for each in recipes & env.titles.keys()}
        for page, recipes in _named(env).items()
    }
    old: dict[str, dict[str, str]] = getattr(env, "titles_in_messages", {})
    env.titles_in_messages = titles  # type: ignore[attr-defined]
    return [page for page in titles if page in old and old[page] != titles[page]]


def _named(env: "BuildEnvironment") -> dict[str, set[str]]:
    """Return the recipes that each page with messages names."""
    return {
        page: {recipe for recipe, _begins in messages}
        for page, messages in listed(env).items()
    }


def setup_messages(app: "Sphinx") -> None:
    """Add the directives."""
    app.add_directive("message", MessageEntry)
    app.add_directive("message-box", MessageBox)
    app.connect("doctree-read", wrap_messages)
    app.connect("env-get-outdated", renew)
    app.connect("env-updated", retitle)
    app.connect("env-check-consistency", tell_what_is_missing)
