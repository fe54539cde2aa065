"""Evaluation of the resolver on expressions with true boxes or polygons and simulated semantics."""
