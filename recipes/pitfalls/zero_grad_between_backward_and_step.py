"""
zero_grad between backward and step
===================================

If ``zero_grad()`` comes between ``backward()`` and ``step()``, the network does not
learn, because the gradients are gone before the optimizer reads them. PyTorch reports
nothing. Move ``zero_grad()`` to the top of the loop.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#     for batch, labels in batches:
#    +    optimizer.zero_grad()
#         loss = loss_function(model(batch), labels)
#         loss.backward()
#    -    optimizer.zero_grad()
#         optimizer.step()
#
# In the wrong order, ``step()`` finds no gradient, so the weight stays at 1:

import matplotlib.pyplot as plt
import torch

weight = torch.tensor(1.0, requires_grad=True)
optimizer = torch.optim.SGD([weight], lr=0.1)
for step in (1, 2, 3):
    loss = weight**2
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    print(f"step {step}: gradient {weight.grad}, weight {weight.item()}")

assert weight.item() == 1, "after three steps, the weight is still 1"

# %%
# Why it goes unnoticed
# ---------------------
#
# In a real training run the loss goes up and down even if nothing is learned, because
# each batch holds different samples. To see it, train a small network to tell two half
# moons apart, in both orders. After each epoch, compute the loss on new points, too.

from functools import partial

from torch import nn

device = torch.accelerator.current_accelerator(check_available=True) or "cpu"


def make_moons(count):
    angle = torch.pi * torch.rand(count)
    labels = torch.arange(count) % 2
    upper = torch.stack([angle.cos(), angle.sin()], dim=1)
    lower = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], dim=1)
    points = torch.where(labels[:, None] == 0, upper, lower)
    return (points + 0.1 * torch.randn(count, 2)).to(device), labels.to(device)


torch.manual_seed(0)
points, labels = make_moons(512)
new_points, new_labels = make_moons(512)


def make_model(norm=nn.Identity):
    torch.manual_seed(0)
    layers = [nn.Linear(2, 32), norm(32), nn.Tanh(), nn.Linear(32, 2)]
    return nn.Sequential(*layers).to(device)


def train(model, optimizer, wrong_order, **options):
    """Return the loss of each batch, and the loss on new points after each epoch."""
    losses, new_losses = [], []
    for _ in range(5):
        model.train()
        for batch in torch.randperm(len(points)).split(32):
            if not wrong_order:
                optimizer.zero_grad(**options)
            loss = nn.functional.cross_entropy(model(points[batch]), labels[batch])
            loss.backward()
            if wrong_order:
                optimizer.zero_grad(**options)
            optimizer.step()
            losses.append(loss.item())
        model.eval()
        with torch.inference_mode():
            new_loss = nn.functional.cross_entropy(model(new_points), new_labels)
        new_losses.append(new_loss.item())
    return losses, new_losses


sgd = partial(torch.optim.SGD, lr=0.1, momentum=0.9)
fig, ax = plt.subplots(layout="constrained")
losses, new_losses = {}, {}
for name, color in (("wrong order", "C1"), ("right order", "C0")):
    model = make_model()
    optimizer = sgd(model.parameters())
    wrong_order = name == "wrong order"
    losses[name], new_losses[name] = train(model, optimizer, wrong_order)
    ax.plot(range(1, 81), losses[name], color, alpha=0.5, label=f"{name}: batch")
    ends = range(16, 81, 16)
    ax.plot(ends, new_losses[name], f"{color}o-", label=f"{name}: new points")
ax.set(xlabel="batch", ylabel="loss", ylim=(0, None))
fig.legend(loc="outside upper center", ncols=2)
plt.show()
# sphinx_gallery_alt_block = "Loss over 80 batches. In the right order, the loss of the batches and the loss on new points fall. In the wrong order, the loss of the batches goes up and down without a trend, and the loss on new points is a horizontal line."

# %%
# In the wrong order, the loss of the batches goes up and down without a trend. The loss
# on new points shows the mistake: these points are the same after each epoch, and the
# loss on them is identical to the last digit.

assert len(set(new_losses["wrong order"])) == 1, (
    "in the wrong order, the loss on new points is the same after each epoch"
)
assert max(losses["wrong order"]) > 1.03 * min(losses["wrong order"]), (
    "in the wrong order, the losses of the batches differ by more than 3%"
)
assert new_losses["right order"][-1] < 0.5 * losses["right order"][0], (
    "in the right order, the loss on new points is less than half of the first loss"
)

# %%
# When the loss moves anyway
# --------------------------
#
# Some things change without a gradient. Train in the wrong order with four setups, and
# count the weights that changed. The two losses are on new points, after the first and
# after the last epoch:

decay = partial(torch.optim.AdamW, lr=0.01, weight_decay=0.1)
setups = {
    "SGD": (sgd, nn.Identity, {}),
    "SGD, batch norm": (sgd, nn.BatchNorm1d, {}),
    "AdamW": (decay, nn.Identity, {}),
    "AdamW, zeros": (decay, nn.Identity, {"set_to_none": False}),
}
changed, moved = {}, {}
print(f"{'':18}changed weights   loss on new points")
for name, (make_optimizer, norm, options) in setups.items():
    model, untrained = make_model(norm), make_model(norm)
    optimizer = make_optimizer(model.parameters())
    _, level = train(model, optimizer, wrong_order=True, **options)
    pairs = zip(model.parameters(), untrained.parameters(), strict=True)
    changed[name] = sum((new != old).sum().item() for new, old in pairs)
    moved[name] = len(set(level)) > 1
    print(f"{name:18}{changed[name]:15}   {level[0]:.4f} to {level[-1]:.4f}")

# %%
# - With batch norm, the weights are unchanged, but the running statistics follow the
#   data in the forward pass. So the loss moves, but the network learns nothing.
# - With ``set_to_none=False``, the gradients are zeros and not ``None``, so AdamW does
#   not skip the weights: its weight decay shrinks them.

assert changed["SGD"] == 0, "with SGD, no weight changes"
assert changed["SGD, batch norm"] == 0, "with batch norm, no weight changes either"
assert moved["SGD, batch norm"], "with batch norm, the loss on new points moves"
assert changed["AdamW"] == 0, "with AdamW and None, no weight changes"
assert changed["AdamW, zeros"] > 100, "with AdamW and zeros, more than 100 change"

# %%
# Why it happens
# --------------
#
# ``backward()`` writes the gradients to ``.grad``, ``zero_grad()`` sets ``.grad`` to
# ``None``, and ``step()`` skips each parameter whose gradient is ``None``. PyTorch does
# not treat this as an error, because it is also how parameters that took no part in the
# loss are left alone.

# %%
# In your own code
# ----------------
#
# Don't rely on the loss. Call this right before ``optimizer.step()``:


def check_gradients(model):
    """Raise an error if every gradient is missing or zero."""
    gradients = [each.grad for each in model.parameters()]
    if not any(each is not None and each.any() for each in gradients):
        raise RuntimeError("no parameter has a gradient")


message = ""
model = make_model()
nn.functional.cross_entropy(model(points), labels).backward()
check_gradients(model)
model.zero_grad()
try:
    check_gradients(model)
except RuntimeError as error:
    message = str(error)
print(message)

assert message == "no parameter has a gradient", (
    "the check finds that the gradients were cleared"
)

# %%
# The check also finds a missing ``backward()``. On a GPU, ``any()`` makes the CPU wait
# for the GPU, so remove the check once it passes.
#
# If it passes and the network still does not learn, compare a weight before and after
# ``step()``: the optimizer may have been created for other parameters, the learning
# rate may be 0, or the layers may be frozen.

# %%
# Try it
# ------
#
# In a loop with mixed precision, ``scaler.step(optimizer)`` replaces
# ``optimizer.step()``. Does the wrong order go unnoticed there, too?
#
# **Solution**

scaler = torch.amp.GradScaler("cpu")
scaler.scale(weight**2).backward()
optimizer = torch.optim.SGD([weight], lr=0.1)
optimizer.zero_grad()
try:
    scaler.step(optimizer)
except AssertionError as error:
    message = str(error)
print(message)

assert message.startswith("No inf checks"), (
    "by default, the scaler reports that it found no gradients"
)

# %%
# Not by default: the scaler looks for infinite gradients before the step, finds no
# gradient to look at, and says so. It raises no error with
# ``zero_grad(set_to_none=False)``, after ``scaler.unscale_(optimizer)``, or with
# ``enabled=False``.

# %%
# Remember
# --------
#
# - The order is ``zero_grad()``, ``backward()``, ``step()``.
# - Nothing may clear the gradients between ``backward()`` and ``step()``.
# - If the loss on the same data is identical to the last digit, the weights most likely
#   don't change: compare one before and after ``step()``.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_where_to_clear_gradients.py`: the places in the
#   loop where clearing is right.
# - :ref:`sphx_glr_recipes_pitfalls_missing_zero_grad.py`: the opposite mistake.
# - `torch.optim.Optimizer.zero_grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html>`__:
#   what ``None`` changes compared with zeros.

# sphinx_gallery_position = 1
# sphinx_gallery_tags = ["zero_grad", "optimizer", "training loop", "SGD"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "training", "effect": "wrong result", "group": "not learned", "symptom": "The loss on the same data is identical to the last digit, epoch after epoch."}
