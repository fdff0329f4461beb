"""Tests of the update rules, and plain NumPy references for them."""
