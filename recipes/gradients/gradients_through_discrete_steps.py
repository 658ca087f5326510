"""
Gradients through round, argmax and thresholds
==============================================

``round`` and ``sign`` have a gradient of zero, and ``argmax`` and comparisons have
none, so what comes before them does not learn. To round and still pass a gradient of 1
(*straight through*), write ``x + (x.round() - x).detach()``. To choose among classes,
use ``torch.nn.functional.gumbel_softmax``.
"""

# %%
# In short
# --------
#
# Round as PyTorch does, and straight through:

import matplotlib.pyplot as plt
import torch


def round_through(x):
    return x + (x.round() - x).detach()


for function in (torch.round, round_through):
    x = torch.tensor([0.4, 1.6], requires_grad=True)
    result = function(x)
    result.sum().backward()
    print(result.tolist(), "gradient", x.grad.tolist())

assert result.tolist() == [0, 2], "straight through, the result is rounded"
assert x.grad.tolist() == [1, 1], "straight through, the gradient is 1"

# %%
# The results are equal. ``detach()`` hides the difference between ``x.round()`` and
# ``x`` from autograd. What is left is ``x``, whose gradient is 1.

# %%
# Zero, none, or an error
# -----------------------
#
# Some steps have a gradient of zero. Others return integers or booleans, which end the
# graph (``None`` below), and for a few PyTorch has no derivative:

x = torch.tensor([-1.4, 0.3, 1.6], requires_grad=True)
operations = {
    "round()": torch.round,
    "sign()": torch.sign,
    "bernoulli()": lambda x: torch.bernoulli(x.sigmoid()),
    "(x > 0).float()": lambda x: (x > 0).float(),
    "argmax()": torch.argmax,
    "long()": torch.Tensor.long,
    "heaviside()": lambda x: torch.heaviside(x, torch.tensor(0.0)),
    "unique()": torch.unique,
    "max()": torch.max,
    "sort()": lambda x: x.sort().values,
    "clamp(0, 1)": lambda x: x.clamp(0, 1),
    "x % 1": lambda x: x % 1,
}
kinds = {}
for name, operation in operations.items():
    result = operation(x)
    if not result.requires_grad:
        kinds[name] = None
    else:
        try:
            kinds[name] = torch.autograd.grad(result.sum(), x)[0].tolist()
        except RuntimeError:
            kinds[name] = "error"
    print(f"{name:16}", kinds[name])

for name in ("round()", "sign()", "bernoulli()"):
    assert kinds[name] == [0, 0, 0], "each of these three has a gradient of zero"
for name in ("(x > 0).float()", "argmax()", "long()"):
    assert kinds[name] is None, "each of these three has no gradient"
for name in ("max()", "sort()", "clamp(0, 1)", "x % 1"):
    assert any(kinds[name]), "each of these four has a gradient that is not zero"
assert kinds["heaviside()"] == kinds["unique()"] == "error", "two raise an error"

# %%
# ``max`` and ``sort`` pass the gradient to the numbers that they return; only their
# *indices* have none. ``floor``, ``ceil`` and ``trunc`` behave as ``round`` does.
#
# If nothing else in the loss requires a gradient, a step without one ends in an error.
# Setting ``requires_grad`` afterward fails for integers; for floats it only hides the
# error, and ``x`` still gets no gradient. The last two are the operations without a
# derivative:

calls = [
    lambda: x.argmax().float().backward(),
    lambda: x.argmax().requires_grad_(),
    lambda: torch.heaviside(x, torch.tensor(0.0)).sum().backward(),
    lambda: torch.unique(x).sum().backward(),
]
messages = []
for call in calls:
    try:
        call()
    except RuntimeError as error:
        messages.append(f"{type(error).__name__}: {error}")
        print(messages[-1])

assert len(messages) == len(calls), "each of these calls raises an error"

# %%
# Train weights that are rounded
# ------------------------------
#
# With a gradient of zero, there is no error at all. Here, the weights of a linear model
# may only be multiples of 0.25, as in a network that is trained for quantization:

from torch import nn

torch.manual_seed(0)
inputs = torch.randn(200, 10)
targets = inputs @ torch.randn(10)


def train(round_function):
    weights = torch.zeros(10, requires_grad=True)
    optimizer = torch.optim.SGD([weights], lr=0.05)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        quantized = 0.25 * round_function(weights / 0.25)
        loss = (inputs @ quantized - targets).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


losses = {"round": train(torch.round), "straight-through": train(round_through)}
for name, each in losses.items():
    print(f"{name:17}from {each[0]:.2f} to {each[-1]:.2f}")

fig, ax = plt.subplots(layout="constrained")
for style, (name, each) in zip(("C1", "C0"), losses.items(), strict=True):
    ax.plot(each, style, label=name)
ax.set(xlabel="step", ylabel="loss")
fig.legend(loc="outside upper center", ncols=2)
plt.show()
# sphinx_gallery_alt_block = "The loss over 60 steps. With round it is a level line. Straight through it falls close to zero in steps."

# %%
# With ``round``, every update is zero, so the loss stays the same. Straight through,
# the weights collect small steps until they reach the next multiple. The loss may not
# settle, because near a border, a weight can jump back and forth.

assert len(set(losses["round"])) == 1, "with round, the loss stays exactly the same"
assert losses["straight-through"][-1] < 0.1 * losses["straight-through"][0], (
    "straight through, it falls below a tenth"
)

# %%
# Choose among classes
# --------------------
#
# ``argmax`` of scores has no gradient. ``gumbel_softmax(scores, tau, hard=True)`` draws
# a class with the probabilities ``scores.softmax(-1)``, and returns it as a one-hot
# vector whose gradient is that of a soft choice. This is an approximation. With three
# classes, the true gradient of the expected cost is known, so compare. ``tau`` is the
# temperature. ``log_prob`` is the method called REINFORCE: draw a class, and multiply
# the gradient of its log-probability by its cost.

values = torch.tensor([1.0, 2.0, 4.0])
scores = torch.tensor([0.5, 0.0, -0.5], requires_grad=True)


def cost(one_hot):
    return (one_hot @ values - 1.5).square()


expected = (scores.softmax(0) * cost(torch.eye(3))).sum()
(true,) = torch.autograd.grad(expected, scores)

many = scores.detach().expand(20_000, 3).clone().requires_grad_()
estimates = {}
for tau in (1.0, 0.1):
    one_hot = nn.functional.gumbel_softmax(many, tau, hard=True)
    estimates[f"tau={tau}"] = torch.autograd.grad(cost(one_hot).sum(), many)[0]
drawn = torch.distributions.OneHotCategorical(logits=many)
one_hot = drawn.sample()
surrogate = (drawn.log_prob(one_hot) * cost(one_hot)).sum()
estimates["log_prob"] = torch.autograd.grad(surrogate, many)[0]

print("true    ", *(f"{number:6.2f}" for number in true))
errors, spreads = {}, {}
for name, each in estimates.items():
    mean = each.mean(dim=0)
    errors[name], spreads[name] = (mean - true).norm(), each.std(dim=0).mean()
    print(f"{name:8}", *(f"{number:6.2f}" for number in mean), end="")
    print(f"  spread {spreads[name]:.1f}")

# %%
# At temperature 1, the mean of 20,000 gradients points in about the right direction
# here (not for every cost) and is too short. A low temperature comes closer, but single
# gradients spread more. Only REINFORCE is right on average, and it needs the value of
# the cost, but not its gradient.

assert errors["tau=1.0"] > 0.3, "at temperature 1, the mean is off by more than 0.3"
assert errors["tau=0.1"] < 0.7 * errors["tau=1.0"], "at 0.1, by less"
assert errors["log_prob"] < 0.1, "with log_prob, it is off by less than 0.1"
assert spreads["tau=0.1"] > 2 * spreads["tau=1.0"], "at 0.1, gradients spread more"

# %%
# Why it happens
# --------------
#
# ``round`` is a staircase. On a step, a small change of the input changes nothing, so
# the derivative is 0, and between two steps it does not exist. Autograd is right, but a
# derivative cannot say “a little further, and the result jumps”. A straight-through
# gradient is a guess instead: that moving the input moves the output the same way.

# %%
# In your own code
# ----------------
#
# Call this after ``backward()``. Without an error, a discrete step in the middle shows
# only here:


def not_learning(model):
    """Name the parameters without a gradient, or with zeros only."""
    named = model.named_parameters()
    return [name for name, each in named if each.grad is None or not each.grad.any()]


model = nn.Sequential(nn.Linear(10, 3), nn.Linear(3, 1))
found = {}
for name in ("argmax", "gumbel_softmax"):
    model.zero_grad()
    choice = model[0](inputs)
    if name == "argmax":
        one_hot = nn.functional.one_hot(choice.argmax(1), 3).float()
    else:
        one_hot = nn.functional.gumbel_softmax(choice, hard=True)
    (model[1](one_hot)[:, 0] - targets).square().mean().backward()
    found[name] = not_learning(model)
    print(name, found[name])

assert found["argmax"] == ["0.weight", "0.bias"], "the layer before argmax has none"
assert not found["gumbel_softmax"], "with gumbel_softmax, all layers have a gradient"

# %%
# For evaluation, use ``argmax``: ``gumbel_softmax`` draws at random in ``eval()``, too.
# For a threshold, a sigmoid with a factor, such as ``(10 * x).sigmoid()``, is a soft
# replacement with a true gradient.

# %%
# Try it
# ------
#
# Write ``sign`` straight through. The gradient of numbers above 1 or below -1 should be
# 0, so that they do not grow without bound.
#
# **Solution**


def sign_through(x):
    limited = x.clamp(-1, 1)
    return limited + (x.sign() - limited).detach()


x = torch.tensor([-3.0, -0.5, 0.5, 3.0], requires_grad=True)
result = sign_through(x)
result.sum().backward()
print(result.tolist(), "gradient", x.grad.tolist())

assert result.tolist() == [-1, -1, 1, 1], "the result is the sign"
assert x.grad.tolist() == [0, 1, 1, 0], "the gradient is 1 between -1 and 1"

# %%
# The gradient is that of ``clamp``. A different function in its place gives a different
# gradient, and the same result.

# %%
# Remember
# --------
#
# - Rounding gives zeros and no error. Integers and booleans end the graph.
# - ``soft + (hard - soft).detach()`` has the value of ``hard`` and the gradient of
#   ``soft``.
# - Such gradients are biased, so test whether they train your network.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_detach_in_the_wrong_place.py`: other ways to lose a
#   gradient.
# - :ref:`sphx_glr_recipes_gradients_looking_at_gradients.py`
# - `torch.nn.functional.gumbel_softmax
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.gumbel_softmax.html>`__
# - `torch.distributions
#   <https://docs.pytorch.org/docs/stable/distributions.html>`__: its first section
#   explains REINFORCE.

# %%
# Sources
# -------
#
# * `Backprop through argmax <https://github.com/pytorch/pytorch/issues/1339>`__: the
#   gradients of the first network are ``None``.
# * `Gumbel_softmax issue in hard mode
#   <https://github.com/pytorch/pytorch/issues/48574>`__: where ``detach`` has to be in
#   ``hard - soft + soft``.
# * `gumbel_softmax is practically random if data is around 0 to 1
#   <https://github.com/pytorch/pytorch/issues/14634>`__: it draws a class, instead of
#   taking the one with the largest score.

# sphinx_gallery_position = 11
# sphinx_gallery_tags = ["autograd", "straight-through", "argmax", "detach", "SGD"]
# sphinx_gallery_cost = "6 s"
# sphinx_gallery_needs = []
