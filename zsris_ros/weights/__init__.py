"""Weights: the catalogue, fetching with verification, safe loading, and the bundled files.

``catalogue`` and ``fetch`` do not import torch.
"""
