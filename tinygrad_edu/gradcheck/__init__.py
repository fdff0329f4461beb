"""Gradient checking."""

from .check import GradcheckError, gradcheck, max_relative_error
