"""
Frozen batch norm still changes
===============================

``requires_grad_(False)`` does not freeze batch norm: in training mode, every forward
pass still updates ``running_mean`` and ``running_var``, because they are buffers and
not parameters. Call ``eval()`` on the frozen layers as well, after each
``model.train()``.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#     layer.requires_grad_(False)
#    +layer.eval()
#
# Without the marked line, the running mean moves, although no gradient, loss or
# optimizer is involved:

import torch
from torch import nn

inputs = torch.tensor([[10.0], [12.0]])
means = {}
for evaluation in (False, True):
    layer = nn.BatchNorm1d(1)
    layer.requires_grad_(False)
    if evaluation:
        layer.eval()
    layer(inputs)
    means[evaluation] = layer.running_mean.item()
    print(f"eval() {evaluation!s:5}: running mean {means[evaluation]:.1f}")

assert means[False] > 1, "without eval(), the running mean moves"
assert means[True] == 0, "with eval(), it does not"

# %%
# What it does to a network
# -------------------------
#
# Train a network on an old task. Then freeze its body, and train a new head on it: for
# a task with similar inputs, or for one whose inputs are larger by 4. At the end, test
# the *old* head on the frozen body. Its accuracy has to be the same as before.

from copy import deepcopy

torch.manual_seed(0)
offsets = {"old": 0, "similar": 0, "shifted": 4}
centers = {task: offset + torch.randn(4, 20) for task, offset in offsets.items()}


def make_points(task, count):
    labels = torch.randint(4, (count,))
    return centers[task][labels] + 1.2 * torch.randn(count, 20), labels


def train(body, head, task):
    parameters = [*body.parameters(), *head.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=0.1)
    for _ in range(100):
        points, labels = make_points(task, 50)
        optimizer.zero_grad()
        nn.functional.cross_entropy(head(body(points)), labels).backward()
        optimizer.step()


test_points = {task: make_points(task, 2000) for task in offsets}


@torch.inference_mode()
def test(body, head, task):
    points, labels = test_points[task]
    predicted = head(deepcopy(body).eval()(points)).argmax(dim=1)
    return (predicted == labels).float().mean().item()


def make_block(inputs):
    return nn.Sequential(nn.Linear(inputs, 64), nn.BatchNorm1d(64), nn.ReLU())


body, old_head = nn.Sequential(make_block(20), make_block(64)), nn.Linear(64, 4)
train(body, old_head, "old")
before = test(body, old_head, "old")
print(f"before: old task {before:.1%}")

after, changed = {}, {}
for task in ("similar", "shifted"):
    for mode in ("train", "eval"):
        frozen = deepcopy(body).requires_grad_(False).train(mode == "train")
        new_head = nn.Linear(64, 4)
        train(frozen, new_head, task)
        after[task, mode] = test(frozen, old_head, "old"), test(frozen, new_head, task)
        state, kept = frozen.state_dict(), body.state_dict()
        changed[mode] = [name for name in state if not state[name].equal(kept[name])]
        print(
            f"{task}, body in {mode:5} mode: old task {after[task, mode][0]:.1%}, ",
            end="",
        )
        print(f"new task {after[task, mode][1]:.1%}")
print("changed in training mode:", *changed["train"], sep="\n  ")

# %%
# In evaluation mode, the old accuracy is the same to the last digit. In training mode,
# it falls: the more the new inputs differ from the old ones, the further. The new task
# does not show it, and can even gain, because its own head is trained on the statistics
# as they move.

assert changed["eval"] == [], "with eval(), nothing in the body changes"
assert len(changed["train"]) == 6, "without it, three buffers of each batch norm do"
assert all(".1." in name for name in changed["train"]), "and no weights"
for task in ("similar", "shifted"):
    assert after[task, "eval"][0] == before, "with eval(), the old accuracy is the same"
assert after["shifted", "train"][0] < before - 0.05, (
    "without it, and with shifted inputs, the old accuracy falls by 5 points or more"
)
assert after["shifted", "train"][0] < after["similar", "train"][0], (
    "it falls further if the new inputs are shifted"
)
assert after["shifted", "train"][1] > 0.75, "the new task is learned anyway"

# %%
# What does not help
# ------------------
#
# Give a fresh layer two inputs, 10 and 12, after each of these attempts. Does its
# running mean move? And does it still normalize with the batch, so that its output has
# a mean of 0 and one sample's output depends on the other?

from contextlib import nullcontext

attempts = {
    "requires_grad_(False)": lambda layer: layer.requires_grad_(False),
    "no_grad()": lambda layer: layer,
    "momentum": lambda layer: setattr(layer, "momentum", 0.0),
    "track_running_stats": lambda layer: setattr(layer, "track_running_stats", False),
    "eval()": lambda layer: layer.eval(),
}
moves, uses_batch = {}, {}
print(f"{'':22} statistics move  normalizes with the batch")
for name, attempt in attempts.items():
    layer = nn.BatchNorm1d(1)
    attempt(layer)
    with torch.no_grad() if name == "no_grad()" else nullcontext():
        output = layer(inputs)
    moves[name] = layer.running_mean.item() != 0
    uses_batch[name] = output.mean().abs().item() < 0.01
    print(f"{name:22} {moves[name]!s:15}  {uses_batch[name]}")

# %%
# ``no_grad()`` and a learning rate of 0 affect gradients and weights, so neither helps.
# With ``momentum = 0.0`` or ``track_running_stats = False``, the statistics stay, but
# in training the layer ignores them, so training and testing normalize differently.
# Only ``eval()`` keeps and uses them. Gradients still flow through the layer in that
# mode.

through = torch.randn(4, 1, requires_grad=True)
nn.BatchNorm1d(1).eval()(through).sum().backward()

assert [name for name in moves if not moves[name]] == [
    "momentum",
    "track_running_stats",
    "eval()",
], "three attempts keep the statistics"
assert [name for name in uses_batch if not uses_batch[name]] == ["eval()"], (
    "only eval() also normalizes with them"
)
assert through.grad.abs().min() > 0, "gradients flow through the layer in eval mode"

# %%
# Why it happens
# --------------
#
# The running mean is not a parameter that an optimizer moves, but a buffer that the
# forward pass overwrites: ``running_mean = 0.9 * running_mean + 0.1 * batch_mean`` (and
# the same for ``running_var``). The layer does that whenever its flag ``training`` is
# set, and it does not look at ``requires_grad``.
#
# ``model.train()``, at the beginning of each epoch, sets the flag in all modules of the
# model, including those that you put into evaluation mode.

# %%
# In your own code
# ----------------
#
# Let the model remember which part is frozen, so that no ``model.train()`` wakes it:


class Classifier(nn.Module):
    def __init__(self, body, head):
        super().__init__()
        self.body, self.head = body.requires_grad_(False), head

    def train(self, mode=True):
        super().train(mode)
        self.body.eval()
        return self


model = Classifier(deepcopy(body), nn.Linear(64, 4)).train()
modes = {name: child.training for name, child in model.named_children()}
print("after model.train():", modes)

assert modes == {"body": False, "head": True}, "train() leaves the body in eval mode"

# %%
# ``eval()`` on the body also switches off its dropout, which is what you want for
# frozen layers. To train the weight and bias of batch norm and freeze only its
# statistics, leave out ``requires_grad_(False)``. For image networks, there is
# ``torchvision.ops.FrozenBatchNorm2d``, which loads the same checkpoints and never
# moves.
#
# Layer norm and group norm have no running statistics. ``SyncBatchNorm``, and instance
# norm with ``track_running_stats=True``, move like batch norm. Letting the statistics
# follow new data can also be what you want; then nothing else may rely on the old ones:
# no old head, no cached features, no second model that shares the body.

layer = nn.InstanceNorm1d(1, track_running_stats=True)
layer(torch.tensor([[[10.0, 12.0]]]))

for each in (nn.LayerNorm(4), nn.GroupNorm(2, 4)):
    assert not list(each.buffers()), "layer norm and group norm have no buffers"
assert layer.running_mean.item() > 1, "instance norm can move like batch norm"

# %%
# Try it
# ------
#
# A running mean is 1, and all batches of a new task have a mean of 0. After how many
# forward passes is less than 1% of the old mean left?
#
# **Solution**

layer, passes = nn.BatchNorm1d(1), 0
layer.running_mean.fill_(1.0)
while layer.running_mean.item() >= 0.01:
    layer(torch.tensor([[-1.0], [1.0]]))
    passes += 1
print("forward passes:", passes)

assert passes == 44, "after 44 passes, less than 1% is left"

# %%
# After 44, because 0.9 to the power of 44 is 0.0097. The size of the batches and the
# learning rate do not matter, so a short test run in training mode is enough.

# %%
# Remember
# --------
#
# - ``requires_grad_(False)`` freezes parameters. Running statistics are buffers.
# - Frozen layers need both: ``requires_grad_(False)`` and ``eval()``.
# - ``model.train()`` undoes ``eval()``: override ``train``, or call ``eval()`` after
#   it.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_training_freezing_layers.py`: what freezing saves.
# - :ref:`sphx_glr_recipes_pitfalls_evaluating_with_gradients_on.py`: the same
#   statistics, moved by testing.
# - `torch.nn.BatchNorm1d
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html>`__: how
#   the running statistics move.
# - `torchvision.ops.FrozenBatchNorm2d
#   <https://docs.pytorch.org/vision/stable/generated/torchvision.ops.FrozenBatchNorm2d.html>`__

# %%
# Sources
# -------
#
# - `pytorch #86590 <https://github.com/pytorch/pytorch/issues/86590>`__: a request for
#   a way to freeze the statistics, since many feature extractors are not quite frozen;
#   open.
# - `What does requires_grad=False on BatchNorm2d perform?
#   <https://discuss.pytorch.org/t/what-does-requires-grad-false-on-batchnorm2d-perform/137904>`__:
#   only the last layer was trained, and batch norm gave different outputs.
# - `pytorch-deeplab-resnet #39
#   <https://github.com/isht7/pytorch-deeplab-resnet/issues/39>`__: running means changed
#   although batch norm was thought to be frozen.

# sphinx_gallery_position = 20
# sphinx_gallery_tags = ["batch norm", "requires_grad", "eval", "training loop"]
# sphinx_gallery_cost = "4 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "training", "effect": "wrong result", "group": "differs", "symptom": "Layers that you froze give different outputs after training."}
