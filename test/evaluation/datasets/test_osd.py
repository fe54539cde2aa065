"""Real RGB-D scenes as a data set: files, and questions that hold for one object."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.squares import CAMERA, SQUARES, blob, squares_frame

from zsris_ros.evaluation.datasets import osd
from zsris_ros.evaluation.datasets.frames import FramesData
from zsris_ros.evaluation.datasets.osd import convert_osd, osd_names, read_osd, spatial_questions
from zsris_ros.types import BoolArray, Frame, InputError, Verdict

OSD = Path(os.environ.get("ZSRIS_OSD_DIR", Path(__file__).parents[4] / "shared" / "osd"))


def test_spatial_questions_are_true_by_a_margin() -> None:
    squares = squares_frame()
    asked = {each.text: each.targets for each in spatial_questions(squares, SQUARES)}
    assert asked == {
        "the leftmost object": (0,),
        "the second object from the left": (1,),
        "the rightmost object": (2,),
        "the second object from the right": (1,),
        "the object closest to the camera": (0,),
        "the object farthest from the camera": (2,),
        "the biggest object": (2,),
    }
    close = np.stack([blob(4), blob(5, top=30), blob(45)])  # at one distance, of one size
    depth = np.full((48, 64), 0.7, np.float32)
    frame = Frame(squares.rgb, depth, CAMERA)
    asked = {each.text: each.targets for each in spatial_questions(frame, close)}
    assert asked == {"the rightmost object": (2,)}
    assert list(spatial_questions(frame, close[:1])) == []


def write_osd(root: Path) -> None:
    frame = squares_frame()
    assert frame.depth is not None
    labels = np.ones((48, 64), np.uint8)
    for number, mask in enumerate(SQUARES, 2):
        labels[mask] = number
    millimetres = np.rint(frame.depth * 1000).astype(np.uint16)
    for kind, pixels in {"rgb": frame.rgb, "depth": millimetres, "label": labels}.items():
        Image.fromarray(pixels).save(root / f"a_{kind}.png")
    (root / "objects.json").write_text('{"a": 3}')


def test_osd_frames_are_converted(tmp_path: Path) -> None:
    write_osd(tmp_path)
    out = tmp_path / "out"
    assert convert_osd(tmp_path, out) == 1
    read, item = FramesData(out).item("a"), read_osd(tmp_path, "a")
    for one in (read, item):
        np.testing.assert_array_equal(one.masks, SQUARES)
        np.testing.assert_allclose(one.frame.depth, squares_frame().depth, atol=1e-6)
    np.testing.assert_array_equal(read.frame.depth, item.frame.depth)
    assert read.frame.intrinsics == item.frame.intrinsics
    assert read.questions == item.questions != ()
    (tmp_path / "a_label.png").unlink()
    assert convert_osd(tmp_path, out) == 1, "converted frames are kept"


def test_names_are_asked_in_the_frames_that_have_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_osd(tmp_path)
    table = tmp_path / "names.json"
    table.write_text('{"a": {"the red box": 2}, "elsewhere": {"the can": 1}}')
    monkeypatch.setattr(osd, "NAMES", table)
    assert convert_osd(tmp_path, tmp_path / "out", names=True, depth=False) == 1
    read = FramesData(tmp_path / "out").item("a")
    assert read.frame.depth is None
    named, *absent = read.questions
    assert (named.text, named.targets, named.verdict) == ("the red box", (1,), Verdict.FOUND)
    assert absent and all(each.verdict == Verdict.NOT_FOUND for each in absent)


def test_damaged_osd_frames_are_named(tmp_path: Path) -> None:
    write_osd(tmp_path)
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(tmp_path / "a_label.png")
    with pytest.raises(InputError, match="differ in size"):
        convert_osd(tmp_path, tmp_path / "out")
    (tmp_path / "a_depth.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"a_depth\.png is missing"):
        convert_osd(tmp_path, tmp_path / "out")


@pytest.mark.skipif(not OSD.is_dir(), reason=f"the real RGB-D scenes are not in {OSD}")
def test_real_scenes_have_their_objects_and_questions(tmp_path: Path) -> None:
    counts = json.loads((OSD / "objects.json").read_text())
    names = osd_names(OSD)
    assert names == sorted(counts)
    for name in names[:: max(1, len(names) // 4)]:
        read = read_osd(OSD, name)
        assert len(read.masks) == counts[name]
        assert read.masks.any(axis=(1, 2)).all()
        assert not (read.masks.sum(0) > 1).any()
        assert len({each.text for each in read.questions}) == len(read.questions)


def asked_of(*objects: tuple[BoolArray, float]) -> dict[str, tuple[int, ...]]:
    """Return the relation questions about masks at distances in metres."""
    depth = np.full((48, 64), 2.0, np.float32)
    for mask, metres in objects:
        depth[mask] = metres
    frame = Frame(np.zeros((48, 64, 3), np.uint8), depth, CAMERA)
    found = spatial_questions(frame, np.stack([mask for mask, _ in objects]))
    return {q.text: q.targets for q in found if q.category == "relation"}


NEAREST = (blob(27, top=30), 0.5)


def test_one_object_stands_on_each_side_of_the_nearest() -> None:
    sides = asked_of(NEAREST, (blob(5, top=25), 0.7), (blob(50, top=25), 0.8), (blob(26), 0.9))
    assert sides == {
        "the object left of the closest one": (1,),
        "the object to the right of the closest one": (2,),
        "the object behind the closest one": (3,),
    }


@pytest.mark.parametrize(
    "others",
    [
        pytest.param([(blob(5), 0.7), (blob(16), 0.8)], id="two are left of it"),
        pytest.param([(blob(20), 0.9)], id="it is hardly covered, and hardly left"),
        pytest.param([(blob(25, 14, 28, 18), 0.9)], id="it stands on what reaches further down"),
        pytest.param([(blob(26), 0.53)], id="which is nearest is not clear"),
        pytest.param([(blob(26), 0.9), (blob(34, top=5), 1.1)], id="a second may be behind it"),
    ],
)
def test_no_question_is_asked_within_the_margins(others: list[tuple[BoolArray, float]]) -> None:
    assert asked_of(NEAREST, *others) == {}


@pytest.mark.skipif(not OSD.is_dir(), reason=f"the real RGB-D scenes are not in {OSD}")
def test_named_objects_are_in_their_frames() -> None:
    counts = json.loads((OSD / "objects.json").read_text())
    for frame, names in json.loads(osd.NAMES.read_text()).items():
        assert names and set(names.values()) <= set(range(1, counts[frame] + 1)), frame
        assert not set(names) & set(osd.ABSENT)
