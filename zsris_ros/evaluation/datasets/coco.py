"""COCO's object annotations (polygons or run lengths) as masks.

Polygons are rasterised exactly as by COCO's own tools, with which the published figures were
computed: the outline on a grid five times finer, and each pixel column filled between the rows
where the outline crosses the column's middle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from zsris_ros.geometry.run_lengths import decode
from zsris_ros.types import BoolArray, InputError

_FINE = 5
"""Steps of the finer grid in a pixel."""

_Ints = npt.NDArray[np.int64]


def segmentation_mask(
    segmentation: Any, height: int, width: int, published_truth: bool = False
) -> BoolArray:
    """Return a ``segmentation`` of COCO's JSON as a mask bool HxW.

    Args:
        segmentation: A list of polygons (flat lists x, y, x, y, ... in pixels; their union is the
            object), or a mapping with "size" and "counts" (run lengths, compressed or not).
        height: Pixels.
        width: Pixels.
        published_truth: As in the published evaluations of RefCOCO, add up the polygons' masks and
            keep only pixels of value 1, which loses the pixels of two polygons.

    Raises:
        InputError: Another form, or run lengths of another size.
    """
    if isinstance(segmentation, Mapping):
        size = segmentation.get("size")
        if size != [height, width]:
            raise InputError(f"run lengths of size {size} in a picture of {[height, width]}")
        return decode(segmentation)
    if not isinstance(segmentation, Sequence) or isinstance(segmentation, str | bytes):
        raise InputError("a segmentation is a list of polygons or a mapping of run lengths")
    covered = np.zeros((height, width), dtype=np.int64)
    for polygon in segmentation:
        covered += polygon_mask(polygon, height, width)
    mask: BoolArray = covered == 1 if published_truth else covered > 0
    return mask


def polygon_mask(polygon: Sequence[float], height: int, width: int) -> BoolArray:
    """Return the inside of a polygon x, y, x, y, ... as bool HxW.

    It is empty with fewer than three corners. Pixel (0, 0) is the square from 0 to 1 in both
    directions. Raises InputError for invalid numbers.
    """
    try:
        corners = np.asarray(polygon, dtype=np.float64).reshape(-1, 2)
    except (TypeError, ValueError) as error:
        raise InputError("a polygon is a flat list of numbers x, y, x, y, ...") from error
    if not np.isfinite(corners).all() or (np.abs(corners) > 1e6).any():
        raise InputError("a polygon's coordinates must be finite numbers of pixels")
    if len(corners) < 3:
        return np.zeros((height, width), dtype=bool)
    x, y = _outline((_FINE * corners + 0.5).astype(np.int64))

    # Crossings of the outline and the middle of a pixel column: the column, and the first row
    # after the change between outside and inside.
    steps = np.flatnonzero(x[1:] != x[:-1])
    middles = (np.minimum(x[steps], x[steps + 1] - (x[steps + 1] > x[steps])) + 0.5) / _FINE - 0.5
    rows = np.ceil((np.minimum(y[steps], y[steps + 1]) + 0.5) / _FINE - 0.5).clip(0, height)
    inside = (middles == np.floor(middles)) & (middles >= 0) & (middles <= width - 1)
    changes = (middles[inside] * height + rows[inside]).astype(np.int64)
    counts = np.bincount(changes, minlength=height * width + 1)[: height * width]
    filled = np.cumsum(counts) % 2 == 1
    return np.ascontiguousarray(filled.reshape(width, height).T)


def _outline(corners: _Ints) -> tuple[_Ints, _Ints]:
    """Return the points x, y of the closed outline, one a step along the longer side of each edge.

    Edges are traced from the smaller coordinate, so that both directions give the same points.
    """
    xs, ys = [], []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        (dx, dy), backwards = np.abs(end - start), False
        longer = 0 if dx >= dy else 1
        if start[longer] > end[longer]:
            start, end, backwards = end, start, True
        count = int(max(dx, dy))
        along = np.arange(count + 1)
        slope = (end - start)[1 - longer] / count if count else 0.0
        across = (start[1 - longer] + slope * along + 0.5).astype(np.int64)
        x, y = (start[0] + along, across) if longer == 0 else (across, start[1] + along)
        xs.append(x[::-1] if backwards else x)
        ys.append(y[::-1] if backwards else y)
    return np.concatenate(xs), np.concatenate(ys)
