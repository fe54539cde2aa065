"""What a grasp plan holds, and its settings. Metres, optical frame of the camera."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from zsris_ros.geometry.oriented_box import Pose
from zsris_ros.types import FloatArray, Point

DoubleArray = npt.NDArray[np.float64]

Completion = Literal["mirror", "extrusion", "none"]
"""The assumption about the unseen side: mirror symmetry about an upright plane, or walls straight
down from the outline to the support."""


class GraspStatus(Enum):
    """The closed set of outcomes of planning."""

    PLANNED = "PLANNED"
    NO_GRASP = "NO_GRASP"
    AMBIGUOUS = "AMBIGUOUS"
    NOT_FOUND = "NOT_FOUND"
    SEVERAL = "SEVERAL"
    NO_DEPTH = "NO_DEPTH"
    NO_SUPPORT = "NO_SUPPORT"


@dataclass(frozen=True, eq=False)
class GraspCandidate:
    """One grasp.

    ``pose`` is the TCP when the fingers close: z approaches the object, y is the closing axis.
    ``width`` is the distance between the contacts, ``opening`` the distance between the pads to
    drive in with; both 0 for suction. The gripper starts ``pregrasp_distance`` back along z.
    ``kind`` is "across" (the whole object between the fingers), "rim" (a wall of a hollow object)
    or "suction"; ``approach`` "above", "tilted" or "side". ``quality`` in [0, 1] combines
    ``terms``, each in [0, 1].
    """

    pose: Pose
    width: float
    opening: float
    pregrasp_distance: float
    kind: Literal["across", "rim", "suction"]
    approach: Literal["above", "tilted", "side"]
    quality: float
    terms: Mapping[str, float]

    @property
    def pregrasp(self) -> Pose:
        """The TCP pose from which the gripper moves straight to ``pose``."""
        start = np.asarray(self.pose.position) - self.pregrasp_distance * self.pose.axes[:, 2]
        x, y, z = start.tolist()
        return Pose((x, y, z), self.pose.axes)


@dataclass(frozen=True)
class GraspSettings:
    """Settings of the planner. Lengths in metres.

    ``weights`` are the exponents of the quality terms: quality = prod(term ** weight), with
    weights that sum to 1.
    """

    count: int = 20
    """Most candidates that a plan holds."""
    min_points: int = 60
    """Fewer valid depth pixels on the object are too few."""
    min_depth_share: float = 0.3
    """Least share of the mask with valid depth."""
    good_quality: float = 0.8
    """Slanted and side approaches are only tried where none from above is as good."""
    pregrasp_distance: float = 0.10
    retreat_distance: float = 0.15
    """How far to lift straight away from the support, where the height map of the scene is free."""
    finger_clearance: float = 0.010
    """How much wider than the object the gripper opens, on each side, where it can."""
    min_clearance: float = 0.003
    """Least gap between a finger and the object on each side."""
    support_clearance: float = 0.003
    """Least height of the gripper above the support."""
    friction: float = 0.6
    """Friction coefficient between pads and object."""
    scene_radius: float = 0.30
    """How far around the object the scene counts."""
    weights: Mapping[str, float] = field(
        default_factory=lambda: {
            "antipodality": 0.2,
            "surface": 0.2,
            "centring": 0.2,
            "clearance": 0.15,
            "width": 0.05,
            "visible": 0.1,
            "upright": 0.1,
        }
    )


@dataclass(frozen=True, eq=False)
class GraspPlan:
    """The grasps for one object of one frame.

    ``candidates`` are ranked, best first, and empty unless ``status`` is PLANNED. ``message`` is
    one plain sentence. ``rejected`` counts rejected candidates by reason. ``object_points`` and
    ``scene_points`` are float32 Nx3 in the optical frame; ``completed_points`` those that
    ``completion`` assumed. ``support`` is a pose on the support plane under the object with z up;
    ``extent`` the size of the completed object along its axes. ``timings`` are in milliseconds.
    """

    status: GraspStatus
    message: str
    candidates: tuple[GraspCandidate, ...] = ()
    rejected: Mapping[str, int] = field(default_factory=dict)
    completion: Completion = "none"
    object_points: FloatArray = field(default_factory=lambda: np.zeros((0, 3), np.float32))
    completed_points: FloatArray = field(default_factory=lambda: np.zeros((0, 3), np.float32))
    scene_points: FloatArray = field(default_factory=lambda: np.zeros((0, 3), np.float32))
    support: Pose | None = None
    extent: Point | None = None
    timings: Mapping[str, float] = field(default_factory=dict)

    @property
    def best(self) -> GraspCandidate | None:
        """The candidate of highest quality, or None."""
        return self.candidates[0] if self.candidates else None

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain data: metres, optical frame, quaternions (x, y, z, w)."""
        return {
            "status": self.status.value,
            "message": self.message,
            "completion": self.completion,
            "rejected": dict(self.rejected),
            "candidates": [
                {
                    "position": list(each.pose.position),
                    "quaternion": list(each.pose.quaternion),
                    "width": each.width,
                    "opening": each.opening,
                    "pregrasp_distance": each.pregrasp_distance,
                    "kind": each.kind,
                    "approach": each.approach,
                    "quality": each.quality,
                    "terms": dict(each.terms),
                }
                for each in self.candidates
            ],
            "timings_ms": dict(self.timings),
        }
