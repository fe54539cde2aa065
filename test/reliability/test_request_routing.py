"""The recording of answers notices answers and names of other nodes."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from reliability.request_routing import figures, shared_names


def test_an_answer_of_another_node_is_counted() -> None:
    mine: dict[str, Any] = {"node": "/left/refer_segment_node"}
    other: dict[str, Any] = {"node": "/right/refer_segment_node"}
    right = {"asked": "/left/refer_segment", "way": "service", "is_right": True, "answers": [mine]}
    wrong = {**right, "is_right": False, "answers": [mine, other]}
    assert figures([right, wrong]) == {
        "asked": {"service": 2},
        "right": {"service": 1},
        "answers_of_others": 1,
    }


def test_a_name_of_two_nodes_or_outside_of_the_namespace_is_shared() -> None:
    names = {
        "left": {"publishes": ["/rosout", "/left/a"], "services": ["/left/b"]},
        "right": {"publishes": ["/rosout", "/right/a"], "services": ["/b", "/right/b"]},
    }
    assert shared_names(names) == ["/b", "/rosout"]
