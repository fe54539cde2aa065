"""Two plain ways to grasp, for comparison: the centroid from above, and a random grasp."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zsris_ros.geometry.oriented_box import Pose
from zsris_ros.grasping import GraspCandidate, GraspSettings, Gripper, ParallelJaw, SuctionCup
from zsris_ros.grasping.observation import Observation, Refused, observe
from zsris_ros.grasping.suction import cup_axes
from zsris_ros.types import BoolArray, Frame

DoubleArray = npt.NDArray[np.float64]

_PAIRS = 4000


def centroid_grasp(frame: Frame, mask: BoolArray, gripper: Gripper) -> GraspCandidate | None:
    """Straight down on the centroid of the visible surface.

    A jaw closes along the shorter PCA axis, fully open, at the centroid's height or as low as the
    support allows; a cup goes to the visible point nearest to the vertical through the centroid.
    """
    seen = _observed(frame, mask)
    if seen is None:
        return None
    centroid = seen.points.mean(axis=0)
    flat = seen.points[:, :2] - centroid[:2]
    if isinstance(gripper, SuctionCup):
        middle = seen.points[np.argmin(np.linalg.norm(flat, axis=1))]
        return _cup_grasp(seen, middle, np.array([0.0, 0.0, 1.0]))
    _, vectors = np.linalg.eigh(flat.T @ flat)
    closing = np.array([vectors[0, 0], vectors[1, 0], 0.0])
    height = max(float(centroid[2]), gripper.tip + GraspSettings().support_clearance)
    return _from_above(seen, np.array([centroid[0], centroid[1], height]), closing, 0.0, gripper)


def random_grasp(
    frame: Frame, mask: BoolArray, gripper: Gripper, rng: np.random.Generator
) -> GraspCandidate | None:
    """Return a random grasp: a jaw from above on an antipodal pair, a cup along a normal."""
    seen = _observed(frame, mask)
    if seen is None:
        return None
    if isinstance(gripper, SuctionCup):
        pick = int(rng.integers(len(seen.points)))
        return _cup_grasp(seen, seen.points[pick], seen.normals[pick])
    return _random_pair(seen, gripper, rng)


def _random_pair(
    seen: Observation, jaw: ParallelJaw, rng: np.random.Generator
) -> GraspCandidate | None:
    """Straight down on a random pair of visible points whose normals face each other."""
    first, second = rng.integers(len(seen.points), size=(2, _PAIRS))
    line = seen.points[second] - seen.points[first]
    width = np.linalg.norm(line, axis=1)
    direction = line / np.maximum(width, 1e-6)[:, None]
    cosine = np.cos(np.arctan(GraspSettings().friction))
    against = -np.einsum("ni,ni->n", seen.normals[first], direction) >= cosine
    along = np.einsum("ni,ni->n", seen.normals[second], direction) >= cosine
    good = np.flatnonzero(against & along & (width < jaw.opening - 0.006) & (width > 0.002))
    if not len(good):
        return None
    pick = good[0]
    middle = (seen.points[first[pick]] + seen.points[second[pick]]) / 2
    middle[2] = max(float(middle[2]), jaw.tip + GraspSettings().support_clearance)
    closing = np.array([direction[pick, 0], direction[pick, 1], 0.0])
    return _from_above(seen, middle, closing, float(width[pick]), jaw)


def _cup_grasp(seen: Observation, position: DoubleArray, normal: DoubleArray) -> GraspCandidate:
    x, y, z = position.tolist()
    return GraspCandidate(
        pose=seen.support.transform_pose(Pose((x, y, z), cup_axes(-normal))),
        width=0.0,
        opening=0.0,
        pregrasp_distance=GraspSettings().pregrasp_distance,
        kind="suction",
        approach="above" if normal[2] > 0.9 else "tilted",
        quality=0.0,
        terms={},
    )


def _observed(frame: Frame, mask: BoolArray) -> Observation | None:
    try:
        return observe(frame, mask, GraspSettings())
    except Refused:
        return None


def _from_above(
    seen: Observation, position: DoubleArray, closing: DoubleArray, width: float, jaw: ParallelJaw
) -> GraspCandidate:
    length = float(np.linalg.norm(closing))
    y = closing / length if length > 1e-6 else np.array([1.0, 0.0, 0.0])
    down = np.array([0.0, 0.0, -1.0])
    axes = np.stack([np.cross(y, down), y, down], axis=1)
    point = (float(position[0]), float(position[1]), float(position[2]))
    return GraspCandidate(
        pose=seen.support.transform_pose(Pose(point, axes)),
        width=width,
        opening=jaw.opening,
        pregrasp_distance=GraspSettings().pregrasp_distance,
        kind="across",
        approach="above",
        quality=0.0,
        terms={},
    )
