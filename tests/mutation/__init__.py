"""Do the tests notice a wrong formula? Make formulas wrong, one at a time, and see.

``python -m tests.mutation`` tries every mutant of the derivative formulas, in a few minutes, and
of the update rules; ``--rules`` of these alone, in one, and ``--all`` those of forward functions,
too; ``--help`` lists the options. One that no check notices
is a survivor: a missing test, or, with a reason in ``explained.py``, a mutant that computes the
same.
"""
