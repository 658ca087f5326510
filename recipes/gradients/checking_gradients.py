"""
Checking gradients with gradcheck
=================================

Check a derivative of your own with ``torch.autograd.gradcheck``, on small inputs in
double precision. If the loss is finite but a gradient is ``nan``, run the forward pass
and ``backward()`` inside ``with torch.autograd.detect_anomaly():``, which names the
line where it first appears.
"""

# %%
# In short
# --------
#
# ``x**3`` with a ``backward`` written by hand, with the right factor and a wrong one:

import matplotlib.pyplot as plt
import torch


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * factor * x**2


x = torch.tensor([0.5, -1.0, 2.0], dtype=torch.double, requires_grad=True)
for factor in (3, 2):
    passed = torch.autograd.gradcheck(Cube.apply, x, raise_exception=False)
    print(factor, passed)

assert not passed, "gradcheck rejects a factor of 2"

# %%
# What a wrong derivative looks like
# ----------------------------------
#
# With the wrong factor, training would go on without an error, with gradients two
# thirds as large. But ``gradcheck`` raises an error:

try:
    torch.autograd.gradcheck(Cube.apply, x)
except RuntimeError as error:
    print(f"{type(error).__name__}: {error}")

factor = 3
assert torch.autograd.gradcheck(Cube.apply, x), "gradcheck accepts a factor of 3"

# %%
# *Numerical* is what ``gradcheck`` measured, *analytical* what ``backward`` returned.
# Row and column are input and output. The two have to agree within the tolerances
# ``atol=1e-5`` and ``rtol=1e-3``. Each analytical number is two thirds of the numerical
# one, which points to the factor.

# %%
# Why double precision
# --------------------
#
# ``gradcheck`` moves each input a little, by 1e-6 to both sides, and measures how much
# the output changes, which is called a *finite difference*. Do the same for ``sin(x)``
# with many distances, and compare with the true derivative, ``cos(x)``:


def finite_difference(x, distance):
    return ((x + distance).sin() - (x - distance).sin()) / (2 * distance)


true = torch.tensor(2.0, dtype=torch.double).cos().item()
distances = [10 ** (-power / 2) for power in range(2, 21)]
errors = {}
fig, ax = plt.subplots(layout="constrained")
for color, dtype in [("C1", torch.float), ("C0", torch.double)]:
    at = torch.tensor(2.0, dtype=dtype)
    errors[dtype] = [
        abs(finite_difference(at, each).item() - true) for each in distances
    ]
    ax.loglog(distances, errors[dtype], f"{color}o-", label=str(dtype))
ax.axvline(1e-6, color="C2", linestyle="--", label="gradcheck")
ax.set(xlabel="distance to each side (log scale)", ylabel="error (log scale)")
fig.legend(loc="outside upper center", ncols=3)
plt.show()
# sphinx_gallery_alt_block = "Error of the finite difference over the distance, both on logarithmic scales, in single and double precision. From right to left both fall, then they rise again. Single precision turns much earlier, and at the dashed line of gradcheck its error is large."

# %%
# If the distance is too large, the function is not straight in between. If it is too
# small, the difference of two nearly equal numbers is lost in rounding. In single
# precision (``torch.float32``), that happens long before 1e-6, so ``gradcheck`` rejects
# even a correct derivative:

import warnings

with warnings.catch_warnings(action="ignore"):  # it warns about the precision
    single = x.detach().float().requires_grad_()
    passed = torch.autograd.gradcheck(Cube.apply, single, raise_exception=False)
print("correct derivative, single precision:", passed)

at_default = distances.index(1e-6)
assert errors[torch.double][at_default] < 1e-8, (
    "in double precision, 1e-6 is a good distance"
)
assert errors[torch.float][at_default] > 1e-3, "in single precision, 1e-6 is too small"
assert not passed, "a correct derivative fails in single precision"

# %%
# Find where a nan comes from
# ---------------------------
#
# This function returns the square root of positive numbers, and 0 for all others. Its
# results are right, but its gradient is not:


def root_or_zero(x):
    return torch.where(x > 0, torch.sqrt(x), 0.0)


x = torch.tensor([-1.0, 0.0, 4.0], requires_grad=True)
(result := root_or_zero(x)).sum().backward()
print("result:", result.tolist(), "gradient:", x.grad.tolist())

catching = warnings.catch_warnings(record=True, action="always")
with catching as caught, torch.autograd.detect_anomaly():
    try:
        root_or_zero(x).sum().backward()
    except RuntimeError as error:
        print(f"{type(error).__name__}: {error}")
trace = str(caught[-1].message).partition(" (Triggered")[0].splitlines()
print("the line:", trace[-1].strip())

assert result.tolist() == [0, 0, 2], "the results of root_or_zero are right"
assert x.grad[:2].isnan().all(), "the gradients at -1 and 0 are nan"
assert "torch.sqrt(x)" in trace[-1], "detect_anomaly names the line"

# %%
# First check that the loss is finite. If it is ``nan`` already, the cause is in the
# forward pass, so look at the outputs of the layers.
#
# Otherwise, ``detect_anomaly`` stops at the first operation whose *backward* returns
# ``nan``, and prints a warning with the traceback of its *forward* call. In it, look at
# the last line in your own file. It does not catch ``inf``: for ``((a -
# b)**2).sum().sqrt()`` with equal ``a`` and ``b``, it names the square, and the cause
# is the root. Use it for the search only, because it records a traceback for each
# operation.
#
# ``where`` hides the ``nan`` of the root in the result. In ``backward()``, it sends a
# gradient of 0 into the root, and 0 times ``nan`` is ``nan``. At 0, the root is right
# but its slope is infinite, and 0 times ``inf`` is ``nan``, too. So change the input of
# the root, not its output:


def root_or_zero(x):
    positive = torch.where(x > 0, x, 1.0)
    return torch.where(x > 0, torch.sqrt(positive), 0.0)


x.grad = None
root_or_zero(x).sum().backward()
print("gradient:", x.grad.tolist())

assert x.grad.tolist() == [0, 0, 0.25], "with another input of the root, it is right"

# %%
# Why it happens
# --------------
#
# Autograd knows the derivatives of PyTorch's operations and combines them. It cannot
# see that the one you wrote is wrong, or that a branch which ``where`` rejected has an
# infinite or undefined slope. Finite differences use the forward pass only, so they are
# an independent check.

# %%
# In your own code
# ----------------
#
# Check a module, with respect to its input and all its parameters. Random layers, such
# as dropout, have to be off, so the copy is in evaluation mode:

import copy


def check_module(module, inputs):
    """Return True, or raise an error with the derivatives that differ."""
    module = copy.deepcopy(module).double().eval()  # without dropout
    inputs = inputs.detach().double().clone().requires_grad_()
    names = [name for name, _ in module.named_parameters()]

    def call(inputs, *values):
        parameters = dict(zip(names, values, strict=True))
        return torch.func.functional_call(module, parameters, inputs)

    return torch.autograd.gradcheck(call, (inputs, *module.parameters()))


torch.manual_seed(0)
print("passed:", check_module(torch.nn.GRUCell(3, 2), torch.randn(4, 3)))

assert check_module(torch.nn.Dropout(), torch.ones(3)), (
    "dropout passes, since it is off"
)

# %%
# The cost grows with the number of inputs, so use small modules, or ``fast_mode=True``.
# A function with a kink at the input can fail, as ``relu`` does at 0, because there it
# has no derivative to compare.

# %%
# Try it
# ------
#
# ``gradcheck`` rejects ``torch.nn.Dropout(0.5)``. Why, and how can you check it?
#
# **Solution**

dropout = torch.nn.Dropout(0.5)


def with_seed(inputs):
    torch.manual_seed(0)
    return dropout(inputs)


inputs = torch.ones(20, dtype=torch.double, requires_grad=True)
print("as it is:   ", torch.autograd.gradcheck(dropout, inputs, raise_exception=False))
print("with a seed:", torch.autograd.gradcheck(with_seed, inputs))

assert not torch.autograd.gradcheck(dropout, inputs, raise_exception=False), (
    "gradcheck rejects dropout"
)
assert torch.autograd.gradcheck(with_seed, inputs), "dropout with a seed passes"

# %%
# Each call draws a different mask, so the outputs differ for a reason that is not the
# input. Set the seed inside the function.

# %%
# Remember
# --------
#
# - ``gradcheck`` for derivatives of your own: small inputs, double precision.
# - If the loss is finite, ``detect_anomaly`` around forward pass and ``backward()``
#   names the line where a ``nan`` first appears.
# - If ``where`` hides a ``nan`` or an infinite slope, change the input of the
#   operation, not its output.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_looking_at_gradients.py`
# - :ref:`sphx_glr_recipes_gradients_clipping_gradients.py`: gradients that are right,
#   and too long.
# - `torch.autograd.gradcheck
#   <https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html>`__
# - `Gradcheck mechanics <https://docs.pytorch.org/docs/stable/notes/gradcheck.html>`__

# sphinx_gallery_position = 7
# sphinx_gallery_tags = ["autograd", "gradcheck", "detect_anomaly", "nan"]
# sphinx_gallery_cost = "4 s"
# sphinx_gallery_needs = []
