"""Parameters of the nodes, declared from dataclasses."""
