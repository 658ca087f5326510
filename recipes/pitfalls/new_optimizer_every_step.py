"""
A new optimizer at every step
=============================

Someone makes the optimizer inside the loop, so that each step begins with a clean
slate. It does the opposite of what was meant: the gradients stay, and what the
optimizer has to remember, such as its momentum, is lost.

What it looks like
------------------

The loss swings up and down, and does not settle. With ``zero_grad()`` added, it falls,
but slowly, and no value of ``momentum`` makes a difference.

- Type: API-specific
- Stage: training
- Effect: wrong result

What you will learn
-------------------

- Where gradients live and where momentum lives, and why a new optimizer clears only
  the wrong one.
- Which lines repair it.
- How to see that an optimizer has forgotten everything.

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
# A linear model with two inputs, of which the second is five times smaller than the
# first. Its weight gets small gradients, so plain SGD learns it slowly. Momentum was
# made for such cases.

import matplotlib.pyplot as plt
import torch
from torch import nn

device = torch.device("cpu")
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()

torch.manual_seed(0)
inputs = torch.randn(256, 2) * torch.tensor([1.0, 0.2])
targets = inputs @ torch.tensor([[3.0], [10.0]]) + 0.1 * torch.randn(256, 1)
inputs, targets = inputs.to(device), targets.to(device)


def make_model():
    model = nn.Linear(2, 1, bias=False).to(device)
    nn.init.zeros_(model.weight)
    return model


def report(name, model, losses):
    first, second = model.weight.tolist()[0]
    mean = sum(losses[-20:]) / 20
    print(f"{name:24} mean of the last 20 losses {mean:8.4f}", end="")
    print(f"   weights {first:6.2f} {second:6.2f}")


# %%
# The weights to be found are 3 and 10.

# %%
# The mistake
# -----------
#
# An optimizer for each batch, and no ``zero_grad()``: the new optimizer seems to make
# it unnecessary.


def train(model):
    losses = []
    for _ in range(150):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
        loss = nn.functional.mse_loss(model(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


wrong_model = make_model()
wrong_losses = train(wrong_model)
report("mistake", wrong_model, wrong_losses)

# %%
# Gradients live on the parameters, in ``.grad``. An optimizer reads them there, and
# neither making one nor dropping one changes them. So every ``backward`` adds to all
# the gradients before. Momentum lives in the optimizer, in ``optimizer.state``. With
# each new optimizer it is gone.

# %%
# The repair
# ----------
#
# Make the optimizer once, before the loop, and clear the gradients at every step:
#
# .. code-block:: diff
#
#     def train(model):
#    +    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
#         losses = []
#         for _ in range(150):
#    -        optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
#    +        optimizer.zero_grad()
#             loss = nn.functional.mse_loss(model(inputs), targets)
#             loss.backward()
#             optimizer.step()
#             losses.append(loss.item())
#         return losses
#
# Here is the repaired function, with the same run.


def train(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for _ in range(150):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


right_model = make_model()
right_losses = train(right_model)
report("repair", right_model, right_losses)

# %%
# Side by side
# ------------
#
# The mistake has two halves. To tell them apart, repair one of them: clear the
# gradients, and still make an optimizer at every step. Compare that with an SGD that
# has no momentum at all.


def train_with_clearing(model, momentum):
    losses = []
    for _ in range(150):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=momentum)
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


half_model, plain_model = make_model(), make_model()
half_losses = train_with_clearing(half_model, momentum=0.9)
plain_losses = train_with_clearing(plain_model, momentum=0.0)

report("mistake", wrong_model, wrong_losses)
report("mistake, with clearing", half_model, half_losses)
report("SGD without momentum", plain_model, plain_losses)
report("repair", right_model, right_losses)

assert half_losses == plain_losses, "a momentum that is new is no momentum"
assert sum(wrong_losses[-20:]) > 10 * sum(right_losses[-20:]), "it does not settle"
assert half_losses[-1] > 5 * right_losses[-1], "without momentum it is slow"
goal = torch.tensor([[3.0, 10.0]], device=device)
assert (right_model.weight - goal).abs().max() < 0.3, "the repair finds 3 and 10"

# %%
# The second and the third line are the same run, loss by loss. The first step of SGD
# with momentum is a step without, and here each step is a first one.

fig, ax = plt.subplots(layout="constrained")
steps = range(1, 151)
ax.plot(steps, wrong_losses, "C1", label="mistake")
ax.plot(steps, half_losses, "C2", label="mistake, with clearing")
ax.plot(steps, right_losses, "C0", label="repair")
ax.set(xlabel="step", ylabel="loss (mean squared error, log scale)", yscale="log")
fig.legend(loc="outside upper center", ncols=3)
plt.show()
# sphinx_gallery_alt_block = "Loss by step on a logarithmic scale, in three curves. With the mistake it swings up and down to the end. With the mistake and clearing it falls slowly. After the repair it falls to a much lower level and stays there."

# %%
# With the mistake, the loss swings like a pendulum without friction: the sum of all
# gradients pushes the weights on beyond the goal, and back again. With clearing, the
# loss falls, but it ends more than five times as high as after the repair.

# %%
# How to notice it
# ----------------
#
# **Look into** ``optimizer.state``. It is empty in a new optimizer, and holds an entry
# for each parameter after a step. If it is empty before any step but the first, the
# optimizer was made anew.


def check_memory(optimizer, step):
    """Raise an error if an optimizer is new. Call it before optimizer.step()."""
    if step > 1 and not optimizer.state:
        raise RuntimeError(f"step {step}: the optimizer remembers nothing")


found_at = {}
for made in ("once", "at every step"):
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    try:
        for step in (1, 2, 3):
            if made == "at every step":
                optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
            optimizer.zero_grad()
            nn.functional.mse_loss(model(inputs), targets).backward()
            check_memory(optimizer, step)
            optimizer.step()
        print(f"made {made}: entries in its state {len(optimizer.state)}")
    except RuntimeError as error:
        print(f"made {made}: {error}")
        found_at[made] = step

assert found_at == {"at every step": 2}

# %%
# The check is for optimizers with a memory, such as SGD with momentum and Adam. Plain
# SGD has none. Adagrad passes unnoticed: it fills its state when it is made.
#
# **Look for the constructor.** It has no place inside a loop over batches, nor inside
# one over epochs, where the momentum would be lost once an epoch. To change the
# learning rate, use a scheduler or set ``optimizer.param_groups[0]["lr"]``. To train
# more parameters from now on, call ``optimizer.add_param_group``.

# %%
# Sources
# -------
#
# - `torch.optim <https://docs.pytorch.org/docs/stable/optim.html>`__ says that an
#   optimizer object holds the current state and updates the parameters from their
#   gradients.
# - `torch.Tensor.backward
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html>`__ says
#   that gradients accumulate in the leaves, which are the parameters here.

# %%
# What to remember
# ----------------
#
# - Gradients live on the parameters, momentum lives in the optimizer.
# - A new optimizer clears no gradient, and forgets its momentum.
# - Make the optimizer once, before the loop, and call ``optimizer.zero_grad()`` at
#   every step.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_ways_to_clear_gradients.py`: what does clear
#   gradients, measured.
# - :ref:`sphx_glr_recipes_training_saving_and_loading_across_devices.py`: how to keep
#   the optimizer's memory when a training has to stop.
# - `torch.optim.SGD
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html>`__
# - `torch.optim.Optimizer.add_param_group
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.add_param_group.html>`__

# sphinx_gallery_position = 3
# sphinx_gallery_tags = ["optimizer", "momentum", "zero_grad", "SGD"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "training", "effect": "wrong result", "symptom": "The loss swings and does not settle, or falls as slowly as without momentum."}
