"""What is deprecated is found in a script's code, and nothing else is."""

from collections import Counter
from pydoc import locate

import deprecated_calls
import pytest


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("from torch.cuda.amp import autocast", "torch.cuda.amp"),
        ("import torch\ntorch.cuda.amp.GradScaler()", "torch.cuda.amp"),
        ("from torch.autograd import Variable", "torch.autograd.Variable"),
        ("import torch\nx = f(volatile=True)", "volatile="),
        ("x.volatile", ".volatile"),
        (
            "from torch import nn\nnn.init.xavier_normal(w)",
            "torch.nn.init.xavier_normal",
        ),
        (
            "from torchvision.transforms import v2\nv2.ToTensor()",
            "torchvision.transforms.v2.ToTensor",
        ),
        ("super(Network, self).__init__()", "super(Class, self)"),
        ("from torch import nn\nnn.Softmax()", "torch.nn.Softmax without dim"),
        (
            "import torch.nn.functional as F\nF.softmax(x)",
            "torch.nn.functional.softmax without dim",
        ),
        ("nn.CrossEntropyLoss(size_average=False)", "size_average="),
        ("model.register_backward_hook(hook)", ".register_backward_hook"),
    ],
)
def test_what_is_deprecated_is_found(code: str, found: str) -> None:
    assert any(f": {found}; use " in each for each in deprecated_calls.find(code))


@pytest.mark.parametrize(
    "code",
    [
        "import torch\ntorch.amp.autocast('cuda')",
        "super().__init__()",
        "from torch import nn\nnn.Softmax(dim=1)\nnn.Softmax(1)",
        "from torch import nn\nnn.functional.softmax(x, 1)",
        "from torch import nn\nnn.init.xavier_normal_(w)",
        "from torchvision import transforms\ntransforms.ToTensor()",
    ],
)
def test_what_is_not_deprecated_is_let_be(code: str) -> None:
    assert not list(deprecated_calls.find(code))


def test_the_table_names_what_exists() -> None:
    """A name that is gone needs no line, and one that was misspelled finds nothing."""
    pytest.importorskip("torchvision", reason="the names are its and torch's")
    names = [*deprecated_calls.NAMES, *deprecated_calls.WITHOUT_DIM]
    assert [name for name in names if locate(name) is None] == []
    assert all(count == 1 for count in Counter(names).values())
