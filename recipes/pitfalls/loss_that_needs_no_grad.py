"""
Element 0 of tensors does not require grad
==========================================

``backward()`` raises this error if no graph connects the loss to a tensor that requires
grad: something between the parameters and the loss cut the graph (``no_grad()``,
``detach()``, ``.item()``, ``argmax``, re-entrant checkpointing), or all parameters are
frozen. Remove the cut, or unfreeze. ``loss.requires_grad = True`` only silences the
error, and the model learns nothing.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#     scores = model(points)
#    -scores = scores.detach()
#     loss = loss_function(scores, labels)
#     loss.backward()
#
# Here ``detach()`` cuts the graph. The message is the same whatever cut it:

import torch
from torch import nn

model, loss_function = nn.Linear(2, 3), nn.CrossEntropyLoss()
points, labels = torch.randn(12, 2), torch.arange(12) % 3
for cut in (True, False):
    scores = model(points)
    if cut:
        scores = scores.detach()
    loss = loss_function(scores, labels)
    try:
        loss.backward()
        print("no error")
    except RuntimeError as error:
        print(f"{type(error).__name__}: {error}")

assert not scores.is_leaf, "without detach(), the scores belong to a graph"
assert model.weight.grad is not None, "without detach(), the parameters get a gradient"

# %%
# Six causes
# ----------
#
# Each function returns the scores of the model and a loss that ``backward()`` rejects,
# always with the same message:

import warnings

from torch.utils.checkpoint import checkpoint


def no_grad():
    with torch.no_grad():
        scores = model(points)
    return scores, loss_function(scores, labels)


def detach():
    scores = model(points)
    return scores, loss_function(scores.detach(), labels)


def python_number():
    scores = model(points)
    return scores, torch.tensor(loss_function(scores, labels).item())


def argmax():
    scores = model(points)
    return scores, (scores.argmax(dim=1) != labels).float().mean()


def frozen():
    model.requires_grad_(False)
    scores = model(points)
    model.requires_grad_(True)
    return scores, loss_function(scores, labels)


def reentrant_checkpoint():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scores = checkpoint(model, points, use_reentrant=True)
    print(f"{caught[0].category.__name__}: {caught[0].message}\n")
    return scores, loss_function(scores, labels)


causes = (no_grad, detach, python_number, argmax, frozen, reentrant_checkpoint)
results, messages = {cause.__name__: cause() for cause in causes}, []
print(f"{'cause':22}scores.requires_grad   loss.requires_grad")
for name, (scores, loss) in results.items():
    print(f"{name:22}{scores.requires_grad!s:23}{loss.requires_grad}")
    try:
        loss.backward()
    except RuntimeError as error:
        messages.append(str(error))

# %%
# And this is what to do about each:
#
# - ``no_grad()`` or ``inference_mode()`` around the forward pass (also as a decorator),
#   or ``torch.set_grad_enabled(False)`` in an earlier cell: train with gradients on.
# - ``detach()`` or ``.data``: remove it.
# - A detour through Python or NumPy (``.item()``, ``.tolist()``, ``.numpy()``,
#   ``torch.tensor(…)``): compute the loss with PyTorch.
# - ``argmax``, a comparison or a conversion to integers: such results have no gradient.
#   Use a loss that takes the scores, such as cross-entropy.
# - Frozen parameters: call ``requires_grad_(True)`` on those that should learn. With
#   PEFT, load an adapter with ``is_trainable=True``.
# - Checkpointing with ``use_reentrant=True``, which is still the default, when no input
#   requires a gradient: pass ``use_reentrant=False``.
#
# ``model.eval()`` is not a cause: it leaves gradients on.

assert len(messages) == 6, "backward() raises an error for each of the six"
assert len(set(messages)) == 1, "the message is the same for all six"
assert "element 0 of tensors does not require grad" in messages[0], "it is this one"
for name, (scores, loss) in results.items():
    assert not loss.requires_grad, "none of the six losses requires a gradient"
    assert scores.requires_grad == (name in ("detach", "python_number", "argmax")), (
        "in three of the six, the scores still require a gradient"
    )
assert model.eval()(points).requires_grad, "eval() leaves gradients on"

# %%
# Why not ``loss.requires_grad = True``
# -------------------------------------
#
# The loss then requires a gradient, but is connected to nothing: ``backward()`` fills
# ``loss.grad`` and stops. Train with it, and without the cut:


def train(cut):
    """Return the losses of 50 steps, and the gradient of the weight after the last."""
    torch.manual_seed(0)
    model = nn.Linear(2, 3)
    points = torch.randn(300, 2)
    labels = points.abs().argmax(dim=1) + (points[:, 0] > 0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    losses = []
    for _ in range(50):
        optimizer.zero_grad()
        scores = model(points)
        if cut:
            scores = scores.detach()
        loss = loss_function(scores, labels)
        if cut:
            loss.requires_grad = True
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, model.weight.grad


runs = {True: train(cut=True), False: train(cut=False)}
print("                       first loss   last loss   weight.grad")
for cut, (losses, gradient) in runs.items():
    name = "requires_grad = True" if cut else "without the cut"
    kind = "None" if gradient is None else "a tensor"
    print(f"{name:23}{losses[0]:10.4f}{losses[-1]:12.4f}   {kind}")

# %%
# With that line, all 50 losses are equal to the last digit: the model is never updated.
# On class numbers, the same line raises an error instead:

try:
    points.argmax(dim=1).requires_grad = True
except RuntimeError as error:
    print(f"{type(error).__name__}: {error}")

assert len(set(runs[True][0])) == 1, "with requires_grad = True, the loss never changes"
assert runs[True][1] is None, "with requires_grad = True, the weight gets no gradient"
assert runs[False][0][-1] < 0.95 * runs[False][0][0], "without the cut, the loss falls"

# %%
# The same cut without an error
# -----------------------------
#
# The error comes only if *nothing* is left to train. With LoRA, the embedding is
# frozen, so the input of the first block requires no gradient. A re-entrant checkpoint
# then returns a result without a graph, and the adapters in the block get no gradient.
# If any layer after it can learn, only the warning above tells you.


def adapter_gradient(use_reentrant, make_inputs_require_grad=False):
    block, head = nn.Linear(2, 4), nn.Linear(4, 3)
    inputs = points.clone().requires_grad_(make_inputs_require_grad)
    with warnings.catch_warnings(action="ignore"):
        hidden = checkpoint(block, inputs, use_reentrant=use_reentrant)
    loss_function(head(hidden), labels).backward()
    return block.weight.grad


gradients = {
    "use_reentrant=True": adapter_gradient(use_reentrant=True),
    "use_reentrant=True, inputs require grad": adapter_gradient(True, True),
    "use_reentrant=False": adapter_gradient(use_reentrant=False),
}
for name, gradient in gradients.items():
    print(f"{name:41}{'no gradient' if gradient is None else 'a gradient'}")

# %%
# In Transformers, ``gradient_checkpointing_kwargs={"use_reentrant": False}`` gives the
# last line, and ``model.enable_input_require_grads()`` the one before it.

assert [each is None for each in gradients.values()] == [True, False, False], (
    "only the re-entrant checkpoint with frozen inputs loses the gradient"
)

# %%
# Why it happens
# --------------
#
# The result of an operation requires a gradient if three things hold: gradients are on,
# at least one input requires one, and the operation can be differentiated. Otherwise
# the result has no ``grad_fn``. ``backward()`` starts at the ``grad_fn`` of the loss,
# and without one there is nowhere to go. ``element 0`` is the first of the tensors that
# it starts from, and ``loss.backward()`` passes only one.

# %%
# In your own code
# ----------------
#
# Two tensors and the parameters tell you where to look:


def where_cut(model, scores, loss):
    if loss.requires_grad:
        return "nowhere: backward() will run"
    if scores.requires_grad:
        return "between the scores and the loss"
    if any(each.requires_grad for each in model.parameters()):
        return "in the forward pass, or around it"
    return "all parameters are frozen"


verdicts = {}
for name, (scores, loss) in results.items():
    model.requires_grad_(name != "frozen")
    verdicts[name] = where_cut(model, scores, loss)
    print(f"{name:22}{verdicts[name]}")

# %%
# In a deep model, print ``requires_grad`` of each result in ``forward``: the cut comes
# after the last ``True``. If only some batches raise the error, their loss is a
# constant: see *Try it*.

for name, (scores, _) in results.items():
    assert verdicts[name].startswith("between") == scores.requires_grad, (
        "where the scores require a gradient, the check looks behind them"
    )
assert "frozen" in verdicts["frozen"], "the check finds frozen parameters"
for loss in (model(points).sum(),):
    assert where_cut(model, loss, loss).endswith("will run"), (
        "it finds nothing where backward() will run"
    )

# %%
# Try it
# ------
#
# A detector adds up a loss for each object. An image without objects has
# ``loss = torch.tensor(0.0)``, and ``backward()`` fails. How do you fix it?
#
# **Solution**

model.zero_grad()
loss = torch.tensor(0.0) + 0 * model(points).sum()
loss.backward()
print(model.weight.grad)

assert not model.weight.grad.any(), "the gradients are zeros, and there is no error"

# %%
# Start from ``0 * scores.sum()``, which keeps the graph, so each parameter gets zeros.
# If a score is ``inf`` or ``nan``, the result is ``nan``. On one device, you can also
# skip such a batch with ``continue``. With ``DistributedDataParallel``, the other
# processes would wait for its gradients.

# %%
# Remember
# --------
#
# - The error means that no graph leads from the loss to anything that can learn.
# - Follow ``requires_grad`` from the loss back to the model, and remove what cuts it.
# - Never set ``requires_grad`` on a loss: the error goes, and so does the learning.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_pitfalls_detach_in_the_wrong_place.py`: a cut that raises no
#   error.
# - :ref:`sphx_glr_recipes_gradients_stopping_gradient_tracking.py`: ``no_grad()``,
#   ``inference_mode()`` and ``detach()``, and when to use which.
# - :doc:`/guides/how_autograd_works`: what ``grad_fn`` is.
# - `torch.utils.checkpoint <https://docs.pytorch.org/docs/stable/checkpoint.html>`__:
#   what ``use_reentrant`` changes.

# %%
# Sources
# -------
#
# - `arcface-pytorch #56 <https://github.com/ronghuaiyang/arcface-pytorch/issues/56>`__:
#   after ``loss.requires_grad = True``, the loss does not fall and the accuracy is 0.
# - `FastChat #581 <https://github.com/lm-sys/FastChat/issues/581>`__: LoRA with
#   checkpointing raises the error.
# - `open-unlearning #178 <https://github.com/locuslab/open-unlearning/issues/178>`__:
#   LoRA layers that were never trained, without an error.
# - `self-llm #229 <https://github.com/datawhalechina/self-llm/issues/229>`__: the same
#   with Llama 3, where ``enable_input_require_grads()`` is the answer.

# sphinx_gallery_position = 21
# sphinx_gallery_tags = ["requires_grad", "detach", "no_grad", "autograd", "LoRA"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "training", "effect": "error-prone", "group": "error", "symptom": "RuntimeError: element 0 of tensors does not require grad and does not have a grad_fn."}
