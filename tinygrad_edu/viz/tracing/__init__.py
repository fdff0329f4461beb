"""Recording a run, forward and backward, as a trace."""
