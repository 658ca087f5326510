"""
Making training reproducible
============================

To make a run reproducible, call ``torch.manual_seed(0)`` before you create the model,
and give the shuffling a generator of its own. With the same machine, versions and
number of threads, the program then ends with the same weights on a CPU; on a GPU, also
call ``torch.use_deterministic_algorithms(True)``.
"""

# %%
# In short
# --------
#
# Train a linear layer three times, twice with one seed and once with another:

import matplotlib.pyplot as plt
import torch


def final_loss(seed):
    torch.manual_seed(seed)
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        loss = model(torch.randn(32, 8)).square().mean()
        loss.backward()
        optimizer.step()
    return loss.item()


print("seed 0, seed 0, seed 1:", final_loss(0), final_loss(0), final_loss(1))

assert final_loss(0) == final_loss(0), "the same seed gives the same loss exactly"
assert final_loss(0) != final_loss(1), "a different seed gives a different loss"

# %%
# What a seed covers
# ------------------
#
# ``torch.manual_seed`` seeds PyTorch's global generators: one for the CPU and one for
# each GPU. The initial weights, ``torch.randperm``, dropout and a shuffling
# ``DataLoader`` draw from them, and so do the seeds of its workers, unless it has a
# ``generator`` of its own. What ``torch.manual_seed`` does not seed:
#
# .. list-table::
#    :header-rows: 1
#
#    * - Random numbers from
#      - Seeded by
#    * - Python's ``random``
#      - ``random.seed(0)``
#    * - NumPy's global functions
#      - ``numpy.random.seed(0)``
#    * - NumPy's ``default_rng()``
#      - ``numpy.random.default_rng(0)``
#    * - a generator of your own
#      - ``torch.Generator().manual_seed(0)``

# %%
# One more draw changes the rest
# ------------------------------
#
# A seed fixes one long sequence of numbers, and each draw takes the next ones. If you
# add a layer or look at a random sample, everything after it moves along the sequence.
# Here the order of the data is drawn after the weights:

from torch import nn


def first_indices(draw_one_more, own_generator):
    torch.manual_seed(0)
    shuffle = torch.Generator().manual_seed(0) if own_generator else None
    nn.Linear(2, 64)
    if draw_one_more:
        torch.rand(1)
    return torch.randperm(400, generator=shuffle)[:6].tolist()


orders = {}
for own_generator in (False, True):
    print("own generator:" if own_generator else "global generator:")
    for draw_one_more in (False, True):
        order = first_indices(draw_one_more, own_generator)
        orders[own_generator, draw_one_more] = order
        print("  one more draw:  " if draw_one_more else "  without it:     ", order)

# %%
# With a generator of its own, the order of the data no longer depends on what else is
# drawn. So you can change the network and still compare two runs on the same batches.
# Pass it to ``torch.randperm`` or to a ``DataLoader`` as ``generator``.

assert orders[False, False] != orders[False, True], "one more draw changes the order"
assert orders[True, False] == orders[True, True], "an own generator keeps the order"

# %%
# Operations that no seed reaches
# -------------------------------
#
# Some operations can return a different result each time, even with the same seed. Most
# of them run on a GPU, where many threads add to one place in no fixed order. After
# ``torch.use_deterministic_algorithms(True)``, PyTorch picks a deterministic algorithm
# where it has one, which can be slower, and raises an error where it has none:

torch.use_deterministic_algorithms(True)
try:
    torch.zeros(3).put_(torch.tensor([0, 1]), torch.tensor([1.0, 2.0]))
except RuntimeError as error:
    message = str(error)
torch.use_deterministic_algorithms(False)
print(message.partition(", but")[0])

assert "put_" in message, "put_ is refused, whatever the indices are"

# %%
# ``put_`` could write two values to one place. It is refused whatever the indices are,
# and here they are different.
#
# Many models never meet this error. If yours does, replace the operation, or pass
# ``warn_only=True`` for a warning instead. On NVIDIA GPUs, also leave
# ``torch.backends.cudnn.benchmark`` at ``False``, because otherwise cuDNN picks the
# algorithm that was fastest in a short test, which can be a different one in each run.
# Older versions of PyTorch also ask for an environment variable there, and their error
# says so: set ``CUBLAS_WORKSPACE_CONFIG=:4096:8`` before you start Python.

# %%
# On a different machine
# ----------------------
#
# A different processor, GPU, number of threads or PyTorch version may add the same
# numbers in a different order, and so round differently. To see what such a difference
# does, train a network twice, the second time with every initial weight changed by one
# part in a million:

torch.manual_seed(0)
angle = torch.pi * torch.rand(400)
label = (torch.arange(400) % 2).float()
sign = 1 - 2 * label
moons = [label + sign * angle.cos(), label / 2 + sign * angle.sin()]
points = torch.stack(moons, dim=1) + 0.2 * torch.randn(400, 2)


def train(learning_rate=0.01, seed=0, nudge=0.0):
    """Return the weights after each step, and the loss over all points."""
    torch.manual_seed(seed)
    shuffle = torch.Generator().manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1)
    )
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1 + nudge)
    loss_function = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    history = []
    for _ in range(40):
        for batch in torch.randperm(400, generator=shuffle).split(50):
            optimizer.zero_grad()
            loss = loss_function(model(points[batch]).squeeze(1), label[batch])
            loss.backward()
            optimizer.step()
            history.append(nn.utils.parameters_to_vector(model.parameters()).detach())
    with torch.inference_mode():
        loss = loss_function(model(points).squeeze(1), label)
    return torch.stack(history), loss.item()


fig, ax = plt.subplots()
distances, ratios = {}, {}
for color, learning_rate in (("C0", 0.01), ("C1", 0.1)):
    weights, loss = train(learning_rate)
    nudged, nudged_loss = train(learning_rate, nudge=1e-6)
    ratios[learning_rate] = nudged_loss / loss
    distance = (weights - nudged).norm(dim=1) / weights.norm(dim=1)
    distances[learning_rate] = distance
    ax.plot(range(1, 321), distance, color, label=f"learning rate {learning_rate}")
ax.set(xlabel="step", ylabel="relative distance of the weights", yscale="log")
ax.legend()
plt.show()
# sphinx_gallery_alt_block = "Relative distance between the two runs over 320 steps, on a logarithmic scale, in two curves. With learning rate 0.01 it stays small. With learning rate 0.1 it grows until it is more than a thousand times as large as at the first step."

# %%
# With a learning rate of 0.01, the two runs stay together to within a thousandth of the
# weights over these 320 steps. With ten times that rate, which is too much for this
# network and Adam, the difference grows more than a thousandfold. In longer runs, it
# also grows at 0.01: after 300 epochs, the weights were about a tenth apart, but the
# losses only 2%. So on a different machine, expect similar losses from stable
# training, not the same weights.

assert distances[0.01].max() < 1e-3, "at 0.01, the weights stay within a thousandth"
assert abs(ratios[0.01] - 1) < 1e-2, "at 0.01, the losses stay within 1%"
assert distances[0.1][-1] > 1000 * distances[0.1][0], (
    "at 0.1, the difference of the weights grows 1,000 times"
)

# %%
# Several seeds to judge a change
# -------------------------------
#
# A reproducible run helps you find a bug. It does not tell you how good a method is,
# because a different seed gives a different result:

losses = torch.tensor([train(seed=seed)[1] for seed in range(5)])
print(f"loss with five seeds: {losses.mean():.4f} ± {losses.std():.4f}")

assert losses.max() > 1.01 * losses.min(), "the seed alone changes the loss by over 1%"

# %%
# A single run that is better by less than this spread (the number after ±) may be luck.
# Run each method with n seeds, and compare the means with their standard error, spread
# / √n.

# %%
# Why it happens
# --------------
#
# A pseudorandom generator computes each number from its state, so the same seed and the
# same draws give the same numbers. Rounding is not random either, but it depends on the
# order of the operations:

print((0.1 + 0.2) + 0.3, 0.1 + (0.2 + 0.3))

assert (0.1 + 0.2) + 0.3 != 0.1 + (0.2 + 0.3), "a sum depends on the order"

# %%
# One program on one CPU keeps that order. Threads that race on a GPU do not.

# %%
# In your own code
# ----------------
#
# To find where two runs part, print this after each step and compare. It is a hash of
# all bytes of the parameters and the buffers:

import hashlib


def fingerprint(model):
    """Return a text that is the same for the same parameters and buffers."""
    digest = hashlib.sha256()
    for tensor in model.state_dict().values():
        digest.update(tensor.cpu().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:8]


layer = nn.Linear(8, 8)
before = fingerprint(layer)
with torch.no_grad():
    layer.weight[0, 0] = layer.weight[0, 0].nextafter(torch.tensor(1.0))
print("same after one bit changed:", fingerprint(layer) == before)

assert fingerprint(layer) != before, "one bit of one weight changes the fingerprint"

# %%
# If the runs differ at step 0, the initial weights were not seeded. If they part at
# step 1, look at the order of the data and at dropout. If they part later, look for an
# operation that is not deterministic.

# %%
# Try it
# ------
#
# You add an evaluation with a ``DataLoader`` that does not shuffle. Can this change the
# training that follows?
#
# **Solution**

loader = torch.utils.data.DataLoader(torch.arange(8), batch_size=4)
own = torch.utils.data.DataLoader(
    torch.arange(8), batch_size=4, generator=torch.Generator().manual_seed(0)
)
drawn = {}
for name, each in (("no evaluation", []), ("evaluation", loader), ("own", own)):
    torch.manual_seed(0)
    list(each)
    drawn[name] = torch.rand(1).item()
    print(f"{name:<14}{drawn[name]:.4f}")

assert drawn["evaluation"] != drawn["no evaluation"], "an epoch of a loader draws"
assert drawn["own"] == drawn["no evaluation"], (
    "a loader with its own generator leaves the global one alone"
)

# %%
# It can. Each epoch of a ``DataLoader`` draws a seed for its workers, even without
# workers. With a generator of its own, it leaves the global one alone.

# %%
# Remember
# --------
#
# - Seed once at the beginning, and give the order of the data its own generator.
# - ``torch.use_deterministic_algorithms(True)`` is for what seeds do not reach.
# - On a different machine, expect similar losses, not the same weights.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_training_loading_data.py`: workers, and generators in a data
#   set.
# - :ref:`sphx_glr_recipes_training_saving_and_loading_across_devices.py`: resume a run
#   as if it had never stopped.
# - `Reproducibility <https://docs.pytorch.org/docs/stable/notes/randomness.html>`__:
#   the notes in PyTorch's documentation.
# - `torch.use_deterministic_algorithms
#   <https://docs.pytorch.org/docs/stable/generated/torch.use_deterministic_algorithms.html>`__

# sphinx_gallery_position = 5
# sphinx_gallery_tags = ["seeds", "generators", "deterministic algorithms", "Adam"]
# sphinx_gallery_cost = "8 s"
# sphinx_gallery_needs = []
