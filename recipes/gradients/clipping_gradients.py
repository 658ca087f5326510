"""
Clipping gradients
==================

One very long gradient can undo a whole training in a single step. Clipping puts a limit
on its length: one line in the loop, in the right place.

What you will learn
-------------------

- What clipping by norm and clipping by value do to a gradient.
- Where in the loop to clip.
- What an exploding training looks like, and how clipping saves it.
- How to find a threshold, and what clipping cannot repair.

What you need
-------------

- ``torch`` and ``matplotlib``.
- No data set: the recipe makes its own sequences.
- About 5 seconds on two CPU cores.
"""

# %%
# Step 1. Clip by norm and by value
# ---------------------------------
#
# Take a gradient of two numbers, 1 and 8, and clip it in both ways. The norm is the
# length of the vector. For a network it is the length of *all* its gradients, laid end
# to end.

import math

import matplotlib.pyplot as plt
import torch
from torch import nn

device = torch.device("cpu")
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()

weight = torch.zeros(2, requires_grad=True)


def show(label):
    first, second = weight.grad.tolist()
    angle = math.degrees(math.atan2(second, first))
    length = weight.grad.norm().item()
    print(f"{label:9} {first:.3f} {second:.3f}   length {length:.3f}   {angle:.1f}°")
    return length, angle


weight.grad = torch.tensor([1.0, 8.0])
length, angle = show("as it is")

returned = nn.utils.clip_grad_norm_([weight], max_norm=1.0)
length_by_norm, angle_by_norm = show("by norm")

weight.grad = torch.tensor([1.0, 8.0])
nn.utils.clip_grad_value_([weight], clip_value=1.0)
length_by_value, angle_by_value = show("by value")

print(f"clip_grad_norm_ returned {returned.item():.3f}")
assert abs(length_by_norm - 1) < 1e-4 and abs(angle_by_norm - angle) < 1e-3
assert weight.grad.tolist() == [1, 1] and angle - angle_by_value > 30
assert abs(returned.item() - length) < 1e-4, "the norm before clipping"

# %%
# By norm, the vector gets shorter and keeps its direction. By value, each number is cut
# off on its own, and the vector points elsewhere: 45 degrees, and not 83. That is why
# clipping by norm is the usual choice. It also returns a useful number, the norm
# *before* clipping.
#
# A gradient that is short enough stays as it is. Clipping never makes one longer.

weight.grad = torch.tensor([0.3, 0.4])
nn.utils.clip_grad_norm_([weight], max_norm=1.0)
show("short")
assert torch.equal(weight.grad, torch.tensor([0.3, 0.4]))

# %%
# Step 2. Build a training that explodes
# --------------------------------------
#
# A recurrent network reads a sequence of 30 numbers and has to tell their sum. The same
# weights act at each of the 30 steps, so if they stretch the gradient a little, they
# stretch it 30 times over.
#
# ``clip_grad_norm_`` stands between ``backward`` and ``step``. Before ``backward``
# there is nothing to clip, and after ``step`` it is too late. If you accumulate
# gradients, clip once, after the last ``backward`` of a group. With a limit of infinity
# the call still returns the norm, and as long as that is finite, it clips nothing.


def train(max_norm, steps=200):
    torch.manual_seed(0)
    network = nn.RNN(1, 16, nonlinearity="relu", batch_first=True).to(device)
    readout = nn.Linear(16, 1).to(device)
    nn.init.eye_(network.weight_hh_l0)  # begin by handing on what was read
    parameters = [*network.parameters(), *readout.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=0.05)

    losses, norms = [], []
    for _ in range(steps):
        sequences = torch.randn(32, 30, 1).to(device)
        answers = sequences.sum(dim=1) / math.sqrt(30)  # to a variance of 1
        optimizer.zero_grad()
        outputs, _ = network(sequences)
        loss = nn.functional.mse_loss(readout(outputs[:, -1]), answers)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(parameters, max_norm)
        optimizer.step()
        losses.append(loss.item())
        norms.append(norm.item())
    return losses, norms


# %%
# Step 3. Train without clipping
# ------------------------------
#
# Forty steps are enough to see it. The first eight:

wild_losses, wild_norms = train(max_norm=math.inf, steps=40)
print("step          loss          norm")
for step in range(8):
    print(f"{step + 1:4}  {wild_losses[step]:12.3g}  {wild_norms[step]:12.3g}")
print(f"last  {wild_losses[-1]:12.3g}  {wild_norms[-1]:12.3g}")

assert wild_norms[0] > 10
assert not all(norm < 10 * wild_norms[0] for norm in wild_norms[1:4]), "longer"
assert not math.isfinite(wild_losses[-1]), "there is no way back"
# sphinx_gallery_compare_block = "shape"

# %%
# The first gradient is already long: its norm is above 10. The step that follows throws
# the weights far off, the next gradient is longer still, and soon a number is too large
# to be stored. From then on the loss is ``inf`` or ``nan``, and no step can bring it
# back.

# %%
# Step 4. Train with clipping
# ---------------------------
#
# The same network, the same data, one limit.

max_norm = 1.0
losses, norms = train(max_norm)
last_loss = sum(losses[-20:]) / 20
share_clipped = sum(norm > max_norm for norm in norms) / len(norms)
print(f"mean loss of the last 20 steps: {last_loss:.2f}")
print(f"steps that were clipped:        {share_clipped:.0%}")
assert last_loss < 0.5, "a constant answer of 0 has a loss of 1"
assert share_clipped > 0.9

# %%
# The loss ends below 0.5. A network that always answers 0 would have a loss of 1, so
# this one has learned. Draw loss and norm of both trainings.

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
for label, style, values, norm in [
    ("without clipping", "C1o-", wild_losses[:6], wild_norms[:6]),
    ("with clipping", "C0", losses, norms),
]:
    steps = range(1, len(values) + 1)
    left.plot(steps, values, style, markersize=4, label=label)
    right.plot(steps, norm, style, markersize=4)
right.axhline(max_norm, color="C2", linestyle="--", label="threshold")
for ax in left, right:
    ax.set(xlabel="step (log scale)", xscale="log", yscale="log")
left.set(ylabel="loss (log scale)", ylim=(0.05, 1e4))
right.set(ylabel="norm before clipping (log scale)", ylim=(0.5, 1e6))
left.legend()
right.legend()
plt.show()
# sphinx_gallery_alt_block = "Two panels over the steps, loss and norm of the gradient, all on logarithmic scales. Without clipping, both leave the picture at the top within a few steps. With clipping, the loss falls below 0.5, while the norm before clipping stays above the threshold in nearly all steps."

# %%
# The panel on the right is the one to make for a training of your own: log what
# ``clip_grad_norm_`` returns. If nearly all steps are above the threshold, as here,
# then with plain SGD nearly all steps are equally long: threshold times learning rate.
# In a training that is healthy otherwise, take a threshold above the usual norm, so
# that it cuts only the outliers.

# %%
# Step 5. Know what clipping cannot repair
# ----------------------------------------
#
# A gradient with a ``nan`` or an infinity has no length to be scaled to. Clipping then
# spoils the other numbers, too. ``error_if_nonfinite=True`` stops the training instead.

weight.grad = torch.tensor([1.0, math.nan])
nn.utils.clip_grad_norm_([weight], max_norm=1.0)
print("after clipping:", weight.grad.tolist())
assert weight.grad.isnan().all()

message = ""
weight.grad = torch.tensor([1.0, math.nan])
try:
    nn.utils.clip_grad_norm_([weight], max_norm=1.0, error_if_nonfinite=True)
except RuntimeError as error:
    message = str(error)
    print(message.split(", so")[0])
assert "is non-finite" in message
assert weight.grad[0] == 1, "the gradient is as it was"

# %%
# The error comes before anything is changed. To find out where the ``nan`` was born,
# see :ref:`sphx_glr_recipes_gradients_checking_gradients.py`.

# %%
# What to remember
# ----------------
#
# - ``clip_grad_norm_`` between ``backward`` and ``step``. It keeps the direction;
#   ``clip_grad_value_`` does not.
# - Log the norm that it returns, and choose the threshold by it.
# - Clipping holds back long gradients. It does not repair ``nan``, and it does not
#   replace a good learning rate.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_clipping_after_step.py`: the same call, one line too
#   late.
# - :ref:`sphx_glr_recipes_gradients_looking_at_gradients.py`: gradients that vanish.
# - `torch.nn.utils.clip_grad_norm_
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html>`__
# - `torch.nn.utils.clip_grad_value_
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html>`__

# sphinx_gallery_position = 6
# sphinx_gallery_tags = ["clipping", "training loop", "SGD", "RNN"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
