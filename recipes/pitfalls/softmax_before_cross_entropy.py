"""
Softmax before cross-entropy
============================

Pass the raw scores of the last layer to ``cross_entropy``: it turns them into
probabilities with softmax itself. A network that ends with a softmax has it applied
twice, so gradients shrink, the loss cannot come near 0, and with many classes the
network may not learn at all.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#     layers = [nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, classes)]
#    -layers.append(nn.Softmax(dim=1))
#     model = nn.Sequential(*layers).to(device)
#
# A perfect answer gives a loss of almost 0 from scores, but 1.46 from probabilities:

import matplotlib.pyplot as plt
import torch
from torch import nn

label = torch.tensor([0])
scores = torch.zeros(1, 10)
scores[0, 0] = 100.0  # sure of class 0, and right
loss = nn.functional.cross_entropy(scores, label).item()
lowest = nn.functional.cross_entropy(scores.softmax(dim=1), label).item()
print(f"scores: {loss:.2f}, probabilities: {lowest:.2f}")

assert loss < 0.001, "from scores, the loss of a perfect answer is almost 0"
assert abs(lowest - 1.46) < 0.01, "from probabilities, it is 1.46"

# %%
# How much it costs
# -----------------
#
# Train a small network on points around 10 centers, then around 100, one for each
# class. Compare four optimizers, each with the softmax and without it:

from functools import partial

device = torch.accelerator.current_accelerator(check_available=True) or "cpu"


def train_and_test(classes, make_optimizer, softmax):
    """Return the mean loss of the last epoch, and the accuracy on new points."""
    torch.manual_seed(0)
    centers = torch.randn(classes, 20)
    labels = torch.arange(4000) % classes
    points = (centers[labels] + torch.randn(4000, 20)).to(device)
    labels = labels.to(device)
    layers = [nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, classes)]
    if softmax:
        layers.append(nn.Softmax(dim=1))
    model = nn.Sequential(*layers).to(device)
    optimizer = make_optimizer(model.parameters())
    for _ in range(5):
        losses = []
        for batch in torch.randperm(2000).split(50):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(points[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    with torch.inference_mode():
        is_right = model(points[2000:]).argmax(dim=1) == labels[2000:]
    return sum(losses) / len(losses), is_right.float().mean().item()


optimizers = {
    "SGD, lr 0.05": partial(torch.optim.SGD, lr=0.05),
    "SGD, lr 0.5": partial(torch.optim.SGD, lr=0.5),
    "Adam, lr 0.001": partial(torch.optim.Adam, lr=0.001),
    "Adam, lr 0.01": partial(torch.optim.Adam, lr=0.01),
}
with_softmax, from_scores, lost = {}, {}, {}
print(f"{'':26}{'softmax':>18}{'scores':>18}")
for classes in (10, 100):
    for name, make_optimizer in optimizers.items():
        run = classes, name
        with_softmax[run] = train_and_test(classes, make_optimizer, softmax=True)
        from_scores[run] = train_and_test(classes, make_optimizer, softmax=False)
        lost[run] = from_scores[run][1] - with_softmax[run][1]
        print(f"{classes:3} classes, {name:14}", end="")
        for loss, accuracy in (with_softmax[run], from_scores[run]):
            print(f"  loss {loss:.3f} {accuracy:3.0%}", end="")
        print()

# %%
# - With SGD, the network with the softmax learns slowly. With a learning rate ten times
#   as large it catches up for 10 classes, but for 100 it hardly learns.
# - With Adam and 10 classes, you may not notice. With 100 classes, it falls about 20
#   points behind at a learning rate of 0.001, but only about 5 at 0.01.
# - The losses of the two columns cannot be compared. Compare accuracies.

for name in optimizers:
    assert with_softmax[10, name][0] > 1.46, "10 classes: the loss stays above 1.46"
    assert with_softmax[100, name][0] > 3.62, "100 classes: the loss stays above 3.62"
assert lost[10, "SGD, lr 0.05"] > 0.2, "SGD, 10 classes: 20 points less with softmax"
assert abs(lost[10, "SGD, lr 0.5"]) < 0.05, (
    "SGD at ten times the rate, 10 classes: within 5 points"
)
for name in ("Adam, lr 0.001", "Adam, lr 0.01"):
    assert abs(lost[10, name]) < 0.05, "Adam, 10 classes: within 5 points"
assert with_softmax[100, "SGD, lr 0.5"][1] < 0.2, (
    "SGD at 0.5, 100 classes: below 20% with softmax"
)
assert lost[100, "SGD, lr 0.5"] > 0.5, "SGD at 0.5, 100 classes: 50 points less"
assert lost[100, "Adam, lr 0.001"] > 0.1, (
    "Adam at 0.001, 100 classes: 10 points less with softmax"
)
assert lost[100, "Adam, lr 0.01"] < lost[100, "Adam, lr 0.001"] - 0.05, (
    "Adam at 0.01, 100 classes: it loses less than at 0.001, by 5 points"
)

# %%
# What it does to the gradient
# ----------------------------
#
# Give one of 10 classes a score that grows from 0, where the network knows nothing, to
# 10, where it is sure. Another class is the right one. How strongly does the gradient
# push the score of the right class up?


def push(wrong_score, softmax):
    scores = torch.zeros(1, 10)
    scores[0, 1] = wrong_score
    scores.requires_grad_()
    outputs = scores.softmax(dim=1) if softmax else scores
    nn.functional.cross_entropy(outputs, label).backward()
    return -scores.grad[0, 0].item()


wrong_scores = torch.linspace(0, 10, 41).tolist()
two = [push(score, softmax=True) for score in wrong_scores]
one = [push(score, softmax=False) for score in wrong_scores]

fig, ax = plt.subplots()
ax.plot(wrong_scores, one, "C0", label="scores")
ax.plot(wrong_scores, two, "C1", label="softmax")
ax.set(xlabel="score of a wrong class", ylabel="push on the right class")
ax.legend()
plt.show()
# sphinx_gallery_alt_block = "The push on the right class by the score of a wrong class. From scores it begins near 0.9 and rises to 1. With the softmax it begins at a tenth of that and falls to nearly 0."

# %%
# From scores, the push is strongest where the network is sure and wrong. With the
# softmax, it begins ten times smaller, because there are 10 classes, and nearly
# vanishes where it is needed most. A larger learning rate, or Adam, makes up for the
# first. The second remains: examples that are confidently wrong push the least.

assert abs(one[0] / two[0] - 10) < 0.01, (
    "at a score of 0, the push is ten times smaller with the softmax"
)
assert one == sorted(one), "from scores, the push grows with the wrong score"
assert two == sorted(two, reverse=True), (
    "with the softmax, the push falls as the wrong score grows"
)
assert one[-1] > 0.99, "from scores, the push ends near 1"
assert two[-1] < 0.001, "with the softmax, the push ends below 0.001"

# %%
# Why it happens
# --------------
#
# Probabilities are numbers from 0 to 1, so the softmax inside ``cross_entropy`` sees
# scores that differ by at most 1. For ``C`` classes, the best it can make of them is
# ``e / (e + C - 1)`` for the right class, so the loss is at least
# ``log(e + C - 1) - 1``. The loss of the worst answer is only 1 more.
#
# Why is the softmax inside the loss? Because in two steps, a small probability would
# first be rounded to 0, and the logarithm of 0 is infinite. ``cross_entropy`` computes
# both in one formula, ``logsumexp(scores) - scores[label]``, which needs no such small
# number:

label = torch.tensor([0])
for name in ("softmax, then log", "cross_entropy"):
    scores = torch.tensor([[0.0, 200.0]], requires_grad=True)
    if name == "cross_entropy":
        loss = nn.functional.cross_entropy(scores, label)
    else:
        loss = -scores.softmax(dim=1).log()[0, 0]
    loss.backward()
    print(f"{name:17}: loss {loss.item()}, gradient {scores.grad.tolist()}")

assert loss.item() == 200, "cross_entropy gives the right loss"
assert scores.grad.isfinite().all(), "cross_entropy gives a finite gradient"

# %%
# In your own code
# ----------------
#
# Call this on what goes into ``cross_entropy``:


def check_scores(outputs):
    """Raise an error if the outputs are probabilities."""
    sums = outputs.float().sum(dim=1)
    if outputs.min() >= 0 and torch.allclose(sums, torch.ones_like(sums), atol=0.01):
        raise RuntimeError("the outputs have been through a softmax")


scores = torch.randn(4, 10)
check_scores(scores)
message = ""
try:
    check_scores(scores.softmax(dim=1))
except RuntimeError as error:
    message = str(error)
print(message)

assert message, "the check finds the softmax, and lets scores pass"

# %%
# It does not find a sigmoid, whose outputs need not add up to 1.
#
# If you need probabilities after training, compute them then:
# ``scores.softmax(dim=1)``. For the predicted class, ``argmax`` of the scores is
# enough.
#
# ``nn.BCEWithLogitsLoss`` takes scores too, so leave out the sigmoid before it.
# ``nn.NLLLoss`` is different: it takes what ``log_softmax`` returns. A ``log_softmax``
# before ``cross_entropy`` is not needed but does no harm, because applying it a second
# time changes nothing.

for once in [scores.log_softmax(dim=1)]:
    assert torch.allclose(once.log_softmax(dim=1), once), (
        "a second log_softmax changes nothing"
    )

# %%
# Try it
# ------
#
# What is the lowest loss with the softmax for 2 classes, and for 1,000? Compare it with
# the loss of guessing, ``log(C)``.
#
# **Solution**

import math

for classes in (2, 10, 100, 1000):
    floor = math.log(math.e + classes - 1) - 1
    print(
        f"{classes:4} classes: at least {floor:.2f}, guessing {math.log(classes):.2f}"
    )

assert abs(math.log(math.e + 9) - 1 - lowest) < 1e-5, "the formula gives 1.46 for 10"

# %%
# For 1,000 classes, the loss of 6.91 can fall by 1 at most. A loss that stays between
# ``log(C)`` and one less is the sign to look for.

# %%
# Remember
# --------
#
# - ``cross_entropy`` takes scores, often called *logits*. The softmax is inside.
# - A second softmax shrinks the gradient, most of all where the network is sure and
#   wrong. The more classes, the worse.
# - With 10 classes, a loss that never falls below 1.46 is a hint; the check decides.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_training_defining_a_neural_network.py`: what the last layer
#   of a network returns.
# - `torch.nn.CrossEntropyLoss
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html>`__:
#   the input is "unnormalized logits".
# - `torch.nn.BCEWithLogitsLoss
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html>`__

# sphinx_gallery_position = 5
# sphinx_gallery_tags = ["cross_entropy", "softmax", "loss", "SGD", "Adam"]
# sphinx_gallery_cost = "10 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "model", "effect": "wrong result", "group": "not learned", "symptom": "The network learns slowly or not at all, and with 10 classes the loss never falls below 1.46."}
