"""
Overfitting one batch
=====================

Before you train a network, train it on one batch of a few dozen samples until the loss
is close to 0 and every label is right. If it does not get there at any learning rate,
look for a bug in the model, the loss or the loop. This takes seconds; a training run
may take days.
"""

# %%
# In short
# --------
#
# The labels here are random, so there is nothing to learn. A correct training loop
# memorizes them anyway:

import matplotlib.pyplot as plt
import torch
from torch import nn

torch.manual_seed(0)
inputs, labels = torch.randn(32, 20), torch.randint(10, (32,))  # one batch, kept
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(201):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(inputs), labels)
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step:3}: loss {loss.item():.4f}")

assert loss.item() < 0.01, "the loss of one batch ends below 0.01"

# %%
# With your own data, take the batch once, before the loop: ``inputs, labels =
# next(iter(loader))``. Inside the loop, a loader that shuffles gives a new batch at
# every step, and the check fails with code that has no bug.

# %%
# Eight runs, some with a bug
# ---------------------------
#
# Make one change at a time in the same check. Next to the loss and the share of right
# answers, it counts the parameters (of six) that have not changed at all:


def overfit(change, steps=200):
    """Return the losses, the share of right answers and the unchanged parameters."""
    torch.manual_seed(0)
    inputs, labels = torch.randn(32, 20), torch.randint(10, (32,))
    layers = [nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU()]
    if change == "dropout":
        layers.append(nn.Dropout(0.5))
    layers.append(nn.Linear(64, 10))
    if change == "softmax in the model":
        layers.append(nn.Softmax(dim=1))
    if change == "labels in wrong order":
        labels = labels[torch.randperm(32)]
    model = nn.Sequential(*layers)
    parameters = layers[-1] if change == "only head in optimizer" else model
    learning_rate = 1e-5 if change == "learning rate 1e-5" else 0.01
    optimizer = torch.optim.Adam(parameters.parameters(), lr=learning_rate)
    before = [each.detach().clone() for each in model.parameters()]
    losses = []
    for _ in range(steps):
        if change == "new batch at each step":
            inputs, labels = torch.randn(32, 20), torch.randint(10, (32,))
        outputs = model(inputs)
        loss = nn.functional.cross_entropy(outputs, labels)
        optimizer.zero_grad()
        loss.backward()
        if change == "zero_grad before step":
            optimizer.zero_grad()
        optimizer.step()
        losses.append(loss.item())
    right = (outputs.argmax(dim=1) == labels).float().mean().item()
    unchanged = sum(map(torch.equal, before, model.parameters()))
    return losses, right, unchanged


changes = [
    *("no bug", "new batch at each step", "zero_grad before step"),
    *("softmax in the model", "learning rate 1e-5", "dropout"),
    *("only head in optimizer", "labels in wrong order"),
]
losses, right, unchanged = {}, {}, {}
print(f"{'':24}first loss  last loss  right  unchanged")
for change in changes:
    losses[change], right[change], unchanged[change] = overfit(change)
    print(
        f"{change:24}{losses[change][0]:10.2f}{losses[change][-1]:11.3f}"
        f"{right[change]:7.0%}{unchanged[change]:11}"
    )

# %%
# - The *first loss* is close to ``log(10)``, about 2.30, the loss of guessing. A first
#   loss far above it points at the initial weights or at inputs that are too large.
# - *Flat*: the loss is always the same if nothing is updated. If it falls by a hair,
#   the learning rate is too small.
# - *Noisy and flat*: the batch is not the same at every step.
# - *A floor*: with a softmax before ``cross_entropy`` and ten classes, the loss never
#   falls below 1.46, whatever the share of right answers. So look at both.
# - With *dropout*, the loss depends on which units a step drops, so it falls less
#   evenly.
# - In the last two runs, **the labels are right despite a bug**. A head alone can
#   memorize a batch if it has more features than samples. Its loss only falls more
#   slowly, but the last column shows that four parameters never changed. Labels in the
#   wrong order are memorized like any others.

assert all(abs(each[0] - 2.3) < 0.2 for each in losses.values()), (
    "the first loss is within 0.2 of the loss of guessing"
)
assert losses["no bug"][-1] < 0.01, "without a bug, the loss ends below 0.01"
assert right["no bug"] == 1, "without a bug, all labels are right"
assert len(set(losses["zero_grad before step"])) == 1, (
    "zero_grad before step: the loss is always the same"
)
assert unchanged["zero_grad before step"] == 6, "and no parameter changes"
assert losses["learning rate 1e-5"][-1] > 2, "learning rate 1e-5: above 2"
assert sum(losses["new batch at each step"][-50:]) / 50 > 2, "new batches: above 2"
assert min(losses["softmax in the model"]) > 1.46, "softmax: never below 1.46"
assert right["only head in optimizer"] > 0.9, "the head alone gets over 90% right"
assert unchanged["only head in optimizer"] == 4, "but four parameters never change"
assert losses["labels in wrong order"][-1] < 0.01, "wrong labels are memorized, too"

# %%

fig, ax = plt.subplots(layout="constrained")
for color, change in zip("0213", changes[:4], strict=True):
    ax.plot(losses[change], f"C{color}", label=change)
ax.set(xlabel="step", ylabel="loss")
fig.legend(loc="outside upper center", ncols=2)
plt.show()
# sphinx_gallery_alt_block = "Loss over 200 steps, in four curves that begin near 2.3. Without a bug it falls to 0. With zero_grad before step it is level. With a new batch at each step it is noisy and does not fall. With a softmax it falls and then stays level, well above 0."

# %%
# Shapes that do not match
# ------------------------
#
# A common mistake in regression: the model returns the shape ``(32, 1)``, and the
# targets have the shape ``(32,)``. This is what PyTorch says about that, about labels
# with one dimension too many, and about batch norm with a batch of one sample:

import warnings

outputs, targets = torch.zeros(32, 1), torch.randn(32)
column_of_labels = torch.zeros(32, 1, dtype=torch.long)
said = []
for call, *arguments in [
    (nn.functional.mse_loss, outputs, targets),
    (nn.functional.binary_cross_entropy_with_logits, outputs, targets),
    (nn.functional.cross_entropy, torch.zeros(32, 10), column_of_labels),
    (nn.BatchNorm1d(8), torch.zeros(1, 8)),
]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            call(*arguments)
            said.append(caught[0].message)
        except (RuntimeError, ValueError) as error:
            said.append(error)
    print(f"{type(said[-1]).__name__}: {said[-1]}")

# %%
# Three of them are errors, but ``mse_loss`` only warns, and Python shows the warning
# once. Then it broadcasts, so it compares each output with each target. The best that a
# model can do is to return the mean of the targets for every sample, and the loss stops
# at their variance:

ends = []
for fix in (False, True):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(200):
        outputs = model(inputs).squeeze(1) if fix else model(inputs)
        optimizer.zero_grad()
        with warnings.catch_warnings(action="ignore"):
            loss = nn.functional.mse_loss(outputs, targets)
        loss.backward()
        optimizer.step()
    print("squeezed:    " if fix else "not squeezed:", f"loss {loss.item():.3f}")
    ends.append(loss.item())
variance = targets.var(correction=0).item()
print(f"variance:          {variance:.3f}")

assert isinstance(said[0], UserWarning), "mse_loss warns"
assert abs(ends[0] / variance - 1) < 0.05, "broadcast, the loss stops at the variance"
assert ends[1] < 0.01, "with the same shape, it ends below 0.01"

# %%
# Why it happens
# --------------
#
# The networks have over 1,000 weights for 32 labels, so some weights fit all of them.
# Because the batch is the same at every step, no other batch pulls away from them. So
# what can keep the loss from 0 is your code: shapes, loss, gradients, optimizer,
# learning rate, or the scale of inputs and targets. The *meaning* of the data does not
# matter here, so the check says nothing about it.

# %%
# In your own code
# ----------------
#
# Call this with your model, your optimizer and one batch. It returns what did not
# change:


def overfit_one_batch(model, optimizer, loss_of, inputs, targets):
    before = {name: each.detach().clone() for name, each in model.named_parameters()}
    for _ in range(200):
        optimizer.zero_grad()
        loss = loss_of(model(inputs), targets)
        loss.backward()
        optimizer.step()
    return loss.item(), [n for n, p in model.named_parameters() if p.equal(before[n])]


model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.Adam(model[2].parameters(), lr=0.01)
cross_entropy = nn.functional.cross_entropy
_, found = overfit_one_batch(model, optimizer, cross_entropy, inputs, labels)
print("not changed:", found)

assert found == ["0.weight", "0.bias"], "it names what is not in the optimizer"

# %%
# For the check, set dropout to 0 and weight decay to 0, turn off augmentation, and take
# a learning rate that is right for the optimizer: try ten times as much, and a tenth.
# Afterward, start with a fresh model, because this one has memorized the batch.
#
# The loss cannot reach 0 with label smoothing, with a loss that has a floor of its own,
# or if the same input occurs with different labels, as the first token of many texts
# does.
#
# The check does not find wrong labels, samples that are mixed with each other, a
# difference between training and test data, or a bug in the evaluation. It may also
# pass without ``zero_grad()``.

# %%
# Try it
# ------
#
# With ``label_smoothing=0.1`` and ten classes, the loss stops at 0.50. Is that a bug?
#
# **Solution**

from functools import partial

model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
smoothed = partial(cross_entropy, label_smoothing=0.1)
loss, _ = overfit_one_batch(model, optimizer, smoothed, inputs, labels)
target = torch.tensor([0.91] + 9 * [0.01])
floor = -(target * target.log()).sum().item()
print(f"loss {loss:.3f}, lowest possible {floor:.3f}")

assert floor - 1e-4 < loss < floor + 0.05, "with smoothing, the loss ends at its floor"

# %%
# No. The target gives 0.91 to the right class and 0.01 to each of the others, and the
# loss is lowest where the network returns exactly these probabilities.

# %%
# Remember
# --------
#
# - One fixed batch, a loss near 0, all labels right, every parameter changed.
# - Flat, noisy, or stuck at a floor: the shape of the curve says where to look.
# - Passing shows that the network can learn. It says nothing about the data.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_view_instead_of_permute.py`: a bug that passes this
#   check.
# - :ref:`sphx_glr_recipes_pitfalls_softmax_before_cross_entropy.py`: where the floor of
#   1.46 comes from.
# - :ref:`sphx_glr_recipes_pitfalls_zero_grad_between_backward_and_step.py`
# - `Andrej Karpathy's list of checks
#   <https://karpathy.github.io/2019/04/25/recipe/>`__ for training a network: this is one
#   of them.
# - `torch.nn.MSELoss
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html>`__

# %%
# Sources
# -------
#
# - `Pytorch-UNet 165 <https://github.com/milesial/Pytorch-UNet/issues/165>`__: a search
#   for why a small training set was not memorized found that the network stayed in
#   evaluation mode after each evaluation.
# - `pytorch-lightning 2600
#   <https://github.com/Lightning-AI/pytorch-lightning/issues/2600>`__:
#   ``overfit_batches`` left shuffling on, so the batches were not the same.
# - `FARM 229 <https://github.com/deepset-ai/FARM/issues/229>`__: the warning of
#   ``mse_loss`` came from outputs that had been squeezed, and labels that had not.

# sphinx_gallery_position = 3
# sphinx_gallery_tags = ["training loop", "loss", "optimizer", "shapes", "Adam"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
