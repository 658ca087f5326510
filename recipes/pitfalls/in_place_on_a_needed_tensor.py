"""
In-place changes of a needed tensor
===================================

``hidden += x`` saves memory, and can overwrite a value that ``backward()`` still needs.
PyTorch then stops with a long error message, which says exactly what happened once you
know how to read it.

What it looks like
------------------

The forward pass works. ``backward()`` stops with "one of the variables needed for
gradient computation has been modified by an inplace operation". The error points at
``backward()``, not at the line that changed the tensor.

- Type: API-specific
- Stage: model
- Effect: error-prone

What you will learn
-------------------

- How to read the message, part by part.
- After which operations you may change a tensor in place, and after which not.
- Why silencing the error with ``.data`` gives wrong gradients.

What you need
-------------

- ``torch`` and ``matplotlib``.
- No data set: nine numbers are enough.
- About 5 seconds on two CPU cores, nearly all of them to load PyTorch.
"""

# %%
# The setting
# -----------
#
# One block of a network: a sigmoid with a skip connection, ``sigmoid(x) + x``. Its
# gradient is known: ``s * (1 - s) + 1``, where ``s`` is ``sigmoid(x)``.

import textwrap
import warnings
from operator import attrgetter

import matplotlib.pyplot as plt
import torch
from torch import nn

x = torch.linspace(-4, 4, 9, requires_grad=True)

# %%
# The mistake
# -----------
#
# The block adds ``x`` in place.


def block(x):
    hidden = torch.sigmoid(x)
    hidden += x
    return hidden


message = ""
try:
    block(x).sum().backward()
except RuntimeError as error:
    message = str(error)
print(textwrap.fill(message, width=80))

assert "modified by an inplace operation" in message

# %%
# Read it part by part:
#
# - *one of the variables needed for gradient computation*: autograd has kept a tensor
#   for ``backward()``.
# - *has been modified by an inplace operation*: somebody wrote into it since. ``+=`` is
#   such an operation, and so are ``relu_()``, ``x[0] = 1`` and most methods whose name
#   ends in an underscore.
# - *[torch.FloatTensor [9]]*: its type and its shape. It has nine elements.
# - *which is output 0 of Sigmoid*: it is the first result of a sigmoid. This is the
#   place to look for in your code.
# - *is at version 1; expected version 0*: it was kept when nobody had changed it, and
#   has been changed once since.
# - *Hint*: how to find the line of the forward pass. More on this below.
#
# Each tensor counts its changes, in an attribute with the name ``_version``. You can
# watch the counter:

version = attrgetter("_version")

hidden = torch.sigmoid(x)
print("version after sigmoid:", version(hidden))
hidden += x
print("version after +=:     ", version(hidden))

assert version(hidden) == 1
assert "output 0 of Sigmoid, is at version 1; expected version 0" in message
assert "[torch.FloatTensor [9]]" in message

# %%
# Why does autograd need the result of the sigmoid? The derivative is ``s * (1 - s)``,
# and it is cheapest to compute it from ``s``, which is there already. When ``s`` has
# been overwritten with ``s + x``, the formula would give nonsense. So ``backward()``
# compares the counters first, and stops.

# %%
# The repair
# ----------
#
# Make a new tensor. The old one stays as it is for as long as it is needed.
#
# .. code-block:: diff
#
#     def block(x):
#         hidden = torch.sigmoid(x)
#    -    hidden += x
#    -    return hidden
#    +    return hidden + x
#
# Here is the repaired function. Its gradient is compared with the known one.


def block(x):
    hidden = torch.sigmoid(x)
    return hidden + x


(repaired,) = torch.autograd.grad(block(x).sum(), x)
s = torch.sigmoid(x.detach())
known = s * (1 - s) + 1
print("repair:", *(f"{value:6.3f}" for value in repaired))
print("known: ", *(f"{value:6.3f}" for value in known))

assert torch.allclose(repaired, known)

# %%
# Side by side
# ------------
#
# On the web you can find another way to make the error go away: write to ``.data``. It
# gives the same memory without the counter.


def silenced_block(x):
    hidden = torch.sigmoid(x)
    hidden.data += x.detach()
    return hidden


output = silenced_block(x)
(silenced,) = torch.autograd.grad(output.sum(), x)
print("same result: ", torch.equal(output, block(x)))
print("version:     ", version(output))
print(".data:", *(f"{value:6.1f}" for value in silenced))
print("known:", *(f"{value:6.1f}" for value in known))

assert torch.equal(output, block(x)), "the forward pass is right"
assert version(output) == 0, "the counter has seen nothing"
assert silenced.min() < 0 < known.min(), "even the sign is wrong"

# %%
# No error, the right result, and wrong gradients. Draw them:

fig, ax = plt.subplots()
points = x.detach()
ax.plot(points, silenced, "C1o-", label="change through .data")
ax.plot(points, known, "C2", label="known gradient")
ax.plot(points, repaired, "C0o", label="repair")
ax.set(xlabel="x", ylabel="gradient of the block")
ax.legend(loc="lower center")
plt.show()
# sphinx_gallery_alt_block = "The gradient of the block over x. The points of the repair lie on the curve of the known gradient, which is a little above one everywhere. The curve of the change through .data is far from it: it falls below zero on both sides."

# %%
# Away from the middle, the gradients of ``.data`` even have the wrong sign. The error
# is a help. ``.data`` takes the help away and leaves the mistake.

# %%
# How to notice it
# ----------------
#
# You need not avoid in-place changes altogether. The question is what ``backward()``
# keeps. Some operations keep nothing that you overwrite, some keep their result, some
# their input. Try a few:


def try_it(description, change):
    tensor = x * 1  # not a leaf, so it may be changed in place
    try:
        change(tensor).sum().backward()
        verdict = "works"
    except RuntimeError:
        verdict = "error"
    print(f"{description:40}{verdict}")
    return verdict


def change_input(operation):
    def change(tensor):
        result = operation(tensor)
        tensor += 1
        return result

    return change


print("the result is changed")
for operation in (torch.sigmoid, torch.tanh, torch.exp):
    name = f"  {operation.__name__}(x), then += 1"
    assert try_it(name, lambda x, f=operation: f(x).add_(1)) == "error"
assert try_it("  3 * x, then += 1", lambda x: (3 * x).add_(1)) == "works"
assert try_it("  sin(x), then += 1", lambda x: torch.sin(x).add_(1)) == "works"
layer = nn.Linear(9, 9)
assert try_it("  Linear(x), then relu_()", lambda x: layer(x).relu_()) == "works"

print("the input is changed")
for operation in (torch.sin, torch.square):
    name = f"  {operation.__name__}(x), then x += 1"
    assert try_it(name, change_input(operation)) == "error"
assert try_it("  sigmoid(x), then x += 1", change_input(torch.sigmoid)) == "works"
assert try_it("  3 * x, then x += 1", change_input(lambda x: 3 * x)) == "works"

# %%
# Nobody learns this table by heart. If ``backward()`` runs, the in-place changes that
# autograd saw did no harm. ``nn.ReLU(inplace=True)`` after a linear or a convolutional
# layer is the usual case that is safe: the layer does not need its result, and ReLU
# gets by with what it wrote.
#
# The counter also sees what is changed through ``detach()`` or under ``no_grad()``.
# ``.data`` gets past it, and so does a NumPy array that shares the memory.

for way in ("detach", "no_grad"):
    hidden = torch.sigmoid(x)
    with torch.set_grad_enabled(way != "no_grad"):
        target = hidden.detach() if way == "detach" else hidden
        target += 1
    print(f"version after a change through {way}: {version(hidden)}")
    assert version(hidden) == 1

# %%
# **Follow the hint.** Under ``torch.autograd.detect_anomaly()`` PyTorch remembers where
# each operation was called, and on an error prints a traceback of the forward pass,
# down to the line with the sigmoid. Here is how it begins. The mode is slow, so switch
# it off again afterwards.

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    try:
        with torch.autograd.detect_anomaly():
            hidden = torch.sigmoid(x)
            hidden += x
            hidden.sum().backward()
    except RuntimeError:
        texts = [str(warning.message) for warning in caught]

found = [text for text in texts if text.startswith("Error detected")]
print(found[0].split(". ")[0])
assert found[0].startswith("Error detected in SigmoidBackward0")

# %%
# **Look for** ``optimizer.step()``. It changes the weights in place, too. If it stands
# between a forward pass and its ``backward()``, the message names a weight and a
# version that is higher than expected.

# %%
# Sources
# -------
#
# - `Autograd mechanics
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html#in-place-operations-with-autograd>`__,
#   in PyTorch's notes, describes the version counter, and advises against in-place
#   operations in most cases.
# - `torch.Tensor.detach
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.detach.html>`__ says
#   that changes of a detached tensor are seen and may raise an error.

# %%
# What to remember
# ----------------
#
# - The message names the tensor that was overwritten: the result of which operation, of
#   what shape, and how often it was changed.
# - Write ``hidden = hidden + x`` where ``hidden += x`` raises the error.
# - Never silence it with ``.data``: the gradients are wrong then, without a word.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_backward_twice.py`: how a state carried along leads
#   to the same message.
# - :ref:`sphx_glr_recipes_gradients_checking_gradients.py`: ``detect_anomaly`` and
#   ``gradcheck``.
# - `torch.autograd.detect_anomaly
#   <https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.detect_anomaly>`__

# sphinx_gallery_position = 8
# sphinx_gallery_tags = ["in-place", "autograd", "detach", "detect_anomaly"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "model", "effect": "error-prone", "symptom": "backward() fails: a variable has been modified by an inplace operation."}
