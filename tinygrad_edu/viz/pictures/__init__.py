"""A graph or a frame as SVG, DOT, PNG, PDF or TikZ."""
