"""
Freezing layers
===============

To freeze a layer, call ``layer.requires_grad_(False)``; if it contains batch norm or
dropout, also call ``layer.eval()``. Frozen from the start, a layer needs no memory for
gradients and optimizer state. Its activations are all freed, and its backward pass is
skipped, only if no trained layer comes before it.
"""

# %%
# In short
# --------
#
# The first layer is frozen, so it gets no gradient, and the step does not change it,
# even though the optimizer holds it and was given weight decay:

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 2))
model[0].requires_grad_(False)
before = {name: each.clone() for name, each in model.named_parameters()}

optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.01)
model(torch.randn(4, 8)).square().mean().backward()
optimizer.step()
changed = {}
for name, parameter in model.named_parameters():
    changed[name] = not parameter.equal(before[name])
    print(f"{name}: gradient {parameter.grad is not None}, changed {changed[name]}")

assert list(changed.values()) == [False, False, True, True], (
    "only the layer that is not frozen changes"
)
assert model[0].weight.grad is None, "a frozen layer has no gradient"
assert len(optimizer.state) == 2, "the optimizer keeps no state for frozen parameters"

# %%
# What is saved
# -------------
#
# Four blocks, each a layer and an activation function, get 256 samples. Count the bytes
# of gradients and of Adam's state, the work of ``backward()`` as a multiple of the
# forward pass, and what the forward pass keeps for ``backward()``, in tensors of the
# size of the input:

from functools import partial

from torch.utils.flop_counter import FlopCounterMode


def run_forward(model, inputs):
    """Return the outputs, and how many bytes are kept for backward()."""
    own, kept = {each.data_ptr() for each in model.parameters()}, {}

    def keep(tensor):
        if tensor.data_ptr() not in own:
            kept[tensor.data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        outputs = model(inputs)
    return outputs, sum(each.nbytes for each in kept.values())


def measure(make_layer, activation, trained, inputs):
    blocks = [nn.Sequential(make_layer(), activation()) for _ in range(4)]
    model = nn.Sequential(*blocks).requires_grad_(False)
    model[trained].requires_grad_(True)
    with FlopCounterMode(display=False) as counter:
        outputs, kept = run_forward(model, inputs)
        forward = counter.get_total_flops()
        outputs.sum().backward()
    work = counter.get_total_flops() / forward - 1
    optimizer = torch.optim.Adam(model.parameters())
    optimizer.step()
    gradients = sum(each.grad.nbytes for each in model[trained].parameters())
    state = sum(
        each.nbytes for one in optimizer.state.values() for each in one.values()
    )
    return gradients, state, work, kept / inputs.nbytes


linear = partial(nn.Linear, 100, 100), torch.randn(256, 100)
convolution = partial(nn.Conv2d, 4, 4, 3, padding=1), torch.randn(256, 4, 5, 5)
parts = {"all": slice(4), "last two": slice(2, 4), "last": slice(3, 4)}
parts["first"] = slice(1)
steps, kept = {}, {}
print("trained   gradients  Adam's state  backward()   kept: Linear     Conv2d")
print("                                                  ReLU   GELU   ReLU   GELU")
for name, part in parts.items():
    measured = [
        measure(make_layer, activation, part, inputs)
        for make_layer, inputs in (linear, convolution)
        for activation in (nn.ReLU, nn.GELU)
    ]
    steps[name], kept[name] = measured[0][:3], [each[3] for each in measured]
    print("{:8}{:11,}{:14,}{:12.2f}  ".format(name, *steps[name]), end="")
    print("".join(f"{each:7.0f}" for each in kept[name]))

# %%
# - **Gradients and Adam's state** belong to the trained parameters, wherever they are.
# - **The work** of ``backward()`` ends at the first trained layer. If that is the first
#   block, the frozen layers after it still pass the gradient back, and only the
#   gradients of their own weights are left out.
# - **Activations** before the first trained layer are not kept. After it, that depends
#   on the layers. A frozen ``Linear`` does not need its input, but the ReLU before it
#   keeps its output, which is that same tensor, so no memory is saved. GELU keeps its
#   own input instead, so one tensor of two is no longer kept. ``Conv2d``, batch norm
#   and layer norm keep their inputs even when they are frozen.
#
# ``Tanh`` and ``Sigmoid`` behave like ReLU, and ``SiLU`` like GELU.

assert steps["first"][:2] == steps["last"][:2], (
    "gradients and state depend on how much is trained, not on where"
)
assert steps["all"][0] == 4 * steps["last"][0], "one block, a quarter of the bytes"
assert [each[2] for each in steps.values()] == [1.75, 0.75, 0.25, 1.0], (
    "the work of backward() ends at the first trained layer"
)
assert kept["last"] == [2, 2, 2, 2], "in front of the first trained layer, none is kept"
assert kept["all"] == [5, 8, 5, 8], "GELU keeps its input, ReLU its output"
assert kept["first"] == [5, 5, 5, 8], (
    "behind a trained layer, freezing Linear saves with GELU, and nothing else saves"
)
assert (
    measure(
        lambda: nn.Sequential(linear[0](), nn.LayerNorm(100)),
        nn.ReLU,
        slice(1),
        linear[1],
    )[3]
    > 1 + 4 * 2
), "with frozen layer norm, two tensors a block and its statistics"
for activation, count in ((nn.Tanh, 5), (nn.Sigmoid, 5), (nn.SiLU, 8)):
    assert measure(linear[0], activation, slice(4), linear[1])[3] == count, (
        "Tanh and Sigmoid keep as much as ReLU, and SiLU as much as GELU"
    )

# %%
# Batch norm still moves
# ----------------------
#
# ``requires_grad_(False)`` is about parameters. The running statistics of batch norm
# are not parameters, and every forward pass in training mode changes them. So put
# frozen layers into evaluation mode, after each ``model.train()``:
# :ref:`sphx_glr_recipes_pitfalls_frozen_batch_norm_moves.py`.

# %%
# Freeze in the middle of a training run
# --------------------------------------
#
# After ``requires_grad_(False)``, call ``optimizer.zero_grad()`` before the next
# ``step()``, because a gradient that is left in ``.grad`` :ref:`is still applied
# <sphx_glr_recipes_gradients_stopping_gradient_tracking.py>`. It has to become
# ``None``: with zeros, :ref:`the optimizer goes on
# <sphx_glr_recipes_gradients_ways_to_clear_gradients.py>` with momentum and weight
# decay. Adam's state for that layer stays in memory until you delete it from
# ``optimizer.state`` or make a new optimizer.

# %%
# LoRA in 20 lines
# ----------------
#
# LoRA (low-rank adaptation) freezes a linear layer and adds the product of two thin
# trained ones. ``up`` begins at zero, so at first the network computes what it did.


class LoRA(nn.Module):
    def __init__(self, linear, rank):
        super().__init__()
        self.linear = linear
        self.down = nn.Linear(linear.in_features, rank, bias=False)
        self.up = nn.Linear(rank, linear.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x):
        return self.linear(x) + self.up(self.down(x))


def add_lora(model, rank):
    """Freeze a model and add LoRA to its linear layers."""
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear):
            model.set_submodule(name, LoRA(module, rank))
    return model


# %%
# A network has learned a function of four inputs. Then two of the inputs are swapped,
# as if two cables were mixed up. Adapt the network to that in three ways:

from copy import deepcopy

torch.manual_seed(0)
inputs = torch.randn(1500, 4)
targets = (2 * inputs[:, :1]).sin() + inputs[:, 1:2]
swapped = inputs[:, [1, 0, 2, 3]]


def train(model, inputs):
    """Train on 500 samples, and return the loss on the other 1,000."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(200):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(inputs[:500]), targets[:500])
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return nn.functional.mse_loss(model(inputs[500:]), targets[500:]).item()


base = nn.Sequential(
    nn.Linear(4, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 1)
)
print(f"before the swap: loss {train(base, inputs):.3f}")
ways = {way: deepcopy(base) for way in ("all layers", "last layer", "LoRA")}
ways["last layer"][:-1].requires_grad_(False)
add_lora(ways["LoRA"], rank=2)
losses, counts, sizes = {}, {}, {}
for way, model in ways.items():
    counts[way] = sum(each.numel() for each in model.parameters() if each.requires_grad)
    _, sizes[way] = run_forward(model, swapped)
    losses[way] = train(model, swapped)
    print(f"{way:10} {counts[way]:5} parameters, {sizes[way]:9,} bytes kept,", end="")
    print(f" loss {losses[way]:.3f}")

# %%
# The last layer alone cannot repair what is wrong at the first. LoRA can (at a learning
# rate of 0.001, 200 steps would be too few), with a ninth of the parameters, and so a
# ninth of the gradients and of Adam's state. It does not save memory for activations,
# because there are trained parameters in every layer. In large networks the ratio is
# far smaller: the layers grow with the square of their width, LoRA in proportion to it.

assert losses["LoRA"] < 0.2 < losses["last layer"], (
    "LoRA repairs more than the last layer alone"
)
assert losses["all layers"] < 0.15, "training all layers repairs it, too"
assert 8 < counts["all layers"] / counts["LoRA"] < 9, (
    "LoRA trains between an eighth and a ninth of the parameters"
)
assert sizes["last layer"] < sizes["all layers"] <= sizes["LoRA"], (
    "LoRA keeps no fewer activations than training all layers"
)

# %%
# Why it happens
# --------------
#
# Autograd records an operation if one of its inputs requires a gradient, and each
# recorded operation keeps what its own derivative needs. Before the first trained
# layer, no input requires a gradient, so nothing is recorded. After it, everything is,
# and a frozen layer can leave out only what the gradients of its own weights would
# need: ``Linear`` leaves out its input.

# %%
# In your own code
# ----------------
#
# Don't trust the code that freezes; look at what is trained:


def trained(model):
    return [name for name, each in model.named_parameters() if each.requires_grad]


print(trained(ways["last layer"]))
layer = nn.Linear(8, 16)
layer.requires_grad = False
print(trained(layer))

assert trained(ways["last layer"]) == ["4.weight", "4.bias"], (
    "the last layer is trained"
)
assert trained(layer) == ["weight", "bias"], (
    "an attribute of the module freezes nothing"
)

# %%
# The second list shows a common mistake: ``layer.requires_grad = False`` only sets an
# attribute of that name on the module, without an error. To unfreeze, call
# ``requires_grad_(True)`` before the forward pass. If you passed only the trained
# parameters to the optimizer, add the others with ``optimizer.add_param_group``.

# %%
# Try it
# ------
#
# After training, get rid of LoRA's extra layers: add the product of their weights to
# the frozen weight. Then freeze everything, and call ``backward()``. What does it say?
#
# **Solution**

merged = deepcopy(base)
with torch.no_grad():
    for name, module in ways["LoRA"].named_modules():
        if isinstance(module, LoRA):
            merged.get_submodule(name).weight += module.up.weight @ module.down.weight
same = torch.allclose(merged(swapped), ways["LoRA"](swapped), atol=1e-4)
print("the same outputs:", same)
try:
    merged.requires_grad_(False)(swapped).mean().backward()
except RuntimeError as error:
    message = f"{type(error).__name__}: {error}"
    print(message)

assert same, "the merged network computes the same"
assert "does not require grad" in message, "with nothing to train, backward() fails"

# %%
# The merged network has the size and the speed of the original. The error means that
# the loss depends on no trained parameter, so no graph was recorded.

# %%
# Remember
# --------
#
# - ``layer.requires_grad_(False)``, called before training, always saves gradients and
#   optimizer state.
# - Memory for activations and time for the backward pass are fully saved only before
#   the first trained layer.
# - Batch norm and dropout also need ``eval()``: otherwise the statistics still move,
#   and units are still dropped.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_frozen_batch_norm_moves.py`
# - :ref:`sphx_glr_recipes_gradients_stopping_gradient_tracking.py`
# - :ref:`sphx_glr_recipes_gradients_ways_to_clear_gradients.py`: ``None`` or zeros.
# - `Setting requires_grad
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html#setting-requires-grad>`__
#   in PyTorch's notes on autograd.
# - `LoRA: Low-Rank Adaptation of Large Language Models
#   <https://arxiv.org/abs/2106.09685>`__

# %%
# Sources
# -------
#
# - `pytorch #2672 <https://github.com/pytorch/pytorch/issues/2672>`__: a VGG-19 with
#   all convolutions frozen seemed to need as much GPU memory as one without.
# - `pytorch #133566 <https://github.com/pytorch/pytorch/issues/133566>`__: frozen
#   convolutions keep their inputs; open.
# - `deep-high-resolution-net.pytorch #186
#   <https://github.com/leoxiaobin/deep-high-resolution-net.pytorch/issues/186>`__:
#   freezing layers did not lower the GPU memory.

# sphinx_gallery_position = 6
# sphinx_gallery_tags = ["requires_grad", "memory", "LoRA", "optimizer", "batch norm"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
