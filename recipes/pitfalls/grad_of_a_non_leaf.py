"""
Why .grad is None after backward()
==================================

PyTorch keeps gradients only for leaf tensors, such as parameters; for a tensor computed
from them, call ``retain_grad()`` before ``backward()``. If a parameter has none, the
loss does not depend on it, a ``detach()`` cuts it off, or ``zero_grad()`` has cleared
it.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#     hidden = torch.tanh(3 * weight)
#    +hidden.retain_grad()
#     (2 * hidden).backward()
#
# Without the marked line, ``hidden.grad`` is ``None``, and reading it gives a warning.

import warnings

import torch

weight, grads, warned = torch.tensor(1.0, requires_grad=True), [], []
for retain in (False, True):
    hidden = torch.tanh(3 * weight)
    if retain:
        hidden.retain_grad()
    (2 * hidden).backward()
    with warnings.catch_warnings(record=True, action="always") as caught:
        grads.append(hidden.grad)
    print(f"retain={retain}: hidden.grad is {grads[-1]}")
    warned.append([str(each.message).partition(" (Trig")[0] for each in caught])
    print(*(f"UserWarning: {message}" for message in warned[-1]))

assert grads[0] is None, "without retain_grad(), .grad is None"
assert grads[1] == 2, "with retain_grad(), it is the gradient"
assert "not a leaf Tensor is being accessed" in warned[0][0], (
    "reading it gives a warning"
)
assert not warned[1], "with retain_grad(), there is no warning"

# %%
# Which tensors are leaves
# ------------------------
#
# A leaf is a tensor that no recorded operation made, so its ``grad_fn`` is ``None``.
# Here are four tensors from a small network:

from torch import nn

torch.manual_seed(0)
points = torch.randn(64, 3)
targets = points.sum(dim=1, keepdim=True)
first_layer, second_layer = nn.Linear(3, 8), nn.Linear(8, 1)
hidden = torch.tanh(first_layer(points))

tensors = {
    "first_layer.weight": first_layer.weight,
    "points": points,
    "points.mean()": points.mean(),
    "hidden": hidden,
}
print(f"{'':20}is_leaf   requires_grad")
for name, tensor in tensors.items():
    print(f"{name:20}{tensor.is_leaf!s:10}{tensor.requires_grad}")

# %%
# ``backward()`` fills ``.grad`` only where both columns say ``True``.

for name, tensor in tensors.items():
    assert tensor.is_leaf == (name != "hidden"), (
        "of the four, only hidden is not a leaf"
    )
    assert tensor.is_leaf == (tensor.grad_fn is None), "a leaf has no grad_fn"
for tensor in (weight.detach(), weight > 0):
    assert tensor.is_leaf, "what is computed from a weight can be a leaf"

# %%
# Two ways to get the gradient
# ----------------------------
#
# ``torch.autograd.grad`` returns the gradient. ``retain_grad()`` makes ``backward()``
# store it in ``.grad``. Compare both with the gradient worked out by hand, which for
# this network is twice the error of each point, divided by the number of points, times
# the weights of the second layer.

output = second_layer(hidden)
loss = nn.functional.mse_loss(output, targets)
(returned,) = torch.autograd.grad(loss, hidden, retain_graph=True)
hidden.retain_grad()
loss.backward()
by_hand = (2 * (output - targets) / len(points) * second_layer.weight).detach()
print("autograd.grad:", returned[0, :4])
print("retain_grad():", hidden.grad[0, :4])
print("by hand:      ", by_hand[0, :4])

assert torch.allclose(hidden.grad, by_hand, atol=1e-6), "retain_grad() is right"
assert torch.allclose(returned, by_hand, atol=1e-6), "torch.autograd.grad is right"

# %%
# These are the first four hidden units for the first point. ``torch.autograd.grad``
# changes no ``.grad`` of a leaf. But it adds to the ``.grad`` of every tensor on its
# way that retains its gradient, so use one of the two and not both.

hidden = torch.tanh(first_layer(points))
hidden.retain_grad()
torch.autograd.grad(hidden.sum(), first_layer.weight)
print("hidden.grad after torch.autograd.grad:", hidden.grad[0, :4])

for expected in ((by_hand * (1 - hidden**2)).sum(dim=0),):
    assert torch.allclose(first_layer.bias.grad, expected, atol=1e-5), (
        "a leaf has its gradient from backward(): autograd.grad changes no leaf's .grad"
    )
assert hidden.grad.eq(1).all(), (
    "autograd.grad adds to the .grad of a tensor on its way that retains it"
)

# %%
# A parameter that is not a leaf
# ------------------------------
#
# Often you meant a leaf, and made something else. An optimizer rejects it:


def scaled_afterwards():
    return torch.randn(3, 1, requires_grad=True) * 0.1


def scaled_first():
    return (torch.randn(3, 1) * 0.1).requires_grad_()


verdicts = dict.fromkeys((scaled_afterwards, scaled_first), "accepted")
for make_weight in verdicts:
    try:
        torch.optim.SGD([make_weight()], lr=0.1)
    except ValueError as error:
        verdicts[make_weight] = f"{type(error).__name__}: {error}"
    print(f"{make_weight.__name__}:\n{verdicts[make_weight]}")

# %%
# In ``scaled_afterwards``, the leaf is the tensor before the multiplication, which no
# variable holds. ``.double()``, ``.reshape(…)`` or a ``.to("cuda")`` that moves the
# tensor have the same effect. So call ``requires_grad_()`` last, or use an
# ``nn.Parameter``, which is always a leaf when you create it.

assert verdicts[scaled_afterwards] == "ValueError: can't optimize a non-leaf Tensor", (
    "a tensor that was scaled afterwards is rejected"
)
assert verdicts[scaled_first] == "accepted", "one that was scaled first is not"
for change in (torch.Tensor.double, lambda x: x.reshape(1, 3), torch.clone):
    changed = change(torch.randn(3, requires_grad=True))
    assert not changed.is_leaf, "nor are double(), reshape() and clone() leaves"
assert nn.Parameter(hidden).is_leaf, "a new nn.Parameter is a leaf"

# %%
# Why it happens
# --------------
#
# Training needs the gradients of parameters, and those are leaves. The gradients in
# between are only needed to compute the next ones, so ``backward()`` frees each of them
# as soon as it has been used. Keeping them would cost about as much memory as the
# results of all layers.

# %%
# In your own code
# ----------------
#
# Ask the tensor why it has no gradient:


def why_none(tensor):
    if not tensor.is_leaf and not tensor.retains_grad:
        return "it is not a leaf: call retain_grad() before backward()"
    if tensor.grad is not None:
        return "it has a gradient"
    if not tensor.requires_grad:
        return "it requires no gradient"
    if tensor.is_leaf:
        return "backward() has not reached it, or it was cleared since"
    return "backward() has not reached it since, or retain_grad() came too late"


late = torch.tanh(weight)
late.backward()
late.retain_grad()  # too late, but there is no warning
cases = {
    "points": points,
    "a new weight": torch.ones(3, requires_grad=True),
    "hidden, not retained": torch.tanh(weight),
    "hidden, retained late": late,
}
for name, tensor in cases.items():
    with warnings.catch_warnings(record=True, action="always") as caught:
        print(f"{name}: .grad is {tensor.grad}\n    {why_none(tensor)}")
    warned.append(len(caught))

# %%
# For parameters, there are four usual causes: the loss does not depend on the
# parameter, a ``detach()`` cuts it off, ``zero_grad()`` has set its ``.grad`` to
# ``None``, or ``backward()`` has not run yet. All but ``zero_grad()`` can cause the
# last answer, as can a late ``retain_grad()``. Of the four tensors, only the third
# gives the warning.

assert warned[2:] == [0, 0, 1, 0], "only the third of the four tensors gives a warning"
assert not points.requires_grad, "the first answer is true: points need no gradient"
assert "requires no gradient" in why_none(points), "and why_none says so"
assert "has not reached it, or" in why_none(cases["a new weight"]), (
    "for a parameter before backward(), why_none says that backward() is missing"
)
assert "call retain_grad()" in why_none(torch.tanh(weight)), (
    "for a tensor that is not a leaf, why_none asks for retain_grad()"
)
assert late.grad is None, "retain_grad() after backward() is too late"
assert "too late" in why_none(late), "and why_none says so"
for early in (torch.tanh(weight),):
    nothing = early.retain_grad()
    assert "has not reached it since" in why_none(early), (
        "if retain_grad() was early, why_none says that backward() is missing"
    )
for each in (weight, hidden):
    assert why_none(each) == "it has a gradient", "where there is one, why_none says so"

# %%
# Try it
# ------
#
# ``points`` is a leaf, but its ``.grad`` is ``None``. How do you get the gradient of
# the loss with respect to the points, for example for a saliency map?
#
# **Solution**

inputs = points.clone().requires_grad_()
loss = nn.functional.mse_loss(second_layer(first_layer(inputs).tanh()), targets)
loss.backward()
print("inputs.grad:", tuple(inputs.grad.shape), " points.grad:", points.grad)

assert inputs.grad.shape == points.shape, "the inputs have a gradient"
assert points.grad is None, "the points have none"

# %%
# Data requires no gradient by default. Call ``requires_grad_()`` before the forward
# pass, on a copy. On the data itself, every later step would compute this gradient,
# too.

# %%
# Remember
# --------
#
# - Only leaves that require a gradient get a ``.grad``.
# - For other tensors, call ``retain_grad()`` before ``backward()``.
# - When you make a parameter by hand, call ``requires_grad_()`` last.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_looking_at_gradients.py`: the gradients of a whole
#   network, and hooks.
# - :ref:`sphx_glr_recipes_pitfalls_detach_in_the_wrong_place.py`: parameters that
#   ``backward()`` does not reach.
# - :doc:`/guides/how_autograd_works`: leaves and nodes, in a drawing.
# - `torch.Tensor.retain_grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.retain_grad.html>`__
# - `torch.autograd.grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html>`__

# sphinx_gallery_position = 24
# sphinx_gallery_tags = ["retain_grad", "requires_grad", "autograd"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "training", "effect": "error-prone", "group": "error", "symptom": "UserWarning: The .grad attribute of a Tensor that is not a leaf Tensor is being accessed."}
