"""
Going backward twice
====================

The second ``backward()`` through the same graph raises an error, and its text proposes
``retain_graph=True``. That is seldom the answer: most often a tensor has been carried
from one step to the next that should have been cut off.

What it looks like
------------------

The first step of the training works. The second stops with "Trying to backward through
the graph a second time". With ``retain_graph=True``, another error takes its place, or
each step is slower than the one before.

- Type: API-specific
- Stage: training
- Effect: error-prone

What you will learn
-------------------

- Why a graph can be walked backward once only.
- Why ``retain_graph=True`` is the wrong answer for a state carried from step to step.
- Which answer is right for two losses, for a state, and for a tensor made too early.

What you need
-------------

- ``torch`` and ``matplotlib``.
- No data set: the recipe makes its own series.
- About 5 seconds on two CPU cores, nearly all of them to load PyTorch.
"""

# %%
# The setting
# -----------
#
# In the forward pass, autograd keeps what ``backward()`` will need: for ``weight**2``
# the value of ``weight``. ``backward()`` uses it and throws it away at once, because
# memory is scarce and a training has no more use for it. Go back a second time, and it
# is gone:

import textwrap

import matplotlib.pyplot as plt
import torch
from torch import nn

device = torch.device("cpu")
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()

weight = torch.tensor(2.0, requires_grad=True)
loss = weight**2
loss.backward()
message = ""
try:
    loss.backward()
except RuntimeError as error:
    message = str(error)
print(textwrap.fill(message, width=80))

assert message.startswith("Trying to backward through the graph a second time")

loss = weight + 1  # an addition keeps nothing
loss.backward()
loss.backward()

# %%
# Only a graph that keeps nothing, such as that of the addition, can be walked again.
# The graph of a network always keeps something.
#
# Nobody writes these lines one after the other. In real code the second ``backward()``
# is hidden. Here is a place where it often hides: a recurrent network reads a long
# series piece by piece, and takes its state along from one piece to the next.

torch.manual_seed(0)
time = torch.arange(801)
series = torch.sin(0.2 * time) + 0.1 * torch.randn(801)
series = series.reshape(1, -1, 1).to(device)
pieces = list(zip(series[:, :-1].split(20, 1), series[:, 1:].split(20, 1), strict=True))


class Forecaster(nn.Module):
    """Read some values of a series, predict the value after each of them."""

    def __init__(self):
        super().__init__()
        self.recurrent = nn.RNN(1, 16, batch_first=True)
        self.prediction = nn.Linear(16, 1)

    def forward(self, values, state):
        features, state = self.recurrent(values, state)
        return self.prediction(features), state


def make_model():
    torch.manual_seed(0)
    model = Forecaster().to(device)
    return model, torch.optim.SGD(model.parameters(), lr=0.05)


# %%
# The mistake
# -----------
#
# The state goes into the next piece as it is.


def train(model, optimizer, losses, retain_graph=False):
    state = None
    for values, next_values in pieces:
        optimizer.zero_grad()
        predictions, state = model(values, state)
        loss = nn.functional.mse_loss(predictions, next_values)
        loss.backward(retain_graph=retain_graph)
        optimizer.step()
        losses.append(loss.item())


losses = []
try:
    train(*make_model(), losses)
except RuntimeError as error:
    message = str(error)
print("pieces read:", len(losses))
print(message.split(" (")[0])

assert len(losses) == 1, "the first step works, the second does not"
assert message.startswith("Trying to backward through the graph a second time")

# %%
# The state is a tensor with a graph behind it, that of the first piece. The second loss
# depends on it. So the second ``backward()`` goes through the second piece and on into
# the first, where nothing is left.
#
# Now do what the message says:

losses = []
try:
    train(*make_model(), losses, retain_graph=True)
except RuntimeError as error:
    message = str(error)
print("pieces read:", len(losses))
print(textwrap.fill(message.split(" Hint:")[0], width=80))

assert len(losses) == 1 and "modified by an inplace operation" in message

# %%
# The error is another one, at the same place. What was kept from the first piece is
# there now, but ``optimizer.step()`` has changed the weights in place since. Gradients
# of the first piece cannot be computed with the weights of the second, and autograd
# refuses to.

# %%
# The repair
# ----------
#
# Cut the state off. ``detach()`` keeps its values and drops the graph behind them:
#
# .. code-block:: diff
#
#     def train(model, optimizer, losses, retain_graph=False):
#         state = None
#         for values, next_values in pieces:
#             optimizer.zero_grad()
#             predictions, state = model(values, state)
#    +        state = state.detach()
#             loss = nn.functional.mse_loss(predictions, next_values)
#             loss.backward(retain_graph=retain_graph)
#             optimizer.step()
#             losses.append(loss.item())
#
# Here is the repaired function.


def train(model, optimizer, losses, retain_graph=False):
    state = None
    for values, next_values in pieces:
        optimizer.zero_grad()
        predictions, state = model(values, state)
        state = state.detach()
        loss = nn.functional.mse_loss(predictions, next_values)
        loss.backward(retain_graph=retain_graph)
        optimizer.step()
        losses.append(loss.item())


losses = []
train(*make_model(), losses)
print("pieces read:", len(losses))
print(f"mean loss of the first five: {sum(losses[:5]) / 5:.3f}")
print(f"mean loss of the last five:  {sum(losses[-5:]) / 5:.3f}")

assert len(losses) == 40
assert sum(losses[-5:]) < 0.5 * sum(losses[:5]), "the loss more than halves"

# %%
# All 40 pieces are read, and the loss more than halves. The network still knows the
# state that it was in. It only cannot learn across the border between two pieces. That
# is the usual way to train on long series, and has a name: truncated backpropagation
# through time.

# %%
# Side by side
# ------------
#
# Suppose that the weights stood still, so that ``retain_graph=True`` raised no error.
# It would be the wrong answer even then. Count the nodes of the graph that
# ``backward()`` has to walk through.


def count_nodes(tensor):
    found, to_visit = set(), [tensor.grad_fn]
    while to_visit:
        node = to_visit.pop()
        if node is not None and node not in found:
            found.add(node)
            to_visit += [before for before, _ in node.next_functions]
    return len(found)


def nodes_by_piece(detach):
    model, _ = make_model()
    state, nodes = None, []
    for values, next_values in pieces:
        predictions, state = model(values, state)
        if detach:
            state = state.detach()
        loss = nn.functional.mse_loss(predictions, next_values)
        loss.backward(retain_graph=not detach)
        nodes.append(count_nodes(loss))
    return nodes


retained = nodes_by_piece(detach=False)
detached = nodes_by_piece(detach=True)
print("piece   retain_graph=True   detach()")
for i in (0, 1, 2, 19, 39):
    print(f"{i + 1:5d}{retained[i]:20d}{detached[i]:11d}")

assert (torch.tensor(retained).diff() > 0).all(), "each piece adds to the graph"
assert max(detached) == detached[0], "nothing grows"
assert retained[39] > 10 * detached[39]

# %%
# And as a picture, with the losses of the repaired training beside it.

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
numbers = range(1, 41)
left.plot(numbers, retained, "C1", label="retain_graph=True")
left.plot(numbers, detached, "C0--", label="detach()")
left.set(xlabel="piece of the series", ylabel="nodes that backward() visits")
left.legend()
right.plot(numbers, losses, "C0")
right.set(xlabel="piece of the series", ylabel="mean squared error")
plt.show()
# sphinx_gallery_alt_block = "Two panels over the 40 pieces of the series. Left, the nodes that backward visits: with retain_graph=True they climb in a straight line, with detach they stay level. Right, the loss of the repaired training: it falls."

# %%
# With ``retain_graph=True``, every ``backward()`` goes through the whole past, and all
# of the past stays in memory. At the end that is more than ten times the work of one
# piece, and a longer series would make it more.

# %%
# How to notice it
# ----------------
#
# The first step works and the second fails: so look for a tensor that is older than the
# step. Three places are worth a look.
#
# - *A state carried along*, as above. Detach it.
# - *A tensor made before the loop*, such as a penalty computed from the weights.
#   Compute it inside the loop. It would be out of date anyway.
# - *Two losses that share a part of the network*. Add them, and go back once.
#
# Here is the third:

body, first_head, second_head = nn.Linear(4, 4), nn.Linear(4, 1), nn.Linear(4, 1)
inputs = torch.randn(8, 4)


def two_losses():
    body.zero_grad()
    features = torch.tanh(body(inputs))
    return first_head(features).square().mean(), second_head(features).square().mean()


first_loss, second_loss = two_losses()
first_loss.backward()
message = ""
try:
    second_loss.backward()
except RuntimeError as error:
    message = str(error)
print("two calls:        ", message.split(" (")[0])
assert message.startswith("Trying to backward through the graph a second time")

first_loss, second_loss = two_losses()
(first_loss + second_loss).backward()
added = body.weight.grad
print(f"one sum, one call: norm of the gradient {added.norm().item():.4f}")

first_loss, second_loss = two_losses()
first_loss.backward(retain_graph=True)
second_loss.backward()  # the last call lets go of the graph
print(f"retain_graph=True: norm of the gradient {body.weight.grad.norm().item():.4f}")
assert torch.allclose(added, body.weight.grad)

# %%
# Gradients add up, so the last two give the same. One call is cheaper: it goes through
# the shared part once.
#
# ``retain_graph=True`` is right where you want the gradients of *one* forward pass
# apart, for example to compare how strongly each of two losses pulls. Set it in every
# call but the last, which then lets go of the graph.

# %%
# Sources
# -------
#
# - `torch.Tensor.backward
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html>`__ says
#   of ``retain_graph`` that it is hardly ever needed and that there is mostly a much
#   more efficient way.
# - `Autograd mechanics
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html#saved-tensors>`__, in
#   PyTorch's notes, describes what is kept for ``backward()``.

# %%
# What to remember
# ----------------
#
# - ``backward()`` uses up what the graph has kept. One graph, one ``backward()``.
# - A tensor carried into the next step brings its graph along. Cut it with
#   ``detach()``.
# - Losses of one forward pass are added first. ``retain_graph=True`` is for gradients
#   that you want apart.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_in_place_on_a_needed_tensor.py`: the other error of
#   this page, read line by line.
# - :ref:`sphx_glr_recipes_pitfalls_running_loss_keeps_the_graph.py`: a graph that grows
#   without any error.
# - `torch.Tensor.detach
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.detach.html>`__

# sphinx_gallery_position = 7
# sphinx_gallery_tags = ["retain_graph", "detach", "autograd", "training loop"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "training", "effect": "error-prone", "symptom": "The second step fails: Trying to backward through the graph a second time."}
