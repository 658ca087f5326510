"""
no_grad, inference_mode or detach
=================================

To evaluate, use ``torch.inference_mode()``; for results that training will use,
``torch.no_grad()``; for a single tensor that should be treated as a constant,
``detach()``. Also use ``no_grad()`` to change parameters by hand, and
``requires_grad_(False)`` for parameters that you don't train. ``model.eval()`` does
none of this: it changes dropout and batch norm.
"""

# %%
# In short
# --------
#
# ``backward()`` works from only the first of these results:

import matplotlib.pyplot as plt
import torch

weight = torch.ones(1, requires_grad=True)
results = {"tracked": 2 * weight, "detach": (2 * weight).detach()}
with torch.no_grad():
    results["no_grad"] = 2 * weight
with torch.inference_mode():
    results["inference_mode"] = 2 * weight
results["requires_grad_(False)"] = 2 * torch.ones(1).requires_grad_(False)
for name, result in results.items():
    print(f"{name:22} requires_grad={result.requires_grad}")

assert [each.requires_grad for each in results.values()] == [1, 0, 0, 0, 0], (
    "only one requires grad"
)

# %%
# Which one to use
# ----------------
#
# .. list-table::
#    :header-rows: 1
#
#    * - You want to
#      - Use
#    * - evaluate or predict
#      - ``torch.inference_mode()``
#    * - compute what training will use, or change parameters by hand
#      - ``torch.no_grad()``
#    * - track in training only, with the same code
#      - ``torch.set_grad_enabled(training)``
#    * - freeze a part of a network
#      - ``layer.requires_grad_(False)``
#    * - use one tensor as a constant
#      - ``tensor.detach()``
#    * - record a value
#      - ``tensor.item()`` or ``tensor.detach().clone()``
#
# After ``requires_grad_(False)``, clear the gradients, because ``step()`` applies what
# is still in ``.grad``. For the result of an operation, use ``detach()``: there,
# ``requires_grad_(False)`` raises an error.

frozen = torch.ones(1, requires_grad=True)
frozen.sum().backward()
frozen.requires_grad_(False)
torch.optim.SGD([frozen], lr=0.1).step()
print(f"a frozen weight of 1 after step(): {frozen.item():.1f}")

assert frozen < 1, "step() applies the old gradient of a frozen weight"

# %%
# Where inference_mode is stricter
# --------------------------------
#
# ``inference_mode()`` also drops the bookkeeping that autograd needs to use its results
# later, which makes it a little faster. The price is an error if you do use them:

from torch import nn

torch.manual_seed(0)
layers = [layer for _ in range(5) for layer in (nn.Linear(100, 100), nn.Tanh())]
model = nn.Sequential(*layers)
inputs = torch.randn(256, 100)

messages = {}
for mode in (torch.no_grad, torch.inference_mode):
    with mode():
        features = model(inputs)
    messages[mode] = "works"
    try:
        model(features).sum().backward()
    except RuntimeError as error:
        messages[mode] = f"{type(error).__name__}: {error}"
    print(f"{mode.__name__}:\n{messages[mode]}")

assert messages[torch.no_grad] == "works", "training can use what no_grad returns"
assert "Inference tensors" in messages[torch.inference_mode], (
    "training cannot use what inference_mode returns"
)

# %%
# If you get this error, use ``no_grad()``, or ``features.clone()`` outside the block.
# It can also come from a tensor that the model caches during evaluation, such as a
# mask: the next training step that needs it for ``backward()`` fails.
#
# The two modes also differ if a function inside turns tracking back on, as
# ``enable_grad()`` and ``set_grad_enabled(True)`` do:

tracked = {}
for mode in (torch.no_grad, torch.inference_mode):
    with mode(), torch.set_grad_enabled(True):
        tracked[mode] = (2 * weight).requires_grad
    print(f"set_grad_enabled(True) in {mode.__name__:15} tracks: {tracked[mode]}")

assert tracked[torch.no_grad], "in no_grad, tracking can be turned on again"
assert not tracked[torch.inference_mode], "in inference_mode, it cannot"

# %%
# What detach shares
# ------------------
#
# A detached tensor is not a copy. Here a loop records its weight in two ways:

optimizer = torch.optim.SGD([weight], lr=0.1)
detached, cloned = [], []
for _ in range(3):
    detached.append(weight.detach())
    cloned.append(weight.detach().clone())
    optimizer.zero_grad()
    weight.sum().backward()
    optimizer.step()
print("detach():        ", [f"{value.item():.1f}" for value in detached])
print("detach().clone():", [f"{value.item():.1f}" for value in cloned])

# %%
# The first list holds the last value three times, because ``detach()`` shares the
# memory that ``step()`` changes in place. To keep a value, add ``clone()``.

assert {each.item() for each in detached} == {weight.item()}, "detach() shares memory"
assert len({each.item() for each in cloned}) == 3, "clone() keeps the values"

# %%
# A NumPy array has no graph, so a tensor that requires a gradient can't become one:

message = ""
try:
    weight.numpy()
except RuntimeError as error:
    message = f"{type(error).__name__}: {error}"
print(message)

assert "detach().numpy()" in message, "the message names the way: detach().numpy()"

# %%
# Old code has ``.data`` instead of ``detach()``. Don't use it: if you overwrite a value
# that ``backward()`` needs, PyTorch notices through ``detach()``, but not through
# ``.data``:

gradients = {}
for name in ("detach()", ".data"):
    x = torch.ones(1, requires_grad=True)
    result = x.exp()
    (result.detach() if name == "detach()" else result.data).zero_()
    try:
        result.backward()
        gradients[name] = x.grad.item()
    except RuntimeError:
        gradients[name] = "RuntimeError"
print("the derivative of exp(x) at 1 is 2.718")
print("after overwriting:", gradients)

assert gradients["detach()"] == "RuntimeError", "through detach(), there is an error"
assert gradients[".data"] == 0, "through .data, the gradient is silently wrong"

# %%
# What they save
# --------------
#
# Run the network of five layers and count the bytes that PyTorch stores for
# ``backward()``: during the forward pass, and what is left after it while you hold the
# result. ``saved_tensors_hooks`` calls a function for each tensor that is stored.

import weakref

parameters = {each.data_ptr() for each in model.parameters()}


class Stored:
    def __init__(self, tensor):
        self.tensor = tensor.detach()  # without a graph of its own


def measure(compute):
    """Return the bytes stored during a forward pass, and those left after it."""
    during, left = {}, weakref.WeakSet()

    def store(tensor):
        stored = Stored(tensor)
        if tensor.data_ptr() not in parameters:
            during[tensor.data_ptr()] = tensor.nbytes
            left.add(stored)
        return stored

    with torch.autograd.graph.saved_tensors_hooks(store, lambda stored: stored.tensor):
        _result = compute()
    after = {each.tensor.data_ptr(): each.tensor.nbytes for each in left}
    return sum(during.values()), sum(after.values())


ways = {
    "tracked": lambda: model(inputs),
    "detach()": lambda: model(inputs).detach(),
    "no_grad()": torch.no_grad()(lambda: model(inputs)),
    "inference_mode()": torch.inference_mode()(lambda: model(inputs)),
}
stored = {name: measure(compute) for name, compute in ways.items()}
model.requires_grad_(False)
stored["requires_grad_(False)"] = measure(lambda: model(inputs))
model[:1].requires_grad_(True)
first_only = measure(lambda: model(inputs))
model.requires_grad_(True)

fig, ax = plt.subplots(layout="constrained")
for color, shift, label in [
    ("C1", -0.2, "during the forward pass"),
    ("C0", 0.2, "after"),
]:
    sizes = [pair[label == "after"] / 1000 for pair in stored.values()]
    ax.barh([place + shift for place in range(5)], sizes, 0.4, color=color, label=label)
ax.set_yticks(range(5), stored)
ax.set(xlabel="bytes stored for backward (kB)")
ax.invert_yaxis()
fig.legend(loc="outside upper center", ncols=2)
plt.show()
# sphinx_gallery_alt_block = "Bars of the bytes stored for backward in each way. A tracked forward pass stores them during the pass and keeps them after it. With detach of the result they are stored during the pass and gone after it. The other ways store nothing."

# %%
# ``detach()`` comes too late to save memory during the forward pass, because everything
# was recorded by then. But it keeps nothing by itself: as soon as no tracked tensor is
# left, the graph and its bytes are gone.
#
# With ``requires_grad_(False)`` nothing is stored here because all layers are frozen.
# If something before them needs a gradient, frozen layers save less: with only the
# first layer trained, nothing is gained here, because tanh keeps its result, the next
# layer's input.

assert stored["tracked"] == (6 * inputs.nbytes,) * 2, "tracking stores and keeps"
assert stored["detach()"] == (6 * inputs.nbytes, 0), "detach() stores, then frees"
for name in ("no_grad()", "inference_mode()", "requires_grad_(False)"):
    assert stored[name] == (0, 0), "the other ways store nothing"
assert first_only == stored["tracked"], "one trained layer at the front stores it all"

# %%
# Why it happens
# --------------
#
# PyTorch tracks (records) an operation if tracking is on and an input requires a
# gradient. ``no_grad()`` and ``inference_mode()`` turn tracking off for all operations
# in a block, ``requires_grad_(False)`` clears the flag of a tensor, and ``detach()``
# returns a second tensor without the flag, on the same memory.

# %%
# In your own code
# ----------------
#
# To see whether a result is tracked, check ``result.requires_grad``. ``model.eval()``
# is not in the table above: it changes dropout and batch norm, not tracking.

print("after model.eval():", model.eval()(inputs).requires_grad)

assert model(inputs).requires_grad, "eval() does not stop tracking"

# %%
# Try it
# ------
#
# Change a weight by hand with ``weight -= 0.1``. What does PyTorch say, and what is the
# right way?
#
# **Solution**

message = ""
try:
    weight -= 0.1
except RuntimeError as error:
    message = f"{type(error).__name__}: {error}"
    print(message)
with torch.no_grad():
    weight -= 0.1
print("requires_grad:", weight.requires_grad)

assert "leaf Variable that requires grad" in message, (
    "changing a tracked weight by hand is an error"
)
assert weight.requires_grad, "under no_grad() it works, and the weight can be trained"

# %%
# Under ``no_grad()`` it works, and the weight still requires a gradient afterward.

# %%
# Remember
# --------
#
# - ``inference_mode()`` to evaluate, ``no_grad()`` for results that training will use.
# - ``detach()`` saves nothing during the forward pass, and shares its memory.
# - To keep a value, write ``detach().clone()``. Never write ``.data``.

# %%
# Learn more
# ----------
#
# - :doc:`/guides/how_autograd_works`: the graph that is recorded.
# - :ref:`sphx_glr_recipes_pitfalls_evaluating_with_gradients_on.py`
# - :ref:`sphx_glr_recipes_pitfalls_detach_in_the_wrong_place.py`
# - `Autograd mechanics
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html#locally-disabling-gradient-computation>`__:
#   all modes compared.
# - `torch.Tensor.detach
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.detach.html>`__

# sphinx_gallery_position = 5
# sphinx_gallery_tags = ["autograd", "memory", "detach", "no_grad", "inference_mode"]
# sphinx_gallery_cost = "4 s"
# sphinx_gallery_needs = []
