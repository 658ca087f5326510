"""
Defining a neural network
=========================

A network in PyTorch is a class with two methods: one makes the layers, the other says
how data flow through them. Most errors in it are errors of shape or of a layer that
was not registered, and both can be found before the first training.

What you will learn
-------------------

- How to write a network as an ``nn.Module``, and how to feed it a random image.
- How to see the shapes between the layers, and read an error about shapes.
- How to count parameters, and to check the count by hand.
- Why a layer in a Python list is never trained, and what to use instead.

What you need
-------------

- ``torch`` and ``matplotlib``.
- No data set: random numbers stand in for images.
- About 5 seconds on two CPU cores. A GPU is used if there is one.
"""

# %%
# Step 1. Write the class
# -----------------------
#
# ``__init__`` makes the layers, and ``forward`` uses them. The call
# ``super().__init__()`` comes first. It prepares the object to notice each layer that
# you assign to ``self``.

import matplotlib.pyplot as plt
import torch
from torch import nn

device = torch.device("cpu")
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()


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
        features = torch.flatten(features, start_dim=1)
        features = torch.relu(self.hidden(features))
        return self.scores(features)


torch.manual_seed(0)
model = ConvolutionalNetwork().to(device)
print(model)

# %%
# The network is for gray images of 28 x 28 pixels in ten classes. Its printed form
# lists the registered layers, in the order of ``__init__``. It does not know
# ``forward``, so it does not show the order of the computation, nor the calls of
# ``torch.relu``.

# %%
# Step 2. Feed it a random image
# ------------------------------
#
# The quickest test of a network needs no data. The network expects a batch, so the
# shape of one image is: 1 image, 1 channel, 28 rows, 28 columns.

image = torch.rand(1, 1, 28, 28, device=device)
scores = model(image)
probabilities = scores.softmax(dim=1)

print("scores:       ", tuple(scores.shape))
print("probabilities:", *(f"{p:.2f}" for p in probabilities[0].tolist()))
assert scores.shape == (1, 10)
assert abs(probabilities.sum().item() - 1) < 1e-5, "probabilities add up to 1"
assert (probabilities - 0.1).abs().max() < 0.1, "an untrained network has no opinion"

# %%
# Ten scores come out, one for each class. ``softmax`` makes probabilities of them, for
# you to read. They are all near 0.1: the network has learned nothing yet. Leave
# ``softmax`` out of ``forward``, because ``nn.CrossEntropyLoss`` expects the scores.
#
# Write ``model(image)``, not ``model.forward(image)``. The call does more than
# ``forward``: it runs the hooks, which step 3 relies on.

# %%
# Step 3. See the shapes
# ----------------------
#
# A hook is a function that PyTorch calls when a layer has computed its output. Put one
# on every layer and let a batch of 32 random images through.

sizes = {}


def note_shapes(layer, inputs, output):
    name = names[layer]
    print(f"{name:<8} {tuple(inputs[0].shape)!s:>17}  ->  {tuple(output.shape)!s}")
    sizes[name] = output[0].numel()


names = {layer: name for name, layer in model.named_children()}
hooks = [layer.register_forward_hook(note_shapes) for layer in names]
with torch.inference_mode():
    scores = model(torch.rand(32, 1, 28, 28, device=device))
for hook in hooks:
    hook.remove()
assert scores.shape == (32, 10)

# %%
# The first number is the size of the batch. It goes through unchanged, and no layer was
# told of it. ``pool`` has two lines, for it is called twice, and halves height and
# width both times: 28, 14, 7. Between the second ``pool`` and ``hidden`` stands
# ``torch.flatten``. It makes one row of 16 x 7 x 7 = 784 numbers for each image, which
# is why ``hidden`` was made for that many.

# %%
# Step 4. Read an error about shapes
# ----------------------------------
#
# Forget the batch, and pass the image as 1 x 28 x 28.

try:
    model(torch.rand(1, 28, 28, device=device))
except RuntimeError as error:
    message = str(error)
print(message)
assert "16x49 and 784x64" in message

# %%
# The error names the two sizes that do not fit. ``784x64`` is the weight of ``hidden``,
# turned over for the product, so this is the layer to look at. ``16x49`` is what came
# in: 16 rows where one row per image was expected. The convolutions take a single image
# as well, so the fault passed them unnoticed, and ``torch.flatten`` took the 16
# channels for a batch. Call ``.unsqueeze(0)`` on such an image to make a batch of one.

# %%
# Step 5. Count the parameters
# ----------------------------
#
# ``named_parameters()`` finds every weight and bias by itself. Count them by layer, and
# check the count by hand: each output channel of a convolution has one weight for each
# input channel and each of the 3 x 3 places, and one bias.

counts = {}
for name, parameter in model.named_parameters():
    layer_name = name.split(".")[0]
    counts[layer_name] = counts.get(layer_name, 0) + parameter.numel()
    print(f"{name:<14} {tuple(parameter.shape)!s:<14} {parameter.numel():>6,}")
total = sum(counts.values())
print(f"{'together':<29} {total:>6,}")

assert counts["first"] == 8 * (1 * 3 * 3 + 1)
assert counts["second"] == 16 * (8 * 3 * 3 + 1)
assert counts["hidden"] == 64 * (784 + 1)
assert counts["scores"] == 10 * (64 + 1)
assert counts["hidden"] > 0.9 * total, "most parameters are in one layer"

# %%
# More than 90 % of the parameters are in ``hidden``. Compare that with the numbers that
# each layer puts out for one image.

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
layers = list(counts)
left.barh(layers, [counts[name] for name in layers], color="C0")
right.barh(layers, [sizes[name] for name in layers], color="C1")
left.set(xlabel="parameters", ylabel="layer")
right.set(xlabel="numbers put out for one image")
for axes in (left, right):
    axes.invert_yaxis()
    axes.bar_label(axes.containers[0], fmt="{:,.0f}", padding=3)
    axes.margins(x=0.2)
    axes.locator_params(axis="x", nbins=4)
plt.show()
# sphinx_gallery_alt_block = "Two bar charts over the four layers first, second, hidden and scores. Left, the parameters: nearly all are in hidden, and the two convolutions have few. Right, the numbers put out for one image: nearly all come from the two convolutions, and the two linear layers put out few."

assert sizes["first"] + sizes["second"] > 0.9 * sum(sizes[name] for name in counts)

# %%
# It is the other way round. The convolutions have few parameters and put out many
# numbers, since they use the same weights at every pixel. So in this network the linear
# layers decide how large its file is, and the convolutions how much memory a large
# batch takes in training: the backward pass needs what the layers put out, for every
# image.

# %%
# Step 6. Check that every parameter gets a gradient
# --------------------------------------------------
#
# One backward pass on random numbers is enough to see whether a part of the network is
# cut off. A parameter that took no part in the loss keeps ``None`` as its gradient.

images = torch.rand(32, 1, 28, 28, device=device)
labels = torch.randint(10, (32,), device=device)
loss = nn.functional.cross_entropy(model(images), labels)
loss.backward()

missing = [name for name, p in model.named_parameters() if p.grad is None]
print("parameters without a gradient:", missing)
assert not missing
assert all(p.grad.shape == p.shape for p in model.parameters())

# %%
# All have one, each of the shape of its parameter.

# %%
# Step 7. Keep layers where PyTorch finds them
# --------------------------------------------
#
# Here are two networks of three layers, one with a Python list and one with an
# ``nn.ModuleList``.


class WithList(nn.Module):
    def __init__(self, make_list):
        super().__init__()
        self.layers = make_list([nn.Linear(8, 8) for _ in range(3)])

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x


found = {}
for make_list in (list, nn.ModuleList):
    network = WithList(make_list)
    output = network(torch.rand(1, 8))
    found[make_list] = sum(p.numel() for p in network.parameters())
    print(f"{make_list.__name__:<10}  output {tuple(output.shape)}", end="  ")
    print(f"parameters found {found[make_list]}")

assert found[list] == 0 and found[nn.ModuleList] == 3 * 8 * (8 + 1)

# %%
# Both compute. But PyTorch does not look into a Python list, so the first network has
# no parameters at all, and an optimizer refuses it. If a network has other layers as
# well, there is no error: the optimizer does not train those in the list,
# ``.to(device)`` does not move them, and a checkpoint does not hold them. Use
# ``nn.ModuleList``, ``nn.ModuleDict`` or ``nn.Sequential``, and ``nn.ParameterList``
# for single parameters.

# %%
# What to remember
# ----------------
#
# - ``__init__`` makes the layers and assigns them to ``self``, ``forward`` uses them,
#   and you call ``model(images)``.
# - Try a new network on a batch of random numbers: the shape of its output, and a
#   gradient for every parameter.
# - A linear layer's error about shapes names what came in first, and then its weight. A
#   count of parameters that is too low shows a layer that was not registered.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_training_loading_data.py`: batches of real images.
# - :ref:`sphx_glr_recipes_gradients_looking_at_gradients.py`: hooks on gradients, and
#   how large they are from layer to layer.
# - :ref:`sphx_glr_recipes_pitfalls_softmax_before_cross_entropy.py`: why ``forward``
#   ends with the scores.
# - `torch.nn.Module
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html>`__
# - `torch.nn.ModuleList
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html>`__

# sphinx_gallery_position = 2
# sphinx_gallery_tags = ["nn.Module", "shapes", "parameters", "hooks"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
