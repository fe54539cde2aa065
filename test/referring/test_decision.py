"""Candidates and verdict, from scores alone."""

from __future__ import annotations

import pytest
import torch
from support.scenes import scene_of

from zsris_ros.language import parse
from zsris_ros.referring.calibration import Calibration
from zsris_ros.referring.decision import decide, rank
from zsris_ros.referring.grounding import Grounding
from zsris_ros.referring.object_filter import prefer_wholes
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import Verdict

MEASURED = Calibration(measured_on="a test")
SETTINGS = ReferSettings(found=0.3, alike=0.8, calibration=MEASURED)
APART = [(5, 5, 10, 10), (30, 5, 10, 10), (60, 5, 10, 10)]
MUG = parse("the mug", "rules").target


def grounding(*scores: float) -> Grounding:
    shares = torch.tensor(scores)
    return Grounding(shares, {"match": shares}, (), shares)


def test_candidates_come_best_first_and_once_a_thing() -> None:
    nested = [(5, 5, 20, 20), (6, 6, 18, 18), (60, 5, 10, 10)]
    candidates = rank(scene_of(nested), grounding(0.5, 0.9, 0.7))
    assert [c.index for c in candidates] == [1, 2]


def test_verdicts() -> None:
    scene = scene_of(APART)
    for scores, verdict in [
        ((0.9, 0.2, 0.1), Verdict.FOUND),
        ((0.9, 0.85, 0.1), Verdict.AMBIGUOUS),
        ((0.2, 0.1, 0.1), Verdict.NOT_FOUND),
    ]:
        candidates = rank(scene, grounding(*scores))
        assert decide(candidates, MUG, SETTINGS) is verdict
    assert decide((), MUG, SETTINGS) is Verdict.NOT_FOUND


def test_only_measured_scores_refuse() -> None:
    candidates = rank(scene_of(APART), grounding(0.2, 0.05, 0.01))
    assert decide(candidates, MUG, SETTINGS) is Verdict.NOT_FOUND
    assert decide(candidates, MUG, ReferSettings(found=0.3)) is Verdict.FOUND
    close = rank(scene_of(APART), grounding(0.2, 0.19, 0.01))
    assert decide(close, MUG, ReferSettings(found=0.3)) is Verdict.AMBIGUOUS


def test_asking_for_all_is_never_ambiguous() -> None:
    candidates = rank(scene_of(APART), grounding(0.9, 0.85, 0.8))
    assert decide(candidates, parse("all mugs", "rules").target, SETTINGS) is Verdict.FOUND


def test_candidates_carry_metres_only_with_depth() -> None:
    with_depth = rank(scene_of(APART, depths=[1.0, 1.0, 1.0]), grounding(0.9, 0.5, 0.1))[0]
    assert with_depth.centroid is not None and abs(with_depth.centroid[2] - 1.0) < 1e-5
    assert rank(scene_of(APART), grounding(0.9, 0.5, 0.1))[0].centroid is None


def test_a_whole_goes_before_its_parts_unless_it_matches_much_worse() -> None:
    part_whole_other = [(5, 5, 20, 12), (5, 5, 20, 20), (60, 5, 10, 10)]
    proposals = scene_of(part_whole_other).proposals
    close = prefer_wholes(torch.tensor([0.95, 0.9, 0.92]), proposals, 0.85)
    assert close.argsort(descending=True).tolist() == [2, 1, 0]
    far = prefer_wholes(torch.tensor([0.95, 0.5, 0.92]), proposals, 0.85)
    assert far.tolist() == pytest.approx([0.95, 0.5, 0.92])
