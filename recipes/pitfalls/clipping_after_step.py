"""
Clipping after the step
=======================

Clipping limits the gradients, so that one bad batch cannot throw the weights far off.
After ``optimizer.step()`` it comes too late: the step has been made, and the gradients
that it clips are never used.

What it looks like
------------------

After a bad batch the loss stays high for many steps, as if there were no clipping, and
a smaller ``max_norm`` does not help. The norms that you log look plausible, and
``.grad`` is within the limit when you look at it after the step.

- Type: API-specific
- Stage: training
- Effect: wrong result

What you will learn
-------------------

- The one place in the loop where clipping has an effect.
- Why the logged norm does not give the mistake away.
- A check that does: how long the longest step was.

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
# A model of one weight and one bias learns the line y = 3x + 2 from 200 batches of 16
# points. In three of the batches one value is wrong: somebody has lost a decimal point,
# and 5.000 has become 5000.

import math

import matplotlib.pyplot as plt
import torch
from torch import nn

device = torch.device("cpu")
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()

torch.manual_seed(0)
inputs = 4 * torch.rand(200, 16, 1) - 2
targets = 3 * inputs + 2 + 0.1 * torch.randn(200, 16, 1)
bad_steps = [110, 140, 170]
inputs[bad_steps, 0] = 1.0
targets[bad_steps, 0] = 5000.0
batches = list(zip(inputs.to(device), targets.to(device), strict=True))

learning_rate = 0.1


def run(train, max_norm):
    """Return weight and bias after each step, and the norm that was told."""
    torch.manual_seed(0)
    model = nn.Linear(1, 1).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    values, norms = [[model.weight.item(), model.bias.item()]], []

    def after_step(norm):
        values.append([model.weight.item(), model.bias.item()])
        norms.append(norm.item())

    train(model, optimizer, max_norm, after_step)
    return torch.tensor(values), torch.tensor(norms)


# %%
# The mistake
# -----------
#
# All calls are there. Run it with a limit of 1, and once more without a limit.


def train(model, optimizer, max_norm, after_step):
    for batch_inputs, batch_targets in batches:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(batch_inputs), batch_targets)
        loss.backward()
        optimizer.step()
        norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        after_step(norm)


mistake, mistake_norms = run(train, max_norm=1.0)
unlimited, _ = run(train, max_norm=math.inf)

print("weight       step 110   step 111   step 200")
for name, values in (("limit 1", mistake), ("no limit", unlimited)):
    print(f"{name:10}", *(f"{values[i, 0].item():10.4f}" for i in (110, 111, 200)))

assert torch.equal(mistake, unlimited), "the limit does nothing"

# %%
# With a limit and without, the weights are equal to the last bit, at every step. The
# first bad batch throws the weight from about 3 to more than 50. The clipping then
# shortens gradients that nobody reads: the next thing that happens to them is
# ``zero_grad()``.

assert abs(mistake[110, 0] - 3) < 0.2 and mistake[111, 0] > 50

# %%
# The repair
# ----------
#
# Clip between ``backward()``, which writes the gradients, and ``step()``, which reads
# them:
#
# .. code-block:: diff
#
#     def train(model, optimizer, max_norm, after_step):
#         for batch_inputs, batch_targets in batches:
#             optimizer.zero_grad()
#             loss = nn.functional.mse_loss(model(batch_inputs), batch_targets)
#             loss.backward()
#    +        norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm)
#             optimizer.step()
#    -        norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm)
#             after_step(norm)
#
# Here is the repaired function, with the limit of 1.


def train(model, optimizer, max_norm, after_step):
    for batch_inputs, batch_targets in batches:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(batch_inputs), batch_targets)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        after_step(norm)


repair, repair_norms = run(train, max_norm=1.0)

print("weight       step 110   step 111   step 200")
print(f"{'repair':10}", *(f"{repair[i, 0].item():10.4f}" for i in (110, 111, 200)))

assert (repair[110:, 0] - 3).abs().max() < 0.3, "the bad batches do little harm"

# %%
# Side by side
# ------------
#
# Draw the weight, and the norm that ``clip_grad_norm_`` returned.

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
left.plot(mistake[:, 0], "C1", label="mistake")
left.plot(repair[:, 0], "C0", label="repair")
left.set(xlabel="step", ylabel="weight")
left.legend()
right.plot(mistake_norms, "C1", label="mistake")
right.plot(repair_norms, "C0--", label="repair")
right.axhline(1, color="C2", linestyle=":", label="limit")
right.set(xlabel="step", ylabel="returned norm (log scale)", yscale="log")
right.legend()
plt.show()
# sphinx_gallery_alt_block = "Two panels over the 200 steps. Left, the weight: with the mistake it jumps far up at each of the three bad batches and takes some steps to come back; after the repair it stays near 3. Right, the norm that was returned, on a logarithmic scale, with the limit as a dotted line: both runs have the same three peaks far above the limit."

# %%
# This model finds its way back from each jump, because it has two parameters and no
# other valley to fall into. A deep network may never come back.
#
# The panel on the right shows why a log does not tell you. ``clip_grad_norm_`` returns
# the norm as it was *before* clipping, so the peaks are there in both runs, and of the
# same height. They differ in what follows: with the mistake, the norm stays above the
# limit for several steps, after the repair it is back at once. You need both runs to
# see that.

peaks = mistake_norms[bad_steps], repair_norms[bad_steps]
print("peaks, mistake:", *(f"{norm:7.1f}" for norm in peaks[0].tolist()))
print("peaks, repair: ", *(f"{norm:7.1f}" for norm in peaks[1].tolist()))

assert torch.allclose(*peaks, rtol=0.01) and min(peaks[0]) > 500
for step in bad_steps:
    after = slice(step + 1, step + 6)
    assert mistake_norms[after].min() > 1 and repair_norms[after].max() < 1

# %%
# How to notice it
# ----------------
#
# **Measure the steps.** With plain SGD, no step should be longer than the learning rate
# times ``max_norm``, which is 0.1 here:


def longest_step(values):
    return values.diff(dim=0).norm(dim=1).max().item()


print(f"longest step, mistake: {longest_step(mistake):8.4f}")
print(f"longest step, repair:  {longest_step(repair):8.4f}")

assert longest_step(mistake) > 500 * learning_rate
assert longest_step(repair) < 1.001 * learning_rate

# %%
# With momentum or Adam this bound does not hold. What then works with any optimizer is
# to run twice from the same seed, with ``max_norm`` at 1 and at ``math.inf``, as above.
# If the weights are the same to the last bit, though norms above 1 were logged, then
# the clipping does nothing.
#
# **Know the other wrong place.** Before ``backward()`` there is nothing to clip. The
# gradients are ``None``, and the norm that is returned is zero:

model = nn.Linear(1, 1)
norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
print("norm before backward():", norm.item())

assert norm == 0 and model.weight.grad is None

# %%
# **Mind what stands between.** If you accumulate gradients over several batches, clip
# once, right before the step. With a ``GradScaler``, call
# ``scaler.unscale_(optimizer)`` first, or else you clip gradients that are multiplied
# by a large factor.

# %%
# Sources
# -------
#
# - `torch.nn.utils.clip_grad_norm_
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html>`__
#   says that gradients are changed in place, and that the total norm is returned.
# - `Automatic mixed precision examples
#   <https://docs.pytorch.org/docs/stable/notes/amp_examples.html#gradient-clipping>`__,
#   in PyTorch's notes, show where to clip when gradients are scaled.

# %%
# What to remember
# ----------------
#
# - Clip between ``backward()`` and ``step()``. Before or after, it does nothing.
# - ``clip_grad_norm_`` returns the norm before clipping. It looks the same when the
#   clipping has no effect.
# - Measure the steps: with plain SGD, none should be longer than the learning rate
#   times ``max_norm``.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_clipping_gradients.py`: by norm or by value, and
#   how to choose the limit.
# - :ref:`sphx_glr_recipes_gradients_where_to_clear_gradients.py`: the order of the
#   other calls.
# - `torch.optim.SGD
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html>`__

# sphinx_gallery_position = 12
# sphinx_gallery_tags = ["clipping", "training loop", "optimizer", "SGD"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "training", "effect": "wrong result", "symptom": "A bad batch throws the weights far off in spite of clipping, and another max_norm changes nothing."}
