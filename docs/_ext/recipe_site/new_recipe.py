"""Begin a recipe: `nox -s new -- gradients/my_recipe "Title" [--pitfall]`.

What it writes passes every check but that for what is left to do.
"""

import argparse
import re
import sys
import tomllib
from difflib import get_close_matches
from pathlib import Path
from string import Template

from sphinx_gallery.py_source_parser import extract_file_config

PITFALLS = "pitfalls"
CLAIMS = Path("tests/data/claims.toml")
COMMAND = 'nox -s new -- gradients/my_recipe "Title"'
TODO = "TODO"

SCRIPT = Template('''\
"""
$title
$underline

TODO: the answer in a sentence or two.
"""

# %%
# In short
# --------
#
$diff# TODO: what the code shows.

import matplotlib.pyplot as plt
import torch

$code
# %%
# TODO: what is seen in the output. Then the experiment, in sections of its own.

values = torch.linspace(-2, 2, 50)
fig, ax = plt.subplots(layout="constrained")
ax.plot(values, values**2)
ax.set(xlabel="weight", ylabel="loss")
plt.show()
# sphinx_gallery_alt_block = "TODO: What is seen in the figure, in whole sentences."

# %%
# Why it happens
# --------------
#
# TODO: the mechanism, small enough to check in your head.

# %%
# In your own code
# ----------------
#
# TODO: how to notice it, and when the rule does not hold.

# %%
# Try it
# ------
#
# TODO: a question.
#
# **Solution**

print(weight.grad)

# %%
# TODO: its answer.

# %%
# Remember
# --------
#
# - TODO: the first point.
# - TODO: the second point.
# - TODO: the third point.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_${neighbor}.py`:
#   TODO: what to read there.
# - `Autograd mechanics
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html>`__: TODO: what PyTorch's
#   documentation says of it.

# sphinx_gallery_position = $position
# sphinx_gallery_tags = ["backward", "autograd", "TODO"]
# sphinx_gallery_cost = "1 s"
# sphinx_gallery_needs = []
$pitfall''')

CODE = """\
weight = torch.tensor(2.0, requires_grad=True)
loss = weight**2
loss.backward()
print(weight.grad)

assert weight.grad == 4, "TODO: the claim, in words"
"""

DIFF = """\
# .. code-block:: diff
#
#    +weight.grad = None
#     loss.backward()
#
"""

CODE_OF_PITFALL = """\
for right in (False, True):
    weight = torch.tensor(2.0, requires_grad=True)
    for _ in range(2):
        loss = weight**2
        if right:
            weight.grad = None
        loss.backward()
    print(f"right {right!s:5}  gradient {weight.grad}")

assert weight.grad == 4, "TODO: the claim, in words"
"""

PITFALL = (
    '# sphinx_gallery_pitfall = {"type": "generic", "stage": "training", '
    '"effect": "wrong result", "group": "not learned", '
    '"symptom": "TODO: what one sees."}\n'
)

ENTRY = Template("""
# Facts:
# - TODO: where each fact that is not obvious was checked
["$name"]
mutation = "TODO: what is changed, so that an assertion of the recipe fails"
old = "assert weight.grad == 4"
new = "assert weight.grad == 5"
remember = "TODO: what a reader keeps"
numbers = "TODO: the numbers that this rests on"
seconds = 1
""")


class NewRecipeError(Exception):
    """The recipe could not be begun; the message says what to type."""


def place(name: str, *, pitfall: bool, sections: list[str]) -> str:
    """Return a recipe's section and name, as `pitfalls/my_mistake`.

    Raises:
        NewRecipeError: The name or the section can't be a recipe's.

    Examples:
        >>> place("my_mistake", pitfall=True, sections=["pitfalls"])
        'pitfalls/my_mistake'
        >>> place("recipes/training/one.py", pitfall=False, sections=["training"])
        'training/one'
    """
    bare = name.removeprefix("recipes/").removesuffix(".py")
    section, _, last = bare.rpartition("/")
    section = section or (PITFALLS if pitfall else "")
    if pitfall and section != PITFALLS:
        raise NewRecipeError(
            f"a pitfall goes to {PITFALLS}/, not to {section}/: leave out either"
        )
    if section not in sections:
        near = get_close_matches(section, sections)
        hint = f"did you mean {near[0]}/{last}?" if near else f"type {COMMAND}"
        known = ", ".join(sections)
        raise NewRecipeError(
            f"{name}: must be in a section ({known}), not in {section or 'none'}; "
            f"{hint}"
        )
    if not re.fullmatch(r"[a-z][a-z0-9_]*", last):
        raise NewRecipeError(
            f"{last!r} must have small letters, digits and underscores only, "
            "and begin with a letter"
        )
    return f"{section}/{last}"


def script(name: str, title: str, neighbor: str, position: int) -> str:
    """Return a recipe with all its sections, of which to-dos are to be written.

    Args:
        name: Its section and name.
        title: The question, in the words that people search for.
        neighbor: The section and name of a recipe to link to.
        position: Its place in the section, from 1.
    """
    pitfall = name.startswith(f"{PITFALLS}/")
    return SCRIPT.substitute(
        title=title,
        underline="=" * len(title),
        diff=DIFF if pitfall else "",
        code=CODE_OF_PITFALL if pitfall else CODE,
        neighbor=neighbor.replace("/", "_"),
        position=position,
        pitfall=PITFALL if pitfall else "",
    )


def begin(project: Path, name: str, title: str, *, pitfall: bool) -> list[Path]:
    """Write a recipe and its entry in the table of claims; return both files.

    Raises:
        NewRecipeError: There is such a recipe, or can be none; nothing is written.
    """
    recipes = project / "recipes"
    found = sorted(recipes.glob("*/*.py"))
    sections = sorted({path.parent.name for path in found})
    name = place(name, pitfall=pitfall, sections=sections)
    file, table = recipes / f"{name}.py", project / CLAIMS
    if not title.strip():
        raise NewRecipeError("the title is empty: say the question in a few words")
    if file.exists():
        raise NewRecipeError(f"{file} is there already: open it, or take another name")
    if name in tomllib.loads(table.read_text("utf-8")):
        raise NewRecipeError(f"{table} has an entry {name!r} already: remove it first")
    beside = [path for path in found if path.parent.name == file.parent.name]
    settings = [extract_file_config(path.read_text("utf-8")) for path in beside]
    last = max(int(each.get("position", 0)) for each in settings)
    neighbor = beside[-1].relative_to(recipes).with_suffix("").as_posix()
    file.write_text(script(name, title, neighbor, last + 1), "utf-8")
    with table.open("a", encoding="utf-8") as lines:
        lines.write(ENTRY.substitute(name=name))
    return [file, table]


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        prog="nox -s new --", description="Begin a recipe.", allow_abbrev=False
    )
    parser.add_argument("name", help="its section and name: gradients/my_recipe")
    parser.add_argument("title", help="the question, in the words people search for")
    parser.add_argument("--pitfall", action="store_true", help="it shows a mistake")
    said = parser.parse_args()
    try:
        made = begin(Path(), said.name, said.title, pitfall=said.pitfall)
    except NewRecipeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    bare = made[0].stem
    sys.stdout.write(
        f"begun: {made[0]}, and its entry at the end of {made[1]}\n"
        f"Write what {TODO} says, then type: nox -s docs\n"
        f"All checks of this recipe: nox -s check -- {bare}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
