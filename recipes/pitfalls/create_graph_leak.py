"""
Memory leak: backward with create_graph=True
============================================

``backward(create_graph=True)`` can leak memory, because it stores a gradient in
``.grad`` whose graph leads back to the same tensor, and nothing frees this cycle. Call
``torch.autograd.grad`` with ``create_graph=True`` instead, or set ``.grad`` to ``None``
when you are done.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#     output = model(inputs).sum()
#    -output.backward(create_graph=True)
#    -slope = inputs.grad
#    +(slope,) = torch.autograd.grad(output, inputs, create_graph=True)
#
# When the function below returns, nothing needs ``inputs`` anymore. Is it freed?

import warnings
import weakref

import matplotlib.pyplot as plt
import torch


def differentiate(leak):
    inputs = torch.ones(3, requires_grad=True)
    output = inputs.tanh().sum()
    if leak:
        output.backward(create_graph=True)
    else:
        torch.autograd.grad(output, inputs, create_graph=True)
    return weakref.ref(inputs)


with warnings.catch_warnings(record=True, action="always") as caught:
    left = {leak: differentiate(leak)() is not None for leak in (True, False)}
print(f"still in memory: backward {left[True]}, autograd.grad {left[False]}")

assert left == {True: True, False: False}, "backward leaks, autograd.grad does not"

# %%
# The warning
# -----------
#
# PyTorch warns about it, once per process:

message = str(caught[0].message).partition(" (Triggered")[0]
print(f"{caught[0].category.__name__}: {message}")

assert len(caught) == 1, "there is one warning"

# %%
# A loop that leaks
# -----------------
#
# A gradient penalty needs the slope of the network at its inputs, so each batch
# requires gradients. ``zero_grad()`` clears the weights, but not the batch. Train with
# ``backward(create_graph=True)``, with that plus ``inputs.grad = None``, and with
# ``autograd.grad``. ``measure`` counts the batches and the bytes that are still in
# memory, and each ``Kept`` holds a tensor that autograd has saved:

import gc

from torch import nn

alive = weakref.WeakSet()


class Kept:
    def __init__(self, tensor):
        self.tensor = tensor.detach()  # without a graph of its own
        alive.add(self)


def measure(references, weights):
    """Count the inputs left, and the kilobytes of inputs, gradients, saved tensors."""
    inputs = [each() for each in references if each() is not None]
    tensors = [*inputs, *(each.grad for each in inputs if each.grad is not None)]
    storages = [each.untyped_storage() for each in tensors]
    storages += [kept.tensor.untyped_storage() for kept in alive]
    sizes = {each.data_ptr(): each.nbytes() for each in storages}
    for weight in weights:
        sizes.pop(weight.untyped_storage().data_ptr(), None)
    return len(inputs), sum(sizes.values()) / 1000


def train(way, use_penalty):
    """Return the inputs left after each step, and the kilobytes."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(20, 50), nn.Tanh(), nn.Linear(50, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    references, measured = [], []
    alive.clear()
    with torch.autograd.graph.saved_tensors_hooks(Kept, lambda kept: kept.tensor):
        for _ in range(20):
            inputs = torch.randn(100, 20, requires_grad=True)
            references.append(weakref.ref(inputs))
            optimizer.zero_grad()
            output = model(inputs).sum()
            if way == "autograd.grad":
                (slope,) = torch.autograd.grad(output, inputs, create_graph=True)
            else:
                output.backward(create_graph=True)
                slope = inputs.grad
            penalty = (slope.norm(dim=1) - 1).square().mean()
            if use_penalty:
                penalty.backward()
                optimizer.step()
            if way == "backward, .grad = None":
                inputs.grad = None
            del inputs, output, slope, penalty
            measured.append(measure(references, model.parameters()))
        gc.collect()
        measured[-1] = measure(references, model.parameters())
    return list(zip(*measured, strict=True))


runs = {}
print("after 20 steps          trained with it     only measured")
for way in ("backward", "backward, .grad = None", "autograd.grad"):
    runs[way] = [train(way, use_penalty) for use_penalty in (True, False)]
    print(f"{way:22}", end="")
    for counts, sizes in runs[way]:
        print(f"{counts[-1]:4} inputs{sizes[-1]:7.1f} kB", end="")
    print()

# %%
# With ``backward``, all 20 batches are still in memory, even after ``gc.collect()``. If
# you train with the penalty, its own ``backward()`` frees the saved tensors, so only
# inputs and gradients are left. If you only measure the slope, the saved tensors stay
# as well, and in a large network, they are most of it:

fig, ax = plt.subplots(layout="constrained")
for style, way in zip(("C1", "C2--", "C0"), runs, strict=True):
    ax.plot(range(1, 21), runs[way][1][1], style, label=way)
ax.set(xlabel="step", ylabel="memory kept (kB)")
fig.legend(loc="outside upper center")
plt.show()
# sphinx_gallery_alt_block = "Kilobytes in memory over 20 steps, in which the slope is only measured. With backward they climb in a straight line. With backward and .grad = None they stay level at a low value, with autograd.grad at zero."

# %%
# With ``.grad = None``, one batch is left: the gradients of the weights have graphs,
# too, which lead to it, until ``zero_grad()`` clears them at the next step.

for use_penalty, run in ((True, 0), (False, 1)):
    by_way = {way: results[run] for way, results in runs.items()}
    assert by_way["backward"][0] == tuple(range(1, 21)), "backward leaks every batch"
    assert len(set(by_way["backward, .grad = None"][1])) == 1, "with None, no growth"
    assert by_way["autograd.grad"][1] == (0,) * 20, "autograd.grad leaves nothing"
assert runs["backward"][1][1][-1] > 4 * runs["backward"][0][1][-1], (
    "only measured, it leaks more than four times as much"
)

# %%
# When only the weights require gradients
# ---------------------------------------
#
# In that case, the cycle goes through the ``.grad`` of the weights, and ``zero_grad()``
# breaks it at every step. Memory grows only if you do not clear. Count the saved
# tensors that are left after 20 steps, when the function has returned and the model is
# out of use:


def train_weights(clear):
    model = nn.Sequential(nn.Linear(20, 50), nn.Tanh(), nn.Linear(50, 1))
    alive.clear()
    with torch.autograd.graph.saved_tensors_hooks(Kept, lambda kept: kept.tensor):
        for _ in range(20):
            if clear:
                model.zero_grad()
            model(torch.randn(100, 20)).square().mean().backward(create_graph=True)


kept = {}
for clear in (True, False):
    train_weights(clear)
    kept[clear] = len(alive)
    print(f"zero_grad() {clear}: {kept[clear]} saved tensors")

assert kept[False] == 20 * kept[True] > 0, "without clearing, each step adds as many"

# %%
# Even with ``zero_grad()``, the last step stays: the model and its graph keep each
# other in memory.

# %%
# It also changes the gradients of the weights
# --------------------------------------------
#
# Without ``inputs=[…]``, ``backward`` adds to the ``.grad`` of *every* leaf. So after
# it, a step follows the gradient of the output, too, and not only that of the penalty:

layer = nn.Linear(2, 1, bias=False)
inputs = torch.ones(1, 2, requires_grad=True)
torch.autograd.grad(layer(inputs).sum(), inputs, create_graph=True)
print("autograd.grad:", layer.weight.grad)
layer(inputs).sum().backward(create_graph=True)
print("backward:     ", layer.weight.grad)

assert layer.weight.grad.tolist() == [[1, 1]], "backward changes the gradient"

# %%
# Why it happens
# --------------
#
# Follow the references in the first example: ``inputs`` holds ``.grad``, which holds
# its ``grad_fn``, whose graph ends at ``inputs``. The references are in C++, where
# Python's garbage collector cannot follow them. ``autograd.grad`` returns the gradient
# to you instead, so ``inputs`` holds nothing, and there is no cycle.
#
# If the gradient depends on no tensor that requires one, as that of ``inputs + 1`` or
# ``3 * inputs``, it has no graph, and nothing leaks.

# %%
# In your own code
# ----------------
#
# At the end of a step, ask for the tensors whose gradient still has a graph, among the
# weights and the inputs:


def with_graph(tensors):
    """Return the tensors whose gradient has a graph."""
    return [each for each in tensors if getattr(each.grad, "grad_fn", None) is not None]


layer.zero_grad()
print("weights:", len(with_graph(layer.parameters())))
print("inputs: ", len(with_graph([inputs])))

assert len(with_graph([inputs])) == 1, "the check finds the inputs"
assert not with_graph(layer.parameters()), "after zero_grad(), the weights have none"

# %%
# On a GPU, ``torch.cuda.memory_allocated()`` grows by the same amount at every step.
#
# Some code needs ``backward``: ``DistributedDataParallel`` does not work with
# ``autograd.grad``. Then set ``.grad`` to ``None`` on everything that requires
# gradients, right after the step: ``optimizer.zero_grad()`` does it for the weights,
# ``inputs.grad = None`` for the batch.

# %%
# Try it
# ------
#
# A search makes a new model for each of 5 candidates, calls
# ``backward(create_graph=True)`` once, and drops it. How many models are left? What if
# each calls ``zero_grad()`` at the end?
#
# **Solution**


def count_models(clear):
    references = []
    for _ in range(5):
        model = nn.Sequential(nn.Linear(20, 50), nn.Tanh(), nn.Linear(50, 1))
        model(torch.randn(100, 20)).square().mean().backward(create_graph=True)
        if clear:
            model.zero_grad()
        references.append(weakref.ref(model[0].weight))
    del model
    return sum(each() is not None for each in references)


models = [count_models(clear) for clear in (False, True)]
print("left:", models)

assert models == [5, 0], "without zero_grad() all weights are left, with it none"

# %%
# The weights of all five, with everything that was saved to compute their gradients.
# With ``zero_grad()``, none.

# %%
# Remember
# --------
#
# - To differentiate a gradient, get it from ``autograd.grad``, not from ``.grad``.
# - ``zero_grad()`` breaks the cycle for weights. It does not know your inputs.
# - ``del`` and ``gc.collect()`` do not help. ``.grad = None`` does.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_second_derivatives.py`: what ``create_graph`` is
#   for.
# - :ref:`sphx_glr_recipes_pitfalls_running_loss_keeps_the_graph.py`: the more common
#   reason for growing memory.
# - `torch.Tensor.backward
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html>`__
# - `torch.autograd.grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html>`__

# %%
# Sources
# -------
#
# * `create_graph=True w/ custom grad
#   <https://github.com/pytorch/pytorch/issues/7343>`__: a PyTorch developer writes down
#   the cycle, with ``tanh``; open since 2018.
# * `backward(create_graph=True) should raise a warning for potential memory leak
#   <https://github.com/pytorch/pytorch/issues/4661>`__: how the warning came about.
# * `Memory leak when optimizing a pytorch module using hess or hessp
#   <https://github.com/rfeinman/pytorch-minimize/issues/29>`__: first this warning,
#   then CUDA ran out of memory.

# sphinx_gallery_position = 17
# sphinx_gallery_tags = ["create_graph", "memory", "autograd", "SGD"]
# sphinx_gallery_cost = "6 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "training", "effect": "memory", "group": "grows", "symptom": "UserWarning: Using backward() with create_graph=True will create a reference cycle. Memory grows with every step, and gc.collect() frees nothing."}
