"""
Zeroing out gradients
=====================

PyTorch adds each new gradient to what is already in ``.grad`` instead of replacing it.
So clear the gradients once for every step: call ``optimizer.zero_grad()`` before
``loss.backward()`` or after ``optimizer.step()``.
"""

# %%
# In short
# --------
#
# The derivative of ``3 * weight`` is always 3. Compute it three times, without clearing
# and with it:

import matplotlib.pyplot as plt
import torch

weight = torch.tensor(1.0, requires_grad=True)
optimizer = torch.optim.SGD([weight], lr=0.01)

gradients = {False: [], True: []}
for clear, seen in gradients.items():
    for _ in range(3):
        if clear:
            optimizer.zero_grad()
        loss = 3 * weight
        loss.backward()
        seen.append(weight.grad.item())
    print("cleared:    " if clear else "not cleared:", seen)

assert gradients[False] == [3, 6, 9], "without clearing, three gradients of 3 add up"
assert gradients[True] == [3, 3, 3], "with clearing, each of them is 3"

# %%
# The rest of this page trains a network with that line and without it, and shows why
# the sum does so much harm.

# %%
# Step 1. Load the data
# ---------------------
#
# Take 12,800 training images and 2,000 test images from Fashion-MNIST: small gray
# pictures of clothes in ten classes. Normalize them, because networks learn best from
# numbers around zero.

from itertools import islice

from torch import nn
from torchvision import datasets
from torchvision.transforms.v2.functional import pil_to_tensor

dataset = datasets.FashionMNIST
device = torch.accelerator.current_accelerator(check_available=True) or "cpu"


def load(train, count):
    """Return the first images as one tensor, and their labels as another."""
    samples = list(islice(dataset("data", train=train, download=True), count))
    images = torch.stack([pil_to_tensor(image) for image, _ in samples]) / 255
    labels = torch.tensor([label for _, label in samples])
    return images.to(device), labels.to(device)


train_images, train_labels = load(train=True, count=12_800)
test_images, test_labels = load(train=False, count=2_000)
deviation, mean = torch.std_mean(train_images, dim=(0, 2, 3), keepdim=True)
train_images = (train_images - mean) / deviation
test_images = (test_images - mean) / deviation
print("images, channels, height, width:", tuple(train_images.shape))

# %%
# To train on color images instead, change one line to ``dataset = datasets.CIFAR10``.
# The rest of the script reads channels and image size from the data.

# %%
# Step 2. Build a network
# -----------------------
#
# Two convolutions find patterns, and a linear layer turns them into a score for each
# class. The seed gives every network the same initial weights.


def make_model():
    torch.manual_seed(0)
    _, channels, height, width = train_images.shape
    return nn.Sequential(
        nn.Conv2d(channels, 8, kernel_size=3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 16, kernel_size=3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * (height // 4) * (width // 4), 10),
    ).to(device)


# %%
# Step 3. Choose a loss and an optimizer
# --------------------------------------
#
# Cross-entropy measures how far the scores are from the right labels. Stochastic
# gradient descent (SGD) with momentum changes the weights to make it smaller.

loss_function = nn.CrossEntropyLoss()


def make_optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)


loss_of_guessing = loss_function(torch.zeros(1, 10), torch.tensor([0])).item()
print(f"loss of guessing: {loss_of_guessing:.2f}")

# %%
# A network that gives all ten classes the same score has this loss. One whose loss is
# higher is often sure of a wrong class.

# %%
# Step 4. Train, and clear the gradients
# --------------------------------------
#
# Each batch takes four steps: ``zero_grad()`` clears the gradients of the batch before,
# the model and the loss function compute the loss, ``backward()`` computes the
# gradients, and ``step()`` changes the weights. The switch ``clear`` is for step 5.


def train(clear):
    """Return a trained network and its loss for each batch of 64 images."""
    model = make_model()
    optimizer = make_optimizer(model)
    losses = []
    for images, labels in zip(
        train_images.split(64), train_labels.split(64), strict=True
    ):
        if clear:
            optimizer.zero_grad()
        loss = loss_function(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    for start in range(0, len(losses), 50):
        part = losses[start : start + 50]
        print(f"from batch {start + 1:3d}: mean loss {sum(part) / len(part):6.2f}")
    return model, losses


model, losses = train(clear=True)

# %%
# The loss falls, fast at first and then slowly. This is a healthy training run.

# %%
# Step 5. Train without clearing
# ------------------------------
#
# The initial weights, the batches, the learning rate and the momentum stay the same.
# Only ``zero_grad()`` is left out.

careless_model, careless_losses = train(clear=False)

# %%
# There is no error and no warning. Only the loss shows that something is wrong.

fig, ax = plt.subplots(layout="constrained")
ax.plot(careless_losses, "C1", label="without clearing")
ax.plot(losses, "C0", label="with clearing")
ax.axhline(loss_of_guessing, color="C2", linestyle="--", label="guessing")
ax.set(xlabel="batch", ylabel="loss (log scale)", yscale="log")
fig.legend(loc="outside upper center", ncols=2)
plt.show()
# sphinx_gallery_alt_block = "Loss for each batch on a logarithmic scale, in two curves. With clearing it falls far below the dashed line, which is the loss of guessing. Without clearing it jumps, comes back to the line, and climbs above it until the end."

# %%
# What counts is how many new images the networks get right, so test both.


def test(model):
    """Return the accuracy, and the share of the class that is predicted most often."""
    with torch.inference_mode():
        predicted = model(test_images).argmax(dim=1)
    accuracy = (predicted == test_labels).float().mean().item()
    return accuracy, predicted.bincount().max().item() / len(predicted)


accuracy, share = test(model)
careless_accuracy, careless_share = test(careless_model)
print("                  right   most frequent class")
print(f"with clearing:    {accuracy:5.1%}   {share:19.1%}")
print(f"without clearing: {careless_accuracy:5.1%}   {careless_share:19.1%}")

# %%
# After 200 batches with clearing, the network gets more than 70% of the test images
# right. Without clearing, it predicts one class for nearly every image, so it is about
# as good as guessing: 10%.

if dataset is datasets.FashionMNIST:
    assert sum(losses[-50:]) / 50 < 0.8, "with clearing, the loss ends below 0.8"
    assert sum(careless_losses[-50:]) / 50 > 2 * loss_of_guessing, "without, far above"
    assert accuracy > 0.7, "with clearing, more than 70% are right"
    assert careless_accuracy < 0.15, "without clearing, less than 15% are right"
    assert careless_share > 0.9, "without clearing, one class makes up more than 90%"

# %%
# How much harm the sum does depends on the optimizer and the learning rate:
# :ref:`sphx_glr_recipes_pitfalls_missing_zero_grad.py` compares several, and some of
# those networks even learn.

# %%
# Why it happens
# --------------
#
# At batch 200, the network without clearing follows the sum of 200 gradients, and 199
# of them belong to weights that it no longer has. A valley shows what that means.
# There is one weight, the loss is ``weight**2``, and the bottom is at 0.


def descend(clear, momentum=0.0):
    weight = torch.tensor(1.0, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.05, momentum=momentum)
    path = [weight.item()]
    for _ in range(60):
        if clear:
            optimizer.zero_grad()
        loss = weight**2
        loss.backward()
        optimizer.step()
        path.append(weight.item())
    return path


path, careless_path = descend(clear=True), descend(clear=False)

fig, ax = plt.subplots(layout="constrained")
ax.plot(careless_path, "C1", label="without clearing")
ax.plot(path, "C0", label="with clearing")
ax.set(xlabel="step", ylabel="weight")
fig.legend(loc="outside upper center", ncols=2)
plt.show()
# sphinx_gallery_alt_block = "The weight over 60 steps, in two curves that begin at 1. With clearing it comes to rest at 0. Without clearing it swings from 1 to -1 and back, and the swings do not become smaller."

# %%
# With clearing, the weight rolls to the bottom and stops. Without clearing, it arrives
# sooner and cannot stop, because the sum still holds every gradient from the way down.
# At this learning rate, it swings like a pendulum without friction. Momentum remembers
# old gradients too, and it multiplies them by 0.9 at every step, so they fade, while in
# ``.grad`` nothing fades. Both together make the swings grow:

with_momentum = descend(clear=False, momentum=0.9)
print(f"farthest from 0: {max(map(abs, with_momentum)):,.0f}")

assert abs(path[-1]) < 0.01, "with clearing, the weight comes to rest at 0"
assert min(careless_path[30:]) < -0.9, "without, it still swings below -0.9"
assert max(careless_path[30:]) > 0.9, "without, it still swings above 0.9"
assert max(map(abs, with_momentum)) > 100, "with momentum, the swings grow"

# %%
# In your own code
# ----------------
#
# Put ``optimizer.zero_grad()`` on the first line of the loop. To check a loop that you
# did not write, call this right before ``loss.backward()``: the list has to be empty
# (with ``set_to_none=False`` or accumulation, it is not).


def not_cleared(model):
    """Name the parameters that still have a gradient."""
    return [name for name, each in model.named_parameters() if each.grad is not None]


print("after step():     ", not_cleared(model))
model.zero_grad()
print("after zero_grad():", not_cleared(model))

assert not_cleared(careless_model), "the check finds what was not cleared"
assert not not_cleared(model), "after zero_grad() there is nothing to find"

# %%
# There is one good reason not to clear at every batch: you want to add up the gradients
# of several small batches. See
# :ref:`sphx_glr_recipes_gradients_accumulating_gradients.py`. With two optimizers, or
# parameters that no optimizer holds, it matters which ``zero_grad()`` you call:
# :ref:`sphx_glr_recipes_gradients_ways_to_clear_gradients.py`.

# %%
# Try it
# ------
#
# In ``descend``, move ``optimizer.zero_grad()`` between ``backward()`` and ``step()``.
# Where does the weight go?
#
# **Solution**

weight = torch.tensor(1.0, requires_grad=True)
optimizer = torch.optim.SGD([weight], lr=0.05)
for _ in range(60):
    loss = weight**2
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
print("after 60 steps:", weight.item())

assert weight.item() == 1, "the weight does not move"

# %%
# Nowhere: the gradient is thrown away before ``step()`` reads it.

# %%
# Remember
# --------
#
# - ``backward()`` adds to ``.grad``. It never overwrites.
# - Clear once for every step, never between ``backward()`` and ``step()``.
# - A missing ``zero_grad()`` gives no error, and the loss may not show it. Look at
#   ``.grad``.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_missing_zero_grad.py`
# - :ref:`sphx_glr_recipes_gradients_where_to_clear_gradients.py`
# - `torch.optim.Optimizer.zero_grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html>`__
# - `torch.Tensor.backward
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html>`__

# sphinx_gallery_position = 1
# sphinx_gallery_tags = ["zero_grad", "optimizer", "training loop", "SGD"]
# sphinx_gallery_cost = "6 s"
# sphinx_gallery_needs = ["Fashion-MNIST"]
