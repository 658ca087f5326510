"""
Gradients that are never cleared
================================

One missing line, ``optimizer.zero_grad()``, spoils a whole training. PyTorch reports no
error, and the first batches look as good as ever, so you have to know the symptoms.

What it looks like
------------------

With SGD, the loss falls for a few batches, turns round and climbs far above where it
began. The accuracy is that of guessing: 10 % with ten classes. With Adam, the loss does
not explode. It stays high, and the accuracy stays poor.

- Type: API-specific
- Stage: training
- Effect: wrong result

What you will learn
-------------------

- What a training without cleared gradients looks like with SGD and with Adam.
- Which line repairs it.
- How to find the mistake at the second step, before it has cost you an epoch.

What you need
-------------

- ``torch``, ``torchvision`` and ``matplotlib``.
- The Fashion-MNIST data set, about 30 MB. The script downloads it once.
- About 20 seconds on two CPU cores. A GPU is used if there is one.
"""

# %%
# The setting
# -----------
#
# Nothing in this part is wrong: 10,000 training images, all of the test images, and a
# small convolutional network.

from functools import partial
from itertools import islice

import matplotlib.pyplot as plt
import torch
from torch import nn
from torchvision import datasets
from torchvision.transforms.v2.functional import pil_to_tensor

dataset = datasets.FashionMNIST
device = torch.device("cpu")
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()


def load(train, limit=None):
    samples = islice(dataset(root="data", train=train, download=True), limit)
    pairs = [(pil_to_tensor(image), label) for image, label in samples]
    images = torch.stack([image for image, _ in pairs])
    labels = torch.tensor([label for _, label in pairs])
    return images.to(device) / 255, labels.to(device)


train_images, train_labels = load(train=True, limit=10_000)
test_images, test_labels = load(train=False)
deviation, mean = torch.std_mean(train_images, dim=(0, 2, 3), keepdim=True)
train_images = (train_images - mean) / deviation
test_images = (test_images - mean) / deviation

# %%
# The network reads its sizes from the data. Its accuracy is that on the whole test set.

_, channels, height, width = train_images.shape
number_of_classes = train_labels.max().item() + 1  # labels count from 0


def make_model():
    return nn.Sequential(
        nn.Conv2d(channels, 8, kernel_size=3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 16, kernel_size=3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * (height // 4) * (width // 4), number_of_classes),
    ).to(device)


def measure_accuracy(model):
    """Return the share of the test images that the model gets right."""
    model.eval()
    with torch.inference_mode():
        scores = torch.cat([model(images) for images in test_images.split(1000)])
    return (scores.argmax(dim=1) == test_labels).float().mean().item()


# %%
# Each run begins with the same seed, so it starts from the same weights and sees the
# same batches in the same order. What an epoch does comes from outside, in
# ``train_one_epoch``.


def train_and_test(train_one_epoch, make_optimizer):
    """Return the losses, one row for each epoch, and the accuracies."""
    torch.manual_seed(0)
    model = make_model()
    optimizer = make_optimizer(model.parameters())
    losses, accuracies = [], []
    for epoch in range(1, 6):
        losses.append(train_one_epoch(model, optimizer))
        accuracies.append(measure_accuracy(model))
        mean_loss = sum(losses[-1]) / len(losses[-1])
        print(f"  epoch {epoch}  loss {mean_loss:7.3f}  accuracy {accuracies[-1]:.1%}")
    return torch.tensor(losses), torch.tensor(accuracies)


optimizers = {
    "SGD with momentum": partial(torch.optim.SGD, lr=0.01, momentum=0.9),
    "Adam": partial(torch.optim.Adam, lr=0.001),
}

# %%
# The mistake
# -----------
#
# This epoch looks complete. It computes the loss, the gradients and the step.


def train_one_epoch(model, optimizer):
    model.train()
    losses = []
    for batch in torch.randperm(len(train_images)).split(64):
        scores = model(train_images[batch])
        loss = nn.functional.cross_entropy(scores, train_labels[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


mistake = {}
for name, make_optimizer in optimizers.items():
    print(name)
    mistake[name] = train_and_test(train_one_epoch, make_optimizer)

# %%
# With SGD, the loss explodes, and the network is no better than one that guesses. Adam
# divides each step by the size of the recent gradients, so a sum of gradients does not
# make its steps long. They go the wrong way instead. The loss stays on the scale of a
# normal training, which hides the mistake.

# %%
# The repair
# ----------
#
# ``loss.backward()`` adds to the gradients that are there. Clear those of the batch
# before, at the top of the loop:
#
# .. code-block:: diff
#
#     def train_one_epoch(model, optimizer):
#         model.train()
#         losses = []
#         for batch in torch.randperm(len(train_images)).split(64):
#    +        optimizer.zero_grad()
#             scores = model(train_images[batch])
#             loss = nn.functional.cross_entropy(scores, train_labels[batch])
#             loss.backward()
#             optimizer.step()
#             losses.append(loss.item())
#         return losses
#
# Here is the repaired function, with the same two runs.


def train_one_epoch(model, optimizer):
    model.train()
    losses = []
    for batch in torch.randperm(len(train_images)).split(64):
        optimizer.zero_grad()
        scores = model(train_images[batch])
        loss = nn.functional.cross_entropy(scores, train_labels[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


repair = {}
for name, make_optimizer in optimizers.items():
    print(name)
    repair[name] = train_and_test(train_one_epoch, make_optimizer)

# %%
# Side by side
# ------------
#
# First the numbers of the last epoch: the loss in training, the accuracy in the test.

print(f"{'last epoch':18}{'mistake':>21}{'repair':>21}")
for name in optimizers:
    line = f"{name:18}"
    for losses, accuracies in (mistake[name], repair[name]):
        line += f"   loss {losses[-1].mean():7.3f} {accuracies[-1]:5.1%}"
    print(line)

# %%
# Then all epochs in a picture.

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
epochs = range(1, 6)
for label, color, runs in (("mistake", "C1", mistake), ("repair", "C0", repair)):
    for name, style in zip(optimizers, ("o-", "s--"), strict=True):
        losses, accuracies = runs[name]
        left.plot(epochs, losses.mean(dim=1), color + style, label=f"{label}, {name}")
        right.plot(epochs, 100 * accuracies, color + style)
left.set(xlabel="epoch", ylabel="training loss (log scale)", yscale="log")
right.set(xlabel="epoch", ylabel="test accuracy (%)", ylim=(0, 100))
left.set_xticks(epochs)
right.set_xticks(epochs)
fig.legend(loc="outside lower center", ncols=2)
plt.show()
# sphinx_gallery_alt_block = "Two panels, training loss on a logarithmic scale and test accuracy, over five epochs, for SGD and Adam. With the mistake, the loss of SGD climbs far above where it began and its accuracy ends near 10 %, while the loss of Adam stays high without exploding and its accuracy is low. After the repair, both losses fall and both accuracies end above 75 %."

# %%
# With SGD and the mistake, the loss of the last epoch is more than ten times that of
# the first, and at most 15 % of the test images are right. With Adam, the loss ends
# more than twice as high as after the repair, and the accuracy more than 10 points
# lower. After the repair, both get more than 75 % right.
#
# The lines below hold this page to its claims. Other data sets give other numbers, so
# the claims are checked for Fashion-MNIST only.

if dataset is datasets.FashionMNIST:
    losses, accuracies = mistake["SGD with momentum"]
    assert losses[-1].mean() > 10 * losses[0].mean(), "the loss climbs"
    assert accuracies[-1] <= 0.15, "SGD with the mistake only guesses"

    losses, accuracies = mistake["Adam"]
    repaired_losses, repaired_accuracies = repair["Adam"]
    assert losses.mean(dim=1).max() < 10, "Adam does not explode"
    assert losses[-1].mean() > 2 * repaired_losses[-1].mean(), "its loss stays high"
    assert accuracies[-1] < repaired_accuracies[-1] - 0.10, "its accuracy stays poor"

    for losses, accuracies in repair.values():
        assert losses[-1].mean() < losses[0].mean(), "after the repair, the loss falls"
        assert accuracies[-1] > 0.75, "after the repair, the network learns"

# %%
# How to notice it
# ----------------
#
# **Compare the loss with that of guessing.** It is the logarithm of the number of
# classes, 2.3 for ten. A network whose loss is still above it after the first epoch has
# not learned anything. With Adam, this sign can be missing.
#
# **Do not trust a trial of a few batches.** Here are the first losses of the two runs
# with SGD.

losses_with_mistake = mistake["SGD with momentum"][0][0]
losses_repaired = repair["SGD with momentum"][0][0]

print("batch  mistake  repair")
for i in (0, 1, 2, 5, 8, 11):
    print(f"{i + 1:5d}  {losses_with_mistake[i]:7.4f} {losses_repaired[i]:7.4f}")

assert torch.allclose(losses_with_mistake[:2], losses_repaired[:2])
if dataset is datasets.FashionMNIST:
    assert losses_with_mistake[:12].mean() < losses_repaired[:12].mean()

# %%
# The first two losses are the same. The first gradient has nothing to be added to, so
# the first step is right, and the second loss is computed before the second step. Then
# the runs part, and over the first twelve batches the loss is on average *lower* with
# the mistake: the gradients still point the same way, and their sum makes the steps
# longer. A short trial does not find this mistake. It may even speak for it.
#
# **Check the gradients before they are computed.** Right before ``loss.backward()``,
# each ``.grad`` has to be ``None`` or all zeros. This function says if it is not:


def check_cleared(model):
    """Raise an error if a gradient is left over. Call it before loss.backward()."""
    for name, parameter in model.named_parameters():
        if parameter.grad is not None and parameter.grad.any():
            raise RuntimeError(f"the gradient of {name} was not cleared")


found_at = None
model = make_model()
for step in (1, 2):
    scores = model(train_images[:64])
    loss = nn.functional.cross_entropy(scores, train_labels[:64])
    try:
        check_cleared(model)
        loss.backward()
        print(f"step {step}: all gradients are clear")
    except RuntimeError as error:
        print(f"step {step}: {error}")
        found_at = step

assert found_at == 2, "the first step has nothing to clear, the second has"

# %%
# The mistake is found at the second step. Take the check out again when you have seen
# it pass: it reads every gradient, and makes the program wait for the GPU. Where you
# accumulate gradients on purpose, check only before the first ``backward()`` of each
# group of batches.

# %%
# Sources
# -------
#
# - `torch.Tensor.backward
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html>`__ says
#   that gradients are accumulated, and that you may have to clear them before the call.
# - `torch.optim.Optimizer.zero_grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html>`__
#   says which gradients are cleared, and what ``set_to_none`` changes.
# - `Optimizing Model Parameters
#   <https://docs.pytorch.org/tutorials/beginner/basics/optimization_tutorial.html>`__,
#   PyTorch's own tutorial, lists the calls of a training loop, ``zero_grad()`` among
#   them.

# %%
# What to remember
# ----------------
#
# - A training loop has three calls that belong together: ``optimizer.zero_grad()``,
#   ``loss.backward()``, ``optimizer.step()``.
# - If the first is missing, the loss explodes with SGD and stays high with Adam.
# - The first batches look fine all the same. To find the mistake early, check at the
#   second step that the gradients are clear before ``backward()``.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_zeroing_out_gradients.py`: why gradients add up,
#   and which ``zero_grad()`` clears what.
# - `torch.optim.SGD
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html>`__
# - `torch.optim.Adam
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html>`__

# sphinx_gallery_position = 1
# sphinx_gallery_tags = ["zero_grad", "optimizer", "training loop", "SGD", "Adam"]
# sphinx_gallery_cost = "20 s"
# sphinx_gallery_needs = ["Fashion-MNIST"]
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "training", "effect": "wrong result", "symptom": "The loss explodes, and the accuracy falls to that of guessing."}
