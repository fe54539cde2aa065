"""Spatial scores: pure functions of boxes, masks, maps and probabilities.

``relations`` scores pairs of objects, ``positions`` maps words to image regions, ``coherence``
compares masks with a heat map, ``fusion`` combines scores. Equation numbers are HybridGL's. The
modules import torch, this package does not.
"""
