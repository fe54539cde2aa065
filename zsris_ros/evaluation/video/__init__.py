"""Referring video segmentation: region similarity, boundary accuracy and their evaluation."""
