"""
Some weights never change: a misplaced detach()
===============================================

A ``detach()`` in the forward pass cuts off every layer before it, unless another path
leads to the loss: those layers get no gradient and keep their initial weights. There is
no error, and the loss can still fall. After the first ``backward()``, list the
parameters whose gradient is missing or zero.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#     features = encoder(points)
#    -features = features.detach()
#     scores = head(features)
#
# An encoder is the first part of a network, a head the last. These parameters get no
# gradient, with the marked line and without it:

import matplotlib.pyplot as plt
import torch

torch.manual_seed(0)
points = torch.randn(8, 2)
missing = {}
for cut in (True, False):
    encoder, head = torch.nn.Linear(2, 4), torch.nn.Linear(4, 1)
    features = encoder(points)
    if cut:
        features = features.detach()
    head(features).sum().backward()
    model = torch.nn.ModuleDict({"encoder": encoder, "head": head})
    parameters = model.named_parameters()
    missing[cut] = [name for name, each in parameters if each.grad is None]
    print(f"cut={cut}:", missing[cut])

assert missing[True] == ["encoder.weight", "encoder.bias"], "the encoder gets none"
assert not missing[False], "without detach(), all get a gradient"

# %%
# The loss can fall anyway
# ------------------------
#
# Train on two rings of points, one inside the other. No straight line separates them,
# so the encoder has to bend the plane before the head draws a line. Train an encoder
# with 4 units and one with 64, each with ``detach()`` and without:

import math

from torch import nn

torch.manual_seed(0)
angle = 2 * math.pi * torch.rand(800)
labels = torch.arange(800) % 2
rings = torch.stack([angle.cos(), angle.sin()], dim=1) * (1 + 1.2 * labels[:, None])
rings += 0.15 * torch.randn(800, 2)


def train(units, cut):
    """Return losses, accuracy on new points, and how many encoder tensors changed."""
    torch.manual_seed(0)
    encoder = nn.Sequential(
        nn.Linear(2, units), nn.Tanh(), nn.Linear(units, units), nn.Tanh()
    )
    head = nn.Linear(units, 2)
    initial = [each.clone() for each in encoder.parameters()]
    optimizer = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], lr=0.03)
    losses = []
    for _ in range(200):
        optimizer.zero_grad()
        features = encoder(rings[:400])
        if cut:
            features = features.detach()
        loss = nn.functional.cross_entropy(head(features), labels[:400])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.inference_mode():
        is_right = head(encoder(rings[400:])).argmax(dim=1) == labels[400:]
    pairs = zip(initial, encoder.parameters(), strict=True)
    changed = sum(not torch.equal(before, after) for before, after in pairs)
    return losses, is_right.float().mean().item(), changed


runs = {(units, cut): train(units, cut) for units in (4, 64) for cut in (True, False)}
print("units   detach()   last loss   accuracy   encoder tensors changed")
for (units, cut), (losses, accuracy, changed) in runs.items():
    print(f"{units:5}   {cut!s:8}{losses[-1]:12.3f}{accuracy:11.1%}{changed:15} of 4")

# %%
# With ``detach()``, no tensor of the encoder has changed, and the head makes the best
# of random features. With 4 units, they are not enough. With 64 units, they are, so the
# accuracy hides the mistake. How much the mistake costs also depends on the activation
# function and the learning rate.

fig, ax = plt.subplots()
ax.plot(runs[4, True][0], "C1", label="4 units, with detach()")
ax.plot(runs[64, True][0], "C2", label="64 units, with detach()")
ax.plot(runs[4, False][0], "C0", label="4 units, without")
ax.set(xlabel="step", ylabel="loss")
ax.legend()
plt.show()
# sphinx_gallery_alt_block = "The loss over 200 steps in three curves, all of which fall. With 4 units and detach it stays high. With 64 units and detach it falls far lower. With 4 units and without detach it ends lowest."

# %%
# All three losses fall, so the loss alone does not tell you that part of the network
# does not learn.

for (units, cut), (losses, _, changed) in runs.items():
    assert changed == (0 if cut else 4), "with detach(), nothing in the encoder changes"
    assert losses[-1] < losses[0], "in each run, the loss falls"
assert runs[4, True][1] < 0.9, "with 4 units and detach(), less than 90% are right"
assert runs[4, False][1] > 0.95, "with 4 units and without it, more than 95%"
assert runs[64, True][1] > 0.95, "with 64 units and detach(), more than 95%"
assert runs[4, True][0][-1] > 10 * runs[4, False][0][-1], (
    "with 4 units, the last loss is over ten times higher with detach() than without"
)
assert runs[64, True][0][-1] > 2 * runs[4, False][0][-1], (
    "64 units with detach() end at over twice the loss of 4 units without"
)

# %%
# Why it happens
# --------------
#
# ``detach()`` returns a tensor with the same values but without a ``grad_fn``. So
# ``backward()`` stops there, the ``.grad`` of the encoder stays ``None``, and the
# optimizer skips parameters whose ``.grad`` is ``None``. Not even weight decay applies.
#
# Other lines cut the graph too. You can see it in all but one of these, because the
# result has no ``grad_fn``:

features = encoder(points)
with torch.no_grad():
    under_no_grad = encoder(points)
lines = {
    "features.detach()": features.detach(),
    "features.data": features.data,
    "torch.tensor(features.tolist())": torch.tensor(features.tolist()),
    "under torch.no_grad()": under_no_grad,
    "features.argmax(dim=1)": features.argmax(dim=1),
    "features > 0": features > 0,
    "features.round()": features.round(),
}
for line, result in lines.items():
    print(f"{line:34}{'no grad_fn' if result.grad_fn is None else 'grad_fn'}")

# %%
# ``round()`` keeps the graph, but its derivative is zero everywhere. The parameters
# before it get zeros instead of ``None``.

for line, result in lines.items():
    assert (result.grad_fn is None) == ("round" not in line), (
        "of these lines, only round() keeps a grad_fn"
    )

# %%
# In your own code
# ----------------
#
# Call this once, after the first ``backward()``. It finds zeros as well:


def without_gradient(model):
    """Name the parameters that should learn, and get no gradient."""
    return [
        name
        for name, each in model.named_parameters()
        if each.requires_grad and (each.grad is None or not each.grad.any())
    ]


model.zero_grad()
head(encoder(points).round()).sum().backward()
behind_round = without_gradient(model)
encoder.requires_grad_(False)
frozen = without_gradient(model)
print("behind round():", behind_round)
print("frozen:        ", frozen)

assert encoder.weight.grad is not None, "behind round(), there is a gradient"
assert not encoder.weight.grad.any(), "but it is zero"
assert behind_round == missing[True], "the check finds zeros as well as None"
assert not frozen, "it leaves out what is frozen on purpose"

# %%
# A name in the list is not always a mistake. A layer before one whose weights are zero,
# as in LoRA, has a zero gradient at first. And the check misses a ``detach()`` on one
# of two paths, because the other one still brings a gradient.
#
# The check finds only gradients that are missing or zero. If it returns nothing,
# compare the weights before and after ``step()``: a layer may be missing from the
# optimizer, frozen, or in a plain list instead of an ``nn.ModuleList``.
#
# ``detach()`` is right for a value that is used and must not be trained: what you log,
# the state that a recurrent network carries, a target that the network computed,
# the input of a discriminator while the discriminator trains, and the features of an
# encoder that you want to keep.

# %%
# Try it
# ------
#
# Detach the output of ``head`` instead. What does ``backward()`` do?
#
# **Solution**

message = ""
try:
    head(encoder(points)).detach().sum().backward()
except RuntimeError as error:
    message = str(error)
print(message)

assert message.startswith("element 0 of tensors does not require grad"), (
    "if detach() cuts off everything, backward() raises an error"
)

# %%
# It fails, because no parameter is left that could get a gradient. You only get this
# error if ``detach()`` cuts off everything.

# %%
# Remember
# --------
#
# - ``detach()`` cuts off every layer before it, on that path. The layers after it still
#   learn.
# - A falling loss or a good accuracy does not prove that the whole network learns.
# - After the first ``backward()``, list the parameters whose gradient is missing or
#   zero.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_stopping_gradient_tracking.py`: when to use which
#   of these lines.
# - :ref:`sphx_glr_recipes_pitfalls_backward_twice.py`: a place where ``detach()`` is
#   right.
# - `torch.Tensor.detach
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.detach.html>`__

# sphinx_gallery_position = 4
# sphinx_gallery_tags = ["detach", "autograd", "no_grad", "Adam"]
# sphinx_gallery_cost = "6 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "model", "effect": "wrong result", "group": "not learned", "symptom": "Part of the network keeps its initial weights, while the loss falls or gets stuck, without an error."}
