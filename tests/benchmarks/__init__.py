"""How fast: `python -m tests.benchmarks`. Never part of the tests, whose times mean nothing."""
