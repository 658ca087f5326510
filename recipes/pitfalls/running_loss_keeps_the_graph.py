"""
Memory grows with every step: total += loss
===========================================

``total += loss`` keeps the graph of every batch in memory, because the loss is a tensor
with a graph behind it. Memory grows fast in validation without ``no_grad()``, and
slowly in training, until ``total`` is reset. Add up the number ``loss.item()`` instead,
or ``loss.detach()``, which does not make the CPU wait for the GPU.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#     for batch in batches:
#         loss = model(batch).square().mean()
#    -    total += loss
#    +    total += loss.item()
#
# Here are both sums. Only one of them is a number:

import matplotlib.pyplot as plt
import torch

torch.manual_seed(0)
model, batches = torch.nn.Linear(20, 1), torch.randn(40, 100, 20).unbind()
totals = {}
for item in (False, True):
    total = 0.0
    for batch in batches:
        loss = model(batch).square().mean()
        if item:
            total += loss.item()
        else:
            total += loss
    totals[item] = total
    print(total)

assert totals[False].grad_fn is not None, "the first sum is a tensor with a graph"
assert isinstance(totals[True], float), "the second is a number"
assert abs(totals[False].item() - totals[True]) < 1e-4, "they have the same value"

# %%
# The values agree, so no curve shows the mistake. There is no error, until “CUDA out of
# memory”.

# %%
# What stays in memory
# --------------------
#
# To see what is kept, count two things. ``saved_tensors_hooks`` passes each tensor that
# autograd saves for ``backward()`` to ``Kept``, so the ``Kept`` objects that exist show
# how many kilobytes of saved tensors are in memory. ``count_nodes`` counts the nodes of
# a graph.

import weakref

from torch import nn

alive = weakref.WeakSet()


class Kept:
    def __init__(self, tensor):
        self.tensor = tensor.detach()  # without a graph of its own
        alive.add(self)


def kilobytes_kept(model):
    """Count the saved tensors, without the weights and the data."""
    storages = [kept.tensor.untyped_storage() for kept in alive]
    sizes = {storage.data_ptr(): storage.nbytes() for storage in storages}
    for tensor in (*model.parameters(), batches[0]):
        sizes.pop(tensor.untyped_storage().data_ptr(), None)
    return sum(sizes.values()) / 1000


def count_nodes(total):
    found, to_visit = set(), [getattr(total, "grad_fn", None)]
    while to_visit:
        node = to_visit.pop()
        if node is not None and node not in found:
            found.add(node)
            to_visit += [before for before, _ in node.next_functions]
    return len(found)


def run(value_of, train):
    """Return nodes and kilobytes after each batch of one epoch."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(20, 50), nn.Tanh(), nn.Linear(50, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    total, nodes, kilobytes = 0.0, [], []
    alive.clear()
    with torch.autograd.graph.saved_tensors_hooks(Kept, lambda kept: kept.tensor):
        for batch in batches:
            loss = model(batch).square().mean()
            if train:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            total += value_of(loss)
            nodes.append(count_nodes(total))
            kilobytes.append(kilobytes_kept(model))
    return nodes, kilobytes


values = {
    "loss": lambda loss: loss,
    "loss.item()": torch.Tensor.item,
    "loss.detach()": torch.Tensor.detach,
}
training = {name: run(value_of, train=True) for name, value_of in values.items()}
validation = {name: run(value_of, train=False) for name, value_of in values.items()}
print("                  training               validation")
print("after 40 batches  nodes   saved tensors  nodes   saved tensors")
for name in values:
    print(f"{name:16}", end="")
    for nodes, kilobytes in (training[name], validation[name]):
        print(f"{nodes[-1]:7}{kilobytes[-1]:13.1f} kB", end="")
    print()

# %%
# In training, ``total += loss`` keeps 8 more nodes at every step. The kilobytes don't
# count them, but they need memory too: over 4,000 steps of this loop, a process on
# Linux grew by about 6 kB per step. In validation, every saved tensor is kept as well,
# here 20.4 kB per batch, and more in a larger network:

fig, ax = plt.subplots()
for name, style in (("loss", "C1"), ("loss.item()", "C0")):
    ax.plot(range(1, 41), validation[name][1], style, label=f"total += {name}")
ax.set(xlabel="batch", ylabel="saved tensors in validation (kB)")
ax.legend()
plt.show()
# sphinx_gallery_alt_block = "Kilobytes of saved tensors in validation over 40 batches. With total += loss they climb in a straight line. With total += loss.item() they stay level near zero."

# %%
# With ``loss.item()``, only the saved tensors of the current ``loss`` are in memory.
# They are freed when the next batch replaces it.

for runs in (training, validation):
    growth = torch.tensor(runs["loss"][0]).diff()
    assert growth.min() == growth.max() == 8, "total += loss keeps 8 nodes per batch"
    assert runs["loss.item()"][0][-1] == 0, "a sum of loss.item() has no nodes"
    assert runs["loss.detach()"][0][-1] == 0, "a sum of loss.detach() has no nodes"
assert training["loss"][1][-1] == 0, "in training, backward() frees the saved tensors"
for name in ("loss.item()", "loss.detach()"):
    assert set(validation[name][1]) == {20.4}, (
        "in validation, loss.item() and loss.detach() keep 20.4 kB: those of one batch"
    )
assert abs(validation["loss"][1][-1] - 40 * 20.4) < 0.01, (
    "in validation, total += loss keeps 20.4 kB for each of the 40 batches"
)

# %%
# Why it happens
# --------------
#
# Each ``+=`` makes a node that refers to two graphs: that of the old sum, and that of
# the new loss. So none of them can be freed as long as ``total`` is there, which is
# until the end of the epoch, or of the program.
#
# In training, ``backward()`` frees the saved tensors, and only the nodes stay (unless
# an autograd function of your own keeps tensors as attributes of ``ctx``). In
# validation, no ``backward()`` frees anything.

# %%
# In your own code
# ----------------
#
# Print the sum with ``print(total)``: a ``grad_fn`` means that it has a graph. An
# f-string does not show it. For one tensor or a list of tensors, ask:


def keeps_graph(value):
    values = value if isinstance(value, list) else [value]
    return any(getattr(each, "requires_grad", False) for each in values)


print("f-string:     ", f"{totals[False]}")
print("total:        ", keeps_graph(totals[False]))
print("list of losses:", keeps_graph([loss, loss]))
print("number:       ", keeps_graph(loss.item()))

assert "grad_fn" not in f"{totals[False]}", "an f-string does not show the graph"
assert keeps_graph(totals[False]), "keeps_graph finds the graph of a sum of losses"
assert keeps_graph([loss]), "keeps_graph finds the graph of a loss in a list"
assert not keeps_graph([loss.item()]), "keeps_graph finds none in a list of numbers"
assert loss.half().detach().dtype == torch.float16, "loss.detach() has the loss's dtype"

# %%
# Whatever outlives a step needs ``.item()`` or ``.detach()``: logged losses, the best
# output so far, predictions in a list. On a GPU, ``.item()`` makes the CPU wait for the
# GPU, so in a fast loop add up ``loss.detach()``, and call ``.item()`` once at the end
# of the epoch. The sum has the dtype of the loss: in half precision, use
# ``loss.detach().float()``.
#
# Losses that you add up to call ``backward()`` on the sum do need their graph.

# %%
# Try it
# ------
#
# Run the validation under ``torch.inference_mode()``. What does ``total += loss`` keep
# then?
#
# **Solution**

with torch.inference_mode():
    nodes, kilobytes = run(values["loss"], train=False)
print("nodes:", nodes[-1], " kB:", kilobytes[-1])

assert nodes[-1] == kilobytes[-1] == 0, "in inference mode, nothing is kept"

# %%
# Nothing, not even for the current batch, because no graph is made. That is one more
# reason to use it for validation.

# %%
# Remember
# --------
#
# - A loss is a tensor with a graph behind it. Add up ``loss.item()``, not ``loss``.
# - In training, the mistake keeps nodes. In validation, it keeps all saved tensors too.
# - A ``grad_fn`` in what you print means that a graph is kept.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_evaluating_with_gradients_on.py`: what else a
#   validation loop needs.
# - :ref:`sphx_glr_recipes_gradients_stopping_gradient_tracking.py`: all the ways to
#   leave the graph.
# - `Frequently asked questions
#   <https://docs.pytorch.org/docs/stable/notes/faq.html>`__: names a sum of losses first
#   among the reasons for running out of memory.
# - `torch.Tensor.item
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.item.html>`__

# sphinx_gallery_position = 16
# sphinx_gallery_tags = ["memory", "training loop", "autograd", "item"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "training", "effect": "memory", "group": "grows", "symptom": "In validation, or with a list of outputs, GPU memory grows until torch.OutOfMemoryError. In training, CPU memory grows slowly."}
