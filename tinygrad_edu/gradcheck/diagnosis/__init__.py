"""Why is a gradient wrong?  From evidence to a likely cause in a sentence.

A wrong formula leaves a pattern in its Jacobian: the right numbers times a constant, transposed,
at part of the entries, lacking a term.  Each rule knows one pattern; the most certain come first.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np

from . import calls, local, places, ratios, structure
from .advice import advice
from .evidence import Evidence, jacobians
from .shapes import raised, wrong_shape
from .small import small
from .study import Finding, Study, attempt, spread, square

__all__ = ["Evidence", "advice", "diagnose", "jacobians"]

MOST = 3
Rule = Callable[[Study], Finding | list[Finding] | None]


def diagnose(evidence: Evidence) -> list[tuple[str, str]]:
    """The likely causes of a wrong gradient, best first.

    Parameters
    ----------
    evidence : Evidence
        A small point where the formula fails.

    Returns
    -------
    list of (class, sentence)
        One to three; never empty.  The functions of the evidence may raise: this does not.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1.0, 2.0, 4.0], [3.0, -1.0, 0.5]])
    >>> wrong = Evidence(
    ...     forward=lambda x: x.sum(1),
    ...     vjp=lambda g, y, x: (np.repeat(g[:, None], 3, 1) / 3,),
    ...     xs=[x],
    ...     y=x.sum(1),
    ...     k=0,
    ... )
    >>> diagnose(wrong)[0]  # doctest: +ELLIPSIS
    ('mean_n', 'analytic = 0.3333 x numeric and 3 is the size of axis 1 ...')
    """
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = attempt(lambda: _findings(evidence)) or []
    best: dict[str, Finding] = {}
    for finding in sorted(found, key=lambda f: -f.weight):
        best.setdefault(finding.cls, finding)
    fallback = ("missing_chain", "the local derivative is wrong: no simpler pattern fits")
    return [(f.cls, f.sentence) for f in best.values()][:MOST] or [fallback]


def _findings(evidence: Evidence) -> list[Finding]:
    """What every rule that applies has to say."""
    s = Study(evidence)
    found = _ask(calls.RULES, s)
    if s.given is None:
        found += attempt(lambda: wrong_shape(s)) or []
        found += attempt(lambda: raised(s)) or []
        copy = square(evidence)
        if copy is not None:
            found += [f._replace(weight=0.9 * f.weight) for f in _values(Study(copy))]
        return found
    found += [] if s.special else _values(s)
    return found or attempt(lambda: small(s)) or []


def _values(s: Study) -> list[Finding]:
    """The rules that compare two full Jacobians."""
    if not s.views:
        return []
    rules = (*ratios.RULES, *structure.RULES, *places.RULES, *local.RULES)
    found = _ask(rules, s)
    wide = spread(s.e)
    if wide is not None:
        found += _ask((structure.swapped,), Study(wide))
    if max((f.weight for f in found), default=0.0) < 0.85:
        found += attempt(lambda: local.simpler(s)) or []
    return found + local.last(s)


def _ask(rules: tuple[Rule, ...], s: Study) -> list[Finding]:
    """A rule that cannot cope with a case has nothing to say about it."""
    answers = [attempt(partial(rule, s)) for rule in rules]
    found: list[Finding] = []
    for said in answers:
        found += [said] if isinstance(said, Finding) else said or []
    return found
