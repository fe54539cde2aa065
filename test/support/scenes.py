"""Scenes of rectangular masks with given positions, sizes and features, without a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from zsris_ros.geometry.centroid import centroid_3d, centroid_pixel
from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.types import Frame, Intrinsics, Proposals, Scene

HEIGHT, WIDTH = 60, 80
CAMERA = Intrinsics(80.0, 80.0, 39.5, 29.5)

Box = tuple[int, int, int, int]
"""x, y, width, height in pixels."""


def scene_of(
    boxes: Sequence[Box],
    depths: Sequence[float] | None = None,
    features: torch.Tensor | None = None,
    sources: Sequence[str] | None = None,
) -> Scene:
    """Return a scene of rectangular proposals, in this order, at depths in metres."""
    masks = np.zeros((len(boxes), HEIGHT, WIDTH), dtype=bool)
    for mask, (x, y, w, h) in zip(masks, boxes, strict=True):
        mask[y : y + h, x : x + w] = True
    depth = None
    if depths is not None:
        depth = np.full((HEIGHT, WIDTH), 2.0, np.float32)
        for mask, metres in zip(masks, depths, strict=True):
            depth[mask] = metres
    frame = Frame(np.zeros((HEIGHT, WIDTH, 3), np.uint8), depth, CAMERA if depths else None)
    points = np.full((len(boxes), 3), np.nan, np.float32)
    if depth is not None:
        points[:] = [centroid_3d(mask, depth, CAMERA) for mask in masks]
    return Scene(
        frame=frame,
        proposals=Proposals(
            masks,
            mask_boxes(masks),
            np.linspace(0.9, 0.5, len(boxes)).astype(np.float32),
            tuple(sources or ["sam"] * len(boxes)),
        ),
        features=torch.zeros(len(boxes), 4) if features is None else features,
        pixels=np.array([centroid_pixel(mask) for mask in masks], np.float32).reshape(-1, 2),
        points=points,
    )
