"""There is no GPU: what lessons ask before they use one."""

from __future__ import annotations


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """Nothing: no GPU has a generator to seed."""


manual_seed_all = manual_seed


def empty_cache() -> None:
    """Nothing: no GPU has a cache."""


def synchronize() -> None:
    """Nothing: no GPU has to be waited for."""
