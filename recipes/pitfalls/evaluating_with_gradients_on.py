"""
Evaluating in training mode
===========================

Call ``model.eval()`` before you test a model, and ``model.train()`` before you train it
further. Without ``eval()``, dropout stays on, and batch norm normalizes with the test
batch and updates its running statistics, so the accuracy is wrong.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#    +@torch.inference_mode()
#     def evaluate(model, batches):
#    +    model.eval()
#         right = total = 0
#         for points, labels in batches:
#
# The second marked line makes the result right; the first one saves memory and time. In
# training mode, batch norm normalizes with the batch itself and moves its running mean,
# which is for evaluation, even though gradients are off:

import matplotlib.pyplot as plt
import torch
from torch import nn

means = {}
for mode in ("train", "eval"):
    layer = nn.BatchNorm1d(1).train(mode == "train")
    with torch.inference_mode():
        output = layer(torch.tensor([[10.0], [12.0]]))
    means[mode] = layer.running_mean.item()
    print(f"{mode:5}: {output.flatten().round().tolist()}, mean {means[mode]:.1f}")

assert means["train"] > 1, "in training mode, the running mean moves"
assert means["eval"] == 0, "in evaluation mode, it does not"

# %%
# What each layer does
# --------------------
#
# Train three small networks on points around four centers, one for each class. One has
# dropout, one batch norm, and one layer norm. The inputs are not normalized: they are
# numbers around 5.

import copy

device = torch.accelerator.current_accelerator(check_available=True) or "cpu"

torch.manual_seed(0)
centers = 5 + torch.randn(4, 20)


def make_points(count):
    labels = torch.randint(4, (count,))
    points = centers[labels] + 1.5 * torch.randn(count, 20)
    return points.to(device), labels.to(device)


train_points, train_labels = make_points(2000)
test_points, test_labels = make_points(1000)
shuffled, by_class = torch.arange(1000), test_labels.cpu().argsort()


@torch.inference_mode()
def evaluate(model, mode, order=shuffled, size=20):
    """Return the accuracy on the test points, in batches of a given size."""
    model.train(mode == "train")
    right = 0
    for batch in order.split(size):
        predicted = model(test_points[batch]).argmax(dim=1)
        right += (predicted == test_labels[batch]).sum().item()
    return right / len(order)


def train(layer, after_step=None):
    torch.manual_seed(0)
    layers = nn.Linear(20, 64), layer, nn.ReLU(), nn.Linear(64, 4)
    model = nn.Sequential(*layers).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(4):
        for batch in torch.randperm(2000).split(50):
            model.train()
            optimizer.zero_grad()
            scores = model(train_points[batch])
            nn.functional.cross_entropy(scores, train_labels[batch]).backward()
            optimizer.step()
            if after_step:
                after_step(model)
    return model


# %%
# Each row is one network, tested from left to right. ``eval`` is the correct test,
# three times. In between come tests in training mode: three with shuffled points, then
# one with the points sorted by class, as you get them from one folder for each class.

layers = {
    "dropout": nn.Dropout(0.5),
    "batch norm": nn.BatchNorm1d(64),
    "layer norm": nn.LayerNorm(64),
}
models = {}
correct, after_shuffled, after_sorted = {}, {}, {}
repeated, sorted_test = {}, {}
print(f"{'':10}   eval   train, shuffled        eval   train, by class   eval")
for name, layer in layers.items():
    model = models[name] = train(layer)
    correct[name] = evaluate(model, "eval")
    changed = copy.deepcopy(model)
    repeated[name] = [evaluate(changed, "train") for _ in range(3)]
    after_shuffled[name] = evaluate(changed, "eval")
    sorted_test[name] = evaluate(changed, "train", by_class)
    after_sorted[name] = evaluate(changed, "eval")
    several = "  ".join(f"{each:.1%}" for each in repeated[name])
    print(f"{name:10}  {correct[name]:.1%}   {several}", end="")
    print(f"{after_shuffled[name]:8.1%}{sorted_test[name]:18.1%}", end="")
    print(f"{after_sorted[name]:7.1%}")

# %%
# - **Dropout** switches half of the units off at random, so the accuracy is too low and
#   usually changes from test to test. The model stays as it was.
# - **Batch norm** gives the same wrong number each time, because the order is fixed, so
#   testing twice does not find it. In batches of one class, it subtracts what the
#   points of the class have in common, and the accuracy is that of guessing. Then the
#   correct test is worse, too: the running statistics now describe mostly the last
#   class. After shuffled batches, which hold all classes, that test hardly changes.
# - **Layer norm** works the same way in both modes.

assert max(repeated["dropout"]) < correct["dropout"], (
    "dropout: in training mode, the accuracy is too low"
)
assert len(set(repeated["dropout"])) > 1, (
    "dropout: three tests do not give the same number"
)
assert after_sorted["dropout"] == correct["dropout"], (
    "dropout: the correct test is the same afterward"
)
assert len(set(repeated["batch norm"])) == 1, (
    "batch norm: three tests give the same number"
)
assert max(repeated["batch norm"]) < correct["batch norm"], (
    "batch norm: in training mode, the accuracy is too low"
)
assert sorted_test["batch norm"] < 0.35, (
    "batch norm: class by class, less than 35% are right"
)
assert abs(after_shuffled["batch norm"] - correct["batch norm"]) < 0.02, (
    "batch norm: after shuffled tests, the correct test changes by less than 2 points"
)
assert after_sorted["batch norm"] < after_shuffled["batch norm"] - 0.02, (
    "batch norm: after the test class by class, it is 2 points worse"
)
assert {*repeated["layer norm"]} == {correct["layer norm"]}, (
    "layer norm: the mode makes no difference"
)
assert sorted_test["layer norm"] == correct["layer norm"], (
    "layer norm: the order makes no difference"
)

# %%
# The smaller the batches, the larger the error of batch norm. A batch of one point
# raises an error:

by_size = {}
try:
    for size in (100, 20, 5, 2, 1):
        model = copy.deepcopy(models["batch norm"])
        by_size[size] = evaluate(model, "train", size=size)
        print(f"batches of {size:3}: {by_size[size]:.1%}")
except ValueError as error:
    print(f"{type(error).__name__}: {error}")

assert [*by_size] == [100, 20, 5, 2], "batches of one point raise an error"
assert sorted(by_size.values(), reverse=True) == [*by_size.values()], (
    "batch norm: the smaller the batches, the lower the accuracy"
)

# %%
# Early on, the wrong mode can look better
# ----------------------------------------
#
# Test the network with batch norm after each of its first 60 steps, in both modes:

curves = {"train": [], "eval": []}


def test_in_both_modes(model):
    if len(curves["eval"]) < 60:
        for mode, curve in curves.items():
            curve.append(100 * evaluate(copy.deepcopy(model), mode))


train(nn.BatchNorm1d(64), after_step=test_in_both_modes)

fig, ax = plt.subplots()
for color, (mode, curve) in zip(("C1", "C0"), curves.items(), strict=True):
    ax.plot(range(1, 61), curve, color, label=f"{mode} mode")
ax.set(xlabel="step", ylabel="test accuracy (%)")
ax.legend()
plt.show()
# sphinx_gallery_alt_block = "Test accuracy over the first 60 steps, in training mode and in evaluation mode. In the first steps, the curve of training mode is higher. At the end, that of evaluation mode is higher."

# %%
# The running statistics begin at a mean of 0 and a variance of 1, and each batch moves
# them by a tenth of the way. Until they converge, evaluation mode is worse, here
# because the inputs are far from 0. That is no reason to test in training mode.

assert sum(curves["train"][2:10]) > sum(curves["eval"][2:10]), (
    "from step 3 to 10, training mode looks better"
)
assert sum(curves["train"][50:]) < sum(curves["eval"][50:]), (
    "from step 51 on, evaluation mode is better"
)

# %%
# The memory is a different matter
# --------------------------------
#
# ``eval()`` does not switch gradients off. Count the bytes that a forward pass
# keeps for a ``backward()`` that never comes:


def kept_bytes(model, gradients):
    known = {each.data_ptr() for each in (*model.parameters(), *model.buffers())}
    kept = {}

    def keep(tensor):
        if tensor.data_ptr() not in known:
            kept[tensor.data_ptr()] = tensor.nbytes
        return tensor

    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
    with torch.inference_mode(not gradients), hooks:
        model(test_points)
    return sum(kept.values())


model = models["batch norm"].eval()
with_gradients = kept_bytes(model, gradients=True)
without = kept_bytes(model, gradients=False)
print(f"eval mode: {with_gradients:,} bytes, with inference_mode(): {without:,} bytes")

assert with_gradients > 500_000, "in evaluation mode, gradients still cost memory"
assert without == 0, "with inference_mode(), nothing is kept"

# %%
# Why it happens
# --------------
#
# ``eval()`` sets a flag, ``training``, on each module of the model. Dropout, batch
# norm and a few others read it in their forward pass. The flag is independent of
# the switch for gradients: with the flag on, batch norm updates its statistics in the
# forward pass, and that needs no gradients.

# %%
# In your own code
# ----------------
#
# ``model.training`` is the flag of the outermost module only. Call this where you test:


def check_evaluation_mode(model):
    """Raise an error if a part of the model is in training mode."""
    training = [name for name, each in model.named_modules() if each.training]
    if training:
        raise RuntimeError(f"in training mode: {training}")


model.eval()
check_evaluation_mode(model)
model[1].train()
message = ""
try:
    check_evaluation_mode(model)
except RuntimeError as error:
    message = str(error)
print(f"model.training is {model.training}, but {message}")

assert not model.training, "the outermost flag says evaluation"
assert message == "in training mode: ['1']", "the check finds the module"

# %%
# The flag cannot reach everything: batch norm with ``track_running_stats=False`` uses
# the test batch in both modes.

# %%
# Try it
# ------
#
# A model calls ``nn.functional.dropout(x, 0.5)`` in its ``forward``. Does ``eval()``
# switch that off?
#
# **Solution**


class Model(nn.Module):
    def forward(self, x):
        return nn.functional.dropout(x, 0.5)


output = Model().eval()(torch.ones(100))
print("zeros:", (output == 0).sum().item() > 0)

assert (output == 0).any(), "eval() does not switch off the functional dropout"

# %%
# No: the function has a flag of its own, which is on unless you pass
# ``training=self.training``. The module ``nn.Dropout`` does that for you.

# %%
# Remember
# --------
#
# - ``model.eval()`` makes the accuracy right and keeps the running statistics as they
#   are.
# - ``torch.inference_mode()`` saves memory and time; it does not replace ``eval()``.
# - Testing twice may not find the mistake. Check the flag ``training`` of each module.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_stopping_gradient_tracking.py`: ``no_grad`` or
#   ``inference_mode``.
# - `Evaluation mode
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html#evaluation-mode-nn-module-eval>`__
#   in PyTorch's notes on autograd.
# - `torch.nn.BatchNorm1d
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html>`__: how
#   the running statistics move.

# sphinx_gallery_position = 18
# sphinx_gallery_tags = ["inference_mode", "eval", "batch norm", "memory"]
# sphinx_gallery_cost = "6 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "evaluation", "effect": "wrong result", "group": "differs", "symptom": "The test accuracy is too low, or changes from one test to the next, or with the order of the test data."}
