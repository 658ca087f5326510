"""
Clipping gradients after the step
=================================

Call ``clip_grad_norm_`` once, after the last ``backward()`` and before ``step()``.
After ``step()`` it is too late: the step has used the full gradients, and
``zero_grad()`` throws the clipped ones away.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#     optimizer.zero_grad()
#     loss = loss_function(model(batch), targets)
#     loss.backward()
#    +nn.utils.clip_grad_norm_(model.parameters(), max_norm)
#     optimizer.step()
#    -nn.utils.clip_grad_norm_(model.parameters(), max_norm)
#
# With a gradient of 1,000, a limit of 1 and a learning rate of 0.1, the weight should
# move by 0.1:

import matplotlib.pyplot as plt
import torch

moved = {}
for order in ("clip, step", "step, clip"):
    weight = torch.tensor(0.0, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.1)
    (1000 * weight).backward()
    for call in order.split(", "):
        if call == "step":
            optimizer.step()
        else:
            norm = torch.nn.utils.clip_grad_norm_([weight], max_norm=1.0)
    moved[order] = abs(weight.item())
    print(f"{order}: moved by {moved[order]:.1f}, norm {norm:.0f}")

assert abs(moved["clip, step"] - 0.1) < 0.001, "clipped before the step: moved by 0.1"
assert abs(moved["step, clip"] - 100) < 0.1, "clipped after the step: moved by 100"

# %%
# Both orders return the same norm, so a log of it does not show the mistake.

# %%
# One bad batch
# -------------
#
# A model learns the line ``y = 3x + 2`` from 200 batches of 16 points. In batch 100,
# one target lost its decimal point: 5.000 became 5000. Train with the limit before the
# step, after it, and without one:

from functools import partial

from torch import nn

device = torch.accelerator.current_accelerator(check_available=True) or "cpu"
torch.manual_seed(0)
inputs = 4 * torch.rand(200, 16, 1) - 2
targets = 3 * inputs + 2 + 0.1 * torch.randn(200, 16, 1)
inputs[100, 0], targets[100, 0] = 1.0, 5000.0
inputs, targets = inputs.to(device), targets.to(device)
max_norm = 1.0


def train(make_optimizer, clip):
    """Return the weight after each step."""
    torch.manual_seed(0)
    model = nn.Linear(1, 1).to(device)
    optimizer = make_optimizer(model.parameters())
    weights = []
    for x, y in zip(inputs, targets, strict=True):
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        if clip == "before":
            nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        if clip == "after":
            nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        weights.append(model.weight.item())
    return weights


optimizers = {
    "SGD": partial(torch.optim.SGD, lr=0.1),
    "momentum": partial(torch.optim.SGD, lr=0.02, momentum=0.9),
    "Adam": partial(torch.optim.Adam, lr=0.1),
}
before, after, never = {}, {}, {}
print("largest distance of the weight from 3, from batch 100 on")
print(f"{'':8}{'before':>10}{'after':>10}{'no limit':>10}")
for name, make_optimizer in optimizers.items():
    before[name] = train(make_optimizer, "before")
    after[name] = train(make_optimizer, "after")
    never[name] = train(make_optimizer, "never")
    line = f"{name:8}"
    for weights in (before[name], after[name], never[name]):
        line += f"{max(abs(weight - 3) for weight in weights[100:]):10.2f}"
    print(line)

# %%
# Clipping after the step gives the same weights as no limit at all. How much that costs
# depends on the optimizer: plain SGD is thrown far off and comes back; momentum carries
# the weight on for many steps. With Adam, no step is much longer than the learning
# rate, 0.1: the weight moves by less than 1 in all, but comes back slowly.

for name in optimizers:
    assert after[name] == never[name], (
        "clipped after the step, the weights are those without a limit"
    )
    assert max(before[name][100:]) < 3.3, (
        "clipped before the step, the weight moves by less than 0.3"
    )
assert max(after["SGD"]) > 50, "SGD is thrown off beyond 50"
assert max(after["momentum"]) > 20, "SGD with momentum is thrown off beyond 20"
assert 3.3 < max(after["Adam"]) < 4, "Adam at lr 0.1 moves the weight by 0.3 to 1"

# %%
# The weight, step by step:

fig, (top, bottom) = plt.subplots(2, 1, sharex=True, layout="constrained")
for ax, name in ((top, "SGD"), (bottom, "Adam")):
    ax.plot(range(90, 200), after[name][90:], "C1", label="clipped after step()")
    ax.plot(range(90, 200), before[name][90:], "C0", label="clipped before step()")
    ax.set(ylabel="weight", title=name)
bottom.set(xlabel="batch")
top.legend()
plt.show()
# sphinx_gallery_alt_block = "Two panels: the weight from batch 90 on, with SGD and with Adam. Clipped before the step, it stays near 3 in both. Clipped after the step, it jumps far up with SGD and comes back after some batches; with Adam it rises a little and is still too high at the end."

# %%
# Why it happens
# --------------
#
# ``clip_grad_norm_`` changes ``.grad`` in place, and only ``step()`` reads ``.grad``.
# After the step, the next call that touches it is ``zero_grad()``. The function returns
# the norm from *before* clipping, so it looks plausible after the step, too.
#
# With Adam, the bad gradient also enters the running mean of squares, which decays by
# 0.1% per step by default, so the next steps are shorter: here, the weight is still
# off 99 steps later.

assert after["Adam"][-1] > 3.3, "with Adam, the weight is still off 99 steps later"

# %%
# In your own code
# ----------------
#
# Let the optimizer itself check the gradients when ``step()`` begins. This works for
# any optimizer whose ``step()`` you call without arguments:


def check_clipped(optimizer, *_):
    """Raise an error if the gradients are not clipped."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = nn.utils.get_total_norm(gradients).item()
    if not norm <= 1.01 * max_norm:  # also true for nan
        raise RuntimeError(f"step() got a gradient of norm {norm:.2f}")


def make_checked_sgd(parameters):
    optimizer = torch.optim.SGD(parameters, lr=0.1)
    optimizer.register_step_pre_hook(check_clipped)
    return optimizer


messages = {}
for clip in ("before", "after"):
    messages[clip] = "all gradients are clipped"
    try:
        train(make_checked_sgd, clip)
    except RuntimeError as error:
        messages[clip] = str(error)
    print(f"{clip:6}: {messages[clip]}")

assert messages["before"].startswith("all"), (
    "clipped before the step, the check finds nothing"
)
assert messages["after"].startswith("step() got"), (
    "clipped after the step, the check finds the mistake"
)

# %%
# On a GPU, ``item()`` makes the CPU wait for the GPU, so remove the hook once the check
# passes.
#
# If you accumulate gradients, clip once, right before the step. With a ``GradScaler``,
# call ``scaler.unscale_(optimizer)`` first, because the gradients are scaled until
# then.

# %%
# Try it
# ------
#
# Call ``clip_grad_norm_`` before ``backward()`` instead. Does it report that there is
# nothing to clip?
#
# **Solution**

model = nn.Linear(1, 1)
norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm)
print("norm:", norm.item())

assert norm == 0, "without gradients, the norm is 0, and there is no error"

# %%
# No: it returns a norm of 0. With ``error_if_nonfinite=True`` it reports infinite
# gradients and ``nan``, but not that gradients are missing.

# %%
# Remember
# --------
#
# - Clip once, after the last ``backward()`` and before ``step()``. After ``step()``,
#   ``zero_grad()`` throws the clipped gradients away.
# - ``clip_grad_norm_`` returns the norm before clipping, so logging it proves nothing.
# - Check the gradients where ``step()`` reads them: with a hook of the optimizer.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_clipping_gradients.py`: by norm or by value, and
#   how to choose the limit.
# - :ref:`sphx_glr_recipes_gradients_where_to_clear_gradients.py`: the order of the
#   other calls.
# - `torch.nn.utils.clip_grad_norm_
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html>`__
# - `Gradient clipping
#   <https://docs.pytorch.org/docs/stable/notes/amp_examples.html#gradient-clipping>`__
#   in PyTorch's notes on mixed precision.

# sphinx_gallery_position = 13
# sphinx_gallery_tags = ["clipping", "training loop", "optimizer", "SGD"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "training", "effect": "wrong result", "group": "explodes", "symptom": "One bad batch throws the weights far off despite clipping, and a smaller max_norm changes nothing."}
