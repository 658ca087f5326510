"""
Accumulating gradients on purpose
=================================

A large batch may not fit into memory. Since ``backward`` adds to ``.grad``, several
small batches can take its place, if you get the division and the last group right.

What you will learn
-------------------

- How several small batches give the gradient of one large batch.
- What goes wrong without the division.
- How to treat a last group that is incomplete.
- How much memory you save, and why batch norm is an exception.

What you need
-------------

- ``torch`` and ``matplotlib``.
- No data set: the recipe makes its own.
- About 5 seconds on two CPU cores.
"""

# %%
# Step 1. Compute the gradient of a large batch
# ---------------------------------------------
#
# The gradient of 64 samples at once is what the small batches have to reproduce. A
# function collects the gradients of all parameters into one long vector, so that two of
# them can be compared.

import copy

import matplotlib.pyplot as plt
import torch
from torch import nn

device = torch.device("cpu")
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()

torch.manual_seed(0)
inputs = torch.randn(150, 20, device=device)
targets = inputs[:, :1] * inputs[:, 1:2] + inputs[:, 2:3]
model = nn.Sequential(nn.Linear(20, 64), nn.Tanh(), nn.Linear(64, 1)).to(device)
loss_function = nn.MSELoss()


def take_gradient(model):
    """Return all gradients as one vector, and clear them."""
    gradient = torch.cat([p.grad.flatten() for p in model.parameters()])
    model.zero_grad()
    return gradient


loss = loss_function(model(inputs[:64]), targets[:64])
loss.backward()
of_large_batch = take_gradient(model)
print("numbers in the gradient:", len(of_large_batch))

# %%
# Step 2. Accumulate four small batches
# -------------------------------------
#
# Split the same samples into four batches of 16. Call ``backward`` for each, and do not
# clear in between. Each loss is a mean over 16 samples. The mean over all 64 is the
# mean of the four means, so divide each loss by 4.


def distance(gradient, reference):
    """Return the length of the difference, as a share of the reference's length."""
    return ((gradient - reference).norm() / reference.norm()).item()


for batch, answers in zip(inputs[:64].split(16), targets[:64].split(16), strict=True):
    loss = loss_function(model(batch), answers) / 4
    loss.backward()
accumulated = take_gradient(model)

print(f"length, one large batch:    {of_large_batch.norm().item():.5f}")
print(f"length, four small batches: {accumulated.norm().item():.5f}")
print(f"distance between the two:   {distance(accumulated, of_large_batch):.5f}")
assert distance(accumulated, of_large_batch) < 1e-5

# %%
# They are equal up to rounding: the same numbers, added in another order.

# %%
# Step 3. Leave out the division
# ------------------------------
#
# Nothing fails if you forget it. Look at the length.

for batch, answers in zip(inputs[:64].split(16), targets[:64].split(16), strict=True):
    loss = loss_function(model(batch), answers)
    loss.backward()
undivided = take_gradient(model)

times_as_long = (undivided.norm() / of_large_batch.norm()).item()
print(f"without the division, the gradient is {times_as_long:.3f} times as long")
assert abs(times_as_long - 4) < 1e-3
assert distance(undivided / 4, of_large_batch) < 1e-5, "the direction is the same"

# %%
# The direction is right and the length is four times too large. With SGD that is a
# learning rate four times as high as the one you set. Adam divides by the size of the
# gradients and hides the mistake, until you clip with a threshold that was right
# before.

# %%
# Step 4. Mind the last group
# ---------------------------
#
# All 150 samples make ten batches: nine of 16, and one of 6. Groups of four are then
# incomplete at the end. This is how the loop is often written. Count its steps, and see
# what is left in ``.grad``.

batches = list(zip(inputs.split(16), targets.split(16), strict=True))
group_size = 4
steps = 0
for number, (batch, answers) in enumerate(batches, start=1):
    loss = loss_function(model(batch), answers) / group_size
    loss.backward()
    if number % group_size == 0:
        steps += 1  # optimizer.step() would stand here
        model.zero_grad()
left_over = take_gradient(model)

print(f"batches: {len(batches)}, of these used in a step: {steps * group_size}")
print(f"length of the gradient that is left over: {left_over.norm().item():.3f}")
assert (len(batches), steps) == (10, 2)
assert left_over.norm() > 0

# %%
# The last two batches never lead to a step. Worse, their gradient stays, and adds to
# the first group of the next epoch.
#
# So the last group needs a step of its own, and the question is what to divide by. The
# reference is again the gradient of its 22 samples at once.

loss_function(model(inputs[128:]), targets[128:]).backward()
of_last_group = take_gradient(model)
last_group = batches[8:]

print(f"{'divide by':31}{'distance':>8}")
distances = []
for label, shares in [
    ("the usual 4", [1 / 4, 1 / 4]),
    ("the 2 batches of this group", [1 / 2, 1 / 2]),
    ("the 22 samples of this group", [16 / 22, 6 / 22]),
]:
    for (batch, answers), share in zip(last_group, shares, strict=True):
        loss = loss_function(model(batch), answers) * share
        loss.backward()
    distances.append(distance(take_gradient(model), of_last_group))
    print(f"{label:31}{distances[-1]:8.5f}")

assert [len(answers) for _, answers in last_group] == [16, 6]
assert min(distances[:2]) > 0.01
assert distances[2] < 1e-5, "only the number of samples is right"

# %%
# Only the last line is right. The first divides the sum of two means by four instead of
# two. The second gives the 6 samples of the short batch as much weight as the 16 of the
# other.

# %%
# Step 5. Write the loop
# ----------------------
#
# All of this becomes one rule: **add up losses, and divide by the number of samples in
# the group**. A loss function with ``reduction="sum"`` makes it a short loop.

sum_of_losses = nn.MSELoss(reduction="sum")


def train_with_accumulation(model, optimizer):
    for first in range(0, len(batches), group_size):
        group = batches[first : first + group_size]
        samples = sum(len(answers) for _, answers in group)
        optimizer.zero_grad()
        for batch, answers in group:
            loss = sum_of_losses(model(batch), answers) / samples
            loss.backward()
        optimizer.step()


def train_with_large_batches(model, optimizer):
    for batch, answers in zip(inputs.split(64), targets.split(64), strict=True):
        optimizer.zero_grad()
        loss = loss_function(model(batch), answers)
        loss.backward()
        optimizer.step()


weights = []
for train in train_with_accumulation, train_with_large_batches:
    trained = copy.deepcopy(model)
    optimizer = torch.optim.SGD(trained.parameters(), lr=0.05, momentum=0.9)
    for epoch in range(5):
        train(trained, optimizer)
    with torch.no_grad():
        print(f"loss after 5 epochs: {loss_function(trained(inputs), targets):.4f}")
    weights.append(nn.utils.parameters_to_vector(trained.parameters()))

print(f"distance between the weights: {distance(*weights):.4f}")
assert distance(*weights) < 1e-4

# %%
# Fifteen steps later, both networks have the same weights up to rounding. The loop
# takes its batches from a list. With a ``DataLoader``, begin each epoch with
# ``iterator = iter(loader)``. Then ``list(islice(iterator, 4))``, with ``islice`` from
# ``itertools``, gets the next group, and an empty list at the end.

# %%
# Step 6. Count the bytes that you save
# -------------------------------------
#
# The forward pass keeps tensors for ``backward``. ``saved_tensors_hooks`` calls a
# function of yours for each of them, so you can add up their bytes, and the sum is the
# same on every machine. Leave out the parameters, which are there anyway, and count a
# tensor that is kept twice only once.


def follow_bytes(batch_size, backward_each_time):
    """Return the bytes kept for backward, each time that they change."""
    of_parameters = {parameter.data_ptr() for parameter in model.parameters()}
    kept, history, losses = {}, [0], []

    def keep(tensor):
        if tensor.data_ptr() not in of_parameters | kept.keys():
            kept[tensor.data_ptr()] = tensor.nbytes
            history.append(sum(kept.values()))
        return tensor

    small_batches = inputs[:64].split(batch_size), targets[:64].split(batch_size)
    for batch, answers in zip(*small_batches, strict=True):
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            losses.append(sum_of_losses(model(batch), answers) / 64)
        if backward_each_time:
            losses.pop().backward()  # frees what was kept
            kept.clear()
            history.append(0)
    if losses:
        sum(losses).backward()
        history.append(0)
    assert distance(take_gradient(model), of_large_batch) < 1e-5
    return history


one_large = follow_bytes(64, backward_each_time=True)
four_small = follow_bytes(16, backward_each_time=True)
four_then_backward = follow_bytes(16, backward_each_time=False)

print(f"one batch of 64:                       {max(one_large):6,} bytes")
print(f"four of 16, backward after each:       {max(four_small):6,} bytes")
print(f"four of 16, one backward for the sum:  {max(four_then_backward):6,} bytes")
assert max(one_large) == 4 * max(four_small)
assert max(four_then_backward) == max(one_large)

# %%
# A quarter of the batch keeps a quarter of the bytes. The last line is a trap: adding
# up the losses and calling ``backward`` once gives the same gradient and saves nothing,
# since nothing is freed before. The picture shows the first two lines.

fig, ax = plt.subplots(layout="constrained")
for history, style, label in [
    (one_large, "C1", "one batch of 64"),
    (four_small, "C0", "four batches of 16"),
]:
    work = [100 * i / (len(history) - 1) for i in range(len(history))]
    ax.plot(work, [number / 1000 for number in history], style, label=label)
ax.set(xlabel="progress of the work (%)", ylabel="kept for backward (kilobytes)")
fig.legend(loc="outside upper center", ncols=2)
plt.show()
# sphinx_gallery_alt_block = "Bytes kept for backward over the work on 64 samples. One batch of 64 climbs to a single high summit and falls to zero at the end. Four batches of 16 draw four hills, each a quarter as high."

# %%
# Each ``backward`` frees what its batch has kept, before the next batch comes.

# %%
# Step 7. Know the exception
# --------------------------
#
# Batch norm subtracts the mean *of the batch*, and a small batch has another mean than
# a large one. Compare with layer norm, which looks at one sample at a time.


def make_model(*norm):
    torch.manual_seed(0)
    layers = nn.Linear(20, 64), *norm, nn.Tanh(), nn.Linear(64, 1)
    return nn.Sequential(*layers).to(device)


def compare(model):
    """Return how far four small batches are from a large one."""
    gradients = []
    for batch_size in (64, 16):
        for batch, answers in zip(
            inputs[:64].split(batch_size), targets[:64].split(batch_size), strict=True
        ):
            loss = sum_of_losses(model(batch), answers) / 64
            loss.backward()
        gradients.append(take_gradient(model))
    of_large_batch, accumulated = gradients
    return distance(accumulated, of_large_batch)


without_norm = compare(make_model())
with_layer_norm = compare(make_model(nn.LayerNorm(64)))
with_batch_norm = compare(make_model(nn.BatchNorm1d(64)))
print(f"distance without norm:    {without_norm:.5f}")
print(f"distance with layer norm: {with_layer_norm:.5f}")
print(f"distance with batch norm: {with_batch_norm:.5f}")
assert max(without_norm, with_layer_norm) < 1e-5
assert with_batch_norm > 0.01

# %%
# With batch norm the gradient is another one, by far more than rounding. Training still
# works, as it does with small batches. But it is not the training with a large batch.
# Where you need that, use a layer norm or a group norm.

# %%
# What to remember
# ----------------
#
# - Add up the losses of a group, and divide by its number of samples. That is right for
#   every group, the last one too.
# - Call ``backward`` after each small batch. It frees the memory; a sum of losses with
#   one ``backward`` at the end frees nothing on the way.
# - Clear the gradients once for each group. With batch norm, small batches do not add
#   up to a large one.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_accumulation_without_scaling.py`: the missing
#   division, seen from its symptoms.
# - :ref:`sphx_glr_recipes_gradients_zeroing_out_gradients.py`: why ``backward`` adds.
# - :ref:`sphx_glr_recipes_gradients_clipping_gradients.py`: clip once for each group,
#   after its last ``backward``.
# - `torch.Tensor.backward
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html>`__
# - `torch.autograd.graph.saved_tensors_hooks
#   <https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.saved_tensors_hooks>`__
# - `torch.nn.BatchNorm1d
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html>`__

# sphinx_gallery_position = 4
# sphinx_gallery_tags = ["accumulation", "training loop", "memory", "SGD", "batch norm"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
