"""Several answers and questions back, from scores alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.scenes import Box, scene_of

from zsris_ros.language import parse
from zsris_ros.referring.calibration import Calibration
from zsris_ros.referring.decision import answer_mask, rank, select
from zsris_ros.referring.explanation import explanation
from zsris_ros.referring.grounding import Grounding
from zsris_ros.referring.messages import message
from zsris_ros.referring.relation_scores import GroundedAnchor
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import Candidate, Scene, Verdict

SETTINGS = ReferSettings(
    found=0.3, alike=0.8, calibration=Calibration({"anchor": (0, 1)}, measured_on="a test")
)
ROW: list[Box] = [(5, 5, 10, 10), (30, 5, 10, 10), (60, 5, 10, 10)]


def answered(
    text: str, scores: Sequence[float], scene: Scene | None = None
) -> tuple[Verdict, tuple[Candidate, ...], str]:
    scene = scene or scene_of(ROW)
    shares = torch.tensor(scores)
    grounding = Grounding(shares, {"match": shares}, (), shares)
    expression = parse(text, "rules").target
    verdict, candidates = select(rank(scene, grounding), expression, SETTINGS)
    return verdict, candidates, message(verdict, expression, candidates, grounding, SETTINGS)


def selected(candidates: Sequence[Candidate]) -> list[int]:
    return sorted(candidate.index for candidate in candidates if candidate.selected)


@pytest.mark.parametrize(
    ("text", "scores", "verdict", "meant"),
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
def test_as_many_are_selected_as_were_asked_for(
    text: str, scores: tuple[float, ...], verdict: Verdict, meant: list[int]
) -> None:
    given_verdict, candidates, _ = answered(text, scores)
    assert given_verdict is verdict
    assert selected(candidates) == meant


@given(
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
    st.sampled_from(["the mug", "all mugs", "both mugs", "the three mugs", "the two biggest mugs"]),
)
def test_the_mask_holds_what_is_selected(scores: list[float], text: str) -> None:
    scene = scene_of(ROW)
    verdict, candidates, said = answered(text, scores)
    mask = answer_mask(scene.proposals, candidates, verdict, parse(text, "rules").target)
    union = np.any(scene.proposals.masks[selected(candidates)], axis=0)
    assert not (mask & ~union).any()
    assert mask.any() == bool(selected(candidates)) == (verdict is not Verdict.NOT_FOUND)
    if verdict is Verdict.FOUND:
        assert (mask == union).all()
    assert said.endswith("?" if verdict is Verdict.AMBIGUOUS else ".")


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
def test_the_question_says_what_tells_them_apart(
    boxes: list[Box], depths: list[float] | None, scores: tuple[float, ...], question: str
) -> None:
    assert answered("the mug", scores, scene_of(boxes, depths))[2] == question


def test_too_few_and_too_many_are_said() -> None:
    assert answered("the two mugs", (0.9, 0.1, 0.1))[2] == "Two were asked for, one fits."
    many = answered("the two mugs", (0.9, 0.85, 0.8))[2]
    assert many == "Three mugs fit, two were asked for: which ones?"
    assert answered("all red boxes", (0.9, 0.8, 0.1))[2].startswith("Found two red boxes,")


def why_not(
    text: str,
    terms: dict[str, tuple[float, ...]],
    anchors: tuple[GroundedAnchor, ...] = (),
    members: tuple[bool, ...] = (),
) -> str:
    tensors = {name: torch.tensor(values) for name, values in terms.items()}
    scores = torch.stack(list(tensors.values())).prod(0)
    ordered = torch.tensor(members) if members else None
    grounding = Grounding(scores, tensors, anchors, scores, ordered)
    expression = parse(text, "rules").target
    verdict, candidates = select(rank(scene_of(ROW), grounding), expression, SETTINGS)
    assert verdict is Verdict.NOT_FOUND
    return message(verdict, expression, candidates, grounding, SETTINGS)


def test_why_nothing_is_found_is_said() -> None:
    bowl = GroundedAnchor("the bowl", "left_of", 2, 0.1)
    assert "no red mug" in why_not("the red mug", {"match": (0.1, 0.2, 0.1)})
    no_anchor = {"match": (0.9, 0.1, 0.1), "left_of": (0.9, 0.1, 0.0), "anchor": (0.1, 0.1, 0.1)}
    assert why_not("the mug left of the bowl", no_anchor, (bowl,)) == (
        "I see no bowl that anything could be left of."
    )
    no_relation = {"match": (0.9, 0.1, 0.1), "left_of": (0.1, 0.9, 0.0)}
    assert why_not("the mug left of the bowl", no_relation, (bowl,)) == (
        "I see a mug, but none that is left of the bowl."
    )
    assert why_not("the object left of the bowl", no_relation, (bowl,)) == (
        "I see something, but nothing that is left of the bowl."
    )
    excluded = {"match": (0.9, 0.1, 0.1), "not": (0.1, 1.0, 1.0)}
    assert why_not("the mug but not the red one", excluded) == (
        "I see a mug, but none besides what was excluded."
    )
    third = {"match": (0.9, 0.9, 0.1), "order": (0.0, 0.0, 0.0)}
    assert why_not("the third mug from the left", third, (), (True, True, False)) == (
        "There are only two mugs, so there is no third one."
    )


def explained(text: str, scene: Scene, **terms: tuple[float, ...]) -> str:
    tensors = {name: torch.tensor(values) for name, values in terms.items()}
    scores = torch.stack(list(tensors.values())).prod(0)
    grounding = Grounding(scores, tensors, (GroundedAnchor("the bowl", "near", 2, 0.9),), scores)
    return explanation(parse(text, "rules"), grounding, rank(scene, grounding), scene)


def test_the_explanation_is_one_sentence_with_what_decided() -> None:
    why = explained(
        "the mug near the bowl", scene_of(ROW), match=(0.9, 0.9, 0.1), near=(0.8, 0.2, 0)
    )
    assert why.endswith(".") and ". " not in why
    for part in ("parser rules", "'the mug', near the bowl", "the bowl is proposal 2 (0.90)"):
        assert part in why
    assert "best is proposal 0 from sam with 0.72 before proposal 1 with 0.18" in why
    assert "near 0.80 against 0.20" in why and "match" not in why.split("before")[1]


def test_what_was_judged_by_the_picture_is_named() -> None:
    terms = {"match": (0.9, 0.9, 0.1), "near": (0.8, 0.2, 0.0)}
    flat = explained("the mug near the bowl", scene_of(ROW), **terms)
    assert "distance judged by the picture for want of depth" in flat
    deep = explained("the mug near the bowl", scene_of(ROW, [1.0, 1.0, 1.0]), **terms)
    assert "judged by the picture" not in deep


def test_nothing_proposed_is_explained() -> None:
    mug = parse("the mug", "rules")
    assert explanation(mug, None, ()).endswith("there are no proposals.")
    assert message(Verdict.NOT_FOUND, mug.target, (), None, SETTINGS).startswith("Nothing")
