"""Unions of the parts of one object on both sides of an occluder."""

from __future__ import annotations

import cv2
import numpy as np

from zsris_ros.proposals.depth.merging import Borders, DoubleArray
from zsris_ros.proposals.depth.oversegmentation import LabelArray
from zsris_ros.types import BoolArray, FloatArray

_MIN_ENCLOSURE = 0.75  # of a part, whose contour is the object's or the occluder's
_MIN_FACE = 60  # pixels
_MIN_COPLANAR = 0.3  # share of each part in faces that continue faces of the other
_MAX_SEEN_THROUGH = 0.2  # share of the gap between the parts
_SEEN_TOLERANCE = 0.02  # 1/m
_QUALITY = 0.97  # relative to the worse part: a union is inferred, not observed


def join_occluded_parts(
    parts: BoolArray,
    quality: FloatArray,
    tree: BoolArray,
    borders: Borders,
    labels: LabelArray,
    depth: FloatArray,
    rays: FloatArray,
    noise: float,
) -> tuple[BoolArray, FloatArray]:
    """Join two parts when they look like one object behind an occluder.

    Two parts are one object when they do not touch, enough of each lies in flat faces that continue
    faces of the other, and the gap between them shows nothing farther away.

    Args:
        parts: Candidates, bool MxP over the patches.
        quality: Their quality, M.
        tree: The merge tree of the patches.
        borders: The borders of the patches.
        labels: The patches, int32 HxW from 1.
        depth: Metres, HxW.
        rays: The rays of the pixels, HxWx3.
        noise: Deviation of 1/z on a plane in 1/m.

    Returns:
        Unions bool NxP and their quality N.
    """
    areas = np.bincount(labels.ravel())[1:].astype(np.float64)
    moments = _moments(labels, depth, rays)
    flat = 1.5 * noise + 0.002
    parts, quality = parts[quality >= _MIN_ENCLOSURE], quality[quality >= _MIN_ENCLOSURE]
    faces = _flat_faces(tree, areas, moments, flat)
    faces = faces[(faces.astype(np.float64) @ parts.T.astype(np.float64)).any(axis=1)]
    sizes = faces @ areas
    owned = (faces.astype(np.float64) * areas) @ parts.T > 0.5 * sizes[:, None]
    sums = np.tensordot(faces.astype(np.float64), moments, axes=1)
    coplanar = _fit(sums[:, None] + sums[None])[1] <= flat
    members = parts.astype(np.float64)
    touching = (members @ borders.length @ members.T > 0) | (members @ members.T > 0)
    disparity = np.where(np.isfinite(depth) & (depth > 0), 1 / np.maximum(depth, 1e-6), 0)
    unions, values = [parts[:0]], []
    for a, b in np.argwhere(np.tri(len(parts), k=-1, dtype=bool) & ~touching):
        match = coplanar & owned[:, a, None] & owned[None, :, b]
        continued = sizes @ match.any(axis=1), sizes @ match.any(axis=0)
        if min(continued / (parts[[a, b]] @ areas)) < _MIN_COPLANAR:
            continue
        union = parts[[a]] | parts[[b]]
        vector = _fit(np.tensordot(union.astype(np.float64), moments, axes=1))[0][0]
        seen = _seen_through(np.append(False, union)[labels], disparity, rays, vector)
        if seen <= _MAX_SEEN_THROUGH:
            unions.append(union)
            values.append(_QUALITY * min(quality[a], quality[b]))
    return np.concatenate(unions), np.array(values, dtype=np.float32)


def _moments(labels: LabelArray, depth: FloatArray, rays: FloatArray) -> DoubleArray:
    """Second moments Px4x4 of (x/z, y/z, 1, 1/z) over each of P patches."""
    inside = labels > 0
    index = labels[inside] - 1
    values = np.column_stack([rays[inside], 1 / depth[inside]]).astype(np.float64)
    sums = np.empty((int(labels.max()), 4, 4))
    for i in range(4):
        for j in range(i + 1):
            sums[:, i, j] = np.bincount(index, values[:, i] * values[:, j], minlength=len(sums))
            sums[:, j, i] = sums[:, i, j]
    return sums


def _fit(sums: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Plane vectors ...x3 of moments ...x4x4, and the deviation of 1/z from them in 1/m."""
    count = np.maximum(sums[..., 2, 2], 1)
    normal = sums[..., :3, :3] + 1e-9 * count[..., None, None] * np.eye(3)
    vectors = np.linalg.solve(normal, sums[..., :3, 3:])[..., 0]
    square = sums[..., 3, 3] - (sums[..., :3, 3] * vectors).sum(axis=-1)
    return np.asarray(vectors), np.sqrt(np.maximum(square, 0) / count)


def _flat_faces(
    tree: BoolArray, areas: DoubleArray, moments: DoubleArray, noise: float
) -> BoolArray:
    """Return the largest nodes (bool FxP) of a merge tree that are flat within the noise of 1/z."""
    deviation = _fit(np.tensordot(tree.astype(np.float64), moments, axes=1))[1]
    sizes = tree @ areas
    flat = np.flatnonzero((deviation <= noise) & (sizes >= _MIN_FACE))
    taken = np.zeros(tree.shape[1], dtype=bool)
    faces = []
    for index in flat[np.argsort(-sizes[flat], kind="stable")]:
        if not (tree[index] & taken).any():
            taken |= tree[index]
            faces.append(tree[index])
    return np.array(faces, dtype=bool).reshape(-1, tree.shape[1])


def _seen_through(
    parts: BoolArray, disparity: DoubleArray, rays: FloatArray, vector: DoubleArray
) -> float:
    """Share of the gaps in the convex hull of ``parts`` (bool HxW) with farther surfaces.

    Farther than the plane ``vector`` across the gap; ``disparity`` is 1/z, 0 without measurement.
    """
    x, y, width, height = cv2.boundingRect(parts.astype(np.uint8))
    roi = np.s_[y : y + height, x : x + width]
    parts = parts[roi]
    hull = np.zeros(parts.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(cv2.findNonZero(parts.astype(np.uint8))), 1)
    gap = hull.astype(bool) & ~parts
    seen = disparity[roi]
    behind = gap & (seen > 0) & (seen < rays[roi] @ vector - _SEEN_TOLERANCE)
    return float(np.count_nonzero(behind) / max(1, int(np.count_nonzero(gap))))
