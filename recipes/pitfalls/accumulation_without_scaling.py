"""
Gradient accumulation without scaling
=====================================

To add up the gradients of small batches of equal size, divide each mean loss by the
number of batches. Otherwise the gradient is that many times too large: SGD takes too
large a step, while Adam hides the mistake.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#     for batch in small_batches:
#    -    loss = loss_function(model(x[batch]), y[batch])
#    +    loss = loss_function(model(x[batch]), y[batch]) / len(small_batches)
#         loss.backward()
#     optimizer.step()
#
# Eight points, as one batch and as four small ones, without the division and with it:

import matplotlib.pyplot as plt
import torch

x = torch.arange(1.0, 9.0)
gradients = {}
for count, divisor in ((1, 1), (4, 1), (4, 4)):
    weight = torch.tensor(1.0, requires_grad=True)
    for batch in x.chunk(count):
        loss = ((weight * batch) ** 2).mean() / divisor
        loss.backward()
    gradients[count, divisor] = weight.grad.item()
    print(f"batches: {count}, divided by {divisor}: gradient {weight.grad.item()}")

assert gradients[4, 1] == 4 * gradients[1, 1], "without it, four times too large"
assert gradients[4, 4] == gradients[1, 1], "with the division, the same gradient"

# %%
# Which optimizers notice
# -----------------------
#
# Fit the line ``y = 3x + 2``, one step for every 64 points: at once, and as 8 small
# batches of 8 points. All runs begin with a weight and a bias of zero and see the same
# points in the same order.

from functools import partial

from torch import nn

device = torch.accelerator.current_accelerator(check_available=True) or "cpu"
torch.manual_seed(0)
x = 4 * torch.rand(256, 1) - 2
y = 3 * x + 2 + 0.5 * torch.randn(256, 1)
x, y = x.to(device), y.to(device)
loss_function = nn.MSELoss()


def train(make_optimizer, number_of_batches, divide, max_norm=None):
    """Return the loss of each step."""
    model = nn.Linear(1, 1).to(device)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    optimizer = make_optimizer(model.parameters())
    losses = []
    for epoch in range(10):
        for large_batch in torch.arange(256).split(64):
            optimizer.zero_grad()
            small_batches = large_batch.chunk(number_of_batches)
            for batch in small_batches:
                if divide:
                    loss = loss_function(model(x[batch]), y[batch]) / len(small_batches)
                else:
                    loss = loss_function(model(x[batch]), y[batch])
                loss.backward()
            if max_norm:
                nn.utils.clip_grad_norm_(model.parameters(), max_norm)
            optimizer.step()
            with torch.inference_mode():
                losses.append(loss_function(model(x), y).item())
    return losses


sgd = partial(torch.optim.SGD, lr=0.13)
setups = {
    "SGD, lr 0.13": (sgd, None),
    "SGD, lr 0.013": (partial(torch.optim.SGD, lr=0.013), None),
    "SGD, clipped": (sgd, 1.0),
    "Adam": (partial(torch.optim.Adam, lr=0.1), None),
    "Adam, decay": (partial(torch.optim.Adam, lr=0.1, weight_decay=0.5), None),
    "AdamW, decay": (partial(torch.optim.AdamW, lr=0.1, weight_decay=0.5), None),
}
at_once, divided, not_divided = {}, {}, {}
print(f"{'last loss':14}{'at once':>10}{'divided':>10}{'not divided':>14}")
for name, (make_optimizer, max_norm) in setups.items():
    at_once[name] = train(make_optimizer, 1, True, max_norm)
    divided[name] = train(make_optimizer, 8, True, max_norm)
    not_divided[name] = train(make_optimizer, 8, False, max_norm)
    print(f"{name:14}{at_once[name][-1]:10.3g}{divided[name][-1]:10.3g}", end="")
    print(f"{not_divided[name][-1]:14.3g}")

# %%
# With the division, each run agrees with the one that sees all 64 points at once.
# Without it, the gradient is 8 times too large, and the result depends on the setup:
#
# - SGD takes 8 times the step. Here that is too much for a learning rate of 0.13. For
#   0.013, which was too small, it even helps.
# - Clipped gradients have the same length in both runs while they are above the limit,
#   so the mistake shows little.
# - Adam divides by the size of recent gradients, so the factor cancels. In RMSprop and
#   Adagrad, it cancels, too.
# - Adam adds ``weight_decay`` to the gradient, so beside a gradient that is 8 times too
#   large, that term counts for less. In AdamW the decay is separate, and nothing
#   changes.

assert not_divided["SGD, lr 0.13"][-1] > 1e6, "SGD, lr 0.13: the loss explodes"
for name in ["SGD, lr 0.013"]:
    assert not_divided[name][-1] < 0.5 * at_once[name][-1], "lr 0.013: it even helps"
for name in ["Adam, decay"]:
    assert not_divided[name][-1] < 0.8 * at_once[name][-1], "Adam: less weight decay"
for name in ("Adam", "AdamW, decay"):
    apart = torch.tensor(not_divided[name]) / torch.tensor(at_once[name]) - 1
    assert apart.abs().max() < 0.001, "Adam and AdamW: the factor cancels"
for name in setups:
    apart = torch.tensor(divided[name]) / torch.tensor(at_once[name]) - 1
    assert apart.abs().max() < 0.001, "with the division, all agree with 64 at once"

# %%
# The first line of the table, step by step:

fig, ax = plt.subplots()
name = "SGD, lr 0.13"
ax.plot(not_divided[name], "C1", label="not divided")
ax.plot(at_once[name], "C2", linewidth=6, alpha=0.4, label="64 points at once")
ax.plot(divided[name], "C0--", label="divided")
ax.set(xlabel="step", ylabel="loss (log scale)", yscale="log", title=name)
ax.legend()
plt.show()
# sphinx_gallery_alt_block = "Loss by step with SGD on a logarithmic scale. The curve that is not divided climbs by many powers of ten. The one that is divided follows the curve of 64 points at once and falls."

# %%
# Why it happens
# --------------
#
# ``nn.MSELoss`` and ``nn.CrossEntropyLoss`` return the mean over their batch by
# default. The loss of 64 points is the *mean* of the 8 small means, but ``backward()``
# adds, so ``.grad`` holds the gradient of their *sum*. The sum is 8 times the mean.

# %%
# In your own code
# ----------------
#
# Compare one accumulated gradient with that of the whole batch: their difference has to
# be close to 0. Since Adam hides the mistake, a falling loss is no proof. Take a few
# samples, such as 8 in batches of 2, because the check needs all of them at once.
# Replace ``accumulate`` with your own loop:


def difference(model, at_once, accumulate):
    """Return how far off the accumulated gradient is, relative to the right one."""
    found = []
    for backward in (at_once, accumulate):
        model.zero_grad()
        backward()
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        found.append(torch.cat([each.flatten() for each in gradients]))
    return ((found[1] - found[0]).norm() / found[0].norm()).item()


model = nn.Linear(1, 1).to(device)


def whole_batch():
    loss_function(model(x[:8]), y[:8]).backward()


def accumulate(divisor=1):
    for batch in torch.arange(8).split(2):
        loss = loss_function(model(x[batch]), y[batch]) / divisor
        loss.backward()


off = {
    "not divided": difference(model, whole_batch, accumulate),
    "divided": difference(model, whole_batch, partial(accumulate, divisor=4)),
}
for name, by in off.items():
    print(f"{name:12}{by:.3f}")

assert abs(off["not divided"] - 3) < 0.01, (
    "four batches, not divided: the gradient is off by three times the right one"
)
assert off["divided"] < 0.001, "divided, it is the same gradient within 0.1%"

# %%
# A gradient that is four times too large is off by three times the right one. Call
# ``model.eval()`` for the comparison, because dropout and batch norm make small batches
# differ from a large one. In training mode, batch norm uses the statistics of each
# small batch, so there accumulated gradients differ even with the division.
#
# With ``reduction="sum"``, don't divide by the number of batches: small sums add up to
# the large one.

# %%
# Try it
# ------
#
# The last small batch is often smaller than the others. Split the eight points of *In
# short* into batches of 3, 3 and 2, and divide each mean by 3. Is the gradient 51?
#
# **Solution**

points = torch.arange(1.0, 9.0)
sums = {}
for name in ("1 / 3", "size / 8"):
    weight = torch.tensor(1.0, requires_grad=True)
    for batch in points.split(3):
        share = 1 / 3 if name == "1 / 3" else len(batch) / len(points)
        (((weight * batch) ** 2).mean() * share).backward()
    sums[name] = weight.grad.item()
    print(f"{name:8}: gradient {sums[name]:.2f}")

assert sums["1 / 3"] > 57, "divided by 3, the gradient is too large"
assert abs(sums["size / 8"] - 51) < 1e-3, "weighted by size, it is 51"

# %%
# No: each point of the smallest batch counts for more. Multiply each mean by the number
# of its points, and divide by the number of all points. With class weights, use the
# sums of the weights both times. With ``ignore_index``, as for padded text, count only
# the labels that are not ignored, both times.

# %%
# Remember
# --------
#
# - ``backward()`` adds gradients. For batches of equal size, divide each mean loss by
#   their number.
# - For batches of different sizes, weight each mean by its share of the samples.
# - Adam hides the factor. But its ``weight_decay`` counts for less, and gradients are
#   clipped too early.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_accumulating_gradients.py`: accumulation, and the
#   memory that it saves.
# - `Gradient accumulation
#   <https://docs.pytorch.org/docs/stable/notes/amp_examples.html#gradient-accumulation>`__
#   in PyTorch's notes on mixed precision.
# - `torch.optim.Adam
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html>`__

# sphinx_gallery_position = 12
# sphinx_gallery_tags = ["accumulation", "training loop", "SGD", "Adam"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "generic", "stage": "training", "effect": "wrong result", "group": "explodes", "symptom": "The loss changes, or explodes, as soon as a batch is split into small ones."}
