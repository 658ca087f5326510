"""
Evaluating with gradients on
============================

A test loop that lacks ``model.eval()`` and ``torch.inference_mode()`` still prints an
accuracy. The number is wrong, and reading it has changed the model.

What it looks like
------------------

The test accuracy is lower than it should be, and each time another one, though the
model and the data are the same. Afterwards the model is not the one that you trained.
And evaluation takes about as much memory for its activations as training.

- Type: API-specific
- Stage: evaluation
- Effect: wrong result

What you will learn
-------------------

- What ``model.eval()`` does, and what ``torch.inference_mode()`` does. Neither does
  the work of the other.
- How test data change a model in which batch norm is still in training mode.
- How to find out whether an evaluation leaves the model alone.

What you need
-------------

- ``torch`` and ``matplotlib``.
- No data set: the recipe makes its own points.
- About 10 seconds on two CPU cores, most of them to load PyTorch.
"""

# %%
# The setting
# -----------
#
# Nothing in this part is wrong: points around four centers, one for each class, and a
# network with the two layers that work in another way while they train. Dropout sets
# half of its inputs to zero. Batch norm normalizes with the mean and the variance of
# the batch at hand, and keeps running statistics of them for later.

import copy

import matplotlib.pyplot as plt
import torch
from torch import nn

device = torch.device("cpu")
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()

torch.manual_seed(0)
centers = torch.randn(4, 20)


def make_points(count):
    labels = torch.randint(4, (count,))
    points = centers[labels] + 1.5 * torch.randn(count, 20)
    return points.to(device), labels.to(device)


train_points, train_labels = make_points(2000)
test_points, test_labels = make_points(1000)

model = nn.Sequential(
    nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 4)
).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(10):
    model.train()
    for batch in torch.randperm(len(train_points)).split(50):
        optimizer.zero_grad()
        scores = model(train_points[batch])
        nn.functional.cross_entropy(scores, train_labels[batch]).backward()
        optimizer.step()

# %%
# The test set comes in batches of 20, in two orders: shuffled, and class by class. You
# get the second one when each class lies in a folder of its own. The order of the test
# data must not matter.

orders = {
    "shuffled": torch.randperm(len(test_points)),
    "class by class": test_labels.cpu().argsort(),
}
test_batches = {
    name: [(test_points[batch], test_labels[batch]) for batch in order.split(20)]
    for name, order in orders.items()
}

# %%
# The mistake
# -----------
#
# The loop counts the right answers. The model is still in training mode.


def evaluate(model, batches):
    right = total = 0
    for points, labels in batches:
        scores = model(points)
        right += (scores.argmax(dim=1) == labels).sum().item()
        total += len(labels)
    return right / total


wrong_evaluate = evaluate  # the name gets a new function below


def evaluate_five_times(evaluate, batches):
    """Evaluate one copy of the trained model five times."""
    same_model = copy.deepcopy(model)
    return [evaluate(same_model, batches) for _ in range(5)]


mistake = {}
for name, batches in test_batches.items():
    mistake[name] = evaluate_five_times(evaluate, batches)
    print(f"{name:16}", *(f"{accuracy:7.1%}" for accuracy in mistake[name]))

# %%
# Five evaluations of one model on one test set give different accuracies. That is
# dropout: it switches off other units each time.
#
# In the second row nearly all batches hold a single class, and the accuracy falls to
# little more than guessing, which would be 25 %. That is batch norm: it subtracts the
# mean of the batch, and in a batch of one class the mean is what the points have in
# common.

# %%
# The repair
# ----------
#
# ``model.eval()`` switches dropout off, and has batch norm use its running statistics
# without changing them. ``torch.inference_mode()`` keeps autograd from recording the
# operations.
#
# .. code-block:: diff
#
#     def evaluate(model, batches):
#    +    model.eval()
#         right = total = 0
#    -    for points, labels in batches:
#    -        scores = model(points)
#    -        right += (scores.argmax(dim=1) == labels).sum().item()
#    -        total += len(labels)
#    +    with torch.inference_mode():
#    +        for points, labels in batches:
#    +            scores = model(points)
#    +            right += (scores.argmax(dim=1) == labels).sum().item()
#    +            total += len(labels)
#         return right / total
#
# Here is the repaired function, with the same five evaluations. The model is in
# evaluation mode afterwards. That is why the training loop above begins each epoch with
# ``model.train()``.


def evaluate(model, batches):
    model.eval()
    right = total = 0
    with torch.inference_mode():
        for points, labels in batches:
            scores = model(points)
            right += (scores.argmax(dim=1) == labels).sum().item()
            total += len(labels)
    return right / total


repair = {}
for name, batches in test_batches.items():
    repair[name] = evaluate_five_times(evaluate, batches)
    print(f"{name:16}", *(f"{accuracy:7.1%}" for accuracy in repair[name]))

accuracy = repair["shuffled"][0]
assert set(repair["shuffled"] + repair["class by class"]) == {accuracy}
for wrong in mistake.values():
    assert len(set(wrong)) > 1, "with the mistake, the accuracy is not one number"
    assert max(wrong) < accuracy, "and it is too low"
assert max(mistake["class by class"]) < 0.4, "one class a batch: near guessing"
assert accuracy > 0.8, "the model is a good one"

# %%
# One number, in both orders, and above 80 %. In this sense the mistake is harmless: the
# model was better than it looked. But not for long.

# %%
# Side by side
# ------------
#
# In training mode batch norm moves its running statistics with every batch that it
# sees, and it does not ask whether that is a test batch. Follow what this does to the
# model: evaluate one batch, then measure the accuracy in the right way, and go on.


def accuracy_after_each_batch(evaluate_one, batches):
    changed_model = copy.deepcopy(model)
    accuracies = [accuracy]
    for batch in batches:
        changed_model.train()
        evaluate_one(changed_model, [batch])
        accuracies.append(evaluate(changed_model, test_batches["shuffled"]))
    return accuracies


lines = {
    "repair": accuracy_after_each_batch(evaluate, test_batches["class by class"]),
    "mistake, shuffled": accuracy_after_each_batch(
        wrong_evaluate, test_batches["shuffled"]
    ),
    "mistake, class by class": accuracy_after_each_batch(
        wrong_evaluate, test_batches["class by class"]
    ),
}
fig, ax = plt.subplots()
for (name, line), style in zip(lines.items(), ("C0", "C2--", "C1"), strict=True):
    ax.plot([100 * value for value in line], style, label=name)
ax.set(xlabel="test batches evaluated so far", ylabel="true accuracy (%)")
ax.legend()
plt.show()
# sphinx_gallery_alt_block = "The true accuracy of the model by the number of test batches evaluated so far. After the repair it is a level line. With the mistake and shuffled batches it wavers around that line. With the mistake and batches class by class it falls below the line and ends there."

# %%
# No optimizer was called, and class by class the model became worse all the same. The
# weights are what they were. The running statistics are now those of the last test
# batches. With shuffled batches the damage is small, less than five points up or down.
# It passes for noise.

wavering = torch.tensor(lines["mistake, shuffled"]) - accuracy
assert wavering.any() and wavering.abs().max() < 0.05, "shuffled: a small damage"
assert lines["mistake, class by class"][-1] < accuracy - 0.02, "a large one"
assert set(lines["repair"]) == {accuracy}, "none"

# %%
# The next table takes the two lines of the repair apart. To count the bytes that are
# kept for ``backward`` in one batch, ``saved_tensors_hooks`` shows each tensor that
# autograd wants to keep. The model and the batch are in memory anyway and don't count.


def count_kept_bytes(model, batch):
    memory = {}  # two saved tensors can share one piece of memory: count it once

    def keep(tensor):
        storage = tensor.untyped_storage()
        memory[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        wrong_evaluate(model, [batch])
    for tensor in (*batch, *model.parameters(), *model.buffers()):
        memory.pop(tensor.untyped_storage().data_ptr(), None)
    return sum(memory.values())


def evaluate_with(eval_mode, inference_mode):
    changed_model = copy.deepcopy(model).train(not eval_mode)
    batches = test_batches["class by class"]
    with torch.inference_mode(inference_mode):
        reported = wrong_evaluate(changed_model, batches)
    after = evaluate(changed_model, batches)
    changed_model.train(not eval_mode)
    with torch.inference_mode(inference_mode):
        kept = count_kept_bytes(changed_model, batches[0])
    return reported, after, kept


print("eval()   inference_mode()   reported   accuracy after it   bytes kept")
table = {}
for case in [(False, False), (False, True), (True, False), (True, True)]:
    reported, after, kept = table[case] = evaluate_with(*case)
    words = ["yes" if each else "no" for each in case]
    print(f"{words[0]:8} {words[1]:16}{reported:11.1%}{after:20.1%}{kept:13,d}")

assert table[True, True] == (accuracy, accuracy, 0)
assert table[True, False][:2] == (accuracy, accuracy) and table[True, False][2] > 0
for inference_mode in (False, True):
    _, after, kept = table[False, inference_mode]
    assert after < accuracy - 0.02, "without eval(), the model is damaged"
    assert (kept == 0) == inference_mode

# %%
# - Without ``eval()``, the reported accuracy is wrong, and the model is worse after it,
#   by more than two points. ``inference_mode()`` alone changes nothing about that.
# - Without ``inference_mode()``, bytes are kept for a ``backward()`` that never comes.
#   ``eval()`` alone does not stop that, but makes the accuracy right.

# %%
# How to notice it
# ----------------
#
# **Evaluate twice.** Two evaluations of one model on the same batches have to agree.
#
# **Compare the state before and after.** An evaluation must not change anything in the
# ``state_dict``, which holds the running statistics, too.


def changed_by(evaluate):
    same_model = copy.deepcopy(model).train()
    before = copy.deepcopy(same_model.state_dict())
    evaluate(same_model, test_batches["shuffled"])
    after = same_model.state_dict()
    return [name for name in before if not torch.equal(before[name], after[name])]


print("mistake:", *changed_by(wrong_evaluate))
print("repair: ", *changed_by(evaluate))

statistics = ["1.running_mean", "1.running_var", "1.num_batches_tracked"]
assert changed_by(wrong_evaluate) == statistics
assert changed_by(evaluate) == []

# %%
# **Look at the flags.** In an evaluation ``model.training`` is ``False``, and so is
# ``scores.requires_grad``.

model.train()
assert model.training and model(test_points[:20]).requires_grad
evaluate(model, test_batches["shuffled"])
with torch.inference_mode():
    assert not model.training and not model(test_points[:20]).requires_grad

# %%
# Sources
# -------
#
# - `Autograd mechanics
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html#evaluation-mode-nn-module-eval>`__,
#   in PyTorch's notes, says that ``eval()`` does not switch gradients off, and asks you
#   to call ``train()`` and ``eval()`` in every case.
# - `torch.nn.BatchNorm1d
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html>`__ says
#   how the running statistics move, and when they are used.
# - `torch.autograd.grad_mode.inference_mode
#   <https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad_mode.inference_mode.html>`__
#   compares itself with ``no_grad``.

# %%
# What to remember
# ----------------
#
# - ``model.eval()`` makes the accuracy right and protects the running statistics.
# - ``torch.inference_mode()`` saves the memory. You need both, as neither contains the
#   other.
# - An evaluation that gives another number the second time is not an evaluation.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_stopping_gradient_tracking.py`: ``no_grad`` or
#   ``inference_mode``, and when to use which.
# - :ref:`sphx_glr_recipes_pitfalls_running_loss_keeps_the_graph.py`: how the same loop
#   keeps the graphs of all batches.
# - `torch.nn.Module.eval
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.eval>`__

# sphinx_gallery_position = 6
# sphinx_gallery_tags = ["inference_mode", "eval", "batch norm", "memory"]
# sphinx_gallery_cost = "10 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "evaluation", "effect": "wrong result", "symptom": "The test accuracy differs from one evaluation to the next, and the model gets worse by being tested."}
