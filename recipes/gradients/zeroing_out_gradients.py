"""
Zeroing out gradients
=====================

PyTorch adds every new gradient to the one that is already there. A training loop
that never clears its gradients follows the sum of all of them, old and new, and what
the network has learned is soon lost.

What you will learn
-------------------

- How to train a convolutional network, and where its training loop clears the
  gradients.
- What becomes of the loss and the accuracy when the gradients are not cleared.
- Why this happens: ``.backward()`` adds to ``.grad`` and does not overwrite it.
- When ``optimizer.zero_grad()`` and ``model.zero_grad()`` differ, and what they leave
  behind.

What you need
-------------

- ``torch``, ``torchvision`` and ``matplotlib``.
- The Fashion-MNIST data set, about 30 MB. The script downloads it once.
- About 30 seconds on two CPU cores. A GPU is used if there is one.
"""

# %%
# Step 1. Load and normalize the data
# -----------------------------------
#
# Fashion-MNIST holds 70,000 small gray images of clothes in ten classes. ``dataset``
# names the data set, and ``device`` is a GPU if your machine has one.

import copy

import matplotlib.pyplot as plt
import torch
from torch import nn
from torchvision import datasets
from torchvision.transforms.v2.functional import pil_to_tensor

dataset = datasets.FashionMNIST
device = torch.device("cpu")
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()


def load(train):
    """Return all images as one tensor of bytes, and their labels as another."""
    samples = dataset(root="data", train=train, download=True)
    pairs = [(pil_to_tensor(image), label) for image, label in samples]
    images = torch.stack([image for image, _ in pairs])
    labels = torch.tensor([label for _, label in pairs])
    return images.to(device), labels.to(device)


train_images, train_labels = load(train=True)
test_images, test_labels = load(train=False)
print("training images:", tuple(train_images.shape))
print("test images:    ", tuple(test_images.shape))

# %%
# The shapes read: number of images, color channels, height, width. The whole set fits
# into memory, so it is turned into tensors once, and not again for every batch.
#
# Networks learn best from numbers around zero. Subtract the mean of each channel and
# divide by its standard deviation. Both come from the training images alone: the test
# images stand for data that you have not seen.

train_images = train_images / 255
test_images = test_images / 255
deviation, mean = torch.std_mean(train_images, dim=(0, 2, 3), keepdim=True)
train_images = (train_images - mean) / deviation
test_images = (test_images - mean) / deviation

print(f"mean of the training images: {train_images.mean().abs().item():.2f}")
print(f"their standard deviation:    {train_images.std().item():.2f}")
assert train_images.mean().abs() < 0.01, "normalized images have a mean of 0"

# %%
# Step 2. Build a convolutional network
# -------------------------------------
#
# Two convolutions look for patterns. Each is followed by a pooling that halves height
# and width. A linear layer turns what they found into one score for each class. The
# number of channels, the height and the width come from the images, so the network
# fits other data sets as well.


class ConvolutionalNetwork(nn.Module):
    def __init__(self, image_shape, number_of_classes):
        super().__init__()
        channels, height, width = image_shape
        self.first = nn.Conv2d(channels, 8, kernel_size=3, padding=1)
        self.second = nn.Conv2d(8, 16, kernel_size=3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.scores = nn.Linear(16 * (height // 4) * (width // 4), number_of_classes)

    def forward(self, images):
        features = self.pool(torch.relu(self.first(images)))
        features = self.pool(torch.relu(self.second(features)))
        return self.scores(torch.flatten(features, start_dim=1))


image_shape = train_images.shape[1:]
number_of_classes = train_labels.max().item() + 1  # labels count from 0
torch.manual_seed(0)
model = ConvolutionalNetwork(image_shape, number_of_classes).to(device)
print(model)

# %%
# The weights are random at first. Set a copy of the network aside: step 5 trains it
# from the very same weights.

careless_model = copy.deepcopy(model)

# %%
# Step 3. Define the loss and the optimizer
# -----------------------------------------
#
# Cross-entropy measures how far the scores are from the right labels. Stochastic
# gradient descent (SGD) with momentum changes the weights so that this loss falls.

loss_function = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

# A network that guesses gives every class the same score.
guess = torch.zeros(1, number_of_classes)
loss_of_guessing = loss_function(guess, torch.tensor([0])).item()
print(f"loss of a network that guesses: {loss_of_guessing:.2f}")

# %%
# Remember this last number. A network whose loss is above it does worse than guessing.

# %%
# Step 4. Train, and clear the gradients at every step
# ----------------------------------------------------
#
# The network sees the training images once, in mini-batches of 64. Four things happen
# with each batch:
#
# 1. ``optimizer.zero_grad()`` clears the gradients of the batch before.
# 2. The network computes its scores, and the loss function compares them with the
#    labels.
# 3. ``loss.backward()`` computes a gradient for each weight and puts it into the
#    weight's ``.grad``.
# 4. ``optimizer.step()`` reads the gradients and changes the weights.
#
# The switch ``clear_gradients`` is there for step 5. The seed of the shuffle is fixed,
# so that every training sees the same batches in the same order.

batch_size = 64
report_every = 100


def train(model, optimizer, clear_gradients=True):
    model.train()
    shuffle = torch.Generator().manual_seed(0)
    order = torch.randperm(len(train_images), generator=shuffle)
    running_loss, running_losses = 0.0, []
    for number, batch in enumerate(order.split(batch_size), start=1):
        if clear_gradients:
            optimizer.zero_grad()
        scores = model(train_images[batch])
        loss = loss_function(scores, train_labels[batch])
        loss.backward()
        optimizer.step()

        running_loss += loss.item()
        if number % report_every == 0:
            running_losses.append(running_loss / report_every)
            print(f"batch {number:3d}  running loss {running_losses[-1]:7.3f}")
            running_loss = 0.0
    print("Finished training")
    return running_losses


losses_with_clearing = train(model, optimizer)

# %%
# Each running loss is the mean over the last 100 batches. It falls fast at first, then
# slowly, and ends below 0.6. That is how a healthy training looks.

# %%
# Step 5. See what clearing does
# ------------------------------
#
# Train the copy. One thing differs: its gradients are never cleared. The initial
# weights, the batches and their order, the learning rate and the momentum are all the
# same.

careless_optimizer = torch.optim.SGD(careless_model.parameters(), lr=0.01, momentum=0.9)

losses_without_clearing = train(
    careless_model, careless_optimizer, clear_gradients=False
)

# %%
# There is no error and no warning. Only the loss tells you that something is wrong: it
# rises where it should fall. Draw both losses into one picture. Its vertical axis is
# logarithmic, since the two end more than a hundredfold apart.

fig, ax = plt.subplots()
batches = [report_every * (i + 1) for i in range(len(losses_with_clearing))]
ax.plot(batches, losses_without_clearing, "C1o-", label="without clearing")
ax.plot(batches, losses_with_clearing, "C0o-", label="with clearing")
ax.axhline(loss_of_guessing, color="C2", linestyle="--", label="guessing")
ax.set(xlabel="batch", ylabel="running loss (log scale)", yscale="log")
ax.legend()
plt.show()
# sphinx_gallery_alt_block = "Running loss over the batches of one training, on a logarithmic scale, in two curves. With clearing the loss falls below 0.6. Without clearing it climbs to more than ten times the loss of guessing, which is 2.3 and drawn as a dashed line."

# %%
# The dashed line is the loss of guessing. With clearing, the network is soon well below
# it. Without, it ends more than ten times above it.
#
# Losses tell you about the batches that a network has trained on. What counts is how
# many new images it gets right, so ask both networks about the whole test set.


def predict(model):
    """Return the class with the highest score for each test image."""
    model.eval()
    with torch.inference_mode():
        scores = [model(images) for images in test_images.split(1000)]
    return torch.cat(scores).argmax(dim=1)


answers_with = predict(model)
answers_without = predict(careless_model)
accuracy_with = (answers_with == test_labels).float().mean().item()
accuracy_without = (answers_without == test_labels).float().mean().item()
most_frequent = answers_without.bincount().max().item() / len(answers_without)

print(f"right answers with clearing:    {accuracy_with:5.1%}")
print(f"right answers without clearing: {accuracy_without:5.1%}")
print(f"its most frequent answer makes up {most_frequent:.1%} of its answers")

# %%
# With clearing, the network gets at least 80 % of the test images right after a single
# pass over the training images. Without clearing, it gets at most 15 % right, and
# guessing would give 10 %. The last line shows why: nearly every image gets the same
# answer.
#
# The lines below hold this page to its claims. Other data sets give other numbers, so
# the claims are checked for Fashion-MNIST only.

if dataset is datasets.FashionMNIST:
    assert losses_with_clearing[-1] < 0.6, "with clearing, the loss falls"
    assert losses_without_clearing[-1] > 10 * loss_of_guessing, "without, it explodes"
    assert losses_without_clearing[-1] > 100 * losses_with_clearing[-1], "far apart"
    assert accuracy_with >= 0.80, "with clearing, the network learns"
    assert accuracy_without <= 0.15, "without clearing, it only guesses"
    assert most_frequent >= 0.9, "without clearing, it has one answer for all"

# %%
# Why it happens
# --------------
#
# Each parameter has one place for its gradient, the attribute ``.grad``.
# ``.backward()`` does not overwrite what is there. It adds to it. A single weight is
# enough to see it: the derivative of ``3 * weight`` is 3, every time.

weight = torch.tensor(1.0, requires_grad=True)
for _ in range(3):
    loss = 3 * weight
    loss.backward()
    print(weight.grad)

assert weight.grad == 9, "three gradients of 3 add up to 9"

# %%
# Each pass computes a gradient of 3, but ``.grad`` reads 3, then 6, then 9.
#
# Now look at the careless training again. At batch 900 the optimizer follows the sum
# of 900 gradients, and 899 of them were computed for weights that the network no longer
# has. A valley shows where this leads. There is one weight, and the loss is
# ``weight**2``, so the bottom of the valley is at 0. The descent begins at 1. The
# learning rate is small, to make the paths smooth.


def descend(clear_gradients):
    weight = torch.tensor(1.0, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.002, momentum=0.9)
    path = [weight.item()]
    for _ in range(55):
        if clear_gradients:
            optimizer.zero_grad()
        loss = weight**2
        loss.backward()
        optimizer.step()
        path.append(weight.item())
    return path


path_with_clearing = descend(clear_gradients=True)
path_without_clearing = descend(clear_gradients=False)

# %%
# ``path`` lists the weight after each step. Draw both paths.

fig, ax = plt.subplots()
ax.plot(path_without_clearing, "C1", label="without clearing")
ax.plot(path_with_clearing, "C0", label="with clearing")
ax.set(xlabel="step", ylabel="weight")
ax.legend()
plt.show()
# sphinx_gallery_alt_block = "The weight over 55 steps, in two curves that begin at 1. With clearing it settles at 0. Without clearing it shoots past 0, swings to more than 2 on the other side, and comes back to more than 5."

# %%
# With clearing, the weight rolls to the bottom and settles. Without it, the weight gets
# to the bottom sooner and does not stay there: the sum in ``.grad`` still holds every
# gradient from the way down, and they all say "go on". By the time the new gradients
# outweigh them, the weight is farther from the bottom than it was at the start. Each
# swing is wider than the one before:

first_swing = -min(path_without_clearing[:40])
second_swing = max(path_without_clearing[40:])
print(f"distance from the bottom: 1.0, then {first_swing:.1f}, then {second_swing:.1f}")
assert min(path_without_clearing[:20]) < 0 < min(path_with_clearing[:20]), "sooner"
assert 2 < first_swing < 5 < second_swing, "each swing is wider"
assert abs(path_with_clearing[-1]) < 0.1, "with clearing, the weight settles"

# %%
# The momentum of SGD remembers old gradients, too. But it multiplies them by 0.9 at
# every step, so they fade. In ``.grad`` nothing fades.
#
# .. note::
#
#    Adding up is not a flaw. A parameter that is used twice in a network gets its two
#    gradients added, and several small batches can act as a large one if you clear the
#    gradients only after the last of them. It does mean that PyTorch cannot know when
#    a sum is complete. You say so, with ``zero_grad()``.

# %%
# Which zero_grad to call
# -----------------------
#
# Optimizers and modules both have a ``zero_grad()``. An optimizer clears the gradients
# of the parameters that it was given, a module those of its own. In the training above
# these are the same parameters, so either call does. The difference shows when a
# parameter is left out of the optimizer:

layer = nn.Linear(2, 1)
weight_optimizer = torch.optim.SGD([layer.weight], lr=0.1)  # the bias is left out

layer(torch.ones(4, 2)).sum().backward()
weight_optimizer.zero_grad()
print("after optimizer.zero_grad():", layer.weight.grad, layer.bias.grad)
assert layer.weight.grad is None
assert layer.bias.grad == 4, "the optimizer does not know the bias"

layer.zero_grad()
print("after model.zero_grad():    ", layer.weight.grad, layer.bias.grad)
assert layer.weight.grad is None
assert layer.bias.grad is None

# %%
# The optimizer leaves the gradient of the bias where it is, and there it grows with
# every ``backward()``. Nobody notices until a second optimizer takes the bias, or until
# you clip or plot the gradients of the whole model. The same happens with two
# optimizers when you clear the gradients of only one, and when you train only the last
# layer of a network. In these cases call ``model.zero_grad()``.
#
# It can be the other way round, too. A parameter that the optimizer holds but that is
# not part of the model, such as a learned weight in the loss, is cleared by the
# optimizer only.

# %%
# None, not zeros
# ---------------
#
# Both calls print ``None`` above. Since PyTorch 2.0, ``zero_grad()`` does not fill the
# gradients with zeros, despite its name. It drops them. With ``set_to_none=False`` you
# get the zeros.

layer(torch.ones(4, 2)).sum().backward()
print("after backward():                  ", layer.bias.grad)

layer.zero_grad(set_to_none=False)
print("after zero_grad(set_to_none=False):", layer.bias.grad)
assert layer.bias.grad == 0

layer.zero_grad()
print("after zero_grad():                 ", layer.bias.grad)
assert layer.bias.grad is None

# %%
# ``None`` takes no memory, and the next ``backward()`` has nothing to add to. Two
# things follow for your own code. What reads ``.grad`` has to expect ``None``. And an
# optimizer skips a parameter whose gradient is ``None``, while a gradient of zeros is a
# gradient like any other: weight decay and momentum still move the parameter.

# %%
# Use another data set
# --------------------
#
# Any classification data set of ``torchvision`` will do that takes ``train=True`` and
# has images of one size. For the color images of CIFAR-10, change one line in step 1:
#
# .. code-block:: diff
#
#    -dataset = datasets.FashionMNIST
#    +dataset = datasets.CIFAR10
#
# The channels, the size of the images, their mean and deviation, and the number of
# classes are all read from the data. Fashion-MNIST images are 1 x 28 x 28 numbers,
# CIFAR-10 images are 3 x 32 x 32. They are harder to tell apart, so expect a lower
# accuracy from one pass.

# %%
# What to remember
# ----------------
#
# - ``.backward()`` adds to ``.grad``. Clear the gradients once for every step, before
#   ``backward()`` or after ``step()``, never between the two.
# - Gradients that are never cleared give no error. The loss explodes, and the accuracy
#   falls to that of guessing.
# - ``optimizer.zero_grad()`` clears what the optimizer holds, ``model.zero_grad()``
#   clears what the model holds. Both leave ``None`` behind.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_missing_zero_grad.py`: the same mistake, seen from
#   its symptoms, with a check that finds it at the second step.
# - :ref:`sphx_glr_recipes_gradients_where_to_clear_gradients.py`: in which line of the
#   loop the call belongs.
# - `torch.optim.Optimizer.zero_grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html>`__
# - `torch.nn.Module.zero_grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.zero_grad>`__
# - `torch.Tensor.backward
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html>`__
# - `torch.optim.SGD
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html>`__

# sphinx_gallery_position = 1
# sphinx_gallery_tags = ["zero_grad", "optimizer", "training loop", "SGD"]
# sphinx_gallery_cost = "30 s"
# sphinx_gallery_needs = ["Fashion-MNIST"]
