"""
zero_grad between backward and step
===================================

The three calls are all there, in one wrong order: the gradients are thrown away before
the optimizer has read them. PyTorch reports no error, and the network never learns.

What it looks like
------------------

The loss does not fall. From batch to batch it goes up and down a little, because each
batch is another one, so it looks like a training that is slow to begin. But on the same
data the loss is the same after every epoch, to the last digit, and so is the accuracy.

- Type: API-specific
- Stage: training
- Effect: wrong result

What you will learn
-------------------

- Why a training in this order does not change a single weight.
- Which line to move.
- How to find the mistake at the first step.

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
# The points form two half moons, one for each class. A small network is to tell them
# apart.

import copy

import matplotlib.pyplot as plt
import torch
from torch import nn

device = torch.device("cpu")
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()

torch.manual_seed(0)
angle = torch.pi * torch.rand(512)
label = torch.arange(512) % 2
moons = (
    torch.where(label == 0, angle.cos(), 1 - angle.cos()),
    torch.where(label == 0, angle.sin(), 0.5 - angle.sin()),
)
points = torch.stack(moons, dim=1) + 0.1 * torch.randn(512, 2)
points, label = points.to(device), label.to(device)


def make_model():
    return nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2)).to(device)


def evaluate(model):
    """Return the loss and the accuracy on all points."""
    with torch.inference_mode():
        scores = model(points)
        loss = nn.functional.cross_entropy(scores, label).item()
    return loss, (scores.argmax(dim=1) == label).float().mean().item()


# %%
# Both runs begin with the same weights. After each epoch, all the points are evaluated.
# What an epoch does comes from outside, in ``train_one_epoch``.

untrained_model = make_model()


def train_and_evaluate(train_one_epoch):
    """Return the trained model, all batch losses, and loss and accuracy by epoch."""
    torch.manual_seed(0)
    model = copy.deepcopy(untrained_model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    batch_losses, evaluations = [], []
    for epoch in range(1, 13):
        batch_losses += train_one_epoch(model, optimizer)
        loss, accuracy = evaluate(model)
        evaluations.append((loss, accuracy))
        if epoch in (1, 2, 3, 12):
            print(f"epoch {epoch:2d}  loss {loss:.6f}  accuracy {accuracy:.1%}")
    return model, batch_losses, evaluations


# %%
# The mistake
# -----------
#
# This order can be found in tutorials on the web. It reads well: compute the gradients,
# clean up, step.


def train_one_epoch(model, optimizer):
    losses = []
    for batch in torch.randperm(len(points)).split(32):
        loss = nn.functional.cross_entropy(model(points[batch]), label[batch])
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
        losses.append(loss.item())
    return losses


wrong_model, wrong_losses, wrong_evaluations = train_and_evaluate(train_one_epoch)

# %%
# ``backward`` puts the gradients into ``.grad``, ``zero_grad`` sets ``.grad`` to
# ``None``, and ``step`` skips every parameter whose gradient is ``None``. That is how
# parameters that took no part in the loss are left alone, so it is no error.

# %%
# The repair
# ----------
#
# Move ``zero_grad()`` to the top of the loop. Then the gradients live from ``backward``
# to ``step``:
#
# .. code-block:: diff
#
#     def train_one_epoch(model, optimizer):
#         losses = []
#         for batch in torch.randperm(len(points)).split(32):
#    +        optimizer.zero_grad()
#             loss = nn.functional.cross_entropy(model(points[batch]), label[batch])
#             loss.backward()
#    -        optimizer.zero_grad()
#             optimizer.step()
#             losses.append(loss.item())
#         return losses
#
# Here is the repaired function, with the same run.


def train_one_epoch(model, optimizer):
    losses = []
    for batch in torch.randperm(len(points)).split(32):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(points[batch]), label[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


right_model, right_losses, right_evaluations = train_and_evaluate(train_one_epoch)

# %%
# Side by side
# ------------
#
# First the numbers. ``changed`` counts the weights that are not what they were before
# the training.


def count_changed(model):
    pairs = zip(model.parameters(), untrained_model.parameters(), strict=True)
    return sum((p != untrained).sum().item() for p, untrained in pairs)


total = sum(p.numel() for p in untrained_model.parameters())
print(f"{'':8}    loss  accuracy  changed")
runs = {
    "mistake": (wrong_model, wrong_evaluations),
    "repair": (right_model, right_evaluations),
}
for name, (model, evaluations) in runs.items():
    loss, accuracy = evaluations[-1]
    changed = count_changed(model)
    print(f"{name:8}{loss:8.4f}{accuracy:10.1%}  {changed:3d} of {total}")

assert count_changed(wrong_model) == 0, "not one weight has moved"
assert set(wrong_evaluations) == {evaluate(untrained_model)}, "nor has the loss"
assert count_changed(right_model) > 0.9 * total
assert right_evaluations[-1][1] > 0.9, "after the repair, the network learns"
assert right_evaluations[-1][0] < 0.5 * wrong_evaluations[-1][0]

# %%
# Then both kinds of loss in a picture: that of each batch, which a training usually
# prints, and that of all the points after each epoch.

fig, (left, right) = plt.subplots(
    1, 2, figsize=(9, 3.6), sharey=True, layout="constrained"
)
left.plot(wrong_losses, "C1", linewidth=1)
left.plot(right_losses, "C0", linewidth=1)
epochs = range(1, 13)
right.plot(epochs, [loss for loss, _ in wrong_evaluations], "C1o-", label="mistake")
right.plot(epochs, [loss for loss, _ in right_evaluations], "C0o-", label="repair")
left.set(xlabel="step", ylabel="loss of the batch", ylim=(0, None))
right.set(xlabel="epoch", ylabel="loss on all points")
right.legend()
plt.show()
# sphinx_gallery_alt_block = "Two panels. Left, the loss of each batch: with the mistake it goes up and down around one level, after the repair it falls. Right, the loss on all points after each epoch: with the mistake it is a level line, after the repair it falls."

spread = max(wrong_losses) - min(wrong_losses)
assert spread > 0.01, "the batches differ, so their losses do"

# %%
# With the mistake, not one weight has moved. On the left this is easy to miss: the loss
# of the batches moves, since each batch holds other points. On the right there is no
# doubt. The loss on the same data is level to the last digit.

# %%
# How to notice it
# ----------------
#
# **Look at a loss on data that do not change**, such as a validation set, with the
# network in evaluation mode. A training that is slow changes its last digits. One that
# does nothing changes none.
#
# **Watch one step.** Keep the weights, make a step, and list the parameters that did
# not move. This function does so:


def find_unmoved(model, step):
    """Return the names of the parameters that ``step()`` does not change."""
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    step()
    return [
        name for name, p in model.named_parameters() if torch.equal(p, before[name])
    ]


def wrong_step():
    nn.functional.cross_entropy(model(points), label).backward()
    optimizer.zero_grad()
    optimizer.step()


def right_step():
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(points), label).backward()
    optimizer.step()


unmoved = {}
for step in (wrong_step, right_step):
    model = copy.deepcopy(untrained_model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    unmoved[step] = find_unmoved(model, step)
    print(f"{step.__name__}: unmoved {unmoved[step]}")

assert len(unmoved[wrong_step]) == 4 and not unmoved[right_step]

# %%
# The mistake shows at the first step. The same check finds a parameter that the
# optimizer was not given, and a part of the network that is cut off from the loss.

# %%
# Sources
# -------
#
# - `torch.optim.Optimizer.zero_grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html>`__
#   says that gradients are set to ``None``, and that optimizers skip a parameter with
#   that gradient.
# - `torch.optim <https://docs.pytorch.org/docs/stable/optim.html>`__ shows the calls of
#   an optimization step in their order.

# %%
# What to remember
# ----------------
#
# - Gradients have to live from ``backward`` to ``step``. Clear them before or after,
#   never between.
# - A loss that is level to the last digit on the same data means that no weight moves.
# - Compare the weights before and after one step: every parameter that you train
#   should have changed.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_where_to_clear_gradients.py`: all four places in
#   the loop, and what zeros do where ``None`` does nothing.
# - :ref:`sphx_glr_recipes_pitfalls_missing_zero_grad.py`: the opposite mistake,
#   gradients that are never cleared.
# - `torch.optim.Optimizer.step
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.step.html>`__

# sphinx_gallery_position = 2
# sphinx_gallery_tags = ["zero_grad", "optimizer", "training loop", "SGD"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "training", "effect": "wrong result", "symptom": "The loss on the same data never moves, not even in its last digit."}
