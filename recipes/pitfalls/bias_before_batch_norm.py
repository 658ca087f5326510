"""
Bias before batch norm does nothing
===================================

A bias right before batch norm does nothing in training, because batch norm subtracts
the mean of the batch, and the bias with it. Its gradient is only rounding noise, so
make the layer with ``bias=False``.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#     nn.Sequential(
#    -    nn.Linear(20, 64),
#    +    nn.Linear(20, 64, bias=False),
#         nn.BatchNorm1d(64),
#
# The gradient of the bias is more than 100,000 times smaller than that of the weight,
# and without the bias the outputs are the same:

import torch
from torch import nn

torch.manual_seed(0)
wrong = nn.Sequential(nn.Linear(20, 64), nn.BatchNorm1d(64))
right = nn.Sequential(
    nn.Linear(20, 64, bias=False),
    nn.BatchNorm1d(64),
)
right[0].weight = wrong[0].weight
inputs, targets = torch.randn(50, 20), torch.randn(50, 64)
nn.functional.mse_loss(wrong(inputs), targets).backward()
print(f"gradients: {wrong[0].weight.grad.norm():.1e}, {wrong[0].bias.grad.norm():.1e}")
print("the same outputs:", torch.allclose(wrong(inputs), right(inputs), atol=1e-5))
# sphinx_gallery_compare_block = "shape"

assert wrong[0].bias.grad.norm() < 1e-5 * wrong[0].weight.grad.norm(), (
    "the gradient of the bias is over 100,000 times smaller"
)
assert torch.allclose(wrong(inputs), right(inputs), atol=1e-5), "the outputs are equal"

# %%
# It is noise
# -----------
#
# In exact arithmetic, the gradient would be 0. So what is there depends on how precise
# the numbers are, and on the order of the sum: shuffle the rows of the same batch, and
# the gradient of the bias is a different one.


def relative(difference, reference):
    return (difference.norm() / reference.norm()).item()


def gradients(model, inputs, targets):
    model.zero_grad()
    nn.functional.mse_loss(model(inputs), targets).backward()
    return model[0].weight.grad, model[0].bias.grad


sizes = {}
for dtype in (torch.bfloat16, torch.float32, torch.float64):
    wrong.to(dtype)
    weight, bias = gradients(wrong, inputs.to(dtype), targets.to(dtype))
    sizes[dtype] = relative(bias, weight)
    print(f"{dtype!s:14} bias : weight = {sizes[dtype]:.0e}")

wrong.float()
order = torch.randperm(50)
before = gradients(wrong, inputs, targets)
after = gradients(wrong, inputs[order], targets[order])
changes = [relative(a - b, b) for a, b in zip(after, before, strict=True)]
print("changed by shuffling: weight {:.0e}, bias {:.0%}".format(*changes))
# sphinx_gallery_compare_block = "shape"

# %%
# So a test that compares two machines' gradients or checkpoints with a relative
# tolerance can fail at this bias, although nothing is wrong. And a check for vanishing
# gradients gives a false alarm.

assert sizes[torch.float64] < 1e-6 * sizes[torch.float32], (
    "with float64, the gradient is at least a million times smaller"
)
assert sizes[torch.bfloat16] > 100 * sizes[torch.float32], (
    "with bfloat16, it is at least a hundred times larger"
)
assert changes[0] < 1e-4, "shuffling hardly changes the gradient of the weight"
assert changes[1] > 0.1, "but it changes that of the bias by more than 10%"

# %%
# What optimizers make of it
# --------------------------
#
# Train a network of two layers for 300 steps, and look at how far the bias has moved,
# as a share of its initial size:

centers = torch.randn(4, 20)


def make_points(count):
    labels = torch.randint(4, (count,))
    return centers[labels] + torch.randn(count, 20), labels


def train(make_optimizer, bias=True, **options):
    """Return the trained network, and its accuracy on new points."""
    torch.manual_seed(0)
    first = nn.Linear(20, 64, bias=bias)
    model = nn.Sequential(first, nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 4))
    optimizer = make_optimizer(model.parameters(), **options)
    for _ in range(300):
        points, labels = make_points(50)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(points), labels).backward()
        optimizer.step()
    points, labels = make_points(2000)
    right = model.eval()(points).argmax(dim=1) == labels
    return model, right.float().mean().item()


torch.manual_seed(0)
initial = nn.Linear(20, 64).bias.detach()
optimizers = {
    "SGD": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
    "Adam": (torch.optim.Adam, {"lr": 0.01}),
    "SGD, weight decay": (torch.optim.SGD, {"lr": 0.1, "weight_decay": 0.05}),
}
moved, accuracies = {}, {}
for name, (make_optimizer, options) in optimizers.items():
    model, with_bias = train(make_optimizer, **options)
    moved[name] = relative(model[0].bias.detach() - initial, initial)
    _, without = train(make_optimizer, bias=False, **options)
    accuracies[name] = with_bias, without
    print(f"{name:18} moved by {moved[name]:7.1e}")
# sphinx_gallery_compare_block = "shape"

# %%
# - **SGD** multiplies the noise by the learning rate: the bias keeps its initial value.
# - **Adam** divides by the size of the gradients, so that noise becomes steps. The bias
#   drifts at random. (How far depends on ``eps``, which is about as large as the
#   noise.)
# - **Weight decay** alone has a direction: it pulls the bias to 0.
#
# The accuracy does not depend on the bias. What it costs is one parameter per channel,
# with its gradient and optimizer state, and a sum over the batch in each backward pass.

for name, (with_bias, without) in accuracies.items():
    print(f"{name:18} accuracy {with_bias:.1%}, without bias {without:.1%}")

assert moved["SGD"] < 1e-5, "with SGD, the bias does not move"
assert moved["Adam"] > 1e-3, "with Adam, it moves by more than 0.1% of its size"
assert moved["SGD, weight decay"] > 0.5, "with weight decay, it is pulled to 0"
for with_bias, without in accuracies.values():
    assert abs(with_bias - without) < 0.03, "the accuracy does not depend on the bias"

# %%
# When the bias counts
# --------------------
#
# The bias cancels if it reaches batch norm as one constant for each channel: through
# max pooling, for example, but not through ReLU or dropout. Compare the gradients of
# the bias in front of several layers:

after_linear = {
    "BatchNorm1d": [nn.BatchNorm1d(64)],
    "BatchNorm1d, eval()": [nn.BatchNorm1d(64).eval()],
    "ReLU, BatchNorm1d": [nn.ReLU(), nn.BatchNorm1d(64)],
    "LayerNorm": [nn.LayerNorm(64)],
    "GroupNorm": [nn.GroupNorm(8, 64)],
}
after_convolution = {
    "BatchNorm2d": [nn.BatchNorm2d(8)],
    "MaxPool2d, BatchNorm2d": [nn.MaxPool2d(2), nn.BatchNorm2d(8)],
    "InstanceNorm2d": [nn.InstanceNorm2d(8)],
}
counts = {}
for kind, followers in (("Linear", after_linear), ("Conv2d", after_convolution)):
    for name, layers in followers.items():
        first = nn.Linear(20, 64) if kind == "Linear" else nn.Conv2d(3, 8, 3, padding=1)
        data = inputs if kind == "Linear" else torch.randn(16, 3, 8, 8)
        model = nn.Sequential(first, *layers)
        outputs = model(data)
        (outputs * torch.randn_like(outputs)).mean().backward()
        counts[name] = relative(first.bias.grad, first.weight.grad) > 1e-4
        print(f"{kind}, {name:23} bias counts: {counts[name]}")

assert [name for name in counts if counts[name]] == [
    "BatchNorm1d, eval()",
    "ReLU, BatchNorm1d",
    "LayerNorm",
    "GroupNorm",
], "in four cases the bias has a gradient"

# %%
# Keep the bias with layer norm and group norm, which average over other channels too,
# with batch norm after the activation function, and with frozen batch norm, which
# subtracts a constant and not the mean of the batch. Instance norm is like batch norm.

# %%
# Why it happens
# --------------
#
# Batch norm computes ``(x - mean) / deviation``. A bias *b* adds to *x* and to its
# mean, and ``(x + b) - (mean + b)`` is ``x - mean``: *b* is gone, and so is its
# gradient. Batch norm has its own parameter ``bias``, which does the same job and is
# added at the end. In evaluation mode, the running mean contains *b*, so it cancels
# there, too, unless *b* moves so fast that the mean lags behind.

# %%
# In your own code
# ----------------
#
# After a backward pass in float32 (bfloat16 makes too much noise), find the biases
# whose gradient is much smaller than that of the weight beside them:


def find_useless_biases(model):
    return [
        name
        for name, each in model.named_modules()
        if isinstance(getattr(each, "bias", None), nn.Parameter)
        and each.bias.grad is not None
        and each.bias.grad.norm() < 1e-4 * each.weight.grad.norm()
    ]


network = nn.Sequential(
    nn.Linear(20, 64),
    nn.BatchNorm1d(64),
    nn.ReLU(),
    nn.Linear(64, 4),
)
network(inputs).square().mean().backward()
print(find_useless_biases(network))

assert find_useless_biases(network) == ["0"], "only the bias before batch norm is found"

# %%
# A checkpoint with the bias no longer fits the new network:

try:
    right.load_state_dict(wrong.state_dict())
except RuntimeError as error:
    message = f"{type(error).__name__}: {error}"
    print(message)

assert "Unexpected key(s)" in message, "the checkpoint has a key too many"

# %%
# Try it
# ------
#
# Load the checkpoint into a network with the bias, and then remove it there. What has
# to change so that the outputs in evaluation mode stay the same?
#
# **Solution**


@torch.no_grad()
def drop_bias(layer, norm):
    norm.running_mean -= layer.bias
    layer.bias = None


expected = wrong.eval()(inputs)
drop_bias(wrong[0], wrong[1])
same = torch.allclose(wrong(inputs), expected, atol=1e-5)
print("the same outputs:", same, *wrong.state_dict())
right.load_state_dict(wrong.state_dict())

assert same, "without the bias, the outputs in evaluation mode are the same"
assert wrong[0].bias is None, "the bias is gone"

# %%
# The running mean, which contains the bias. Make the optimizer only after that, because
# it must not hold the old parameter.

# %%
# Remember
# --------
#
# - Right before batch norm: ``bias=False``.
# - The bias's gradient is rounding noise. It is no sign of vanishing gradients.
# - With an activation function in between, or with layer or group norm, keep the bias.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_frozen_batch_norm_moves.py`
# - :ref:`sphx_glr_recipes_gradients_looking_at_gradients.py`: the norms of all
#   gradients.
# - `Performance Tuning Guide
#   <https://docs.pytorch.org/tutorials/recipes/recipes/tuning_guide.html>`__: it gives
#   this advice, too.
# - `torch.nn.BatchNorm1d
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html>`__

# %%
# Sources
# -------
#
# - `Pytorch-UNet #325 <https://github.com/milesial/Pytorch-UNet/pull/325>`__: the
#   biases before batch norm were removed.
# - `FlowNetPytorch #81 <https://github.com/ClementPinard/FlowNetPytorch/issues/81>`__:
#   why the convolutions there have ``bias=False``.
# - `yolov2-yolov3_PyTorch #35
#   <https://github.com/yjh0410/yolov2-yolov3_PyTorch/issues/35>`__: is the bias an error,
#   or only useless?

# sphinx_gallery_position = 10
# sphinx_gallery_tags = ["batch norm", "bias", "parameters", "Adam"]
# sphinx_gallery_cost = "4 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "generic", "stage": "model", "effect": "slow", "group": "not learned", "symptom": "The gradient of a bias is about a million times smaller than that of its weight, and changes with the order of the samples."}
