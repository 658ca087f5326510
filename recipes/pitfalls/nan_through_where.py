"""
NaN gradients through torch.where and sqrt
==========================================

``torch.where`` hides a bad value, but not its gradient: the branch that it rejects gets
a gradient of 0, and 0 times ``inf`` or ``nan`` is ``nan``. So use ``where`` twice: once
on the input, to keep bad values out of the operation, and once on the result.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#    -root = torch.where(x > 0, x.sqrt(), 0.0)
#    +positive = torch.where(x > 0, x, 1.0)
#    +root = torch.where(x > 0, positive.sqrt(), 0.0)
#
# Both give the same roots. Only the second has the right gradient:

import torch

for twice in (False, True):
    x = torch.tensor([-1.0, 0.0, 4.0], requires_grad=True)
    if twice:
        positive = torch.where(x > 0, x, 1.0)
        root = torch.where(x > 0, positive.sqrt(), 0.0)
    else:
        root = torch.where(x > 0, x.sqrt(), 0.0)
    root.sum().backward()
    print(f"twice={twice}: root {root.tolist()}, gradient {x.grad.tolist()}")

assert root.tolist() == [0, 0, 2], "with where twice, the roots are right"
assert x.grad.tolist() == [0, 0, 0.25], "with where twice, the gradient is right"

# %%
# Which operations do this
# ------------------------
#
# Those whose derivative is ``inf`` or ``nan`` at the rejected input. Each line rejects
# one input, and the safe input takes its place in the operation:

import math

cases = {  # operation, rejected input, safe input
    "sqrt": (torch.sqrt, 0.0, 1.0),
    "log": (torch.log, 0.0, 1.0),
    "1 / x": (torch.reciprocal, 0.0, 1.0),
    "exp": (torch.exp, 100.0, 0.0),
    "acos": (torch.acos, 1.0, 0.0),
    "x**2": (torch.square, 100.0, 1.0),
}


def gradients(function, bad, safe):
    """Return the derivative at bad, and the gradient with where once and twice."""
    x = torch.tensor(bad, requires_grad=True)
    allowed = x != bad
    results = (
        function(x),
        torch.where(allowed, function(x), 0.0),
        torch.where(allowed, function(torch.where(allowed, x, safe)), 0.0),
    )
    return [torch.autograd.grad(result, x)[0].item() for result in results]


print("operation  rejected  derivative  where once  where twice")
for name, case in cases.items():
    derivative, once, twice = gradients(*case)
    print(f"{name:9}{case[1]:10}{derivative:12}{once:12}{twice:13}")

# %%
# A finite derivative does no harm, as in the last line, or in ``log`` at -1: its value
# there is ``nan``, but its derivative is -1.

for name, case in cases.items():
    derivative, once, twice = gradients(*case)
    assert math.isinf(derivative) == (name != "x**2"), (
        "the derivatives are infinite, except that of x**2"
    )
    assert math.isnan(once) == (name != "x**2"), (
        "where once gives nan, except for x**2 with its finite derivative"
    )
    assert twice == 0, "where twice gives 0"
for x in (torch.tensor([-1.0, 0.0, 4.0], requires_grad=True),):
    root = torch.where(x > 0, x.sqrt(), 0.0)
    assert root.tolist() == [0, 0, 2], "with where once, the roots are right"
    assert torch.autograd.grad(root.sum(), x)[0][:2].isnan().all(), (
        "with where once, the gradient of what it rejects is nan"
    )
    result = torch.where(x > 0, x.log(), 0.0)
    assert torch.autograd.grad(result.sum(), x)[0][0] == 0, "log at -1 does no harm"

# %%
# What does not help
# ------------------
#
# Here are the gradients of other ways to hide a bad value, for ``[-1, 0, 4]``:

ways = {
    "masked_fill": lambda x: x.sqrt().masked_fill(x <= 0, 0.0),
    "times a mask": lambda x: x.sqrt() * (x > 0),
    "nan_to_num": lambda x: x.sqrt().nan_to_num(),
    "clamp after": lambda x: x.sqrt().clamp(min=1e-6),
    "clamp before": lambda x: x.clamp(min=1e-12).sqrt(),
    "indexing": lambda x: x[x > 0].sqrt(),
}
results = {}
for name, way in ways.items():
    x = torch.tensor([-1.0, 0.0, 4.0], requires_grad=True)
    way(x).sum().backward()
    results[name] = x.grad.tolist()
    print(f"{name:14}{results[name]}")

# %%
# What comes *after* the root cannot help, because ``backward()`` still goes through it.
# What comes *before* the root can:
#
# - Indexing computes the root only where it exists. This is the other right way, but
#   on a GPU it has to wait for the device.
# - ``clamp`` gives a gradient of 0 where it clamps, but the roots there are 1e-6
#   instead of 0. Just above 1e-12, the derivative is almost 500,000: no ``nan``, but a
#   gradient that explodes.

for name, gradient in results.items():
    finite = bool(torch.tensor(gradient).isfinite().all())
    assert finite == (name in ("clamp before", "indexing")), (
        "of these ways, only clamp before the root and indexing give finite gradients"
    )
    assert not finite or gradient == [0, 0, 0.25], "and those two are right here"
for x in (torch.tensor(1.1e-12, requires_grad=True),):
    result = ways["clamp before"](x)
    assert torch.autograd.grad(result, x)[0] > 400_000, "just above 1e-12, it explodes"

# %%
# Distances: nan after one step
# -----------------------------
#
# It also happens without ``where``. Place 20 points so that their distances are the
# given ones. The distance of each point to itself is 0, which is where the root has an
# infinite derivative:

ways_to_measure = {
    "square root": lambda difference: difference.square().sum(dim=-1).sqrt(),
    "vector_norm": lambda difference: torch.linalg.vector_norm(difference, dim=-1),
}


def place(distance):
    """Return the losses of 200 steps, and the points."""
    torch.manual_seed(0)
    map_of_points = torch.rand(20, 2)
    given = torch.cdist(map_of_points, map_of_points)
    points = torch.randn(20, 2, requires_grad=True)
    optimizer = torch.optim.Adam([points], lr=0.05)
    losses = []
    for _ in range(200):
        optimizer.zero_grad()
        distances = distance(points[:, None] - points)
        loss = (distances - given).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, points


runs = {name: place(distance) for name, distance in ways_to_measure.items()}
print("distance by   loss 1   loss 2   loss 200   points that are nan")
for name, (losses, points) in runs.items():
    count = int(points.isnan().any(dim=1).sum())
    print(
        f"{name:12}{losses[0]:8.4f}{losses[1]:9.4f}{losses[-1]:11.6f}{count:10} of 20"
    )

# %%
# The first losses agree. With the square root, one step then turns every point into
# ``nan``, although only the 20 distances on the diagonal are 0, and they contribute
# nothing to the loss.
#
# PyTorch's norms handle this case: ``torch.linalg.vector_norm``, ``x.norm()`` and
# ``torch.cdist`` return 0 as the gradient at 0. ``torch.hypot`` does not. In a formula
# of your own, add a small number under the root: ``(x.square().sum() + 1e-12).sqrt()``.

for by_root, by_norm in (tuple(runs.values()),):
    assert math.isclose(by_root[0][0], by_norm[0][0], rel_tol=1e-5), (
        "first losses agree"
    )
    assert by_root[1].isnan().all(), "with the square root, all points are nan"
    assert by_norm[0][-1] < 0.1 * by_norm[0][0], "with vector_norm, the loss falls"
for norm, is_nan in {
    torch.linalg.vector_norm: False,
    torch.Tensor.norm: False,
    lambda x: torch.cdist(x[None], x.new_zeros(1, 2)): False,
    lambda x: (x.square().sum() + 1e-12).sqrt(): False,
    lambda x: x.square().sum().sqrt(): True,
    lambda x: torch.hypot(*x): True,
}.items():
    zeros = torch.zeros(2, requires_grad=True)
    gradient = torch.autograd.grad(norm(zeros).sum(), zeros)[0]
    assert gradient.isnan().all() == is_nan, "hypot and the root alone give nan at 0"
    assert is_nan or not gradient.any(), "the other norms have the gradient 0 at 0"

# %%
# Why it happens
# --------------
#
# ``where`` returns one of two values that were both computed. In ``backward()``, it
# sends the gradient to the branch that it chose, and zeros to the other one. Autograd
# cannot tell this zero from any other, so it multiplies it by the derivative of the
# root, which is ``1 / (2 * sqrt(x))``: ``inf`` at 0, and ``nan`` below. The result is
# ``nan``. It is added to the gradient from the chosen branch, and spreads to every
# parameter that ``x`` was computed from.

# %%
# In your own code
# ----------------
#
# The loss is finite when it happens, so look at the gradients. If you clip, one
# argument is enough. Then ``detect_anomaly`` finds the operation:

import warnings

x = torch.tensor([0.0, 4.0], requires_grad=True)
torch.where(x > 0, x.sqrt(), 0.0).sum().backward()
try:
    torch.nn.utils.clip_grad_norm_([x], max_norm=1.0, error_if_nonfinite=True)
except RuntimeError as error:
    print(f"{type(error).__name__}: {error}\n")

with warnings.catch_warnings(action="ignore"):  # it warns that it is slow
    try:
        with torch.autograd.detect_anomaly():
            torch.where(x > 0, x.sqrt(), 0.0).sum().backward()
    except RuntimeError as error:
        print(f"{type(error).__name__}: {error}")

# %%
# The warning that this code ignores names the line of the forward pass:
# :ref:`sphx_glr_recipes_gradients_checking_gradients.py`. ``detect_anomaly`` does not
# report ``inf``. On a GPU, both checks wait for the device, so remove them afterward.
#
# With ``GradScaler``, no weight becomes ``nan``, because the step is skipped and the
# scale is halved. So look at the scale:

parameter = torch.zeros(2, requires_grad=True)
optimizer = torch.optim.SGD([parameter], lr=0.1)
scaler = torch.amp.GradScaler("cpu")
for step in (1, 2, 3):
    optimizer.zero_grad()
    scaler.scale(parameter.square().sum().sqrt()).backward()
    scaler.step(optimizer)
    scaler.update()
    print(f"step {step}: parameter {parameter.tolist()}, scale {scaler.get_scale()}")

assert not parameter.any(), "GradScaler skips the steps, so the parameter stays"
assert scaler.get_scale() == 2**16 / 2**3, "and it halves the scale at each step"

# %%
# Try it
# ------
#
# ``-(p * p.log()).sum()`` is the entropy of ``p``. For ``p = logits.softmax(dim=0)``
# and the logits 0 and 200, it is ``nan``, because the smaller probability is rounded to
# 0. ``torch.where(p > 0, p * p.log(), 0.0)`` fixes the value. What is its gradient, and
# what fixes both?
#
# **Solution**

results = {}
for name in ("where", "log_softmax"):
    logits = torch.tensor([0.0, 200.0], requires_grad=True)
    p = logits.softmax(dim=0)
    if name == "where":
        terms = torch.where(p > 0, p * p.log(), 0.0)
    else:
        terms = p * logits.log_softmax(dim=0)
    terms.sum().neg().backward()
    results[name] = abs(terms.sum().item()), logits.grad
    print(f"{name:12}entropy {results[name][0]}, gradient {logits.grad.tolist()}")

for name, (entropy, gradient) in results.items():
    assert entropy == 0, "both entropies are 0"
    assert gradient.isnan().all() == (name == "where"), (
        "with where, the gradient is nan; with log_softmax, it is not"
    )

# %%
# It is ``nan``. ``log_softmax`` computes the logarithm from the logits, so nothing has
# to be hidden. A formula that has no bad values is better than a ``where``.

# %%
# Remember
# --------
#
# - ``where`` chooses values. Gradients go through both branches, and 0 times ``inf`` is
#   ``nan``.
# - Keep bad values out of the operation: ``where`` on its input, too.
# - At 0, use ``torch.linalg.vector_norm``, not the square root of a sum of squares.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_checking_gradients.py`: find the line of a ``nan``,
#   and check gradients of your own.
# - :ref:`sphx_glr_recipes_gradients_clipping_gradients.py`: gradients that are finite,
#   but too large.
# - `torch.where <https://docs.pytorch.org/docs/stable/generated/torch.where.html>`__
# - `torch.linalg.vector_norm
#   <https://docs.pytorch.org/docs/stable/generated/torch.linalg.vector_norm.html>`__

# %%
# Sources
# -------
#
# - `pytorch #187297 <https://github.com/pytorch/pytorch/issues/187297>`__: ``where``
#   with a root in the branch that is not chosen, in 2026.
# - `pytorch #68425 <https://github.com/pytorch/pytorch/issues/68425>`__: the same with
#   ``exp``.
# - `pytorch #2421 <https://github.com/pytorch/pytorch/issues/2421>`__: the norm at 0,
#   before PyTorch gave it a gradient of 0.
# - `mmrotate #205 <https://github.com/open-mmlab/mmrotate/issues/205>`__: a distance
#   loss with a square root at 0.

# sphinx_gallery_position = 15
# sphinx_gallery_tags = ["nan", "where", "norm", "detect_anomaly", "autograd"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "generic", "stage": "model", "effect": "wrong result", "group": "explodes", "symptom": "The loss is finite, and after one step all weights are nan."}
