"""
Unused parameters, whose .grad stays None
=========================================

A parameter that the loss does not depend on gets no gradient: its ``.grad`` stays
``None``, and ``optimizer.step()`` skips it, weight decay included. Nothing warns you,
so list such parameters after the first ``backward()``.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#     def forward(self, inputs):
#         hidden = self.first(inputs).relu()
#    +    hidden = self.middle(hidden).relu()
#         return self.last(hidden)
#
# Without the marked line, ``middle`` is part of the model, but not of the loss:

import torch
from torch import nn

first, middle, last = nn.Linear(2, 16), nn.Linear(16, 16), nn.Linear(16, 1)
model = nn.ModuleList([first, middle, last])
optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.1)
before = middle.weight.clone()

hidden = first(torch.ones(1, 2)).relu()
loss = last(hidden).square().mean()
loss.backward()
optimizer.step()
print("gradient:", middle.weight.grad)
print("moved:   ", not torch.equal(before, middle.weight))

assert middle.weight.grad is None, "a layer that is not called gets no gradient"
assert torch.equal(before, middle.weight), "AdamW skips it, weight decay included"

# %%
# The loss falls anyway
# ---------------------
#
# Train a small network with ``middle`` and without, and look at how far each layer
# moved:

torch.manual_seed(0)
inputs = 2 * torch.rand(256, 2) - 1
targets = (3 * inputs[:, :1] * inputs[:, 1:]).sin()


class Network(nn.Module):
    def __init__(self, forget):
        super().__init__()
        self.forget = forget
        self.first = nn.Linear(2, 16)
        self.middle = nn.Linear(16, 16)
        self.last = nn.Linear(16, 1)

    def forward(self, inputs):
        hidden = self.first(inputs).relu()
        if not self.forget:
            hidden = self.middle(hidden).relu()
        return self.last(hidden)


def train(forget):
    """Return the first and the last loss, and how far each layer moved."""
    torch.manual_seed(0)
    model = Network(forget)
    start = {name: each.detach().clone() for name, each in model.named_parameters()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)
    losses = []
    for _ in range(200):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    moved = {
        name: (each - start[name]).norm().item()
        for name, each in model.named_parameters()
        if name.endswith("weight")
    }
    return losses[0], losses[-1], moved


results = {}
for forget in (True, False):
    first_loss, last_loss, moved = results[forget] = train(forget)
    print("without middle:" if forget else "with middle:")
    print(f"  loss from {first_loss:.3f} to {last_loss:.3f}; moved:", end="")
    print(*(f" {name[:-7]} {distance:.2f}" for name, distance in moved.items()))

# %%
# A network without one of its layers is a smaller network, and it learns, too. What
# shows the mistake is not the loss, but the 0.00.

assert results[True][1] < 0.5 * results[True][0], "without middle, the loss halves"
assert results[True][2]["middle.weight"] == 0, "middle keeps its initial weights"
assert min(results[False][2].values()) > 0.1, "with middle, all three layers move"

# %%
# None is not zero
# ----------------
#
# A parameter that only some batches use, as in a mixture of experts, has a gradient in
# one step and none in the next. How far does the second step move it? That depends on
# what ``zero_grad`` left in ``.grad``: ``None``, or with ``set_to_none=False`` zeros.

from functools import partial


def second_step(make_optimizer, set_to_none):
    """Use a weight of 1 in the first step only, and return how far the second goes."""
    weight = torch.tensor(1.0, requires_grad=True)
    optimizer = make_optimizer([weight])
    (3 * weight).backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=set_to_none)
    before = weight.item()
    optimizer.step()
    return abs(weight.item() - before)


sgd = partial(torch.optim.SGD, lr=0.1)
optimizers = {
    "SGD": sgd,
    "SGD, momentum": partial(sgd, momentum=0.9),
    "SGD, weight decay": partial(sgd, weight_decay=0.1),
    "Adam": torch.optim.Adam,
}
steps = {}
print(f"{'':18}{'None':>8}{'zeros':>8}")
for name, make_optimizer in optimizers.items():
    steps[name] = [second_step(make_optimizer, each) for each in (True, False)]
    print(f"{name:18}{steps[name][0]:8.4f}{steps[name][1]:8.4f}")

# %%
# ``None`` means "leave it alone". Zeros mean "the gradient is zero": momentum keeps
# moving the weight, and weight decay shrinks it. All optimizers in ``torch.optim`` skip
# ``None``, except ``LBFGS``, which treats it as zeros. A parameter that was *never*
# used keeps ``None`` in both cases, because there is no gradient to fill with zeros.

assert all(each[0] == 0 for each in steps.values()), "with None, none of them moves it"
assert steps["SGD"][1] == 0, "with zeros, plain SGD does not move it either"
assert steps["SGD, momentum"][1] > 0.1, "with zeros, momentum moves it by more than 0.1"
assert steps["SGD, weight decay"][1] > 0, "with zeros, weight decay moves it"
assert steps["Adam"][1] > 0, "with zeros, Adam moves it"

# %%
# torch.autograd.grad raises an error instead
# -------------------------------------------
#
# ``backward()`` stays silent about parameters that it does not reach.
# ``torch.autograd.grad`` does not:

model = Network(forget=True)
loss = nn.functional.mse_loss(model(inputs), targets)
try:
    torch.autograd.grad(loss, model.parameters())
except RuntimeError as error:
    message = f"{type(error).__name__}: {error}"
print(message)

assert "appears to not have been used in the graph" in message, "grad raises an error"

# %%
# With ``allow_unused=True`` it returns ``None`` for them, and with
# ``materialize_grads=True`` zeros.

# %%
# Why it happens
# --------------
#
# ``backward()`` starts at the loss and follows the graph back to the leaves. It writes
# ``.grad`` where it arrives, and a parameter that is not in the graph is never visited.
# The optimizer has a list of all parameters, and its ``step()`` skips those whose
# ``.grad`` is ``None``. Neither knows which parameters you meant to train.

# %%
# In your own code
# ----------------
#
# Call this after the first ``backward()``, before ``zero_grad()``. The list has to be
# empty:


def unused(model):
    """Name the parameters that require a gradient and have none."""
    named = model.named_parameters()
    return [name for name, each in named if each.requires_grad and each.grad is None]


nn.functional.mse_loss(model(inputs), targets).backward()
print(unused(model))

assert unused(model) == ["middle.weight", "middle.bias"], "the check finds middle"

# %%
# What to do depends on the cause:
#
# - a layer that ``forward`` does not call: call it, or delete it;
# - an output that the loss does not use, such as a second head: add its loss;
# - ``detach()``, ``no_grad()``, ``.item()`` or ``argmax()`` on the way to the loss: see
#   :ref:`sphx_glr_recipes_pitfalls_detach_in_the_wrong_place.py`;
# - a branch that this batch did not take: nothing, if later batches do.
#
# The check does not see a parameter whose gradient is zero, for example before a ReLU
# that is never active. It sees nothing at all if the loss has a penalty on all
# parameters, because then each gets a gradient from that: call it without the penalty.
# ``loss + 0 * sum(each.sum() for each in model.parameters())``, a way to silence
# ``DistributedDataParallel``, turns ``None`` into zeros, with the effects in the table
# above. The error that it silences is explained in
# :ref:`sphx_glr_recipes_training_data_parallel_training.py`.

# %%
# Try it
# ------
#
# An embedding has five rows, and the batch contains the words 0 and 1. What does one
# step of AdamW do to the other rows?
#
# **Solution**

embedding = nn.Embedding(5, 2)
optimizer = torch.optim.AdamW(embedding.parameters(), lr=0.1, weight_decay=0.1)
before = embedding.weight.detach().clone()
embedding(torch.tensor([0, 1])).sum().backward()
optimizer.step()
print("gradient of each row:", embedding.weight.grad.norm(dim=1))
print("row / row before:", embedding.weight[2:].div(before[2:]).flatten().detach())

assert not embedding.weight.grad[2:].any(), "the gradients of the other rows are zero"
assert torch.allclose(embedding.weight[2:], before[2:] * 0.99), "they shrink by 1%"

# %%
# The weight is one parameter, so it has one gradient, with zeros for the other rows.
# Weight decay shrinks them by 0.1 · 0.1 = 1%. To skip them, use ``sparse=True`` and
# ``torch.optim.SparseAdam``.

# %%
# Remember
# --------
#
# - No path from the loss to a parameter: ``.grad`` is ``None``.
# - ``step()`` skips ``None``: no momentum, no weight decay. It does not skip zeros.
# - After the first ``backward()``, list the parameters without a gradient.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_looking_at_gradients.py`: norms, layer by layer.
# - :ref:`sphx_glr_recipes_pitfalls_grad_of_a_non_leaf.py`: why ``.grad`` of other
#   tensors is ``None``.
# - :ref:`sphx_glr_recipes_gradients_ways_to_clear_gradients.py`: ``None`` or zeros.
# - `torch.optim.Optimizer.zero_grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html>`__

# %%
# Sources
# -------
#
# * `DetNAS #3 <https://github.com/megvii-model/DetNAS/issues/3>`__: zeros are turned
#   into ``None``, so that momentum and weight decay leave unused paths alone.
# * `moco #14 <https://github.com/facebookresearch/moco/issues/14>`__: whether weight
#   decay reaches parameters without a gradient.
# * `pytorch #43259 <https://github.com/pytorch/pytorch/issues/43259>`__: five feature
#   maps, of which the loss uses four.

# sphinx_gallery_position = 3
# sphinx_gallery_tags = ["parameters", "optimizer", "autograd", "Adam", "weight decay"]
# sphinx_gallery_cost = "2 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "generic", "stage": "model", "effect": "wrong result", "group": "not learned", "symptom": "A layer keeps its initial weights while the loss falls, and its .grad is None."}
