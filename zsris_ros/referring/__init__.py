"""Referring segmentation: encode a frame once, resolve any number of expressions in it."""
