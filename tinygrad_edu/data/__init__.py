"""Data: sets, samplers and loaders; two bundled sets; readers for your own files; generators.

Examples
--------
>>> from tinygrad_edu.data import DataLoader, TensorDataset, load
>>> digits = load("digits")
>>> digits
Splits('digits', train=1079, val=359, test=359, image_shape=(8, 8), classes=10)
>>> loader = DataLoader(
...     TensorDataset(digits.x_train, digits.y_train), batch_size=64, shuffle=True
... )
>>> x, y = next(iter(loader))
>>> x.shape, y.shape
((64, 64), (64,))
"""

from tinygrad_edu.data import generators
from tinygrad_edu.data.bundled import load_digits, load_mnist5k, load_npz
from tinygrad_edu.data.by_name import load
from tinygrad_edu.data.checks import DataError
from tinygrad_edu.data.cifar import load_cifar10
from tinygrad_edu.data.collate import default_collate, default_convert
from tinygrad_edu.data.dataset import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    random_split,
)
from tinygrad_edu.data.generators import (
    bandit,
    blobs,
    checkerboard,
    circles,
    moons,
    ring,
    spiral,
    three_modes,
    xor,
)
from tinygrad_edu.data.loader import DataLoader
from tinygrad_edu.data.mnist import load_mnist, read_idx
from tinygrad_edu.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from tinygrad_edu.data.splits import Splits

__all__ = [
    "DataError",
    "Splits",
    "load",
    "load_digits",
    "load_mnist5k",
    "load_npz",
    "load_mnist",
    "read_idx",
    "load_cifar10",
    "generators",
    "blobs",
    "moons",
    "circles",
    "spiral",
    "xor",
    "ring",
    "three_modes",
    "checkerboard",
    "bandit",
    "Dataset",
    "IterableDataset",
    "TensorDataset",
    "Subset",
    "ConcatDataset",
    "ChainDataset",
    "random_split",
    "DataLoader",
    "default_collate",
    "default_convert",
    "Sampler",
    "SequentialSampler",
    "RandomSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
    "BatchSampler",
]
