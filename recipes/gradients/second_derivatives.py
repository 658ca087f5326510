"""
Second derivatives: gradients of gradients
==========================================

To differentiate a gradient once more, compute it with ``torch.autograd.grad`` and
``create_graph=True``, because otherwise it is a constant without a graph. The error
“appears to not have been used in the graph” says that the output does not depend on
that input, or that you passed a copy or a slice of it.
"""

# %%
# In short
# --------
#
# The derivatives of ``x**3`` at 3 are ``3x² = 27`` and ``6x = 18``. Only with
# ``create_graph=True`` does the first one remember where it comes from:

import matplotlib.pyplot as plt
import torch

x = torch.tensor(3.0, requires_grad=True)
for create_graph in (False, True):
    (first,) = torch.autograd.grad(x**3, x, create_graph=create_graph)
    print("first derivative: ", first)
    try:
        (second,) = torch.autograd.grad(first, x)
        print("second derivative:", second)
    except RuntimeError as error:
        print(f"{type(error).__name__}: {error}")

assert first == 27, "the first derivative is 27"
assert second == 18, "with create_graph=True, the second derivative is 18"

# %%
# ``torch.autograd.grad`` returns gradients and leaves ``.grad`` alone. Prefer it to
# ``backward(create_graph=True)``, which can leak memory:
# :ref:`sphx_glr_recipes_pitfalls_create_graph_leak.py`.

# %%
# A gradient penalty that does nothing
# ------------------------------------
#
# In training, the same omission gives no error. A gradient penalty adds the squared
# slope of the network to the loss, to make the network smoother (WGAN-GP instead pulls
# the slope of a GAN's discriminator toward 1). Fit 16 noisy points of a sine, without a
# penalty and with both values of ``create_graph``:

from torch import nn

torch.manual_seed(0)
inputs = torch.linspace(-1, 1, 16)[:, None]
targets = torch.sin(3 * inputs) + 0.3 * torch.randn_like(inputs)
grid = torch.linspace(-1, 1, 101)[:, None].requires_grad_()


def slope_of(model, create_graph):
    """Return the derivative of the network's output at each point of the grid."""
    (slope,) = torch.autograd.grad(model(grid).sum(), grid, create_graph=create_graph)
    return slope


def train(weight, create_graph=False):
    """Return the network, its last loss, and its last penalty."""
    torch.manual_seed(0)
    hidden = [nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh()]
    model = nn.Sequential(*hidden, nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(200):
        optimizer.zero_grad()
        loss = (model(inputs) - targets).square().mean()
        penalty = slope_of(model, create_graph).square().mean()
        (loss + weight * penalty).backward()
        optimizer.step()
    return model, loss, penalty


runs = {
    "no penalty": train(0),
    "create_graph=False": train(0.05),
    "create_graph=True": train(0.05, create_graph=True),
}
penalties = [penalty.item() for _, _, penalty in runs.values()]
for name, (_, loss, penalty) in runs.items():
    print(f"{name:18}  loss {loss:.3f}  penalty {penalty:.2f}")

# %%
# With ``create_graph=False``, the penalty is a constant without a gradient, so the
# network is the one without a penalty. Because the loss has a gradient, ``backward()``
# does not complain. The sum over ``model(grid)`` gives all slopes in one call, because
# each output depends on its own input only (unlike with batch norm in training mode).
# In the plot, only ``create_graph=True`` makes the curve smoother.

fig, ax = plt.subplots(layout="constrained")
ax.plot(inputs, targets, "C2o", label="data")
for name, style in (("create_graph=False", "C1"), ("create_graph=True", "C0")):
    ax.plot(grid.detach(), runs[name][0](grid).detach(), style, label=name)
ax.set(xlabel="input", ylabel="output", xticks=[-1, -0.5, 0, 0.5, 1])
fig.legend(loc="outside upper center", ncols=2)
plt.show()
# sphinx_gallery_alt_block = "Noisy points along a sine, and two fits. With create_graph=False the curve bends to follow the noise of single points. With create_graph=True it is smooth and less steep."

assert abs(penalties[0] - penalties[1]) < 0.05 * penalties[0], (
    "with create_graph=False, the penalty ends as it does without one"
)
assert penalties[2] < 0.6 * penalties[0], (
    "with create_graph=True, it is at most 60% of that"
)
assert not runs["create_graph=False"][2].requires_grad, "the penalty has no graph"

# %%
# “Appears to not have been used in the graph”
# --------------------------------------------
#
# ``autograd.grad`` raises this error if no path leads from the output back to one of
# the inputs. The index is the position of that input, counted from 0; older versions
# say “One of the differentiated Tensors” instead.

scale = torch.tensor(3.0, requires_grad=True)
unused = torch.tensor(1.0, requires_grad=True)
x = torch.tensor([1.0, 2.0], requires_grad=True)
output = (scale * x).sum()
(slope,) = torch.autograd.grad(output, x, create_graph=True)
try:
    torch.autograd.grad(output, [scale, unused], retain_graph=True)
except RuntimeError as error:
    print(f"{type(error).__name__}: {error}")

# %%
# With ``allow_unused=True`` you get ``None`` instead, and with
# ``materialize_grads=True`` zeros. Whether that is right depends on the cause:

cases = {
    "not part of the output": (output, unused),
    "a copy, made afterwards": (output, x.clone()),
    "a part, cut out afterwards": (output, x[0]),
    "slope of a linear function": (slope.sum(), x),
}
results = {}
for name, (of, with_respect_to) in cases.items():
    pair = []
    for options in ({"allow_unused": True}, {"materialize_grads": True}):
        pair += torch.autograd.grad(of, with_respect_to, retain_graph=True, **options)
    print(f"{name:28} {pair[0]}  {pair[1].tolist()}")
    results[name] = pair

assert all(none is None for none, _ in results.values()), "each case is unused"
assert not any(zeros.any() for _, zeros in results.values()), "zeros replace None"
assert slope.requires_grad, "the slope 3 has a graph, which leads to scale"

# %%
# In the first and the last case, zero is right: nothing was computed from ``unused``,
# and the slope of ``scale * x`` is ``scale``, whatever ``x`` is. In the other two, zero
# is wrong, and the options hide a mistake: the output was computed from ``x``, while
# ``x.clone()`` and ``x[0]`` are new tensors. Copy or cut first, then compute.

# %%
# Other errors on the way
# -----------------------
#
# The gradient with respect to a vector is a vector, so the second call needs its sum,
# or its product with a direction. An input without ``requires_grad`` has no gradient.
# And fused attention has no second derivative:

query = torch.randn(1, 2, 4, 8, requires_grad=True)
attended = nn.functional.scaled_dot_product_attention(query, query, query)
(first,) = torch.autograd.grad(attended.sum(), query, create_graph=True)
messages = []
for of, with_respect_to in (
    (slope, scale),
    (slope.sum(), x.detach()),
    (first.sum(), query),
):
    try:
        torch.autograd.grad(of, with_respect_to, retain_graph=True)
    except RuntimeError as error:
        messages.append(f"{type(error).__name__}: {error}")
        print(messages[-1])

with nn.attention.sdpa_kernel(nn.attention.SDPBackend.MATH):
    attended = nn.functional.scaled_dot_product_attention(query, query, query)
(first,) = torch.autograd.grad(attended.sum(), query, create_graph=True)
print("with SDPBackend.MATH:", torch.autograd.grad(first.sum(), query)[0].shape)

assert len(messages) == 3, "each of the three calls raises an error"

# %%
# On a GPU, the last message names a different kernel, and cuDNN's recurrent layers have
# the same limit: run their forward pass under
# ``torch.backends.cudnn.flags(enabled=False)``. By default, a function compiled with
# ``torch.compile`` cannot be differentiated twice either.

# %%
# Hessians, and products with them
# --------------------------------
#
# For *n* inputs, the Hessian has *n²* numbers. Its product with a vector has only *n*,
# so for a network, compute that product. It is the gradient of ``gradient @ vector``,
# so it takes two calls:


def function(x):
    return x[0] ** 2 * x[1] + x[1] ** 3


def hessian_times(function, point, vector):
    (gradient,) = torch.autograd.grad(function(point), point, create_graph=True)
    (product,) = torch.autograd.grad(gradient @ vector, point)
    return product


point = torch.tensor([1.0, 2.0], requires_grad=True)
direction = torch.tensor([1.0, -1.0])
hessian = torch.autograd.functional.hessian(function, point)
product = hessian_times(function, point, direction)
print("Hessian:", hessian.tolist())
print("product:", product.tolist())

assert hessian.tolist() == [[4, 2], [2, 12]], "the Hessian is (4, 2), (2, 12)"
assert torch.equal(product, hessian @ direction), "two calls give the product with it"

# %%
# Why it happens
# --------------
#
# ``backward()`` computes ``3 * x**2`` from the saved ``x``. This is arithmetic on
# tensors as in a forward pass, and PyTorch records it only if you ask, since recording
# keeps everything in memory that a second backward pass needs. With
# ``create_graph=True``, the result has a ``grad_fn`` that leads back to ``x``.

# %%
# In your own code
# ----------------
#
# Before you add a penalty to a loss, ask which parameters it depends on:


def not_used(output, model):
    """Name the parameters that an output does not depend on."""
    names, parameters = zip(*model.named_parameters(), strict=True)
    options = {"retain_graph": True, "allow_unused": True}
    gradients = torch.autograd.grad(output, parameters, **options)
    return [name for name, each in zip(names, gradients, strict=True) if each is None]


model = runs["create_graph=True"][0]
print("not used:", not_used(slope_of(model, True).square().mean(), model))

assert not_used(slope_of(model, True).sum(), model) == ["4.bias"], (
    "the slope depends on all parameters but the last bias"
)

# %%
# The last bias moves the output up and down, so it cannot change a slope. With
# ``create_graph=False``, the check fails with the first error of this page.
#
# A network of linear layers and ReLU consists of straight pieces. A gradient penalty
# trains it, but its second derivative with respect to the *inputs* is zero without an
# error. Where a loss contains such derivatives, use a smooth activation, such as tanh.

# %%
# Try it
# ------
#
# The largest eigenvalue of the Hessian limits the learning rate: on a quadratic
# function, gradient descent diverges above 2 divided by it. Find it for 50 weights
# without computing the Hessian.
#
# **Solution**

matrix = torch.randn(200, 50)


def quadratic(weights):
    return (matrix @ weights).square().mean() / 2


weights, vector = torch.zeros(50, requires_grad=True), torch.ones(50)
for _ in range(200):
    vector = hessian_times(quadratic, weights, vector / vector.norm())
largest = vector.norm()
hessian = torch.autograd.functional.hessian(quadratic, weights)
exact = torch.linalg.eigvalsh(hessian)[-1]
print(f"by products: {largest:.1f}, from the Hessian: {exact:.1f}")

assert abs(largest / exact - 1) < 0.05, "the products find the largest eigenvalue"

# %%
# Each product turns the vector toward the eigenvector of the largest eigenvalue, and
# stretches it, in the end by that value.

# %%
# Remember
# --------
#
# - A gradient has a graph only with ``create_graph=True``.
# - A penalty without a graph changes no weight and gives no error: check its
#   ``requires_grad``.
# - ``allow_unused`` and ``materialize_grads`` are for inputs that truly do not matter.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_create_graph_leak.py`
# - :ref:`sphx_glr_recipes_pitfalls_backward_twice.py`: ``retain_graph``, which
#   ``create_graph=True`` implies.
# - `torch.autograd.grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html>`__
# - `torch.func <https://docs.pytorch.org/docs/stable/func.html>`__: derivatives of
#   functions, with ``hessian``, ``jvp`` and ``vjp``.

# %%
# Sources
# -------
#
# * `Differentiated Tensors not Used in Graph
#   <https://github.com/YiZeng623/I-BAU/issues/2>`__: rewritten code works with one
#   network and fails with the next.
# * `Higher order derivatives of linear networks fail
#   <https://github.com/pytorch/pytorch/issues/38506>`__: the last of the four cases
#   above.
# * `Improving error message
#   <https://github.com/pytorch/pytorch/issues/73697>`__: readers asked which tensor
#   was meant; the message now gives its index.

# sphinx_gallery_position = 9
# sphinx_gallery_tags = ["autograd", "create_graph", "Hessian", "Adam"]
# sphinx_gallery_cost = "6 s"
# sphinx_gallery_needs = []
