"""
Defining a neural network
=========================

Write a class that inherits from ``nn.Module``: create the layers in ``__init__``, and
use them in ``forward``. Before you train it, pass a random batch through it, look at
the shapes, and check that every parameter gets a gradient.
"""

# %%
# In short
# --------

import torch
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(784, 64)
        self.scores = nn.Linear(64, 10)

    def forward(self, images):
        return self.scores(torch.relu(self.hidden(images.flatten(start_dim=1))))


network = Network()
print(network)
print(tuple(network(torch.rand(32, 1, 28, 28)).shape))

assert network(torch.rand(32, 1, 28, 28)).shape == (32, 10), "a batch of 32 works"
assert network(torch.rand(1, 1, 28, 28)).shape == (1, 10), "a batch of one works"

# %%
# The network takes a batch of gray images of 28 x 28 pixels and returns ten scores for
# each, one for each class. Call ``super().__init__()`` first, because it prepares the
# object to register every layer that you assign to ``self``. Write ``network(images)``,
# not ``network.forward(images)``, which skips hooks (functions attached to a layer).
#
# Leave ``softmax`` out of ``forward``: ``nn.CrossEntropyLoss`` expects the scores. See
# :ref:`sphx_glr_recipes_pitfalls_softmax_before_cross_entropy.py`.

# %%
# See the shapes between the layers
# ---------------------------------
#
# Here is a network with convolutions. A hook on each layer prints the shapes that go in
# and come out:

torch.manual_seed(0)
device = torch.accelerator.current_accelerator(check_available=True) or "cpu"


class ConvolutionalNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 8, kernel_size=3, padding=1)
        self.second = nn.Conv2d(8, 16, kernel_size=3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.hidden = nn.Linear(16 * 7 * 7, 64)
        self.scores = nn.Linear(64, 10)

    def forward(self, images):
        features = self.pool(torch.relu(self.first(images)))
        features = self.pool(torch.relu(self.second(features)))
        features = torch.relu(self.hidden(features.flatten(start_dim=1)))
        return self.scores(features)


def show_shapes(layer, inputs, output):
    print(f"{names[layer]:<8}{tuple(inputs[0].shape)!s:>16} -> {tuple(output.shape)}")


model = ConvolutionalNetwork().to(device)
names = {layer: name for name, layer in model.named_children()}
hooks = [layer.register_forward_hook(show_shapes) for layer in names]
scores = model(torch.rand(32, 1, 28, 28, device=device))
for hook in hooks:
    hook.remove()

assert scores.shape == (32, 10), "ten scores for each image"

# %%
# The first number is the size of the batch, which passes through unchanged. ``pool``
# has two lines, because ``forward`` calls it twice; each time it halves height and
# width: 28, 14, 7. Then ``flatten`` makes one row of 16 x 7 x 7 = 784 numbers for each
# image, which is why ``hidden`` was made for that many.

# %%
# Read an error about shapes
# --------------------------
#
# Forget the batch, and pass a single image:

try:
    model(torch.rand(1, 28, 28, device=device))
except RuntimeError as error:
    message = f"{type(error).__name__}: {error}"
print(message)

assert "16x49 and 784x64" in message, "the message names both sizes"

# %%
# ``784x64`` is the weight of ``hidden``, transposed, so this is the layer to look at.
# ``16x49`` is what came in: 16 rows, where one was expected. Convolutions also accept a
# single image, so they did not notice, and ``flatten`` took the 16 channels for a
# batch. Call ``image.unsqueeze(0)`` to make a batch of one.
#
# If the size that comes in depends on the images, let PyTorch find it:
# ``nn.LazyLinear(64)`` reads it from the first batch. Pass one batch through the
# network before you count or initialize its parameters, because until then they have no
# shape.

lazy = nn.LazyLinear(64)
lazy(torch.rand(32, 784))
print(lazy)

assert lazy.weight.shape == (64, 784), "the lazy layer found its size"

# %%
# Count the parameters
# --------------------
#
# Check the count by hand: each output channel of a convolution has 3 x 3 weights for
# each input channel, and one bias.

counts = {
    name: sum(parameter.numel() for parameter in layer.parameters())
    for name, layer in model.named_children()
}
for name, count in counts.items():
    print(f"{name:<8}{count:>7,}")

# %%
# ``pool`` has none. More than 90% of the parameters are in ``hidden``, so this layer
# decides how large the file of this network is.

assert counts["first"] == 8 * (1 * 3 * 3 + 1), (
    "first: 8 channels, each 9 weights, 1 bias"
)
assert counts["second"] == 16 * (8 * 3 * 3 + 1), (
    "second: 16 channels, each 8 times 9 weights, 1 bias"
)
assert counts["hidden"] == 64 * (784 + 1), (
    "hidden: 64 outputs, each 784 weights, 1 bias"
)
assert counts["hidden"] > 0.9 * sum(counts.values()), "over 90% are in one layer"

# %%
# Keep layers where PyTorch finds them
# ------------------------------------
#
# In a Python list, layers compute, but they are not registered:


class Layers(nn.Module):
    def __init__(self, make_list):
        super().__init__()
        self.first = nn.Linear(8, 8)
        self.others = make_list([nn.Linear(8, 8) for _ in range(3)])

    def forward(self, x):
        x = self.first(x)
        for layer in self.others:
            x = layer(torch.relu(x))
        return x


found = {}
for make_list in (list, nn.ModuleList):
    layers = Layers(make_list)
    found[make_list] = sum(each.numel() for each in layers.parameters())
    print(f"{make_list.__name__:<11}{tuple(layers(torch.rand(1, 8)).shape)}", end=" ")
    print(found[make_list], "parameters")

# %%
# PyTorch does not look into a list. There is no error, but the optimizer does not train
# the three layers, ``.to(device)`` does not move them, and a checkpoint does not hold
# them. Use ``nn.ModuleList``, ``nn.ModuleDict`` or ``nn.Sequential``, and
# ``nn.ParameterList`` for single parameters.

assert found[list] == 8 * (8 + 1), "with a list, one layer of four is found"
assert found[nn.ModuleList] == 4 * 8 * (8 + 1), "with a ModuleList, all four are found"

# %%
# Why it happens
# --------------
#
# ``nn.Module`` overrides what ``self.name = value`` does. If the value is a parameter
# or a module, it is registered under its name, and ``parameters()``, ``to()`` and
# ``state_dict()`` go through what was registered. A list is neither, so it becomes an
# ordinary attribute.

print("registered:", [name for name, _ in Layers(list).named_children()])

assert "others" not in dict(Layers(list).named_children()), "a list is not registered"

# %%
# In your own code
# ----------------
#
# One backward pass on a random batch shows whether a part of the network is cut off
# from the graph: a registered parameter that takes no part in the loss has ``None`` as
# its gradient. The check runs on a copy, so your gradients and buffers do not change:

from copy import deepcopy


def without_gradient(model, batch):
    """Name the parameters that do not take part in the output."""
    model = deepcopy(model)
    model.zero_grad()
    model(batch).sum().backward()
    return [name for name, each in model.named_parameters() if each.grad is None]


batch = torch.rand(32, 1, 28, 28, device=device)
print("without a gradient:", without_gradient(model, batch))

assert not without_gradient(model, batch), "every parameter gets a gradient"
assert all(each.grad is None for each in model.parameters()), "the model is unchanged"

# %%
# It does not find a layer that is not registered. For this, compare the number of
# parameters with what you expect. Frozen parameters are on the list, too. Parameters
# before a dead ReLU are not, because they get a gradient, but it is zero.

# %%
# Try it
# ------
#
# Add a layer in ``__init__`` and forget it in ``forward``. What does the check say?
#
# **Solution**

model.forgotten = nn.Linear(64, 64, device=device)
print("without a gradient:", without_gradient(model, batch))

assert len(without_gradient(model, batch)) == 2, (
    "the weight and the bias of the forgotten layer have no gradient"
)

# %%
# It names the weight and the bias of the layer. They are registered, so they are saved
# and given to the optimizer, which skips them because their gradient is ``None``.

# %%
# Remember
# --------
#
# - ``__init__`` creates the layers, ``forward`` uses them, and you call the model.
# - “mat1 and mat2 shapes” names what came in, and then a linear layer's weight,
#   transposed.
# - Keep layers in an ``nn.ModuleList``: a plain list hides them.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_training_loading_data.py`: batches of real images.
# - :ref:`sphx_glr_recipes_gradients_looking_at_gradients.py`: how large gradients are
#   from layer to layer.
# - `torch.nn.Module
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html>`__
# - `torch.nn.ModuleList
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html>`__

# sphinx_gallery_position = 2
# sphinx_gallery_tags = ["nn.Module", "shapes", "parameters", "hooks"]
# sphinx_gallery_cost = "3 s"
# sphinx_gallery_needs = []
