"""
Training a GAN: two networks, two optimizers
============================================

Train the discriminator on ``fake.detach()``, so that its loss does not reach the
generator. The generator's loss passes through the discriminator and leaves gradients
there, so clear each network's gradients right before the ``backward()`` of its own
loss.
"""

# %%
# In short
# --------
#
# .. code-block:: py
#
#    for real in batches:
#        fake = generator(noise())
#
#        d_optimizer.zero_grad()
#        d_loss(discriminator(real), discriminator(fake.detach())).backward()
#        d_optimizer.step()
#
#        g_optimizer.zero_grad()
#        g_loss(discriminator(fake)).backward()
#        g_optimizer.step()
#
# Which network gets a gradient, with and without ``detach()``?

import torch
from torch import nn

torch.manual_seed(0)
generator, discriminator = nn.Linear(1, 1), nn.Linear(1, 1)
none = []
for detach in (True, False):
    generator.zero_grad()
    discriminator.zero_grad()
    fake = generator(torch.ones(1, 1))
    discriminator(fake.detach() if detach else fake).sum().backward()
    print("fake.detach():" if detach else "fake:")
    print("  generator:    ", generator.weight.grad)
    print("  discriminator:", discriminator.weight.grad)
    none.append((generator.weight.grad is None, discriminator.weight.grad is None))

assert none[0] == (True, False), "with detach, only the discriminator gets a gradient"
assert none[1] == (False, False), "without it, both get one"

# %%
# Six loops
# ---------
#
# The real data are numbers around 3. The generator turns noise into numbers, and the
# discriminator scores how real a number looks. The arguments of ``train`` say where
# ``zero_grad()`` is called, and whether ``fake`` is detached.


def make_networks():
    torch.manual_seed(0)
    discriminator = nn.Sequential(nn.Linear(1, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    return nn.Linear(1, 1), discriminator


def norm(network):
    """Return the norm of the gradient, or 0 if there is none."""
    gradients = [each.grad for each in network.parameters() if each.grad is not None]
    return nn.utils.get_total_norm(gradients).item()


loss_function = nn.BCEWithLogitsLoss()
is_real, is_fake = torch.ones(64, 1), torch.zeros(64, 1)


def train(clear, detach, steps=500):
    """Return the generator, and what was found before each backward, on average."""
    generator, discriminator = make_networks()
    g_optimizer = torch.optim.Adam(generator.parameters(), lr=0.01)
    d_optimizer = torch.optim.Adam(discriminator.parameters(), lr=0.01)
    d_found, g_found = [], []
    for _ in range(steps):
        if clear == "top of the loop":
            d_optimizer.zero_grad()
            g_optimizer.zero_grad()
        real = 3 + 0.5 * torch.randn(64, 1)
        fake = generator(torch.randn(64, 1))

        if clear == "before backward":
            d_optimizer.zero_grad()
        d_found.append(norm(discriminator))
        scores = discriminator(fake.detach() if detach else fake)
        d_loss = loss_function(scores, is_fake)
        d_loss = d_loss + loss_function(discriminator(real), is_real)
        d_loss.backward(retain_graph=not detach)
        d_optimizer.step()
        if clear == "after step":
            d_optimizer.zero_grad()

        if clear == "before backward":
            g_optimizer.zero_grad()
        g_found.append(norm(generator))
        g_loss = loss_function(discriminator(fake), is_real)
        g_loss.backward()
        g_optimizer.step()
        if clear == "after step":
            g_optimizer.zero_grad()
    return generator, sum(d_found) / steps, sum(g_found) / steps


results = {}
print(f"{'zero_grad':29}discriminator  generator    bias")
for clear in ("before backward", "top of the loop", "after step"):
    for detach in (True, False):
        generator, in_d, in_g = results[clear, detach] = train(clear, detach)
        print(f"{clear:18}{'detach' if detach else 'no detach':11}", end="")
        print(f"{in_d:13.2f}{in_g:11.2f}{generator.bias.item():8.2f}")

# %%
# The generator is ``weight * noise + bias``, so its bias is the mean of what it
# generates. The two columns before it are the norms of the gradients that each network
# had right before the ``backward()`` of its own loss. They have to be 0:
#
# - Clearing right before each ``backward()`` works. ``detach()`` then changes no
#   result: it saves the backward pass through the generator.
# - With clearing at the top, ``detach()`` is what keeps the discriminator's loss, which
#   has the opposite aim, out of the generator.
# - With clearing after each ``step()`` (fine for one network), the discriminator also
#   follows the generator's last gradient, which wants it to take fake for real.
#
# Both mistakes together (clearing after the step, and no ``detach()``) kept the bias
# far from 3 with each of 20 seeds. With one of them, the result may look fine, so look
# at ``.grad``, not at what is generated.

for (place, detach), (_, in_d, in_g) in results.items():
    assert (in_d > 0) == (place == "after step"), "the discriminator: only after step"
    assert (in_g > 0) == (place != "before backward" and not detach), (
        "the generator: only without detach, if it is not cleared before backward"
    )
for key in (("before backward", False), ("top of the loop", True)):
    assert torch.equal(
        results[key][0].weight, results["before backward", True][0].weight
    ), "three loops end at exactly the same weights"
assert 2.3 < results["before backward", True][0].bias < 3.7, (
    "the right loop gets near 3"
)
assert results["after step", False][0].bias < 2, "both mistakes together do not"

# %%
# Two errors
# ----------
#
# Without ``detach()``, the discriminator's ``backward()`` also goes through the
# generator's graph and frees it. The generator's ``backward()`` then finds it gone. And
# if you compute both losses first and then take both steps, the first step changes
# weights in place that the second ``backward()`` needs:

messages = []
for detach in (False, True):
    generator, discriminator = make_networks()
    d_optimizer = torch.optim.Adam(discriminator.parameters())
    fake = generator(torch.randn(64, 1))
    d_loss = loss_function(discriminator(fake.detach() if detach else fake), is_fake)
    g_loss = loss_function(discriminator(fake), is_real)
    try:
        d_loss.backward()
        if detach:
            d_optimizer.step()
        g_loss.backward()
    except RuntimeError as error:
        messages.append(f"{type(error).__name__}: {error}")
print(*messages, sep="\n")

assert "backward through the graph a second time" in messages[0], "the graph was freed"
assert "modified by an inplace operation" in messages[1], "the step was too early"

# %%
# ``detach()`` repairs the first. ``retain_graph=True`` only hides it, as in the loops
# above. For the second, compute the generator's loss after the discriminator's step.
# Pages of their own explain them:
# :ref:`sphx_glr_recipes_pitfalls_backward_twice.py` and
# :ref:`sphx_glr_recipes_pitfalls_in_place_on_a_needed_tensor.py`.

# %%
# Why it happens
# --------------
#
# ``backward()`` adds to ``.grad`` of *every* leaf on the path back from the loss, while
# an optimizer clears and moves only the parameters that it was given. The discriminator
# computes the generator's loss, so the path to the generator leads through it.
# ``detach()`` cuts the path between them, which is right for the discriminator's loss
# and wrong for the generator's: then the generator gets no gradient at all.

# %%
# In your own code
# ----------------
#
# Right before each ``backward()``, call this with the network whose step comes next:


def check_cleared(network):
    """Raise an error if a gradient is left over."""
    for name, parameter in network.named_parameters():
        if parameter.grad is not None:
            raise RuntimeError(f"the gradient of {name} was not cleared")


try:
    check_cleared(discriminator)
except RuntimeError as error:
    found = str(error)
print(found)

assert found == "the gradient of 0.weight was not cleared", "the check finds it"

# %%
# Where you accumulate gradients on purpose, call it before the first ``backward()`` of
# each group. Leftovers in the discriminator can also be avoided: call
# ``discriminator.requires_grad_(False)`` before the generator's loss is computed, and
# ``requires_grad_(True)`` after its ``backward()``. The gradient still passes through,
# but none is computed for the discriminator's weights, which saves time and memory.

# %%
# Try it
# ------
#
# To save memory, you make ``fake`` under ``torch.no_grad()`` and use it in both steps.
# Which network learns?
#
# **Solution**

generator, discriminator = make_networks()
with torch.no_grad():
    fake = generator(torch.randn(64, 1))
loss_function(discriminator(fake), is_real).backward()
print("generator:", generator.weight.grad)

assert generator.weight.grad is None, "the generator gets no gradient"
assert discriminator[0].weight.grad is not None, "the discriminator gets one"

# %%
# Only the discriminator, and there is no error, because the loss does need a gradient:
# the discriminator's. ``no_grad()`` is fine in the discriminator's step if you call the
# generator again for its own.

# %%
# Remember
# --------
#
# - ``detach()`` in the discriminator's step, never in the generator's.
# - The generator's ``backward()`` leaves gradients in the discriminator.
# - Right before each ``backward()``, clear the network that steps next.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_ways_to_clear_gradients.py`: which ``zero_grad()``
#   clears what.
# - :ref:`sphx_glr_recipes_pitfalls_detach_in_the_wrong_place.py`
# - `DCGAN tutorial
#   <https://docs.pytorch.org/tutorials/beginner/dcgan_faces_tutorial.html>`__: the same
#   two steps with images.

# %%
# Sources
# -------
#
# * `pytorch-lightning #591
#   <https://github.com/Lightning-AI/pytorch-lightning/issues/591>`__: the discriminator
#   collects gradients from both steps.
# * `BigGAN-PyTorch #25 <https://github.com/ajbrock/BigGAN-PyTorch/issues/25>`__: a
#   missing ``zero_grad()`` between the discriminator's steps.
# * `pytorch-generative-adversarial-networks #14
#   <https://github.com/devnag/pytorch-generative-adversarial-networks/issues/14>`__: is
#   the discriminator trained where nothing is detached?

# sphinx_gallery_position = 7
# sphinx_gallery_tags = ["GAN", "detach", "zero_grad", "optimizer", "Adam"]
# sphinx_gallery_cost = "8 s"
# sphinx_gallery_needs = []
