"""
The gradient of a tensor that is not a leaf
===========================================

After ``backward()`` you read ``.grad`` of a hidden layer's output and get ``None``. The
gradient was computed, and then thrown away: PyTorch keeps gradients of leaf tensors
only.

What it looks like
------------------

``.grad`` is ``None`` though ``backward()`` has run, and a ``UserWarning`` speaks of "a
Tensor that is not a leaf Tensor". Calculating with it stops with an error about
``NoneType``. An optimizer refuses such a tensor with "can't optimize a non-leaf
Tensor".

- Type: API-specific
- Stage: training
- Effect: error-prone

What you will learn
-------------------

- Which tensors are leaves, and why only they get a ``.grad``.
- How ``retain_grad()`` keeps the gradient of any other tensor.
- How a parameter stops being a leaf by accident.

What you need
-------------

- ``torch`` and ``matplotlib``.
- No data set: the recipe makes its own points.
- About 5 seconds on two CPU cores, nearly all of them to load PyTorch.
"""

# %%
# The setting
# -----------
#
# A network of two layers, and 64 points. The question is which of its eight hidden
# units matter for the loss. The gradient with respect to their output answers it.

import textwrap
import warnings

import matplotlib.pyplot as plt
import torch
from torch import nn

torch.manual_seed(0)
points = torch.randn(64, 3)
targets = points.sum(dim=1, keepdim=True)
first_layer, second_layer = nn.Linear(3, 8), nn.Linear(8, 1)

# %%
# The mistake
# -----------
#
# Compute the loss, call ``backward()`` and read ``.grad``. The warning is caught, so
# that its text can be printed here.


def gradient_of_hidden():
    hidden = torch.tanh(first_layer(points))
    loss = nn.functional.mse_loss(second_layer(hidden), targets)
    loss.backward()
    return hidden.grad


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    mistake = gradient_of_hidden()

assert mistake is None and len(caught) == 1
warning = caught[0].message
print("hidden.grad:", mistake)
print("category:", type(warning).__name__)
print(textwrap.fill(str(warning).split(" See ")[0], width=80))

assert type(warning) is UserWarning
assert "not a leaf Tensor is being accessed" in str(warning)

# %%
# A *leaf* is a tensor that was not computed from tensors that require a gradient: a
# parameter, or data. Leaves are where the graph ends, and a training needs gradients of
# those only. All other gradients are stations on the way. ``backward()`` passes through
# them and keeps none, or else each batch would need that memory as well.
#
# ``is_leaf`` tells you which is which, ``grad_fn`` where a tensor comes from:

hidden = torch.tanh(first_layer(points))
tensors = {"points": points, "first_layer.weight": first_layer.weight, "hidden": hidden}
print(f"{'':20}is_leaf   requires_grad   grad_fn")
for name, tensor in tensors.items():
    origin = type(tensor.grad_fn).__name__ if tensor.grad_fn else None
    print(f"{name:20}{tensor.is_leaf!s:10}{tensor.requires_grad!s:16}{origin}")

assert [tensor.is_leaf for tensor in tensors.values()] == [True, True, False]
assert [tensor.requires_grad for tensor in tensors.values()] == [False, True, True]

# %%
# The repair
# ----------
#
# Ask for the gradient before ``backward()`` runs:
#
# .. code-block:: diff
#
#     def gradient_of_hidden():
#         hidden = torch.tanh(first_layer(points))
#    +    hidden.retain_grad()
#         loss = nn.functional.mse_loss(second_layer(hidden), targets)
#         loss.backward()
#         return hidden.grad
#
# Here is the repaired function.


def gradient_of_hidden():
    hidden = torch.tanh(first_layer(points))
    hidden.retain_grad()
    loss = nn.functional.mse_loss(second_layer(hidden), targets)
    loss.backward()
    return hidden.grad


repair = gradient_of_hidden()
print("hidden.grad: a tensor of shape", tuple(repair.shape))

assert repair.shape == hidden.shape

# %%
# Side by side
# ------------
#
# The gradient of the mean squared error can be written down by hand, so it can be
# checked: twice the error of each point, divided by the number of points, times the
# weights of the second layer.

with torch.no_grad():
    error = second_layer(hidden) - targets
    by_hand = 2 * error / len(points) * second_layer.weight

print("mistake:", mistake)
print("repair: ", *(f"{value:7.4f}" for value in repair[0]))
print("by hand:", *(f"{value:7.4f}" for value in by_hand[0]))

assert torch.allclose(repair, by_hand, atol=1e-6)

# %%
# These are the gradients for the first point. And here is the answer to the question:
# their mean size over all points, for each hidden unit.

strength = repair.abs().mean(dim=0)
fig, ax = plt.subplots()
ax.bar(range(1, 9), strength.tolist(), color="C0")
ax.set(xlabel="hidden unit", ylabel="mean size of the gradient")
ax.set_xticks(range(1, 9))
plt.show()
# sphinx_gallery_alt_block = "Bars of different heights, one for each of the eight hidden units: the mean size of the gradient with respect to the output of that unit."

assert strength.argmax() == second_layer.weight.abs().argmax()

# %%
# The highest bar belongs to the unit whose weight in the second layer is the largest in
# size, as the formula says. With the mistake there is nothing to draw.

# %%
# How to notice it
# ----------------
#
# **Read the warning.** It names both ways out. Either you want this gradient: then call
# ``retain_grad()``. Or you meant another tensor: then find the leaf. The second is more
# frequent, because a parameter can lose its place as a leaf by accident.


def scaled_afterwards():
    return torch.randn(3, 1, requires_grad=True) * 0.1


def scaled_first():
    return (torch.randn(3, 1) * 0.1).requires_grad_()


for make_weight in (scaled_afterwards, scaled_first):
    weight = make_weight()
    try:
        torch.optim.SGD([weight], lr=0.1)
        verdict = "accepted by the optimizer"
    except ValueError as error:
        verdict = str(error)
    print(f"{make_weight.__name__:18} is_leaf {weight.is_leaf!s:6} {verdict}")
    assert weight.is_leaf == (verdict == "accepted by the optimizer")
    assert weight.is_leaf == (make_weight is scaled_first)

# %%
# In ``scaled_afterwards`` the leaf is the tensor before it is multiplied, and no name
# points at it any more. ``.to("cuda")``, ``.double()`` or ``.reshape(…)`` after
# ``requires_grad=True`` do the same. Build the tensor completely, then call
# ``requires_grad_()``. An ``nn.Parameter`` is always a leaf when it is made.
#
# **Set** ``requires_grad`` **for data.** ``points`` is a leaf, and its ``.grad`` is
# ``None`` as well, without a warning: nobody asked for it. Here is the gradient with
# respect to an input, as used for saliency maps:

inputs = points.clone().requires_grad_()
loss = second_layer(torch.tanh(first_layer(inputs))).sum()
loss.backward()
print("inputs.grad:", tuple(inputs.grad.shape), "  points.grad:", points.grad)

assert inputs.is_leaf and inputs.grad.shape == points.shape and points.grad is None

# %%
# **Or do without** ``.grad``. ``torch.autograd.grad`` returns the gradient with respect
# to any tensor of the graph, leaf or not, and leaves all ``.grad`` alone.

hidden = torch.tanh(first_layer(points))
loss = nn.functional.mse_loss(second_layer(hidden), targets)
(returned,) = torch.autograd.grad(loss, hidden)
print("the same as with retain_grad():", torch.allclose(returned, repair))

assert torch.allclose(returned, repair)

# %%
# Sources
# -------
#
# - `torch.Tensor.is_leaf
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.is_leaf.html>`__ defines
#   a leaf, with examples of tensors that are none.
# - `torch.Tensor.retain_grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.retain_grad.html>`__
#   keeps the gradient of a tensor that is not a leaf.
# - `torch.Tensor.grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.grad.html>`__ says when
#   it is ``None``.

# %%
# What to remember
# ----------------
#
# - Only leaves that require a gradient get a ``.grad``. What is computed from them does
#   not.
# - ``retain_grad()``, called before ``backward()``, keeps the gradient of another
#   tensor.
# - ``requires_grad_()`` comes last when you build a parameter by hand.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_looking_at_gradients.py`: ``retain_grad`` and hooks
#   in a whole network.
# - :doc:`/guides/how_autograd_works`: leaves and nodes, in a drawing.
# - `torch.autograd.grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html>`__

# sphinx_gallery_position = 9
# sphinx_gallery_tags = ["retain_grad", "requires_grad", "autograd"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "training", "effect": "error-prone", "symptom": "After backward(), .grad is None, and a warning speaks of a tensor that is not a leaf."}
