"""Tell Sphinx-Gallery of failures as it tells itself, and let it judge them."""

import os
from textwrap import indent
from typing import Any

from sphinx_gallery import gen_gallery, gen_rst


class ExampleFailed(Exception):  # noqa: N818 - what happened, not a fault of ours
    """A recipe failed, and Sphinx-Gallery is to stop there."""


def is_expected(variables: dict[str, Any], settings: dict[str, Any]) -> bool:
    """Tell whether the recipe of a page is expected to fail."""
    return variables["src_file"] in gen_gallery._expected_failing_examples(settings)


def tell(
    traceback: str,
    message: str,
    variables: dict[str, Any],
    settings: dict[str, Any],
    command: str,
) -> None:
    """Do what Sphinx-Gallery's `handle_exception` does.

    Args:
        traceback: As it is shown.
        message: Of what was raised.
        variables: Sphinx-Gallery's of the page.
        settings: Sphinx-Gallery's.
        command: What people type to run the recipe alone.

    Raises:
        ExampleFailed: It is to stop at the first failure.
    """
    file = os.path.relpath(variables["src_file"], settings["src_dir"])
    shown = indent(traceback, "    ")
    if is_expected(variables, settings):
        gen_rst.logger.info(
            "\n%s expectedly failed to execute correctly:\n\n%s", file, shown
        )
    else:
        gen_rst.logger.warning(
            "\n%s unexpectedly failed to execute correctly:\n\n%s\n"
            "To run it alone, type: %s",
            *(file, shown, command),
            type=gen_rst.WARNING_TYPE,
            subtype="example_error",
        )
    if settings["abort_on_example_error"]:
        raise ExampleFailed(message)
    variables["formatted_exception"] = traceback
    variables["execute_script"] = False


def as_rest(traceback: str) -> str:
    """Return the reST that shows a traceback."""
    rest = gen_rst.codestr2rst(traceback, lang="pytb")
    return f"\n.. rst-class:: sphx-glr-script-out\n\n{rest}\n\n\n\n"
