"""The whole pipeline on the bundled weights, without ROS, on images of the shipped recording."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from zsris_ros.demo.demo_bag import (
    HOUSEHOLD_BAG,
    TABLETOP_BAG,
    RecordedScene,
    read_frames,
    read_truth,
)
from zsris_ros.evaluation.metrics import iou
from zsris_ros.models.load import LoadedModels, load_models
from zsris_ros.models.load_options import LoadOptions
from zsris_ros.proposals.from_file import FixedProposer
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.types import Frame, InputError, ReferringResult, Scene, Verdict


@pytest.fixture(scope="module")
def segmenter(tabletop: LoadedModels) -> Segmenter:
    return tabletop.segmenter()


@pytest.fixture(scope="module")
def recorded() -> tuple[RecordedScene, Frame]:
    scene = read_truth(TABLETOP_BAG)[0]
    stamp = scene.stamps_ns[0]
    return scene, read_frames(TABLETOP_BAG, [stamp])[stamp]


@pytest.fixture(scope="module")
def looked(segmenter: Segmenter, recorded: tuple[RecordedScene, Frame]) -> Scene:
    return segmenter.look(recorded[1])


def check(result: ReferringResult) -> None:
    """Check that an answer is explained, finite, in range and ranked."""
    assert result.message.endswith("?" if result.verdict is Verdict.AMBIGUOUS else ".")
    assert "parser rules" in result.explanation
    scores = [candidate.score for candidate in result.candidates]
    assert scores == sorted(scores, reverse=True)
    assert all(np.isfinite(s) and 0 <= s <= 1 for s in scores)
    for candidate in result.candidates:
        assert np.isfinite(list(candidate.scores.values())).all()
        x, y = (round(value) for value in candidate.centroid_pixel)
        assert 0 <= x < result.mask.shape[1] and 0 <= y < result.mask.shape[0]
    assert result.mask.any() == (result.verdict is not Verdict.NOT_FOUND)
    assert bool(result.selected) == (result.verdict is not Verdict.NOT_FOUND)


def test_the_recording_is_answered(
    segmenter: Segmenter, recorded: tuple[RecordedScene, Frame], looked: Scene
) -> None:
    scene, _ = recorded
    for question in scene.expressions:
        result = segmenter.refer(looked, question.text)
        check(result)
        assert result.verdict is question.verdict, result.explanation
        if question.verdict is Verdict.FOUND:
            assert iou(result.mask, scene.mask(question)) > 0.8, result.explanation
        best = result.best
        assert best is not None and best.centroid is not None
        away = [
            np.linalg.norm(np.subtract(best.centroid, target.centroid_m))
            for target in scene.targets(question)
        ]
        assert min(away, default=0.0) < 0.015


WORDINGS = (
    "{} on the table", "{} on the workbench", "{} in the kitchen", "{} within reach",
    "{} right there", "{} that you can see", "can you see {}?",
    "could you hand me {} that is lying around, please",
)  # fmt: skip


def test_words_that_say_nothing_change_nothing() -> None:
    """With real weights, which the words around a noun phrase could mislead."""
    segmenter = load_models("household", LoadOptions(device="cpu", parser="rules")).segmenter()
    stamp = read_truth(HOUSEHOLD_BAG)[-1].stamps_ns[0]
    scene = segmenter.look(read_frames(HOUSEHOLD_BAG, [stamp])[stamp])
    for phrase, verdict in (
        ("the white 7up can", Verdict.FOUND),
        ("the black screwdriver", Verdict.FOUND),
        ("the yellow carrot", Verdict.NOT_FOUND),
    ):
        plain = segmenter.refer(scene, phrase)
        assert plain.verdict is verdict and plain.best is not None
        for wording in WORDINGS:
            result = segmenter.refer(scene, wording.format(phrase))
            assert result.verdict is verdict, f"{wording}: {result.explanation}"
            if verdict is Verdict.FOUND:
                assert result.best is not None and result.best.index == plain.best.index, wording


def test_both_proposers_contribute(looked: Scene) -> None:
    finders = {name for source in looked.proposals.sources for name in source.split("+")}
    assert finders == {"sam", "depth"}
    assert "depth+sam" in looked.proposals.sources, "a mask of both is one proposal"


def test_looking_is_deterministic(
    segmenter: Segmenter, recorded: tuple[RecordedScene, Frame], looked: Scene
) -> None:
    again = segmenter.look(recorded[1])
    np.testing.assert_array_equal(again.proposals.masks, looked.proposals.masks)
    np.testing.assert_array_equal(again.features.numpy(), looked.features.numpy())


def test_without_depth_the_path_is_complete(
    segmenter: Segmenter, recorded: tuple[RecordedScene, Frame]
) -> None:
    scene, frame = recorded
    plain = segmenter.look(replace(frame, depth=None, intrinsics=None))
    assert set(plain.proposals.sources) == {"sam"}
    for question in scene.expressions:
        result = segmenter.refer(plain, question.text)
        check(result)
        assert all(candidate.centroid is None for candidate in result.candidates)
    attribute = next(q for q in scene.expressions if q.category == "attribute")
    assert iou(segmenter.refer(plain, attribute.text).mask, scene.mask(attribute)) > 0.5


def test_an_empty_image_is_reported(segmenter: Segmenter) -> None:
    blank = segmenter.look(Frame(np.full((120, 160, 3), 127, np.uint8)))
    result = segmenter.refer(blank, "the red mug")
    check(result)
    assert result.verdict is Verdict.NOT_FOUND
    assert "red mug" in result.message or "Nothing" in result.message


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (33, 17)])
def test_odd_image_sizes_are_answered(segmenter: Segmenter, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    scene = segmenter.look(Frame(rng.integers(0, 255, (*size, 3), dtype=np.uint8)))
    check(segmenter.refer(scene, "the leftmost blue ball behind the box"))


@pytest.mark.parametrize(
    "expression",
    [
        "the mug " + "next to the red ball and " * 125 + "the bowl",
        "red " * 500,
        "all mugs but not the white one",
        "the second object from the right",
        "the thing between the bottle and the plate",
        "the plate in the bowl on the table under the lamp",
        "l'assiette à gauche 左の赤いマグ",
        "everything",
    ],
)
def test_unusual_expressions_are_answered(
    segmenter: Segmenter, looked: Scene, expression: str
) -> None:
    check(segmenter.refer(looked, expression))


@pytest.mark.parametrize("expression", ["", "   ", "?!", "\x00"])
def test_empty_text_is_refused(segmenter: Segmenter, looked: Scene, expression: str) -> None:
    with pytest.raises(InputError, match=r".+"):
        segmenter.refer(looked, expression)


def test_tiny_full_and_overlapping_masks(
    tabletop: LoadedModels, recorded: tuple[RecordedScene, Frame]
) -> None:
    frame = recorded[1]
    masks = np.zeros((4, frame.height, frame.width), dtype=bool)
    masks[0, 5, 5] = True
    masks[1] = True
    masks[2, 100:200, 100:200] = True
    masks[3, 100:200, 100:201] = True
    segmenter = tabletop.segmenter(FixedProposer(masks))
    scene = segmenter.look(frame)
    for text in ("the red mug", "the biggest object", "the thing inside the box on the left"):
        check(segmenter.refer(scene, text))


def test_a_further_answer_does_no_image_work(segmenter: Segmenter, looked: Scene) -> None:
    """The stages of a look and of an answer have nothing in common."""
    result = segmenter.refer(looked, "the mug left of the bowl")
    assert set(result.timings) == {"language", "grounding"}
    assert set(looked.timings) == {"proposals", "features", "localisation", "geometry"}


def test_stages_come_in_the_order_of_the_action(segmenter: Segmenter, looked: Scene) -> None:
    stages = pytest.importorskip(
        "zsris_ros.ros.requests.request_handler", reason="needs ROS"
    ).STAGES
    result = segmenter.refer(looked, "the mug left of the bowl")
    assert ("conversion", *looked.timings, *result.timings, "extents") == stages


def test_several_targets_in_one_sentence(
    segmenter: Segmenter, recorded: tuple[RecordedScene, Frame], looked: Scene
) -> None:
    scene, _ = recorded
    first, second = (
        next(each for each in scene.objects if each.name == name)
        for name in ("green plate", "purple bowl")
    )
    both = segmenter.refer(looked, f"the {first.name} and the {second.name}")
    check(both)
    truth = (scene.labels == first.label) | (scene.labels == second.label)
    assert both.verdict is Verdict.FOUND
    assert iou(truth, both.mask) > 0.8
    assert len(both.selected) == 2
    missing = segmenter.refer(looked, f"the {first.name} and the yellow ball")
    check(missing)
    assert missing.verdict is Verdict.NOT_FOUND and "yellow ball" in missing.message
