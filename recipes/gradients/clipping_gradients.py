"""
Gradient clipping
=================

Call ``torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)`` between
``loss.backward()`` and ``optimizer.step()``. If the norm of all gradients together is
above ``max_norm``, it scales them all down. It returns the norm before clipping, so log
that.
"""

# %%
# In short
# --------
#
# Clip a gradient of 1 and 8 by its norm, √(1² + 8²) ≈ 8.06, and by its values:

import matplotlib.pyplot as plt
import torch
from torch import nn

weight = torch.zeros(2, requires_grad=True)
weight.grad = torch.tensor([1.0, 8.0])
returned = nn.utils.clip_grad_norm_([weight], max_norm=1.0)
by_norm = weight.grad
print("by norm: ", by_norm, f"returned {returned:.2f}")

weight.grad = torch.tensor([1.0, 8.0])
nn.utils.clip_grad_value_([weight], clip_value=1.0)
by_value = weight.grad
print("by value:", by_value)

assert abs(by_norm.norm() - 1) < 1e-4, "clipping by norm makes the length 1"
assert abs(by_norm[1] / by_norm[0] - 8) < 1e-4, "clipping by norm keeps the direction"
assert by_value.tolist() == [1, 1], "clipping by value changes the direction"
assert abs(returned - 65**0.5) < 1e-4, (
    "clip_grad_norm_ returns the norm before clipping"
)

# %%
# By norm, both numbers shrink by the same factor. By value, each is cut off on its own,
# so the gradient points elsewhere. That is why clipping by norm is the usual choice.

# %%
# A network whose gradients explode
# ---------------------------------
#
# A recurrent network reads 30 random numbers and learns their sum. The same weights act
# at each of the 30 steps, so a factor a little above 1 becomes a large one.

import math


def train(max_norm=None, make_optimizer=torch.optim.SGD, lr=0.05):
    """Return the loss, and the norm before clipping, of each of 120 steps."""
    torch.manual_seed(0)
    network = nn.RNN(1, 16, nonlinearity="relu", batch_first=True)
    readout = nn.Linear(16, 1)
    nn.init.eye_(network.weight_hh_l0)  # begin by handing on what was read
    parameters = [*network.parameters(), *readout.parameters()]
    optimizer = make_optimizer(parameters, lr=lr)
    losses, norms = [], []
    for _ in range(120):
        sequences = torch.randn(32, 30, 1)
        sums = sequences.sum(dim=1) / math.sqrt(30)  # with a variance of 1
        optimizer.zero_grad()
        outputs, _ = network(sequences)
        loss = nn.functional.mse_loss(readout(outputs[:, -1]), sums)
        loss.backward()
        gradients = [each.grad for each in parameters if each.grad is not None]
        norm = nn.utils.get_total_norm(gradients)  # changes nothing
        if max_norm is not None:
            nn.utils.clip_grad_norm_(parameters, max_norm)
        optimizer.step()
        losses.append(loss.item())
        norms.append(norm.item())
    return losses, norms


wild_losses, wild_norms = train()
losses, norms = train(max_norm=1.0)

fig, panels = plt.subplots(2, 1, figsize=(5, 5.6), layout="constrained")
for color, label, values in [
    ("C1", "without clipping", (wild_losses, wild_norms)),
    ("C0", "with clipping", (losses, norms)),
]:
    for ax, numbers in zip(panels, values, strict=True):
        steps = range(1, len(numbers) + 1)
        ax.plot(steps, numbers, color, marker="o", markersize=3, label=label)
panels[1].axhline(1, color="C2", linestyle="--", label="threshold")
panels[0].set(ylabel="loss", ylim=(0.05, 1e4))
panels[1].set(ylabel="norm before clipping", ylim=(0.5, 1e6))
for ax in panels:
    ax.set(xlabel="step (log scale)", xscale="log", yscale="log")
    ax.legend()
plt.show()
# sphinx_gallery_alt_block = "Two panels over the steps, on logarithmic scales: the loss, and the norm of the gradient before clipping. Without clipping, both leave the picture at the top within a few steps. With clipping, the loss falls, while the norm stays above the threshold in nearly all steps."

# %%
# Without clipping, the first steps throw the weights far off. Then a number is too
# large to be stored and becomes ``inf``, and soon the loss stays at ``nan``. With
# clipping, the same network learns.
#
# To measure only, use ``get_total_norm``, which changes nothing. ``clip_grad_norm_``
# with an infinite threshold is not the same: if the norm is ``inf``, it multiplies by
# ``inf / inf``, which turns even finite gradients into ``nan``.

assert not math.isfinite(wild_losses[-1]), "without clipping, the loss ends at nan"
assert sum(losses[-20:]) / 20 < 0.5, "with clipping, the loss ends below 0.5"

# %%
# When clipping helps
# -------------------
#
# The same network, with other optimizers, learning rates and thresholds (``none`` is
# without clipping). Each number is the mean loss of the last 20 steps; always answering
# 0 gives a loss of 1.

runs = {
    "SGD, lr 0.05": (torch.optim.SGD, 0.05),
    "SGD, lr 0.0005": (torch.optim.SGD, 0.0005),
    "Adam, lr 0.05": (torch.optim.Adam, 0.05),
    "Adam, lr 0.005": (torch.optim.Adam, 0.005),
}
ends = {}
print(f"{'threshold':16}{'none':>10}{'100':>8}{'1':>8}")
for name, run in runs.items():
    ends[name] = [sum(train(each, *run)[0][-20:]) / 20 for each in (None, 100, 1)]
    print(f"{name:16}{ends[name][0]:10.3f}{ends[name][1]:8.3f}{ends[name][2]:8.3f}")
# sphinx_gallery_compare_block = "shape"

# %%
# Clipping lets you use learning rates that would fail without it, if the threshold is
# low enough: at 100, the steps of SGD are still too long to learn. But it is not the
# only way: SGD with a hundredth of the learning rate and Adam with a tenth also learn
# without it (SGD with most seeds). Where training is stable anyway, a low threshold
# mostly makes SGD slower, as in the second line.

assert ends["SGD, lr 0.05"][1] > 0.7, "with a threshold of 100, SGD ends above 0.7"
assert ends["Adam, lr 0.05"][2] < ends["Adam, lr 0.05"][0], "clipping helps Adam"
assert max(ends["Adam, lr 0.005"]) < 0.2, "at lr 0.005, Adam ends below 0.2 anyway"

# %%
# Why it happens
# --------------
#
# ``clip_grad_norm_`` computes one norm over all gradients and multiplies each of them
# by ``max_norm / norm``, if that is below 1. A plain SGD step is then never longer than
# the learning rate times ``max_norm``. Adam divides by the size of the gradients, so a
# constant factor hardly changes its steps; there, clipping keeps single outliers out of
# its averages.
#
# What is not finite cannot be scaled. One ``nan`` makes the norm ``nan``, and with it
# every gradient. One ``inf`` makes the factor 0, so it becomes ``nan`` itself, and all
# other gradients become 0:

clipped = {}
for bad in (math.nan, math.inf):
    weight.grad = torch.tensor([1.0, bad])
    nn.utils.clip_grad_norm_([weight], max_norm=1.0)
    clipped[bad] = weight.grad
    print(f"1 and {bad} after clipping:", weight.grad)
weight.grad = torch.tensor([1e30, 1e30])
norm = nn.utils.clip_grad_norm_([weight], max_norm=math.inf)
print(f"norm {norm}, with an infinite threshold:", weight.grad)

assert clipped[math.nan].isnan().all(), "one nan makes all gradients nan"
assert clipped[math.inf][0] == 0, "one inf makes the other gradients 0"
assert clipped[math.inf][1].isnan(), "one inf makes its own gradient nan"
assert weight.grad.isnan().all(), "an infinite threshold makes these gradients nan"

# %%
# With ``error_if_nonfinite=True`` you get an error instead, before anything is changed.
# To find where the ``nan`` comes from, see
# :ref:`sphx_glr_recipes_gradients_checking_gradients.py`.

message = ""
weight.grad = torch.tensor([1.0, math.nan])
try:
    nn.utils.clip_grad_norm_([weight], max_norm=1.0, error_if_nonfinite=True)
except RuntimeError as error:
    message = f"{type(error).__name__}: {error}"
    print(message)

assert "is non-finite" in message, "with error_if_nonfinite, a nan is an error"
assert weight.grad[0] == 1, "after that error, the gradients are as they were"

# %%
# In your own code
# ----------------
#
# There are two ways to use it. If training is healthy and only an occasional batch
# throws it off, choose a threshold above nearly all norms, such as the 99th percentile.
# If training diverges from the first step, as here, the norms of that run tell you
# nothing: begin at 1, and also try 0.1 and 10. In both cases, see how many steps are
# clipped:


def describe(norms, max_norm):
    """Print the usual norm, and how many steps a threshold clips."""
    usual, high = torch.tensor(norms).quantile(torch.tensor([0.5, 0.99])).tolist()
    share = sum(norm > max_norm for norm in norms) / len(norms)
    print(f"median {usual:.1f}, 99% below {high:.1f}, clipped: {share:.0%}")
    return share


share = describe(norms, max_norm=1.0)

# %%
# Here nearly every step is clipped. A clipped step of plain SGD is as long as the
# learning rate times the threshold, so only their product counts. This is not true of
# Adam.
#
# If you accumulate gradients, clip once for each group, after its last ``backward()``.
# With ``torch.amp.GradScaler``, call ``scaler.unscale_(optimizer)`` before you clip.

assert share > 0.8, "with a threshold of 1, more than 80% of the steps are clipped"

# %%
# Try it
# ------
#
# What is different if you clip each parameter on its own, in a loop?
#
# **Solution**

pair = [torch.zeros(1, requires_grad=True) for _ in range(2)]
for each, value in zip(pair, (1.0, 8.0), strict=True):
    each.grad = torch.tensor([value])
    nn.utils.clip_grad_norm_([each], max_norm=1.0)
print("each on its own:", [f"{each.grad.item():.2f}" for each in pair])

assert abs(pair[1].grad.item() - 1) < 1e-4, (
    "clipped on its own, each parameter has a norm of 1"
)

# %%
# Each parameter has its own norm and its own factor, so the direction changes, as with
# clipping by value. Pass all parameters in one call.

# %%
# Remember
# --------
#
# - ``clip_grad_norm_``, with all parameters, between ``backward()`` and ``step()``.
# - Log the norm that it returns. Choose a threshold that only outliers exceed, or, if
#   training diverges at once, begin at 1.
# - It lets you use larger learning rates. It does not repair ``nan``.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_clipping_after_step.py`
# - :ref:`sphx_glr_recipes_gradients_looking_at_gradients.py`: gradients that vanish.
# - `torch.nn.utils.clip_grad_norm_
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html>`__
# - `torch.nn.utils.clip_grad_value_
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html>`__

# sphinx_gallery_position = 6
# sphinx_gallery_tags = ["clipping", "training loop", "SGD", "Adam", "RNN"]
# sphinx_gallery_cost = "6 s"
# sphinx_gallery_needs = []
