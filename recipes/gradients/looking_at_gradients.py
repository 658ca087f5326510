"""
Looking at gradients
====================

When a network does not learn, its gradients can tell you why. PyTorch keeps those of
leaves only, such as the parameters, so you have to ask for the others, and then look at
them layer by layer.

What you will learn
-------------------

- How ``retain_grad()`` keeps the gradient of a tensor in the middle of a network.
- How a hook sees a gradient, or changes it, on its way back.
- How to draw the gradients of each layer as a histogram.
- What vanishing gradients look like, with sigmoid and with ReLU.

What you need
-------------

- ``torch`` and ``matplotlib``.
- No data set: random numbers will do.
- About 5 seconds on two CPU cores.
"""

# %%
# Step 1. Keep a gradient in the middle
# -------------------------------------
#
# A *leaf* is a tensor that you made, like a weight. If it requires a gradient, that is
# in ``.grad`` after ``backward``. A tensor that was computed on the way gets a gradient
# as well, but PyTorch drops it after use, unless you call ``retain_grad()`` before
# ``backward``.

import matplotlib.pyplot as plt
import torch
from torch import nn

device = torch.device("cpu")
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()

weight = torch.tensor(2.0, requires_grad=True)
hidden = weight**2
hidden.retain_grad()
loss = 3 * hidden
loss.backward()

print("leaf:", weight.is_leaf, hidden.is_leaf)
print("gradient of hidden:", hidden.grad.item())
print("gradient of weight:", weight.grad.item())
assert weight.is_leaf and not hidden.is_leaf
assert hidden.grad == 3, "the derivative of 3 * hidden"
assert weight.grad == 12, "times 2 * weight, by the chain rule"

# %%
# The gradient of ``hidden`` is 3. The chain rule multiplies it by 4, the derivative of
# ``weight**2`` at 2, and that makes 12.

# %%
# Step 2. Watch a gradient go by
# ------------------------------
#
# A hook is a function that ``backward`` calls with the gradient of a tensor, as soon as
# it is computed. It costs no memory afterwards. Call ``backward`` twice and compare
# what the hook sees with what ``.grad`` holds.

seen = []
weight = torch.tensor(2.0, requires_grad=True)
handle = weight.register_hook(lambda gradient: seen.append(gradient.item()))
for _ in range(2):
    (3 * weight).backward()
    print("hook saw", seen[-1], "  .grad holds", weight.grad.item())
assert seen == [3, 3]
assert weight.grad == 6

handle.remove()
(3 * weight).backward()
assert len(seen) == 2, "after remove() the hook sees nothing"

# %%
# The hook sees the gradient of *this* ``backward``, before it is added to ``.grad``.
# ``handle.remove()`` takes the hook away.
#
# If a hook returns a tensor, that one goes on in place of the gradient. Here it is
# halved.

weight = torch.tensor(2.0, requires_grad=True)
hidden = weight**2
hidden.register_hook(lambda gradient: gradient / 2)
(3 * hidden).backward()
print("gradient of weight:", weight.grad.item())
assert weight.grad == 6, "half of 12"

# %%
# Step 3. Follow the gradient through ten layers
# ----------------------------------------------
#
# Build a deep network with sigmoids, and the same with ReLUs. Each has the initial
# weights that suit its activation. The function runs one batch and keeps the gradient
# of each layer's output.


def look(activation, initialize):
    """Return the linear layers, and the norm of the gradient after each activation."""
    torch.manual_seed(0)
    images, labels = torch.randn(256, 64), torch.randint(10, (256,))
    layers = [nn.Linear(64, 64) for _ in range(10)]
    for layer in layers:
        initialize(layer.weight)
    last = nn.Linear(64, 10).to(device)

    outputs = [images.to(device)]
    for layer in layers:
        outputs.append(activation(layer.to(device)(outputs[-1])))
        outputs[-1].retain_grad()
    loss = nn.functional.cross_entropy(last(outputs[-1]), labels.to(device))
    loss.backward()
    return layers, [output.grad.norm().item() for output in outputs[1:]]


sigmoid_layers, sigmoid_norms = look(torch.sigmoid, nn.init.xavier_uniform_)
relu_layers, relu_norms = look(torch.relu, nn.init.kaiming_uniform_)

print("layer  sigmoid     ReLU")
for number in range(10, 0, -1):
    print(f"{number:5}  {sigmoid_norms[number - 1]:.1e}  {relu_norms[number - 1]:.1e}")
assert max(relu_norms) < 10 * min(relu_norms)
assert sigmoid_norms == sorted(sigmoid_norms), "smaller at every layer"
assert sigmoid_norms[0] < 1e-3 * sigmoid_norms[-1]

# %%
# Read it from the top, as the gradient runs. With ReLU the norm stays within a factor
# of ten. With sigmoids it gets smaller at every layer, and what arrives at layer 1 is
# less than a thousandth of what left layer 10. The reason is the slope: a sigmoid is
# nowhere steeper than 1/4, and ``backward`` multiplies by the slope at each layer.

slope_at = torch.linspace(-6, 6, 101, requires_grad=True)
torch.sigmoid(slope_at).sum().backward()
print(f"steepest slope of the sigmoid: {slope_at.grad.max().item():.2f}")
assert abs(slope_at.grad.max() - 0.25) < 1e-6

# %%
# Step 4. Draw a histogram for each layer
# ---------------------------------------
#
# A norm is one number. A histogram shows all gradients of a layer. They span many
# orders of magnitude, so count their logarithms. Zeros have none and are left out.


def logarithms(layer):
    gradient = layer.weight.grad.flatten().abs().cpu()
    return gradient[gradient > 0].log10()


fig, (left, right) = plt.subplots(
    1, 2, figsize=(9, 3.6), sharex=True, sharey=True, layout="constrained"
)
for ax, title, layers in [
    (left, "sigmoid", sigmoid_layers),
    (right, "ReLU", relu_layers),
]:
    for number, color in [(10, "C0"), (5, "C2"), (1, "C1")]:
        values = logarithms(layers[number - 1]).numpy()
        ax.hist(values, bins=40, histtype="step", color=color, label=f"layer {number}")
    ax.set(title=title, xlabel="size of a gradient (power of ten)")
left.set_ylabel("number of weights")
left.legend(loc="upper left")
plt.show()
# sphinx_gallery_alt_block = "Two panels of histograms of the gradients of layers 1, 5 and 10, over their size in powers of ten. With sigmoids the three lie far apart, layer 1 at the smallest sizes. With ReLU the three lie over each other."

# %%
# With ReLU the three layers lie over each other: SGD moves them at a similar pace. With
# sigmoids they lie apart, by orders of magnitude, and SGD has one learning rate for all
# of them. If it suits layer 10, then layer 1 hardly moves.

sigmoid_medians = [logarithms(layer).median().item() for layer in sigmoid_layers]
relu_medians = [logarithms(layer).median().item() for layer in relu_layers]
for name, medians in [("sigmoid", sigmoid_medians), ("ReLU", relu_medians)]:
    shift = medians[-1] - medians[0]
    print(f"{name:8} from layer 1 to layer 10: {shift:+.1f} powers of ten")
assert sigmoid_medians[-1] - sigmoid_medians[0] > 3
assert abs(relu_medians[-1] - relu_medians[0]) < 1

# %%
# What to remember
# ----------------
#
# - ``retain_grad()`` before ``backward`` keeps the gradient of a tensor that is no
#   leaf.
# - A hook sees each gradient on its way, and can replace it. Remove it when you are
#   done.
# - Look at gradients layer by layer and on a logarithmic scale. If they shrink from the
#   last layer to the first, they vanish. ReLU with matching initial weights is the
#   first remedy to try.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_grad_of_a_non_leaf.py`: the warning that you get
#   without ``retain_grad()``.
# - :ref:`sphx_glr_recipes_gradients_clipping_gradients.py`: gradients that explode.
# - `torch.Tensor.register_hook
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.register_hook.html>`__
# - `torch.Tensor.retain_grad
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.retain_grad.html>`__
# - `torch.nn.init <https://docs.pytorch.org/docs/stable/nn.init.html>`__

# sphinx_gallery_position = 8
# sphinx_gallery_tags = ["autograd", "hooks", "retain_grad", "vanishing gradients"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
