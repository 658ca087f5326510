"""
Where to clear gradients
========================

A training loop makes four calls. In one wrong order of them the model never learns,
and no error or warning tells you.

What you will learn
-------------------

- What ``zero_grad``, the forward pass, ``backward`` and ``step`` each do to ``.grad``.
- In which places of the loop you can clear gradients, and in which one you cannot.
- Why the wrong order fails in silence.
- What changes when gradients are set to zero instead of ``None``.

What you need
-------------

- ``torch`` and ``matplotlib``.
- No data set: the recipe makes its own points.
- About 10 seconds on two CPU cores, nearly all of them to load PyTorch.
"""

# %%
# Step 1. Make points around a known line
# ---------------------------------------
#
# The 200 points lie around the line y = 3x + 2, each moved up or down by random
# noise. A model that learns must find a weight near 3 and a bias near 2.

import copy
import math

import matplotlib.pyplot as plt
import torch
from torch import nn

device = (
    torch.accelerator.current_accelerator()
    if torch.accelerator.is_available()
    else torch.device("cpu")
)

torch.manual_seed(0)
x = torch.linspace(-2, 2, 200).unsqueeze(1)
y = 3 * x + 2 + 0.5 * torch.randn(200, 1)
x, y = x.to(device), y.to(device)

print("x", tuple(x.shape), "  y", tuple(y.shape))

# %%
# Every run below starts from the same place. This function makes a model of one
# weight and one bias, always with the same random start, and an optimizer for it.


def new_model():
    torch.manual_seed(0)
    model = nn.Linear(1, 1).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return model, optimizer


loss_function = nn.MSELoss()

# %%
# Step 2. Follow one gradient through the loop
# --------------------------------------------
#
# Make each call once, and look at the weight and its gradient after it.

model, optimizer = new_model()
weight = model.weight
first_value = weight.item()


def look(call):
    gradient = None if weight.grad is None else round(weight.grad.item(), 4)
    print(f"{call:<10} weight {weight.item():7.4f}   gradient {gradient}")


loss = loss_function(model(x), y)
look("forward")
assert weight.grad is None

loss.backward()
look("backward")
assert weight.grad is not None and weight.item() == first_value

optimizer.step()
look("step")
assert weight.grad is not None and weight.item() != first_value

optimizer.zero_grad()
look("zero_grad")
assert weight.grad is None

# %%
# ``backward`` writes the gradient and leaves the weight alone. ``step`` reads the
# gradient and moves the weight. ``zero_grad`` takes the gradient away: since PyTorch
# 2.0 it is ``None`` afterwards, not zero.
#
# So the gradient has to live from ``backward`` to ``step``. At any other point you
# can clear it.

# %%
# Step 3. Train in the right order
# --------------------------------
#
# ``zero_grad``, forward, ``backward``, ``step``. All points are one batch here, so an
# epoch is one step.

right_model, optimizer = new_model()
right_losses = []

for epoch in range(1, 101):
    optimizer.zero_grad()
    loss = loss_function(right_model(x), y)
    loss.backward()
    optimizer.step()

    right_losses.append(loss.item())
    if epoch == 1 or epoch % 10 == 0:
        print(f"epoch {epoch:3d}   loss {loss.item():.6f}")

right_weight, right_bias = right_model.weight.item(), right_model.bias.item()
print(f"weight {right_weight:.4f}   bias {right_bias:.4f}")

assert abs(right_weight - 3) < 0.2, "the weight should end near 3"
assert abs(right_bias - 2) < 0.2, "the bias should end near 2"
assert right_losses[0] > 0.5 > max(right_losses[19:]), "the loss should fall"

# %%
# Within 20 epochs the loss falls below 0.5, and it stays there. What is left is the
# noise, which no line can explain. The weight and the bias end within 0.2 of 3 and 2.

# %%
# Step 4. Train in the wrong order
# --------------------------------
#
# The same four lines, but now ``zero_grad`` stands between ``backward`` and ``step``.
# You can find this order in tutorials on the web.

wrong_model, optimizer = new_model()
wrong_losses = []

for epoch in range(1, 101):
    loss = loss_function(wrong_model(x), y)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()

    wrong_losses.append(loss.item())
    if epoch == 1 or epoch % 10 == 0:
        print(f"epoch {epoch:3d}   loss {loss.item():.6f}")

wrong_weight, wrong_bias = wrong_model.weight.item(), wrong_model.bias.item()
print(f"weight {wrong_weight:.4f}   bias {wrong_bias:.4f}")

assert set(wrong_losses) == {right_losses[0]}, "the loss must not move at all"
untrained_model, _ = new_model()
assert wrong_weight == untrained_model.weight.item(), "the weight must not move"
assert wrong_bias == untrained_model.bias.item(), "the bias must not move"
assert abs(wrong_weight) <= 1, "nn.Linear(1, 1) begins between -1 and 1"

# %%
# The loss is the same to the last digit in all 100 epochs. The weight and the bias
# are still the random numbers that they began with.
#
# Each ``backward`` computes a correct gradient, and ``zero_grad`` throws it away
# before anyone reads it. ``step`` then finds ``None`` and skips the parameter. That
# is no error, because a parameter that took no part in the loss has ``None`` as its
# gradient too. So nothing is applied, and nothing complains.

# %%
# Step 5. See what each model learned
# -----------------------------------
#
# Plot both losses, and both lines through the points.

figure, (loss_axes, line_axes) = plt.subplots(
    1, 2, figsize=(8.5, 3.6), layout="constrained"
)

epochs = range(1, 101)
loss_axes.plot(epochs, right_losses, color="C0", label="right order")
loss_axes.plot(epochs, wrong_losses, "--", color="C1", label="wrong order")
loss_axes.set(xlabel="epoch", ylabel="mean squared error", yscale="log")
loss_axes.legend(loc="center right")

line_axes.plot(x.cpu(), y.cpu(), ".", color="C2", markersize=4, label="points")
with torch.inference_mode():
    line_axes.plot(x.cpu(), right_model(x).cpu(), color="C0", label="right order")
    line_axes.plot(x.cpu(), wrong_model(x).cpu(), "--", color="C1", label="wrong order")
line_axes.set(xlabel="x", ylabel="y")
line_axes.legend()

plt.show()
# sphinx_gallery_alt_block = "Two panels. Left, the loss by epoch: in the right order it falls within a few epochs and then stays low, in the wrong order it is a level line at the height of the start. Right, the points with both fitted lines: the line of the right order runs through the points, the line of the wrong order crosses them at a much smaller slope."

# %%
# On the left, the dashed line is the sign to know: a loss that is not slow, not
# noisy, but perfectly level. On the right, the dashed line has nothing to do with the
# points.

# %%
# Step 6. Try all four places
# ---------------------------
#
# In the body of the loop there are four places where ``zero_grad`` can stand. This
# function trains with any one of them.


def train(place):
    model, optimizer = new_model()
    for epoch in range(100):
        if place == "before forward":
            optimizer.zero_grad()
        loss = loss_function(model(x), y)
        if place == "before backward":
            optimizer.zero_grad()
        loss.backward()
        if place == "before step":
            optimizer.zero_grad()
        optimizer.step()
        if place == "after step":
            optimizer.zero_grad()
    return model.weight.item(), model.bias.item()


# %%
# Train a new model for each place and compare.

results = {}
for place in ["before forward", "before backward", "before step", "after step"]:
    learned_weight, learned_bias = train(place)
    results[place] = (learned_weight, learned_bias)
    print(f"{place:<16} weight {learned_weight:7.4f}   bias {learned_bias:.4f}")

right_result = (right_weight, right_bias)
assert results["before forward"] == right_result
assert results["before backward"] == right_result
assert results["after step"] == right_result
assert results["before step"] == (wrong_weight, wrong_bias)

# %%
# Three places give the very same model, equal in every bit. Only the place between
# ``backward`` and ``step`` is wrong. Write ``zero_grad`` as the first line of the
# loop, or as the last: there nobody has to think about it.

# %%
# Step 7. See that zeros are not nothing
# --------------------------------------
#
# ``zero_grad(set_to_none=False)`` fills the gradients with zeros instead. ``step``
# skips ``None``, but it does not skip a zero: it runs its whole update, and weight
# decay is part of that update. Take a copy of the model that step 3 trained, go on
# in the wrong order, and see whether the model keeps what it knows.


def train_on_in_wrong_order(set_to_none, weight_decay):
    model = copy.deepcopy(right_model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=weight_decay)
    for epoch in range(100):
        loss = loss_function(model(x), y)
        loss.backward()
        optimizer.zero_grad(set_to_none=set_to_none)
        optimizer.step()
    return model.weight.item(), loss.item()


# %%
# Try both kinds of clearing, each without and with weight decay.

weights, losses = {}, {}
print("set_to_none  weight_decay  weight   loss")
for case in [(True, 0.0), (True, 0.1), (False, 0.0), (False, 0.1)]:
    set_to_none, weight_decay = case
    weights[case], losses[case] = train_on_in_wrong_order(set_to_none, weight_decay)
    print(f"{set_to_none!s:<11}  {weight_decay:<12}", end="  ")
    print(f"{weights[case]:6.3f}  {losses[case]:5.3f}")

drifted_weight = weights.pop((False, 0.1))
assert set(weights.values()) == {right_weight}, "the other three must stand still"
assert math.isclose(drifted_weight, right_weight * 0.99**100, rel_tol=1e-4)
assert losses[False, 0.1] > 10 * losses[False, 0.0], "the model must get worse"

# %%
# Three of the four stand still. With zeros and weight decay together the model
# drifts. Each step takes the share "learning rate times weight decay" off the weight,
# which is one percent here. After 100 steps little more than a third of the weight is
# left, and the loss is more than ten times what it was. The model forgets, and still
# no error tells you.

# %%
# What to remember
# ----------------
#
# - Clear gradients before ``backward`` or after ``step``, never between the two.
# - A loss that does not move, not even in its last digit, is the sign of a ``step``
#   that has nothing to apply. Look for a ``zero_grad`` before it.
# - ``None`` and zero are not the same. SGD, like nearly every optimizer, skips a
#   parameter whose gradient is ``None``, and runs its whole update on zeros.

# %%
# Learn more
# ----------
#
# - :doc:`/guides/how_autograd_works` shows why gradients add up at all.
# - :ref:`sphx_glr_recipes_pitfalls_zero_grad_between_backward_and_step.py`: the wrong
#   order, seen from its symptoms.
# - `torch.optim.Optimizer.zero_grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html>`__
# - `torch.optim.Optimizer.step
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.step.html>`__
# - `torch.Tensor.backward
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html>`__

# sphinx_gallery_position = 2
# sphinx_gallery_tags = ["zero_grad", "optimizer", "training loop"]
# sphinx_gallery_cost = "10 s"
# sphinx_gallery_needs = []
