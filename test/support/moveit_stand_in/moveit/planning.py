"""A stand-in for moveit.planning, which has no wheels: it prints goals instead of moving."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class PlanningComponent:
    def __init__(self, name: str) -> None:
        self._name, self._started, self._goal = name, False, ""

    def set_start_state_to_current_state(self) -> None:
        self._started = True

    def set_goal_state(
        self,
        configuration_name: str | None = None,
        pose_stamped_msg: Any = None,
        pose_link: str | None = None,
    ) -> None:
        assert (configuration_name is None) == (pose_stamped_msg is not None and bool(pose_link))
        self._goal = configuration_name or ""
        if pose_stamped_msg is not None:
            p = pose_stamped_msg.pose.position
            self._goal = f"{pose_link} {p.x:.4f} {p.y:.4f} {p.z:.4f}"

    def plan(self) -> SimpleNamespace:
        assert self._started and self._goal
        return SimpleNamespace(trajectory=f"{self._name} {self._goal}")


class MoveItPy:
    def __init__(self, node_name: str) -> None:
        assert node_name

    def get_planning_component(self, name: str) -> PlanningComponent:
        return PlanningComponent(name)

    def execute(self, trajectory: str, controllers: list[str]) -> None:
        print(trajectory)
