"""The resolver on expressions with true boxes or polygons, with simulated semantics."""
