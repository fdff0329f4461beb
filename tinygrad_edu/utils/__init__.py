"""The names of ``torch.utils`` that lessons use."""

from . import data
