"""Masks and depth in numbers: projection, centroids, boxes and planes. Metres, optical frame."""
