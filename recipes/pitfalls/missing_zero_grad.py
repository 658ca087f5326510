"""
Forgetting zero_grad
====================

Without ``optimizer.zero_grad()``, every step follows the sum of all gradients so far.
PyTorch reports nothing, and what you see depends on the optimizer and the learning
rate. The one sure sign is in ``.grad``: before ``backward()``, it has to be ``None`` or
zero.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#     for images, labels in batches:
#    +    optimizer.zero_grad()
#         loss = loss_function(model(images), labels)
#         loss.backward()
#         optimizer.step()
#
# Without the marked line, step 2 begins with the gradient of step 1:

import matplotlib.pyplot as plt
import torch
from torch import nn

layer = nn.Linear(2, 1)
optimizer = torch.optim.SGD(layer.parameters(), lr=0.01)
for step in (1, 2):
    print(f"step {step}, before backward: {layer.weight.grad}")
    loss = layer(torch.ones(1, 2)).sum()
    loss.backward()
    optimizer.step()

assert layer.weight.grad.tolist() == [[2, 2]], (
    "without clearing, two gradients of 1 add up to 2"
)

# %%
# The setup
# ---------
#
# To see the symptoms, train a small network on 12,800 images of Fashion-MNIST. The seed
# gives each run the same initial weights, and the batches come in the same order.

from functools import partial
from itertools import islice

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
deviation, mean = torch.std_mean(train_images)
train_images = (train_images - mean) / deviation
test_images = (test_images - mean) / deviation
_, channels, height, width = train_images.shape


def train(make_optimizer, clear):
    """Return the loss of each batch, and the accuracy on the test images."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(channels, 8, kernel_size=3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 16, kernel_size=3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * (height // 4) * (width // 4), 10),
    ).to(device)
    optimizer = make_optimizer(model.parameters())
    losses = []
    for images, labels in zip(
        train_images.split(64), train_labels.split(64), strict=True
    ):
        if clear:
            optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.inference_mode():
        is_right = model(test_images).argmax(dim=1) == test_labels
    return losses, is_right.float().mean().item()


# %%
# One mistake, four symptoms
# --------------------------
#
# Train with four optimizers, each without clearing and with it:

optimizers = {
    "SGD, lr 0.01, momentum": partial(torch.optim.SGD, lr=0.01, momentum=0.9),
    "SGD, lr 0.01": partial(torch.optim.SGD, lr=0.01),
    "SGD, lr 0.0001": partial(torch.optim.SGD, lr=0.0001),
    "Adam, lr 0.001": partial(torch.optim.Adam, lr=0.001),
}
mistake, correct = {}, {}
print(f"{'':24}{'without zero_grad':>20}{'with zero_grad':>20}")
for name, make_optimizer in optimizers.items():
    mistake[name] = train(make_optimizer, clear=False)
    correct[name] = train(make_optimizer, clear=True)
    line = f"{name:24}"
    for losses, accuracy in (mistake[name], correct[name]):
        line += f"  loss {sum(losses[-20:]) / 20:5.2f} {accuracy:6.1%}"
    print(line)

# %%
# The losses are means over the last 20 batches; a network that guesses has a loss of
# 2.30. The same mistake looks different in every line:
#
# - With momentum at 0.01, the loss explodes and the accuracy is that of guessing, 10%.
# - Without momentum, the network learns, and its accuracy may come out ahead or behind.
#   You may not notice at all.
# - With a very small learning rate, it learns *more* than with cleared gradients.
# - With Adam at 0.001, the loss does not explode, but the accuracy stays far behind.

if dataset is datasets.FashionMNIST:
    losses, accuracy = mistake["SGD, lr 0.01, momentum"]
    assert sum(losses[-20:]) / 20 > 4.6, "with momentum, twice the loss of guessing"
    assert accuracy < 0.15, "with momentum, less than 15% are right"
    better, worse = mistake["SGD, lr 0.0001"][1], correct["SGD, lr 0.0001"][1]
    assert better > worse + 0.15, "at lr 0.0001, the mistake learns 15 points more"
    losses, accuracy = mistake["Adam, lr 0.001"]
    assert max(losses) < 10, "with Adam at 0.001, the loss stays below 10"
    assert accuracy < correct["Adam, lr 0.001"][1] - 0.1, (
        "with Adam at 0.001, the mistake is 10 points behind"
    )

# %%
# The left column as curves, each point a mean of ten batches:

fig, ax = plt.subplots()
for color, (name, (losses, _)) in zip("1235", mistake.items(), strict=True):
    means = torch.tensor(losses).unfold(0, 10, 5).mean(dim=1)
    ax.plot(torch.arange(len(means)) * 5 + 10, means, f"C{color}", label=name)
ax.axhline(2.3, color="C4", linestyle="--", linewidth=1, zorder=0, label="guessing")
ax.set(xlabel="batch", ylabel="loss without zero_grad")
ax.legend()
plt.show()
# sphinx_gallery_alt_block = "Loss over 200 batches without zero_grad, one curve for each optimizer, and a dashed line for guessing. Only the curve of SGD with momentum climbs far above the dashed line."

# %%
# Why it happens
# --------------
#
# ``backward()`` adds to ``.grad``, so step *n* follows the sum of *n* gradients, and
# most of them were computed for weights that the network no longer has.
#
# For plain SGD, this is momentum that never fades (a factor of 1): the weights run past
# the goal, swing back, and don't settle. With real momentum on top, the swings grow.
# Adam divides by the size of recent gradients, so its steps stay short, but many go the
# wrong way. With a learning rate of 0.0001 the weights hardly move, so the old
# gradients still point the right way, and their sum works like a larger learning rate.
# That is luck, and it ends when the weights have moved.

# %%
# In your own code
# ----------------
#
# Don't rely on the loss. Call this right before ``loss.backward()``:


def check_cleared(model):
    """Raise an error if a gradient is left over."""
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            raise RuntimeError(f"the gradient of {name} was not cleared")


# %%
# It finds the mistake at the second step, and costs nothing. Where you accumulate
# gradients on purpose, call it only before the first ``backward()`` of each group. With
# several optimizers, check only the parameters of the one that steps.

layer = nn.Linear(2, 1)
found_at = None
for step in (1, 2):
    try:
        check_cleared(layer)
        layer(torch.ones(1, 2)).sum().backward()
        print(f"step {step}: all gradients are clear")
    except RuntimeError as error:
        print(f"step {step}: {error}")
        found_at = step

assert found_at == 2, "the check finds nothing at the first step, but at the second"

# %%
# Try it
# ------
#
# ``zero_grad(set_to_none=False)`` fills the gradients with zeros instead of removing
# them. Does ``check_cleared`` still work? What has to change?
#
# **Solution**


def check_cleared_or_zero(model):
    """Raise an error if a gradient other than zero is left over."""
    for name, parameter in model.named_parameters():
        if parameter.grad is not None and parameter.grad.any():
            raise RuntimeError(f"the gradient of {name} was not cleared")


passed = []
for check in (check_cleared, check_cleared_or_zero):
    layer.zero_grad(set_to_none=False)
    try:
        check(layer)
        passed.append(check.__name__)
    except RuntimeError as error:
        print(f"{check.__name__}: {error}")
print("passed:", *passed)

assert passed == ["check_cleared_or_zero"], (
    "with zeros, only the check that also asks for any() passes"
)

# %%
# It does not: zeros are not ``None``, so it has to ask for ``any()`` too. On a GPU,
# that makes Python wait for the GPU, so remove the check once it passes.

# %%
# Remember
# --------
#
# - Three calls belong together: ``zero_grad()``, ``backward()``, ``step()``.
# - Without the first, anything can happen to the loss, even something good.
# - The sure sign is in ``.grad``: before ``backward()``, it has to be ``None`` or zero.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_zeroing_out_gradients.py`: why gradients add up.
# - `Optimizing Model Parameters
#   <https://docs.pytorch.org/tutorials/beginner/basics/optimization_tutorial.html>`__:
#   PyTorch's own tutorial on the training loop.
# - `torch.optim.Optimizer.zero_grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html>`__

# sphinx_gallery_position = 11
# sphinx_gallery_tags = ["zero_grad", "optimizer", "training loop", "SGD", "Adam"]
# sphinx_gallery_cost = "10 s"
# sphinx_gallery_needs = ["Fashion-MNIST"]
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "training", "effect": "wrong result", "group": "explodes", "symptom": "The loss explodes, is worse than it should be, or, with a small learning rate, even better."}
