"""
Mixed precision training: autocast and GradScaler
=================================================

In float16, a gradient below 3e-8 becomes 0, so scale the loss with
``torch.amp.GradScaler`` before ``backward()``; in bfloat16, you need no scaler.
``torch.autocast`` chooses the type of each operation. The weights and their gradients
stay in float32.
"""

# %%
# In short
# --------
#
# These are the calls, on a CPU; on a GPU, write ``"cuda"`` instead of ``"cpu"``. The
# right gradient is 1e-8. Run them without scaling and with it:

import matplotlib.pyplot as plt
import torch
from torch import nn

kept = {}
for enabled in (False, True):
    model = nn.Linear(1, 1, bias=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", enabled=enabled)
    with torch.autocast("cpu", dtype=torch.float16):
        loss = 1e-8 * model(torch.ones(1, 1)).float().sum()
    scaler.scale(loss).backward()
    scaler.step(optimizer)  # divides the gradients by the scale, then steps
    scaler.update()
    kept[enabled] = model.weight.grad.item()
    print(f"scaling {enabled!s:5}: gradient {kept[enabled]:.1e}")

assert kept[False] == 0, "without scaling, a gradient of 1e-8 is lost in float16"
assert abs(kept[True] - 1e-8) < 1e-10, "with scaling, it is kept"

# %%
# What is in float16, and what is not
# -----------------------------------
#
# Ask each tensor for its type:

layer = nn.Linear(2, 1)
with torch.autocast("cpu", dtype=torch.float16):
    output = layer(torch.ones(1, 2))
    loss = nn.functional.mse_loss(output, torch.zeros(1, 1))
loss.backward()
types = {
    "weight": layer.weight.dtype,
    "output of the layer": output.dtype,
    "mse_loss": loss.dtype,
    "gradient of the weight": layer.weight.grad.dtype,
}
for name, dtype in types.items():
    print(f"{name:24}{dtype}")
print("\n          smallest   largest    next after 1")
for dtype in (torch.float16, torch.bfloat16):
    info = torch.finfo(dtype)
    smallest = info.smallest_normal * info.eps
    print(f"{info.dtype:10}{smallest:8.0e}   {info.max:8.1e}   {1 + info.eps:.4f}")

# %%
# Linear layers and convolutions compute in float16, losses such as ``mse_loss`` and
# ``cross_entropy`` in float32. The gradients of the weights end in float32, but on
# their way they pass through float16, whose smallest number is 6e-8; below half of
# that, a number becomes 0. bfloat16 has the range of float32, but only two to three
# digits.

assert types["weight"] == torch.float32, "the weights are in float32"
assert types["output of the layer"] == torch.float16, "a layer computes in float16"
assert types["mse_loss"] == torch.float32, "mse_loss computes in float32"
assert types["gradient of the weight"] == torch.float32, "gradients end in float32"
assert torch.tensor(2**-24).half() > 0, "float16 holds 6e-8"
assert torch.tensor(2**-25).half() == 0, "3e-8 becomes 0"

# %%
# Train in four ways
# ------------------
#
# A network learns a sine. Its loss is multiplied by 0.00001. A small weight in a sum of
# losses does this, and a mean over very many elements has the same effect.


def train(dtype, scaling, factor=1e-5):
    """Return the network and the mean loss of the last 20 steps, without the factor."""
    torch.manual_seed(0)
    x = 6 * torch.rand(64, 1) - 3
    model = nn.Sequential(
        nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    scaler = torch.amp.GradScaler("cpu", enabled=scaling)
    losses = []
    for _ in range(300):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            loss = factor * nn.functional.mse_loss(model(x), x.sin())
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item() / factor)
    return model, sum(losses[-20:]) / 20


def share_of_zeros(model):
    """Return the share of the gradients that are exactly 0."""
    gradients = torch.cat([each.grad.flatten() for each in model.parameters()])
    return (gradients == 0).float().mean().item()


ends = {}
for dtype, scaling in [
    (torch.float32, False),
    (torch.bfloat16, False),
    (torch.float16, False),
    (torch.float16, True),
]:
    model, loss = train(dtype, scaling)
    zeros = share_of_zeros(model)
    ends[dtype, scaling] = loss, zeros
    name = f"{dtype}{' with scaling' if scaling else ''}"
    print(f"{name:27} loss {loss:.4f}, {zeros:4.0%} of the gradients are 0")

# %%
# In float16 without scaling, nearly all gradients are 0, so the network stops learning,
# and PyTorch reports nothing. With scaling, and in bfloat16 without it, the network
# learns as in float32.

assert ends[torch.float16, False][1] > 0.5, "without scaling, most gradients are 0"
assert ends[torch.float16, False][0] > 2 * ends[torch.float32, False][0], (
    "without scaling, the loss is more than twice as high"
)
for way in ((torch.float16, True), (torch.bfloat16, False)):
    assert ends[way][0] < 1.5 * ends[torch.float32, False][0], (
        "scaled, or in bfloat16, it is as in float32"
    )

# %%
# When the scale is too large
# ---------------------------
#
# The scale starts at 65,536. If a gradient overflows, which gives ``inf`` or ``nan``,
# ``scaler.step()`` skips ``optimizer.step()``, and ``update()`` halves the scale. After
# 2,000 steps without overflow it doubles the scale. Here it does so after 10, to make
# both visible:

torch.manual_seed(0)
x = torch.randn(64, 8)
model = nn.Linear(8, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
scaler = torch.amp.GradScaler("cpu", growth_interval=10)
scales, moved = [], []
for _ in range(150):
    before = model.weight.clone()
    optimizer.zero_grad()
    with torch.autocast("cpu", dtype=torch.float16):
        loss = nn.functional.mse_loss(model(x), x[:, :1] + 1)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scales.append(scaler.get_scale())
    scaler.update()
    moved.append(not torch.equal(before, model.weight))
skipped = [step for step in range(150) if not moved[step]]

fig, ax = plt.subplots(layout="constrained")
ax.step(range(150), scales, "C0", where="post", label="scale")
ax.plot(skipped, [scales[step] for step in skipped], "C1o", label="skipped step")
ax.set(xlabel="step", ylabel="scale (log scale)")
ax.set_yscale("log", base=2)
ax.legend()
plt.show()
# sphinx_gallery_alt_block = "The scale over 150 steps, on a logarithmic scale. Again and again it doubles, a step is skipped, and it is halved at once. Over time it reaches higher levels. Each skipped step is a dot at the top."

# %%
# As the loss falls, the gradients shrink, so larger scales fit. Skipped steps are
# normal at the beginning, and now and then later. A scale that keeps falling is not:
# then the loss is ``inf`` or ``nan``, or the backward pass makes one at any scale, as
# at the square root of 0. Every step is skipped, and nothing is learned.

assert skipped, "some steps are skipped"
assert all(2 * scales[step + 1] == scales[step] for step in skipped if step < 149), (
    "each skipped step halves the scale"
)
assert max(scales) > scales[0], "steps without overflow double it again"

# %%
# Errors that you may meet
# ------------------------
#
# Each of these four calls raises one:

half = nn.Linear(2, 1).half()
optimizer = torch.optim.SGD(half.parameters(), lr=0.1)
half(torch.ones(1, 2).half()).sum().backward()
scaler = torch.amp.GradScaler("cpu")
scaler.scale(torch.ones(1))
idle = torch.optim.SGD(nn.Linear(2, 1).parameters(), lr=0.1)
scores, mask = torch.zeros(2).half(), torch.tensor([True, False])

messages = []
for action in (
    lambda: half(torch.ones(1, 2)),
    lambda: scaler.step(optimizer),
    lambda: scaler.step(idle),
    lambda: scores.masked_fill(mask, -1e9),
):
    try:
        action()
    except (RuntimeError, ValueError, AssertionError) as error:
        messages.append(f"{type(error).__name__}: {error}")
        print(f"{type(error).__name__}: {error}")

# %%
# - *must have the same dtype*: ``half()`` has turned the weights into float16, and the
#   input is in float32. Don't call ``half()``, and call the model inside
#   ``autocast``.
# - *unscale FP16 gradients*: again ``half()``, or a model that was loaded in float16.
#   Load it in float32, or call ``model.float()``.
# - *No inf checks*: no parameter of this optimizer has a gradient. Is it the optimizer
#   of another model, or is everything frozen?
# - *without overflow*: -1e9 is out of the range of float16. Mask with ``-torch.inf`` or
#   ``torch.finfo(scores.dtype).min``.

assert "same dtype" in messages[0], "float32 inputs don't fit a float16 layer"
assert "unscale FP16" in messages[1], "a scaler wants gradients in float32"
assert "No inf checks" in messages[2], "a scaler wants at least one gradient"
assert "without overflow" in messages[3], "-1e9 does not fit into float16"

# %%
# Why it happens
# --------------
#
# float16 has 5 bits for the exponent and 10 for the digits; bfloat16 has 8, as many as
# float32, and 7. Every gradient is a sum of products, and each of them contains the
# gradient of the loss, so a scaled loss scales them all. By default, the scale is a
# power of two, which changes only the exponent, so scaling and unscaling round nothing.

# %%
# In your own code
# ----------------
#
# Prefer bfloat16 where your hardware has it. Put only the forward pass and the loss
# inside ``autocast``. With float16, log ``scaler.get_scale()``
# now and then, and compare ``share_of_zeros`` with a run in float32, because ReLU and
# embeddings have true zeros. Save ``scaler.state_dict()`` with the checkpoint. To look
# at gradients or clip them, call ``scaler.unscale_(optimizer)`` first:
# :ref:`sphx_glr_recipes_pitfalls_clipping_before_unscale.py`.
#
# What is different on a GPU:
#
# - ``autocast`` takes float16 there if you name no type, and bfloat16 on a CPU.
# - Sums, powers, softmax and layer norm compute in float32 there. On a CPU they stay in
#   float16, which is why *In short* calls ``float()``.
# - float16 makes large layers faster there. On many CPUs it makes them slower.
# - ``GradScaler()`` without a device is for CUDA. Where there is none, it warns, and
#   does nothing.

# %%
# Try it
# ------
#
# Train with ``factor=1`` in float16. Is scaling still needed?
#
# **Solution**

large = {}
for scaling in (False, True):
    model, large[scaling] = train(torch.float16, scaling, factor=1)
    print(f"scaling {scaling!s:5}: loss {large[scaling]:.5f}")

assert large[False] < 1.5 * large[True], "without the factor, it learns as well"

# %%
# Not here: these gradients are large enough. But gradients shrink as the loss does, and
# in deep networks, so use the scaler with float16 in any case.

# %%
# Remember
# --------
#
# - float16 loses small gradients without an error: use ``GradScaler``.
# - bfloat16 needs no scaler.
# - Leave the weights in float32: call ``autocast``, not ``half()``.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_clipping_before_unscale.py`
# - :ref:`sphx_glr_recipes_pitfalls_scheduler_before_optimizer.py`: the warning that
#   comes when the first step is skipped.
# - `Automatic Mixed Precision examples
#   <https://docs.pytorch.org/docs/stable/notes/amp_examples.html>`__
# - `torch.amp <https://docs.pytorch.org/docs/stable/amp.html>`__: which operation
#   computes in which type.

# %%
# Sources
# -------
#
# - `autocast defaults to fp16 with no GradScaler
#   <https://github.com/engichang1467/Open-Rig3R/issues/35>`__: the loss curve flattened
#   early, without an error or a warning.
# - `Ban GradScaler scale from being less than 1
#   <https://github.com/pytorch/pytorch/issues/99640>`__: a model that was trained in
#   bfloat16 overflows in float16, and the scale falls and falls.
# - `GradScaler support FP16 gradients?
#   <https://github.com/pytorch/pytorch/issues/74739>`__: many who met "Attempting to
#   unscale FP16 gradients", mostly with models whose weights were in float16.
# - `No inf checks were recorded for this optimizer
#   <https://github.com/huggingface/accelerate/issues/328>`__: an optimizer that was made
#   before the model moved to the GPU.

# sphinx_gallery_position = 13
# sphinx_gallery_tags = ["mixed precision", "GradScaler", "autocast", "float16", "nan"]
# sphinx_gallery_cost = "7 s"
# sphinx_gallery_needs = []
