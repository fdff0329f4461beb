"""Where everything in a picture of a graph stands: layers, places, module frames, routes."""
