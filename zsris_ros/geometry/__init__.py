"""Geometry of masks and depth: projection, boxes, planes, heights. Metres, optical frame."""
