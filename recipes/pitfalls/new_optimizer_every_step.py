"""
A new optimizer at every step
=============================

Create the optimizer once, before the training loop. An optimizer that is created inside
the loop does not clear gradients, because they are stored in the parameters, and it
begins without momentum every time, because that is stored in the optimizer.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#    +optimizer = make_optimizer(model.parameters())
#     for _ in range(150):
#    -    optimizer = make_optimizer(model.parameters())
#    +    optimizer.zero_grad()
#         loss = loss_function(model(inputs), targets)
#         loss.backward()
#         optimizer.step()
#
# A new optimizer keeps the old gradient and forgets the momentum:

import matplotlib.pyplot as plt
import torch

weight = torch.tensor(1.0, requires_grad=True)
optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.9)
(3 * weight).backward()
optimizer.step()
print("gradient:", weight.grad, " parameters with momentum:", len(optimizer.state))

optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.9)
print("gradient:", weight.grad, " parameters with momentum:", len(optimizer.state))

assert weight.grad == 3, "the new optimizer does not clear the gradient"
assert not optimizer.state, "the new optimizer remembers no momentum"

# %%
# Two mistakes in one
# -------------------
#
# A linear model has to find the weights 3 and 10. The second input is small, so the
# second weight gets small gradients and is learned slowly; momentum helps with that.
# Train in three ways: with a new optimizer at every step, with a new one and cleared
# gradients, and with one optimizer for the whole run.

from functools import partial

from torch import nn

device = torch.accelerator.current_accelerator(check_available=True) or "cpu"
torch.manual_seed(0)
inputs = torch.randn(256, 2) * torch.tensor([1.0, 0.2])
targets = inputs @ torch.tensor([[3.0], [10.0]]) + 0.1 * torch.randn(256, 1)
inputs, targets = inputs.to(device), targets.to(device)
loss_function = nn.MSELoss()


def train(make_optimizer, new=False, clear=True):
    """Return the loss of each step."""
    model = nn.Linear(2, 1, bias=False).to(device)
    nn.init.zeros_(model.weight)
    optimizer = make_optimizer(model.parameters())
    losses = []
    for _ in range(150):
        if new:
            optimizer = make_optimizer(model.parameters())
        if clear:
            optimizer.zero_grad()
        loss = loss_function(model(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


sgd, adam = torch.optim.SGD, torch.optim.Adam
optimizers = {
    "momentum, lr 0.05": partial(sgd, lr=0.05, momentum=0.9),
    "momentum, lr 0.5": partial(sgd, lr=0.5, momentum=0.9),
    "SGD, lr 0.05": partial(sgd, lr=0.05),
    "Adam, lr 0.1": partial(adam, lr=0.1),
    "Adam, lr 1": partial(adam, lr=1.0),
}
new, cleared, once = {}, {}, {}
print(f"{'mean of the last 20 losses':28}{'new':>8}{'new, cleared':>15}{'once':>10}")
for name, make_optimizer in optimizers.items():
    new[name] = train(make_optimizer, new=True, clear=False)
    cleared[name] = train(make_optimizer, new=True)
    once[name] = train(make_optimizer)
    means = [sum(each[name][-20:]) / 20 for each in (new, cleared, once)]
    print(f"{name:28}{means[0]:8.3f}{means[1]:15.3f}{means[2]:10.3f}")

# %%
# - With a new optimizer and no clearing, the loss does not settle with any of these:
#   each step follows the sum of all gradients so far.
# - With cleared gradients, SGD with momentum is SGD without: compare the first line
#   with the third. At a learning rate of 0.5 no momentum is needed, so you see no
#   difference.
# - A new Adam moves each weight by the learning rate, up or down, at every step, unless
#   its gradient is 0. With a rate of 1 the weights jump around the goal. With 0.1 they
#   happen to arrive sooner.

for losses in new.values():
    assert sum(losses[-20:]) / 20 > 1, "new: the loss stays above 1 on average"
assert cleared["momentum, lr 0.05"] == once["SGD, lr 0.05"], (
    "with a new optimizer and clearing, SGD with momentum is SGD without, loss by loss"
)
assert cleared["momentum, lr 0.05"][-1] > 5 * once["momentum, lr 0.05"][-1], (
    "at lr 0.05, the last loss is more than five times higher without momentum"
)
assert cleared["momentum, lr 0.5"][-1] < 1.1 * once["momentum, lr 0.5"][-1], (
    "at lr 0.5, the last loss is the same within 10%"
)
assert cleared["Adam, lr 0.1"][-1] < once["Adam, lr 0.1"][-1], (
    "Adam at 0.1: with a new optimizer, the last loss is lower"
)
assert max(cleared["Adam, lr 1"][-9:]) > 10 * max(once["Adam, lr 1"][-9:]), (
    "Adam at 1: with a new optimizer, the loss is ten times higher"
)

# %%
# The first line of the table, step by step:

fig, ax = plt.subplots(layout="constrained")
name = "momentum, lr 0.05"
ax.plot(new[name], "C1", label="new")
ax.plot(cleared[name], "C2", label="new, cleared")
ax.plot(once[name], "C0", label="once")
ax.set(xlabel="step", ylabel="loss (log scale)", yscale="log", title=name)
fig.legend(loc="outside upper center", ncols=3)
plt.show()
# sphinx_gallery_alt_block = "Loss over 150 steps of SGD with momentum on a logarithmic scale. With a new optimizer at every step it swings to the end. With a new one and cleared gradients it falls slowly. With one optimizer it falls to a much lower level."

# %%
# Why it happens
# --------------
#
# An optimizer reads gradients from ``parameter.grad`` and keeps what it remembers in
# ``optimizer.state``: SGD its momentum, Adam two running means. Creating an optimizer
# touches no gradient, and its state is empty. So each step is a first step, and the
# first step of SGD with momentum is one without (with ``nesterov=True`` and a momentum
# of 0.9, it is 1.9 times as long).

# %%
# In your own code
# ----------------
#
# Call this right before ``optimizer.step()``, where ``step`` counts from 1:


def check_memory(optimizer, step):
    """Raise an error if the optimizer is new."""
    if step > 1 and not optimizer.state:
        raise RuntimeError(f"step {step}: the optimizer remembers nothing")


message = ""
try:
    for step in (1, 2, 3):
        optimizer = torch.optim.Adam([weight])
        optimizer.zero_grad()
        (3 * weight).backward()
        check_memory(optimizer, step)
        optimizer.step()
except RuntimeError as error:
    message = str(error)
print(message)

assert message.startswith("step 2"), "check_memory finds the mistake at step 2"

# %%
# It works for optimizers with a memory, such as Adam and SGD with momentum. Don't call
# it for SGD without momentum, whose state is always empty: there, a new optimizer does
# no harm if you clear the gradients. Adagrad fills its state when it is created, so the
# check does not find it.
#
# Momentum is also lost if you create the optimizer once an epoch, or resume a run
# without loading the optimizer's ``state_dict``.

# %%
# Try it
# ------
#
# A common reason for a new optimizer is a new learning rate. Change the learning rate
# of an optimizer from 0.1 to 0.01 so that it keeps its momentum.
#
# **Solution**

optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.9)
optimizer.zero_grad()
(3 * weight).backward()
optimizer.step()
before = optimizer.state[weight]["momentum_buffer"].clone()
for group in optimizer.param_groups:
    group["lr"] = 0.01
after = optimizer.state[weight]["momentum_buffer"]
print("momentum before:", before, " after:", after)

assert torch.equal(before, after), "the momentum is kept"

# %%
# The schedulers in ``torch.optim.lr_scheduler`` do the same for you. To train more
# parameters from some step on, call ``optimizer.add_param_group``.

# %%
# Remember
# --------
#
# - Gradients are stored in the parameters, momentum in the optimizer.
# - A new optimizer clears no gradient and has no momentum.
# - Create the optimizer before the loop, and call ``zero_grad()`` at every step.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_ways_to_clear_gradients.py`: what does clear
#   gradients.
# - :ref:`sphx_glr_recipes_training_saving_and_loading_across_devices.py`: how to keep
#   the optimizer's memory when you stop and resume.
# - `torch.optim <https://docs.pytorch.org/docs/stable/optim.html>`__: optimizers,
#   schedulers, and their state.

# sphinx_gallery_position = 7
# sphinx_gallery_tags = ["optimizer", "momentum", "zero_grad", "SGD"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "API-specific", "stage": "training", "effect": "wrong result", "group": "not learned", "symptom": "The loss swings and does not settle, or momentum makes no difference."}
