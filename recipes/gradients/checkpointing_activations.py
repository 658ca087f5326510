"""
Gradient checkpointing: less memory for activations
===================================================

``torch.utils.checkpoint.checkpoint(block, x, use_reentrant=False)`` keeps only the
input of a block, and runs the block again during ``backward()``. Training needs less
memory and about one more forward pass, and the gradients are the same. If you leave out
``use_reentrant=False``, you may get “None of the inputs have requires_grad=True”, and a
block that never learns. “Activation checkpointing” is the same. Nothing is saved to
disk.
"""

# %%
# In short
# --------
#
# Count how often a block runs. The gradients are the same either way:

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


def make_block():
    return nn.Sequential(nn.Linear(64, 256), nn.GELU(), nn.Linear(256, 64))


block, x = make_block(), torch.randn(256, 64)
runs, gradients = [], {}
block.register_forward_pre_hook(lambda *_: runs.append("run"))
for use in (False, True):
    block.zero_grad()
    runs.clear()
    output = checkpoint(block, x, use_reentrant=False) if use else block(x)
    output.sum().backward()
    gradients[use] = block[0].weight.grad
    print(f"checkpoint {use!s:5}: forward passes of the block: {len(runs)}")

assert len(runs) == 2, "with a checkpoint, the block runs twice"
assert torch.allclose(gradients[False], gradients[True]), "the gradients are the same"

# %%
# How much is saved
# -----------------
#
# Stack 16 such blocks. A hook sees each tensor that autograd keeps for ``backward()``,
# so you can add up the bytes. The weights are there anyway, and don't count. Put a
# checkpoint around each block, or around larger groups:

blocks = nn.Sequential(*[make_block() for _ in range(16)])
weights = {weight.data_ptr() for weight in blocks.parameters()}


def bytes_kept(forward):
    """Return the bytes that autograd keeps for the backward pass of a function."""
    kept = {}
    hooks = (lambda each: kept.setdefault(each.data_ptr(), each), lambda each: each)
    with torch.autograd.graph.saved_tensors_hooks(*hooks):
        forward()
    return sum(each.nbytes for at, each in kept.items() if at not in weights)


def in_groups(size):
    hidden = x
    for start in range(0, len(blocks), size):
        group = blocks[start : start + size]
        hidden = checkpoint(group, hidden, use_reentrant=False)


without = bytes_kept(lambda: blocks(x))
print(f"no checkpoints: {without:,} bytes\n\nblocks        kept       inside")
kept, inside = {}, {}
for size in (1, 2, 4, 8, 16):
    kept[size] = bytes_kept(lambda size=size: in_groups(size))
    inside[size] = bytes_kept(lambda size=size: blocks[:size](x))
    print(f"{size:6}{kept[size]:12,}{inside[size]:13,}")

# %%
# With a checkpoint for each block, autograd keeps only a ninth: one input for each.
# During ``backward()``, one group at a time is run again, and what is kept inside it
# comes on top. So add both columns: here, groups of one or two blocks need the least.
# One checkpoint around everything saves nothing.
#
# On a GPU, look at ``torch.cuda.max_memory_allocated()``. In one run on an H200, with
# 16 much larger blocks, the peak fell from 5.2 to 1.3 GB, and a step took a third
# longer.

assert kept[1] * 9 == without, "one block at a time: a ninth is kept"
assert all(kept[size] * size == kept[1] for size in kept), "larger groups keep less"
assert max(kept[size] + inside[size] for size in (1, 2)) < min(
    kept[size] + inside[size] for size in (4, 8, 16)
), "groups of one or two blocks need least"
assert kept[16] + inside[16] > without, "one checkpoint around all saves nothing"

# %%
# Always pass use_reentrant=False
# -------------------------------
#
# The older variant, ``use_reentrant=True``, is still what you get if you pass nothing.
# It needs an input that requires a gradient. The first block often has none:

import warnings

messages = []


def attempt(action):
    """Print what an action warns of, and the error that it ends with."""
    with warnings.catch_warnings(record=True, action="always") as caught:
        try:
            action()
        except RuntimeError as error:
            messages.append(f"{type(error).__name__}: {error}".partition("\n\nTip")[0])
    messages.extend(f"{each.category.__name__}: {each.message}" for each in caught)
    print(messages[-1])


first, second = blocks[:2]
tracked = x.clone().requires_grad_()
attempt(lambda: second(checkpoint(first, x, use_reentrant=True)).sum().backward())
attempt(lambda: checkpoint(first, tracked))
output = checkpoint(first, tracked, use_reentrant=True).sum()
attempt(lambda: torch.autograd.grad(output, tracked))

# %%
# - *None of the inputs have requires_grad=True*: ``backward()`` ran, but the first
#   block got no gradient, so it would never learn. Often the cause is a frozen
#   embedding below it, as with LoRA.
# - *should be passed explicitly*: PyTorch 2.14 still does not raise the announced
#   exception, so it is up to you.
# - *incompatible with .grad()*: ``torch.autograd.grad`` needs the other variant.
#
# ``use_reentrant=False`` fixes all three.

assert len(messages) == 3, "each of the three calls gives one message"
assert first[0].weight.grad is None, "the block in the checkpoint gets no gradient"
assert second[0].weight.grad is not None, "the block outside gets one"

# %%
# The second run must be like the first
# -------------------------------------
#
# PyTorch compares the number, shapes and types of what the two runs save:

linear = nn.Linear(64, 64)
rows, operations = iter([256, 128]), iter([2, 1])
for function in (
    lambda x: linear(x[: next(rows)]).sin(),
    lambda x: linear(x).sin() if next(operations) == 2 else linear(x),
):
    output = checkpoint(function, x, use_reentrant=False)
    attempt(output.sum().backward)

# %%
# (Both go on with a tip to pass ``debug=True``.) Look for a global state that changes
# in between, or a cache that the first run has filled.
#
# If only the values differ, PyTorch does not notice, and the gradient is wrong:

factors = iter([1.0, 2.0])
(right,) = torch.autograd.grad(linear(x).sin().sum(), linear.weight)
output = checkpoint(lambda x: linear(next(factors) * x).sin(), x, use_reentrant=False)
(wrong,) = torch.autograd.grad(output.sum(), linear.weight)
print("no error; the gradient is right:", torch.allclose(wrong, right))

# %%
# Random numbers of PyTorch's default generators, as in dropout, are safe, because
# ``checkpoint`` saves their state and restores it. Those of Python, NumPy and a
# ``torch.Generator`` of your own are not.

assert "different metadata" in messages[3], "fewer rows: other metadata"
assert "different number of tensors" in messages[4], "fewer operations: another number"
assert (wrong - right).norm() > 0.2 * right.norm(), "other values: a wrong gradient"

# %%
# Why it happens
# --------------
#
# The gradient of a layer needs numbers from its forward pass, such as its input, so
# autograd keeps them until ``backward()``: memory grows with depth. A checkpoint throws
# them away and recomputes them when they are needed. That costs one more forward pass
# of what is inside. A backward pass takes about twice as long as a forward pass, so a
# step takes about a third longer.

# %%
# In your own code
# ----------------
#
# Wrap the block that repeats, such as a transformer layer. Then compare the gradients
# of one batch with those without a checkpoint, with the same seed:

model = nn.Sequential(make_block(), nn.Dropout(0.5), make_block())
gradients = []
for forward in (model, lambda x: checkpoint(model, x, use_reentrant=False)):
    torch.manual_seed(0)
    loss = forward(x).square().mean()
    gradients.append(torch.autograd.grad(loss, list(model.parameters())))
same = all(torch.allclose(*pair) for pair in zip(*gradients, strict=True))
print("same gradients:", same)

assert same, "dropout drops the same numbers in both runs"

# %%
# Libraries have a switch for it, such as ``gradient_checkpointing_enable()`` in
# Transformers. If memory is full of weights and optimizer state, it does not help.

# %%
# Try it
# ------
#
# A block contains batch norm. How many batches does it count in one step?
#
# **Solution**

norm = nn.BatchNorm1d(64)
checkpoint(nn.Sequential(norm, nn.ReLU()), x, use_reentrant=False).sum().backward()
print("batches:", norm.num_batches_tracked.item())

assert norm.num_batches_tracked == 2, "batch norm counts the batch twice"

# %%
# Two, so its running averages move almost twice as fast. Lower ``momentum`` to about
# half, or leave batch norm out of the checkpoint.

# %%
# Remember
# --------
#
# - ``checkpoint(block, x, use_reentrant=False)`` trades computation for memory.
# - Checkpoint many small groups, not everything at once.
# - The second run has to be the same: beware of global state.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_mixed_precision_gradients.py`: another way to save
#   memory.
# - :ref:`sphx_glr_recipes_pitfalls_running_loss_keeps_the_graph.py`: memory that grows.
# - `torch.utils.checkpoint
#   <https://docs.pytorch.org/docs/stable/checkpoint.html>`__

# %%
# Sources
# -------
#
# - `None of the inputs have requires_grad=True
#   <https://github.com/mlfoundations/open_clip/issues/573>`__: with
#   ``use_reentrant=False``, the losses became lower.
# - `UserWarning: None of the inputs have requires_grad=True
#   <https://github.com/Victorwz/LLaVA-Llama-3/issues/4>`__: a user asks
#   whether the warning can be ignored.
# - `CheckpointError with use_reentrant=False and autocast
#   <https://github.com/pytorch/pytorch/issues/141896>`__: the second run saves tensors
#   with different metadata.

# sphinx_gallery_position = 12
# sphinx_gallery_tags = ["checkpoint", "memory", "autograd", "batch norm"]
# sphinx_gallery_cost = "3 s"
# sphinx_gallery_needs = []
