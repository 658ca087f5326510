"""
Loading data
============

A network trains on batches of tensors, and a data set on the disk is images and labels,
one by one. Two objects stand between them, a ``Dataset`` and a ``DataLoader``, and both
hold surprises for those who want the same batches twice.

What you will learn
-------------------

- What a data set returns, and how transforms turn an image into a normalized tensor.
- How a ``DataLoader`` makes shuffled batches, and what one batch looks like.
- How worker processes load batches, and what your script needs for them.
- How to seed the order and the random transforms, with workers and without.

What you need
-------------

- ``torch``, ``torchvision`` and ``matplotlib``.
- The Fashion-MNIST data set, about 30 MB. The script downloads it once.
- About 15 seconds on two CPU cores. No GPU is used.
"""

# %%
# Step 1. Open a data set
# -----------------------
#
# A data set answers two questions: how many samples it has, and what sample number
# ``i`` is. A sample of ``torchvision`` is a pair of an image and a label.

import sys

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset, get_worker_info
from torchvision import datasets
from torchvision.transforms import v2

dataset = datasets.FashionMNIST

raw_set = dataset(root="data", train=True, download=True)
image, label = raw_set[0]
print("samples:", len(raw_set))
print("image:  ", type(image).__name__, image.size)
print("label:  ", label, "is", raw_set.classes[label])

# %%
# The image is a picture object of the library Pillow. A network cannot compute with
# that. The label is the number of a class.

# %%
# Step 2. Turn images into tensors
# --------------------------------
#
# Transforms do this. ``ToImage`` makes a tensor of bytes from the picture, ``ToDtype``
# makes floating-point numbers from 0 to 1 of them, and ``Normalize`` brings them to a
# mean of 0 and a standard deviation of 1. Measure the mean and the deviation first, on
# the training images. The first 2,000 of them are enough for this.

to_numbers = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
images = torch.stack([to_numbers(raw_set[i][0]) for i in range(2000)])
deviation, mean = torch.std_mean(images, dim=(0, 2, 3))
print("mean and deviation of each channel:", mean, deviation)

normalize = v2.Normalize(mean.tolist(), deviation.tolist())
height, width = images.shape[2:]

# %%
# Transforms may be random. ``RandomCrop`` moves the image by up to two pixels, and
# ``RandomHorizontalFlip`` mirrors it with a probability of one half. Such changes
# belong to training only: they show the network more than the data set holds. A test
# has to be the same each time.

test_transform = v2.Compose([to_numbers, normalize])
train_transform = v2.Compose(
    [
        v2.RandomCrop((height, width), padding=2),
        v2.RandomHorizontalFlip(),
        to_numbers,
        normalize,
    ]
)
train_set = dataset(root="data", train=True, transform=train_transform)
test_set = dataset(root="data", train=False, transform=test_transform)

# %%
# Read one sample of each data set ten times.

torch.manual_seed(0)
for name, samples in (("training", train_set), ("test", test_set)):
    readings = torch.stack([samples[0][0] for _ in range(10)])
    different = len(readings.unique(dim=0))
    print(f"{name:<8} shape {tuple(readings[0].shape)}, different images: {different}")
    assert (different > 1) == (name == "training"), "only training has random changes"

# %%
# A data set does not keep what its transforms return. They run each time that a sample
# is read, so one training image comes out in several ways, and one test image in one.

# %%
# Step 3. Make batches
# --------------------
#
# A ``DataLoader`` reads samples and stacks them. ``shuffle=True`` gives a new order in
# each epoch, which is what training needs. For a test, leave it out. To keep this page
# quick, it reads the first 2,000 samples only.

train_set = Subset(train_set, range(2000))
loader = DataLoader(train_set, batch_size=64, shuffle=True)

batch_images, batch_labels = next(iter(loader))
print("batches:", len(loader))
print("images: ", tuple(batch_images.shape), batch_images.dtype)
print("labels: ", tuple(batch_labels.shape), batch_labels.dtype)

sizes = [len(labels) for _, labels in loader]
print("first batch:", sizes[0], "  last batch:", sizes[-1])
assert len(loader) == 32 and sizes[:-1] == [64] * 31
assert sizes[-1] == 2000 - 31 * 64, "the last batch holds what is left"

# %%
# 2,000 is not a multiple of 64, so the last batch is smaller. ``drop_last=True`` leaves
# it out. In your loop, never take ``batch_size`` for the number of samples: ask
# ``len(labels)``.

# %%
# Step 4. Look at a batch
# -----------------------
#
# Do this once for every data set that you train on. A wrong label, an image upside down
# or a mean that was subtracted twice are easier to see than to find. ``imshow`` expects
# the color channels last.

fig, grid = plt.subplots(3, 8, figsize=(9, 4.2), layout="constrained")
for ax, image, label in zip(grid.flat, batch_images, batch_labels, strict=False):
    pixels = image * deviation[:, None, None] + mean[:, None, None]
    ax.imshow(pixels.clamp(0, 1).permute(1, 2, 0), cmap="gray", vmin=0, vmax=1)
    ax.set_title(raw_set.classes[label], fontsize=9)
    ax.axis("off")
plt.show()
# sphinx_gallery_alt_block = "The first 24 images of a batch in three rows, each with the name of its class above it: small gray photographs of clothes, shoes and bags on black, some of them mirrored or moved by a pixel or two."

# %%
# Names and pictures fit. The mean and the deviation were put back for the picture, and
# the random changes are visible: some shoes point left, others right.

# %%
# Step 5. Let workers load
# ------------------------
#
# With ``num_workers=2``, two other processes read and transform samples while your own
# trains. How they begin depends on the system:
#
# - A *forked* worker is a copy of your process. Linux forks by default up to Python
#   3.13.
# - A *spawned* worker is a new Python, which first imports your script. That is the
#   default on macOS and Windows. The ``forkserver`` of Linux since Python 3.14 asks the
#   same of your script.
#
# For spawned workers, two things must be so. Your data set, its transforms and your
# functions are defined in a module, or in the script outside of any function, and none
# is a ``lambda``. And what starts the workers stands under a guard, or each worker
# would begin by starting workers:
#
# .. code-block:: python
#
#    def main():
#        loader = DataLoader(train_set, batch_size=64, shuffle=True, num_workers=2)
#        for images, labels in loader:
#            ...
#
#
#    if __name__ == "__main__":
#        main()
#
# In a notebook there is no script to import, so there spawned workers need your classes
# in a module. ``num_workers=0`` works everywhere: your own process loads. This page has
# no guard, so it takes workers only where it can fork them.

if sys.platform == "linux":
    workers = {"num_workers": 2, "multiprocessing_context": "fork"}
else:
    workers = {"num_workers": 0}


class WhoReads(Dataset):
    """Four samples. Each is the number of the worker that reads it."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        info = get_worker_info()
        return "no worker" if info is None else f"worker {info.id}"


readers = [reader for [reader] in DataLoader(WhoReads(), **workers)]
print(readers)
assert readers == ["worker 0", "worker 1"] * 2 or not workers["num_workers"]

# %%
# The batches go round: worker 0 makes the first, worker 1 the second, worker 0 the
# third. They come back in this order even if one of the workers is slow.
#
# Workers pay off when reading a sample takes long: large photographs, many transforms.
# For small images like these there is a better way. Transform the whole set once, keep
# it as one tensor, and take batches by index, as
# :ref:`sphx_glr_recipes_gradients_zeroing_out_gradients.py` does.

# %%
# Step 6. Seed the batches
# ------------------------
#
# Two things are random: the order of the samples, and the random transforms. The
# ``generator`` of the ``DataLoader`` decides on the order, and on the seeds of its
# workers.


def make_loader(seed):
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(
        train_set, batch_size=64, shuffle=True, generator=generator, **workers
    )


def read_epoch(loader):
    """Return all images and all labels of one pass, in the order they came."""
    images, labels = zip(*loader, strict=True)
    return torch.cat(images), torch.cat(labels)


loader = make_loader(seed=0)
images, labels = read_epoch(loader)
nn.Linear(8, 8)  # a new network draws random numbers, too
others = {
    "same seed, first epoch": read_epoch(make_loader(seed=0)),
    "same seed, second epoch": read_epoch(loader),
    "another seed": read_epoch(make_loader(seed=1)),
}

# %%
# Compare each of the three with the first.

print(f"{'compared with seed 0, first epoch':36}order     images")
for name, (other_images, other_labels) in others.items():
    same_order = torch.equal(labels, other_labels)
    same_images = torch.equal(images, other_images)
    words = ["the same" if same else "other" for same in (same_order, same_images)]
    print(f"{name:36}{words[0]:10}{words[1]}")

    assert same_order == (name == "same seed, first epoch")
    assert same_images == (same_order and workers["num_workers"] > 0)

# %%
# A new loader with the same seed gives the same images, pixel by pixel, whatever else
# drew random numbers in between. The second epoch of a loader has another order and
# other changes, as it should: the generator goes on, and each epoch draws new seeds for
# the workers.
#
# Without workers, the transforms run in your own process and draw from PyTorch's global
# generator. The order is the same there, the images are not. Call ``torch.manual_seed``
# as well, before the first epoch.

# %%
# Step 7. Beware of a generator in the data set
# ---------------------------------------------
#
# In each worker, PyTorch seeds ``torch``, ``random`` and, if it is installed, NumPy's
# ``numpy.random``, each worker with another seed. It knows nothing of a generator that
# you keep in your data set. A copy of that goes to every worker, and all copies are in
# the same state.


class Noise(Dataset):
    def __init__(self):
        self.generator = torch.Generator().manual_seed(0)

    def __len__(self):
        return 4

    def __getitem__(self, index):
        own = torch.randint(1_000_000, (1,), generator=self.generator)
        return torch.rand(1).item(), own.item()


def seed_own_generator(_worker):
    """Called in each worker before it reads anything."""
    get_worker_info().dataset.generator.manual_seed(torch.initial_seed())


def draw(worker_init_fn=None):
    order = torch.Generator().manual_seed(0)
    loader = DataLoader(
        Noise(), generator=order, worker_init_fn=worker_init_fn, **workers
    )
    return [(drawn.item(), own.item()) for drawn, own in loader]


print("         torch.rand  own generator  own generator, seeded")
rows = zip(draw(), draw(seed_own_generator), strict=True)
for sample, ((drawn, own), (_, seeded)) in enumerate(rows):
    print(f"sample {sample}   {drawn:.4f}  {own:13,}  {seeded:21,}")

if workers["num_workers"]:
    assert len({own for _, own in draw()}) == 2, "both workers drew the same numbers"
    assert len({own for _, own in draw(seed_own_generator)}) == 4
    assert len({drawn for drawn, _ in draw()}) == 4, "PyTorch seeds its own"
    noise = DataLoader(Noise(), **workers)
    epochs = [[own.item() for _, own in noise] for epoch in range(2)]
    assert epochs[0] == epochs[1], "new workers begin with the same copy"

# %%
# In the middle column each number appears twice, once from each worker. The next epoch
# starts new workers with the same copy, so it repeats them all. No error says so.
# ``worker_init_fn`` mends it: it runs in each worker, where ``torch.initial_seed()`` is
# that worker's own seed, another one in each epoch.
#
# Another number of workers gives other random numbers, even with the same seeds. Write
# it down with the seed.

# %%
# What to remember
# ----------------
#
# - A ``Dataset`` returns one sample and transforms it at each reading. A ``DataLoader``
#   makes batches, the last of which may be smaller.
# - Workers need a guard, ``if __name__ == "__main__":``, wherever they are not forked.
#   ``num_workers=0`` works everywhere.
# - The ``generator`` of a ``DataLoader`` seeds its order and its workers. A generator
#   of your own needs a ``worker_init_fn``. Without workers, call ``torch.manual_seed``
#   as well.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_training_repeatable_training.py`: what else a run needs to
#   be the same twice.
# - :ref:`sphx_glr_recipes_training_defining_a_neural_network.py`: what to feed the
#   batches to.
# - `torch.utils.data <https://docs.pytorch.org/docs/stable/data.html>`__
# - `torchvision.transforms.v2
#   <https://docs.pytorch.org/vision/stable/transforms.html>`__

# sphinx_gallery_position = 1
# sphinx_gallery_tags = ["DataLoader", "transforms", "workers", "seeds"]
# sphinx_gallery_cost = "15 s"
# sphinx_gallery_needs = ["Fashion-MNIST"]
