"""Recipes that train work on CIFAR-10 by changing the one line that names the data."""

import hashlib
import pickle
import random
from importlib.util import find_spec
from pathlib import Path

import pytest
import recipe_runs

RECIPES = Path(__file__).parents[1] / "recipes"
LINE = "dataset = datasets.FashionMNIST\n"
TRAINING = sorted(
    path for path in RECIPES.glob("*/*.py") if LINE in path.read_text("utf-8")
)
IMAGES = 400
"""Images in each of the six files; CIFAR-10 itself has 10,000."""
HEIGHT, WIDTH, CHANNELS, CLASSES = 32, 32, 3, 10

# torchvision compares each file with the published MD5. These are other images, so it
# is told their MD5; reading them is its own affair.
SET_MD5 = """
from torchvision.datasets import CIFAR10

md5 = {md5}
CIFAR10.train_list = [[name, md5[name]] for name, _ in CIFAR10.train_list]
CIFAR10.test_list = [[name, md5[name]] for name, _ in CIFAR10.test_list]
CIFAR10.meta = {{**CIFAR10.meta, "md5": md5[CIFAR10.meta["filename"]]}}

"""


def write_cifar10(folder: Path) -> dict[str, str]:
    """Write a small set in the format of CIFAR-10's Python version; return the MD5s.

    The format: https://www.cs.toronto.edu/~kriz/cifar.html. Each file is a pickled
    dictionary of `data`, a row of 3072 bytes an image (red, green, blue), and `labels`.
    """
    numpy = pytest.importorskip("numpy")
    random.seed(0)
    folder.mkdir(parents=True)
    contents: dict[str, object] = {
        "batches.meta": {"label_names": [f"class {n}" for n in range(CLASSES)]}
    }
    for name in [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]:
        labels = [random.randrange(CLASSES) for _ in range(IMAGES)]  # noqa: S311
        size = CHANNELS * HEIGHT * WIDTH
        # Noise around a brightness of the class, so that there is something to learn.
        noise = numpy.random.default_rng(0).integers(0, 60, (IMAGES, size))
        data = (noise + 19 * numpy.array(labels)[:, None]).astype("uint8")
        contents[name] = {"data": data, "labels": labels}
    md5 = {}
    for name, content in contents.items():
        written = pickle.dumps(content)
        (folder / name).write_bytes(written)
        md5[name] = hashlib.md5(written, usedforsecurity=False).hexdigest()
    return md5


@pytest.mark.skipif(not find_spec("torchvision"), reason="recipes run")
def test_the_one_line_is_all_that_changes(tmp_path: Path) -> None:
    md5 = write_cifar10(tmp_path / "data" / "cifar-10-batches-py")
    assert TRAINING, "some recipes train"
    scripts = [tmp_path / recipe.name for recipe in TRAINING]
    for recipe, script in zip(TRAINING, scripts, strict=True):
        code = recipe.read_text("utf-8").replace(LINE, "dataset = datasets.CIFAR10\n")
        script.write_text(SET_MD5.format(md5=md5) + code, "utf-8")
    for script, ran in zip(scripts, recipe_runs.run(scripts), strict=True):
        assert ran.status == 0, f"{script.name}: {ran.stderr}"
        assert ran.stdout, "there is no other data set in the folder to read"
