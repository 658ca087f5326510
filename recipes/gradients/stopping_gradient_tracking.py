"""
Stopping gradient tracking
==========================

PyTorch records every operation on a tensor that requires a gradient, and keeps what
``backward`` will need. Where there is no ``backward``, that is memory for nothing, and
PyTorch has five ways to stop it.

What you will learn
-------------------

- What ``detach()``, ``requires_grad_(False)``, ``torch.no_grad()``,
  ``torch.set_grad_enabled()`` and ``torch.inference_mode()`` each stop.
- Which one to use when.
- How many graph nodes and bytes they save.
- Why a detached tensor is not a copy, and how that can surprise you.

What you need
-------------

- ``torch`` and ``matplotlib``.
- No data set: random numbers will do.
- About 5 seconds on two CPU cores.
"""

# %%
# Step 1. See what tracking costs
# -------------------------------
#
# A network of five linear layers computes an output. The output knows its graph:
# ``grad_fn`` is its last node, and ``next_functions`` leads from there to all others.
# ``saved_tensors_hooks`` tells which tensors are kept for ``backward``.

import matplotlib.pyplot as plt
import torch
from torch import nn

device = torch.device("cpu")
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()

torch.manual_seed(0)
layers = [layer for _ in range(5) for layer in (nn.Linear(100, 100), nn.Tanh())]
model = nn.Sequential(*layers).to(device)
inputs = torch.randn(256, 100, device=device)


def count_nodes(tensor):
    """Return the number of nodes in the graph behind a tensor."""
    found, waiting = set(), [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in found:
            found.add(node)
            waiting += [before for before, _ in node.next_functions]
    return len(found)


def measure(compute):
    """Run a function; return its result, the graph nodes and the bytes kept."""
    addresses = {parameter.data_ptr() for parameter in model.parameters()}
    kept = {}

    def keep(tensor):
        if tensor.data_ptr() not in addresses:  # parameters are there anyway
            kept[tensor.data_ptr()] = tensor.nbytes
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        result = compute()
    return result, count_nodes(result), sum(kept.values())


output, nodes, kept_bytes = measure(lambda: model(inputs))
print("graph nodes:", nodes)
print("bytes kept: ", f"{kept_bytes:,}")
print("last node:  ", output.grad_fn.name())
assert nodes > 20
assert kept_bytes == 6 * inputs.nbytes, "the input and five outputs of Tanh"

# %%
# More than twenty nodes, and the input and the five outputs of ``Tanh`` are kept. They
# stay as long as the output lives, or until you call ``backward``.

# %%
# Step 2. Try the five ways
# -------------------------
#
# Each way answers another question. This is the whole list, as five small functions.


def with_detach():
    return model(inputs).detach()


def with_requires_grad_off():
    model.requires_grad_(False)
    result = model(inputs)
    model.requires_grad_(True)
    return result


def with_no_grad():
    with torch.no_grad():
        return model(inputs)


def with_set_grad_enabled(flag):
    with torch.set_grad_enabled(flag):
        return model(inputs)


def with_inference_mode():
    with torch.inference_mode():
        return model(inputs)


# %%
# Measure each of them, and for comparison a forward pass that tracks.

ways = {
    "nothing": lambda: model(inputs),
    "detach()": with_detach,
    "requires_grad_(False)": with_requires_grad_off,
    "no_grad()": with_no_grad,
    "set_grad_enabled(False)": lambda: with_set_grad_enabled(False),
    "set_grad_enabled(True)": lambda: with_set_grad_enabled(True),
    "inference_mode()": with_inference_mode,
}
nodes, kept_bytes = {}, {}
print(f"{'way':24} {'nodes':>5} {'bytes kept':>11}   requires_grad")
for name, way in ways.items():
    result, nodes[name], kept_bytes[name] = measure(way)
    print(f"{name:24} {nodes[name]:5} {kept_bytes[name]:11,}   {result.requires_grad}")

tracked = {"nothing", "set_grad_enabled(True)"}
assert {name for name in ways if nodes[name]} == tracked
assert {name for name in ways if kept_bytes[name]} == tracked | {"detach()"}

# %%
# Four ways record nothing at all. ``detach()`` is different: it comes after the forward
# pass, so everything was recorded and kept. Only its result has no graph, and the graph
# goes away when nobody holds the tracked output any longer. To save memory in a whole
# forward pass, use one of the others.

# %%
# Step 3. Freeze a part of a network
# ----------------------------------
#
# ``requires_grad_(False)`` is for parameters that you do not want to train. How much it
# saves depends on *where* they are. Freeze one linear layer after the other, from the
# front and from the back.

linear_layers = [layer for layer in model if isinstance(layer, nn.Linear)]


def bytes_with_frozen(frozen):
    for layer in frozen:
        layer.requires_grad_(False)
    _, _, kept = measure(lambda: model(inputs))
    model.requires_grad_(True)
    return kept


from_front = [bytes_with_frozen(linear_layers[:number]) for number in range(6)]
from_back = [bytes_with_frozen(linear_layers[5 - number :]) for number in range(6)]
print("frozen from the front:", *(f"{number:8,}" for number in from_front))
print("frozen from the back: ", *(f"{number:8,}" for number in from_back))
assert from_front == [number * inputs.nbytes for number in (6, 5, 4, 3, 2, 0)]
assert from_back == [number * inputs.nbytes for number in (6, 6, 6, 6, 6, 0)]

# %%
# Draw both.

fig, ax = plt.subplots()
ax.plot([number / 1000 for number in from_back], "C1o-", label="from the back")
ax.plot([number / 1000 for number in from_front], "C0o-", label="from the front")
ax.set(xlabel="frozen linear layers, of five", ylabel="kept for backward (kilobytes)")
ax.legend(title="frozen")
plt.show()
# sphinx_gallery_alt_block = "Bytes kept for backward over the number of frozen layers. Frozen from the front, they fall with every layer. Frozen from the back, they stay level until the last layer is frozen, too. Both end at zero."

# %%
# Frozen layers at the front save memory, because ``backward`` never has to go there.
# Frozen layers at the back save nothing here: the gradient still has to pass through
# them on its way to the front, and for that every ``Tanh`` has to keep its output.

# %%
# Step 4. Cut one path with detach
# --------------------------------
#
# ``detach()`` is for a single tensor. For ``backward`` the detached tensor is a
# constant, while the tensor itself still gets its gradient along other paths.

x = torch.tensor(3.0, requires_grad=True)
(x * x).backward()
print("gradient of x * x:         ", x.grad.item())
assert x.grad == 6

x.grad = None
(x * x.detach()).backward()
print("gradient of x * x.detach():", x.grad.item())
assert x.grad == 3

# %%
# The derivative of x² is 2x, which is 6. With one of the two factors detached, half of
# it is left.

# %%
# Step 5. See that a detached tensor is no copy
# ---------------------------------------------
#
# Say you want to record how a weight changes in training, and write this:

weight = torch.tensor([1.0], requires_grad=True)
optimizer = torch.optim.SGD([weight], lr=0.1)
detached, cloned = [], []
for step in range(3):
    detached.append(weight.detach())
    cloned.append(weight.detach().clone())
    optimizer.zero_grad()
    weight.sum().backward()
    optimizer.step()

print("detach():        ", [f"{value.item():.1f}" for value in detached])
print("detach().clone():", [f"{value.item():.1f}" for value in cloned])
assert {value.item() for value in detached} == {weight.item()}
assert len({value.item() for value in cloned}) == 3
assert detached[0].data_ptr() == weight.data_ptr(), "one memory, two tensors"

# %%
# The first list holds the *last* value three times. A detached tensor shares its memory
# with the original, and ``step`` changes the weight in place. Add ``clone()`` where you
# want to keep a value.
#
# It works the other way round as well: write into the detached tensor, and you change
# the original. If ``backward`` needs that value, PyTorch notices.

x = torch.ones(1, requires_grad=True)
result = x.exp()
result.detach().zero_()
print("result:", result.item())
assert result == 0

message = ""
try:
    result.backward()
except RuntimeError as error:
    message = str(error).split(":")[0]
    print(message)
assert "modified by an inplace operation" in message

# %%
# In old code you find ``.data`` in the place of ``detach()``. It shares the memory as
# well, and PyTorch does not notice:

x = torch.ones(1, requires_grad=True)
result = x.exp()
result.data.zero_()
result.backward()
print("gradient of exp(x) at 1:", x.grad.item())
assert x.grad == 0, "it should be e, about 2.718"

# %%
# No error, and a wrong gradient. Do not use ``.data``.

# %%
# Step 6. Choose between no_grad and inference_mode
# -------------------------------------------------
#
# Both stop the recording. ``inference_mode()`` also stops the bookkeeping that makes
# the error above possible, which saves a little more time. The price: a tensor that it
# creates cannot be saved for ``backward``, and a linear layer saves its input.

with torch.no_grad():
    features = model(inputs)
model(features).sum().backward()
print("from no_grad:        works")
model.zero_grad()

with torch.inference_mode():
    features = model(inputs)
message = ""
try:
    model(features).sum().backward()
except RuntimeError as error:
    message = str(error).split(".")[0]
    print("from inference_mode:", message)
assert "Inference tensors cannot be saved for backward" in message

# %%
# So evaluate in ``inference_mode()``, and use ``no_grad()`` where the results go on
# into training. ``no_grad()`` is also what lets you change parameters by hand:

weight = torch.ones(1, requires_grad=True)
message = ""
try:
    weight -= 0.1
except RuntimeError as error:
    message = str(error)
    print(message)
assert "leaf Variable that requires grad" in message

with torch.no_grad():
    weight -= 0.1
print(f"weight: {weight.item():.1f}")
assert weight.requires_grad, "and it is still to be trained"

# %%
# Which one to use
# ----------------
#
# .. list-table::
#    :header-rows: 1
#
#    * - You want to
#      - Use
#      - It acts on
#    * - evaluate or predict
#      - ``with torch.inference_mode():``
#      - all operations in the block
#    * - compute something that goes on into training, or change parameters by hand
#      - ``with torch.no_grad():``
#      - all operations in the block
#    * - use one function for training and evaluation
#      - ``with torch.set_grad_enabled(flag):``
#      - all operations in the block, if ``flag`` is false
#    * - train only a part of a network
#      - ``layer.requires_grad_(False)``
#      - these parameters, until you set it back
#    * - use one result as a constant
#      - ``tensor.detach()``
#      - this one path
#
# None of them is ``model.eval()``. That changes what dropout and batch norm do, and
# stops no tracking. For an evaluation you need both.

model.eval()
assert model(inputs).requires_grad, "eval() does not stop tracking"

# %%
# What to remember
# ----------------
#
# - ``inference_mode()`` for evaluation, ``no_grad()`` for what goes on into training,
#   ``requires_grad_(False)`` for frozen layers, ``detach()`` for one tensor.
# - Frozen layers save memory at the front of a network, and little or none at the back.
# - A detached tensor shares its memory with the original. To keep a value, write
#   ``detach().clone()``.

# %%
# Learn more
# ----------
#
# - :doc:`/guides/how_autograd_works` draws the graph that is recorded.
# - :ref:`sphx_glr_recipes_pitfalls_evaluating_with_gradients_on.py`: what an evaluation
#   costs that tracks, and what it breaks.
# - :ref:`sphx_glr_recipes_pitfalls_detach_in_the_wrong_place.py`: half of a network
#   that never trains.
# - `Autograd mechanics
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html>`__
# - `torch.Tensor.detach
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.detach.html>`__
# - `torch.no_grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.no_grad.html>`__
# - `torch.set_grad_enabled
#   <https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad_mode.set_grad_enabled.html>`__
# - `torch.inference_mode
#   <https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad_mode.inference_mode.html>`__
# - `torch.Tensor.requires_grad_
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.requires_grad_.html>`__

# sphinx_gallery_position = 5
# sphinx_gallery_tags = ["autograd", "memory", "detach", "no_grad", "inference_mode"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
