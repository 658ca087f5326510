"""
Gradient accumulation
=====================

If a batch does not fit in memory, call ``backward()`` on several small batches before
each ``step()``. Sum the losses of each batch (``reduction="sum"``) and divide by the
number of samples (for a language model, tokens) in all of them; dividing mean losses by
the number of batches is right only if these have the same size.
"""

# %%
# In short
# --------
#
# Eight samples at once, and the same eight in batches of 3, 3 and 2:

import matplotlib.pyplot as plt
import torch
from torch import nn

torch.manual_seed(0)
layer = nn.Linear(3, 1)
inputs, targets = torch.randn(8, 3), torch.randn(8, 1)
nn.functional.mse_loss(layer(inputs), targets).backward()
large = layer.weight.grad
print("one batch of 8:  ", large)

layer.zero_grad()
for x, y in zip(inputs.split(3), targets.split(3), strict=True):
    loss = nn.functional.mse_loss(layer(x), y, reduction="sum") / 8
    loss.backward()
print("batches of 3,3,2:", layer.weight.grad)

assert torch.allclose(layer.weight.grad, large, atol=1e-5), "both gradients are equal"

# %%
# They are equal up to rounding, because ``backward()`` adds to ``.grad``. In most
# training loops you will find the shorter form:
#
# .. code-block:: py
#
#     for i, (inputs, targets) in enumerate(loader):
#         loss = loss_function(model(inputs), targets) / 4
#         loss.backward()
#         if (i + 1) % 4 == 0:
#             optimizer.step()
#             optimizer.zero_grad()
#
# It is right if each loss is a mean over the same number of samples, and the number of
# batches is a multiple of 4. The rest of this page is about the other cases.

# %%
# What to divide by
# -----------------
#
# Take 50 samples in batches of 16, 16, 16 and 2, and compare three divisions with the
# gradient of all 50. The distance is relative: at 1.00 the error is as long as the
# right gradient.

samples = torch.randn(50, 20)
answers = samples[:, :1] * samples[:, 1:2] + samples[:, 2:3]


def make_model(*norm):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(20, 64), *norm, nn.Tanh(), nn.Linear(64, 1))


def take_gradient(model):
    """Return all gradients as one vector, and clear them."""
    gradient = torch.cat([each.grad.flatten() for each in model.parameters()])
    model.zero_grad()
    return gradient


def distance(found, right):
    return ((found - right).norm() / right.norm()).item()


def accumulate(model, batch_size, factor=None):
    """Return the gradient that several batches add up to."""
    for x, y in zip(samples.split(batch_size), answers.split(batch_size), strict=True):
        loss = nn.functional.mse_loss(model(x), y)
        (loss * (factor or len(x) / 50)).backward()
    return take_gradient(model)


model = make_model()
right = accumulate(model, 50)
distances = {}
for name, factor in {
    "mean losses, added up": 1,
    "mean losses / 4 batches": 1 / 4,
    "sums of losses / 50 samples": None,
}.items():
    distances[name] = distance(accumulate(model, 16, factor), right)
    print(f"{name:28} distance {distances[name]:.5f}")

# %%
# The first gradient is several times too large. The second is a mean of means: it gives
# each sample of the small batch eight times as much weight as the others. The third is
# right: the code multiplies a mean over 16 samples by 16/50, which is their sum divided
# by 50.

assert distances["mean losses, added up"] > 1, (
    "without a division, the gradient is too long"
)
assert distances["mean losses / 4 batches"] > 0.01, "a mean of means is different"
assert distances["sums of losses / 50 samples"] < 1e-5, (
    "divided by the samples, the gradient is right"
)

# %%
# In a language model, count tokens
# ---------------------------------
#
# A language model's loss is a mean over tokens, and padding makes their number
# different in every batch, even if all have as many sequences. Here one batch has 60
# tokens and the other 6; the label -100 marks padding, which ``cross_entropy`` skips:

features = torch.randn(2, 60, 20)
labels = torch.randint(5, (2, 60))
labels[1, 6:] = -100
classifier = nn.Linear(20, 5)


def of_batches(*parts):
    """Return the gradient of batches of sequences, each loss with its divisor."""
    for batch, reduction, divisor in parts:
        scores = classifier(features[batch]).flatten(0, 1)
        loss = nn.functional.cross_entropy(
            scores, labels[batch].flatten(), reduction=reduction
        )
        (loss / divisor).backward()
    return take_gradient(classifier)


together = of_batches((slice(2), "mean", 1))
by_batches = of_batches(([0], "mean", 2), ([1], "mean", 2))
tokens = (labels != -100).sum()
by_tokens = of_batches(([0], "sum", tokens), ([1], "sum", tokens))
print(f"mean losses / 2 batches:    {distance(by_batches, together):.5f}")
print(f"sums of losses / {tokens} tokens: {distance(by_tokens, together):.5f}")

assert distance(by_batches, together) > 0.1, (
    "in a language model, a mean of means is far off"
)
assert distance(by_tokens, together) < 1e-5, (
    "divided by the tokens, the gradient is right"
)

# %%
# See what it saves
# -----------------
#
# The forward pass keeps tensors for ``backward()``. ``saved_tensors_hooks`` calls a
# function for each of them, so you can add up their bytes:


def bytes_kept(batch_size, backward_each_time):
    """Return the bytes kept for backward after each batch and each backward."""
    weights = {each.data_ptr() for each in model.parameters()}
    kept, history, losses = {}, [0], []

    def keep(tensor):
        if tensor.data_ptr() not in weights:
            kept[tensor.data_ptr()] = tensor.nbytes
        return tensor.detach()  # a graph that holds its own result is never freed

    for x, y in zip(samples.split(batch_size), answers.split(batch_size), strict=True):
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            losses.append(nn.functional.mse_loss(model(x), y, reduction="sum") / 50)
        history.append(sum(kept.values()))
        if backward_each_time:
            losses.pop().backward()
            kept.clear()
            history.append(0)
    return history


large = bytes_kept(50, backward_each_time=True)
small = bytes_kept(10, backward_each_time=True)
late = bytes_kept(10, backward_each_time=False)

fig, ax = plt.subplots(layout="constrained")
for color, history, label in [
    ("C1", large, "one batch of 50"),
    ("C2", late, "five of 10, one backward"),
    ("C0", small, "five of 10, five backwards"),
]:
    work = [i / (len(history) - 1) for i in range(len(history))]
    ax.plot(work, [count / 1000 for count in history], f"{color}o-", label=label)
ax.set(xlabel="share of the work", ylabel="kept for backward (kB)")
fig.legend(loc="outside upper center")
plt.show()
# sphinx_gallery_alt_block = "Bytes kept for backward, in three curves. One batch of 50 climbs to a high point and falls to zero. Five batches of 10 with a backward each make five low points. Five batches with one backward climb step by step to the height of the large batch."

# %%
# Each dot is a forward pass or a ``backward()``. A fifth of the batch keeps a fifth of
# the bytes, but only with ``backward()`` after each. Adding up the losses and calling
# it once gives the same gradient and saves nothing.

assert max(large) == 5 * max(small), "a fifth of the batch keeps a fifth of the bytes"
assert max(late) == max(large), "one backward for all keeps as much as a large batch"

# %%
# Why it happens
# --------------
#
# The loss of a large batch is the sum over all samples, divided by their number. The
# gradient of a sum is the sum of the gradients, so it does not matter how the samples
# are split, as long as each one is divided by the same number.
#
# This needs the loss of each sample to ignore the others. Batch norm in training mode
# breaks it, because it subtracts the mean of the batch; layer norm does not:

for norm in (nn.LayerNorm(64), nn.BatchNorm1d(64)):
    model = make_model(norm)
    found = distance(accumulate(model, 10), accumulate(model, 50))
    print(f"{type(norm).__name__:12} distance {found:.5f}")
    assert (found < 1e-5) == isinstance(norm, nn.LayerNorm), "only batch norm differs"

# %%
# In your own code
# ----------------
#
# This takes one step with a list of batches. Pass a loss function that adds up, such as
# ``nn.MSELoss(reduction="sum")``; this function divides their sum by the number that a
# mean would divide by. For ``MSELoss`` that is the number of elements, which is larger
# than the number of samples if each has several targets:


def train_group(model, optimizer, loss_function, group, size=torch.numel):
    """Take one step with several batches; a mean would divide by size(targets)."""
    count = sum(size(targets) for _, targets in group)
    optimizer.zero_grad()
    for inputs, targets in group:
        (loss_function(model(inputs), targets) / count).backward()
    optimizer.step()


# %%
# For ``nn.CrossEntropyLoss``, count the labels that are not ignored, with ``size=lambda
# labels: (labels != -100).sum()``. With class weights, add up those of the same labels:
# ``size=lambda labels: weights[labels[labels != -100]].sum()``.
#
# To get groups of four from a ``DataLoader``, write ``batches = iter(loader)`` for each
# epoch, then ``group = list(itertools.islice(batches, 4))`` until it is empty. Clip
# gradients once for each group, before ``step()``. Dropout usually draws different
# masks when the batch is split, so with dropout the gradients are equal only on
# average.
#
# With ``GradScaler``, call its ``step()`` and ``update()`` once for each group. With
# ``DistributedDataParallel``, run all batches of a group but the last under
# ``model.no_sync()``, so that gradients are exchanged once; it averages over the
# processes, so ``count`` has to be the mean of their counts.

model = make_model()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
batches = list(zip(samples.split(16), answers.split(16), strict=True))
train_group(model, optimizer, nn.MSELoss(reduction="sum"), batches)
stepped = nn.utils.parameters_to_vector(model.parameters())
expected = nn.utils.parameters_to_vector(make_model().parameters()) - 0.1 * right
print(f"distance to the step of one large batch: {distance(stepped, expected):.5f}")

assert distance(stepped, expected) < 1e-5, "the group takes the step of a large batch"

# %%
# Try it
# ------
#
# A loop calls ``step()`` and ``zero_grad()`` when ``number % 4 == 0``, where ``number``
# counts the batches from 1. An epoch has ten batches. What happens to the last two?
#
# **Solution**

model, steps = make_model(), 0
for number in range(1, 11):
    nn.functional.mse_loss(model(samples), answers).backward()
    if number % 4 == 0:
        steps += 1
        model.zero_grad()
left_over = distance(take_gradient(model), right)
print(f"steps: {steps}, gradients left over: {1 + left_over:.0f}")

assert steps == 2, "only eight batches lead to a step"
assert abs(left_over - 1) < 1e-4, "the gradients of two batches are left over"

# %%
# No step uses them in this epoch. They stay in ``.grad`` and add to the first group of
# the next one, so the incomplete group needs a ``step()`` of its own.

# %%
# Remember
# --------
#
# - Divide sums of losses by what the mean over the whole group would divide by:
#   samples, elements or tokens.
# - Call ``backward()`` after each small batch. That is what frees the memory.
# - Call ``zero_grad()`` and ``step()`` once for each group, the last one included.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_accumulation_without_scaling.py`
# - :ref:`sphx_glr_recipes_gradients_zeroing_out_gradients.py`: why gradients add up.
# - `torch.nn.CrossEntropyLoss
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html>`__:
#   ``reduction`` and ``ignore_index``.
# - `torch.autograd.graph.saved_tensors_hooks
#   <https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.saved_tensors_hooks>`__

# sphinx_gallery_position = 4
# sphinx_gallery_tags = ["accumulation", "training loop", "memory", "batch norm"]
# sphinx_gallery_cost = "4 s"
# sphinx_gallery_needs = []
