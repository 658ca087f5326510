"""
Softmax before cross-entropy
============================

``cross_entropy`` applies softmax itself. A network that ends with a softmax of its own
has it applied twice: it still trains, only worse, so the mistake can stay for years.

What it looks like
------------------

The loss falls slowly and gets stuck at a value that looks far too high, such as 1.6 or
1.7 for ten classes. The accuracy is fair all the same, so nobody looks any further.
With SGD you lose several points of accuracy, with Adam often so few that they pass for
noise.

- Type: API-specific
- Stage: model
- Effect: wrong result

What you will learn
-------------------

- How much accuracy the second softmax costs, with SGD and with Adam.
- What it does to the gradients.
- Why the losses of the two networks cannot be compared.

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
# Nothing in this part is wrong: 10,000 training images, and all of the test images.

import math
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
inputs = train_images[0].numel()
number_of_classes = train_labels.max().item() + 1  # labels count from 0

# %%
# Train for five epochs, always from the same seed, and measure the accuracy on the test
# set after each. A softmax does not change which score is the highest, so both networks
# are measured in the same way.


def train_and_test(make_model, make_optimizer):
    """Return the mean loss and the accuracy of each epoch."""
    torch.manual_seed(0)
    model = make_model()
    optimizer = make_optimizer(model.parameters())
    mean_losses, accuracies = [], []
    for epoch in range(1, 6):
        losses = []
        for batch in torch.randperm(len(train_images)).split(64):
            optimizer.zero_grad()
            outputs = model(train_images[batch])
            loss = nn.functional.cross_entropy(outputs, train_labels[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        with torch.inference_mode():
            right = model(test_images).argmax(dim=1) == test_labels
        mean_losses.append(sum(losses) / len(losses))
        accuracies.append(right.float().mean().item())
        print(f"  epoch {epoch}  loss {mean_losses[-1]:.3f}  ", end="")
        print(f"accuracy {accuracies[-1]:.1%}")
    return mean_losses, accuracies


optimizers = {
    "SGD with momentum": partial(torch.optim.SGD, lr=0.01, momentum=0.9),
    "Adam": partial(torch.optim.Adam, lr=0.001),
}

# %%
# The mistake
# -----------
#
# A classifier shall give probabilities, and so this network ends with a softmax. The
# loss is ``cross_entropy``.


def make_model():
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(inputs, 64),
        nn.ReLU(),
        nn.Linear(64, number_of_classes),
        nn.Softmax(dim=1),
    ).to(device)


model_with_softmax = make_model()
mistake = {}
for name, make_optimizer in optimizers.items():
    print(name)
    mistake[name] = train_and_test(make_model, make_optimizer)

# %%
# The loss falls, the accuracy rises, and both look like a training with a hard task.

# %%
# The repair
# ----------
#
# ``cross_entropy`` wants scores as they come out of the last layer, of any size and
# sign. These are often called *logits*. Leave the softmax out:
#
# .. code-block:: diff
#
#     def make_model():
#         return nn.Sequential(
#             nn.Flatten(),
#             nn.Linear(inputs, 64),
#             nn.ReLU(),
#             nn.Linear(64, number_of_classes),
#    -        nn.Softmax(dim=1),
#         ).to(device)
#
# Here is the repaired function, with the same two runs.


def make_model():
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(inputs, 64),
        nn.ReLU(),
        nn.Linear(64, number_of_classes),
    ).to(device)


model_without_softmax = make_model()
repair = {}
for name, make_optimizer in optimizers.items():
    print(name)
    repair[name] = train_and_test(make_model, make_optimizer)

# %%
# Side by side
# ------------
#
# Compare the accuracies. The losses are not on one scale, more on this below.

print(f"{'accuracy':20}{'first epoch':>20}{'last epoch':>20}")
print(f"{'':20}{'mistake':>11}{'repair':>9}{'mistake':>11}{'repair':>9}")
for name in optimizers:
    (_, wrong), (_, right) = mistake[name], repair[name]
    print(f"{name:20}{wrong[0]:11.1%}{right[0]:9.1%}{wrong[-1]:11.1%}{right[-1]:9.1%}")

# %%
# With SGD, the repair is worth more than two points on the average of the five epochs.
# With Adam, it is ahead on the average, too.

if dataset is datasets.FashionMNIST:
    for name, margin in (("SGD with momentum", 0.02), ("Adam", 0)):
        (_, wrong), (_, right) = mistake[name], repair[name]
        ahead = (sum(right) - sum(wrong)) / len(right)
        assert ahead > margin, f"{name}: ahead on the average"

# %%
# To see why, take a single image and look at the gradient with respect to the score of
# its right class. The score of one wrong class grows from 0, where the network knows
# nothing, to 10, where it is sure and wrong. The surer it is, the stronger the gradient
# should be.


def gradient_of_right_class(wrong_score, softmax):
    scores = torch.zeros(1, 10)
    scores[0, 1] = wrong_score
    scores.requires_grad_()
    outputs = scores.softmax(dim=1) if softmax else scores
    nn.functional.cross_entropy(outputs, torch.tensor([0])).backward()
    return -scores.grad[0, 0].item()


wrong_scores = torch.linspace(0, 10, 41).tolist()
gradients = {
    softmax: [gradient_of_right_class(score, softmax) for score in wrong_scores]
    for softmax in (True, False)
}
print("score of the wrong class     0        5       10")
for softmax, label in ((True, "with softmax"), (False, "without softmax")):
    values = (f"{gradients[softmax][i]:9.4f}" for i in (0, 20, 40))
    print(f"{label:21}", *values, sep="")

assert math.isclose(gradients[False][0], 10 * gradients[True][0], rel_tol=1e-4)
assert torch.tensor(gradients[False]).diff().min() > 0, "surer and wrong: stronger"
assert torch.tensor(gradients[True]).diff().max() < 0, "with softmax: weaker"
assert gradients[True][-1] < 0.001 and gradients[False][-1] > 0.99

# %%
# Where the network knows nothing, the gradient is ten times smaller with the softmax.
# For SGD that is like a learning rate ten times smaller. Adam divides each step by the
# size of the recent gradients, which makes up for it.
#
# Where the network is sure and wrong, the gradient nearly vanishes, when it should be
# at its strongest. For this no optimizer makes up.

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
epochs = range(1, 6)
for label, color, runs in (("mistake", "C1", mistake), ("repair", "C0", repair)):
    for name, style in zip(optimizers, ("o-", "s--"), strict=True):
        accuracies = [100 * accuracy for accuracy in runs[name][1]]
        left.plot(epochs, accuracies, color + style, label=f"{label}, {name}")
left.set(xlabel="epoch", ylabel="test accuracy (%)")
left.set_xticks(epochs)
left.legend(fontsize="small")
right.plot(wrong_scores, gradients[True], "C1", label="with softmax")
right.plot(wrong_scores, gradients[False], "C0", label="without softmax")
right.set(xlabel="score of a wrong class", ylabel="pull on the right class")
right.legend()
plt.show()
# sphinx_gallery_alt_block = "Two panels. Left, the test accuracy over five epochs, for SGD and Adam: on the average, the line of the mistake lies below that of the repair. Right, the pull on the right class by the score of a wrong class: without the softmax it rises towards one, with it it starts ten times lower and falls to nearly zero."

# %%
# How to notice it
# ----------------
#
# **Know the lowest loss.** A softmax gives numbers from 0 to 1. The best that it can do
# is a 1 for the right class and a 0 for the nine others. The second softmax, inside
# ``cross_entropy``, makes of it a probability of ``e / (e + 9)``, which is 0.23. The
# loss of a *perfect* answer is then 1.46:

perfect = torch.zeros(1, 10)
perfect[0, 0] = 1.0
lowest = nn.functional.cross_entropy(perfect, torch.tensor([0])).item()
print(f"lowest possible loss: {lowest:.2f}")

assert math.isclose(lowest, math.log(math.e + 9) - 1, rel_tol=1e-6)
assert math.isclose(math.exp(-lowest), 0.23, abs_tol=0.005)
for name in optimizers:
    if number_of_classes == 10:
        assert min(mistake[name][0]) > lowest, "the mistake cannot get below it"
    if dataset is datasets.FashionMNIST:
        assert repair[name][0][-1] < 0.6, "the repair can"

# %%
# No training gets the wrong network below 1.46, while the right one ends below 0.6.
# That says nothing about which of them is better, as the scales differ. Compare
# accuracies.
#
# **Add up the outputs.** If each row of what goes into ``cross_entropy`` sums to one,
# it has been through a softmax.

for model in (model_with_softmax, model_without_softmax):
    sums = model(test_images[:4]).sum(dim=1)
    print("sums to one:", torch.allclose(sums, torch.ones_like(sums)))

sums = model_with_softmax(test_images[:4]).sum(dim=1)
assert torch.allclose(sums, torch.ones_like(sums))
sums = model_without_softmax(test_images[:4]).sum(dim=1)
assert not torch.allclose(sums, torch.ones_like(sums))

# %%
# **Where you need probabilities,** compute them after the training, from the scores:
# ``scores.softmax(dim=1)``. For the most likely class ``argmax`` of the scores is
# enough.
#
# **Look out for its relatives.** ``nn.BCEWithLogitsLoss`` wants scores, too, and a
# sigmoid before it is the same mistake with two classes. ``nn.NLLLoss`` is the other
# way round: it wants the logarithms that ``log_softmax`` gives. A ``log_softmax``
# before ``cross_entropy`` is superfluous and does no harm, because a second one changes
# nothing.

scores = model_without_softmax(test_images[:4])
log_probabilities = scores.log_softmax(dim=1)
labels = test_labels[:4]
twice = nn.functional.cross_entropy(log_probabilities, labels)
once = nn.functional.cross_entropy(scores, labels)
assert torch.allclose(log_probabilities.log_softmax(dim=1), log_probabilities)
assert torch.allclose(twice, once)
assert torch.allclose(nn.functional.nll_loss(log_probabilities, labels), once)

# %%
# Sources
# -------
#
# - `torch.nn.CrossEntropyLoss
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html>`__
#   says that the input holds unnormalized logits, and that the loss equals
#   ``LogSoftmax`` followed by ``NLLLoss``.
# - `torch.nn.Softmax
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax.html>`__ notes that
#   it does not work directly with ``NLLLoss``.

# %%
# What to remember
# ----------------
#
# - ``cross_entropy`` takes the scores of the last layer. The softmax is inside it.
# - A second softmax makes the gradient smaller, most of all where the network is sure
#   and wrong.
# - A loss that gets stuck above 1.46 with ten classes, at a fair accuracy, gives the
#   mistake away.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_looking_at_gradients.py`: how to see that gradients
#   vanish.
# - :ref:`sphx_glr_recipes_training_defining_a_neural_network.py`: what a network's last
#   layer gives.
# - `torch.nn.BCEWithLogitsLoss
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html>`__

# sphinx_gallery_position = 10
# sphinx_gallery_tags = ["cross_entropy", "softmax", "loss", "SGD", "Adam"]
# sphinx_gallery_cost = "20 s"
# sphinx_gallery_needs = ["Fashion-MNIST"]
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "model", "effect": "wrong result", "symptom": "The network trains, but worse, and with ten classes the loss never falls below 1.46."}
