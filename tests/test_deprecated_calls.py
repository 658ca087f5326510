"""Recipes name nothing that PyTorch or torchvision says is deprecated.

What is deprecated about a call alone, such as an argument, warns when it runs; then
`test_recipes.py` finds the warning in the recording. `super(Class, self)` is the
linter's to find.
"""

from __future__ import annotations

import ast
import re
from contextlib import suppress
from functools import reduce
from importlib.util import find_spec
from inspect import getdoc
from pathlib import Path
from pydoc import locate
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not find_spec("torchvision"), reason="looks at it")

SAID = re.compile(
    r"(?m)(?:This (?:function|method|class) is|`[\w.]+(?:\(.*?\))?`+ is|^\s*[\w.]+ is)"
    r"(?: now)? deprecated|\[DEPRECATED\]"
)
UNSAID = {
    "torch.autograd.Variable": "docs.pytorch.org/docs/stable/autograd.html says it",
    "torch.jit.script": "warns when it is called",
    "torch.jit.trace": "warns when it is called",
}
"""What is deprecated though its docstring doesn't say it."""


def deprecated(code: str) -> set[str]:
    """Return what a script names that is deprecated."""
    tree = ast.parse(code)
    imported: dict[str, Any] = {}
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            exec(ast.unparse(node), imported)  # noqa: S102 - imports only
        elif isinstance(node, ast.Attribute):
            names |= {ast.unparse(node), f"Module.{node.attr}", f"Tensor.{node.attr}"}
    values = {**imported}
    kinds = {"Module": locate("torch.nn.Module"), "Tensor": locate("torch.Tensor")}
    for name in names:
        first, *rest = name.split(".")
        with suppress(AttributeError, KeyError):  # it is of a variable
            values[name] = reduce(getattr, rest, (kinds | imported)[first])
    unsaid = [id(locate(name)) for name in UNSAID]
    return {
        name
        for name, value in values.items()
        if hasattr(value, "__deprecated__")
        or hasattr(getattr(value, "__init__", None), "__deprecated__")
        or id(value) in unsaid
        or (callable(value) and SAID.search(getdoc(value) or ""))
    }


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("from torch.cuda.amp import autocast", "autocast"),
        ("import torch\ntorch.cuda.amp.GradScaler()", "torch.cuda.amp.GradScaler"),
        ("from torch.autograd import Variable", "Variable"),
        ("import torch\ntorch.norm(x)", "torch.norm"),
        ("from torch import nn\nnn.init.xavier_normal(w)", "nn.init.xavier_normal"),
        ("from torchvision.transforms import v2\nv2.ToTensor()", "v2.ToTensor"),
        ("from torch import nn\nnn.utils.clip_grad_norm(p)", "nn.utils.clip_grad_norm"),
        ("model.register_backward_hook(hook)", "Module.register_backward_hook"),
        ("import torch\ntorch.amp.autocast('cuda')", ""),
        ("from torch import nn\nnn.init.xavier_normal_(w)", ""),
        ("import torch\ntorch.linalg.vector_norm(x).norm()", ""),
    ],
)
def test_what_is_deprecated_is_found(code: str, name: str) -> None:
    assert deprecated(code) == ({name} if name else set())


def test_recipes_name_nothing_deprecated() -> None:
    recipes = (Path(__file__).parents[1] / "recipes").glob("*/*.py")
    found = {each.name: deprecated(each.read_text("utf-8")) for each in recipes}
    assert found
    assert not {name: names for name, names in found.items() if names}
