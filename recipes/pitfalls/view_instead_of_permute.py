"""
Using view instead of permute
=============================

``view`` and ``reshape`` never swap dimensions: they cut the same row of numbers into
different pieces, so the samples of a batch get mixed without an error. Use ``permute``
or ``transpose``. To find the mistake, take the gradient of one sample's output with
respect to the inputs: it must be zero for all other samples.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#     batch, time, features = x.shape
#    -return x.view(time, batch, features)
#    +return x.transpose(0, 1)
#
# Two samples with three time steps each. Swap the two dimensions:

import matplotlib.pyplot as plt
import torch

x = torch.tensor([[0, 1, 2], [10, 11, 12]])
print("transpose:", x.transpose(0, 1).tolist())
print("view:     ", x.view(3, 2).tolist())

assert x.transpose(0, 1)[:, 0].tolist() == [0, 1, 2], "column 0 is sample 0"
assert x.view(3, 2)[:, 0].tolist() == [0, 2, 11], "with view, it is a mixture"

# %%
# Read the first number of each pair. That column has to be sample 0, so 0, 1, 2. With
# ``view`` it is 0, 2, 11, and 11 is from the other sample. Both shapes are ``(3, 2)``,
# so nothing fails.

# %%
# What you see in training
# ------------------------
#
# By default, ``nn.GRU`` expects time first. Train a small network to tell whether the
# numbers of a sequence have a positive sum, with both versions of that line:

from torch import nn


def swap_by_transpose(x):
    return x.transpose(0, 1)


def swap_by_view(x):
    batch, time, features = x.shape
    return x.view(time, batch, features)


class Classifier(nn.Module):
    def __init__(self, swap):
        super().__init__()
        torch.manual_seed(0)
        self.swap, self.gru, self.head = swap, nn.GRU(4, 16), nn.Linear(16, 2)

    def forward(self, x):
        _, last = self.gru(self.swap(x))
        return self.head(last[0])


torch.manual_seed(0)
sequences = torch.randn(1600, 8, 4)
labels = (sequences.sum(dim=(1, 2)) > 0).long()


def train(swap, batches):
    """Return the network, and the loss of its last step."""
    model = Classifier(swap)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for batch in batches:
        loss = nn.functional.cross_entropy(model(sequences[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model, loss.item()


def test(model):
    """Return the accuracy on 640 sequences that the network has not seen."""
    with torch.inference_mode():
        new = [model(part).argmax(dim=1) for part in sequences[960:].split(32)]
    return (torch.cat(new) == labels[960:]).float().mean().item()


one_batch = [torch.arange(32)] * 200
shuffled = [part for _ in range(8) for part in torch.randperm(960).split(32)]
ways = {"transpose": swap_by_transpose, "view": swap_by_view}
memorized, accuracy = {}, {}
for name, swap in ways.items():
    memorized[name] = train(swap, one_batch)[1]
    accuracy[name] = test(train(swap, shuffled)[0])
    print(f"{name:9}  one batch: loss {memorized[name]:.3f}  ", end="")
    print(f"new sequences: {accuracy[name]:.0%} right")

# %%
# Both versions memorize one batch, so
# :ref:`sphx_glr_recipes_training_overfit_one_batch.py` does not find the mistake: if
# the batch is always the same, its mixtures are too, and 32 mixtures can be memorized
# like 32 samples. In shuffled batches, a sample is mixed with different neighbors each
# time, and the network with ``view`` is about as good as guessing: 50%.

assert max(memorized.values()) < 0.05, "both memorize one batch: loss below 0.05"
assert accuracy["transpose"] > 0.9, "with transpose, over 90% of new ones are right"
assert accuracy["view"] < 0.62, "with view, less than 62%"

# %%
# The gradient shows it
# ---------------------
#
# The derivative of output *i* with respect to input *j* says whether *i* depends on
# *j*. Compute it for all pairs of a batch of 12, with untrained networks:


def dependences(model, inputs):
    """Return a table: whether output i depends on input j."""
    inputs = inputs.clone().requires_grad_()
    rows = []
    for output in model(inputs):
        (gradient,) = torch.autograd.grad(output[0], inputs, retain_graph=True)
        rows.append(gradient.flatten(1).any(dim=1))
    return torch.stack(rows)


fig, axes = plt.subplots(2, figsize=(4, 7), layout="constrained")
tables = {}
for ax, color, (name, swap) in zip(axes, ("C0", "C1"), ways.items(), strict=True):
    tables[name] = dependences(Classifier(swap), sequences[:12])
    outputs, inputs = tables[name].nonzero().T
    ax.plot(inputs, outputs, f"{color}s")
    ax.set(xlabel="input of sample", ylabel="output of sample", title=name)
    ax.set(xticks=range(0, 12, 2), yticks=range(0, 12, 2), aspect="equal")
    ax.invert_yaxis()
plt.show()
# sphinx_gallery_alt_block = "Two tables of 12 outputs by 12 inputs, with a square where an output depends on an input. With transpose, only the diagonal has squares. With view, each output depends on inputs of several samples."

# %%
# With ``transpose``, only the diagonal is there: each output depends on its own input.
# With ``view``, each depends on several samples.

assert tables["transpose"].equal(torch.eye(12).bool()), "transpose: only the diagonal"
assert (tables["view"].sum(dim=1) > 1).all(), "view: each output depends on several"

# %%
# Why it happens
# --------------
#
# A tensor is one row of numbers in memory, with a shape and with *strides*: how far to
# go in that row for the next index. ``transpose`` swaps the strides. ``view`` keeps the
# order of the row and only cuts it differently:

for name, tensor in (("x", x), ("transpose", x.T), ("view", x.view(3, 2))):
    print(f"{name:9}", tuple(tensor.shape), tensor.stride(), tensor.flatten().tolist())

assert x.view(3, 2).flatten().equal(x.flatten()), "view keeps the order"
assert not x.T.flatten().equal(x.flatten()), "transpose changes it"

# %%
# So ``view`` is right for splitting a dimension, or for merging neighbors, as
# ``flatten(1)`` does. Only calls that cannot work raise an error:

said = []
for attempt in (
    lambda: x.transpose(0, 1).view(6),
    lambda: x.view(4, 2),
    lambda: x.permute(1, 0, 2),
):
    try:
        attempt()
    except RuntimeError as error:
        said.append(str(error))
        print(f"{type(error).__name__}: {error}")

assert len(said) == 3, "each of the three calls raises an error"

# %%
# The first message comes after a ``transpose``, because no strides describe the merged
# dimension. It advises ``reshape``, which copies the numbers in their new order. That
# is right if this order is what you want. If you only want to get rid of the error,
# look at the values first.

# %%
# In your own code
# ----------------
#
# Call this in evaluation mode, with two or more samples. Token numbers have no
# gradient: pass embeddings instead.


def check_samples(model, inputs, sample=0):
    """Raise an error unless an output depends on its own sample alone."""
    inputs = inputs.detach().clone().requires_grad_()
    output = model(inputs)[sample]
    weights = torch.randn_like(output)  # a plain sum can be constant, as with softmax
    (gradient,) = torch.autograd.grad((output * weights).sum(), inputs)
    found = gradient.flatten(1).any(dim=1).nonzero().flatten().tolist()
    if found != [sample]:
        raise RuntimeError(f"output {sample} depends on the samples {found}")


messages = []
for swap in ways.values():
    try:
        check_samples(Classifier(swap).eval(), sequences[:12])
    except RuntimeError as error:
        messages.append(str(error))
        print(error)

assert len(messages) == 1, "the check finds view, and lets transpose pass"

# %%
# Evaluation mode, because batch norm in training mode mixes samples on purpose. On a
# GPU, recurrent layers need training mode ("cudnn RNN backward can only be called in
# training mode"): set their dropout to 0, or check on the CPU.
#
# The check finds only what crosses samples. A ``view`` that mixes time steps, pixels
# or heads *within* a sample passes (see *Try it*). With a batch of one there is
# nothing to mix, so the mistake does not show, and ``view`` is even right.

# %%
# Try it
# ------
#
# Attention splits ``(batch, time, heads * size)`` into heads. With a causal mask, no
# output may depend on a later time step. Check ``view(batch, heads, time, size)``.
#
# **Solution**

reach = {}
for name in ("view, transpose", "view"):
    values = torch.randn(1, 6, 8, requires_grad=True)
    if name == "view":
        split = values.view(1, 2, 6, 4)
    else:
        split = values.view(1, 6, 2, 4).transpose(1, 2)
    attended = nn.functional.scaled_dot_product_attention(
        split, split, split, is_causal=True
    )
    output = attended.transpose(1, 2).flatten(2)
    (gradient,) = torch.autograd.grad(output[0, 0].square().sum(), values)
    reach[name] = gradient[0].any(dim=1).nonzero().flatten().tolist()
    print(f"{name:15}: output 0 depends on the times {reach[name]}")

assert reach["view, transpose"] == [0], "with transpose, only on time 0"
assert max(reach["view"]) > 0, "with view, on a later time"

# %%
# With ``view`` alone, half of the first output comes from a later time step: the model
# sees the future in training.

# %%
# Remember
# --------
#
# - To change the order of dimensions, use ``permute`` or ``transpose``; to split or
#   merge neighbors, ``view`` or ``reshape``.
# - Matching shapes and a memorized batch prove nothing.
# - The gradient of one output with respect to all inputs must be zero for all other
#   samples.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_training_overfit_one_batch.py`: the check to make before this
#   one.
# - :ref:`sphx_glr_recipes_pitfalls_evaluating_with_gradients_on.py`: where batch norm
#   mixes samples.
# - `Tensor Views <https://docs.pytorch.org/docs/stable/tensor_view.html>`__: which
#   operations return views.
# - `torch.permute
#   <https://docs.pytorch.org/docs/stable/generated/torch.permute.html>`__

# %%
# Sources
# -------
#
# - `Informer2020 59 <https://github.com/zhouhaoyi/Informer2020/issues/59>`__: the
#   attention of a published model swapped time and heads with ``view``.
# - `fairseq 239 <https://github.com/facebookresearch/fairseq/issues/239>`__: ``view``
#   mixed the outputs of a bidirectional encoder for different samples; found by
#   comparing values.
# - `OpenPSG 56 <https://github.com/Jingkang50/OpenPSG/issues/56>`__: a ``view`` taken
#   over from DETR, right only as long as a batch has one image.

# sphinx_gallery_position = 8
# sphinx_gallery_tags = ["shapes", "autograd", "nn.Module", "RNN"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "model", "effect": "wrong result", "group": "not learned", "symptom": "The network memorizes the training batches, but on shuffled or new data it is as good as guessing, without an error."}
