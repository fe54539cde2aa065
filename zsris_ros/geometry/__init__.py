"""Geometry of masks and depth: projection, centroids, boxes, planes. Metres, optical frame."""
