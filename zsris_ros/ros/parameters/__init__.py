"""Parameters of the nodes, declared as dataclasses."""
