"""
Mean of means with batches of different sizes
=============================================

If batches have different numbers of tokens, the mean of their mean losses is not the
mean over all tokens: a token in a small batch counts for more. Add up the losses of all
tokens in the group, and divide by their number.
"""

# %%
# In short
# --------
#
# .. code-block:: diff
#
#     for inputs, labels in batches:
#    -    loss = cross_entropy(model(inputs), labels) / len(batches)
#    +    loss = cross_entropy(model(inputs), labels, reduction="sum") / tokens
#         loss.backward()
#
# ``tokens`` is their number in all batches together. Take two texts, one with 4 tokens
# and one with 36. Each token of the first has a loss of 1, each of the second a loss of
# 2:

import matplotlib.pyplot as plt
import torch

short, long = torch.full((4,), 1.0), torch.full((36,), 2.0)
by_batches = (short.mean() + long.mean()) / 2
by_tokens = (short.sum() + long.sum()) / (4 + 36)
print(f"mean of means: {by_batches:.2f}, mean over tokens: {by_tokens:.2f}")

assert by_batches == 1.5, "the mean of means is 1.5"
assert abs(by_tokens - 1.9) < 1e-5, "the mean over the tokens is 1.9"

# %%
# The mean of means gives the short text half of the weight, although it has a tenth of
# the tokens.

# %%
# A model that stops too early
# ----------------------------
#
# This is more than a wrong number in a log. Take 32 texts of 2 to 60 tokens, each a
# word that is repeated, and an end token. A minimal language model only has to learn
# how likely the end is after a word. Every step uses the gradients of all 32 texts, in
# batches of 1 to 32 texts, added up in both ways:

from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence

torch.manual_seed(0)
WORD, END, PADDING = 0, 1, -100
lengths = torch.randint(2, 61, (32,)).tolist()
texts = [torch.tensor([WORD] * (length - 1) + [END]) for length in lengths]
tokens = sum(lengths)
mean_length = tokens / len(texts)


def make_batches(texts, size):
    """Return batches: the word before each token, and the token to predict."""
    parts = [texts[start : start + size] for start in range(0, len(texts), size)]
    labels = [pad_sequence(each, True, PADDING).flatten() for each in parts]
    return [(torch.full_like(each, WORD), each) for each in labels]


def make_model():
    """Return a table with the scores of the next token, for each token before it."""
    return nn.Embedding.from_pretrained(torch.zeros(1, 2), freeze=False)


def train(batches, count_tokens):
    """Return the model, and how long its texts are on average."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=10)  # large, for two weights
    for _ in range(30):
        optimizer.zero_grad()
        for inputs, labels in batches:
            if count_tokens:
                loss = cross_entropy(model(inputs), labels, reduction="sum") / tokens
            else:
                loss = cross_entropy(model(inputs), labels) / len(batches)
            loss.backward()
        optimizer.step()
    return model, 1 / model.weight.softmax(dim=1)[WORD, END].item()


sizes = [1, 2, 4, 8, 16, 32]
of_means, of_tokens = [], []
print(f"mean length of the texts: {mean_length:.1f}, of the model's texts:")
print("texts per batch  mean of means  tokens")
for size in sizes:
    batches = make_batches(texts, size)
    of_means.append(train(batches, count_tokens=False)[1])
    of_tokens.append(train(batches, count_tokens=True)[1])
    print(f"{size:15}{of_means[-1]:15.1f}{of_tokens[-1]:8.1f}")

# %%
# With sums divided by the token count, the model writes texts as long as those it was
# trained on, however they are split. With the mean of means, the same 32 texts give
# different models: the smaller the batches, the more the ends of short texts count, and
# the sooner the model stops.

for each in of_tokens:
    assert abs(each / mean_length - 1) < 0.01, (
        "by tokens, the length is right within 1%"
    )
assert of_means[0] < 0.8 * mean_length, "one text per batch: at least 20% too short"
assert of_means[0] < of_means[3] < of_means[-1], "the larger the batch, the longer"
assert abs(of_means[-1] / mean_length - 1) < 0.01, "one batch has no mean of means"

# %%

fig, ax = plt.subplots()
ax.plot(sizes, of_tokens, "C0o-", label="sum / tokens")
ax.plot(sizes, of_means, "C1s-", label="mean of means")
ax.axhline(mean_length, color="C2", linestyle="--", zorder=0, label="data")
ax.set(xlabel="texts per batch", ylabel="mean length of a text", xscale="log")
ax.set_ylim(bottom=0)
ax.set_xticks(sizes, sizes)
ax.minorticks_off()
ax.legend()
plt.show()
# sphinx_gallery_alt_block = "Mean length of a text by the number of texts per batch, in two curves. Divided by the tokens, it is level, on the dashed line of the data. The mean of means begins far below and reaches the line with all texts in one batch."

# %%
# An optimizer such as Adam does not hide this. It cancels a factor that all tokens
# share, but here some tokens count for more than others.

# %%
# Padding that counts
# -------------------
#
# Even in a single batch, the mean can be wrong. Here is one with a short and a long
# text, padded to the same length:

model, _ = train(make_batches(texts, 32), count_tokens=True)
two = [torch.tensor([WORD] * length + [END]) for length in (1, 35)]
[(inputs, labels)] = make_batches(two, 2)
scores = model(inputs)
each_loss = cross_entropy(scores, labels, reduction="none")
found = {
    "cross_entropy(scores, labels)": cross_entropy(scores, labels),
    'reduction="none", then mean()': each_loss.mean(),
    'reduction="none", then masked': each_loss[labels != PADDING].mean(),
}
for name, loss in found.items():
    print(f"{name:30} {loss.item():.3f}")
right, diluted, masked = found.values()

# %%
# ``cross_entropy`` leaves labels of ``ignore_index`` out, -100 by default, and divides
# by the rest. With ``reduction="none"`` it gives them a loss of 0, and ``mean()``
# counts those zeros. With other losses, such as ``mse_loss``, there is no
# ``ignore_index``: use the mask.

assert torch.isclose(right, masked), "the default and the mask agree"
assert torch.isclose(diluted, right * (38 / 72)), "38 of 72 labels are no padding"

# %%
# A batch in which every label is ignored has no mean, because 0 / 0 is not a number:

ends = {}
inputs, labels = torch.full((8,), WORD), torch.full((8,), PADDING)
for name in ("mean", "by hand", "sum"):
    model = make_model()
    if name == "by hand":
        mask = labels != PADDING
        loss = (model(inputs)[:, 0].square() * mask).sum() / mask.sum()
    else:
        loss = cross_entropy(model(inputs), labels, reduction=name)
    loss.backward()
    ends[name] = loss, model.weight.grad
    print(f"{name:7}: loss {loss.item()}, gradient {model.weight.grad.tolist()}")

# %%
# The mean of ``cross_entropy`` is ``nan`` but its gradient is 0. In a mean by hand that
# multiplies by a mask, the gradient can be ``nan`` too, and one step with it destroys
# the weights: divide by ``mask.sum().clamp(min=1)``.

assert ends["mean"][0].isnan(), "the mean is nan"
assert not ends["mean"][1].any(), "but its gradient is 0"
assert ends["by hand"][1].isnan().any(), "by hand, the gradient is nan too"
assert ends["sum"][0] == 0, "the sum is 0"
assert not ends["sum"][1].any(), "the sum has a gradient of 0"

# %%
# Why it happens
# --------------
#
# In a mean of means, the weight of a token is 1, divided by the number of batches and
# by the tokens in its batch. For one text of 4 tokens and one of 36, that is 1/8 and
# 1/72: a token of the short text counts nine times as much. In a mean over all tokens,
# each has a weight of 1/40.
#
# So how many texts fit on a GPU decides what is learned, and a large batch and its
# parts with accumulation give different models.

# %%
# In your own code
# ----------------
#
# Count the tokens of the whole group before its first ``backward()``. With
# ``DistributedDataParallel``, count those of all processes and multiply the loss by the
# number of processes, because it averages their gradients.
#
# For what you report, use this after ``model.eval()``. The batch size must not change
# it:


def loss_per_token(model, batches):
    total = count = 0
    with torch.inference_mode():
        for inputs, labels in batches:
            total += cross_entropy(model(inputs), labels, reduction="sum").item()
            count += (labels != PADDING).sum().item()
    return total / count


model, _ = train(make_batches(texts, 32), count_tokens=True)
reported = [loss_per_token(model, make_batches(texts, size)) for size in (1, 16)]
print(f"1 text per batch: {reported[0]:.4f}, 16 texts: {reported[1]:.4f}")

assert abs(reported[0] - reported[1]) < 1e-5, "the loss per token is the same"

# %%
# - If all batches have the same number of tokens, as with packed texts, both ways are
#   the same.
# - If a token's loss has nothing to do with the length of its text, both agree on
#   average, and the mean of means is only noisier. End tokens break this: they make up
#   more of a short text.
# - You may *want* every text to count the same. Then divide the loss of each text by
#   its own length and by the number of texts: that does not depend on the batches
#   either.

# %%
# Try it
# ------
#
# Perplexity is ``exp`` of the loss. With one text per batch, take ``exp`` of each loss
# and then the mean. How does that compare with the perplexity of all tokens?
#
# **Solution**

losses = [cross_entropy(model(x), y) for x, y in make_batches(texts, 1)]
of_texts = torch.stack(losses).exp().mean().item()
perplexity = torch.tensor(reported[0]).exp().item()
print(f"mean of perplexities {of_texts:.3f}, perplexity {perplexity:.3f}")

assert of_texts > 1.02 * perplexity, "the mean of perplexities is over 2% too high"

# %%
# It is higher: ``exp`` of a mean is not the mean of ``exp``, and the short texts, whose
# end comes as a surprise, count as much as the long ones. Take ``exp`` once, at the
# end.

# %%
# Remember
# --------
#
# - Add up sums, count tokens, divide once.
# - A mean of means makes the result depend on how the data are split into batches.
# - Padding must be neither in the sum nor in the count.

# %%
# Learn more
# ----------
#
# - :ref:`sphx_glr_recipes_gradients_accumulating_gradients.py`: a loop that divides by
#   samples or by tokens.
# - :ref:`sphx_glr_recipes_pitfalls_accumulation_without_scaling.py`: no division at
#   all.
# - `torch.nn.CrossEntropyLoss
#   <https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html>`__:
#   ``ignore_index`` and ``reduction``.

# %%
# Sources
# -------
#
# - `torchtune 1875 <https://github.com/meta-pytorch/torchtune/pull/1875>`__: the loss
#   with accumulation is divided by all tokens that are not padding;
#   `1917 <https://github.com/meta-pytorch/torchtune/pull/1917>`__ then brings back a
#   ``backward()`` for each batch, because one for all kept too much memory.
# - `OpenNMT-py 2209 <https://github.com/OpenNMT/OpenNMT-py/issues/2209>`__: which count
#   of tokens to divide by, that of the small batch or of the whole group.
# - `mlx-lm 1413 <https://github.com/ml-explore/mlx-lm/pull/1413>`__: small batches of
#   texts with different lengths, weighted by their tokens.

# sphinx_gallery_position = 9
# sphinx_gallery_tags = ["accumulation", "loss", "cross_entropy", "training loop"]
# sphinx_gallery_cost = "5 s"
# sphinx_gallery_needs = []
# sphinx_gallery_pitfall = {"type": "generic", "stage": "training", "effect": "wrong result", "group": "not learned", "symptom": "The same data give another loss and another model when they are split into other batches, and short texts count too much."}
