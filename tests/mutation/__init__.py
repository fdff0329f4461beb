"""Do the tests notice a wrong formula? Make formulas wrong, one at a time, and see.

``python -m tests.mutation`` tries every mutant; ``--help`` lists the options. One that no check
notices is a survivor: a missing test, or, with a reason in ``explained.py``, a mutant that computes
the same.
"""
