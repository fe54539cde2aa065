"""Messages and explanations, from scores alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
import torch
from support.scenes import Box, scene_of

from zsris_ros.language import parse
from zsris_ros.referring.calibration import Calibration
from zsris_ros.referring.grounding.grounding import Grounding
from zsris_ros.referring.grounding.relation_scores import GroundedAnchor
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.referring.verdict.decision import rank_candidates, select
from zsris_ros.referring.verdict.explanation import explanation
from zsris_ros.referring.verdict.messages import message
from zsris_ros.types import Scene, Verdict

SETTINGS = ReferSettings(
    min_score=0.3,
    ambiguity_ratio=0.8,
    calibration=Calibration({"anchor": (0, 1)}, measured_on="a test"),
)
ROW: list[Box] = [(5, 5, 10, 10), (30, 5, 10, 10), (60, 5, 10, 10)]


def grounding_of(
    terms: Mapping[str, Sequence[float]], anchors: tuple[GroundedAnchor, ...] = ()
) -> Grounding:
    tensors = {name: torch.tensor(values) for name, values in terms.items()}
    scores = torch.stack(list(tensors.values())).prod(0)
    return Grounding(scores, tensors, anchors, scores)


def answer(text: str, scores: Sequence[float], scene: Scene | None = None) -> str:
    grounding, target = grounding_of({"match": scores}), parse(text, "rules").target
    candidates = rank_candidates(scene or scene_of(ROW), grounding)
    verdict, candidates = select(candidates, target, SETTINGS)
    return message(verdict, target, candidates, grounding, SETTINGS)


@pytest.mark.parametrize(
    ("boxes", "depths", "scores", "question"),
    [
        (ROW, None, (0.9, 0.85, 0.1), "Two mugs fit: the left one or the right one?"),
        (ROW, None, (0.9, 0.9, 0.9), "Three mugs fit: the left, the middle or the right one?"),
        (
            [(30, 5, 10, 10), (32, 40, 10, 10)],
            None,
            (0.9, 0.9),
            "Two mugs fit: the upper one or the lower one?",
        ),
        (
            [(30, 5, 10, 10), (32, 40, 10, 10)],
            [2.0, 1.0],
            (0.9, 0.9),
            "Two mugs fit: the near one or the far one?",
        ),
        (
            [(5 + 18 * i, 5, 8, 8) for i in range(4)],
            None,
            (0.9,) * 4,
            "Four mugs fit: which one, counted from the left?",
        ),
    ],
)
def test_the_question_names_the_positions(
    boxes: list[Box], depths: list[float] | None, scores: tuple[float, ...], question: str
) -> None:
    assert answer("the mug", scores, scene_of(boxes, depths)) == question


def test_another_number_than_requested_is_reported() -> None:
    assert answer("the two mugs", (0.9, 0.1, 0.1)) == "Two were asked for, one fits."
    many = answer("the two mugs", (0.9, 0.85, 0.8))
    assert many == "Three mugs fit, two were asked for: which ones?"
    assert answer("all red boxes", (0.9, 0.8, 0.1)).startswith("Found two red boxes,")


BOWL = GroundedAnchor("the bowl", "left_of", 2, 0.1)
NO_RELATION = {"match": (0.9, 0.1, 0.1), "left_of": (0.1, 0.9, 0.0)}


@pytest.mark.parametrize(
    ("text", "terms", "members", "reason"),
    [
        ("the red mug", {"match": (0.1, 0.2, 0.1)}, None,
         "I see no red mug: the best match scores 0.20."),
        ("the mug left of the bowl",
         {"match": (0.9, 0.1, 0.1), "left_of": (0.9, 0.1, 0.0), "anchor": (0.1, 0.1, 0.1)}, None,
         "I see no bowl that anything could be left of."),
        ("the mug left of the bowl", NO_RELATION, None,
         "I see a mug, but none that is left of the bowl."),
        ("the object left of the bowl", NO_RELATION, None,
         "I see something, but nothing that is left of the bowl."),
        ("the mug but not the red one", {"match": (0.9, 0.1, 0.1), "not": (0.1, 1.0, 1.0)}, None,
         "I see a mug, but none besides what was excluded."),
        ("the mug with no handle", {"match": (0.9, 0.1, 0.1), "handle": (0.1, 0.5, 0.5)}, None,
         "I see a mug, but none without a handle."),
        ("the mug with a handle", {"match": (0.9, 0.1, 0.1), "handle": (0.1, 0.5, 0.5)}, None,
         "I see a mug, but none with a handle."),
        ("the mug that is upside down",
         {"match": (0.9, 0.1, 0.1), "posture": (0.1, 0.5, 0.5)}, None,
         "I see a mug, but none that is upside down."),
        ("the third mug from the left", {"match": (0.9, 0.9, 0.1), "order": (0.0, 0.0, 0.0)},
         (True, True, False), "There are only two mugs, so there is no third one."),
    ],
)  # fmt: skip
def test_the_reason_of_not_found(
    text: str,
    terms: dict[str, tuple[float, ...]],
    members: tuple[bool, ...] | None,
    reason: str,
) -> None:
    found = grounding_of(terms, (BOWL,) if "left_of" in terms else ())
    found = replace(found, members=None if members is None else torch.tensor(members))
    target = parse(text, "rules").target
    verdict, candidates = select(rank_candidates(scene_of(ROW), found), target, SETTINGS)
    assert verdict is Verdict.NOT_FOUND
    assert message(verdict, target, candidates, found, SETTINGS) == reason


def explained(text: str, scene: Scene, **terms: tuple[float, ...]) -> str:
    found = grounding_of(terms, (GroundedAnchor("the bowl", "near", 2, 0.9),))
    return explanation(parse(text, "rules"), found, rank_candidates(scene, found), scene)


def test_the_explanation_is_one_sentence_with_the_decisive_scores() -> None:
    why = explained(
        "the mug near the bowl", scene_of(ROW), match=(0.9, 0.9, 0.1), near=(0.8, 0.2, 0)
    )
    assert why.endswith(".") and ". " not in why
    for part in ("parser rules", "'the mug', near the bowl", "the bowl is proposal 2 (0.90)"):
        assert part in why
    assert "best is proposal 0 from sam with 0.72 before proposal 1 with 0.18" in why
    assert "near 0.80 against 0.20" in why and "match" not in why.split("before")[1]


def test_measures_without_depth_are_named() -> None:
    terms = {"match": (0.9, 0.9, 0.1), "near": (0.8, 0.2, 0.0)}
    flat = explained("the mug near the bowl", scene_of(ROW), **terms)
    assert "distance judged by the image without depth" in flat
    deep = explained("the mug near the bowl", scene_of(ROW, [1.0, 1.0, 1.0]), **terms)
    assert "judged by the image" not in deep


def test_missing_proposals_are_explained() -> None:
    mug = parse("the mug", "rules")
    assert explanation(mug, None, ()).endswith("there are no proposals.")
    assert message(Verdict.NOT_FOUND, mug.target, (), None, SETTINGS).startswith("Nothing")
