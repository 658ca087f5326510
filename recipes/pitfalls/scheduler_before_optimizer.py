"""
Detected call of lr_scheduler.step() before optimizer.step()
============================================================

Call ``scheduler.step()`` after ``optimizer.step()``, or the first learning rate of the
schedule is never used. If the order in your loop is right, the optimizer has not taken
its first step yet: ``GradScaler`` skipped it, you accumulate gradients, or the
scheduler belongs to another optimizer.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#     loss.backward()
#    -scheduler.step()
#     optimizer.step()
#    +scheduler.step()
#
# The schedule halves a learning rate of 0.8 after each step. Record which rates the
# optimizer uses in each order:

import warnings

import torch


def used_rates(scheduler_first):
    optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.8)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    for _ in range(4):
        if scheduler_first:
            scheduler.step()
        yield scheduler.get_last_lr()[0]
        optimizer.step()
        if not scheduler_first:
            scheduler.step()


with warnings.catch_warnings(record=True, action="always") as caught:
    wrong, right = list(used_rates(True)), list(used_rates(False))
print(f"scheduler first: {wrong}\noptimizer first: {right}")

assert wrong == [0.4, 0.2, 0.1, 0.05], "scheduler first: the rate of 0.8 is not used"
assert right == [0.8, 0.4, 0.2, 0.1], "optimizer first: every rate is used"
assert len(caught) == 1, "only the wrong order warns, and it warns once"

# %%
# The warning
# -----------
#
# This is what the wrong order said:

print(f"{caught[0].category.__name__}: {caught[0].message}")

# %%
# How much it matters depends on the schedule. If it steps with every batch, it is off
# by one batch in thousands, which changes next to nothing. If it steps with every
# epoch, each rate comes an epoch too early, and a cosine schedule trains its last epoch
# at its lowest rate, 0 by default.
#
# PyTorch looks only once, when the scheduler takes its first step: has ``step()`` of
# its optimizer been called? So it says nothing about later steps, and a scheduler that
# resumes from a checkpoint does not warn. Neither do ``ReduceLROnPlateau`` and
# ``CosineAnnealingWarmRestarts``.

assert str(caught[0].message).startswith("Detected call of"), "it is this warning"

# %%
# The order is right, and it still warns
# --------------------------------------
#
# In all of these loops, ``scheduler.step()`` comes below ``optimizer.step()``. The
# schedule halves the learning rate three times, from 0.8 to 0.1:

from functools import partial


def train(cause):
    """Return the learning rate at the end, and the warnings."""
    weight = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.8)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    scaler = torch.amp.GradScaler("cpu", enabled=cause == "overflow")
    if cause == "new optimizer":
        optimizer = torch.optim.SGD([weight], lr=0.8)
    if cause == "replaced step":
        optimizer.step = partial(optimizer.step)
    with warnings.catch_warnings(record=True, action="always") as caught:
        for batch in range(3):
            bad = cause == "overflow" and batch == 0
            scaler.scale(weight * (torch.inf if bad else 1.0)).backward()
            if cause != "accumulation" or batch == 2:
                scaler.step(optimizer)
                scaler.update()
                optimizer.zero_grad()
            scheduler.step()
    return optimizer.param_groups[0]["lr"], caught


ends, said = {}, {}
for cause in ("none", "overflow", "accumulation", "new optimizer", "replaced step"):
    ends[cause], said[cause] = train(cause)
    first = str(said[cause][0].message)[:40] if said[cause] else "no warning"
    print(f"{cause:14} rate {ends[cause]:.1f}   {first}")

# %%
# - *overflow*: float16 gradients overflowed in the first step, so ``scaler.step()`` did
#   not call ``optimizer.step()``. This is common, because the scale starts high, and
#   harmless if it happens only in the first few steps.
# - *accumulation*: the scheduler steps with every batch, but the optimizer does not.
#   Put ``scheduler.step()`` into the same ``if``, or the schedule runs too fast.
# - *new optimizer*: the scheduler still changes the old one. The learning rate stays at
#   0.8, and this warning is the only sign. Make the scheduler last.
# - *replaced step*: a library wrapped ``optimizer.step`` after you had made the
#   scheduler. Make the scheduler after that. This warning is worded differently:

warning = said["replaced step"][0]
print(f"{warning.category.__name__}: {warning.message}")

# %%

for cause in ("overflow", "accumulation", "new optimizer"):
    assert str(said[cause][0].message).startswith("Detected call"), (
        "overflow, accumulation and a new optimizer give the first warning"
    )
assert not said["none"], "without one of the causes there is no warning"
assert ends["new optimizer"] == 0.8, "the new optimizer keeps its learning rate"
assert ends["none"] == 0.1, "without one of the causes the learning rate ends at 0.1"

# %%
# Skipped steps of GradScaler
# ---------------------------
#
# A skipped step still moves the schedule on. To step the scheduler only when the
# optimizer has stepped, see whether ``update()`` has lowered the scale:


def train_with_overflow(careful):
    """Return the learning rates of the steps that were taken, and the warnings."""
    weight = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.8)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    scaler = torch.amp.GradScaler("cpu")  # on a GPU: "cuda"
    rates = []
    optimizer.register_step_pre_hook(
        lambda *_: rates.append(scheduler.get_last_lr()[0])
    )
    with warnings.catch_warnings(record=True, action="always") as caught:
        for factor in (torch.inf, torch.inf, 1.0, 1.0, 1.0):
            optimizer.zero_grad()
            scaler.scale(factor * weight).backward()
            scaler.step(optimizer)
            scale = scaler.get_scale()
            scaler.update()
            if not careful or scaler.get_scale() >= scale:
                scheduler.step()
    return rates, len(caught)


always, careful = train_with_overflow(careful=False), train_with_overflow(careful=True)
print(f"scheduler steps always:  rates {always[0]}, {always[1]} warning")
print(f"only after a real step:  rates {careful[0]}, {careful[1]} warnings")

assert always == ([0.2, 0.1, 0.05], 1), "two skipped steps use up two rates"
assert careful == ([0.8, 0.4, 0.2], 0), "with the check, no rate is lost"

# %%
# The price: a schedule that was made for a number of batches, such as warmup and cosine
# decay, does not reach its end.
#
# On a GPU, ``get_scale()`` forces a synchronization. With ``fused=True``, the optimizer
# skips the step inside its own ``step()``, so there is no warning at all, but the
# schedule moves on anyway. The check works there, too.

# %%
# Why it happens
# --------------
#
# A scheduler sets the first learning rate when it is made. Each ``scheduler.step()``
# sets the next one, so the first is in use only until the first call. Before PyTorch
# 1.1, the first call did not count, so loops began with ``scheduler.step()``. Many
# examples on the web still do.

# %%
# In your own code
# ----------------
#
# Don't silence the warning before you know its cause. Print the learning rate from the
# optimizer that you step, and check once that the scheduler has the same:

optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.8)
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)


def check_scheduler(scheduler, optimizer):
    """Raise an error if the scheduler changes another optimizer."""
    if scheduler.optimizer is not optimizer:
        raise RuntimeError("the scheduler belongs to another optimizer")


check_scheduler(scheduler, optimizer)
found = ""
try:
    check_scheduler(scheduler, torch.optim.SGD([torch.ones(1)], lr=0.8))
except RuntimeError as error:
    found = str(error)
    print(found)

assert found, "the check finds a scheduler of another optimizer"

# %%
# Try it
# ------
#
# ``OneCycleLR`` has to know the number of its steps. What happens if you give it the
# number of epochs, and call ``step()`` for every batch?
#
# **Solution**

epochs, batches = 2, 3
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.8, total_steps=epochs)
message = ""
try:
    for _ in range(epochs * batches):
        optimizer.step()
        scheduler.step()
except ValueError as error:
    message = f"{type(error).__name__}: {error}"
    print(message)

assert "Tried to step 3 times" in message, "one step too many is an error"

# %%
# It raises an error as soon as there is one step too many. The right number here is
# ``epochs * batches``, or that divided by the batches that you accumulate. Most other
# schedulers carry on silently.

# %%
# Remember
# --------
#
# - First ``optimizer.step()``, then ``scheduler.step()``.
# - If the order is right, ask which optimizer the scheduler holds, and whether a step
#   was skipped.
# - PyTorch looks only at the first step. No warning does not prove the order right.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_mixed_precision_gradients.py`: why steps are
#   skipped.
# - :ref:`sphx_glr_recipes_pitfalls_new_optimizer_every_step.py`
# - `How to adjust learning rate
#   <https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate>`__

# %%
# Sources
# -------
#
# - `unable to prevent lr scheduler before optimizer step warning
#   <https://github.com/pytorch/pytorch/issues/55585>`__: the scaler skips the first step
#   and does not say so.
# - `Add OptState.UPDATED to GradScaler
#   <https://github.com/pytorch/pytorch/issues/67590>`__: a request, open since 2021, to
#   let the scaler say so.
# - `solve "scheduler before optimizer step" warning
#   <https://github.com/huggingface/transformers/pull/11144>`__: the comparison of
#   scales, and what speaks against it.
# - `Seems like optimizer.step() has been overridden
#   <https://github.com/mgrankin/ru_transformers/issues/11>`__: the other warning, with
#   skipped steps.

# sphinx_gallery_position = 26
# sphinx_gallery_tags = ["scheduler", "optimizer", "training loop", "GradScaler"]
# sphinx_gallery_cost = "2 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "training", "effect": "error-prone", "group": "error", "symptom": "UserWarning: Detected call of `lr_scheduler.step()` before `optimizer.step()`."}
