"""
A detach in the wrong place
===========================

One ``detach()`` in the forward pass cuts off all that lies before it. That half of the
network keeps its random weights, while the other half trains and the loss still falls.

What it looks like
------------------

The loss falls at first, then gets stuck too high, and more data or more epochs hardly
help. There is no error and no warning: the optimizer skips parameters that get no
gradient.

- Type: API-specific
- Stage: model
- Effect: wrong result

What you will learn
-------------------

- What ``detach()`` cuts off, and what goes on training.
- Which other lines cut the graph in the same way.
- How to list the parameters that never get a gradient.

What you need
-------------

- ``torch`` and ``matplotlib``.
- No data set: the recipe makes its own points.
- About 10 seconds on two CPU cores, most of them to load PyTorch.
"""

# %%
# The setting
# -----------
#
# Two rings of points, one inside the other. No straight line separates them. The
# network has two halves: ``encoder`` has to bend the plane, and ``head`` then draws a
# line.

import copy
import math

import matplotlib.pyplot as plt
import torch
from torch import nn

device = torch.device("cpu")
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()


def make_rings(count):
    labels = torch.arange(count) % 2
    radius = 1.0 + 1.2 * labels
    angle = 2 * math.pi * torch.rand(count)
    points = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
    return (points + 0.15 * torch.randn(count, 2)).to(device), labels.to(device)


torch.manual_seed(0)
train_points, train_labels = make_rings(400)
test_points, test_labels = make_rings(400)


def make_model():
    encoder = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh())
    return nn.ModuleDict({"encoder": encoder, "head": nn.Linear(4, 2)}).to(device)


# %%
# How the two halves are put together comes from outside, in ``compute_scores``.
# Everything else is the same in both runs.


def train(compute_scores):
    torch.manual_seed(0)
    model = make_model()
    untrained = copy.deepcopy(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    losses = []
    for step in range(200):
        optimizer.zero_grad()
        scores = compute_scores(model, train_points)
        loss = nn.functional.cross_entropy(scores, train_labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.inference_mode():
        right = compute_scores(model, test_points).argmax(dim=1) == test_labels
    accuracy = right.float().mean().item()
    print(f"first loss {losses[0]:.3f}   last loss {losses[-1]:.3f}", end="")
    print(f"   accuracy {accuracy:.1%}")
    return model, untrained, losses, accuracy


# %%
# The mistake
# -----------
#
# Perhaps somebody wanted to look at the features, or to save memory.


def compute_scores(model, points):
    features = model["encoder"](points).detach()
    return model["head"](features)


wrong_model, wrong_untrained, wrong_losses, wrong_accuracy = train(compute_scores)

# %%
# The loss falls, so something is learned. Which half was it? Compare each parameter
# with what it was before the training.


def list_parameters(model, untrained):
    pairs = zip(model.named_parameters(), untrained.parameters(), strict=True)
    moved = {}
    for (name, parameter), before in pairs:
        moved[name] = not torch.equal(parameter, before)
        gradient = "None" if parameter.grad is None else "a tensor"
        words = "has changed" if moved[name] else "as it was"
        print(f"{name:18} gradient: {gradient:10} value: {words}")
        assert moved[name] == (parameter.grad is not None)
    return moved


wrong_moved = list_parameters(wrong_model, wrong_untrained)

assert all(moved == name.startswith("head") for name, moved in wrong_moved.items())
assert wrong_losses[-1] < wrong_losses[0], "the head learns, so the loss falls"

# %%
# Only the head has changed. ``backward()`` starts at the loss and goes back through the
# head. There it finds a tensor without a history, and stops. The gradients of the
# encoder stay ``None``, and the optimizer skips ``None``. The head makes the best of
# random features.

# %%
# The repair
# ----------
#
# Let the gradient through:
#
# .. code-block:: diff
#
#     def compute_scores(model, points):
#    -    features = model["encoder"](points).detach()
#    +    features = model["encoder"](points)
#         return model["head"](features)
#
# Here is the repaired function, with the same run.


def compute_scores(model, points):
    features = model["encoder"](points)
    return model["head"](features)


right_model, right_untrained, right_losses, right_accuracy = train(compute_scores)
right_moved = list_parameters(right_model, right_untrained)

assert all(right_moved.values()), "every parameter is trained"
assert right_losses[0] == wrong_losses[0], "both start from the same weights"

# %%
# Side by side
# ------------
#
# The numbers first, then what each network makes of the plane.

print(f"{'':10}last loss   accuracy")
print(f"mistake   {wrong_losses[-1]:9.3f}{wrong_accuracy:11.1%}")
print(f"repair    {right_losses[-1]:9.3f}{right_accuracy:11.1%}")

assert wrong_accuracy < 0.9 and right_accuracy > 0.95
assert wrong_losses[-1] > 10 * right_losses[-1]

# %%
# The colored area is where a network says "outer ring".

fig, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
axes[0].plot(wrong_losses, "C1", label="mistake")
axes[0].plot(right_losses, "C0", label="repair")
axes[0].set(xlabel="step", ylabel="loss", ylim=(0, None))
axes[0].legend()

line = torch.linspace(-3, 3, 121)
grid = torch.cartesian_prod(line, line).to(device)
runs = (("mistake", "C1", wrong_model), ("repair", "C0", right_model))
for ax, (name, color, model) in zip(axes[1:], runs, strict=True):
    with torch.inference_mode():
        outer = compute_scores(model, grid).argmax(dim=1)
    outer = outer.reshape(121, 121).T.cpu()
    ax.contourf(line, line, outer, levels=[0.5, 1.5], colors=[color], alpha=0.3)
    for label, marker in ((0, "C2o"), (1, "C3x")):
        points = test_points[test_labels == label].cpu().T
        ax.plot(points[0], points[1], marker, markersize=2.5)
    ax.set(title=name, aspect="equal", xticks=[], yticks=[])
plt.show()
# sphinx_gallery_alt_block = "Three panels. Left, the loss over 200 steps: with the mistake it gets stuck, after the repair it falls to nearly zero. Middle and right, the two rings with the area in which each network says outer ring. With the mistake, the border cuts through the rings. After the repair, it runs between them."

# %%
# The repaired network gets more than 95 % right, the other one less than 90 %, and its
# loss is more than ten times as high. With two rings you can see that something is
# wrong. With a large network and a hard task, nobody knows what the loss should be.

# %%
# How to notice it
# ----------------
#
# **Ask who got a gradient.** After the first ``backward()``, no parameter that you want
# to train may have ``None``. Call this function once:


def parameters_without_gradient(model):
    return [name for name, p in model.named_parameters() if p.grad is None]


print("mistake:", *parameters_without_gradient(wrong_model))
print("repair: ", *parameters_without_gradient(right_model))

assert len(parameters_without_gradient(wrong_model)) == 4
assert parameters_without_gradient(right_model) == []

# %%
# **Know the other scissors.** Each of these lines keeps the gradient from the encoder.
# All but one show it, by a ``grad_fn`` of ``None``:

encoder = right_model["encoder"]


def under_no_grad():
    with torch.no_grad():
        return encoder(test_points)


scissors = {
    "encoder(points).detach()": lambda: encoder(test_points).detach(),
    "encoder(points).data": lambda: encoder(test_points).data,
    "torch.tensor(….tolist())": lambda: torch.tensor(encoder(test_points).tolist()),
    "with torch.no_grad():": under_no_grad,
    "encoder(points).round()": lambda: encoder(test_points).round(),
    "encoder(points) > 0": lambda: encoder(test_points) > 0,
    "encoder(points).argmax(dim=1)": lambda: encoder(test_points).argmax(dim=1),
}
print(f"{'':32}grad_fn")
for description, cut in scissors.items():
    features = cut()
    node = type(features.grad_fn).__name__ if features.grad_fn else None
    print(f"{description:32}{node}")
    assert (node is None) == ("round" not in description)

# %%
# ``round()`` is the sly one. It has a ``grad_fn``, so the graph is not cut, but its
# gradient is zero everywhere. Parameters behind it get zeros instead of ``None``: look
# for those as well.

rounded = torch.linspace(-2, 2, 9, requires_grad=True)
rounded.round().sum().backward()
print("gradient through round():", rounded.grad.abs().max().item())
assert not rounded.grad.any()

# %%
# **A detach has its place** where a value is used and must not be trained: in what you
# log, in the state that a recurrent network takes along, in the target of a loss that
# the network computed itself, in front of a discriminator when only the discriminator
# trains, and on features of an encoder that you want to keep as it is. Write that
# reason beside it.

# %%
# Sources
# -------
#
# - `torch.Tensor.detach
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.detach.html>`__ says
#   that the result is detached from the graph and never requires a gradient.
# - `Autograd mechanics
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html#locally-disabling-gradient-computation>`__,
#   in PyTorch's notes, lists the ways to switch gradients off.

# %%
# What to remember
# ----------------
#
# - ``detach()`` cuts off all that was computed before it. What comes after it trains.
# - A falling loss does not prove that the whole network learns.
# - After the first ``backward()``, list the parameters whose ``.grad`` is ``None``.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_stopping_gradient_tracking.py`: when to use which
#   of the scissors.
# - :ref:`sphx_glr_recipes_pitfalls_backward_twice.py`: a place where ``detach()`` is
#   right.
# - `torch.optim.Adam
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html>`__

# sphinx_gallery_position = 11
# sphinx_gallery_tags = ["detach", "autograd", "no_grad", "Adam"]
# sphinx_gallery_cost = "10 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "model", "effect": "wrong result", "symptom": "The loss falls but gets stuck too high, and half of the network never changes."}
