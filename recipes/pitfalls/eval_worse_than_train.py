"""
model.eval() gives worse results than train()
=============================================

If ``model.eval()`` makes a network with batch norm much worse, even on its own training
data, its running statistics do not fit that data. Recompute them with ``update_bn``,
and look for the cause: too few steps, a wrong ``momentum``, small batches, or batches
that are not mixed.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#    +update_bn(batches, model)
#     model.eval()
#
# After five batches around 5, the running mean of batch norm has moved from 0 to only
# 2, so in evaluation mode the outputs are far from those in training:

import matplotlib.pyplot as plt
import torch
from torch.optim.swa_utils import update_bn

torch.manual_seed(0)
batches = [5 + torch.randn(50, 1) for _ in range(5)]
model, means = torch.nn.BatchNorm1d(1), {}
for batch in batches:
    means["train"] = model(batch).mean().item()
for name in ("eval", "eval, after update_bn"):
    if "update_bn" in name:
        update_bn(batches, model)
    model.eval()
    means[name] = model(batches[-1]).mean().item()
for name, mean in means.items():
    print(f"mean output in {name:21} {mean:4.1f}")

assert abs(means["train"]) < 0.001, "in training mode, the mean of the outputs is 0"
assert means["eval"] > 2, "in evaluation mode, it is above 2"
assert abs(means[name]) < 0.5, "after update_bn, it is near 0"

# %%
# Is it batch norm, or overfitting?
# ---------------------------------
#
# Compare the two modes on the *training* data. If evaluation mode is much worse, it is
# batch norm. If both are good and only the test is bad, it is overfitting, or the test
# data are prepared differently.

from copy import deepcopy
from itertools import cycle

from torch import nn


def test_modes(model, batches):
    """Return the accuracy in training mode and in evaluation mode."""
    accuracies = []
    for mode in (True, False):
        tested = deepcopy(model).train(mode)
        with torch.no_grad():
            right = [
                tested(points).argmax(dim=1) == labels for points, labels in batches
            ]
        accuracies.append(torch.cat(right).float().mean().item())
    return accuracies


# %%
# Try it on a small network, and on points around four centers. The inputs are numbers
# around 10. In two of the runs, they come from four sources, such as cameras, and each
# source adds its own offset.

torch.manual_seed(0)
centers, offsets = 10 + torch.randn(4, 20), 3 * torch.randn(4, 20)


def make_data(count=2000, size=50, sources=False, mixed=True):
    """Return batches for training, and 2,000 points in batches for the test."""
    parts = []
    for number, length in ((count, size), (2000, 500)):
        labels, source = torch.randint(4, (2, number))
        points = centers[labels] + 1.5 * torch.randn(number, 20)
        points += sources * offsets[source]
        order = torch.arange(number) if mixed else source.argsort()
        batches = [(points[each], labels[each]) for each in order.split(length)]
        parts.append([batches[each] for each in torch.randperm(len(batches))])
    return parts


def train(data, momentum=0.1, steps=200, log=None):
    batches, test_batches = data
    torch.manual_seed(0)
    norm = nn.BatchNorm1d(64, momentum=momentum)
    model = nn.Sequential(nn.Linear(20, 64), norm, nn.ReLU(), nn.Linear(64, 4))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step, (points, labels) in zip(range(steps), cycle(batches), strict=False):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(points), labels).backward()
        optimizer.step()
        if log is not None and step % 5 == 4:
            log.append(test_modes(model, test_batches)[1])
    updated = deepcopy(model)
    update_bn(batches, updated)
    tests = [test_modes(each, test_batches)[1] for each in (model, updated)]
    return *test_modes(model, batches), *tests


plain = make_data()
runs = {
    "200 steps": (plain, {}),
    "5 steps": (plain, {"steps": 5}),
    "momentum 0.001": (plain, {"momentum": 0.001}),
    "one source per batch": (make_data(sources=True, mixed=False), {}),
    "four sources, mixed": (make_data(sources=True), {}),
    "40 training points": (make_data(count=40, size=20), {}),
}
results = {}
print(f"{'':20} training data   test data")
print(f"{'':20}  train   eval     eval   after update_bn")
for name, (data, arguments) in runs.items():
    results[name] = train(data, **arguments)
    print("{:20} {:6.1%} {:6.1%}   {:6.1%}   {:6.1%}".format(name, *results[name]))

# %%
# - **After 5 steps, or with a momentum of 0.001**, evaluation mode is far worse on the
#   training data. The network is good; ``update_bn`` shows it.
# - **With one source in each batch**, training mode takes every source's offset away,
#   and evaluation mode cannot. ``update_bn`` does not help much. Mix the sources, and
#   the network learns to handle them.
# - **With 40 training points**, both modes get all of them right, but not the test.
#   This is overfitting, and ``update_bn`` changes little.

for name in ("5 steps", "momentum 0.001", "one source per batch"):
    assert results[name][1] < results[name][0] - 0.08, (
        "on training data, evaluation mode is 8 points worse"
    )
for name in ("5 steps", "momentum 0.001"):
    assert results[name][3] > results[name][2] + 0.1, (
        "update_bn makes the test at least 10 points better"
    )
assert results["one source per batch"][3] < results["one source per batch"][0] - 0.08, (
    "one source per batch: even after update_bn, the test is 8 points worse"
)
for name in ("200 steps", "four sources, mixed", "40 training points"):
    assert abs(results[name][1] - results[name][0]) < 0.05, (
        "on training data, the modes differ by less than 5 points"
    )
assert results["40 training points"][0] > results["40 training points"][2] + 0.03, (
    "40 training points: the test is worse in both modes"
)

# %%
# Small batches and a large momentum
# ----------------------------------
#
# The momentum of batch norm is the weight of the newest batch. Keras means the
# opposite: its 0.99 is 0.01 here. Train with batches of two points, with 0.1, and with
# a 0.99 copied from Keras:

small, curves = make_data(count=600, size=2), {0.1: [], 0.99: []}
ends = [train(small, momentum, 300, log=curve) for momentum, curve in curves.items()]

fig, ax = plt.subplots()
for color, (momentum, curve) in zip(("C0", "C1"), curves.items(), strict=True):
    percent = [100 * each for each in curve]
    ax.plot(range(5, 301, 5), percent, color, label=f"momentum {momentum}")
ax.set(xlabel="step", ylabel="test accuracy in evaluation mode (%)")
ax.legend()
plt.show()
# sphinx_gallery_alt_block = "Test accuracy in evaluation mode over 300 steps with batches of two points, one curve for each momentum. With 0.1 it rises and stays high most of the time. With 0.99 it jumps up and down, and is lower on average."

# %%
# It is the same network: momentum does not change what is learned. But with 0.99, the
# running statistics describe the last two points, and the accuracy is a matter of luck.

means = {momentum: sum(curve[30:]) / 30 for momentum, curve in curves.items()}
assert means[0.99] < means[0.1], "on average, a momentum of 0.99 is worse"
assert ends[0][0] == ends[1][0], "in training mode, the momentum makes no difference"

# %%
# Why it happens
# --------------
#
# In training mode, batch norm uses the mean and variance of the batch. In evaluation
# mode, it uses ``running_mean`` and ``running_var``, which begin at 0 and 1. Each batch
# moves them by a fraction ``momentum`` toward its own values. So after *k* steps, ``(1
# - momentum) ** k`` of the initial value is left: 59% after 5 steps with 0.1, and 82%
# after 200 steps with 0.001.
#
# A small momentum forgets slowly, a large one averages over few batches: over about
# ``(2 - momentum) / momentum``, which is 19 for 0.1, and 1 for 0.99. With batches of
# two points, 19 batches are only 38 points. In images, neighboring pixels are alike, so
# they count for less than their number.

assert round(0.9**5, 2) == 0.59, "59% is left after 5 steps"
assert round(0.999**200, 2) == 0.82, "82% is left after 200 steps"
assert [round((2 - each) / each) for each in (0.1, 0.99)] == [19, 1], "19 batches, or 1"

# %%
# In your own code
# ----------------
#
# Call ``test_modes`` from above on a few hundred training samples, in batches as large
# as in training. If the network has dropout, it lowers the accuracy in training mode.
# If evaluation mode is worse, look at the momentum and at how your batches are mixed:

print({each.momentum for each in model.modules() if hasattr(each, "momentum")})

# %%
# Then:
#
# - train longer, or call ``update_bn(loader, model)`` once before you test. It resets
#   the statistics, runs the training data through the model in training mode without
#   gradients, and averages over all batches. The batches are tensors, or tuples with
#   the inputs first; ``device=…`` moves them to a GPU. It also resets batch norm that
#   you froze.
# - keep ``momentum=0.1``. ``momentum=None``, an average over all steps, also counts the
#   early ones, whose weights the network no longer has.
# - shuffle. In a GAN, real and generated batches are two such sources.
# - with batches of a few samples, use group norm or layer norm, which do not look at
#   the batch. On several GPUs, ``SyncBatchNorm`` makes one large batch of the small
#   ones.
#
# Never test in training mode to get a better number: then the answer for a sample
# depends on the rest of its batch.

# %%
# Try it
# ------
#
# A layer with ``momentum=1.0`` sees a batch of two numbers, -1 and 1. What does it
# return in training mode, and what in evaluation mode?
#
# **Solution**

layer, pair = nn.BatchNorm1d(1, momentum=1.0), torch.tensor([[-1.0], [1.0]])
outputs = {mode: layer.train(mode)(pair).flatten().tolist() for mode in (True, False)}
for mode, output in outputs.items():
    print("train" if mode else "eval ", [round(each, 3) for each in output])

assert [round(each, 3) for each in outputs[True]] == [-1, 1], "training mode returns 1"
assert [round(each, 3) for each in outputs[False]] == [-0.707, 0.707], (
    "evaluation mode returns one over the square root of 2"
)

# %%
# They differ by the square root of 2, though the statistics are those of this batch. In
# training, batch norm divides the sum of squares by *n*; for ``running_var``, it
# divides by *n* - 1. With two values that is a factor of 2, and with 100 one of 1.01.

# %%
# Remember
# --------
#
# - Compare both modes on the training data: batch norm, or overfitting?
# - Momentum is the weight of the newest batch: 0.1 here is 0.9 in Keras.
# - ``update_bn`` repairs statistics that lag or jump, but not batches that are not
#   mixed.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_evaluating_with_gradients_on.py`: the opposite
#   mistake, testing without ``eval()``.
# - :ref:`sphx_glr_recipes_pitfalls_frozen_batch_norm_moves.py`
# - `torch.optim.swa_utils.update_bn
#   <https://docs.pytorch.org/docs/stable/optim.html#taking-care-of-batch-normalization>`__
# - `torch.nn.BatchNorm1d
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html>`__: what
#   ``momentum`` means here.

# %%
# Sources
# -------
#
# - `What does model.eval() do for batchnorm layer?
#   <https://discuss.pytorch.org/t/what-does-model-eval-do-for-batchnorm-layer/7146>`__:
#   76% of the test images are right in training mode, and 10% with ``eval()``.
# - `pytorch #4741 <https://github.com/pytorch/pytorch/issues/4741>`__: a high error
#   with ``eval()``, and a low one without it.
# - `Person_reID_baseline_pytorch #218
#   <https://github.com/layumi/Person_reID_baseline_pytorch/issues/218>`__: results are
#   better without ``eval()``.
# - `pytorch #19902 <https://github.com/pytorch/pytorch/issues/19902>`__: the two
#   variances, divided by *n* and by *n* - 1.

# sphinx_gallery_position = 19
# sphinx_gallery_tags = ["batch norm", "eval", "momentum", "update_bn"]
# sphinx_gallery_cost = "6 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "evaluation", "effect": "wrong result", "group": "differs", "symptom": "The network is good in training mode and much worse after model.eval(), even on training data."}
