"""
Parameters not updating: missing from the optimizer
===================================================

An optimizer updates only the parameters that it was given. Layers in a plain Python
list are not parameters of the model, so use ``nn.ModuleList``. Layers that you add or
replace after you made the optimizer are unknown to it, so make the optimizer last.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#    -self.layers = layers
#    +self.layers = nn.ModuleList(layers)
#
# With the first line, the model has no parameters but those of its head:

import torch
from torch import nn


class Network(nn.Module):
    def __init__(self, layers, plain):
        super().__init__()
        self.layers = layers
        if not plain:
            self.layers = nn.ModuleList(layers)
        self.head = nn.Linear(64, 2)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x).tanh()
        return self.head(x)


for plain in (True, False):
    print([name for name, _ in Network([nn.Linear(2, 64)], plain).named_parameters()])

assert len([*Network([nn.Linear(2, 64)], True).parameters()]) == 2, "list: head only"
assert len([*Network([nn.Linear(2, 64)], False).parameters()]) == 4, "ModuleList: all"

# %%
# Trained, saved, and lost
# ------------------------
#
# Train on two rings of points, one inside the other. Then load the saved parameters
# into a new network, as you would to use it:

import math

torch.manual_seed(0)
angle = 2 * math.pi * torch.rand(400)
labels = torch.arange(400) % 2
points = torch.stack([angle.cos(), angle.sin()], dim=1) * (1 + labels[:, None])
points += 0.1 * torch.randn(400, 2)


def make_network(plain):
    return Network([nn.Linear(2, 64), nn.Linear(64, 64)], plain)


def train(model, optimizer, steps=100):
    """Return the loss of the last step."""
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(points), labels)
        loss.backward()
        optimizer.step()
    return loss.item()


def accuracy(model):
    with torch.inference_mode():
        return (model(points).argmax(dim=1) == labels).float().mean().item()


runs = {}
print("layers          loss   accuracy   after loading")
for plain in (True, False):
    torch.manual_seed(0)
    model = make_network(plain)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    loss = train(model, optimizer)
    loaded = make_network(plain)
    loaded.load_state_dict(model.state_dict())
    runs[plain] = loss, accuracy(model), accuracy(loaded)
    name = "plain list" if plain else "nn.ModuleList"
    print(f"{name:14}{loss:6.3f}{runs[plain][1]:11.1%}{runs[plain][2]:16.1%}")

# %%
# With the plain list, the head makes the best of layers that stay random, so loss and
# accuracy look good. But ``state_dict()`` does not contain these layers. The new
# network draws new ones, ``load_state_dict()`` finds no key missing, and nothing is
# left of the accuracy: guessing gives 50%.
#
# Every method that acts on the whole model leaves out the list: ``requires_grad_()``,
# ``train()``, ``eval()``, ``zero_grad()`` (so their gradients add up) and ``to()``. On
# a GPU, an error about two devices is therefore the first sign.

assert runs[True][1] > 0.9, "with the plain list, more than 90% are right"
assert runs[True][2] < 0.75, "after loading, less than 75%"
assert runs[False][1] > 0.98, "with nn.ModuleList, more than 98% are right"
assert runs[False][2] == runs[False][1], "after loading, as many"
assert runs[True][0] > 5 * runs[False][0], "with the plain list, the loss is higher"
for model in (make_network(plain=True).double().eval().requires_grad_(False),):
    assert model.layers[0].weight.dtype == torch.float, "double() leaves out the list"
    assert model.layers[0].training, "eval() leaves out the list"
    assert model.layers[0].weight.requires_grad, "requires_grad_() leaves out the list"
for model in (make_network(plain=True).to("meta"),):
    assert not model.layers[0].weight.is_meta, "to() leaves out the list"
for model in (make_network(plain=True),):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    loss = train(model, optimizer, steps=1)
    first = model.layers[0].weight.grad.clone()
    loss = train(model, optimizer, steps=1)
    assert torch.allclose(model.layers[0].weight.grad, 2 * first), (
        "zero_grad() leaves out the list, so the same gradient adds up to twice"
    )

# %%
# A head that comes too late
# --------------------------
#
# The same happens to a layer that is replaced after the optimizer was made, as in
# transfer learning. Train with both orders, and see whether the head changes:

late = {}
for optimizer_last in (False, True):
    torch.manual_seed(0)
    model = make_network(plain=False)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    model.head = nn.Linear(64, 2)
    if optimizer_last:
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    before = model.head.weight.clone()
    loss = train(model, optimizer, steps=50)
    late[optimizer_last] = loss, not model.head.weight.equal(before)
    print(
        f"optimizer last: {optimizer_last!s:6} head changed: {late[optimizer_last][1]}"
    )

# %%
# To keep the state of the optimizer, add the new layer to it instead:
# ``optimizer.add_param_group({"params": model.head.parameters()})``.

assert [changed for _, changed in late.values()] == [False, True], (
    "the head changes only if the optimizer is made last"
)
assert max(loss for loss, _ in late.values()) < 0.5, "the loss falls in both orders"

# %%
# What PyTorch rejects
# --------------------
#
# These mistakes are found when you make the optimizer, or add to it:

used_up = model.parameters()
optimizer = torch.optim.SGD(used_up, lr=0.1)
attempts = {
    "a generator that was used up": used_up,
    "a tensor that was computed": [torch.randn(2, requires_grad=True) * 0.1],
    "one parameter": model.head.weight,
    "a list of modules": [model.head],
}
rejected = []
for name, parameters in attempts.items():
    try:
        torch.optim.SGD(parameters, lr=0.1)
    except (ValueError, TypeError) as error:
        print(f"{name}:\n{type(error).__name__}: {error}\n")
        rejected.append(name)
try:
    optimizer.add_param_group({"params": model.head.parameters()})
except ValueError as error:
    print(f"a parameter that it has:\n{type(error).__name__}: {error}")

# %%
# - *empty parameter list*: all layers are in plain lists, or ``model.parameters()`` was
#   stored in a variable and read before. Write ``list(model.parameters())``.
# - *non-leaf*: call ``requires_grad_()`` last, after all operations and ``.to(…)``. See
#   :ref:`sphx_glr_recipes_pitfalls_grad_of_a_non_leaf.py`.
# - *iterable of Tensors*: put the parameter into a list.
# - *one of the params is*: pass ``model.head.parameters()``, and join several with
#   ``[*a, *b]``.
# - *more than one parameter group*: the optimizer has it already.

assert len(rejected) == 4, "all four are rejected"

# %%
# Why it happens
# --------------
#
# ``nn.Module`` registers a module or a parameter when you assign it to an attribute. It
# does not look into lists, tuples or dictionaries. ``parameters()`` then lists what is
# registered *now*, and the optimizer keeps these tensors. What you register later gets
# gradients, but ``step()`` skips it.

# %%
# In your own code
# ----------------
#
# Whatever the model or the optimizer leaves out is still in the graph of the loss: the
# leaves of the graph are the tensors that ``backward()`` reaches. So list the leaves
# that the optimizer does not hold:


def left_out(model, optimizer, loss):
    held = {id(each) for group in optimizer.param_groups for each in group["params"]}
    names = {id(each): name for name, each in model.named_parameters()}
    nodes = [loss.grad_fn]
    for node in nodes:
        nodes += {each for each, _ in node.next_functions if each} - set(nodes)
    leaves = [node.variable for node in nodes if hasattr(node, "variable")]
    return sorted(names.get(id(x), str(x.shape)) for x in leaves if id(x) not in held)


model = make_network(plain=True)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
print("plain list:", left_out(model, optimizer, model(points).sum()))

# %%
# A shape instead of a name means that the model does not know the tensor either. Frozen
# parameters are not in the list, since they get no gradient, nor are those in a
# re-entrant checkpoint. Which calls replace parameters, so that an optimizer made
# before holds the old ones?

from torch.nn.utils.parametrizations import weight_norm

saved = make_network(plain=False).state_dict()
calls = {
    "to(…), double()": lambda m: m.double().float(),
    "load_state_dict(…)": lambda m: m.load_state_dict(saved),
    "load_state_dict(…, assign=True)": lambda m: m.load_state_dict(saved, assign=True),
    "model.head = …": lambda m: setattr(m, "head", nn.Linear(64, 2)),
    "weight_norm(model.head)": lambda m: weight_norm(m.head),
}
counts = {}
for name, call in calls.items():
    model = make_network(plain=False)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    call(model)
    counts[name] = len(left_out(model, optimizer, model(points).sum()))
    print(f"{name:33}{counts[name]} of {len(list(model.parameters()))} left out")

# %%
# ``copy.deepcopy(model)`` makes new parameters, too. And if you gave the optimizer only
# those with ``requires_grad``, add the others when you unfreeze them.

assert list(counts.values()) == [0, 0, 6, 2, 2], (
    "assign=True replaces all parameters, a new head or weight_norm two, others none"
)

# %%
# Try it
# ------
#
# ``self.scale = torch.ones(1, requires_grad=True)`` in ``__init__``: is ``scale`` a
# parameter of the model? What does ``left_out`` print?
#
# **Solution**

model = make_network(plain=False)
model.scale = torch.ones(1, requires_grad=True)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
tensor = left_out(model, optimizer, (model.scale * model(points)).sum())
model.scale = nn.Parameter(torch.ones(1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
parameter = left_out(model, optimizer, (model.scale * model(points)).sum())
print(tensor, parameter)

assert tensor == ["torch.Size([1])"], "a tensor is not a parameter of the model"
assert not parameter, "an nn.Parameter is"

# %%
# It is not: a tensor is registered only as an ``nn.Parameter``.

# %%
# Remember
# --------
#
# - Keep layers in ``nn.ModuleList``, ``nn.ModuleDict`` or ``nn.Sequential``.
# - Make the optimizer last, when the model is complete.
# - A falling loss proves nothing. Check the graph for tensors that no step updates.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_detach_in_the_wrong_place.py`: parameters that get
#   no gradient.
# - :ref:`sphx_glr_recipes_training_defining_a_neural_network.py`
# - :ref:`sphx_glr_recipes_training_saving_and_loading_across_devices.py`
# - `torch.nn.ModuleList
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html>`__
# - `torch.optim.Optimizer.add_param_group
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.add_param_group.html>`__

# %%
# Sources
# -------
#
# - `pytorch #715 <https://github.com/pytorch/pytorch/issues/715>`__: layers in a list,
#   and no parameters.
# - `pytorch #1053 <https://github.com/pytorch/pytorch/issues/1053>`__: after
#   ``cuda()``, layers in a list are still on the CPU.
# - `pytorch #140469 <https://github.com/pytorch/pytorch/issues/140469>`__: a tensor
#   times 0.01 is not a leaf.
# - `AdasOptimizer #2 <https://github.com/YanaiEliyahu/AdasOptimizer/issues/2>`__: a
#   generator that was used up.

# sphinx_gallery_position = 2
# sphinx_gallery_tags = ["optimizer", "nn.Module", "parameters", "state_dict", "Adam"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "model", "effect": "wrong result", "group": "not learned", "symptom": "Some layers keep their initial weights, and a saved model is as good as random after loading."}
