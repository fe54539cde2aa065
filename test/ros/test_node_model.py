"""The model of a node gives freed memory back while it answers, and notices a lost device."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from support.ros_camera import colour_image
from support.stand_in_model import StandIn

from zsris_ros.camera.frame_buffer import Stamped
from zsris_ros.ros.inputs.serialized import CameraMessages
from zsris_ros.ros.lifecycle.worker import JobCancelled
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.publishers.answer import Refusal, Status
from zsris_ros.ros.requests import node_model
from zsris_ros.ros.requests.request_handler import Query
from zsris_ros.tracing.stages import no_hook
from zsris_ros.types import InputError


def loaded(stand_in: StandIn) -> node_model.NodeModel:
    node: Any = SimpleNamespace()
    look_up: Any = SimpleNamespace()
    model = node_model.NodeModel(node, lambda _: stand_in, look_up)
    model.load(Parameters())
    return model


def test_answers_return_freed_memory_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=1000.0)
    trimmed: list[float] = []
    monkeypatch.setattr(node_model, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(node_model.process, "trim_memory", lambda: trimmed.append(clock.now))
    model = loaded(StandIn())
    model.activate(2)
    messages = CameraMessages(Stamped(1, colour_image(1), 0), None, None)
    for _ in range(20):
        clock.now += node_model.TRIM_PERIOD / 4
        model.answer(Query("red", messages, "the image", 1), clock.now, no_hook)
    assert 3 <= len(trimmed) <= 5, "once a period"


def test_a_device_is_lost_by_unexpected_errors_only() -> None:
    stand_in = StandIn()
    stand_in.is_lost = True
    model = loaded(stand_in)
    for expected in (Refusal(Status.BUSY, "later"), JobCancelled("as requested"), InputError("?")):
        model.check_device(expected)
    assert model.device_error == ""
    model.check_device(RuntimeError("CUDA error"))
    assert model.device_error.endswith("ends the process: CUDA error: device-side assert triggered")


def test_unreadable_memory_is_a_lost_device_of_an_active_node_only() -> None:
    stand_in = StandIn()
    stand_in.is_poisoned = True
    model = loaded(stand_in)
    assert model.read_gpu_memory() == "unknown: CUDA error: unspecified launch failure"
    assert model.device_error == "", "another process may have filled the GPU"
    model.activate(2)
    model.read_gpu_memory()
    assert "unspecified launch failure" in model.device_error
