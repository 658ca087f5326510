"""What is deprecated in torch 2.14.1 and torchvision 0.29.1, found in a script's code.

Each entry of the tables was read in the source of these versions, which the comment
above it names. A newer version that deprecates more adds its lines here.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import Final

NAMES: Final[Mapping[str, str]] = {
    # torch/cuda/amp/ and torch/cpu/amp/: each class and function says so
    "torch.cuda.amp": "torch.amp, with the device first",
    "torch.cpu.amp": "torch.amp, with the device first",
    # torch/autograd/__init__.py, and docs/stable/autograd.html: "Variable (deprecated)"
    "torch.autograd.Variable": "a tensor",
    "torch.autograd.variable": "torch.tensor",
    # torch/__init__.py
    "torch.set_default_tensor_type": "torch.set_default_dtype",
    # torch/jit/_script.py, torch/jit/_trace.py
    "torch.jit.script": "torch.compile or torch.export",
    "torch.jit.trace": "torch.compile or torch.export",
    # torch/functional.py
    "torch.norm": "torch.linalg.vector_norm",
    "torch.chain_matmul": "torch.linalg.multi_dot",
    "torch.lu": "torch.linalg.lu_factor",
    # torch/accelerator/__init__.py
    "torch.accelerator.current_device_idx": "torch.accelerator.current_device_index",
    "torch.accelerator.set_device_idx": "torch.accelerator.set_device_index",
    # torch/cuda/memory.py
    "torch.cuda.memory_cached": "torch.cuda.memory_reserved",
    "torch.cuda.max_memory_cached": "torch.cuda.max_memory_reserved",
    # torch/nn/utils/clip_grad.py, weight_norm.py and stateless.py
    "torch.nn.utils.clip_grad_norm": "clip_grad_norm_",
    "torch.nn.utils.weight_norm": "torch.nn.utils.parametrizations.weight_norm",
    "torch.nn.utils.stateless.functional_call": "torch.func.functional_call",
    # torch/nn/modules/container.py, torch/nn/functional.py
    "torch.nn.Container": "torch.nn.Module",
    "torch.nn.functional.upsample": "torch.nn.functional.interpolate",
    # torch/nn/init.py, _make_deprecate
    **{
        f"torch.nn.init.{name}": f"{name}_"
        for name in (
            *("constant", "dirac", "eye", "normal", "orthogonal", "sparse", "uniform"),
            *("kaiming_normal", "kaiming_uniform", "xavier_normal", "xavier_uniform"),
        )
    },
    # torchvision/transforms/v2/_deprecated.py and functional/_deprecated.py
    "torchvision.transforms.v2.ToTensor": "v2.ToImage and v2.ToDtype",
    "torchvision.transforms.v2.functional.to_tensor": "to_image and to_dtype",
    "torchvision.transforms.v2.functional.get_image_size": "get_size",
}
"""A deprecated name, of a package too, and what to use."""

ATTRIBUTES: Final[Mapping[str, str]] = {
    # torch/nn/modules/module.py
    "register_backward_hook": "register_full_backward_hook",
    # gone since PyTorch 0.4; reading it warns
    "volatile": "torch.no_grad",
}
"""The same, of methods and attributes, whatever they belong to."""

KEYWORDS: Final[Mapping[str, str]] = {
    # torch/nn/_reduction.py
    "size_average": "reduction",
    # torch/utils/data/dataloader.py
    "pin_memory_device": "nothing: the accelerator is used",
    # torch/autograd/__init__.py
    "grad_variables": "grad_tensors",
    "only_inputs": "nothing: it is ignored",
    # torchvision/models/_utils.py
    "pretrained": "weights",
    # gone since PyTorch 0.4
    "volatile": "torch.no_grad",
}
"""The same, of arguments by name."""

WITHOUT_DIM: Final[Mapping[str, int]] = {
    "torch.nn.Softmax": 0,
    "torch.nn.LogSoftmax": 0,
    "torch.nn.Softmin": 0,
    "torch.nn.functional.softmax": 1,
    "torch.nn.functional.log_softmax": 1,
    "torch.nn.functional.softmin": 1,
}
"""Calls that choose `dim` themselves, if it is not among more arguments than these
(torch/nn/functional.py, `_get_softmax_dim`)."""


def find(code: str) -> Iterator[str]:
    """Name each deprecated thing in a script, with its line and what to use."""
    tree = ast.parse(code)
    known = _imported(tree)
    for node in ast.walk(tree):
        for what, instead in _of_node(node, known):
            yield f"line {getattr(node, 'lineno', 1)}: {what}; use {instead}"


def _of_node(node: ast.AST, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    match node:
        case ast.ImportFrom(module=str(module)):
            yield from _of_name(module)
            for alias in node.names:
                yield from _of_name(f"{module}.{alias.name}")
        case ast.Import():
            for alias in node.names:
                yield from _of_name(alias.name)
        case ast.Name():
            yield from _of_name(_dotted(node, known))
        case ast.Attribute(attr=name):
            yield from _of_name(_dotted(node, known))
            if name in ATTRIBUTES:
                yield f".{name}", ATTRIBUTES[name]
        case ast.Call():
            yield from _of_call(node, known)


def _of_name(name: str) -> Iterator[tuple[str, str]]:
    if name in NAMES:
        yield name, NAMES[name]


def _of_call(node: ast.Call, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    given = {keyword.arg for keyword in node.keywords}
    for name in sorted(KEYWORDS.keys() & given):
        yield f"{name}=", KEYWORDS[name]
    called = _dotted(node.func, known)
    if called == "super" and node.args:
        yield "super(Class, self)", "super()"
    if "dim" not in given and len(node.args) <= WITHOUT_DIM.get(called, -1):
        yield f"{called} without dim", "dim="


def _imported(tree: ast.AST) -> dict[str, str]:
    """Give for each name that is imported what it stands for."""
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                known[name] = alias.name if alias.asname else name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return known


def _dotted(node: ast.AST, known: Mapping[str, str]) -> str:
    """Write `nn.init.normal` as `torch.nn.init.normal`; what is no name is empty."""
    match node:
        case ast.Name(id=name):
            return known.get(name, name)
        case ast.Attribute(value=value, attr=name):
            before = _dotted(value, known)
            return f"{before}.{name}" if before else ""
    return ""
