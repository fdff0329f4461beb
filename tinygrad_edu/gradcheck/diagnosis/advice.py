"""For each class: what to try, and where to read."""

from __future__ import annotations

from .evidence import Evidence

ADVICE = {
    "sign": ("check the sign of each term: d(a - b)/db = -1, d(1/x)/dx = -1/x^2", "signs"),
    "factor": (
        "compare the constant with the one in forward: 2 of a square, alpha, a temperature",
        "constants",
    ),
    "mean_n": (
        "divide by the number of elements if forward takes a mean, and only then",
        "mean-or-sum",
    ),
    "transpose": ("write the shapes beside each product: dA = g @ B.T, dB = A.T @ g", "transposes"),
    "unbroadcast": ("sum g over each axis along which the input was repeated", "broadcasting"),
    "wrong_axis": (
        "use the axis of forward, with keepdims=True, also in the sum of backward",
        "axes",
    ),
    "mask": ("let gradient pass exactly where forward passed the value: g * (condition)", "masks"),
    "ties": ("share the gradient among equal elements, or give it to one of them", "ties"),
    "accumulate": ("return a new array; do not add into one kept between calls", "contract"),
    "swapped": (
        "return the gradients in the order of the inputs: d(xy)/dx = y, d(xy)/dy = x",
        "order",
    ),
    "missing_term": ("count the paths from the input to y: each adds one term", "paths"),
    "missing_chain": (
        "multiply g by the local derivative, at the right value (x or y)",
        "chain-rule",
    ),
    "detached": (
        "return g times the local derivative for this input; do not return None or 0",
        "detached",
    ),
    "dtype": ("keep the dtype of the inputs: no astype(float32), no float32 buffers", "dtypes"),
    "stale": (
        "compute from the x and y that are passed in; keep nothing between calls",
        "contract",
    ),
    "upstream": ("multiply by g itself, with its sign, once", "upstream"),
    "mutation": ("work on a copy: no in-place operation on g, x or y", "contract"),
    "index_dup": (
        "use np.add.at (or +=  in a loop): an element used twice gets both gradients",
        "indexing",
    ),
    "index": ("write g back with the indices that forward read with", "indexing"),
    "shape": ("return a gradient of the input's shape: reshape, or broadcast g back", "shapes"),
    "nonfinite": ("choose the value at that point: 0 is a valid slope at a kink", "kinks"),
    "off_by_one": ("check the ends of each range and slice on a tiny input", "indexing"),
    "nondeterministic": ("draw random numbers in forward, keep them for backward", "contract"),
}


def advice(cls: str, evidence: Evidence | None = None) -> tuple[str, str]:
    """What to try for a class of mistake, and where to read.

    Parameters
    ----------
    cls : str
        Name of the class, as `diagnose` gives it.
    evidence : Evidence, optional
        The case, where the advice depends on it.

    Returns
    -------
    tuple of str
        One line of advice, and a section of the documentation.

    Examples
    --------
    >>> what, where = advice("unbroadcast")
    >>> what
    'sum g over each axis along which the input was repeated'
    >>> where
    'docs/gradcheck.md#broadcasting'
    """
    what, section = ADVICE.get(
        cls, ("compare the formula with the derivative of forward", "causes")
    )
    if cls == "unbroadcast" and evidence is not None:
        x, y = evidence.xs[evidence.k], evidence.y
        shape = (1,) * (y.ndim - x.ndim) + x.shape
        axes = tuple(a for a, (n, m) in enumerate(zip(shape, y.shape, strict=False)) if n < m)
        if axes and len(shape) == y.ndim:
            along = axes[0] if len(axes) == 1 else axes
            what = f"sum g over axis {along}, where the input was repeated"
    return what, f"docs/gradcheck.md#{section}"
