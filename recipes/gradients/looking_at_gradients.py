"""
Printing the gradients of each layer
====================================

After ``backward()``, loop over ``model.named_parameters()`` and print the norm (size)
of each ``.grad``. Also print how far ``step()`` moved each weight, relative to its
size: a ratio far below 1e-3 means that the layer learns slowly or has finished.
"""

# %%
# In short
# --------
#
# A small network (``0`` and ``2`` are its linear layers), after one ``backward()``:

import matplotlib.pyplot as plt
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
inputs = torch.randn(64, 8)
targets = inputs[:, :1] * inputs[:, 1:2]
nn.functional.mse_loss(model(inputs), targets).backward()

norms = {}
for name, parameter in model.named_parameters():
    if parameter.grad is None:  # it took no part in the loss
        print(f"{name:9} no gradient")
    else:
        norms[name] = parameter.grad.norm().item()
        print(f"{name:9} norm of the gradient: {norms[name]:.4f}")

assert min(norms.values()) > 0, "each parameter has a gradient"

# %%
# How far a step moves each weight
# --------------------------------
#
# The norm of a gradient alone does not say how much a layer changes, because that also
# depends on the optimizer and on the size of the weights. So compare the weights before
# and after a step, with three optimizers:


def step_ratios(model, optimizer):
    """Take a step; return how far each weight moved, relative to its size."""
    before = {name: each.detach().clone() for name, each in model.named_parameters()}
    optimizer.step()
    return {
        name: ((each - before[name]).norm() / before[name].norm()).item()
        for name, each in model.named_parameters()
        if each.dim() > 1
    }


optimizers = {
    "SGD, lr 0.01": lambda: torch.optim.SGD(model.parameters(), lr=0.01),
    "SGD, lr 0.00001": lambda: torch.optim.SGD(model.parameters(), lr=0.00001),
    "Adam, lr 0.001": lambda: torch.optim.Adam(model.parameters(), lr=0.001),
}
ratios = {}
for name, make_optimizer in optimizers.items():
    ratios[name] = step_ratios(model, make_optimizer())
    print(f"{name:16}", {each: f"{ratio:.1e}" for each, ratio in ratios[name].items()})

# %%
# A rule of thumb from Stanford's `CS231n
# <https://cs231n.github.io/neural-networks-3/>`__ is a ratio of about 1e-3. A ratio far
# below it, as in the second line, means that the layer learns very slowly, or that
# training has converged. Far above it, training may become unstable. A good ratio
# proves nothing: noise, weight decay and Adam's scaling move weights, too. With Adam,
# the first ratios say little, because each number moves by about the learning rate,
# whatever its gradient. Biases are left out, because they can be close to zero.

assert max(ratios["SGD, lr 0.00001"].values()) < 1e-4, "SGD at lr 0.00001 moves less"
assert min(ratios["Adam, lr 0.001"].values()) > 1e-3, "Adam at lr 0.001 moves more"

# %%
# Gradients that vanish
# ---------------------
#
# Now compare networks of ten 64-unit layers with different activations, initial weights
# and normalization.


def weight_norms(make_activation, initialize=None, normalize=nn.Identity):
    """Return the norm of the gradient of each weight, from the first layer on."""
    torch.manual_seed(0)
    layers = []
    for _ in range(10):
        layers += [nn.Linear(64, 64), normalize(64), make_activation()]
        if initialize:
            initialize(layers[-3].weight)
    network = nn.Sequential(*layers, nn.Linear(64, 10))
    loss = nn.functional.cross_entropy(
        network(torch.randn(256, 64)), torch.randint(10, (256,))
    )
    loss.backward()
    return [layer.weight.grad.norm().item() for layer in layers[::3]]


networks = {
    "sigmoid": weight_norms(nn.Sigmoid),
    "ReLU": weight_norms(nn.ReLU),
    "ReLU, Kaiming": weight_norms(nn.ReLU, nn.init.kaiming_uniform_),
    "sigmoid, batch norm": weight_norms(nn.Sigmoid, normalize=nn.BatchNorm1d),
}
share = {name: norms[0] / norms[-1] for name, norms in networks.items()}

fig, ax = plt.subplots(layout="constrained")
for color, (name, norms) in zip("1023", networks.items(), strict=True):
    ax.semilogy(range(1, 11), norms, f"C{color}o-", label=name)
ax.set(xlabel="layer", ylabel="norm of the gradient (log scale)")
fig.legend(loc="outside upper center", ncols=2)
plt.show()
# sphinx_gallery_alt_block = "Norm of the gradient for each of ten layers, on a logarithmic scale, in four curves. With sigmoids it falls by many powers of ten from the last layer to the first, with ReLU by fewer. With Kaiming initialization or batch norm, all layers are at a similar height."

# %%
# Read it from right to left, as ``backward()`` goes. With sigmoids, hardly anything
# reaches the first layer. ReLU alone is not the cure: with the default initial weights
# of ``nn.Linear``, its gradients shrink, too. Kaiming initialization is designed for
# ReLU, and batch norm repairs even the sigmoids.

assert share["sigmoid"] < 1e-5, "with sigmoids, less than 1e-5 reaches the first layer"
assert 1e-4 < share["ReLU"] < 0.05, "with ReLU, less than a twentieth reaches it"
assert 0.1 < share["ReLU, Kaiming"] < 10, (
    "with Kaiming, the first and last norms are similar"
)
assert 0.1 < share["sigmoid, batch norm"] < 10, "with batch norm, these are similar"

# %%
# Gradients in the middle of a network
# ------------------------------------
#
# PyTorch keeps gradients of leaf tensors only, such as parameters. For the output of a
# layer, call ``retain_grad()`` before ``backward()``, or register a hook, a function
# that sees the gradient as it passes. A hook that returns a tensor replaces the
# gradient.

weight = torch.tensor(2.0, requires_grad=True)
hidden = weight**2
hidden.retain_grad()
seen = []
handle = hidden.register_hook(lambda gradient: seen.append(gradient.item()))
for _ in range(2):
    (3 * hidden).backward(retain_graph=True)
    print(f"hidden: hook saw {seen[-1]}, .grad holds {hidden.grad.item()}")
handle.remove()
print("weight: .grad holds", weight.grad.item())

# %%
# The hook sees the gradient of each ``backward()`` before it is added to ``.grad``.
# Remove the hook when you are done.

assert seen == [3, 3], "the hook sees each gradient on its own"
assert hidden.grad == 6, "in .grad, retained gradients add up"
assert weight.grad == 24, "the gradients of the weight add up, too"

# %%
# Why it happens
# --------------
#
# By the chain rule, ``backward()`` multiplies at each layer by the slope of the
# activation and by the weights. The slope of a sigmoid is 1/4 at most, so a gradient
# shrinks unless the weights make up for it. With ReLU the slope is 1 or 0, and the
# weights decide.

x = torch.linspace(-6, 6, 101, requires_grad=True)
torch.sigmoid(x).sum().backward()
print(f"steepest slope: {x.grad.max():.2f}")

assert abs(x.grad.max() - 0.25) < 1e-6, "the slope of a sigmoid is 1/4 at most"

# %%
# In your own code
# ----------------
#
# Call this right after ``backward()``, every few hundred steps, since each ``item()``
# waits for the GPU:


def print_gradients(model):
    """Print the norm of each gradient, and that of its parameter."""
    for name, parameter in model.named_parameters():
        if parameter.grad is None:
            print(f"{name:20} no gradient")
        else:
            norm, size = parameter.grad.norm().item(), parameter.norm().item()
            print(f"{name:20} gradient {norm:.1e}  weight {size:.1e}")


print_gradients(model)

# %%
# With plain SGD, the ratio of the step is the learning rate times gradient over weight.
# With momentum or Adam it is not, so measure it as above.

gradient, weight = model[0].weight.grad.norm(), model[0].weight.norm()
print(f"{0.01 * gradient / weight:.1e}")

assert torch.isclose(
    torch.tensor(ratios["SGD, lr 0.01"]["0.weight"]),
    0.01 * gradient / weight,
    rtol=0.05,
), "with plain SGD, the ratio is lr times gradient over weight"

# %%
# Try it
# ------
#
# Halve the gradient that flows through ``hidden``, without changing the loss.
#
# **Solution**

weight = torch.tensor(2.0, requires_grad=True)
hidden = weight**2
hidden.register_hook(lambda gradient: gradient / 2)
(3 * hidden).backward()
print("gradient of weight:", weight.grad.item())

assert weight.grad == 6, "the hook halves the gradient of the weight, which was 12"

# %%
# Remember
# --------
#
# - Print the norm of every ``.grad`` by name, and check for ``None``.
# - A layer whose weights hardly move in a step learns slowly, if at all. That they move
#   proves nothing.
# - If norms shrink from the last layer to the first, look at the activation, the
#   initial weights and normalization.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_clipping_gradients.py`: gradients that explode.
# - :ref:`sphx_glr_recipes_pitfalls_grad_of_a_non_leaf.py`
# - `torch.Tensor.register_hook
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.register_hook.html>`__
# - `torch.nn.init <https://docs.pytorch.org/docs/stable/nn.init.html>`__

# sphinx_gallery_position = 8
# sphinx_gallery_tags = ["autograd", "hooks", "retain_grad", "vanishing gradients"]
# sphinx_gallery_cost = "4 s"
# sphinx_gallery_needs = []
