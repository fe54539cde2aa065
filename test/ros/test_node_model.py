"""The model of a node gives freed memory back while it answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from support.ros_camera import colour_image
from support.stand_in_model import StandIn

from zsris_ros.camera.frame_buffer import Stamped
from zsris_ros.ros.inputs.serialized import CameraMessages
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.requests import node_model
from zsris_ros.ros.requests.request_handler import Query
from zsris_ros.tracing.stages import no_hook


def test_answers_return_freed_memory_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=1000.0)
    trimmed: list[float] = []
    monkeypatch.setattr(node_model, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(node_model.process, "trim_memory", lambda: trimmed.append(clock.now))
    node: Any = SimpleNamespace()
    look_up: Any = SimpleNamespace()
    model = node_model.NodeModel(node, lambda _: StandIn(), look_up)
    model.load(Parameters())
    model.activate(2)
    messages = CameraMessages(Stamped(1, colour_image(1), 0), None, None)
    for _ in range(20):
        clock.now += node_model.TRIM_PERIOD / 4
        model.answer(Query("red", messages, "the image", 1), Parameters(), clock.now, no_hook)
    assert 3 <= len(trimmed) <= 5, "once a period"
