"""
Accumulation without scaling
============================

Gradients of several small batches are added up to make a large batch that would not fit
into memory. If each loss is a mean and nobody divides by the number of batches, the
step is that many times too large.

What it looks like
------------------

A learning rate that works with batches of 64 fails when each 64 is made of small
batches. With SGD the loss explodes, or swings where it should be smooth. With Adam
nothing seems wrong.

- Type: generic
- Stage: training
- Effect: wrong result

What you will learn
-------------------

- Why the sum of ``k`` mean losses has a gradient that is ``k`` times too large.
- Which line repairs it.
- Why Adam hides the mistake, and what suffers all the same.

What you need
-------------

- ``torch`` and ``matplotlib``.
- No data set: the recipe makes its own points.
- About 5 seconds on two CPU cores. A GPU is used if there is one.
"""

# %%
# The setting
# -----------
#
# The points lie around the line y = 3x + 2. An epoch is four large batches of 64
# points. Each of them is made of eight small batches of 8 points, as if no more would
# fit into memory.

from functools import partial

import matplotlib.pyplot as plt
import torch
from torch import nn

device = torch.device("cpu")
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()

torch.manual_seed(0)
x = 4 * torch.rand(256, 1) - 2
y = 3 * x + 2 + 0.5 * torch.randn(256, 1)
x, y = x.to(device), y.to(device)

large_batches = torch.arange(256).split(64)
loss_function = nn.MSELoss()


def run(make_optimizer, train_one_epoch):
    """Train for ten epochs from zero. Return the model and its losses by step."""
    model = nn.Linear(1, 1).to(device)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    optimizer = make_optimizer(model.parameters())
    losses = []
    for _ in range(10):
        losses += train_one_epoch(model, optimizer)
    return model, losses


optimizers = {
    "SGD": partial(torch.optim.SGD, lr=0.11),
    "Adam": partial(torch.optim.Adam, lr=0.1),
}

# %%
# This is what the small batches are to imitate: one step for each large batch.


def train_on_large_batches(model, optimizer):
    losses = []
    for batch in large_batches:
        optimizer.zero_grad()
        loss = loss_function(model(x[batch]), y[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def report(name, model, losses):
    line = f"{name:6} first loss {losses[0]:5.2f}   last loss {losses[-1]:9.3g}"
    print(f"{line}   weight {model.weight.item():9.3g}")


large = {}
for name, make_optimizer in optimizers.items():
    large[name] = run(make_optimizer, train_on_large_batches)
    report(name, *large[name])
    assert large[name][1][0] > 5 and large[name][1][-1] < 1

# %%
# Both losses begin above 5 and end below 1. The noise alone makes 0.25.

# %%
# The mistake
# -----------
#
# Eight calls of ``backward`` add up in ``.grad``, then comes the step.


def train_one_epoch(model, optimizer):
    losses = []
    for large_batch in large_batches:
        optimizer.zero_grad()
        total = 0.0
        small_batches = large_batch.split(8)
        for batch in small_batches:
            loss = loss_function(model(x[batch]), y[batch])
            loss.backward()
            total += loss.item() / len(small_batches)
        optimizer.step()
        losses.append(total)
    return losses


mistake = {}
for name, make_optimizer in optimizers.items():
    mistake[name] = run(make_optimizer, train_one_epoch)
    report(name, *mistake[name])

# %%
# ``nn.MSELoss`` is the mean over its batch. The loss of the large batch is the *mean*
# of the eight small losses, but ``backward`` builds the gradient of their *sum*, which
# is eight times as large. SGD with learning rate 0.11 then walks as if it were 0.88,
# and that is too much here.

# %%
# The repair
# ----------
#
# Divide each loss by the number of small batches, before ``backward``:
#
# .. code-block:: diff
#
#     def train_one_epoch(model, optimizer):
#         losses = []
#         for large_batch in large_batches:
#             optimizer.zero_grad()
#             total = 0.0
#             small_batches = large_batch.split(8)
#             for batch in small_batches:
#    -            loss = loss_function(model(x[batch]), y[batch])
#    +            loss = loss_function(model(x[batch]), y[batch]) / len(small_batches)
#                 loss.backward()
#    -            total += loss.item() / len(small_batches)
#    +            total += loss.item()
#             optimizer.step()
#             losses.append(total)
#         return losses
#
# Here is the repaired function, with the same two runs.


def train_one_epoch(model, optimizer):
    losses = []
    for large_batch in large_batches:
        optimizer.zero_grad()
        total = 0.0
        small_batches = large_batch.split(8)
        for batch in small_batches:
            loss = loss_function(model(x[batch]), y[batch]) / len(small_batches)
            loss.backward()
            total += loss.item()
        optimizer.step()
        losses.append(total)
    return losses


repair = {}
for name, make_optimizer in optimizers.items():
    repair[name] = run(make_optimizer, train_one_epoch)
    report(name, *repair[name])

# %%
# Side by side
# ------------
#
# How far is each run from the run on large batches? Here is the largest relative
# difference of a loss over all 40 steps.

difference = {}
for name in optimizers:
    wanted = torch.tensor(large[name][1])
    for label, runs in (("mistake", mistake), ("repair", repair)):
        losses = torch.tensor(runs[name][1])
        largest = ((losses - wanted).abs() / wanted).max().item()
        difference[name, label] = largest
        words = "below 0.001" if largest < 1e-3 else f"{largest:.0e}"
        print(f"{name:5} {label:8} {words}")

assert difference["SGD", "mistake"] > 10, "with SGD, the mistake explodes"
assert difference["Adam", "mistake"] < 1e-3, "Adam does not see it"
assert difference["SGD", "repair"] < 1e-3 and difference["Adam", "repair"] < 1e-3
assert mistake["SGD"][1][-1] > 10 * mistake["SGD"][1][0], "the loss grows tenfold"

# %%
# The repair agrees with the large batches to a thousandth or better: what is left is
# rounding. Adam agrees even with the mistake.

fig, panels = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
steps = range(1, 41)
for ax, name in zip(panels, optimizers, strict=True):
    ax.plot(steps, large[name][1], "C2", linewidth=6, alpha=0.4, label="large batches")
    ax.plot(steps, mistake[name][1], "C1", label="mistake")
    ax.plot(steps, repair[name][1], "C0--", label="repair")
    ax.set(title=name, xlabel="step", yscale="log")
panels[0].set_ylabel("loss (mean squared error, log scale)")
panels[0].legend()
plt.show()
# sphinx_gallery_alt_block = "Two panels, SGD and Adam: loss by step on a logarithmic scale for large batches, for the mistake and for the repair. With SGD, the mistake climbs to many times the first loss, while the repair lies on the curve of the large batches and falls. With Adam, all three curves lie on one another."

# %%
# With SGD, the mistake ends at more than ten times the loss that it began with. With
# Adam, the three curves are one: Adam divides each step by the size of the recent
# gradients, and a factor of eight cancels.

# %%
# How to notice it
# ----------------
#
# **Compare one gradient.** Compute that of a large batch at once, and then in ``k``
# parts. The ratio of their norms has to be 1, whatever ``k`` is. Use the loop that you
# train with; here it is with the division and without.


def gradient_norm(k, divide):
    model.zero_grad()
    for batch in large_batches[0].split(64 // k):
        loss = loss_function(model(x[batch]), y[batch])
        if divide:
            loss = loss / k
        loss.backward()
    return nn.utils.get_total_norm(p.grad for p in model.parameters()).item()


model = large["SGD"][0]
nn.init.zeros_(model.weight)  # far from the goal, where gradients are large
at_once = gradient_norm(k=1, divide=False)

print(" k  without the division  with it")
for k in (1, 2, 4, 8):
    without, with_it = (gradient_norm(k, divide) / at_once for divide in (False, True))
    print(f"{k:2d}  {without:20.4f}  {with_it:7.4f}")
    assert abs(without - k) < 1e-3 and abs(with_it - 1) < 1e-3

# %%
# Without the division, the ratio is ``k``.
#
# **Do not rely on Adam.** Whatever reads the gradients themselves sees them ``k`` times
# too large. ``clip_grad_norm_`` clips where it should not. In ``torch.optim.Adam``,
# ``weight_decay`` adds to the gradient, and against one that is ``k`` times too large
# it weighs ``k`` times too little.
#
# **Mind the losses that are sums.** With ``reduction="sum"``, small batches add up to
# the large one without a division. And where small batches differ in size, as the last
# one often does, divide each sum by the number of samples in the large batch.

# %%
# Sources
# -------
#
# - `torch.Tensor.backward
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html>`__ says
#   that gradients accumulate.
# - `torch.nn.MSELoss
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html>`__ says that
#   its default is the mean, and what ``reduction`` changes.
# - `Automatic Mixed Precision examples
#   <https://docs.pytorch.org/docs/stable/notes/amp_examples.html>`__ divide the loss by
#   the number of batches that are accumulated.

# %%
# What to remember
# ----------------
#
# - The gradients of ``k`` batches add up. Divide each mean loss by ``k``, before
#   ``backward``.
# - With SGD, leaving it out makes the step ``k`` times as large. Adam hides it.
# - Compare one accumulated gradient with that of the whole batch: the ratio of their
#   norms has to be 1.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_accumulating_gradients.py`: accumulation done
#   right, with the memory that it saves.
# - :ref:`sphx_glr_recipes_gradients_clipping_gradients.py`: where to clip when you
#   accumulate.
# - `torch.optim.Adam
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html>`__

# sphinx_gallery_position = 4
# sphinx_gallery_tags = ["accumulation", "training loop", "SGD", "Adam"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "generic", "stage": "training", "effect": "wrong result", "symptom": "The loss explodes as soon as a batch is split into small ones."}
