"""The player: a recorded run as one HTML file that steps through it, forward and backward."""

from .page import player_html

__all__ = ["player_html"]
