"""From a mask to grasps: object cloud and scene cloud to ranked, collision-checked candidates.

NumPy and SciPy only. `plan_grasps` takes a mask, `plan_grasps_for` the answer to an expression.
"""

from __future__ import annotations

from zsris_ros.grasping.gripper import Gripper, ParallelJaw, SuctionCup, load_gripper
from zsris_ros.grasping.plan import (
    Completion,
    GraspCandidate,
    GraspPlan,
    GraspSettings,
    GraspStatus,
)
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
