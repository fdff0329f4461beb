"""How often Python counts what nobody else holds: who holds an array may not find it changed."""

from sys import getrefcount


def _count() -> int:
    """2, for the local name and the argument; but 1 from Python 3.14, which borrows the name's."""
    g = object()
    return getrefcount(g)


# What `getrefcount` says of something that one local name holds.
ALONE = _count()
