from __future__ import annotations

from pathlib import Path

import pytest

from zsris_ros.grasping import ParallelJaw, SuctionCup, load_gripper
from zsris_ros.grasping.gripper import gripper_names, parse_gripper
from zsris_ros.types import InputError


def test_every_gripper_of_the_package_loads() -> None:
    assert gripper_names() == ("panda", "robotiq_2f85", "suction_30mm")
    kinds = [type(load_gripper(name)) for name in gripper_names()]
    assert kinds == [ParallelJaw, ParallelJaw, SuctionCup]


def test_fingers_leave_the_opening_free_and_end_at_the_tip() -> None:
    panda = load_gripper("panda")
    assert isinstance(panda, ParallelJaw)
    lower, upper = panda.fingers(0.04)
    assert lower.high[1] == pytest.approx(-0.02) and upper.low[1] == pytest.approx(0.02)
    assert lower.high[2] == upper.high[2] == panda.tip
    assert panda.body().high[2] == pytest.approx(lower.low[2])


def test_a_custom_gripper_is_read_from_a_file(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "config/grippers/panda.yaml").read_text()
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace("opening_m: 0.08 ", "opening_m: 0.11 "))
    gripper = load_gripper(path)
    assert isinstance(gripper, ParallelJaw)
    assert gripper.opening == 0.11 and gripper.name == "mine"


def test_an_unknown_gripper_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"no gripper is called hand; there are panda"):
        load_gripper("hand")


def test_every_bad_field_is_named_at_once() -> None:
    document = {"kind": "parallel_jaw", "opening_m": -1, "force_n": True, "finger": {"tip_m": 0.01}}
    with pytest.raises(InputError) as error:
        parse_gripper("bad", document)
    for field in ("opening_m", "force_n", "finger.width_m", "palm.size_m"):
        assert field in str(error.value)
    assert "finger.tip_m" not in str(error.value)
    with pytest.raises(InputError, match="'kind' must be one of"):
        parse_gripper("bad", {"kind": "tongs"})
