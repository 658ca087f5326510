"""
Checking gradients
==================

A wrong gradient raises no error: the training goes on, in a wrong direction. Two tools
tell you more: one compares a gradient with finite differences, the other finds where a
``nan`` was born.

What you will learn
-------------------

- How to check a derivative by hand, with finite differences.
- How ``torch.autograd.gradcheck`` does it for you, and why it wants double precision.
- How ``torch.autograd.detect_anomaly`` finds the line that made a gradient ``nan``.

What you need
-------------

- ``torch`` and ``matplotlib``.
- No data set.
- About 5 seconds on two CPU cores.
"""

# %%
# Step 1. Check a derivative by hand
# ----------------------------------
#
# A derivative says how much a result changes when its input changes a little. So change
# the input a little, to both sides, and look. This is called a finite difference.

import math
import warnings

import matplotlib.pyplot as plt
import torch


def function(x):
    return x * torch.sin(x)


def finite_difference(x, distance):
    return (function(x + distance) - function(x - distance)) / (2 * distance)


x = torch.tensor(2.0, dtype=torch.double, requires_grad=True)
function(x).backward()
by_hand = finite_difference(x.detach(), 1e-6)
print(f"autograd:          {x.grad.item():.8f}")
print(f"finite difference: {by_hand.item():.8f}")
assert abs(x.grad - by_hand) < 1e-8
assert abs(x.grad - (math.sin(2) + 2 * math.cos(2))) < 1e-12

# %%
# Eight decimals agree. How small must the distance be? Try many, in double and in
# single precision, and draw how far each result is from the true derivative.

fig, ax = plt.subplots()
distances = [10 ** (-power / 2) for power in range(2, 21)]
smallest_error = {}
for dtype, color in [(torch.float, "C1"), (torch.double, "C0")]:
    at = torch.tensor(2.0, dtype=dtype)
    errors = [
        abs(finite_difference(at, distance).item() - x.grad.item())
        for distance in distances
    ]
    smallest_error[dtype] = min(errors)
    ax.loglog(distances, errors, f"{color}o-", label=str(dtype))
ax.set(xlabel="distance to each side (log scale)", ylabel="error (log scale)")
ax.legend()
plt.show()
# sphinx_gallery_alt_block = "Error of the finite difference over the distance, both on logarithmic scales, for single and double precision. From right to left both fall together, then they rise again. Single precision turns much earlier and never gets as exact as double precision."

# %%
# Too long a distance, and the function is not straight in between. Too short a
# distance, and the difference of two nearly equal numbers is lost in rounding. With
# single precision the best result is a thousand times worse, or more.

print(f"best error in single precision: {smallest_error[torch.float]:.0e}")
print(f"best error in double precision: {smallest_error[torch.double]:.0e}")
assert smallest_error[torch.float] > 1000 * smallest_error[torch.double]
# sphinx_gallery_compare_block = "shape"

# %%
# Step 2. Let gradcheck do it
# ---------------------------
#
# ``gradcheck`` checks the derivative of each output with respect to each input in this
# way. You need it when you write a derivative of your own. Here is the cube of x, whose
# derivative is 3x², once right and once with a slip.


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * 3 * x**2


class WrongCube(Cube):
    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * 2 * x**2  # it should be 3


torch.manual_seed(0)
inputs = torch.randn(3, dtype=torch.double, requires_grad=True)
print("Cube:     ", torch.autograd.gradcheck(Cube.apply, inputs))

message = ""
try:
    torch.autograd.gradcheck(WrongCube.apply, inputs)
except RuntimeError as error:
    message = str(error)
    print("WrongCube:", message)
assert "Jacobian mismatch" in message

# %%
# *Numerical* is the finite difference, *analytical* what your ``backward`` returned.
# Row and column say which input and which output do not fit. Here each number on the
# diagonal is two thirds of what it should be, which points to the factor.

# %%
# Step 3. Use double precision
# ----------------------------
#
# The right function, in single precision:

message = ""
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    try:
        torch.autograd.gradcheck(Cube.apply, inputs.detach().float().requires_grad_())
    except RuntimeError as error:
        message = str(error)
warning = str(caught[0].message)
print("warning:", warning.split(". ", maxsplit=1)[0])
print("error:  ", message.split(",")[0])
assert "not a double precision" in warning
assert "Jacobian mismatch" in message, "a right function fails, too"

# %%
# It fails, and your code is innocent: the default distance of 1e-6 is lost in rounding,
# as in the picture above. So call ``.double()`` on a small copy of your module and on
# its inputs, and check that. A function that is random, like dropout, or has a kink at
# the input, like ``relu`` at 0, fails as well, and rightly so.

# %%
# Step 4. Find where a nan was born
# ---------------------------------
#
# This function takes the square root of positive numbers and 0 of all others. It looks
# safe, and its results are.


def safe_root(x):
    roots = torch.sqrt(x)
    return torch.where(x > 0, roots, torch.zeros_like(x))


x = torch.tensor([-1.0, 4.0], requires_grad=True)
result = safe_root(x)
result.sum().backward()
print("result:  ", result.tolist())
print("gradient:", x.grad.tolist())
assert result.tolist() == [0, 2]
assert x.grad[0].isnan() and x.grad[1] == 0.25

# %%
# The result is right, the gradient holds a ``nan``. In a network, the next step would
# make ``nan`` of the weights that it belongs to, and the step after that of nearly all
# the others. Run the same under ``detect_anomaly``, forward pass and ``backward``. It
# stops at the first ``nan`` and warns with a traceback of the *forward* call. The last
# lines of that traceback are what you want.

message = ""
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    with torch.autograd.detect_anomaly():
        try:
            safe_root(x).sum().backward()
        except RuntimeError as error:
            message = str(error)
traceback = str(caught[-1].message).split(" (Triggered")[0].splitlines()

print("error:      ", message)
print("in function:", traceback[-2].rsplit(" ", 1)[-1])
print("the line:   ", traceback[-1].strip())
assert "SqrtBackward0" in message and "nan" in message
assert traceback[-2].endswith("in safe_root")

# %%
# The square root of -1 is ``nan``, and so is its derivative. ``torch.where`` hides the
# first. In ``backward`` it sends a gradient of 0 into the root, and 0 times ``nan`` is
# ``nan``. Repair the input of the root and not its output:


def safe_root(x):
    positive = torch.where(x > 0, x, torch.ones_like(x))
    return torch.where(x > 0, torch.sqrt(positive), torch.zeros_like(x))


x.grad = None
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # detect_anomaly warns that it is slow
    with torch.autograd.detect_anomaly():
        result = safe_root(x)
        result.sum().backward()
print("result:  ", result.tolist())
print("gradient:", x.grad.tolist())
assert result.tolist() == [0, 2]
assert x.grad.tolist() == [0, 0.25]

# %%
# The same results, and a gradient without ``nan``. Take ``detect_anomaly`` out again
# afterwards: it records a traceback for every operation and looks at every gradient.

# %%
# What to remember
# ----------------
#
# - Check each derivative that you write yourself with ``gradcheck``, on small inputs in
#   double precision.
# - A finite difference has a best distance. Too short is as bad as too long.
# - ``detect_anomaly`` around forward pass and ``backward`` names the line behind a
#   ``nan``. Use it for the search, not in training.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_looking_at_gradients.py`: see gradients layer by
#   layer.
# - :ref:`sphx_glr_recipes_gradients_clipping_gradients.py`: what to do about gradients
#   that are right, and too long.
# - `torch.autograd.gradcheck
#   <https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html>`__
# - `Gradcheck mechanics
#   <https://docs.pytorch.org/docs/stable/notes/gradcheck.html>`__
# - `torch.autograd.detect_anomaly
#   <https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.detect_anomaly>`__

# sphinx_gallery_position = 7
# sphinx_gallery_tags = ["autograd", "gradcheck", "detect_anomaly", "nan"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
