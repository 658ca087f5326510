"""
Training on several GPUs with DistributedDataParallel
=====================================================

Start one process for each GPU with ``torchrun``, wrap the model in
``DistributedDataParallel`` (DDP), and give each process its own part of the data. In
``backward()``, DDP replaces the gradients of each process with their mean over all
processes, so each takes the step of one process with the whole batch. “Expected to have
finished reduction” means that some parameter got no gradient.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#    +local_rank = int(os.environ["LOCAL_RANK"])
#    +torch.cuda.set_device(local_rank)
#    +dist.init_process_group()
#    +model = DistributedDataParallel(model.cuda(), device_ids=[local_rank])
#    +sampler = DistributedSampler(data)
#    -loader = DataLoader(data, batch_size=16, shuffle=True)
#    +loader = DataLoader(data, batch_size=8, sampler=sampler)
#     for epoch in range(3):
#    +    sampler.set_epoch(epoch)
#         for inputs, targets in loader:
#
# .. code-block:: console
#
#    $ torchrun --nproc-per-node=2 train.py
#
# If the loss is a mean and the parts are equally large, the mean of their gradients is
# the gradient of the whole batch:

import torch

weight = torch.tensor(1.0, requires_grad=True)
batch = torch.tensor([1.0, 2.0, 3.0, 6.0])


def gradient(inputs):
    loss = (weight * inputs).square().mean()
    return torch.autograd.grad(loss, weight)[0].item()


first, second = map(gradient, batch.chunk(2))
print("parts:", first, second, " whole batch:", gradient(batch))

assert gradient(batch) == (first + second) / 2 == 25, "the mean of 5 and 45 is 25"

# %%
# A script for two processes
# --------------------------
#
# ``train`` is the whole script as a function, and ``descend`` is its loop. The function
# ``torchrun`` writes them into a file and runs it in two CPU processes. Each learns its
# *rank*, 0 or 1, from environment variables.

import inspect
import sys
from pathlib import Path
from subprocess import PIPE, Popen
from tempfile import TemporaryDirectory


def make_data():
    torch.manual_seed(0)
    inputs = torch.randn(64, 2)
    targets = inputs @ torch.tensor([[3.0], [-1.0]]) + torch.randn(64, 1)
    return torch.utils.data.TensorDataset(inputs, targets)


def descend(model, loader):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(3):
        loader.sampler.set_epoch(epoch)
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(model(inputs), targets)
            loss.backward()
            optimizer.step()
    return round(loss.item(), 3)


def show(name, value):
    """Print a value of both processes, once."""
    values = [None, None]
    torch.distributed.all_gather_object(values, value)
    if torch.distributed.get_rank() == 0:
        print(f"{name:23}", *values)


def train():
    torch.distributed.init_process_group("gloo")  # on NVIDIA GPUs: "nccl"
    data = make_data()
    sampler = torch.utils.data.DistributedSampler(data)
    loader = torch.utils.data.DataLoader(data, batch_size=8, sampler=sampler)
    model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 1))
    show("samples", len(sampler))
    show("last loss", descend(model, loader))
    show("weights", [round(each, 3) for each in model.module.weight[0].tolist()])
    torch.distributed.destroy_process_group()


def torchrun(*functions):
    """Call the last function in two processes, and return what they print."""
    parts = ["import torch", *map(inspect.getsource, functions)]
    script = "\n\n".join([*parts, f"{functions[-1].__name__}()\n"])
    with TemporaryDirectory() as folder:
        path = Path(folder, "train.py")
        path.write_text(script, "utf-8")
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        command += ["--nproc-per-node=2", f"--log-dir={folder}", str(path)]
        with Popen(command, stdout=PIPE, stderr=PIPE, text=True) as process:
            try:
                printed, errors = process.communicate(timeout=120)
            finally:
                process.terminate()  # if it still runs, it ends its processes
    if process.returncode:
        raise RuntimeError(errors)
    return printed


printed = torchrun(make_data, descend, show, train)
print(printed)

# %%
# Each process has 32 of the 64 samples. Their losses differ with their batches, but
# their weights are the same. One process with batches of 16 gets there, too:

data = make_data()
model = torch.nn.Linear(2, 1)
sampler = torch.utils.data.DistributedSampler(data, num_replicas=1, rank=0)
descend(model, torch.utils.data.DataLoader(data, batch_size=16, sampler=sampler))
weights = [round(each, 3) for each in model.weight[0].tolist()]
print("one process:           ", weights)

assert f"{'samples':23} 32 32" in printed, "each process has 32 of the 64 samples"
assert f"{'weights':23} {weights} {weights}" in printed, (
    "two processes end at the weights of one with twice the batch, to three digits"
)

# %%
# A different part in every epoch
# -------------------------------
#
# ``DistributedSampler`` deals the samples out like cards: each process shuffles with
# the same seed, to which the epoch is added, and takes every second one.

deal = torch.utils.data.DistributedSampler
samplers = [deal(range(8), num_replicas=2, rank=rank) for rank in (0, 1)]
for epoch in (0, 1):
    for sampler in samplers:
        sampler.set_epoch(epoch)
    print(f"epoch {epoch}:", *map(list, samplers))

# %%
# Without ``set_epoch()``, every epoch silently has the order of epoch 0.

assert list(samplers[0]) == list(samplers[0]), "without set_epoch, the order stays"
assert list(samplers[0]) != list(deal(range(8), 2, 0)), "with set_epoch, it changes"
assert sorted([*samplers[0], *samplers[1]]) == list(range(8)), "each sample is in one"

# %%
# Gradients that are not averaged
# -------------------------------
#
# DDP averages in a ``backward()`` after a forward pass through the wrapper. Here the
# inputs are 1 in one process and 2 in the other, and so are the gradients of ``layer``;
# their mean is 1.5.


def average():
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(1, 1, bias=False)
            self.spare = torch.nn.Linear(1, 1, bias=False)

        def forward(self, inputs, skip=False):
            return self.layer(inputs) + (0 if skip else self.spare(inputs))

    def look(name, outputs):
        outputs.backward()
        show(name, layer.grad.item())
        layer.grad = None

    torch.distributed.init_process_group("gloo")
    rank = torch.distributed.get_rank()
    inputs = torch.full((1, 1), rank + 1.0)
    model = torch.nn.parallel.DistributedDataParallel(Model())
    layer, spare = model.parameters()
    look("model(inputs)", model(inputs))
    with model.no_sync():
        model(inputs).backward()
    show("no_sync()", layer.grad.item())
    look("then model(inputs)", model(inputs))
    look("model.module(inputs)", model.module(inputs))
    look("spare is not used", model(inputs, skip=True))
    wrap = torch.nn.parallel.DistributedDataParallel
    finding = wrap(Model(), find_unused_parameters=True)
    layer, spare = finding.parameters()
    look("find_unused_parameters", finding(inputs, skip=rank == 1))
    show("  gradient of spare", spare.grad.item())
    for attempt in (
        lambda: model(inputs, skip=True),
        lambda: look("", finding(inputs, skip=True) + finding.module.spare(inputs)),
    ):
        try:
            attempt()
        except RuntimeError as error:
            if rank == 0:
                print(f"\n{type(error).__name__}: {error}")
    torch.distributed.destroy_process_group()


printed = torchrun(show, average)
print(printed)

# %%
# - ``no_sync()`` is for accumulating: nothing is sent until the last small batch, and
#   then the mean covers all of them (1 + 1 and 2 + 2, so 3). The forward pass has to be
#   inside, too:
#
#   .. code-block:: py
#
#      is_last = index % 4 == 3
#      with nullcontext() if is_last else model.no_sync():
#          loss = loss_function(model(inputs), targets) / 4
#          loss.backward()
#
# - ``model.module(inputs)`` bypasses the wrapper: nothing is averaged, there is no
#   error, and the weights drift apart.
# - If ``spare`` is not used, DDP waits for its gradient in vain: here, not even the
#   gradient of ``layer`` is averaged. The *next* forward pass raises the first error.
# - With ``find_unused_parameters=True``, the process that did not use ``spare``
#   contributes a gradient of 0.

assert f"{'model(inputs)':23} 1.5 1.5" in printed, "backward leaves the mean in both"
assert f"{'no_sync()':23} 1.0 2.0" in printed, "inside no_sync, nothing is averaged"
assert f"{'then model(inputs)':23} 3.0 3.0" in printed, "after it, the sum of both is"
assert f"{'model.module(inputs)':23} 1.0 2.0" in printed, (
    "around the wrapper, nothing is"
)
assert f"{'spare is not used':23} 1.0 2.0" in printed, "nor with a gradient missing"
assert f"{'find_unused_parameters':23} 1.5 1.5" in printed, "with the option, layer is"
assert f"{'  gradient of spare':23} 0.5 0.5" in printed, "1 and no gradient make 0.5"
assert "Expected to have finished reduction" in printed, "the next forward pass raises"
assert "Expected to mark a variable ready only once" in printed, (
    "a parameter that is used outside of forward is marked twice"
)

# %%
# "Expected to have finished reduction in the prior iteration"
# ------------------------------------------------------------
#
# The message counts parameters from 0. With the environment variable
# ``TORCH_DISTRIBUTED_DEBUG=INFO``, it names them.
#
# .. list-table::
#    :header-rows: 1
#
#    * - Cause
#      - What to do
#    * - a layer that ``forward`` never uses
#      - delete it, or freeze it before you wrap the model
#    * - parameters frozen after wrapping
#      - first ``requires_grad_(False)``, then wrap
#    * - an output that the loss does not use, or ``detach()``
#      - use it, or ``find_unused_parameters=True``
#    * - a branch that only some batches take
#      - ``find_unused_parameters=True``
#
# That option costs time, and warns if it finds nothing. Without it, a process that
# skips a parameter raises the first error at its next forward pass, while the others
# wait. If it waits for them first, as in ``barrier()``, training hangs until a timeout
# (NCCL: 10 minutes, Gloo: 30).
#
# The second error means that a parameter came twice: ``spare`` was noted as unused, and
# then used outside of ``forward``. Checkpointing with ``use_reentrant=True`` and this
# option does the same, so use ``use_reentrant=False``.

# %%
# Why it happens
# --------------
#
# DDP copies the weights of rank 0 to all processes, and puts a hook on each parameter
# that requires a gradient. It sorts them into buckets of about 25 MiB. When a bucket
# has all its gradients, they are averaged over the processes, while ``backward()``
# computes the rest. One missing gradient holds up its bucket and those after it.

# %%
# In your own code
# ----------------
#
# ``torchrun`` sets ``LOCAL_RANK``, the GPU of a process; copy each batch there, too.
# ``--nproc-per-node=gpu`` starts a process for each GPU. On other accelerators, call
# ``torch.accelerator.set_device_index(local_rank)``.
#
# Save ``model.module.state_dict()``, on rank 0 only. To find parameters without a
# gradient before you wrap a model, see
# :ref:`sphx_glr_recipes_pitfalls_unused_parameters.py`. Two processes do not equal one
# with twice the batch
#
# - with batch norm, which uses each process's own part, unless you call
#   ``torch.nn.SyncBatchNorm.convert_sync_batchnorm(model)``;
# - with parts that differ in samples or tokens (see
#   :ref:`sphx_glr_recipes_gradients_accumulating_gradients.py`);
# - with a summed loss: DDP divides its gradient by the number of processes.

# %%
# Try it
# ------
#
# Four processes share ten samples without shuffling. What does each of them get, and
# what does that do to a test accuracy?
#
# **Solution**

parts = [list(deal(range(10), 4, rank, shuffle=False)) for rank in range(4)]
print(*parts)

assert [*parts[2], *parts[3]] == [2, 6, 0, 3, 7, 1], "0 and 1 are there twice"

# %%
# Three each, so that all take the same number of steps: samples 0 and 1 would count
# twice. So test in one process, or leave out the copies.

# %%
# Remember
# --------
#
# - One process for each GPU; ``backward()`` leaves the mean gradient in all of them.
# - Call ``set_epoch()`` in every epoch, and ``model``, not ``model.module``.
# - Every parameter that requires a gradient has to get one in every step.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_training_saving_and_loading_across_devices.py`
# - `torch.nn.parallel.DistributedDataParallel
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html>`__
# - `torchrun <https://docs.pytorch.org/docs/stable/elastic/run.html>`__

# %%
# Sources
# -------
#
# * `pytorch #43259 <https://github.com/pytorch/pytorch/issues/43259>`__: the error; a
#   module made five feature maps, and four were used.
# * `pytorch #31771 <https://github.com/pytorch/pytorch/issues/31771>`__: the same order
#   in every epoch.
# * `accelerate #1726 <https://github.com/huggingface/accelerate/pull/1726>`__:
#   ``no_sync()`` around ``backward()`` alone.

# sphinx_gallery_position = 8
# sphinx_gallery_tags = ["DDP", "torchrun", "DataLoader", "accumulation", "SGD"]
# sphinx_gallery_cost = "20 s"
# sphinx_gallery_needs = []
