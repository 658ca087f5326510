"""
Per-sample gradients with vmap and grad
=======================================

To get one gradient for each sample of a batch, write the loss of one sample, take its
gradient with ``torch.func.grad``, and map that over the batch with ``torch.func.vmap``.
``backward()`` gives you only their sum or mean.
"""

# %%
# In short
# --------
#
# Here are the gradients of three samples in one call, and below them what
# ``backward()`` makes of them:

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.func import functional_call, grad, vmap

torch.manual_seed(0)
model, inputs, targets = nn.Linear(2, 1), torch.randn(3, 2), torch.randn(3, 1)


def loss_of_one(parameters, sample, target):
    output = functional_call(model, parameters, (sample[None],))
    return nn.functional.mse_loss(output, target[None])


parameters = {name: each.detach() for name, each in model.named_parameters()}
each_gradient = vmap(grad(loss_of_one), in_dims=(None, 0, 0))
gradients = each_gradient(parameters, inputs, targets)
nn.functional.mse_loss(model(inputs), targets).backward()
print(gradients["weight"], model.weight.grad, sep="\n")

mean = gradients["weight"].mean(dim=0)
assert gradients["weight"].shape == (3, 1, 2), "there is one gradient for each sample"
assert torch.allclose(mean, model.weight.grad), "backward() gives their mean"

# %%
# How to read it
# --------------
#
# - ``functional_call`` runs the model with the parameters that you pass, because
#   ``grad`` differentiates a function with respect to its first argument.
# - ``vmap`` takes the batch dimension away, and ``sample[None]`` puts it back.
# - ``in_dims=(None, 0, 0)`` says: the same parameters for all, but an input and a
#   target for each. Without it, ``vmap`` splits the parameters, too.
# - The parameters are detached, so the results have no graph.
#
# Here it is as a function, compared with a loop over the samples:

import time


def per_sample_gradients(model, loss_function, inputs, targets, **options):
    """Return a tensor for each parameter, with one gradient for each sample."""

    def loss_of_one(parameters, sample, target):
        output = functional_call(model, parameters, (sample[None],))
        return loss_function(output, target[None])

    parameters = {name: each.detach() for name, each in model.named_parameters()}
    mapped = vmap(grad(loss_of_one), in_dims=(None, 0, 0), **options)
    return mapped(parameters, inputs, targets)


def with_loop(model, loss_function, inputs, targets):
    rows = []
    for sample, target in zip(inputs, targets, strict=True):
        loss = loss_function(model(sample[None]), target[None])
        rows.append(torch.autograd.grad(loss, list(model.parameters())))
    names = [name for name, _ in model.named_parameters()]
    return dict(zip(names, map(torch.stack, zip(*rows, strict=True)), strict=True))


mse = nn.functional.mse_loss
model = nn.Sequential(nn.Linear(20, 50), nn.ReLU(), nn.Linear(50, 1))
inputs, targets = torch.randn(200, 20), torch.randn(200, 1)
times, found = {}, {}
for way in (with_loop, per_sample_gradients):
    way(model, mse, inputs, targets)  # the first call takes longer
    start = time.perf_counter()
    found[way] = way(model, mse, inputs, targets)
    times[way] = time.perf_counter() - start
ratio = times[with_loop] / times[per_sample_gradients]
print(f"vmap is {ratio:.0f} times as fast")
# sphinx_gallery_compare_block = "shape"

# %%
# The ratio depends on the machine and the model. With 512 samples on a GPU (H200), it
# was over 100; for one layer of 800 by 800 on a CPU, 2.5. The price is memory: each
# sample has a gradient of the size of all parameters. ``vmap(..., chunk_size=64)``
# takes 64 samples at a time, which makes intermediate values smaller, but not the
# result.

for name, each in found[per_sample_gradients].items():
    assert torch.allclose(each, found[with_loop][name], atol=1e-5), (
        "both ways give the same gradients"
    )

# %%
# Find wrong labels by the length of the gradient
# -----------------------------------------------
#
# This is what a mean cannot show. Of 200 points in two classes, 10 have the wrong
# label. Train for a short time, and compute the length of each sample's gradient over
# all parameters:

classes = torch.arange(200) % 2
points = torch.randn(200, 2) + 4 * classes[:, None] - 2
is_wrong = torch.zeros(200, dtype=torch.bool)
is_wrong[torch.randperm(200)[:10]] = True
labels = torch.where(is_wrong, 1 - classes, classes)

model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
cross_entropy = nn.functional.cross_entropy
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(50):
    optimizer.zero_grad()
    cross_entropy(model(points), labels).backward()
    optimizer.step()

gradients = per_sample_gradients(model, cross_entropy, points, labels)
squares = [each.flatten(1).square().sum(dim=1) for each in gradients.values()]
lengths = sum(squares).sqrt()
order = lengths.argsort(descending=True)
print("wrong labels among the 10 longest:", is_wrong[order[:10]].sum().item())

fig, ax = plt.subplots(layout="constrained")
ranks = torch.arange(1, 201)
for kind, style, name in ((False, "C0.", "right label"), (True, "C1o", "wrong label")):
    chosen = is_wrong[order] == kind
    ax.plot(ranks[chosen], lengths[order][chosen], style, label=name)
ax.set(xlabel="rank", ylabel="length of the gradient")
fig.legend(loc="outside upper center", ncols=2)
plt.show()
# sphinx_gallery_alt_block = "The length of the gradient of each sample, sorted from long to short. Nearly all samples with a wrong label are at the left, with long gradients. The gradients of nearly all others are short."

# %%
# The network has learned the two classes, so a point with a wrong label contradicts
# what it knows and has a long gradient. A network that trains long enough to learn the
# wrong labels by heart shows fewer of them.

assert is_wrong[order[:10]].sum() >= 8, "at least 8 of the 10 longest are wrong labels"
assert lengths[is_wrong].median() > 5 * lengths[~is_wrong].median(), (
    "with a wrong label, the median length is more than 5 times as large"
)

# %%
# What does not work under vmap
# -----------------------------
#
# Each of these calls raises an error, in this order: batch norm in training mode,
# dropout, ``.item()``, an ``if`` on a tensor, a loss that is not one number, and fewer
# targets than inputs:


def with_layer(layer):
    model = nn.Sequential(nn.Linear(20, 4), layer, nn.Linear(4, 1))
    return lambda **options: per_sample_gradients(
        model, mse, inputs, targets, **options
    )


def no_mean(output, target):
    return mse(output, target, reduction="none")


calls = [
    with_layer(nn.BatchNorm1d(4)),
    with_layer(nn.Dropout()),
    lambda: vmap(lambda x: x * x.sum().item())(inputs),
    lambda: vmap(lambda x: x if x.sum() > 0 else -x)(inputs),
    lambda: per_sample_gradients(nn.Linear(20, 1), no_mean, inputs, targets),
    lambda: vmap(torch.mul)(inputs, targets[:100]),
]
messages = []
for call in calls:
    try:
        call()
    except (RuntimeError, ValueError) as error:
        messages.append(f"{type(error).__name__}: {error}")
        print(messages[-1], end="\n\n")

works = [with_layer(nn.GroupNorm(2, 4))(), with_layer(nn.BatchNorm1d(4).eval())()]
works.append(with_layer(nn.Dropout())(randomness="different"))
print("gradients:", [len(each["0.weight"]) for each in works])

assert len(messages) == len(calls), "each of the calls raises an error"
assert all(len(each["0.weight"]) == 200 for each in works), "the repairs work"

# %%
# - Batch norm in training mode mixes the samples, so there is no gradient of one
#   sample. Use group norm or layer norm, or ``eval()``, which fixes the statistics.
# - For dropout, pass ``randomness="different"`` (a mask for each sample) or ``"same"``.
# - Instead of ``.item()`` and ``if``, use tensor operations such as ``torch.where``.
# - Of the recurrent layers, ``nn.LSTM`` works on a CPU, while ``nn.GRU`` and ``nn.RNN``
#   fail, as cuDNN's do on a GPU. Use the loop there.

# %%
# Why it happens
# --------------
#
# For a linear layer, the gradient of one sample is the error at the output times the
# input. ``backward()`` computes it for the whole batch as one matrix product, which
# already adds up the samples. ``vmap`` keeps the batch as a dimension of its own:

layer, few, goals = nn.Linear(3, 2, bias=False), inputs[:4, :3], torch.zeros(4, 2)
by_vmap = per_sample_gradients(layer, mse, few, goals)["weight"]
error = layer(few).detach()  # the derivative of the mean of 2 squares is each number
by_hand = error[:, :, None] * few[:, None, :]
print("largest difference below 1e-6:", (by_vmap - by_hand).abs().max().item() < 1e-6)

assert torch.allclose(by_vmap, by_hand, atol=1e-6), "it is the error times the input"

# %%
# In your own code
# ----------------
#
# The mean over the samples has to be what ``backward()`` gives. Check it once for your
# own model, in the mode in which you use it, with a loss that is a mean over samples:


def check_mean(model, loss_function, inputs, targets):
    """Raise an error if the mean over the samples is not what backward() gives."""
    each = per_sample_gradients(model, loss_function, inputs, targets)
    loss = loss_function(model(inputs), targets)
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    for (name, _), gradient in zip(model.named_parameters(), gradients, strict=True):
        torch.testing.assert_close(each[name].mean(dim=0), gradient, msg=name)


check_mean(model, cross_entropy, points, labels)
print("the means agree")

# %%
# With dropout it cannot pass, because the masks differ. With class weights it fails,
# because the mean is a weighted one. For a loss that is a sum, compare with
# ``sum(dim=0)``.

weighted = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 5.0]))
by_weight = per_sample_gradients(model, weighted, points, labels)["2.bias"].mean(dim=0)
(of_batch,) = torch.autograd.grad(weighted(model(points), labels), model[2].bias)
assert not torch.allclose(by_weight, of_batch, rtol=0.01), (
    "with class weights, the means differ"
)

# %%
# Try it
# ------
#
# Limit what one sample can do: shorten each gradient to at most 0.1 before you take the
# mean. What is the share of the wrong labels then? (DP-SGD does this, and adds noise.)
#
# **Solution**

factors = (0.1 / lengths).clamp(max=1)
clipped = {
    name: torch.einsum("i,i...->i...", factors, each)
    for name, each in gradients.items()
}
share = lengths[is_wrong].sum() / lengths.sum()
clipped_share = (factors * lengths)[is_wrong].sum() / (factors * lengths).sum()
print(f"share of the lengths: {share:.0%}, clipped {clipped_share:.0%}")

longest = sum(each.flatten(1).square().sum(dim=1) for each in clipped.values()).max()
assert longest.sqrt() < 0.1001, "after clipping, no gradient is longer than 0.1"
assert clipped_share < share / 3, "clipped, the wrong labels' share is below a third"

# %%
# The samples with a wrong label, a twentieth of all, have a large share of the lengths
# before clipping, and about a twentieth afterward.

# %%
# Remember
# --------
#
# - ``vmap(grad(loss_of_one), in_dims=(None, 0, 0))`` gives a gradient for each sample.
# - It is faster than a loop, most of all for small layers, and needs memory for samples
#   times parameters.
# - Batch norm in training mode has no gradient of one sample.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_looking_at_gradients.py`
# - :ref:`sphx_glr_recipes_gradients_clipping_gradients.py`: clipping the mean instead.
# - `Per-sample-gradients
#   <https://docs.pytorch.org/tutorials/intermediate/per_sample_grads.html>`__:
#   PyTorch's own tutorial.
# - `torch.func.vmap
#   <https://docs.pytorch.org/docs/stable/generated/torch.func.vmap.html>`__

# %%
# Sources
# -------
#
# * `Simple and Efficient way to get gradients of each element of a sum
#   <https://github.com/pytorch/pytorch/issues/7786>`__: the question before ``vmap``,
#   and what the loop costs.
# * `per sample gradient in torch.autograd.grad
#   <https://github.com/pytorch/pytorch/issues/132378>`__: a loop that is too slow.
# * `What is the state of support for AD of BatchNormalization and DropOut layers?
#   <https://github.com/pytorch/pytorch/issues/96655>`__: which layers work under
#   ``vmap``.
# * `It looks like you're calling .item() on a Tensor
#   <https://github.com/pytorch/functorch/issues/1130>`__: slicing with a tensor calls
#   it, too.

# sphinx_gallery_position = 10
# sphinx_gallery_tags = ["torch.func", "vmap", "batch norm", "clipping"]
# sphinx_gallery_cost = "6 s"
# sphinx_gallery_needs = []
