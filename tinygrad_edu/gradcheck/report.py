"""A report of a gradient check: what was found, as text and in a notebook.

The data is in ``findings.py``, how it reads in ``report_text.py``, how it looks in ``heatmap.py``.
"""

from __future__ import annotations

from . import heatmap, report_text
from .findings import VERDICTS, Directional, Evaluations, Findings, InputReport, Worst
from .scale import label, relative_errors

__all__ = [
    "VERDICTS",
    "Directional",
    "Evaluations",
    "GradReport",
    "InputReport",
    "Worst",
    "label",
    "relative_errors",
]


class GradReport(Findings):
    """What a gradient check found (see `Findings`); prints as a text, shows as HTML.

    Examples
    --------
    >>> b = InputReport.compare("b", "float64", [1.0, -2.0], [3.0, -6.0], 1e-9)
    >>> report = GradReport("fail", "linear", [b], [("mean_n", "mean instead of sum")])
    >>> bool(report), report.inputs[0].worst.ratio
    (False, 0.3333333333333333)
    >>> print(report)
    gradcheck FAILED: 'linear', at the inputs you gave
        b (2,): 6.7e-01 probably WRONG; 2/2 elements differ, error bound 1e-09
           index   analytic   numeric   ratio
           (1,)    -2         -6        0.3333
           (0,)    1          3         0.3333
        likely cause: mean_n - mean instead of sum
    """

    def __str__(self) -> str:
        return report_text.text(self)

    def __repr__(self) -> str:
        return f"<GradReport {self.verdict}: {self.name}>"

    def _repr_html_(self) -> str:
        return heatmap.html(self)
