"""
Training that can be repeated
=============================

When a run cannot be repeated, you cannot tell whether a change has helped. Seeds do
most of the work, and deterministic algorithms the rest. Between two machines, a small
difference can remain, and you should know when it grows.

What you will learn
-------------------

- How to seed a training so that it comes out the same in every bit.
- Why one more random number changes everything after it, and how generators prevent
  that.
- What ``torch.use_deterministic_algorithms(True)`` does, and what it cannot do.
- How large the differences are that can remain, and when they grow.

What you need
-------------

- ``torch`` and ``matplotlib``.
- No data set: the recipe makes its own points.
- About 15 seconds on two CPU cores. A GPU is used if there is one.
"""

# %%
# Step 1. Find what is random
# ---------------------------
#
# The points form two half moons, one for each class. The training draws random numbers
# in three places: the first weights, the order of the points, and dropout.

import matplotlib.pyplot as plt
import torch
from torch import nn

device = torch.device("cpu")
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()

torch.manual_seed(0)
angle = torch.pi * torch.rand(400)
label = torch.arange(400) % 2
moons = (
    torch.where(label == 0, angle.cos(), 1 - angle.cos()),
    torch.where(label == 0, angle.sin(), 0.5 - angle.sin()),
)
points = torch.stack(moons, dim=1) + 0.2 * torch.randn(400, 2)
points, label = points.to(device), label.to(device, torch.float32)


def make_model(dropout=0.1):
    return nn.Sequential(
        nn.Linear(2, 64),
        nn.Tanh(),
        nn.Dropout(dropout),
        nn.Linear(64, 64),
        nn.Tanh(),
        nn.Linear(64, 1),
        nn.Flatten(start_dim=0),
    ).to(device)


def train(model, learning_rate=0.01, shuffle=None):
    """Train for 40 epochs. Return the weights after each step, and the last loss."""
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    weights = []
    for _ in range(40):
        for batch in torch.randperm(400, generator=shuffle).split(50):
            optimizer.zero_grad()
            scores = model(points[batch])
            loss = nn.functional.binary_cross_entropy_with_logits(scores, label[batch])
            loss.backward()
            optimizer.step()
            weights.append(nn.utils.parameters_to_vector(model.parameters()).detach())
    return torch.stack(weights).cpu(), loss.item()


def distance(weights, other_weights):
    """Return how far apart two runs are after each step, relative to the weights."""
    return (weights - other_weights).norm(dim=1) / weights.norm(dim=1)


# %%
# Step 2. Set the seed
# --------------------
#
# ``torch.manual_seed`` seeds PyTorch's global generators, that of the CPU and those of
# all GPUs. Call it once, before the first random number. Python's ``random`` and NumPy
# have generators of their own, so seed them too if your code draws from them:
# ``random.seed(0)``, ``numpy.random.seed(0)``.

runs = {}
for name, seed in (("seed 1", 1), ("seed 1 again", 1), ("seed 2", 2)):
    torch.manual_seed(seed)
    runs[name] = train(make_model())
    print(f"{name:<13} last loss {runs[name][1]:.6f}")

again = distance(runs["seed 1"][0], runs["seed 1 again"][0])[-1].item()
other = distance(runs["seed 1"][0], runs["seed 2"][0])[-1].item()
print(f"distance between two runs with seed 1:  {again:.3f}")
print(f"distance between seed 1 and seed 2:     {other:.3f}")
assert again < 1e-3 and (again == 0 or device.type != "cpu")
assert other > 0.5

# %%
# Two runs with one seed end with the same weights: on a CPU in every bit, with the same
# program, the same machine and the same number of threads. Another seed gives quite
# another network.

# %%
# Step 3. Give each use a generator of its own
# --------------------------------------------
#
# A seed fixes one long row of random numbers, and whoever draws takes the next. So a
# number drawn more, for a new layer or a look at a random sample, moves everything that
# follows. See what it does to the order of the points.


def first_points(draw_one_more, own_generator):
    torch.manual_seed(0)
    shuffle = torch.Generator().manual_seed(0) if own_generator else None
    make_model()
    if draw_one_more:
        torch.rand(1)
    return torch.randperm(400, generator=shuffle)[:6].tolist()


for own_generator in (False, True):
    before = first_points(draw_one_more=False, own_generator=own_generator)
    after = first_points(draw_one_more=True, own_generator=own_generator)
    print("own generator:" if own_generator else "global generator:")
    print("  without the draw", *(f"{index:3d}" for index in before))
    print("  with one more   ", *(f"{index:3d}" for index in after))
    assert (before == after) == own_generator

# %%
# With a generator of its own, the order no longer depends on what else is drawn. Now
# you can change the network and still compare two runs on the same batches. ``train``
# takes such a generator as ``shuffle``, and a ``DataLoader`` as ``generator``.

# %%
# Step 4. Ask for deterministic algorithms
# ----------------------------------------
#
# Some operations give another result each time, with the same numbers and the same
# seed. Mostly they run on a GPU, where many threads add to one place in no fixed order.
# After ``torch.use_deterministic_algorithms(True)``, PyTorch takes another algorithm
# where it has one, often a slower one, and raises an error where it has none.

torch.use_deterministic_algorithms(True)

torch.manual_seed(1)
weights, loss = train(make_model())
print(f"seed 1, deterministic algorithms, last loss {loss:.6f}")

values = torch.zeros(3)
places = torch.tensor([0, 0])
try:
    values.put_(places, torch.tensor([1.0, 2.0]))
    refused = False
except RuntimeError as error:
    refused = True
    print(str(error).split(". ")[0].split(", but")[0])

memory = torch.empty(3)
print("empty memory:", memory)

torch.use_deterministic_algorithms(False)
assert refused, "two values for one place: which one wins is not fixed"
assert memory.isnan().all()

# %%
# This training needs no operation that PyTorch would refuse. ``put_`` is refused, since
# it may write two values to one place, and the last to come wins. With
# ``warn_only=True`` you get a warning instead.
#
# The third line is a help as well. ``torch.empty`` holds whatever was in the memory
# before. In this mode it is filled with ``nan``, so a program that forgets to fill it
# is found out.
#
# On NVIDIA GPUs, leave ``torch.backends.cudnn.benchmark`` at ``False``. If it is on,
# cuDNN times several algorithms and takes the fastest, which can be another one each
# time. The environment variable ``CUBLAS_WORKSPACE_CONFIG``, which older versions of
# PyTorch asked for in this mode, is no longer needed.

# %%
# Step 5. Know what still differs
# -------------------------------
#
# All this holds for one machine and one version. On a different processor or a GPU,
# with more threads, or with the next release, PyTorch may add the same numbers in a
# different order, and rounding depends on the order. Three numbers are enough to see
# that. Then add up 100,000 numbers in 20 orders.

one_order, other_order = (0.1 + 0.2) + 0.3, 0.1 + (0.2 + 0.3)
print(one_order, other_order)
assert one_order != other_order

torch.manual_seed(0)
numbers = torch.rand(100_000)
exact = numbers.double().sum().item()
sums = torch.stack([numbers[torch.randperm(len(numbers))].sum() for _ in range(20)])
error = (sums.double() - exact).abs().max().item() / exact

print("different sums in 20 orders:", len(sums.unique()))
print(f"largest relative error: {error:.0e}")
assert error < 1e-6
# sphinx_gallery_compare_block = "shape"

# %%
# How many different sums you get depends on how your processor adds. Each of them is
# less than one part in a million off, and none of them is wrong.
#
# What happens to such a difference during training? Take two runs with the same seed,
# and move every weight of the second by its last bit, the size of a rounding error. Do
# this with a learning rate that suits the network, and with one that is ten times
# larger. Dropout is off, so that nothing else can play a part.


def train_with_nudge(learning_rate, nudge):
    torch.manual_seed(0)
    model = make_model(dropout=0.0)
    if nudge:
        with torch.no_grad():
            for weight in model.parameters():
                weight.copy_(weight.nextafter(weight + 1))
    shuffle = torch.Generator().manual_seed(0)
    return train(model, learning_rate, shuffle)[0]


distances = {}
for learning_rate in (0.01, 0.1):
    weights = [train_with_nudge(learning_rate, nudge) for nudge in (False, True)]
    distances[learning_rate] = distance(*weights)
    for step in (1, 100, 320):
        value = distances[learning_rate][step - 1].item()
        print(f"learning rate {learning_rate:<4}  step {step:3d}  distance {value:.0e}")

small, large = distances.values()
assert small.max() < 1e-3, "with the small learning rate, the runs stay together"
assert large[-1] >= 1000 * large[0], "with the large one, any difference grows"
# sphinx_gallery_compare_block = "shape"

# %%
# The picture shows all the steps.

fig, ax = plt.subplots()
for color, (learning_rate, values) in zip(("C0", "C1"), distances.items(), strict=True):
    steps = range(1, len(values) + 1)
    ax.plot(steps, values, color, label=f"learning rate {learning_rate}")
ax.set(xlabel="step", ylabel="relative distance of the weights")
ax.set(ylim=(1e-8, 10), yscale="log")
ax.legend()
plt.show()
# sphinx_gallery_alt_block = "Relative distance between two runs whose weights differ in the last bit at the start, by step, on a logarithmic scale. With learning rate 0.01 the distance stays below one thousandth. With learning rate 0.1 it ends more than a thousand times as large as it is after the first step."

# %%
# With the small learning rate, the two runs stay together to within a thousandth of the
# weights. With the large one, the difference that is left after the first step grows
# more than a thousandfold. A training run that diverges behaves like this as well. Do
# not expect its numbers to be the same on a different machine.
#
# Why move every weight, and not only one? The last bit of a single weight can be
# rounded away when the first step is added to the weight, and then both runs may stay
# equal in every bit. Whether that happens depends on the seed and on the processor.

# %%
# Step 6. Judge a change by several seeds
# ---------------------------------------
#
# A run that repeats in every bit is good for finding a fault. It says little about how
# good a method is, since another seed gives another result. Train with five seeds.

last_losses = []
for seed in range(5):
    torch.manual_seed(seed)
    model = make_model()
    train(model)
    model.eval()
    with torch.inference_mode():
        scores = model(points)
        loss = nn.functional.binary_cross_entropy_with_logits(scores, label)
    last_losses.append(loss.item())
last_losses = torch.tensor(last_losses)

spread, mean = torch.std_mean(last_losses)
print(f"loss on all points: {mean:.3f} +- {spread:.3f}")
print(f"smallest {last_losses.min():.3f}, largest {last_losses.max():.3f}")
assert last_losses.max() > 1.01 * last_losses.min()

# %%
# Smallest and largest are more than 1 % apart, and nothing but the seed has changed. An
# improvement that is smaller than this spread may be luck. Report the mean and the
# spread of several seeds, and write down the seeds, the versions and the machine.

# %%
# What to remember
# ----------------
#
# - ``torch.manual_seed`` once, and a generator of its own for the order of the data:
#   then a run repeats itself on the same machine.
# - ``torch.use_deterministic_algorithms(True)`` replaces or refuses the operations that
#   seeds do not reach.
# - On a different machine or version, rounding may differ. Stable training keeps the
#   difference small, unstable training makes it large.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_training_loading_data.py`: seeds for the workers of a
#   ``DataLoader``.
# - :ref:`sphx_glr_recipes_training_saving_and_loading_across_devices.py`: go on with a
#   run as if it had never stopped.
# - `Reproducibility <https://docs.pytorch.org/docs/stable/notes/randomness.html>`__, in
#   PyTorch's own notes.
# - `torch.use_deterministic_algorithms
#   <https://docs.pytorch.org/docs/stable/generated/torch.use_deterministic_algorithms.html>`__

# sphinx_gallery_position = 4
# sphinx_gallery_tags = ["seeds", "generators", "deterministic algorithms", "Adam"]
# sphinx_gallery_cost = "15 s"
# sphinx_gallery_needs = []
