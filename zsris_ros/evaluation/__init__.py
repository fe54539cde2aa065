"""Data sets and metrics: how well masks and answers fit the truth."""
