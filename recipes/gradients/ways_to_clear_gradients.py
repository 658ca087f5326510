"""
Ways to clear gradients, measured
=================================

There are five ways to clear gradients, and much is said about which one is fastest.
Measure them, and you see which differences are real, and which of them matter.

What you will learn
-------------------

- Which ways free the memory of the gradients, and which ways keep it.
- How to compare their times with ``torch.utils.benchmark``.
- Why a new optimizer clears nothing.
- What an optimizer does with a gradient of zeros that it does not do with ``None``.

What you need
-------------

- ``torch`` and ``matplotlib``.
- No data set: random numbers will do.
- About 10 seconds on two CPU cores.
"""

# %%
# Step 1. Make a model with gradients
# -----------------------------------
#
# Four large linear layers have some 4 million parameters. One call of ``backward``
# gives each of them a gradient.

import logging
from functools import partial

import matplotlib.pyplot as plt
import torch
from torch import nn

# Without this, the next import can warn of a CUDA compiler that is not needed here.
logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)

from torch.utils import benchmark

device = torch.device("cpu")
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()

torch.manual_seed(0)
model = nn.Sequential(*[nn.Linear(1024, 1024) for _ in range(4)]).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
inputs = torch.randn(128, 1024, device=device)

model(inputs).square().mean().backward()
parameters = list(model.parameters())
gradients = [parameter.grad for parameter in parameters]


def bytes_of_gradients():
    return sum(p.grad.nbytes for p in parameters if p.grad is not None)


all_bytes = bytes_of_gradients()
print(f"parameters: {sum(p.nbytes for p in parameters):>12,} bytes")
print(f"gradients:  {all_bytes:>12,} bytes")
assert all_bytes == sum(p.nbytes for p in parameters)

# %%
# The gradients take as much memory as the parameters themselves.

# %%
# Step 2. List the ways
# ---------------------
#
# Two of the five are short loops or lines of your own, so they become functions. The
# last one clears a single tensor: that is what you write where there is no optimizer
# and no model, only a tensor.


def none_by_hand():
    for parameter in parameters:
        parameter.grad = None


def zeros_in_one_tensor():
    parameters[0].grad.zero_()


ways = {
    "optimizer.zero_grad()": optimizer.zero_grad,
    "model.zero_grad()": model.zero_grad,
    "p.grad = None for each p": none_by_hand,
    "optimizer.zero_grad(set_to_none=False)": partial(
        optimizer.zero_grad, set_to_none=False
    ),
    "p.grad.zero_() for one p": zeros_in_one_tensor,
}

# %%
# Step 3. Count the bytes that stay
# ---------------------------------
#
# Put the gradients back, clear them, and count what is held until the next
# ``backward``. All of the next forward pass has to do without that memory.


def put_back():
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient


bytes_left = {}
for name, clear in ways.items():
    put_back()
    clear()
    bytes_left[name] = bytes_of_gradients()
    print(f"{name:40}{bytes_left[name]:>12,} bytes")

assert list(bytes_left.values()) == [0, 0, 0, all_bytes, all_bytes]

# %%
# The three ways that leave ``None`` give all the memory back. The two that write zeros
# keep all of it: a zero takes as many bytes as any other number.

# %%
# Step 4. Time each way
# ---------------------
#
# ``torch.utils.benchmark`` knows what a stopwatch around a call does not: it warms up,
# repeats, waits for the GPU to finish, and measures with one thread unless you ask for
# more. One trap it cannot know. Clear twice, and the second call finds nothing to do.
# So each measurement puts the gradients back first. That adds the same time to all of
# them; the first line shows how much.
#
# Other programs on the machine can only make a time longer. So the ways take turns, and
# of all repetitions the shortest counts.


def shortest_times(timers):
    shortest = dict.fromkeys(timers, float("inf"))
    for _ in range(5):
        for name, timer in timers.items():
            times = timer.blocked_autorange(min_run_time=0.1).times
            shortest[name] = min(shortest[name], *times)
    return shortest


timers = {"put back only": benchmark.Timer("put()", globals={"put": put_back})}
for name, clear in ways.items():
    names = {"put": put_back, "clear": clear}
    timers[name] = benchmark.Timer("put(); clear()", globals=names)

times = shortest_times(timers)
ratios = {name: time / times["optimizer.zero_grad()"] for name, time in times.items()}
for name, ratio in ratios.items():
    print(f"{name:40}{ratio:8.1f} times as long")
# sphinx_gallery_compare_block = "shape"

# %%
# The numbers are ratios: each time divided by that of ``optimizer.zero_grad()``. Yours
# will differ. Draw them on a logarithmic axis.

fig, ax = plt.subplots(figsize=(8, 2.8))
colors = ["C1" if bytes_left[name] else "C0" for name in ways]
ax.scatter([ratios[name] for name in ways], list(ways), s=80, color=colors)
ax.axvline(1, color="C2", linestyle="--")
ax.set(xlabel="time, as a multiple of optimizer.zero_grad() (log scale)", xscale="log")
ax.set_xticks([1, 10, 100], ["1", "10", "100"])
ax.invert_yaxis()
plt.show()
# sphinx_gallery_alt_block = "One dot for each way on a logarithmic axis of time, with a dashed line at the time of optimizer.zero_grad(). The three ways that leave None lie near the line or left of it. Filling all gradients with zeros lies far to the right of it."

# %%
# The ways that leave ``None`` only drop a reference for each tensor, whatever its size.
# Zeros have to be written, one for each number that is cleared. In the whole model that
# is 4 million, and the larger the model, the longer it takes.
#
# You may read that setting ``None`` by hand is slower than calling ``zero_grad``. It is
# not: that of the optimizer and that of the model run the same loop, in Python too,
# with some bookkeeping around it.

assert ratios["p.grad = None for each p"] < 1, "by hand is not slower"
assert ratios["optimizer.zero_grad(set_to_none=False)"] > 2, "zeros take longer"

# %%
# Before you rewrite anything, put clearing into proportion. Time a whole step, with
# forward, ``backward`` and ``step``, once with ``None`` and once with zeros.

whole_step = """
optimizer.zero_grad(set_to_none=set_to_none)
model(inputs).square().mean().backward()
optimizer.step()
"""
names = {"optimizer": optimizer, "model": model, "inputs": inputs}
timers = {
    left: benchmark.Timer(whole_step, globals=names | {"set_to_none": left == "None"})
    for left in ("None", "zeros")
}
times = shortest_times(timers)
ratio_of_steps = times["zeros"] / times["None"]
print(f"whole step with zeros: {ratio_of_steps:.2f} times as long as with None")
assert ratio_of_steps < ratios["optimizer.zero_grad(set_to_none=False)"] / 3
# sphinx_gallery_compare_block = "shape"

# %%
# Little is left of the large factor: the rest of a step takes far longer than clearing,
# in any way. So keep the default. It frees the memory, and it is fast enough.

# %%
# Step 5. See that a new optimizer clears nothing
# -----------------------------------------------
#
# Some loops make a new optimizer for every batch or epoch, to begin with clean
# gradients. Look at what that does.

optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
model.zero_grad()
model(inputs).square().mean().backward()
optimizer.step()
gradient_before = parameters[0].grad
tensors_with_momentum = len(optimizer.state)

optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
print("gradients are still there:       ", parameters[0].grad is gradient_before)
print("tensors with momentum, before:   ", tensors_with_momentum)
print("tensors with momentum, after:    ", len(optimizer.state))

assert bytes_of_gradients() == all_bytes, "nothing was cleared"
assert tensors_with_momentum == len(parameters) == 8
assert len(optimizer.state) == 0, "the momentum is gone"

# %%
# Gradients live on the parameters, and the new optimizer gets the same parameters. What
# lives in the optimizer is the momentum, and that is lost. So the new optimizer keeps
# what should go and drops what should stay.

# %%
# Step 6. Tell zeros from None
# ----------------------------
#
# Leaving zeros can change what a model learns. Take one weight, make a normal step with
# a gradient of 1, clear, and call ``step`` again without ``backward``. That is what
# happens to a layer that takes no part in the next loss. Does the weight move?


def move_after_clearing(make_optimizer, set_to_none):
    weight = torch.ones(1, requires_grad=True)
    optimizer = make_optimizer([weight])
    weight.sum().backward()
    optimizer.step()
    before = weight.item()

    optimizer.zero_grad(set_to_none=set_to_none)
    optimizer.step()
    return weight.item() - before


optimizers = {
    "SGD": partial(torch.optim.SGD, lr=0.1),
    "SGD with momentum": partial(torch.optim.SGD, lr=0.1, momentum=0.9),
    "SGD with weight decay": partial(torch.optim.SGD, lr=0.1, weight_decay=0.1),
    "Adam": partial(torch.optim.Adam, lr=0.1),
}
print(f"{'move of the weight':24}{'None':>8}{'zeros':>10}")
for name, make_optimizer in optimizers.items():
    with_none = move_after_clearing(make_optimizer, set_to_none=True)
    with_zeros = move_after_clearing(make_optimizer, set_to_none=False)
    print(f"{name:24}{with_none:8.3f}{with_zeros:10.3f}")
    assert with_none == 0, "None is skipped"
    assert (with_zeros < 0) == (name != "SGD"), "zeros still act"

# %%
# With ``None`` the weight stands still in every row. With zeros it moves in all rows
# but the first: momentum carries it on, weight decay shrinks it, and Adam has a
# momentum of its own.

# %%
# The ways in one table
# ---------------------
#
# .. list-table::
#    :header-rows: 1
#
#    * - Way
#      - Clears
#      - Leaves
#      - Memory
#      - Time
#    * - ``optimizer.zero_grad()``
#      - what the optimizer holds
#      - ``None``
#      - freed
#      - short
#    * - ``model.zero_grad()``
#      - what the model holds
#      - ``None``
#      - freed
#      - short
#    * - ``p.grad = None``, in a loop
#      - what you loop over
#      - ``None``
#      - freed
#      - short
#    * - ``zero_grad(set_to_none=False)``
#      - as above
#      - zeros
#      - kept
#      - grows with the model
#    * - ``p.grad.zero_()``
#      - one tensor
#      - zeros
#      - kept
#      - grows with the tensor
#    * - a new optimizer
#      - nothing, and loses the momentum
#      - the old gradients
#      - kept
#      - not measured

# %%
# What to remember
# ----------------
#
# - ``optimizer.zero_grad()`` is the right default. It frees the memory of the
#   gradients, and nothing that you write by hand is worth the change.
# - A new optimizer clears nothing, since gradients live on the parameters. It forgets
#   its momentum instead.
# - Zeros are gradients. Momentum, weight decay and Adam move a weight whose gradient is
#   zero, and skip one whose gradient is ``None``.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_zeroing_out_gradients.py`: what happens to a
#   training that does not clear its gradients.
# - :ref:`sphx_glr_recipes_gradients_where_to_clear_gradients.py`: in which line of the
#   loop the call belongs.
# - :ref:`sphx_glr_recipes_pitfalls_new_optimizer_every_step.py`: what a new optimizer
#   does to a whole training.
# - `torch.optim.Optimizer.zero_grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html>`__
# - `torch.utils.benchmark
#   <https://docs.pytorch.org/docs/stable/benchmark_utils.html>`__

# sphinx_gallery_position = 3
# sphinx_gallery_tags = ["zero_grad", "optimizer", "memory", "SGD", "Adam"]
# sphinx_gallery_cost = "10 s"
# sphinx_gallery_needs = []
