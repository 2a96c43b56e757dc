"""The verbs of the graph: what its tables can do."""
