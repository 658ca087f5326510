"""
A running loss that keeps the graph
===================================

``total += loss`` looks like adding up numbers. It adds up tensors, and behind the sum
stands the computational graph of every batch, so memory grows with every step.

What it looks like
------------------

The training is right, but memory grows from step to step and is given back only when
the epoch ends. In a validation loop it grows fast, and a loop that runs well on a few
batches runs out of memory on the whole data set.

- Type: API-specific
- Stage: training
- Effect: memory

What you will learn
-------------------

- What a sum of losses keeps in memory, in training and in validation.
- Which call takes the number out of the loss, and what it costs on a GPU.
- How to see the mistake in one printed line.

What you need
-------------

- ``torch`` and ``matplotlib``.
- No data set: the recipe makes its own points.
- About 5 seconds on two CPU cores, nearly all of them to load PyTorch.
"""

# %%
# The setting
# -----------
#
# Nothing in this part is wrong: 40 batches of made points, and a small network.

import weakref

import matplotlib.pyplot as plt
import torch
from torch import nn

device = torch.device("cpu")
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()

torch.manual_seed(0)
inputs = torch.randn(4000, 20, device=device)
targets = inputs.sum(dim=1, keepdim=True).sin()
batches = list(zip(inputs.split(100), targets.split(100), strict=True))


def make_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(20, 50), nn.Tanh(), nn.Linear(50, 1)).to(device)


# %%
# Two things are worth counting. The first is the nodes of the graph: one for each
# operation that led to a tensor. Walk from the tensor's ``grad_fn`` to all that stands
# behind it. A plain number has no ``grad_fn``, and so no nodes.


def count_nodes(value):
    found = set()
    to_visit = [getattr(value, "grad_fn", None)]
    while to_visit:
        node = to_visit.pop()
        if node is not None and node not in found:
            found.add(node)
            to_visit += [before for before, _ in node.next_functions]
    return len(found)


# %%
# The second is the bytes that autograd keeps for ``backward``. With
# ``saved_tensors_hooks`` it hands each tensor that it wants to keep to a function of
# yours. Here that is ``Kept``, and the set ``alive`` knows every ``Kept`` that is not
# yet thrown away. The model and the data are in memory anyway and don't count.

alive = weakref.WeakSet()


class Kept:
    def __init__(self, tensor):
        self.tensor = tensor.detach()  # without its own history, which would never end
        alive.add(self)


def kept_bytes(model):
    memory = {}  # two saved tensors can share one piece of memory: count it once
    for kept in alive:
        storage = kept.tensor.untyped_storage()
        memory[storage.data_ptr()] = storage.nbytes()
    for tensor in (inputs, targets, *model.parameters()):
        memory.pop(tensor.untyped_storage().data_ptr(), None)
    return sum(memory.values())


# %%
# ``follow`` runs one epoch and counts both after each batch.


def follow(run_epoch, train):
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1) if train else None
    nodes, kilobytes = [], []
    alive.clear()  # count this run only

    def after_batch(total):
        nodes.append(count_nodes(total))
        kilobytes.append(kept_bytes(model) / 1000)

    with torch.autograd.graph.saved_tensors_hooks(Kept, lambda kept: kept.tensor):
        mean_loss = run_epoch(model, optimizer, after_batch)
    return mean_loss, nodes, kilobytes


# %%
# The mistake
# -----------
#
# With an optimizer this epoch trains. Without one it only measures, as in validation.


def run_epoch(model, optimizer, after_batch):
    total = 0.0
    for batch_inputs, batch_targets in batches:
        loss = nn.functional.mse_loss(model(batch_inputs), batch_targets)
        if optimizer is not None:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        total += loss
        after_batch(total)
    return total / len(batches)


def show(training, validation):
    print("batch   training: nodes      kB   validation: nodes      kB")
    for i in (0, 1, 2, 19, 39):
        print(f"{i + 1:5d}{training[1][i]:18d}{training[2][i]:8.1f}", end="")
        print(f"{validation[1][i]:20d}{validation[2][i]:8.1f}")


mistake = {train: follow(run_epoch, train) for train in (True, False)}
show(mistake[True], mistake[False])

for _, nodes, _ in mistake.values():
    growth = torch.tensor(nodes).diff()
    assert growth.min() == growth.max() > 0, "every step adds the same number of nodes"
assert set(mistake[True][2]) == {0}, "backward lets go of what it kept"
_, _, kilobytes = mistake[False]
assert abs(kilobytes[39] - 40 * kilobytes[0]) < 0.001, "validation keeps every batch"

# %%
# After the first addition ``total`` is a tensor with a ``grad_fn``. Each ``+=`` hangs
# the graph of one more batch behind it, and none of them can be thrown away as long as
# ``total`` is there.
#
# In training, ``backward()`` lets go of the bytes that were kept for it. What stays are
# the nodes. They are small, so the growth is slow. In validation nobody calls
# ``backward()``. All that was kept for it stays, too: after 40 batches the bytes of 40
# batches.

# %%
# The repair
# ----------
#
# ``loss.item()`` is a plain Python number, and nothing hangs on a number:
#
# .. code-block:: diff
#
#     def run_epoch(model, optimizer, after_batch):
#         total = 0.0
#         for batch_inputs, batch_targets in batches:
#             loss = nn.functional.mse_loss(model(batch_inputs), batch_targets)
#             if optimizer is not None:
#                 optimizer.zero_grad()
#                 loss.backward()
#                 optimizer.step()
#    -        total += loss
#    +        total += loss.item()
#             after_batch(total)
#         return total / len(batches)
#
# Here is the repaired function, with the same two runs.


def run_epoch(model, optimizer, after_batch):
    total = 0.0
    for batch_inputs, batch_targets in batches:
        loss = nn.functional.mse_loss(model(batch_inputs), batch_targets)
        if optimizer is not None:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        total += loss.item()
        after_batch(total)
    return total / len(batches)


repair = {train: follow(run_epoch, train) for train in (True, False)}
show(repair[True], repair[False])

for _, nodes, kilobytes in repair.values():
    assert set(nodes) == {0}, "a number has no graph"
    assert min(kilobytes) == max(kilobytes), "nothing grows"
assert repair[False][2][0] == mistake[False][2][0], "one batch is kept, never more"

# %%
# Nothing grows. In validation the bytes of one batch are left. They belong to ``loss``
# itself and go when the next batch replaces it. They are kept for nothing as well: a
# validation loop belongs under ``torch.inference_mode()``, which keeps no bytes at all.
#
# .. note::
#
#    On a GPU, ``.item()`` waits until the loss is computed. Where that slows you down,
#    write ``total += loss.detach()``: it has no graph either, and does not wait. Call
#    ``.item()`` once, at the end of the epoch.

assert count_nodes(torch.ones(1, requires_grad=True).exp().detach()) == 0

# %%
# Side by side
# ------------
#
# On the left the nodes in training, on the right the bytes in validation.

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
steps = range(1, 41)
for label, line, runs in (("mistake", "C1-", mistake), ("repair", "C0--", repair)):
    left.plot(steps, runs[True][1], line, label=label)
    right.plot(steps, runs[False][2], line, label=label)
left.set(xlabel="batch", ylabel="graph nodes behind the sum", title="training")
right.set(xlabel="batch", ylabel="kept for backward (kB)", title="validation")
left.legend()
right.legend()
plt.show()
# sphinx_gallery_alt_block = "Two panels over the batches of one epoch. Left, the graph nodes behind the sum of the losses in training; right, the kilobytes kept for backward in validation. With the mistake, both climb in a straight line. After the repair, the nodes stay at zero and the kilobytes at those of one batch."

# %%
# The straight lines are the sign: the same amount with every batch, and no end.

# %%
# How to notice it
# ----------------
#
# **Print the sum.** A number that you log should look like a number. If ``grad_fn``
# stands beside it, its graph is still there.

print("mistake:", mistake[True][0])
print("repair: ", repair[True][0])

assert "grad_fn" in str(mistake[True][0])
assert isinstance(repair[True][0], float)
assert abs(mistake[True][0].item() - repair[True][0]) < 1e-5, "the same mean loss"

# %%
# The mean loss is the same, so no curve shows the mistake.
#
# **Look at what you keep.** ``losses.append(loss)``, ``best = loss`` and a list of a
# network's outputs keep their graphs in the same way. Whatever outlives a step should
# have been through ``.item()`` or ``.detach()``.

# %%
# Sources
# -------
#
# - `Frequently asked questions
#   <https://docs.pytorch.org/docs/stable/notes/faq.html>`__, in PyTorch's notes, name a
#   sum of losses first among the reasons for running out of memory.
# - `torch.Tensor.item
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.item.html>`__ says that
#   it returns a Python number.
# - `torch.autograd.graph.saved_tensors_hooks
#   <https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.saved_tensors_hooks>`__
#   describes the hooks that count the bytes on this page.

# %%
# What to remember
# ----------------
#
# - A loss is a tensor with a graph behind it. Add up ``loss.item()``, not ``loss``.
# - In training the mistake keeps nodes, in validation also all bytes of every batch.
# - ``grad_fn`` in a printed number tells you that its graph is still there.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_evaluating_with_gradients_on.py`: what else a
#   validation loop needs.
# - :ref:`sphx_glr_recipes_gradients_stopping_gradient_tracking.py`: all the ways to
#   leave the graph.
# - `torch.Tensor.detach
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.detach.html>`__

# sphinx_gallery_position = 5
# sphinx_gallery_tags = ["memory", "training loop", "autograd", "item"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "training", "effect": "memory", "symptom": "Memory grows with every step, until the epoch ends or the program does."}
