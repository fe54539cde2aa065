"""Candidates, verdict and selection, from scores alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.scenes import Box, scene_of

from zsris_ros.language import parse
from zsris_ros.referring.calibration import Calibration
from zsris_ros.referring.grounding.grounding import Grounding
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.referring.verdict.decision import (
    answer_mask,
    decide,
    demote_non_rivals,
    rank_candidates,
    rivals,
    select,
)
from zsris_ros.types import Candidate, Verdict

SETTINGS = ReferSettings(
    min_score=0.3, min_rival_score=0.65, calibration=Calibration(measured_on="a test")
)
ROW: list[Box] = [(5, 5, 10, 10), (30, 5, 10, 10), (60, 5, 10, 10)]


def candidates_of(
    *scores: float, boxes: list[Box] = ROW, depths: list[float] | None = None
) -> tuple[Candidate, ...]:
    shares = torch.tensor(scores)
    return rank_candidates(
        scene_of(boxes, depths), Grounding(shares, {"match": shares}, (), shares)
    )


def test_each_object_has_one_candidate_best_first() -> None:
    nested: list[Box] = [(5, 5, 20, 20), (6, 6, 18, 18), (60, 5, 10, 10)]
    assert [c.index for c in candidates_of(0.5, 0.9, 0.7, boxes=nested)] == [1, 2]


def test_candidates_carry_metres_only_with_depth() -> None:
    with_depth = candidates_of(0.9, 0.5, 0.1, depths=[1.0, 1.0, 1.0])[0]
    assert with_depth.centroid is not None and abs(with_depth.centroid[2] - 1.0) < 1e-5
    assert candidates_of(0.9, 0.5, 0.1)[0].centroid is None


def test_only_measured_scores_refuse() -> None:
    mug = parse("the mug", "rules").target
    uncalibrated = ReferSettings(min_score=0.3)
    assert decide(candidates_of(0.2, 0.05, 0.01), mug, SETTINGS) is Verdict.NOT_FOUND
    assert decide(candidates_of(0.2, 0.05, 0.01), mug, uncalibrated) is Verdict.FOUND
    assert decide(candidates_of(0.2, 0.19, 0.01), mug, uncalibrated) is Verdict.AMBIGUOUS
    assert decide((), mug, SETTINGS) is Verdict.NOT_FOUND


@pytest.mark.parametrize(
    ("text", "scores", "verdict", "expected"),
    [
        ("the mug", (0.9, 0.2, 0.1), Verdict.FOUND, [0]),
        ("the mug", (0.9, 0.85, 0.1), Verdict.AMBIGUOUS, [0, 1]),
        ("the mug", (0.2, 0.1, 0.1), Verdict.NOT_FOUND, []),
        ("all mugs", (0.9, 0.6, 0.1), Verdict.FOUND, [0, 1]),
        ("the mugs", (0.9, 0.85, 0.8), Verdict.FOUND, [0, 1, 2]),
        ("both mugs", (0.9, 0.7, 0.1), Verdict.FOUND, [0, 1]),
        ("both mugs", (0.9, 0.1, 0.1), Verdict.FOUND, [0]),
        ("the two mugs", (0.9, 0.85, 0.8), Verdict.AMBIGUOUS, [0, 1, 2]),
        ("the two leftmost mugs", (0.9, 0.85, 0.8), Verdict.FOUND, [0, 1]),
    ],
)
def test_the_requested_number_is_selected(
    text: str, scores: tuple[float, ...], verdict: Verdict, expected: list[int]
) -> None:
    actual, candidates = select(candidates_of(*scores), parse(text, "rules").target, SETTINGS)
    assert actual is verdict
    assert sorted(each.index for each in candidates if each.selected) == expected


@pytest.mark.parametrize(
    ("text", "matches", "expected"),
    [
        ("the leftmost mug", (0.9, 0.8, 0.1), Verdict.FOUND),
        ("the leftmost mug", (0.2, 0.2, 0.1), Verdict.NOT_FOUND),
        ("the second mug from the left", (0.9, 0.8, 0.1), Verdict.FOUND),
        ("the second mug from the left", (0.9, 0.2, 0.1), Verdict.NOT_FOUND),
        ("the second to last mug", (0.9, 0.2, 0.1), Verdict.NOT_FOUND),
        ("the fourth mug from the left", (0.9, 0.8, 0.7), Verdict.NOT_FOUND),
    ],
)
def test_an_order_selects_an_object_and_is_no_evidence_of_absence(
    text: str, matches: tuple[float, ...], expected: Verdict
) -> None:
    """However uncertain the order of the fitting objects is."""
    match, order = torch.tensor(matches), torch.full((3,), 0.3)
    terms = {"match": match, "order": order}
    shares = SETTINGS.calibration.probability(terms)
    assert float(shares.max()) < 0.31
    candidates = rank_candidates(scene_of(ROW, None), Grounding(shares, terms, (), shares))
    assert decide(candidates, parse(text, "rules").target, SETTINGS) is expected


@given(
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
    st.sampled_from(["the mug", "all mugs", "both mugs", "the three mugs", "the two biggest mugs"]),
)
def test_the_mask_is_that_of_the_selected_candidates(scores: list[float], text: str) -> None:
    scene, target = scene_of(ROW), parse(text, "rules").target
    verdict, candidates = select(candidates_of(*scores), target, SETTINGS)
    mask = answer_mask(scene.proposals, candidates, verdict, target)
    selected = [each.index for each in candidates if each.selected]
    union = np.any(scene.proposals.masks[selected], axis=0)
    assert not (mask & ~union).any()
    assert mask.any() == bool(selected) == (verdict is not Verdict.NOT_FOUND)
    if verdict is Verdict.FOUND:
        assert (mask == union).all()


def test_a_mask_of_no_object_or_with_a_better_name_is_no_rival() -> None:
    mug = parse("the mug", "rules").target
    shares, things = torch.tensor([0.9, 0.85, 0.8]), torch.tensor([0.2, 0.3, 1.0])
    terms = {"match": shares, "thing": things}
    found = rank_candidates(scene_of(ROW), Grounding(shares, terms, (), shares))
    assert rivals(found, mug, SETTINGS) == [0, 1, 2]
    left = demote_non_rivals(found, [0, 1, 2], (), SETTINGS)
    assert rivals(left, mug, SETTINGS) == [0, 2], "the best one need not look like an object"
    assert decide(left, mug, SETTINGS) is Verdict.AMBIGUOUS
    alone = demote_non_rivals(found, [0, 1, 2], {2}, SETTINGS)
    assert decide(alone, mug, SETTINGS) is Verdict.FOUND and alone[0].index == 0
    assert demote_non_rivals(found, [0, 1, 2], {0}, SETTINGS)[0].index == 2
    assert demote_non_rivals(found, [], (), SETTINGS) == found, "two mugs, or an order: scores stay"
    assert demote_non_rivals((), [], (), SETTINGS) == ()


@pytest.mark.parametrize("text", ["two mugs", "the leftmost mug", "the second mug from the left"])
def test_there_are_no_rivals_where_several_or_an_order_are_asked_for(text: str) -> None:
    target = parse(text, "rules").target
    assert rivals(candidates_of(0.9, 0.85, 0.8), target, SETTINGS) == []
