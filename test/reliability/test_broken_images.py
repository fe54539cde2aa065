"""Random camera messages become a frame or a refusal with its cause."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from reliability.broken_images import CAUSES, check, draw


@settings(max_examples=300)
@given(st.randoms(use_true_random=False))
def test_messages_become_a_frame_or_a_refusal_with_its_cause(random: Random) -> None:
    check(draw(random))


def test_all_faults_and_outcomes_are_drawn() -> None:
    drawn = [draw(Random(seed)) for seed in range(500)]
    assert {fault for each in drawn for fault in each.image_faults} == set(CAUSES)
    assert {fault for each in drawn for fault in each.depth_faults} == set(CAUSES)
    refused = [bool(check(each)) for each in drawn]
    assert 100 < sum(refused) < 400
