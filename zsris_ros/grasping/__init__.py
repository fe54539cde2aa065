"""From a mask to grasps: object cloud and scene cloud to ranked, collision-checked candidates.

NumPy and SciPy only. `plan_grasps` takes a mask, `plan_grasps_for` the answer to an expression.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from zsris_ros.grasping.gripper import Gripper, ParallelJaw, SuctionCup, load_gripper
from zsris_ros.grasping.plan import (
    Completion,
    GraspCandidate,
    GraspPlan,
    GraspSettings,
    GraspStatus,
)

if TYPE_CHECKING:
    from zsris_ros.grasping.planner import plan_grasps, plan_grasps_for

__all__ = [
    "Completion",
    "GraspCandidate",
    "GraspPlan",
    "GraspSettings",
    "GraspStatus",
    "Gripper",
    "ParallelJaw",
    "SuctionCup",
    "load_gripper",
    "plan_grasps",
    "plan_grasps_for",
]


def __getattr__(name: str) -> Any:
    """Import the planner when it is first used: with SciPy it takes half a second."""
    if name in ("plan_grasps", "plan_grasps_for"):
        return getattr(import_module("zsris_ros.grasping.planner"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
