"""
Where to call zero_grad
=======================

Call ``optimizer.zero_grad()`` anywhere in the loop except between ``loss.backward()``
and ``optimizer.step()``; its first line is the usual place. Between the two, it removes
the gradients before ``step()`` reads them, so the model never learns, and PyTorch
reports nothing (only ``GradScaler`` can raise an error: "No inf checks were recorded").
"""

# %%
# In short
# --------
#
# One weight, whose loss is ``weight**2``, takes three steps in each order:

import matplotlib.pyplot as plt
import torch

for order in ("right", "wrong"):
    weight = torch.tensor(1.0, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.1)
    for _ in range(3):
        if order == "right":
            optimizer.zero_grad()
        loss = weight**2
        loss.backward()
        if order == "wrong":
            optimizer.zero_grad()
        optimizer.step()
    print(f"{order} order: weight {weight.item():.3f}")

assert weight == 1, "in the wrong order, the weight does not move"

# %%
# Follow ``.grad`` through the loop
# ---------------------------------
#
# A gradient has to be in ``.grad`` from ``backward()``, which writes it, to ``step()``,
# which reads it. Look at ``.grad`` after each call, over two turns of the loop:


def follow(calls):
    """Return what .grad holds after each call, with 0 for None."""
    weight = torch.tensor(1.0, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.1)
    held = []
    for call in calls:
        if call == "forward":
            loss = weight**2
        elif call == "backward":
            loss.backward()
        elif call == "step":
            optimizer.step()
        else:
            optimizer.zero_grad()
        held.append(0 if weight.grad is None else weight.grad.item())
    return held


timelines = {
    "right order": 2 * ["zero_grad", "forward", "backward", "step"],
    "wrong order": 2 * ["forward", "backward", "zero_grad", "step"],
}
fig, panels = plt.subplots(2, 1, figsize=(5, 5), layout="constrained")
for ax, (order, calls) in zip(panels, timelines.items(), strict=True):
    held = follow(calls)
    read = [value * (call == "step") for call, value in zip(calls, held, strict=True)]
    ax.bar(range(8), held, color="C0", label="not read yet")
    ax.bar(range(8), read, color="C1", label="read by step")
    ax.set(title=order, ylabel="gradient after the call", ylim=(0, 2.4))
    ax.set_xticks(range(8), calls, rotation=40, ha="right")
handles = panels[0].get_legend_handles_labels()
fig.legend(*handles, loc="outside upper center", ncols=2)
plt.show()
# sphinx_gallery_alt_block = "Two panels of bars: what .grad holds after each call of two turns of the loop. In the right order there are bars at backward and step. In the wrong order there are bars at backward only, because zero_grad comes next, and nothing is left at step."

# %%
# No bar means ``None``: since PyTorch 2.0, ``zero_grad()`` removes the gradient instead
# of filling it with zeros. In the wrong order, no gradient ever reaches ``step()``.

assert all(follow(timelines["right order"])[3::4]), (
    "in the right order, step() reads a gradient"
)
assert not any(follow(timelines["wrong order"])[3::4]), (
    "in the wrong order, step() finds no gradient"
)

# %%
# Try all four places
# -------------------
#
# Fit a line to 200 points around ``y = 3x + 2``, in mini-batches of 20, with
# ``zero_grad()`` in each place that the loop has for it:

torch.manual_seed(0)
x = torch.linspace(-2, 2, 200).unsqueeze(1)
y = 3 * x + 2 + 0.5 * torch.randn(200, 1)


def train(place, batch_size=20, make_optimizer=torch.optim.SGD, **settings):
    """Return the fitted weight and bias, and the loss of each step."""
    torch.manual_seed(0)
    model = torch.nn.Linear(1, 1)
    optimizer = make_optimizer(model.parameters(), lr=0.05, **settings)
    losses = []
    for _ in range(10):
        for batch in torch.randperm(200).split(batch_size):
            if place == "before forward":
                optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(model(x[batch]), y[batch])
            if place == "before backward":
                optimizer.zero_grad()
            loss.backward()
            if place == "before step":
                optimizer.zero_grad()
            optimizer.step()
            if place == "after step":
                optimizer.zero_grad()
            losses.append(loss.item())
    return model.weight.item(), model.bias.item(), losses


results = {}
for place in ("before forward", "before backward", "before step", "after step"):
    weight, bias, _ = results[place] = train(place)
    print(f"{place:16} weight {weight:6.3f}  bias {bias:6.3f}")

# %%
# Three places give exactly the same line, near 3 and 2. In the other, right before
# ``step()``, the weight and the bias are still the random numbers that they began with.

right = results["before forward"]
torch.manual_seed(0)
untrained = torch.nn.Linear(1, 1)
initial = (untrained.weight.item(), untrained.bias.item())
print("untrained:", *(f"{each:.3f}" for each in initial))

assert results["before backward"] == right, "zero_grad() before backward() is right"
assert results["after step"] == right, "zero_grad() after step() is right"
assert abs(right[0] - 3) < 0.3, "in these places, the weight ends near 3"
assert abs(right[1] - 2) < 0.3, "in these places, the bias ends near 2"
assert results["before step"][:2] == initial, "zero_grad() before step() stops learning"

# %%
# See what the loss tells you
# ---------------------------
#
# If every step uses all the data, the loss in the wrong order is flat, up to rounding
# and dropout. With mini-batches it is not, because each batch is different:

full_batch = train("before step", batch_size=200)[2]
mini_batch = results["before step"][2]
print(f"all the data: loss from {min(full_batch):.3f} to {max(full_batch):.3f}")
print(f"mini-batches: loss from {min(mini_batch):.3f} to {max(mini_batch):.3f}")

fig, ax = plt.subplots()
ax.plot(mini_batch, "C1", label="wrong order")
ax.plot(right[2], "C0", label="right order")
ax.set(xlabel="step", ylabel="loss of the mini-batch (log scale)", yscale="log")
ax.legend()
plt.show()
# sphinx_gallery_alt_block = "Loss of each mini-batch over 100 steps, on a logarithmic scale. In the right order it falls fast and then stays low. In the wrong order it goes up and down around the value at the start, and does not fall."

# %%
# In the wrong order, the loss goes up and down and looks like training that is slow or
# noisy. No learning rate helps, because nothing is applied. No parameter moves, but
# buffers do: the running statistics of batch norm still change, so a validation loss
# can even fall.

assert max(full_batch) - min(full_batch) < 1e-4, "on all the data, the loss is level"
assert max(mini_batch) > 1.2 * min(mini_batch), "on mini-batches, it goes up and down"
assert min(mini_batch) > 5 * sum(right[2][-20:]) / 20, (
    "in the wrong order, the loss never falls"
)

# %%
# Why it happens
# --------------
#
# ``backward()`` computes the right gradient, and ``zero_grad()`` removes it. Then
# ``step()`` finds ``None`` and skips the parameter. That is not an error, because a
# parameter that took no part in the loss has ``None`` as its gradient, too.
#
# This holds for all of ``torch.optim`` except ``LBFGS``, even with momentum or weight
# decay. Zeros are different: after ``zero_grad(set_to_none=False)`` in the wrong place,
# weight decay still shrinks the weights, so the model even forgets.

weight = torch.tensor(1.0, requires_grad=True)
optimizer = torch.optim.SGD([weight], lr=0.1, weight_decay=0.1)
(weight**2).backward()
optimizer.zero_grad(set_to_none=False)
optimizer.step()
print(f"zeros and weight decay: 1 becomes {weight.item():.2f}")

for each in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop):
    after = train("before step", make_optimizer=each, weight_decay=0.1)
    assert after[:2] == initial, "with None, no optimizer moves a weight"
assert weight < 1, "with zeros, weight decay shrinks the weight"

# %%
# In your own code
# ----------------
#
# If a loss does not fall, call this once, right before ``optimizer.step()``:


def check_gradients(optimizer):
    """Raise an error if step() would have nothing to apply."""
    groups = optimizer.param_groups
    if all(each.grad is None for group in groups for each in group["params"]):
        raise RuntimeError("step() finds no gradient: zero_grad() after backward()?")


# %%
# At the first step, it finds this mistake (unless you clear with ``set_to_none=False``)
# and an optimizer that was given only wrong parameters. Two kinds of loops differ from
# the one above: to accumulate gradients, clear once for each group of batches, not for
# each batch; and with ``torch.optim.LBFGS``, clear at the top of the closure, which
# ``step()`` calls itself.

message = ""
(weight**2).backward()
check_gradients(optimizer)
optimizer.zero_grad()
try:
    check_gradients(optimizer)
except RuntimeError as error:
    message = str(error)
    print(message)

assert message, "the check finds gradients that were cleared too early"

# %%
# Try it
# ------
#
# You call ``backward()`` once before the loop, to test it. Is the gradient of the first
# step still right if ``zero_grad()`` is at the end of the loop?
#
# **Solution**

weight = torch.tensor(1.0, requires_grad=True)
(weight**2).backward()  # the test before the loop
(weight**2).backward()  # the first step of the loop
print("gradient of the first step:", weight.grad.item())

assert weight.grad == 4, "the gradient is twice the right one, which is 2"

# %%
# No, it is twice as large as it should be. At the top of the loop, ``zero_grad()``
# removes everything that was left behind, so that place is safer. Both places free the
# memory of the old gradients before the forward pass.

# %%
# Remember
# --------
#
# - ``zero_grad()`` goes at the top of the loop, never between ``backward()`` and
#   ``step()``.
# - In the wrong place it stops all learning without an error: ``step()`` skips
#   parameters whose gradient is ``None``.
# - The loss is level only if all steps use the same data. Mini-batches make it noisy.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_zero_grad_between_backward_and_step.py`: the same
#   mistake in a classifier.
# - :ref:`sphx_glr_recipes_gradients_zeroing_out_gradients.py`: why gradients add up.
# - `torch.optim.Optimizer.zero_grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html>`__
# - `torch.optim.Optimizer.step
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.step.html>`__

# sphinx_gallery_position = 2
# sphinx_gallery_tags = ["zero_grad", "optimizer", "training loop"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
