"""
Loading data with Dataset and DataLoader
========================================

Write a ``Dataset`` that returns one sample by its index, and let a ``DataLoader``
shuffle the samples and stack them into batches. Use random transforms in training only,
and pass a seeded ``torch.Generator`` if you need the same order again.
"""

# %%
# In short
# --------
#
# Here is a dataset of ten numbers and their squares:

import matplotlib.pyplot as plt
import torch
from torch.utils.data import DataLoader, Dataset


class Squares(Dataset):
    def __len__(self):
        return 10

    def __getitem__(self, index):
        return torch.tensor([float(index)]), index**2


torch.manual_seed(0)  # the same shuffle each time this page is made
batches = list(DataLoader(Squares(), batch_size=4, shuffle=True))
print(*(f"{tuple(x.shape)} {squares.tolist()}" for x, squares in batches), sep="\n")

assert [len(each) for each, _ in batches] == [4, 4, 2], "the last batch is smaller"
assert sorted(int(each) for numbers, _ in batches for each in numbers) == list(
    range(10)
), "an epoch has each sample once"

# %%
# The ``DataLoader`` turned numbers into tensors and stacked them. Because 10 is not a
# multiple of 4, the last batch is smaller, so use ``len(labels)`` as the number of
# samples, not ``batch_size``. With ``drop_last=True``, that batch is left out.

# %%
# A dataset from your own files
# -----------------------------
#
# Often each class has a folder of images. To have something to load, write 200
# small images of squares and bars, each in a random place:

from pathlib import Path
from tempfile import TemporaryDirectory

from torchvision.datasets.folder import default_loader
from torchvision.transforms import v2

torch.manual_seed(0)
folder = TemporaryDirectory()
for name, height in (("bar", 3), ("square", 8)):
    Path(folder.name, name).mkdir()
    for number in range(100):
        row, column = torch.randint(6, 18, (2,))
        picture = torch.zeros(1, 32, 32, dtype=torch.uint8)
        picture[0, row : row + height, column : column + 8] = 255
        v2.functional.to_pil_image(picture).save(f"{folder.name}/{name}/{number}.png")

# %%
# The dataset lists the files when it is made, and reads a file only when it is asked
# for that sample. So it also works for images that do not fit into memory.


class ImageFiles(Dataset):
    def __init__(self, root, transform):
        self.files = sorted(Path(root).glob("*/*.png"))
        self.classes = sorted({file.parent.name for file in self.files})
        self.labels = [self.classes.index(file.parent.name) for file in self.files]
        self.transform = transform

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        return self.transform(default_loader(self.files[index])), self.labels[index]


to_numbers = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
plain_set = ImageFiles(folder.name, to_numbers)
image, label = plain_set[150]
print(f"{tuple(image.shape)}, {image.dtype}, label {label} of {plain_set.classes}")

assert len(plain_set) == 200, "all files are found"
assert plain_set.classes[label] == "square", "the label is the name of the folder"
assert image.min() == 0, "scaled, the darkest pixel is 0"
assert image.max() == 1, "scaled, the brightest pixel is 1"

# %%
# Sort the files: their order in a folder is not defined. ``default_loader`` reads each
# image with three color channels. For exactly this layout, you can also use
# ``torchvision.datasets.ImageFolder``.

# %%
# Transforms
# ----------
#
# A transform runs each time a sample is read. In training, random ones show the network
# more than the dataset holds. For tests, leave them out, so that every test sees the
# same images. Normalize both with the mean and the standard deviation of the training
# images:

images = torch.stack([image for image, _ in plain_set])
deviation, mean = (value.item() for value in torch.std_mean(images))
normalize = v2.Normalize([mean] * 3, [deviation] * 3)

test_set = ImageFiles(folder.name, v2.Compose([to_numbers, normalize]))
train_transform = v2.Compose([v2.RandomCrop(32, padding=4), to_numbers, normalize])
train_set = ImageFiles(folder.name, train_transform)

different = {}
for name, samples in (("training", train_set), ("test", test_set)):
    different[name] = len({tuple(samples[0][0].flatten().tolist()) for _ in range(10)})
    print(f"{name}: sample 0 read 10 times, distinct images: {different[name]}")

assert different["training"] > 1, "one training sample comes out in several ways"
assert different["test"] == 1, "a test sample is always the same"

# %%
# Here both sets read the same files to keep the page short. In your project, training
# and test images are in different folders. To split off validation data, draw indices
# once; use them in a ``torch.utils.data.Subset`` of a second ``ImageFiles`` without
# random transforms, and train on a ``Subset`` of the rest.

# %%
# Look at a batch
# ---------------
#
# Plot a batch of each dataset. A wrong label, or a mean that was subtracted twice, is
# easy to see in a picture, and hard to find in code. ``imshow`` expects the color
# channels last.

images, labels = next(iter(DataLoader(train_set, batch_size=32, shuffle=True)))
fig, grid = plt.subplots(2, 4, layout="constrained")
for ax, image, label in zip(grid.flat, images, labels, strict=False):
    ax.imshow((image * deviation + mean).clamp(0, 1).permute(1, 2, 0))
    ax.set(title=train_set.classes[label], xticks=[], yticks=[])
plt.show()
# sphinx_gallery_alt_block = "The first eight images of a batch in two rows, each with its class above it: white squares and white bars on black, in different places."

assert images.shape == (32, 3, 32, 32), "a batch: images, channels, height, width"
assert labels.dtype == torch.int64, "labels come as 64-bit integers"

# %%
# Workers
# -------
#
# With ``num_workers=2``, two other processes read and transform the samples while your
# own trains. This pays off when a sample takes long to read, such as a large photo. For
# small images, keep the whole set as one tensor, as
# :ref:`sphx_glr_recipes_gradients_zeroing_out_gradients.py` does.
#
# On Windows and macOS, and on Linux since Python 3.14, a worker first imports your
# script. So the code that starts the workers needs a guard:
#
# .. code-block:: python
#
#    def main():
#        loader = DataLoader(train_set, batch_size=32, shuffle=True, num_workers=2)
#        for images, labels in loader:
#            images, labels = images.to(device), labels.to(device)
#
#
#    if __name__ == "__main__":
#        main()
#
# The dataset and its transforms have to be defined at the top of a module, and none
# may be a ``lambda``. In a notebook, put them into a module. With ``num_workers=0``,
# the default, none of this is needed.
#
# Batches arrive on the CPU, so move them with ``.to(device)``, in the loop rather than
# in the dataset. With an NVIDIA GPU, ``pin_memory=True`` and
# ``.to(device, non_blocking=True)`` let the copy overlap with computing. If epochs are
# short, ``persistent_workers=True`` keeps the workers for the next one.

# %%
# The same batches again
# ----------------------
#
# Two things are random: the order, which the loader's ``generator`` decides, and the
# transforms, which without workers draw from PyTorch's global generator.


def first_batch(seed, seed_crops=False):
    if seed_crops:
        torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    loader = DataLoader(train_set, batch_size=32, shuffle=True, generator=generator)
    return next(iter(loader))


batch, again, other = first_batch(seed=0), first_batch(seed=0), first_batch(seed=1)
for name, (_, labels) in (("seed 0", batch), ("again ", again), ("seed 1", other)):
    print(name, labels[:20].tolist())

assert torch.equal(batch[1], again[1]), "the generator repeats the order"
assert not torch.equal(batch[0], again[0]), "the generator does not repeat the crops"
assert not torch.equal(batch[1], other[1]), "a different seed changes the order"

# %%
# The generator repeats the order, as the labels show. The random crops still differ. To
# repeat them, too, call ``torch.manual_seed`` before each epoch that you compare, as
# ``first_batch`` does with ``seed_crops=True``. With workers, the generator is enough,
# because it also draws their seeds, but the number of workers has to stay the same.

assert torch.equal(
    first_batch(seed=0, seed_crops=True)[0], first_batch(seed=0, seed_crops=True)[0]
), "with both seeds, the crops are the same, too"

# %%
# Why it happens
# --------------
#
# The ``DataLoader`` asks its sampler for indices, and with ``shuffle=True`` the sampler
# draws a permutation from the generator for each epoch. For each index, the loader
# calls ``dataset[index]``, and its ``collate_fn`` stacks the results. Nothing is kept,
# so transforms run again in each epoch.

# %%
# In your own code
# ----------------
#
# Print this before you train. After normalizing, 0 has to be inside the range. Each
# class should have about as many samples as you expect:


def describe(images, labels):
    print(f"{tuple(images.shape)} from {images.min():.1f} to {images.max():.1f}")
    print("samples of each class:", labels.bincount().tolist())


images, labels = next(iter(DataLoader(test_set, batch_size=200)))
describe(images, labels)

assert abs(images.mean()) < 0.01, "normalized, the mean is 0"
assert abs(images.std() - 1) < 0.01, "normalized, the standard deviation is 1"
assert labels.bincount().tolist() == [100, 100], "each class has 100 samples"

# %%
# Try it
# ------
#
# A dataset keeps a generator of its own for its noise. What do two workers draw?
#
# **Solution**

import sys


class Noise(Dataset):
    generator = torch.Generator().manual_seed(0)

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return torch.randint(1000, (), generator=self.generator)


if sys.platform == "linux":
    loader = DataLoader(Noise(), num_workers=2, multiprocessing_context="fork")
    drawn = [number.item() for number in loader]
    print(drawn)
    assert drawn[::2] == drawn[1::2], "both workers draw the same numbers"

# %%
# They draw the same numbers, because each worker gets a copy of the generator. PyTorch
# seeds the global generators of ``torch``, ``random`` and NumPy in each worker, but not
# yours.
# Draw from the global one, or seed yours in a ``worker_init_fn``, a function that each
# worker calls when it starts.

# %%
# Remember
# --------
#
# - A ``Dataset`` returns one sample, and a ``DataLoader`` makes batches of them.
# - Random transforms are for training, and run each time a sample is read.
# - The loader's ``generator`` decides the order, and the seeds of its workers.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_training_repeatable_training.py`: what else a run needs to be
#   the same twice.
# - :ref:`sphx_glr_recipes_training_defining_a_neural_network.py`: the network that
#   takes the batches.
# - `torch.utils.data <https://docs.pytorch.org/docs/stable/data.html>`__
# - `torchvision.transforms.v2
#   <https://docs.pytorch.org/vision/stable/transforms.html>`__

# sphinx_gallery_position = 1
# sphinx_gallery_tags = ["DataLoader", "transforms", "workers", "seeds"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
