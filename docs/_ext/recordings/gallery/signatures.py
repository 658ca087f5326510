"""What is used of Sphinx-Gallery's internals, and a check that it is the same."""

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import sphinx
import sphinx_gallery
from sphinx.errors import ConfigError
from sphinx_gallery import gen_rst

TESTED = "0.22"
"""The minor release of Sphinx-Gallery that this was written for and tested with."""
SPHINX = (8, 2), (9, 1)
"""The oldest Sphinx whose `eval_config_file` takes a path, and the first untested."""

SIGNATURES = {
    # Wrapped, by `capture` or by `replay`.
    "gen_rst._LoggingTee.write": "self data",
    "gen_rst._get_code_output": (
        "is_last_expr example_globals gallery_conf logging_tee images_rst capture_repr"
    ),
    "gen_rst._get_last_repr": "capture_repr ___",
    "gen_rst.execute_code_block": (
        "compiler block example_globals script_vars gallery_conf file_conf"
    ),
    "gen_rst.executable_script": "src_file gallery_conf",
    "gen_rst.execute_script": "script_blocks script_vars gallery_conf file_conf",
    "gen_rst.handle_exception": "exc_info src_file script_vars gallery_conf",
    "gen_rst.identify_names": "script_blocks ref_regex global_variables node",
    "gen_rst.jupyter_notebook": "script_blocks gallery_conf target_dir",
    "gen_rst.save_figures": "block block_vars gallery_conf",
    "gen_rst.zip_files": "file_list zipname relative_to extension",
    # Called.
    "backreferences._make_ref_regex": "default_role",
    "backreferences.identify_names": "script_blocks ref_regex global_variables node",
    "gen_gallery._bool_eval": "x",
    "gen_gallery._expected_failing_examples": "gallery_conf",
    "gen_gallery._fill_gallery_conf_defaults": "sphinx_gallery_conf app check_keys",
    "gen_gallery._import_matplotlib": "",
    "gen_gallery._prepare_sphx_glr_dirs": "gallery_conf srcdir",
    "gen_gallery._update_gallery_conf_builder_inited": (
        "sphinx_gallery_conf src_dir plot_gallery abort_on_example_error builder_name"
    ),
    "gen_gallery.generate_gallery_rst": "app",
    "gen_gallery.get_subsections": "srcdir examples_dir gallery_conf check_for_header",
    "gen_rst._exec_once.__call__": "self",
    "gen_rst._showwarning": "message category filename lineno file line",
    "gen_rst._get_callables": "gallery_conf key src_dir",
    "gen_rst._get_gallery_header": "dir_ gallery_conf raise_error",
    "gen_rst.codestr2rst": "codestr lang lineno",
    "notebook.fill_notebook": "work_notebook script_blocks gallery_conf target_dir",
    "notebook.generate_image_src": "image_path gallery_conf target_dir",
    "notebook.jupyter_notebook_skeleton": "",
    "py_source_parser.extract_file_config": "content",
    "py_source_parser.split_code_and_text_blocks": "source_file return_node",
    "scrapers.ImagePathIterator": "image_path",
    "scrapers._as_relative_rst_path": "path sources_dir",
    "scrapers._find_image_ext": "path",
    "scrapers.clean_modules": "gallery_conf fname when",
    "scrapers.figure_rst": "figure_list sources_dir fig_titles srcsetpaths",
    "utils._collect_gallery_files": "examples_dirs gallery_conf check_filenames",
    "utils.get_md5sum": "src_file mode",
}
"""Parameters of each function, by its module's and its own name."""


def check() -> None:
    """Make sure that this Sphinx is supported, and this Sphinx-Gallery can be wrapped.

    Raises:
        ConfigError: Sphinx is too old or too new; or a function of Sphinx-Gallery is
            gone or has other parameters.
    """
    oldest, untested = SPHINX
    if not oldest <= sphinx.version_info[:2] < untested:
        least, below = (".".join(map(str, each)) for each in SPHINX)
        raise ConfigError(
            f"recordings supports Sphinx from {least} to below {below}, and this is "
            f"{sphinx.__version__}. Type: pip install 'sphinx>={least},<{below}'"
        )
    for name, expected in SIGNATURES.items():
        if (found := _parameters(name)) != expected:
            raise ConfigError(
                f"recordings supports Sphinx-Gallery {TESTED}.x, and this is "
                f"{sphinx_gallery.__version__}: {name} takes ({expected}) there, "
                f"and here ({found}). Type: pip install 'sphinx-gallery~={TESTED}.0'"
            )


def replace(functions: Mapping[str, Callable[..., Any]]) -> Callable[[], None]:
    """Put functions in the place of those of `gen_rst`; the result undoes that."""
    originals = {name: getattr(gen_rst, name) for name in functions}
    vars(gen_rst).update(functions)
    return lambda: vars(gen_rst).update(originals)


def _parameters(name: str) -> str:
    module, _, inside = name.partition(".")
    try:
        found = import_module(f"sphinx_gallery.{module}")
        for part in inside.split("."):
            found = getattr(found, part)
        return " ".join(inspect.signature(found).parameters)  # type: ignore[arg-type]
    except (ImportError, AttributeError):
        return "it is gone"
