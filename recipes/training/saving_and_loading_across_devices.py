"""
Saving and loading models across devices
========================================

Save the weights, ``model.state_dict()``, and load them with ``torch.load(file,
map_location="cpu")`` and ``model.load_state_dict``: this works whether the model was on
a CPU or a GPU. To resume training, save the optimizer, the epoch and the random state,
too.
"""

# %%
# In short
# --------

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import torch
from torch import nn

device = torch.accelerator.current_accelerator(check_available=True) or "cpu"
model = nn.Linear(3, 1).to(device)
folder = TemporaryDirectory()
file = Path(folder.name) / "weights.pt"
torch.save(model.state_dict(), file)

loaded_model = nn.Linear(3, 1).to(device)
weights = torch.load(file, map_location="cpu")
print(loaded_model.load_state_dict(weights))

# %%
# ``load_state_dict`` copies the numbers into the parameters, and these stay on their
# device. Before you predict with a loaded network, call ``model.eval()``, because a new
# network is in training mode.
#
# Save the ``state_dict``, not the model: since PyTorch 2.6, ``torch.load`` refuses a
# file made by ``torch.save(model, file)`` by default ("Weights only load failed"), and
# with ``weights_only=False``, it can't read it once you rename or move your classes.

assert torch.equal(loaded_model.weight, model.weight), "the loaded weights are the same"
assert loaded_model.weight.device == model.weight.device, "they stay on its device"

# %%
# Where the tensors of a file go
# ------------------------------
#
# A file remembers the device of each tensor, and ``torch.load`` puts it back there
# unless ``map_location`` says otherwise. You can see this on any machine, because the
# device ``meta``, which has shapes but no numbers, exists everywhere:

loaded_to = {}
for target in (None, "cpu", "meta"):
    loaded_to[target] = torch.load(file, map_location=target)["weight"].device
    print(
        f"saved on {device}   map_location={target!s:<5} loaded to", loaded_to[target]
    )

assert loaded_to[None] == model.weight.device, "by default, tensors go where they were"
assert loaded_to["cpu"].type == "cpu", "map_location='cpu' loads to the CPU"
assert loaded_to["meta"].type == "meta", "map_location='meta' loads to the device meta"

# %%
# Without ``map_location``, a file from a GPU asks for that GPU. On a machine that does
# not have it, ``torch.load`` fails:

try:
    torch.load(file, map_location="cuda:99")
except RuntimeError as error:
    message = str(error)
print(f"RuntimeError: {message}")
# sphinx_gallery_compare_block = "shape"

# %%
# The fix is ``map_location="cpu"``. It is a good habit on a machine with a GPU, too,
# because the file then takes no GPU memory of its own.

assert message.startswith("Attempting to deserialize"), "a missing device is an error"

# %%
# Names that do not match
# -----------------------
#
# ``nn.DataParallel`` and ``DistributedDataParallel`` wrap a model and put ``module.``
# before each name, so the plain model does not find its weights:

from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present

wrapped = nn.DataParallel(model).state_dict()
print(list(wrapped))
try:
    loaded_model.load_state_dict(wrapped)
except RuntimeError as error:
    message = f"{type(error).__name__}: {error}"
print(message)

consume_prefix_in_state_dict_if_present(wrapped, "module.")
print(loaded_model.load_state_dict(wrapped))

# %%
# To avoid this, save ``wrapped_model.module.state_dict()``. A model that went through
# ``torch.compile`` has the prefix ``_orig_mod.`` instead. Don't use ``strict=False`` to
# silence the error, because names that do not fit are then not loaded at all.

assert 'Missing key(s) in state_dict: "weight", "bias"' in message, (
    "with the prefix, the plain model does not find its weights"
)
assert list(wrapped) == ["weight", "bias"], "without the prefix, the names fit"

# %%
# A file can run code
# -------------------
#
# ``torch.save`` uses Python's *pickle*, which can call any function when it is read.
# So by default, ``torch.load`` refuses whole models, and this ``Trap``:

from pickle import UnpicklingError


class Trap:
    def __reduce__(self):
        return print, ("code from the file runs",)


refused = {}
unsafe = Path(folder.name) / "unsafe.pt"
for each in (model, Trap()):
    torch.save(each, unsafe)
    try:
        torch.load(unsafe)
    except UnpicklingError as error:
        refused[each] = str(error).split(". ")[0]
        print(f"{type(each).__name__}:\n{type(error).__name__}: {refused[each]}")
torch.load(unsafe, weights_only=False)

assert len(refused) == 2, "by default, a whole model and the trap are refused"
for message in refused.values():
    assert message == "Weights only load failed", "the error names weights_only"

# %%
# Since PyTorch 2.6, ``weights_only=True`` is the default. It reads tensors, numbers,
# text, lists and dictionaries, and refuses to call functions that it does not know.
# With ``False``, the function ran: here it was only a ``print``. So use ``False``
# only for files that you wrote yourself.

# %%
# Resume training
# ---------------
#
# A checkpoint holds everything that the next step depends on. Here, that means the
# weights, the running means of Adam, and the state of the generator that shuffles:

torch.manual_seed(0)
x = torch.linspace(-2, 2, 256).unsqueeze(1)
y = torch.sin(3 * x) + 0.1 * torch.randn(256, 1)
x, y = x.to(device), y.to(device)


def start():
    """Return a new model, its optimizer and the generator that shuffles."""
    model = nn.Sequential(nn.Linear(1, 64), nn.Tanh(), nn.Linear(64, 1)).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    return model, optimizer, torch.Generator().manual_seed(0)


def train(model, optimizer, shuffle, epochs):
    """Train, and return the weights after each step."""
    history = []
    for _ in epochs:
        for batch in torch.randperm(256, generator=shuffle).split(32):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
            history.append(nn.utils.parameters_to_vector(model.parameters()).detach())
    return torch.stack(history).cpu()


model, optimizer, shuffle = start()
train(model, optimizer, shuffle, range(20))
checkpoint = {
    "model": model.state_dict(),
    "optimizer": optimizer.state_dict(),
    "shuffle": shuffle.get_state(),
    "epoch": 20,
}
torch.save(checkpoint, file)
reference = train(model, optimizer, shuffle, range(20, 40))

# %%
# The last line trains 20 more epochs without a stop. Now resume from the file in three
# ways, and measure how far the weights are from those of the uninterrupted run. The
# loss would not tell: an incomplete checkpoint can end with a lower one by chance.


def resume(leave_out):
    """Return the distance to the uninterrupted run after each step."""
    model, optimizer, shuffle = start()
    loaded = torch.load(file, map_location="cpu")
    model.load_state_dict(loaded["model"])
    if leave_out != "optimizer":
        optimizer.load_state_dict(loaded["optimizer"])
    if leave_out != "shuffle":
        shuffle.set_state(loaded["shuffle"])
    weights = train(model, optimizer, shuffle, range(loaded["epoch"], 40))
    return (weights - reference).norm(dim=1) / reference.norm(dim=1)


fig, ax = plt.subplots()
distances = {}
for color, name in (("C0", "nothing"), ("C1", "shuffle"), ("C2", "optimizer")):
    distances[name] = resume(leave_out=name)
    ax.plot(range(1, 161), distances[name], color, label=f"{name} left out")
ax.set(xlabel="step after the checkpoint", ylabel="relative distance of the weights")
ax.legend()
plt.show()
# sphinx_gallery_alt_block = "Relative distance to the uninterrupted run over 160 steps after the checkpoint, in three curves. With nothing left out it is zero throughout. With the generator or the optimizer left out, it rises from the first steps and stays above zero."

# %%
# With the full checkpoint, the distance is zero: the run goes on as if it had never
# stopped; on a GPU, rounding may add a little. Without the generator, the batches come
# in a different order. Without the optimizer, a new Adam moves each weight by about the
# learning rate at its first step.

assert distances["nothing"].max() <= (0 if str(device) == "cpu" else 1e-4), (
    "the full checkpoint repeats the run"
)
assert distances["shuffle"].max() > 1e-3, "without the generator, the run differs"
assert distances["optimizer"].max() > 1e-2, "without the optimizer, the run differs"

# %%
# Also save the learning rate scheduler and the ``GradScaler`` if you have them. If the
# network draws random numbers, as dropout does, save ``torch.get_rng_state()``, and on
# a GPU ``torch.cuda.get_rng_state_all()``. If you use ``random`` or NumPy, add their
# states, NumPy's array as a list (``.tolist()``), because ``torch.load`` refuses NumPy
# arrays and numbers.

# %%
# Why it happens
# --------------
#
# A ``state_dict`` maps names to tensors: parameters, and buffers such as the running
# mean of batch norm. A file stores for each tensor its numbers, its shape and its
# device. It does not store your class, so you build the model first.
#
# ``optimizer.load_state_dict`` moves its state to the device of the parameters, which
# is why the model has to be on its device first. The state of a CPU generator has to
# stay on the CPU, and with ``map_location="cpu"`` it does.

# %%
# In your own code
# ----------------
#
# Write a temporary file and rename it. If the program stops in the middle, the previous
# checkpoint is still intact:


def save(checkpoint, path):
    """Replace the file as a whole."""
    part = path.with_name(path.name + ".part")
    torch.save(checkpoint, part)
    part.replace(path)


save(checkpoint, file)

assert torch.load(file)["epoch"] == 20, "the new file is in its place"
assert [each for each in file.parent.iterdir() if each.suffix == ".part"] == [], (
    "no partial file is left over"
)

# %%
# To find out whether your checkpoint is complete, do as above: train two steps, and
# compare with one step, a checkpoint and another step.

# %%
# Try it
# ------
#
# You keep your best epoch as ``best = model.state_dict()`` and train on. What is in
# ``best`` at the end?
#
# **Solution**

from copy import deepcopy

best, copied = model.state_dict(), deepcopy(model.state_dict())
before = copied["0.bias"].clone()
train(model, optimizer, shuffle, range(1))
print("kept is unchanged:  ", torch.equal(best["0.bias"], before))
print("copied is unchanged:", torch.equal(copied["0.bias"], before))
folder.cleanup()

assert not torch.equal(best["0.bias"], before), "a kept state_dict changes in training"
assert torch.equal(copied["0.bias"], before), "a copied state_dict does not change"

# %%
# The last epoch: the tensors in a ``state_dict`` share their memory with the model.
# Copy it with ``deepcopy``, or save it to a file.

# %%
# Remember
# --------
#
# - Save the ``state_dict``, and load it with ``map_location="cpu"``.
# - A checkpoint also holds the optimizer, the epoch and the state of all generators:
#   the CPU's, those of the GPUs, and your own.
# - To check it, compare with an uninterrupted run by the weights, not by the loss.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_training_repeatable_training.py`: what else a run needs to be
#   the same twice.
# - :ref:`sphx_glr_recipes_pitfalls_new_optimizer_every_step.py`: what an optimizer does
#   without its state.
# - `torch.load <https://docs.pytorch.org/docs/stable/generated/torch.load.html>`__
# - `torch.nn.Module.load_state_dict
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.load_state_dict>`__

# sphinx_gallery_position = 4
# sphinx_gallery_tags = ["state_dict", "torch.load", "checkpoint", "optimizer", "Adam"]
# sphinx_gallery_cost = "4 s"
# sphinx_gallery_needs = []
