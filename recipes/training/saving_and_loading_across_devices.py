"""
Saving and loading across devices
=================================

A network is often trained on a GPU and used on a machine that has none. And a training
that stops in the middle should go on where it stopped, which takes more than the
weights.

What you will learn
-------------------

- What a ``state_dict`` is, and how to save and load the weights of a network.
- How ``map_location`` brings a file from one device to another.
- What ``weights_only`` protects you from.
- What belongs into a checkpoint, with proof that training goes on where it stopped.

What you need
-------------

- ``torch`` and ``matplotlib``.
- No data set: the recipe makes its own points.
- About 10 seconds on two CPU cores. A GPU is used if there is one.
"""

# %%
# Step 1. Train a small network
# -----------------------------
#
# The network learns a wave from 256 noisy points. A function makes it with its
# optimizer, since a new program would have to make both again before it can load
# anything into them.

import copy
import tempfile
from pathlib import Path
from pickle import UnpicklingError

import matplotlib.pyplot as plt
import torch
from torch import nn

device = torch.device("cpu")
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()

torch.manual_seed(0)
x = torch.linspace(-2, 2, 256).unsqueeze(1)
y = torch.sin(3 * x) + 0.1 * torch.randn(256, 1)
x, y = x.to(device), y.to(device)


def make_model_and_optimizer():
    model = nn.Sequential(
        nn.Linear(1, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1)
    ).to(device)
    return model, torch.optim.Adam(model.parameters(), lr=0.01)


# %%
# The batches are shuffled by a generator of their own, ``shuffle``. Its state belongs
# to the training too, as step 6 shows.


def train(model, optimizer, shuffle, epochs):
    """Train, and return the mean loss of each epoch."""
    model.train()
    losses = []
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(x), generator=shuffle).split(32):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        losses.append(total / len(x))
    return losses


model, optimizer = make_model_and_optimizer()
shuffle = torch.Generator().manual_seed(0)
losses = train(model, optimizer, shuffle, epochs=40)
print(f"first epoch {losses[0]:.3f}   epoch 40 {losses[-1]:.3f}")
assert losses[-1] < 0.2 * losses[0]

# %%
# Step 2. Know what a state_dict is
# ---------------------------------
#
# ``model.state_dict()`` maps names to tensors: all parameters, and buffers such as the
# running mean of batch norm. It is what you save.

for name, tensor in model.state_dict().items():
    print(f"{name:<9} {tuple(tensor.shape)!s:<9} {tensor.dtype}")

# %%
# The numbers in it are not a copy. They are the memory of the model itself. Keep the
# ``state_dict`` of your best epoch, train on, and see what you have kept.

trained_model = copy.deepcopy(model)
kept = trained_model.state_dict()
copied = copy.deepcopy(trained_model.state_dict())
with torch.no_grad():
    trained_model[0].bias.add_(1)  # stands for more training

kept_moved = not torch.equal(kept["0.bias"], model[0].bias)
copied_moved = not torch.equal(copied["0.bias"], model[0].bias)
print("kept changed:  ", kept_moved)
print("copied changed:", copied_moved)
assert kept_moved and not copied_moved

# %%
# What was only kept has changed with the model. Copy it, or save it to a file.

# %%
# Step 3. Save the weights and load them
# --------------------------------------
#
# The file of this page lies in a temporary folder. Yours will have a place of its own.

temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name)

torch.save(model.state_dict(), folder / "weights.pt")

loaded_model, _ = make_model_and_optimizer()
weights = torch.load(folder / "weights.pt", map_location="cpu", weights_only=True)
print(loaded_model.load_state_dict(weights))

model.eval()
loaded_model.eval()
with torch.inference_mode():
    difference = (model(x) - loaded_model(x)).abs().max().item()
print("largest difference of the outputs:", difference)
assert difference == 0

# %%
# ``load_state_dict`` says that all names were found, and the outputs are the same in
# every bit. Call ``eval()`` before you use a loaded network: a new one is in training
# mode, and dropout and batch norm compute differently there.
#
# Save the ``state_dict``, not the model. ``torch.save(model)`` writes the names of your
# classes into the file, and it can no longer be read when you rename or move one.

# %%
# Step 4. Change the device
# -------------------------
#
# The file remembers the device of each tensor, and ``torch.load`` puts it back there
# unless ``map_location`` says otherwise. The device ``meta`` exists on every machine:
# it has shapes, but no numbers.

file_from = model[0].weight.device
for target in (None, "cpu", "meta"):
    weights = torch.load(folder / "weights.pt", map_location=target, weights_only=True)
    loaded_to = weights["0.weight"].device
    print(f"saved on {file_from}   map_location={target!s:<5} loaded to {loaded_to}")
    assert loaded_to == (file_from if target is None else torch.device(target))

# %%
# Without ``map_location``, a file from a GPU asks for that GPU. Ask for one that this
# machine does not have, and see the error.

try:
    torch.load(folder / "weights.pt", map_location="cuda:99", weights_only=True)
except RuntimeError as error:
    message = str(error).split(". ")[0]
print(message)
assert message.startswith("Attempting to deserialize object on")
# sphinx_gallery_compare_block = "shape"

# %%
# This is the message that you get for a file from a GPU that your machine does not
# have. The cure is to write ``map_location="cpu"``, always. ``load_state_dict`` then
# copies the numbers into the parameters, wherever these are, and the model stays on its
# device. So the same two lines bring weights from a GPU to a CPU, from a CPU to a GPU
# and from one GPU to another.

cpu_model = copy.deepcopy(model).cpu()
weights = torch.load(folder / "weights.pt", map_location="cpu", weights_only=True)
model.load_state_dict(weights)
cpu_model.load_state_dict(weights)

with torch.inference_mode():
    same = torch.allclose(model(x).cpu(), cpu_model(x.cpu()), rtol=1e-2, atol=1e-2)
print("both devices give the same outputs:", same)
assert same and model[0].weight.device == x.device
assert cpu_model[0].weight.device.type == "cpu"

# %%
# The same means: to about one hundredth. A GPU adds up in another order than a CPU, so
# its sums are rounded otherwise, and it may compute with fewer digits.

# %%
# Step 5. Do not run what is in a file
# ------------------------------------
#
# ``torch.save`` uses Python's *pickle*, and a pickle can call any function when it is
# read. This file pretends to hold weights.


class Trap:
    def __reduce__(self):
        return print, ("code from the file runs",)


torch.save({"0.weight": Trap()}, folder / "from_the_web.pt")

try:
    torch.load(folder / "from_the_web.pt", weights_only=True)
    refused = False
except UnpicklingError as error:
    refused = True
    print("with weights_only=True:", str(error).split(". ")[0])

print("with weights_only=False:", end=" ")
torch.load(folder / "from_the_web.pt", weights_only=False)
assert refused

# %%
# Here it was only a ``print``. ``weights_only=True`` reads tensors, numbers, text,
# lists and dictionaries, and refuses to call what it does not know. Since PyTorch 2.6
# it is the default. Do not switch it off for a file that you did not write yourself.

# %%
# Step 6. Save a checkpoint
# -------------------------
#
# Adam keeps two running means for each weight, SGD its momentum. Without them a
# training goes on from the right place with the wrong steps. So a checkpoint holds
# everything that the next epoch depends on: the model, the optimizer, the number of the
# epoch, the state of the generator, and a learning rate scheduler if you have one. If
# the network draws random numbers itself, as dropout does, add
# ``torch.get_rng_state()``, and on a GPU the state of the GPU's generator.

checkpoint_file = folder / "checkpoint.pt"


def save_checkpoint(model, optimizer, shuffle, epoch):
    checkpoint = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "shuffle": shuffle.get_state(),
        "epoch": epoch,
    }
    beside = checkpoint_file.with_suffix(".part")
    torch.save(checkpoint, beside)
    beside.replace(checkpoint_file)


def load_checkpoint(model, optimizer, shuffle):
    checkpoint = torch.load(checkpoint_file, map_location="cpu", weights_only=True)
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    shuffle.set_state(checkpoint["shuffle"])
    return checkpoint["epoch"]


save_checkpoint(model, optimizer, shuffle, epoch=40)

# %%
# The file is written beside its place and then renamed. If the program ends in the
# middle of the writing, the checkpoint before is still whole.
#
# ``map_location="cpu"`` serves here as well. The optimizer moves its state to where its
# parameters are, so the model has to be on its device before. And the state of a
# generator of the CPU has to stay on the CPU: loaded onto a GPU, ``set_state`` would
# refuse it.

# %%
# Step 7. Prove that training goes on
# -----------------------------------
#
# Train 20 more epochs in three ways: without a stop; from the checkpoint, in a new
# model with a new optimizer and a new generator; and the same with the optimizer's
# state left out.

without_stop = train(model, optimizer, shuffle, epochs=20)

model, optimizer = make_model_and_optimizer()
shuffle = torch.Generator()
epoch = load_checkpoint(model, optimizer, shuffle)
resumed = train(model, optimizer, shuffle, epochs=20)

model, optimizer = make_model_and_optimizer()
_, unused_optimizer = make_model_and_optimizer()
load_checkpoint(model, unused_optimizer, shuffle)
weights_alone = train(model, optimizer, shuffle, epochs=20)

print("epoch  without stop  resumed   weights alone")
for i in (0, 1, 2, 19):
    print(f"{epoch + i + 1:5d}  {without_stop[i]:.6f}", end="      ")
    print(f"{resumed[i]:.6f}  {weights_alone[i]:.6f}")

assert epoch == 40
assert torch.allclose(torch.tensor(resumed), torch.tensor(without_stop), rtol=1e-3)
assert weights_alone[0] > 2 * without_stop[0], "Adam has to begin anew"
assert without_stop[0] < 1.5 * losses[-1], "the full checkpoint goes on smoothly"

# %%
# The first two columns agree. A program that loads this checkpoint repeats what the
# uninterrupted one did, batch by batch. With the weights alone, the loss of the next
# epoch more than doubles: at its first steps a new Adam moves every weight by about the
# whole learning rate, however small the gradient is.

fig, ax = plt.subplots()
ax.plot(range(21, 41), losses[20:], "C2", label="before the stop")
ax.plot(range(41, 61), weights_alone, "C1", label="resumed, weights alone")
ax.plot(range(41, 61), without_stop, "C0", linewidth=5, alpha=0.4, label="without stop")
ax.plot(range(41, 61), resumed, "C0--", label="resumed, full checkpoint")
ax.axvline(40.5, color="C3", linestyle=":")
ax.set(xlabel="epoch", ylabel="training loss (mean squared error)", ylim=(0, None))
ax.legend()
plt.show()
# sphinx_gallery_alt_block = "Training loss from epoch 21 to 60, with a dotted line after epoch 40, where the training was stopped. The curve that resumes from the full checkpoint lies on the curve without a stop. The curve that resumes from the weights alone jumps up to more than twice the loss, and comes down over several epochs."

temporary.cleanup()

# %%
# The dashed line lies on the broad one. If yours does not, look for a state that is
# missing from the checkpoint.

# %%
# What to remember
# ----------------
#
# - Save ``state_dict()``, not the model. Load with ``map_location="cpu"`` and
#   ``weights_only=True``, and let ``load_state_dict`` bring the numbers to the device.
# - To go on with a training, save the optimizer, the epoch and the generators as well.
# - A jump of the loss right after a restart is the sign of a state that was not saved.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_training_repeatable_training.py`: what else a run needs to be
#   the same twice.
# - :ref:`sphx_glr_recipes_pitfalls_new_optimizer_every_step.py`: what an optimizer
#   without its state does.
# - `torch.load <https://docs.pytorch.org/docs/stable/generated/torch.load.html>`__
# - `torch.nn.Module.load_state_dict
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.load_state_dict>`__
# - `torch.optim.Optimizer.load_state_dict
#   <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.load_state_dict.html>`__

# sphinx_gallery_position = 3
# sphinx_gallery_tags = ["state_dict", "torch.load", "checkpoint", "optimizer", "Adam"]
# sphinx_gallery_cost = "10 s"
# sphinx_gallery_needs = []
