"""
Inference tensors cannot be saved for backward
==============================================

This error means that training uses a tensor that was computed under
``torch.inference_mode()``. Compute it under ``torch.no_grad()`` instead. If you cannot
change that code, use a ``clone()`` that you make outside inference mode. ``detach()``
does not help.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#    -with torch.inference_mode():
#    +with torch.no_grad():
#         features = encoder(images)
#     scores = head(features)
#
# A frozen encoder computes features, and a head is trained on them:

import torch
from torch import nn

encoder, head, images = nn.Linear(4, 8), nn.Linear(8, 3), torch.randn(16, 4)
try:
    with torch.inference_mode():
        features = encoder(images)
    scores = head(features)
except RuntimeError as error:
    print(f"{type(error).__name__}: {error}\n")
with torch.no_grad():
    features = encoder(images)
scores = head(features)
print("under no_grad, the scores require a gradient:", scores.requires_grad)

assert scores.requires_grad, "under no_grad(), the head can be trained on the features"

# %%
# Where it fails, and where it does not
# -------------------------------------
#
# The error comes from the first operation that has to save the tensor for its own
# derivative, so the line in the traceback is not the one to change:

with torch.inference_mode():
    features, tokens = encoder(images), torch.tensor([0, 2, 1])
weight, table = nn.Parameter(torch.ones(8)), nn.Embedding(3, 4)
uses = {
    "features + weight": lambda: features + weight,
    "torch.cat": lambda: torch.cat([features.flatten(), weight]),
    "features * weight": lambda: features * weight,
    "nn.Linear(features)": lambda: head(features),
    "nn.Embedding(tokens)": lambda: table(tokens),
    "cross_entropy(…, tokens)": lambda: nn.functional.cross_entropy(
        head.weight, tokens
    ),
    "nn.Linear, frozen": lambda: nn.Linear(8, 3).requires_grad_(False)(features),
}
fails = {}
for name, use in uses.items():
    try:
        use()
        fails[name] = False
    except RuntimeError:
        fails[name] = True
    print(f"{name:26}{'error' if fails[name] else 'works'}")

# %%
# The derivative of a sum needs no values, but that of a product does. The frozen layer
# saves nothing, because neither its input nor its weights require a gradient. Token
# numbers and labels are saved, too, because they say where the gradient goes. So data
# that a model generated under inference mode raise the error as soon as you train on
# them.

assert list(fails.values()) == [False, False, True, True, True, True, False], (
    "sums and frozen layers work; what saves features, tokens or labels fails"
)

# %%
# A cache that evaluation filled
# ------------------------------
#
# The tensor can be one that you never see: many modules compute a table at the first
# call, for example of positions, and keep it.


class Positions(nn.Module):
    table = None

    def forward(self, x):
        if self.table is None:
            self.table = torch.linspace(0, 1, x.shape[1])
        return x * self.table


def evaluate(model):
    with torch.inference_mode():
        model(images)


def train(model):
    model(images).sum().backward()


orders = {}
for order in ((evaluate, train), (train, evaluate)):
    model = nn.Sequential(nn.Linear(4, 4), Positions())
    name = ", then ".join(step.__name__ for step in order)
    try:
        for step in order:
            step(model)
        orders[name] = "no error"
    except RuntimeError as error:
        orders[name] = str(error).partition(".")[0]
    print(f"{name}: {orders[name]}")

# %%
# Compute such a table in ``__init__`` and keep it with ``register_buffer``, or fill the
# cache under ``torch.inference_mode(False)``. In someone else's module, evaluate
# under ``no_grad()``.

assert orders["evaluate, then train"].startswith("Inference tensors cannot be saved"), (
    "if evaluation fills the cache, training fails"
)
assert orders["train, then evaluate"] == "no error", "in the other order, it does not"

# %%
# What else is not allowed
# ------------------------
#
# Outside the block, you cannot change such a tensor in place, make it require a
# gradient, or read its version counter. Nor can you change a view, made inside, of a
# tensor that requires grad:

with torch.inference_mode():
    total, view = torch.ones(3).sum(), scores[0]
    created_inside = nn.Linear(4, 3)

attempts = (
    lambda: total.div_(3),  # as total /= 3 does
    lambda: total.requires_grad_(True),
    lambda: total._version,
    lambda: view.add_(1),
)
messages = []
for attempt in attempts:
    try:
        attempt()
    except RuntimeError as error:
        messages.append(str(error))
        print(f"{type(error).__name__}: {error}\n")

# %%
# The first one also comes from ``optimizer.step()``, if the *parameters* were created
# under inference mode. So create, load and move models outside it.

created_inside(images).sum().backward()
optimizer = torch.optim.SGD(created_inside.parameters(), lr=0.1)
try:
    optimizer.step()
except RuntimeError as error:
    print("step() raises the first of these errors:", str(error) == messages[0])
    messages.append(str(error))

assert len(messages) == 5, "all five are refused"
assert messages[4] == messages[0], "step() raises the same error as total /= 3"

# %%
# Why it happens
# --------------
#
# A normal tensor counts how often it is changed in place, so ``backward()`` notices if
# it was changed after it had been saved. Inference mode is faster because it leaves out
# this counter and the tracking of views. Without the counter, a gradient could be wrong
# unnoticed, so autograd refuses to save the tensor.

# %%
# In your own code
# ----------------
#
# ``x.is_inference()`` tells you whether ``x`` is an inference tensor. This function
# finds those among a model's parameters, buffers and cached tensors, but not in a list
# or dictionary:


def inference_tensors(model):
    found = []
    for name, module in model.named_modules():
        own = {**vars(module), **dict(module.named_buffers(recurse=False))}
        own |= dict(module.named_parameters(recurse=False))
        tensors = {key: x for key, x in own.items() if isinstance(x, torch.Tensor)}
        found += [f"{name}.{key}" for key, x in tensors.items() if x.is_inference()]
    return found


model = nn.Sequential(nn.Linear(4, 4), Positions())
evaluate(model)
print(inference_tensors(model))

# %%
# Here is what some calls return (``images`` was made outside inference mode):

x = features
with torch.inference_mode():
    clone, view, same = x.clone(), images[:1], nn.Identity()(images)
copies = {
    "clone()": x.clone(),
    "x * 1": x * 1,
    "to(torch.double)": x.to(torch.double),
    "detach()": x.detach(),
    "to(torch.float)": x.to(torch.float),
    "contiguous()": x.contiguous(),
    "clone() inside": clone,
    "view inside": view,
    "same tensor inside": same,
}
for name, copy in copies.items():
    print(f"{name:20}{'inference tensor' if copy.is_inference() else 'normal tensor'}")

# %%
# To get a normal tensor, copy the values to new memory outside inference mode.
# ``to(…)`` copies only if the type or the device changes. Even inside, a view of a
# normal tensor is normal, and so is an input that a layer returns as it is.

assert inference_tensors(model) == ["1.table"], "the check finds the cache"
for name, copy in copies.items():
    assert copy.is_inference() == (
        name in ("detach()", "to(torch.float)", "contiguous()", "clone() inside")
    ), "detach(), contiguous(), to() the same type and a clone inside stay inference"

# %%
# Try it
# ------
#
# The function below is not yours to change. Train ``head`` on what it returns.


@torch.inference_mode()
def extract(images):
    return encoder(images)


# %%
# **Solution**

features = extract(images).clone()
head(features).sum().backward()
print("the gradient of head:", tuple(head.weight.grad.shape))

assert not features.is_inference(), "a clone made outside is a normal tensor"

# %%
# One ``clone()`` where the tensor leaves the function is enough. It costs one copy.

# %%
# Remember
# --------
#
# - ``inference_mode()`` is for results that no training step uses. For all others, use
#   ``no_grad()``.
# - The traceback shows the line that uses the tensor. Look for the line that made it.
# - ``clone()`` outside inference mode gives a normal tensor. ``detach()`` does not.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_stopping_gradient_tracking.py`: which of the modes
#   to use when.
# - :ref:`sphx_glr_recipes_pitfalls_in_place_on_a_needed_tensor.py`: what the counter of
#   changes is for.
# - `torch.inference_mode
#   <https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad_mode.inference_mode.html>`__
# - `Inference mode
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html#inference-mode>`__

# %%
# Sources
# -------
#
# - `flash-attention #299 <https://github.com/Dao-AILab/flash-attention/pull/299>`__: a
#   table of rotary positions that evaluation had filled.
# - `minimind #754 <https://github.com/jingyaogong/minimind/issues/754>`__: training on
#   tokens that were generated under inference mode.
# - `dinov2 #472 <https://github.com/facebookresearch/dinov2/issues/472>`__: a model
#   that could be trained once a decorator was removed from its code.
# - `pytorch-deep-learning #397
#   <https://github.com/mrdbourke/pytorch-deep-learning/issues/397>`__: ``test_loss /=``
#   outside the block.

# sphinx_gallery_position = 25
# sphinx_gallery_tags = ["inference_mode", "no_grad", "detach", "autograd"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "training", "effect": "error-prone", "group": "error", "symptom": "RuntimeError: Inference tensors cannot be saved for backward."}
