"""
Dying ReLU
==========

A ReLU unit is dead if its input is negative for every sample: it outputs 0, the
gradients of its weights are exactly 0, and it stops learning. Common causes are inputs
far from 0 and steps that are too large, so normalize the inputs and lower the learning
rate before you change the activation.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#    -points = raw
#    +points = (raw - raw.mean(dim=0)) / raw.std(dim=0)
#     hidden = nn.Linear(20, 64)(points).relu()
#
# A layer with its initial weights, before any training:

import matplotlib.pyplot as plt
import torch
from torch import nn

torch.manual_seed(0)
raw = 10 + torch.randn(1000, 20)  # such as temperatures, prices or pixels
dead = {}
for name in ("raw", "normalized"):
    points = raw
    if name == "normalized":
        points = (raw - raw.mean(dim=0)) / raw.std(dim=0)
    hidden = nn.Linear(20, 64)(points).relu()
    dead[name] = (hidden == 0).all(dim=0).float().mean().item()
    print(f"{name:10} dead units: {dead[name]:.0%}")

assert dead["raw"] > 0.15, "with inputs around 10, over 15% of the units are dead"
assert dead["normalized"] == 0, "with normalized inputs, none is"

# %%
# That a unit is 0 for *half* of the samples is how ReLU works. Dead means 0 for all.

# %%
# Two causes, and what repairs them
# ---------------------------------
#
# Train three hidden layers to tell ten groups of points apart, with points around 0 or
# around 10, and a learning rate of 0.001 or 0.1. After training, take the gradient over
# all training points, and count the units in each layer for which it is exactly 0:


def zero_shares(model):
    """Return the share of units whose weights have a zero gradient, by layer."""
    return {
        name: (weight.grad.flatten(1) == 0).all(dim=1).float().mean().item()
        for name, weight in model.named_parameters()
        if weight.dim() > 1 and weight.grad is not None
    }


torch.manual_seed(0)
labels = torch.arange(2000) % 10
around_0 = torch.randn(10, 20)[labels] + torch.randn(2000, 20) / 2


def train(points, learning_rate, activation=nn.ReLU, normalize=nn.Identity):
    """Return the shares by layer, the accuracy on new points, and a history."""
    torch.manual_seed(0)
    layers = []
    for inputs in (20, 64, 64):
        layers += [nn.Linear(inputs, 64), normalize(64), activation()]
    model = nn.Sequential(*layers, nn.Linear(64, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    history = []

    def backward(batch):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(points[batch]), labels[batch])
        loss.backward()

    def measure():
        backward(torch.arange(1000))
        *hidden, _last = zero_shares(model).values()
        history.append(sum(hidden) / 3)
        return hidden

    for _ in range(3):
        for batch in torch.randperm(1000).split(50):
            measure()
            backward(batch)
            optimizer.step()
    shares = measure()
    model.eval()
    with torch.inference_mode():
        right = model(points[1000:]).argmax(dim=1) == labels[1000:]
    return shares, right.float().mean().item(), history


runs = {
    "around 0, lr 0.001": train(around_0, 0.001),
    "around 0, lr 0.1": train(around_0, 0.1),
    "around 10, lr 0.001": train(around_0 + 10, 0.001),
    "around 10, lr 0.1": train(around_0 + 10, 0.1),
    "  with LeakyReLU": train(around_0 + 10, 0.1, activation=nn.LeakyReLU),
    "  with batch norm": train(around_0 + 10, 0.1, normalize=nn.BatchNorm1d),
}
print(f"{'':20}zero gradients in layer 1, 2, 3    right")
for name, (shares, accuracy, _) in runs.items():
    print(f"{name:20}", *(f"{share:9.0%}" for share in shares), f"{accuracy:9.0%}")

# %%
# - Around 0 with a learning rate of 0.001, few units are dead.
# - With Adam, a learning rate of 0.1 kills over 40% of layer 2 in three epochs. The
#   accuracy hardly suffers, because enough units are left.
# - Around 10, over a quarter of the units were dead before the first step (see the
#   figure), and learning is slow.
# - With both, nearly all units are dead, and the network is as good as guessing: 10%.
# - ``LeakyReLU`` brings the gradients back, **but not the accuracy**: it only hides the
#   symptom. Batch norm removes the cause, because it centers the input of each ReLU.

for shares, accuracy, _ in [runs["around 0, lr 0.001"]]:
    assert max(shares) < 0.25, "around 0, lr 0.001: less than a quarter is dead"
    assert accuracy > 0.85, "around 0, lr 0.001: over 85% are right"
for shares, accuracy, _ in [runs["around 0, lr 0.1"]]:
    assert shares[1] > 0.4, "around 0, lr 0.1: over 40% of layer 2 is dead"
    assert accuracy > 0.85, "around 0, lr 0.1: over 85% are right anyway"
for _, accuracy, history in [runs["around 10, lr 0.001"]]:
    assert history[0] > 0.25, "around 10: over a quarter is dead before a step"
    assert accuracy < runs["around 0, lr 0.001"][1], "and fewer are right than around 0"
for shares, accuracy, _ in [runs["around 10, lr 0.1"]]:
    assert min(shares) > 0.85, "around 10, lr 0.1: over 85% of each layer is dead"
    assert accuracy < 0.15, "around 10, lr 0.1: less than 15% are right"
for shares, accuracy, _ in [runs["  with LeakyReLU"]]:
    assert max(shares) == 0, "with LeakyReLU, no gradient is zero"
    assert accuracy < 0.3, "with LeakyReLU, less than 30% are right"
assert runs["  with batch norm"][1] > 0.7, "with batch norm, over 70% are right"

# %%

fig, ax = plt.subplots(layout="constrained")
for color, name in zip("0213", list(runs)[:4], strict=True):
    ax.plot([100 * share for share in runs[name][2]], f"C{color}", label=name)
ax.set(xlabel="step", ylabel="units with a zero gradient (%)", ylim=(-3, 103))
fig.legend(loc="outside upper center", ncols=2)
plt.show()
# sphinx_gallery_alt_block = "Share of units with a zero gradient over 60 steps, in four curves. Around 0 with the small learning rate it is level near 0, with the large one it climbs to about a third. Around 10 it begins at about 40 percent and is level with the small rate, and near 100 percent with the large one after a few steps."

# %%
# Why it happens
# --------------
#
# The slope of ReLU is 0 below 0, and ``backward()`` multiplies by it. One sample above
# 0 is enough for a gradient, unless later layers pass none back. A unit is dead if *no*
# sample is above 0, and then neither its weights nor its bias get a gradient.
#
# Inputs around 10 make a unit's input about ten times the sum of its weights, plus a
# little that differs from sample to sample. So the sign of that sum decides: most units
# are on for all samples or off for all. A step that is too large can do the same: it
# moves the weights and the bias so far that all samples are below 0, and then there is
# no gradient to bring them back.
#
# If a whole layer is dead, its output is the same for all samples, and so is that of
# the network. The layers before it get no gradient, nor do the weights right after it,
# whose inputs are all 0.

slopes = {}
for activation in (nn.ReLU(), nn.LeakyReLU(), nn.GELU(), nn.SiLU()):
    x = torch.tensor([-1.0, -200.0], requires_grad=True)
    activation(x).sum().backward()
    name = type(activation).__name__
    slopes[name] = x.grad.tolist()
    print(f"{name:9} slope at -1: {x.grad[0]:6.3f}, at -200: {x.grad[1]:6.3f}")

assert slopes["ReLU"] == [0, 0], "the slope of ReLU is 0 below 0"
assert min(slopes["LeakyReLU"]) > 0, "that of LeakyReLU is not"
for name in ("GELU", "SiLU"):
    assert slopes[name][0] != 0, "GELU and SiLU have a slope at -1"
    assert slopes[name][1] == 0, "but a slope of 0 at -200"

# %%
# ``GELU`` and ``SiLU`` are not flat just below 0, but far below it their slope is
# rounded to 0, so they can die, too.

# %%
# In your own code
# ----------------
#
# Call ``zero_shares(model)`` from above after ``backward()`` on a large batch: a unit
# that is 0 for 32 samples may not be for 1,000. It works for linear layers and
# convolutions, but not for transposed ones. A zero gradient can have other causes:
#
# - An embedding has zero rows for the words that do not occur in the batch.
# - Gradients in float16 can be rounded to 0, which loss scaling prevents.
# - A later layer that is dead blocks all layers before it: look at the last layers
#   first.
#
# Repair in this order: normalize the inputs, lower the learning rate or warm it up, put
# a normalization before the activation, and only then change the activation. Some dead
# units do no harm. If many are dead, start again from new weights: in the first layer,
# they get no gradient that could bring them back, and in deeper layers it takes luck.

# %%
# Try it
# ------
#
# Can weight decay bring a dead unit back, since it makes all weights smaller? Multiply
# the weights and biases of a layer by 0.01, then the weights alone.
#
# **Solution**

left = {}
for decayed in ("nothing", "weights and biases", "weights alone"):
    torch.manual_seed(0)
    layer = nn.Linear(20, 64)
    with torch.no_grad():
        if decayed != "nothing":
            layer.weight *= 0.01
        if decayed == "weights and biases":
            layer.bias *= 0.01
        is_dead = (layer(around_0 + 10).relu() == 0).all(dim=0)
    left[decayed] = is_dead
    print(f"{decayed:19} {is_dead.sum()} of 64 units are dead")

assert left["weights and biases"].equal(left["nothing"]), "smaller is not less dead"
assert (left["nothing"] & ~left["weights alone"]).any(), "some units come back"
assert (left["weights alone"] & ~left["nothing"]).any(), "others die"

# %%
# No: weights and bias shrink together, so the sign of their sum stays. If biases are
# left out of the decay, the sign of the bias decides in the end, so some units come
# back and others die.

# %%
# Remember
# --------
#
# - Dead is 0 for *all* samples: no gradient, no learning. 0 for some is normal.
# - Count exact zeros in the gradients, by layer, on a large batch.
# - Inputs far from 0 and too high a learning rate are the usual causes. A leaky
#   activation treats the symptom.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_looking_at_gradients.py`: gradients that are small
#   rather than zero.
# - :ref:`sphx_glr_recipes_training_overfit_one_batch.py`: a network with a dead layer
#   fails this check.
# - `torch.nn.ReLU
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU.html>`__
# - `torch.nn.LeakyReLU
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html>`__

# %%
# Sources
# -------
#
# - `keras 7057 <https://github.com/keras-team/keras/issues/7057>`__: a proposal to
#   detect dead ReLUs after each epoch, since they are hard to see from outside.
# - `3D-RecGAN 6 <https://github.com/Yang7879/3D-RecGAN/issues/6>`__: a network that
#   predicted only zeros, which came from dead ReLUs and depended on initialization.
# - `minigo 425 <https://github.com/tensorflow/minigo/pull/425>`__: what counts as dead,
#   and why units behind the first layer can come back.

# sphinx_gallery_position = 6
# sphinx_gallery_tags = ["ReLU", "vanishing gradients", "nn.Module", "batch norm"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "generic", "stage": "model", "effect": "wrong result", "group": "not learned", "symptom": "The loss stops early or at that of guessing, and the gradients of many units, or of whole layers, are exactly 0."}
