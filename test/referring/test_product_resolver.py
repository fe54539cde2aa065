"""The product's resolver on scenes of rectangles with simulated semantics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scenes import Box, scene_of

from zsris_ros.baselines.factory import interpret_without_positions
from zsris_ros.evaluation.expressions.simulated_semantics import Semantics, SimulatedClip
from zsris_ros.language.rule_parser import RuleParser
from zsris_ros.referring.calibration import Calibration
from zsris_ros.referring.product_resolver import ProductResolver
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import ReferringResult, Verdict

ROW: list[Box] = [(2, 20, 10, 14), (24, 20, 10, 14), (46, 20, 10, 14), (66, 20, 10, 14)]


def refer(
    text: str,
    *objects: str,
    boxes: list[Box] | None = None,
    noise: float = 0.0,
    image: str = "row",
    semantics: Semantics = "words",
    settings: ReferSettings | None = None,
) -> ReferringResult:
    """Return the result for a row of objects from left to right, each with its words."""
    settings = settings or ReferSettings()
    clip = SimulatedClip(settings.negatives)
    clip.set_scene(image, [set(each.split()) for each in objects], semantics, noise)
    scene = scene_of((boxes or ROW)[: len(objects)], features=clip.mask_features())
    return ProductResolver(clip, None, RuleParser(), settings).refer(scene, text)


def best(text: str, *objects: str, **options: object) -> int:
    result = refer(text, *objects, **options)  # type: ignore[arg-type]
    assert result.best is not None
    return result.best.index


@pytest.mark.parametrize(
    ("text", "objects", "meant"),
    [
        ("the mug", ("bowl", "mug", "box"), 1),
        ("the left mug", ("bowl", "mug", "mug"), 1),
        ("the mug on the right", ("mug", "mug", "bowl"), 1),
        ("the second mug from the left", ("mug", "bowl", "mug", "mug"), 2),
        ("the middle mug", ("mug", "mug", "mug", "bowl"), 1),
        ("the mug left of the bowl", ("mug", "bowl", "mug"), 0),
        ("the mug between the bowl and the box", ("bowl", "mug", "box", "mug"), 1),
        ("the last mug on the right", ("mug", "mug", "mug", "bowl"), 2),
        ("the mug next to the bowl that is left of the box", ("mug", "bowl", "box", "bowl"), 0),
    ],
)
def test_space_chooses_among_those_that_fit(
    text: str, objects: tuple[str, ...], meant: int
) -> None:
    result = refer(text, *objects)
    assert result.best is not None and result.best.index == meant
    assert result.verdict is Verdict.FOUND


@pytest.mark.parametrize("place", ["on the left", "second from the left", "left of the box"])
def test_the_only_match_is_found_wherever_it_is(place: str) -> None:
    assert best(f"the mug {place}", "bowl", "bowl", "mug") == 2


def test_the_farthest_of_several_is_at_the_back_wherever_it_stands() -> None:
    row: list[Box] = [(5, 4, 8, 8), (40, 40, 8, 8), (60, 50, 8, 8)]
    result = refer("the mug at the back", "bowl", "mug", "mug", boxes=row)
    assert result.best is not None and result.best.index == 1
    assert result.best.scores["place"] > 0.9, "it stands in the front half of the image"
    assert {c.index: c.scores["place"] for c in result.candidates}[2] < 0.3


@pytest.mark.parametrize("text", ["left mug", "the leftmost mug", "first mug from the left"])
def test_noise_between_objects_of_a_kind_does_not_outweigh_a_place(text: str) -> None:
    hits = [best(text, "mug", "mug", "mug", noise=0.01, image=str(k)) == 0 for k in range(40)]
    assert np.mean(hits) >= 0.95


@pytest.mark.parametrize(
    "text",
    [
        "the mug with a white lid",
        "the mug on the table",
        "a mug of tea on the shelf",
        "the mug on its side",
        "the mug near the window",
        "the mug behind the fridge",
        "the third mug from the left",
    ],
)
def test_no_present_object_is_refused_without_a_calibration(text: str) -> None:
    result = refer(text, "mug", "bowl", "box")
    assert result.verdict is not Verdict.NOT_FOUND
    assert result.best is not None and result.best.index == 0
    assert "uncalibrated" in result.explanation


def test_an_anchor_that_was_not_proposed_is_named_and_its_side_is_left() -> None:
    result = refer("the mug right of the fridge", "mug", "mug", "bowl")
    assert "no proposal clearly shows the fridge" in result.explanation
    assert result.best is not None and result.best.index == 1
    near = refer("the mug near the fridge", "mug", "mug", "bowl")
    assert near.verdict is Verdict.AMBIGUOUS


def test_an_anchor_may_look_like_the_target() -> None:
    beside = [(2, 20, 10, 14), (14, 20, 10, 14), (66, 20, 10, 14)]
    result = refer("the mug next to another mug", "mug", "mug", "mug", boxes=beside)
    assert result.verdict is Verdict.AMBIGUOUS
    assert sorted(each.index for each in result.selected) == [0, 1]


def test_two_equal_matches_are_ambiguous() -> None:
    result = refer("the mug", "mug", "bowl", "mug")
    assert result.verdict is Verdict.AMBIGUOUS
    assert sorted(each.index for each in result.selected) == [0, 2]


def test_calibrated_weights_refuse_absent_objects() -> None:
    measured = Calibration({"presence": (0, 1), "anchor": (0, 1)}, measured_on="a test")
    settings = replace(ReferSettings(), min_score=0.3, calibration=measured)
    assert refer("the mug", "mug", "bowl", settings=settings).verdict is Verdict.FOUND
    assert refer("the kettle", "mug", "bowl", settings=settings).verdict is Verdict.NOT_FOUND
    far = refer("the mug left of the kettle", "mug", "bowl", settings=settings)
    assert far.verdict is Verdict.NOT_FOUND


@pytest.mark.parametrize("place", ["on the workbench", "in the workspace", "within reach"])
def test_a_support_without_a_mask_refuses_nothing(place: str) -> None:
    measured = Calibration({"presence": (0, 1), "anchor": (0, 1)}, measured_on="a test")
    settings = replace(ReferSettings(), min_score=0.3, calibration=measured)
    for mug in ("mug", "white mug"):
        found = refer(f"the mug {place}", mug, "bowl", settings=settings)
        assert found.verdict is Verdict.FOUND and found.best is not None and found.best.index == 0
    absent = refer(f"the kettle {place}", "mug", "bowl", settings=settings)
    assert absent.verdict is Verdict.NOT_FOUND


def test_an_anchor_of_an_unknown_noun_counts_half() -> None:
    measured = Calibration({"presence": (0, 1), "anchor": (0, 1)}, measured_on="a test")
    settings = replace(ReferSettings(), calibration=measured, vocabulary=("mug", "bowl", "kettle"))
    known, unknown = (
        refer(f"the mug left of the {anchor}", "mug", "bowl", settings=settings).best
        for anchor in ("kettle", "gripper")
    )
    assert known is not None and unknown is not None
    assert known.scores["anchor"] < 0.2 and unknown.scores["anchor"] > 0.5


def test_presence_does_not_decide_between_candidates() -> None:
    measured = Calibration({"presence": (0, 1)}, measured_on="a test")
    for image in map(str, range(20)):
        plain = refer("the mug", "mug", "mug", "bowl", noise=0.02, image=image)
        settings = replace(ReferSettings(), calibration=measured)
        again = refer("the mug", "mug", "mug", "bowl", noise=0.02, image=image, settings=settings)
        assert [c.index for c in again.candidates] == [c.index for c in plain.candidates]


@pytest.mark.parametrize("text", ["the left mug", "the mug on the right side of the table"])
def test_an_ablation_leaves_out_positions(text: str) -> None:
    clip = SimulatedClip()
    clip.set_scene("row", [{"mug"}, {"mug"}], "words", 0.0)
    scene = scene_of(ROW[:2], features=clip.mask_features())
    product = ProductResolver(clip, None, RuleParser(), ReferSettings())
    assert product.refer(scene, text).verdict is Verdict.FOUND
    ablation = ProductResolver(
        clip, None, RuleParser(), ReferSettings(), interpret_without_positions
    )
    assert ablation.refer(scene, text).verdict is Verdict.AMBIGUOUS


def test_a_lying_object_is_wide() -> None:
    shapes = [(2, 20, 8, 24), (24, 30, 24, 8), (60, 20, 8, 24)]
    assert best("the bottle lying down", "bottle", "bottle", "bottle", boxes=shapes) == 1
    tall = refer("the bottle standing upright", "bottle", "bottle", "bottle", boxes=shapes)
    assert [each.index for each in tall.candidates][-1] == 1


@given(
    st.permutations([0, 1, 2, 3]),
    st.sampled_from(
        ["the left mug", "second mug from the right", "the mug left of the bowl", "the middle mug"]
    ),
)
def test_the_order_of_proposals_does_not_matter(order: list[int], text: str) -> None:
    objects = ["mug", "mug", "bowl", "mug"]
    turned = best(text, *(objects[k] for k in order), boxes=[ROW[k] for k in order])
    assert order[turned] == best(text, *objects)


def test_an_unknown_noun_halves_the_score_and_is_explained() -> None:
    settings = ReferSettings(vocabulary=("mug", "bowl", "box"))
    known = refer("the red mug", "red mug", "bowl", settings=settings)
    unknown = refer("the red laptop", "red mug", "bowl", settings=settings)
    plural = refer("both mugs", "red mug", "mug", "bowl", settings=settings)
    neutral = refer("the red thing", "red mug", "bowl", settings=settings)
    assert known.best is not None and unknown.best is not None and neutral.best is not None
    assert unknown.best.scores["known"] == 0
    assert "never saw the word 'laptop'" in unknown.explanation
    for result in (known, plural, neutral):
        assert result.best is not None and "known" not in result.best.scores
        assert "never saw" not in result.explanation
    open_words = refer("the red laptop", "red mug", "bowl")
    assert open_words.best is not None
    assert unknown.best.score == pytest.approx(open_words.best.score / 2, rel=1e-5)


def test_an_unknown_part_is_grounded_as_its_whole() -> None:
    settings = ReferSettings(vocabulary=("cabinet", "box", "mug"))
    objects = "box", "white cabinet", "mug"
    part = refer("the top drawer of the cabinet", *objects, settings=settings)
    whole = refer("the cabinet", *objects, settings=settings)
    assert part.best is not None and whole.best is not None
    assert part.best.index == 1
    assert part.best.score == pytest.approx(whole.best.score)
    assert "never saw a 'drawer', so the cabinet stands for it" in part.explanation
    inside = refer("the mug near the top drawer of the cabinet", *objects, settings=settings)
    assert inside.best is not None and inside.best.index == 2
    unknown = refer("the knob of the oven", *objects, settings=settings)
    assert "never saw the word 'knob', so the candidates count less" in unknown.explanation
    named = refer("the drawer of the cabinet", "drawer", "cabinet")  # an open vocabulary
    assert "stands for it" not in named.explanation
