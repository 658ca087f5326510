"""
Which zero_grad to call, optimizer or model
===========================================

Call ``optimizer.zero_grad()``: because ``set_to_none=True`` is the default, it sets the
``.grad`` of all parameters in the optimizer to ``None``, which frees the memory. Call
``model.zero_grad()`` if the model has parameters that no optimizer holds. If the
optimizer holds exactly the parameters of the model, both do the same.
"""

# %%
# In short
# --------
#
# This optimizer was given the weight of a layer, but not its bias:

import matplotlib.pyplot as plt
import torch
from torch import nn

layer = nn.Linear(2, 1)
optimizer = torch.optim.SGD([layer.weight], lr=0.1)
layer(torch.ones(1, 2)).sum().backward()

optimizer.zero_grad()
left_by_optimizer = layer.bias.grad
print("after optimizer.zero_grad():", layer.weight.grad, layer.bias.grad)

layer.zero_grad()
print("after model.zero_grad():    ", layer.weight.grad, layer.bias.grad)

assert left_by_optimizer == 1, "optimizer.zero_grad() leaves the gradient of the bias"
assert layer.bias.grad is None, "model.zero_grad() clears the gradient of the bias"

# %%
# Every ``backward()`` adds to the gradient that is left. It does no harm until
# something reads it: another optimizer, clipping, or a plot of the gradients.

# %%
# Two optimizers, and a parameter outside the model
# -------------------------------------------------
#
# Here two optimizers share a model, and the second also holds ``scale``, which is
# learned but not part of the model, such as a weight in a loss function. See which
# gradients each call leaves:

torch.manual_seed(0)
encoder, head = nn.Linear(4, 4), nn.Linear(4, 1)
model = nn.Sequential(encoder, nn.Tanh(), head)
scale = torch.ones(1, requires_grad=True)
first_optimizer = torch.optim.SGD(encoder.parameters(), lr=0.1)
second_optimizer = torch.optim.SGD([*head.parameters(), scale], lr=0.1)

calls = {
    "first_optimizer.zero_grad()": first_optimizer.zero_grad,
    "second_optimizer.zero_grad()": second_optimizer.zero_grad,
    "model.zero_grad()": model.zero_grad,
}
tensors = {"encoder": encoder.weight, "head": head.weight, "scale": scale}
left = {}
for name, clear in calls.items():
    (scale * model(torch.randn(8, 4))).sum().backward()
    clear()
    left[name] = [each for each, tensor in tensors.items() if tensor.grad is not None]
    print(f"{name:29} leaves {left[name]}")

# %%
# With several optimizers, clear each of them before the ``backward()`` whose gradients
# its ``step()`` will use.

assert left["first_optimizer.zero_grad()"] == ["head", "scale"], "only the encoder"
assert left["second_optimizer.zero_grad()"] == ["encoder"], "not the encoder"
assert left["model.zero_grad()"] == ["scale"], "a model clears only its own parameters"

# %%
# Count the bytes that stay
# -------------------------
#
# Since PyTorch 2.0, both calls leave ``None``; with ``set_to_none=False`` they leave
# zeros. Clear a model of two large layers in five ways. A weak reference tells whether
# a tensor is still in memory without keeping it there.

import time
import weakref
from functools import partial

model = nn.Sequential(nn.Linear(1024, 1024), nn.Linear(1024, 1024))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
inputs = torch.randn(32, 1024)


def none_by_hand():
    for parameter in model.parameters():
        parameter.grad = None


def zeros_by_hand():
    for parameter in model.parameters():
        parameter.grad.zero_()


ways = {
    "optimizer.zero_grad()": optimizer.zero_grad,
    "model.zero_grad()": model.zero_grad,
    "p.grad = None": none_by_hand,
    "zero_grad(set_to_none=False)": partial(optimizer.zero_grad, set_to_none=False),
    "p.grad.zero_()": zeros_by_hand,
}


def measure(clear):
    """Return the bytes of gradients that stay, and the shortest time of ten."""
    times = []
    for _ in range(10):
        model(inputs).square().mean().backward()
        gradients = [weakref.ref(each.grad) for each in model.parameters()]
        start = time.perf_counter()
        clear()
        times.append(time.perf_counter() - start)
    return sum(each().nbytes for each in gradients if each() is not None), min(times)


kept, times = {}, {}
for name, clear in ways.items():
    kept[name], times[name] = measure(clear)
    model.zero_grad()
    print(f"{name:29}{kept[name]:>11,} bytes stay")

# %%
# ``None`` frees everything until the next ``backward()``, so the forward pass can use
# that memory. Zeros keep all of it. The memory is freed only if nothing else holds the
# gradients: a list in which you collect them keeps their memory, however you clear.

size = sum(each.nbytes for each in model.parameters())
model(inputs).square().mean().backward()
collected = [each.grad for each in model.parameters()]
references = [weakref.ref(each) for each in collected]
optimizer.zero_grad()
left = [each() is not None for each in references]
print(f"still in memory: {sum(left)} of {len(left)}")

assert list(kept.values()) == [0, 0, 0, size, size], "None frees all, zeros keep all"
assert all(left), "a list of gradients keeps their memory"

# %%
# Compare the times
# -----------------
#
# The shortest of ten times for each way:

fig, ax = plt.subplots(layout="constrained")
for names, color, label in [
    (list(ways)[:3], "C0", "None"),
    (list(ways)[3:], "C1", "zeros"),
]:
    spans = [1000 * times[name] for name in names]
    ax.plot(spans, names, f"{color}o", markersize=9, label=f"leaves {label}")
ax.set(xlabel="time (ms, log scale)", xscale="log", xlim=(0.003, 3))
ax.invert_yaxis()
fig.legend(loc="outside upper center", ncols=2)
plt.show()
# sphinx_gallery_alt_block = "One dot for each of the five ways, on a logarithmic axis of time. The three ways that leave None are on the left, and the two that write zeros are far to the right of them."

# %%
# The three that leave ``None`` only drop a reference for each tensor, while the others
# overwrite every number, which took longer on this machine. Setting ``None`` by hand
# runs the same loop as ``zero_grad()`` without the bookkeeping. That saves some
# microseconds a step, which you will never notice. On a GPU, or with many fast cores,
# the times are closer together.

# %%
# See what a step does with zeros
# -------------------------------
#
# Take a step, clear, and call ``step()`` again without ``backward()``. That is what
# happens to a layer that takes no part in the next loss. Does its weight move?


def move(make_optimizer, set_to_none):
    weight = torch.ones(1, requires_grad=True)
    optimizer = make_optimizer([weight], lr=0.1)
    weight.sum().backward()
    optimizer.step()
    before = weight.item()
    optimizer.zero_grad(set_to_none=set_to_none)
    optimizer.step()
    return weight.item() - before


optimizers = {
    "SGD": torch.optim.SGD,
    "SGD, momentum": partial(torch.optim.SGD, momentum=0.9),
    "SGD, weight decay": partial(torch.optim.SGD, weight_decay=0.1),
    "Adam": torch.optim.Adam,
}
moves = {}
for name, make_optimizer in optimizers.items():
    moves[name] = [move(make_optimizer, none) for none in (True, False)]
    print(f"{name:18} None {moves[name][0]:6.3f}   zeros {moves[name][1]:6.3f}")

# %%
# ``None`` means "skip this parameter" (except in ``LBFGS``), and zero is a gradient
# like any other: momentum, weight decay, and the momentum that is part of Adam still
# move the weight.

for name, (with_none, with_zeros) in moves.items():
    assert with_none == 0, "with None, the weight does not move"
    assert (with_zeros < 0) == (name != "SGD"), "with zeros, only plain SGD leaves it"

# %%
# All ways in one table
# ---------------------
#
# .. list-table::
#    :header-rows: 1
#
#    * - Way
#      - Advantage
#      - Disadvantage
#    * - ``optimizer.zero_grad()``
#      - clears what ``step()`` reads, frees the memory
#      - leaves parameters that the optimizer does not hold
#    * - ``model.zero_grad()``
#      - clears the whole model, frees the memory
#      - leaves parameters outside the model
#    * - ``p.grad = None`` in a loop
#      - clears any tensors you choose, frees the memory
#      - a loop of your own; faster by too little to notice
#    * - ``zero_grad(set_to_none=False)``
#      - ``.grad`` is always a tensor, for code that reads it without a check
#      - keeps the memory, takes longer, and momentum or weight decay act on unused
#        layers
#    * - ``p.grad.zero_()``
#      - clears one tensor, without an optimizer
#      - as above, and an error if ``.grad`` is ``None``
#    * - a new optimizer
#      - none
#      - clears nothing, and loses momentum:
#        :ref:`sphx_glr_recipes_pitfalls_new_optimizer_every_step.py`

# %%
# Why it happens
# --------------
#
# A gradient belongs to its parameter, and both calls are loops over a list of
# parameters: the ones that you gave to the optimizer, or the ones that are registered
# in the model. What is in neither list is cleared by neither call.

# %%
# In your own code
# ----------------
#
# List the parameters that only the model holds, and those that only the optimizer
# holds. If both lists are empty, use either call:


def compare(optimizer, model):
    """Return names of what only the model holds, shapes of what only the optimizer."""
    groups = optimizer.param_groups
    held = {id(each): each for group in groups for each in group["params"]}
    named = dict(model.named_parameters())
    names = [name for name, each in named.items() if held.pop(id(each), None) is None]
    return names, [tuple(each.shape) for each in held.values()]


names, shapes = compare(torch.optim.SGD([layer.weight, scale], lr=0.1), layer)
print("not in the optimizer:", names, "not in the model:", shapes)

assert names == ["bias"], "the check names the parameter that the optimizer lacks"
assert shapes == [(1,)], "the check finds the parameter that the model lacks"

# %%
# Because ``None`` is the default, code that reads gradients has to check for it:
# ``if parameter.grad is not None``.

# %%
# Try it
# ------
#
# Train only ``layer.weight``, clear with ``optimizer.zero_grad()``, and log the norm
# that ``nn.utils.get_total_norm`` returns for all gradients of the layer. What is wrong
# with it?
#
# **Solution**

optimizer = torch.optim.SGD([layer.weight], lr=0.1)
norms = []
for _ in range(4):
    optimizer.zero_grad()
    layer(torch.ones(1, 2)).sum().backward()
    gradients = [each.grad for each in layer.parameters()]
    norms.append(nn.utils.get_total_norm(gradients).item())
print("norms:", [f"{norm:.2f}" for norm in norms])

assert norms == sorted(norms) and norms[-1] > 2 * norms[0], "the norm grows each time"

# %%
# It grows although the gradient of the weight is the same each time, because the
# gradient of the bias adds up. Clipping by this norm would scale down the gradient of
# the weight more and more. Call ``layer.zero_grad()``, or
# ``layer.bias.requires_grad_(False)`` if you don't train the bias at all.

# %%
# Remember
# --------
#
# - ``optimizer.zero_grad()`` clears what the optimizer holds, ``model.zero_grad()``
#   what the model holds.
# - ``None`` frees the memory and makes ``step()`` skip the parameter. Zeros keep the
#   memory, and ``step()`` uses them like any other gradient.
# - With several optimizers, clear each one before its own ``backward()``.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_zeroing_out_gradients.py`: why clear at all.
# - :ref:`sphx_glr_recipes_gradients_where_to_clear_gradients.py`
# - `torch.optim.Optimizer.zero_grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html>`__
# - `torch.nn.Module.zero_grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.zero_grad>`__

# sphinx_gallery_position = 3
# sphinx_gallery_tags = ["zero_grad", "optimizer", "memory", "SGD", "Adam"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
