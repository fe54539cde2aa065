"""Metrics against counting by hand, the loop over a small data set, and the readers."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from small_clip import small_clip

from zsris_ros.evaluation.figures import write_summary
from zsris_ros.evaluation.items import EvaluationItem, Question
from zsris_ros.evaluation.metrics import Tally, best_ious, iou
from zsris_ros.evaluation.osd import osd_item, osd_items, osd_names, spatial_questions
from zsris_ros.evaluation.run import Condition, Watched, evaluate
from zsris_ros.evaluation.tabletop import tabletop_items, to_item
from zsris_ros.language import load_parser
from zsris_ros.proposals.fixed import FixedProposals
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.simulation.render import RenderingUnavailable
from zsris_ros.simulation.tabletop import tabletop_scene
from zsris_ros.types import BoolArray, Frame, InputError, Intrinsics
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.views import HybridSettings

OSD = Path(os.environ.get("ZSRIS_OSD_DIR", Path(__file__).parents[2] / "shared" / "osd"))
CAMERA = Intrinsics(60.0, 60.0, 31.5, 23.5)

masks = arrays(bool, (4, 5))


@given(masks, masks)
def test_iou_counts_pixels(a: BoolArray, b: BoolArray) -> None:
    one = {tuple(p) for p in np.argwhere(a)}
    other = {tuple(p) for p in np.argwhere(b)}
    expected = len(one & other) / len(one | other) if one | other else 1.0
    assert iou(a, b) == iou(b, a) == pytest.approx(expected)


@given(st.lists(st.tuples(masks, masks), min_size=1, max_size=6))
def test_a_tally_means_over_answers_and_over_pixels(
    pairs: list[tuple[BoolArray, BoolArray]],
) -> None:
    tally = Tally()
    each = [tally.add(true, answer) for true, answer in pairs]
    assert tally.n == len(pairs)
    assert tally.miou == pytest.approx(np.mean(each))
    true, answers = (np.stack([pair[i] for pair in pairs]) for i in (0, 1))
    if (true | answers).any():
        assert tally.oiou == pytest.approx(iou(true, answers))


def blob(left: int, width: int = 10, top: int = 10, height: int = 10) -> BoolArray:
    mask = np.zeros((48, 64), bool)
    mask[top : top + height, left : left + width] = True
    return mask


def item(name: str = "one") -> EvaluationItem:
    """Three squares: left and near, in the middle, right and far and large."""
    objects = np.stack([blob(4), blob(25), blob(45, 16, height=30)])
    depth = np.full((48, 64), 1.0, np.float32)
    for mask, metres in zip(objects, (0.5, 0.7, 0.9), strict=True):
        depth[mask] = metres
    rgb = np.full((48, 64, 3), 90, np.uint8)
    frame = Frame(rgb, depth, CAMERA)
    questions = (
        Question("the leftmost object", "superlative", 0),
        Question("the rightmost object", "superlative", 2),
        Question("the object closest to the camera", "distance", 1),  # wrong on purpose
    )
    return EvaluationItem(name, frame, objects, questions)


def segmenter(*proposers: object) -> Segmenter:
    encoder = HybridEncoder(small_clip(), HybridSettings(start_block=2))
    return Segmenter(proposers, encoder, None, load_parser("rules"), ReferSettings())  # type: ignore[arg-type]


def test_the_loop_answers_counts_and_writes(tmp_path: Path) -> None:
    items = [item("one"), item("two")]
    whole = Watched("given", FixedProposals(items[0].masks))
    half = Watched("half", FixedProposals(items[0].masks[:1]))
    joined = segmenter(whole, half)
    figures = evaluate(
        items,
        {
            "all": Condition(lambda _: joined, watched=(whole, half)),
            "first only": Condition(
                lambda each: segmenter(FixedProposals(each.masks[:1])),
                lambda each: each.questions[:1],
            ),
        },
        tmp_path / "new",
    )
    summary = figures["all"].summary()
    assert summary["n"] == 6
    assert summary["miou"] == pytest.approx(4 / 6, abs=1e-4)
    assert summary["accuracy"] == pytest.approx(4 / 6, abs=1e-4)
    assert summary["by_category"]["superlative"] == {"n": 4, "miou": 1, "oiou": 1, "accuracy": 1}
    assert summary["by_category"]["distance"]["miou"] == 0
    assert summary["frames"] == 2 and summary["objects"] == 6
    assert summary["proposal_bounds"]["given"] == summary["proposal_bound"] == 1
    assert summary["proposal_bounds"]["half"] == pytest.approx(1 / 3, abs=1e-4)
    assert summary["proposals_per_frame"] == {"joined": 3, "given": 3, "half": 1}
    assert sum(summary["verdicts"].values()) == 6
    assert figures["first only"].summary()["n"] == 2
    assert figures["first only"].accuracy == 1

    rows = [json.loads(line) for line in (tmp_path / "new/answers.jsonl").read_text().splitlines()]
    assert len(rows) == 8
    assert [row["iou"] for row in rows if row["condition"] == "all"] == [1, 1, 0, 1, 1, 0]
    assert {row["item"] for row in rows} == {"one", "two"}

    written = json.loads(write_summary(tmp_path / "new", {"weights": "w", **summary}).read_text())
    assert {"n", "miou", "oiou", "proposal_bound", "by_category", "versions", "machine"} <= set(
        written
    )


def test_what_is_not_found_counts_as_an_empty_mask(tmp_path: Path) -> None:
    nothing = FixedProposals(np.zeros((0, 48, 64), bool))
    figures = evaluate([item()], {"none": Condition(lambda _: segmenter(nothing))}, tmp_path)
    summary = figures["none"].summary()
    assert summary["verdicts"] == {"NOT_FOUND": 3}
    assert summary["miou"] == summary["oiou"] == summary["proposal_bound"] == 0


def test_fixed_proposals_must_fit_the_frame() -> None:
    with pytest.raises(InputError, match="64x48"):
        FixedProposals(np.ones((1, 5, 5), bool)).propose(item().frame)


def test_best_ious_of_fixed_proposals() -> None:
    true = item().masks
    shifted = np.stack([blob(9), blob(25)])  # half of the first, all of the second, none of it
    bound = best_ious(true, FixedProposals(shifted).propose(item().frame))
    np.testing.assert_allclose(bound, [1 / 3, 1, 0], atol=1e-6)


def test_spatial_questions_are_true_by_a_margin() -> None:
    one = item()
    asked = {each.text: each.target for each in spatial_questions(one.frame, one.masks)}
    assert asked == {
        "the leftmost object": 0,
        "the second object from the left": 1,
        "the rightmost object": 2,
        "the second object from the right": 1,
        "the object closest to the camera": 0,
        "the object farthest from the camera": 2,
        "the biggest object": 2,
    }
    close = np.stack([blob(4), blob(5, top=30), blob(45)])  # at one distance, of one size
    depth = np.full((48, 64), 0.7, np.float32)
    frame = Frame(one.frame.rgb, depth, CAMERA)
    asked = {each.text: each.target for each in spatial_questions(frame, close)}
    assert asked == {"the rightmost object": 2}
    assert list(spatial_questions(frame, close[:1])) == []


def write_osd(root: Path) -> None:
    one = item()
    assert one.frame.depth is not None
    labels = np.ones((48, 64), np.uint8)
    for number, mask in enumerate(one.masks, 2):
        labels[mask] = number
    millimetres = np.rint(one.frame.depth * 1000).astype(np.uint16)
    for kind, pixels in {"rgb": one.frame.rgb, "depth": millimetres, "label": labels}.items():
        Image.fromarray(pixels).save(root / f"a_{kind}.png")
    (root / "objects.json").write_text('{"a": 3}')


def test_osd_frames_are_read(tmp_path: Path) -> None:
    write_osd(tmp_path)
    (read,) = osd_items(tmp_path)
    made = item()
    np.testing.assert_array_equal(read.masks, made.masks)
    np.testing.assert_allclose(read.frame.depth, made.frame.depth, atol=1e-6)
    assert read.truth(read.questions[0]).any()
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(tmp_path / "a_label.png")
    with pytest.raises(InputError, match="differ in size"):
        osd_item(tmp_path, "a")
    (tmp_path / "a_depth.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"a_depth\.png is missing"):
        osd_item(tmp_path, "a")


@pytest.mark.skipif(not OSD.is_dir(), reason=f"the real RGB-D scenes are not in {OSD}")
def test_real_scenes_have_their_objects_and_questions() -> None:
    counts = json.loads((OSD / "objects.json").read_text())
    names = osd_names(OSD)
    assert names == sorted(counts)
    for name in names[:: max(1, len(names) // 4)]:
        read = osd_item(OSD, name)
        assert len(read.masks) == counts[name]
        assert read.masks.any(axis=(1, 2)).all()
        assert not (read.masks.sum(0) > 1).any()
        assert len({each.text for each in read.questions}) == len(read.questions)


def test_a_rendered_scene_becomes_an_item() -> None:
    try:
        scene = tabletop_scene(1332)
    except RenderingUnavailable as error:
        pytest.skip(str(error))
    made = to_item(scene)
    assert len(made.masks) == len(scene.objects)
    assert made.questions
    texts = [question.text for question in made.names]
    assert "the purple bowl" in texts
    assert "the white mug" not in texts, "there are two"
    for question in made.names:
        assert f"the {scene.objects[question.target].name}" == question.text


@pytest.mark.parametrize(("seed", "scenes"), [(-1, 2), (0, 0), (999_999, 5), (1_000_000, 1)])
def test_trained_and_impossible_seeds_are_refused(seed: int, scenes: int) -> None:
    with pytest.raises(InputError, match="cannot be evaluated"):
        tabletop_items(seed, scenes)
