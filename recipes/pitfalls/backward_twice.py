"""
Trying to backward through the graph a second time
==================================================

``backward()`` has reached a part of the graph that an earlier ``backward()`` used up.
Detach a state that you carry over from the last step. Compute inside the loop what you
computed before it. Add two losses of one forward pass. ``retain_graph=True`` is rarely
the fix.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#     for piece in pieces:
#         output, state = rnn(piece, state)
#    +    state = state.detach()
#         output.sum().backward()
#
# Here ``state`` is what a recurrent network remembers from one piece of a series to the
# next:

import torch

rnn = torch.nn.RNN(input_size=1, hidden_size=4)
messages = {False: "no error", True: "no error"}
for detach in (False, True):
    state = None
    try:
        for piece in torch.randn(2, 5, 1):
            output, state = rnn(piece, state)
            if detach:
                state = state.detach()
            output.sum().backward()
    except RuntimeError as error:
        messages[detach] = f"{type(error).__name__}: {error}"
    print(f"detach={detach}:\n{messages[detach]}")

assert "graph a second time" in messages[False], "without detach(), the error comes"
assert messages[True] == "no error", "with detach(), both pieces are read"

# %%
# Why ``retain_graph=True`` does not help
# ---------------------------------------
#
# Now train on a noisy sine wave, cut into 40 pieces: first with ``retain_graph=True``,
# as the message suggests, then with ``detach()``.

from torch import nn

torch.manual_seed(0)
series = torch.sin(0.2 * torch.arange(801)) + 0.1 * torch.randn(801)
series = series.reshape(-1, 1)
pieces = list(zip(series[:-1].split(20), series[1:].split(20), strict=True))


def train(detach=False, retain_graph=False):
    """Return the loss of each piece, and the error that ended the run."""
    torch.manual_seed(0)
    rnn = nn.RNN(1, 16)
    head = nn.Linear(16, 1)
    parameters = [*rnn.parameters(), *head.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=0.05)
    state = None
    losses = []
    for values, next_values in pieces:
        output, state = rnn(values, state)
        if detach:
            state = state.detach()
        loss = nn.functional.mse_loss(head(output), next_values)
        optimizer.zero_grad()
        try:
            loss.backward(retain_graph=retain_graph)
        except RuntimeError as error:
            return losses, f"{type(error).__name__}: {error}"
        optimizer.step()
        losses.append(loss.item())
    return losses, "no error"


runs = {
    "retain_graph=True": train(retain_graph=True),
    "detach()": train(detach=True),
}
for name, (losses, message) in runs.items():
    print(f"{name}: {len(losses)} of {len(pieces)} pieces learned")
    print(message)

# %%
# With ``retain_graph=True``, the second piece fails too, with a different error. What
# was saved for the first piece is still there, but ``optimizer.step()`` has since
# changed the weights in place, so the gradients of the first piece would be wrong.
#
# Of the two, only ``detach()`` works. The network still receives the values of the old
# state, but no gradient crosses the border between two pieces. This is the usual way to
# train on long series: truncated backpropagation through time.

losses = runs["detach()"][0]
print(f"mean loss of the first five pieces: {sum(losses[:5]) / 5:.3f}")
print(f"mean loss of the last five pieces:  {sum(losses[-5:]) / 5:.3f}")

assert [len(losses) for losses, _ in runs.values()] == [1, 40], (
    "retain_graph=True fails at the second piece, detach() learns all 40"
)
assert "inplace" in runs["retain_graph=True"][1], (
    "with retain_graph=True, the error is about an in-place operation"
)
assert sum(losses[-5:]) < 0.5 * sum(losses[:5]), (
    "with detach(), lr 0.05 halves the loss"
)

# %%
# What ``retain_graph=True`` costs
# --------------------------------
#
# Without ``optimizer.step()`` between the pieces, for example to accumulate gradients,
# ``retain_graph=True`` raises no error. Count the nodes of the graph that each
# ``backward()`` goes through:


def count_nodes(loss):
    found = set()
    to_visit = [loss.grad_fn]
    while to_visit:
        node = to_visit.pop()
        if node is not None and node not in found:
            found.add(node)
            to_visit += [before for before, _ in node.next_functions]
    return len(found)


nodes = {}
for detach in (False, True):
    rnn = nn.RNN(1, 16)
    head = nn.Linear(16, 1)
    state = None
    nodes[detach] = []
    for values, next_values in pieces:
        output, state = rnn(values, state)
        if detach:
            state = state.detach()
        loss = nn.functional.mse_loss(head(output), next_values)
        nodes[detach].append(count_nodes(loss))
        loss.backward(retain_graph=not detach)
print("piece   retain_graph=True   detach()")
for i in (0, 1, 2, 39):
    print(f"{i + 1:5}{nodes[False][i]:20}{nodes[True][i]:11}")

# %%
# With ``retain_graph=True``, each ``backward()`` goes through the whole past again, and
# all of that past stays in memory. With ``detach()``, it goes through one piece.

assert len(torch.tensor(nodes[False]).diff().unique()) == 1, (
    "with retain_graph=True, each piece adds the same number of nodes"
)
assert max(nodes[True]) == nodes[True][0], "with detach(), no nodes are added"
assert nodes[False][-1] > 10 * nodes[True][-1], (
    "at the last piece, retain_graph=True has more than ten times as many nodes"
)

# %%
# In a compiled model: donated buffers
# ------------------------------------
#
# In a model under ``torch.compile``, ``backward()`` may overwrite what the forward pass
# saved, to save memory. Compiled that way, it rejects ``retain_graph=True``. The
# backend ``"aot_eager"`` shows it without a compiler:


@torch.compile(backend="aot_eager")
def compiled(weight):
    return weight.sin().sigmoid().sum()


weight = torch.ones(3, requires_grad=True)
compiled(weight).backward()
try:
    compiled(weight).backward(retain_graph=True)
except RuntimeError as error:
    message = f"{type(error).__name__}: {error}"
    print(message)

assert "donated buffers" in message, "a compiled graph is not retained"

# %%
# The fix is the same: detach, or add the losses. If you do need the graph twice, set
# ``torch._functorch.config.donated_buffer = False`` before the first call; the backward
# pass then takes more memory.

# %%
# Why it happens
# --------------
#
# The forward pass saves what ``backward()`` will need: for ``weight**2``, the value of
# ``weight``. To save memory, ``backward()`` frees it as soon as it has been used, so a
# second ``backward()`` through the same node finds nothing. A node that saves no
# tensors, such as that of an addition, can be used again:

weight = torch.tensor(2.0, requires_grad=True)
for name, loss in {"weight + 1": weight + 1, "weight**2": weight**2}.items():
    loss.backward()
    try:
        loss.backward()
        print(f"{name}: backward() works twice")
    except RuntimeError as error:
        print(f"{name}: {str(error).partition(' (')[0]}")

assert weight.grad == 6, (
    "the gradients are 1 + 1 from the addition and 4 from the square"
)

# %%
# A state that is carried over connects the new graph to the old one. So the second
# ``backward()`` goes through the second piece, on into the first, and fails there.

# %%
# In your own code
# ----------------
#
# Print ``count_nodes(loss)`` right before ``loss.backward()``. With inputs of equal
# size, a number that grows means that each loss reaches into the graph of the step
# before. Look for:
#
# - *A state that is carried over*: detach it. The state of an LSTM is a pair, so write
#   ``state = tuple(each.detach() for each in state)``.
# - *A running value*, such as ``self.mean = 0.9 * self.mean + …`` or a sum of losses
#   over several steps: detach it before you store it.
#
# If the number stays the same, look for:
#
# - *A tensor that was computed once, before the loop*, such as a penalty on the
#   weights: compute it inside the loop, because ``step()`` changes the weights.
# - *A second call in the same step*, because two losses share a part of the network:
#   add them, and call ``backward()`` once.
#
# ``retain_graph=True`` is right if you want several gradients of *one* forward pass
# separately, for example to compare the gradient norms of two losses. Set it in every
# call but the last.

# %%
# Try it
# ------
#
# Two losses share ``body``. Compute the gradient of ``body.weight`` with one call to
# ``backward()``, then with two. Are they the same?
#
# **Solution**

body = nn.Linear(4, 4)
heads = [nn.Linear(4, 1), nn.Linear(4, 1)]
inputs = torch.randn(8, 4)


def two_losses():
    body.zero_grad()
    features = torch.tanh(body(inputs))
    return [head(features).square().mean() for head in heads]


first, second = two_losses()
(first + second).backward()
one_call = body.weight.grad

first, second = two_losses()
first.backward(retain_graph=True)
second.backward()
print("same gradient:", torch.allclose(one_call, body.weight.grad, atol=1e-6))

assert torch.allclose(one_call, body.weight.grad, atol=1e-6), (
    "two calls of backward() give the same gradient as one"
)

# %%
# They are, because ``backward()`` adds to ``.grad``. One call is cheaper: it goes
# through ``body`` once.

# %%
# Remember
# --------
#
# - ``backward()`` uses up what the graph has saved: one graph, one ``backward()``.
# - A tensor that you keep for the next step keeps its graph, so detach it.
# - Add losses of one forward pass. Use ``retain_graph=True`` for separate gradients.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_in_place_on_a_needed_tensor.py`: the error that
#   ``retain_graph=True`` leads to.
# - :ref:`sphx_glr_recipes_pitfalls_running_loss_keeps_the_graph.py`: a graph that grows
#   without an error.
# - `torch.Tensor.backward
#   <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html>`__
# - `Saved tensors
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html#saved-tensors>`__: what is
#   kept for ``backward()``.

# sphinx_gallery_position = 22
# sphinx_gallery_tags = ["retain_graph", "detach", "autograd", "torch.compile"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "training", "effect": "error-prone", "group": "error", "symptom": "RuntimeError: Trying to backward through the graph a second time."}
