"""
Clipping gradients before GradScaler unscales them
==================================================

With ``GradScaler``, gradients are multiplied by the scale, so call
``scaler.unscale_(optimizer)`` right before ``clip_grad_norm_``. Without it, you clip
gradients that are, at first, 65,536 times too large: nearly every step is clipped, and
after unscaling next to nothing is left. With SGD, the loss hardly falls.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#     scaler.scale(loss).backward()
#    +scaler.unscale_(optimizer)
#     norm = nn.utils.clip_grad_norm_(parameters, max_norm)
#     scaler.step(optimizer)
#     scaler.update()
#
# The gradient is 0.5, so a limit of 1 should not touch it, and at a learning rate of
# 0.1 the weight should move by 0.05:

import matplotlib.pyplot as plt
import torch

moved, norms = {}, {}
for unscale in (False, True):
    weight = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.1)
    scaler = torch.amp.GradScaler("cpu")  # on a GPU: "cuda"
    scaler.scale(0.5 * weight).backward()
    if unscale:
        scaler.unscale_(optimizer)
    norms[unscale] = torch.nn.utils.clip_grad_norm_([weight], max_norm=1.0).item()
    scaler.step(optimizer)
    scaler.update()
    moved[unscale] = abs(weight.item())
    print(f"unscale_ {unscale}: norm {norms[unscale]}, moved {moved[unscale]:.6f}")

assert norms[False] == 32_768, "without unscale_, the norm is 65,536 times 0.5"
assert moved[False] < 0.00001, "without unscale_, the weight hardly moves"
assert abs(moved[True] - 0.05) < 1e-6, "with unscale_, the weight moves by 0.05"

# %%
# Train with unscaling and without
# --------------------------------
#
# A network learns a sine in float16, with three optimizers:

from functools import partial

from torch import nn

max_norm = 1.0


def train(make_optimizer, unscale, max_norm=max_norm):
    """Return the loss of each step, and the norm that clipping returns."""
    torch.manual_seed(0)
    x = 6 * torch.rand(64, 1) - 3
    model = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))
    parameters = list(model.parameters())
    optimizer = make_optimizer(parameters)
    scaler = torch.amp.GradScaler("cpu")
    losses, norms = [], []
    for _ in range(160):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.float16):
            loss = nn.functional.mse_loss(model(x), x.sin())
        scaler.scale(loss).backward()
        if unscale:
            scaler.unscale_(optimizer)
        norm = nn.utils.clip_grad_norm_(parameters, max_norm)
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
        norms.append(norm.item())
    return losses, norms


optimizers = {
    "SGD, momentum": partial(torch.optim.SGD, lr=0.1, momentum=0.9),
    "Adam": partial(torch.optim.Adam, lr=0.01),
    "Adam, eps=1e-4": partial(torch.optim.Adam, lr=0.01, eps=1e-4),
}
right, wrong = {}, {}
print(f"{'':17}{'with unscale_':>20}{'without':>20}")
for name, make_optimizer in optimizers.items():
    right[name] = train(make_optimizer, unscale=True)
    wrong[name] = train(make_optimizer, unscale=False)
    line = f"{name:17}"
    for losses, norms in (right[name], wrong[name]):
        clipped = sum(norm > max_norm for norm in norms) / len(norms)
        line += f"   loss {losses[-1]:.3f}, {clipped:4.0%}"
    print(line)

# %%
# The percentage is the share of the steps that were clipped.
#
# - With SGD, a step is proportional to the gradient. Clipping sets its norm to the
#   limit, and unscaling divides that by 65,536, so the loss hardly falls. It looks as
#   if the learning rate were far too small.
# - With Adam you may see nothing, or even a lower loss: it divides by the size of the
#   gradients. But your limit has no effect: each gradient gets the same norm.
# - A larger ``eps`` brings the mistake to light, because then ``eps`` is larger than
#   the gradients. In a large network, the default can be, too: there, one tiny norm is
#   shared by very many weights.

assert wrong["SGD, momentum"][0][-1] > 0.9 * wrong["SGD, momentum"][0][0], (
    "SGD without unscale_: the loss hardly falls"
)
assert right["SGD, momentum"][0][-1] < 0.05, "SGD with unscale_ learns"
assert wrong["Adam"][0][-1] < 0.05, "Adam learns in spite of the mistake"
assert wrong["Adam, eps=1e-4"][0][-1] > 5 * right["Adam, eps=1e-4"][0][-1], (
    "with eps=1e-4, Adam without unscale_ is far behind"
)
for name in optimizers:
    assert min(wrong[name][1]) > max_norm, "without unscale_, every step is clipped"
    clipped = [norm > max_norm for norm in right[name][1]]
    assert sum(clipped) < 0.9 * len(clipped), "with it, not in every step"

# %%
# A look at the norms shows what happened:

fig, ax = plt.subplots(layout="constrained")
ax.plot(wrong["SGD, momentum"][1], "C1", label="without unscale_")
ax.plot(right["SGD, momentum"][1], "C0", label="with unscale_")
ax.axhline(max_norm, color="C2", linestyle="--", label="limit")
ax.set(xlabel="step", ylabel="norm before clipping (log scale)", yscale="log")
ax.legend(loc="center right")
plt.show()
# sphinx_gallery_alt_block = "The norm that clipping returns over 160 steps of SGD, on a logarithmic scale. With unscale_ it is above the limit only in some steps. Without unscale_ it is tens of thousands of times as high in all steps."

# %%
# Without ``unscale_``, the gradients look as if they had exploded. A smaller limit
# makes it worse. A limit of 100,000 seems to help, but it is only right for one scale,
# and the scaler halves and doubles its scale as training goes on.

assert min(wrong["SGD, momentum"][1]) > 20_000, "without unscale_, above 20,000"
assert sorted(right["SGD, momentum"][1])[80] < 2, "with unscale_, most are below 2"

# %%
# Errors that you may meet
# ------------------------

weight = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.SGD([weight], lr=0.1)
scaler = torch.amp.GradScaler("cpu")
scaler.scale(weight * torch.inf).backward()
scaler.unscale_(optimizer)
messages = []
for action in (
    partial(nn.utils.clip_grad_norm_, [weight], 1.0, error_if_nonfinite=True),
    partial(scaler.unscale_, optimizer),
    partial(scaler.step, optimizer),  # no error
    partial(scaler.unscale_, optimizer),
    partial(scaler.step, optimizer),
):
    try:
        action()
    except RuntimeError as error:
        messages.append(f"{type(error).__name__}: {error}")
        print(f"{type(error).__name__}: {error}")

# %%
# - *is non-finite*: leave ``error_if_nonfinite`` off. With a scaler, an overflow now
#   and then is normal: ``step()`` skips it.
# - *unscale_() has already been called*: call it once for each step. If you accumulate
#   gradients, call it after the last ``backward()`` of the group. If you leave out a
#   bad batch with ``continue``, call ``scaler.update()`` first.
# - *after step()*: clip before ``scaler.step()``.
# - *step() has already been called*: ``scaler.update()`` is missing.

assert len(messages) == 4, "four of the five calls raise an error"

# %%
# Why it happens
# --------------
#
# ``scaler.step()`` unscales the gradients if you have not, and calls
# ``optimizer.step()``. So the order is scale, clip, unscale: a gradient of norm ``g``
# becomes ``65536 * g``, then ``max_norm``, then ``max_norm / 65536``, for any larger
# ``g``. After ``unscale_``, ``step()`` knows that it must not unscale again.

# %%
# In your own code
# ----------------
#
# Make one function of both calls, so the order cannot go wrong:


def unscale_and_clip(scaler, optimizer, max_norm):
    """Clip what the optimizer holds, and return the norm before clipping."""
    scaler.unscale_(optimizer)
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    return nn.utils.clip_grad_norm_(parameters, max_norm)


scaler.update()
optimizer.zero_grad()
scaler.scale(0.5 * weight).backward()
norm = unscale_and_clip(scaler, optimizer, max_norm=1.0)
print("norm:", norm.item())

assert norm == 0.5, "the norm is that of the unscaled gradient"

# %%
# Log the norm: thousands or more in every step are a sign of the mistake. The function
# works for a scaler with ``enabled=False``, too, because ``unscale_`` then does
# nothing. With several optimizers, call it for each. All of this is the same on a GPU.
# Without a scaler, as with bfloat16, there is nothing to unscale. Libraries such as
# Accelerate and Lightning have a function for clipping that unscales: call that one.

# %%
# Try it
# ------
#
# ``clip_grad_value_`` turns ``inf`` into the limit. If you call it before
# ``unscale_``, does the scaler still find an overflow?
#
# **Solution**

scale_after = {}
for unscale in (False, True):
    scaler = torch.amp.GradScaler("cpu")
    optimizer.zero_grad()
    scaler.scale(weight * torch.inf).backward()
    if unscale:
        scaler.unscale_(optimizer)
    nn.utils.clip_grad_value_([weight], 1.0)
    scaler.step(optimizer)
    scaler.update()
    scale_after[unscale] = scaler.get_scale()
    print(f"unscale_ {unscale!s:5}: the scale is {scale_after[unscale]:.0f}")

assert scale_after == {False: 65_536, True: 32_768}, (
    "clipped by value first, an overflow is not found, and the scale stays"
)

# %%
# Not if it is ``inf``: without ``unscale_`` it takes the step, and keeps the scale. (A
# ``nan`` stays ``nan``, and is found.) ``unscale_`` is the call that looks for ``inf``.

# %%
# Remember
# --------
#
# - ``backward()``, ``unscale_``, clip, ``scaler.step()``, ``update()``, in this order.
# - If every step is clipped, and the norms are in the thousands or more, ``unscale_``
#   is missing.
# - Adam can hide the mistake. Your limit still does nothing.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_mixed_precision_gradients.py`: what the scaler is
#   for.
# - :ref:`sphx_glr_recipes_pitfalls_clipping_after_step.py`: the other wrong place.
# - `Gradient clipping
#   <https://docs.pytorch.org/docs/stable/notes/amp_examples.html#gradient-clipping>`__
#   in PyTorch's notes on mixed precision.

# %%
# Sources
# -------
#
# - `Gradient clipping with torch.cuda.amp
#   <https://github.com/pytorch/pytorch/issues/40907>`__: with clipping, "the loss does
#   not decrease anymore".
# - `Grad clipping with native amp occurs while grads are scaled
#   <https://github.com/Lightning-AI/pytorch-lightning/issues/9694>`__: Lightning itself
#   had the wrong order.
# - `correctly apply clip_grad_scale to unscaled gradients
#   <https://github.com/victorchall/EveryDream2trainer/pull/175>`__: one had to pass
#   limits of 100,000 or 1,000,000.
# - `unscale_() has already been called on this optimizer since the last update()
#   <https://github.com/hiyouga/LlamaFactory/issues/77>`__: with gradient accumulation.

# sphinx_gallery_position = 14
# sphinx_gallery_tags = ["mixed precision", "GradScaler", "clipping", "SGD", "Adam"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "training", "effect": "wrong result", "group": "explodes", "symptom": "With mixed precision, the norm of the gradients is in the tens of thousands, every step is clipped, and the loss hardly falls."}
