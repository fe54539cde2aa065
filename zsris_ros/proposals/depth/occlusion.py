"""Parts of one object on both sides of something in front of it."""

from __future__ import annotations

import cv2
import numpy as np

from zsris_ros.proposals.depth.merging import Borders, DoubleArray
from zsris_ros.proposals.depth.oversegmentation import LabelArray
from zsris_ros.types import BoolArray, FloatArray

_MIN_ENCLOSURE = 0.75  # of a part: its contour is the object's own or the occluder's
_MIN_FACE = 60  # pixels
_MIN_COPLANAR = 0.3  # of each part, in faces that continue faces of the other
_MAX_SEEN_THROUGH = 0.2  # of the gap between the parts
_SEEN_TOLERANCE = 0.02  # 1/m
_QUALITY = 0.97  # of the worse part's: a union is a conclusion, not an observation


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
    """Unions (bool NxP) of two ``parts`` (bool MxP, quality M) of one object, and their quality.

    Two parts are taken for one object when they do not touch, enough of each lies in flat faces
    that continue faces of the other, and nothing farther is seen in the gap between them.
    ``labels`` int32 HxW numbers the P patches from 1, ``tree`` is their merge tree, ``depth`` HxW
    is in metres, ``rays`` HxWx3, ``noise`` the deviation of 1/z on a plane in 1/m.
    """
    areas = np.bincount(labels.ravel())[1:].astype(np.float64)
    moments = _moments(labels, depth, rays)
    flat = 1.5 * noise + 0.002
    parts, quality = parts[quality >= _MIN_ENCLOSURE], quality[quality >= _MIN_ENCLOSURE]
    faces = _flat_faces(tree, areas, moments, flat)
    faces = faces[(faces.astype(np.float64) @ parts.T.astype(np.float64)).any(axis=1)]
    sizes = faces @ areas
    held = (faces.astype(np.float64) * areas) @ parts.T > 0.5 * sizes[:, None]
    sums = np.tensordot(faces.astype(np.float64), moments, axes=1)
    coplanar = _fit(sums[:, None] + sums[None])[1] <= flat
    members = parts.astype(np.float64)
    touching = (members @ borders.length @ members.T > 0) | (members @ members.T > 0)
    disparity = np.where(np.isfinite(depth) & (depth > 0), 1 / np.maximum(depth, 1e-6), 0)
    unions, values = [parts[:0]], []
    for a, b in np.argwhere(np.tri(len(parts), k=-1, dtype=bool) & ~touching):
        match = coplanar & held[:, a, None] & held[None, :, b]
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
    """The largest nodes (bool FxP) of a merge tree that are flat within the noise of 1/z."""
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
    """The share of the gap in the convex hull of ``parts`` (bool HxW) where one sees farther.

    Farther than the plane ``vector`` that spans the gap; ``disparity`` is 1/z with 0 for no
    measurement.
    """
    x, y, width, height = cv2.boundingRect(parts.astype(np.uint8))
    window = np.s_[y : y + height, x : x + width]
    parts = parts[window]
    hull = np.zeros(parts.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(cv2.findNonZero(parts.astype(np.uint8))), 1)
    gap = hull.astype(bool) & ~parts
    seen = disparity[window]
    behind = gap & (seen > 0) & (seen < rays[window] @ vector - _SEEN_TOLERANCE)
    return float(np.count_nonzero(behind) / max(1, int(np.count_nonzero(gap))))
