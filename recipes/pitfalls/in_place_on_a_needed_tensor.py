"""
A variable has been modified by an inplace operation
====================================================

A line such as ``hidden += x`` or ``relu_(hidden)`` has overwritten values that
``backward()`` still needs, so write ``hidden = hidden + x`` instead. The message names
the overwritten tensor by its shape, its operation and its number of changes.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#     hidden = torch.sigmoid(x)
#    -hidden += x
#    +hidden = hidden + x
#     hidden.sum().backward()
#
# Try both lines:

import torch

x = torch.linspace(-4, 4, 9, requires_grad=True)
messages = {}
for in_place in (True, False):
    hidden, messages[in_place] = torch.sigmoid(x), "no error"
    if in_place:
        hidden += x
    else:
        hidden = hidden + x
    try:
        hidden.sum().backward()
    except RuntimeError as error:
        messages[in_place] = f"{type(error).__name__}: {error}"
    print(f"in_place={in_place}:\n{messages[in_place]}")

assert "modified by an inplace" in messages[True], "hidden += x raises the error"
assert "0 of Sigmoid, is at version 1; exp" in messages[True], "it names the sigmoid"
assert messages[False] == "no error", "hidden = hidden + x raises no error"

# %%
# Read the message
# ----------------
#
# - *[torch.FloatTensor [9]]*: the type and the shape of the overwritten tensor.
# - *which is output 0 of Sigmoid*: the operation that computed it. Look in your code
#   for a sigmoid whose result has nine elements. Other versions name the operation
#   *SigmoidBackward0*, *ReluBackward0* or *AsStridedBackward0*. If a later operation
#   needs the tensor as its input, the in-place operation is named instead, such as
#   *Add* for ``+=``. For parameters and buffers, this part can be missing.
# - *is at version 1; expected version 0*: a tensor counts its in-place changes.
#   Autograd saved it at 0, and it has been changed once since.
#
# The counter is an attribute, so you can watch it:

hidden = torch.sigmoid(x)
versions = {"sigmoid": hidden._version}
hidden += x
versions["+="] = hidden._version
hidden.detach().zero_()
versions["detach()"] = hidden._version
hidden.detach().numpy()[:] = 1
versions["NumPy"] = hidden._version
print(versions)

# %%
# Changes through ``detach()`` are counted too, because it shares memory and counter.
# Changes through a NumPy array that shares the memory are not.

assert versions["sigmoid"] == 0, "a new tensor is at version 0"
assert versions["+="] == 1, "an in-place change adds 1 to the version"
assert versions["detach()"] == 2, "a change through detach() adds 1, too"
assert versions["NumPy"] == 2, "a change through NumPy is not counted"

# %%
# Find the line
# -------------
#
# The traceback points to ``backward()``. With the call that the hint names, PyTorch
# records where each operation is called, and warns with a traceback of the forward
# pass. Here are the beginning of the warning and the end of the new message:

import warnings

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    try:
        with torch.autograd.set_detect_anomaly(True, check_nan=False):
            hidden = torch.sigmoid(x)
            hidden += x
            hidden.sum().backward()
    except RuntimeError as error:
        hint = str(error).partition("Hint: ")[2]
warning = str(caught[-1].message).partition(". ")[0]
print(f"UserWarning: {warning}\n{hint}")

assert warning.startswith("Error detected in SigmoidBackward0"), "it finds the sigmoid"

# %%
# The traceback leads to the line that *computed* the tensor, the one with the sigmoid.
# The line that overwrote it comes later: look for ``+=``, ``x[...] =`` and calls that
# end in ``_``.

# %%
# Why it happens
# --------------
#
# The derivative of a sigmoid is ``s * (1 - s)``, so autograd saves its result ``s``.
# Once ``s`` has been overwritten with ``s + x``, the formula would give a wrong number.
# So ``backward()`` compares the version with the one it saved, and stops.
#
# Which in-place changes are allowed depends on what an operation saves: its result, its
# input or neither. Try some:


def change(operation, what):
    """Say what backward() does after an in-place change."""
    tensor = x * 1  # not a leaf, so it can be changed in place
    result = operation(tensor)
    (result if what == "result" else tensor).add_(1)
    try:
        result.sum().backward()
    except RuntimeError:
        return "error"
    return "works"


operations = {
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "gelu": torch.nn.functional.gelu,
    "square": torch.square,
    "Linear": torch.nn.Linear(9, 9),
    "3 * x": lambda x: 3 * x,
}
outcomes = {}
print(f"{'':10}change the result   change the input")
for name, operation in operations.items():
    outcomes[name] = [change(operation, what) for what in ("result", "input")]
    print("{:10}{:20}{}".format(name, *outcomes[name]))

# %%
# You need not learn the table. If ``backward()`` runs, the in-place changes that
# autograd has seen did no harm to the gradients. ``nn.ReLU(inplace=True)`` is safe
# right after a linear, convolutional or normalization layer, as long as nothing else
# uses the output of that layer.

for name in ("sigmoid", "relu"):
    assert outcomes[name] == ["error", "works"], (
        "sigmoid and relu save their result: only changing it raises the error"
    )
for name in ("gelu", "square", "Linear"):
    assert outcomes[name] == ["works", "error"], (
        "gelu, square and Linear save their input: only changing it raises the error"
    )
assert outcomes["3 * x"] == ["works", "works"], (
    "3 * x saves neither input nor result: both can be changed"
)

# %%
# Don't silence it
# ----------------
#
# A change through ``.data`` is not counted, so the error goes away. The gradient of
# ``sigmoid(x) + x`` is ``s * (1 - s) + 1``. Compare:

hidden = torch.sigmoid(x)
hidden.data += x
(silenced,) = torch.autograd.grad(hidden.sum(), x)
s = torch.sigmoid(x).detach()
correct = s * (1 - s) + 1
print("version:", hidden._version)
print(".data:  ", *(f"{value:6.2f}" for value in silenced))
print("correct:", *(f"{value:6.2f}" for value in correct))

assert hidden._version == 0, "a change through .data is not counted"
assert (silenced - correct).abs().min() > 0.5, (
    "after a change through .data, every gradient is wrong"
)

# %%
# It is wrong in two ways: the addition is not part of the graph, and the derivative is
# computed from overwritten values.

# %%
# In your own code
# ----------------
#
# Put the line that the hint names at the top of your script while you look for the
# mistake. It makes every step slower, so remove it afterward:
#
# .. code-block:: py
#
#    torch.autograd.set_detect_anomaly(True, check_nan=False)
#
# If the named shape is that of a weight, or of its transpose (*AsStrided*), look for
# ``optimizer.step()`` between the forward pass and ``backward()``, because it changes
# weights in place. This happens with two losses or two optimizers, and with
# ``retain_graph=True``: see :ref:`sphx_glr_recipes_pitfalls_backward_twice.py`.
#
# "a leaf Variable that requires grad is being used in an in-place operation" is a
# different error. To change a parameter yourself, do it under ``torch.no_grad()``.

# %%
# Try it
# ------
#
# A residual block ends with ``out = relu(out)`` and ``out += inputs``. Does
# ``backward()`` work? What if the two lines change places?
#
# **Solution**

works = {}
for relu_first in (True, False):
    inputs = torch.randn(2, 4)
    out = torch.nn.Linear(4, 4)(inputs)
    if relu_first:
        out = torch.relu(out)
        out += inputs
    else:
        out += inputs
        out = torch.relu(out)
    try:
        out.sum().backward()
        works[relu_first] = True
    except RuntimeError:
        works[relu_first] = False
    print("ReLU" if relu_first else "sum ", "first, no error:", works[relu_first])

assert not works[True], "with the ReLU first, backward() raises the error"
assert works[False], "with the sum first, backward() works"

# %%
# ReLU saves its result, so nothing may be added to it in place. A linear layer does not
# save its result. ResNets add first, and may do so in place.

# %%
# Remember
# --------
#
# - The message names the overwritten tensor: its operation, its shape, its version.
# - Where ``hidden += x`` raises the error, write ``hidden = hidden + x``.
# - Don't silence it with ``.data``: the error goes away, and the gradients are wrong.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_checking_gradients.py`: more on anomaly detection.
# - :ref:`sphx_glr_recipes_gradients_stopping_gradient_tracking.py`: how to change
#   parameters under ``no_grad()``.
# - `In-place operations with autograd
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html#in-place-operations-with-autograd>`__

# sphinx_gallery_position = 23
# sphinx_gallery_tags = ["in-place", "autograd", "detach", "detect_anomaly"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "model", "effect": "error-prone", "group": "error", "symptom": "RuntimeError: one of the variables needed for gradient computation has been modified by an inplace operation."}
