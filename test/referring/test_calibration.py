"""Scores from evidence, and the verdicts that follow."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.scenes import scene_of
from support.small_clip import small_clip

from zsris_ros.language import parse
from zsris_ros.referring.calibration import EVIDENCE, KINDS, RELIABILITY, Calibration, presence
from zsris_ros.referring.grounding.grounding import Grounder
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.referring.verdict.decision import rank_candidates, select
from zsris_ros.types import Candidate, Verdict

EXACT = ReferSettings(
    absolute_logits=True,
    logit_scale=2000.0,
    logit_bias=-1990.0,
    text_mix=0.0,
    templates=("{}",),
    min_score=0.5,
    ambiguity_ratio=0.5,
    calibration=Calibration({"anchor": (0, 1)}, measured_on="a test"),
)
"""A mask shows a phrase if its feature is that of the phrase."""
ROW = [(5, 20, 10, 10), (25, 20, 10, 10), (45, 20, 10, 10), (65, 20, 10, 10)]
SHARES = st.floats(0, 1)
SCALING = st.dictionaries(
    st.sampled_from(KINDS), st.tuples(st.floats(-4, 4), st.floats(0.1, 5)), max_size=6
)


def answer(text: str, *objects: str) -> tuple[Verdict, tuple[Candidate, ...]]:
    """Return verdict and candidates about a row of objects, from left to right."""
    clip = small_clip()
    scene = scene_of(ROW[: len(objects)], features=clip.encode_text(list(objects)))
    target = parse(text, "rules").target
    grounding = Grounder(clip, None, EXACT).ground(scene, target)
    return select(rank_candidates(scene, grounding), target, EXACT)


@pytest.mark.parametrize(
    ("text", "objects", "verdict", "first"),
    [
        ("the mug", ("bowl", "mug", "box"), Verdict.FOUND, 1),
        ("the bottle", ("bowl", "mug", "box"), Verdict.NOT_FOUND, None),
        ("the mug left of the bowl", ("mug", "bowl", "box"), Verdict.FOUND, 0),
        ("the mug right of the bowl", ("mug", "bowl", "box"), Verdict.NOT_FOUND, None),
        ("the mug left of the bottle", ("mug", "bowl", "box"), Verdict.NOT_FOUND, None),
        ("the third mug from the left", ("mug", "mug", "box", "mug"), Verdict.FOUND, 3),
        ("the third mug from the left", ("mug", "box", "mug"), Verdict.NOT_FOUND, None),
        ("the leftmost mug", ("box", "mug", "mug"), Verdict.FOUND, 1),
    ],
)
def test_verdicts_follow_from_the_scene(
    text: str, objects: tuple[str, ...], verdict: Verdict, first: int | None
) -> None:
    given_verdict, candidates = answer(text, *objects)
    assert given_verdict is verdict
    if first is not None:
        assert candidates[0].index == first and candidates[0].score > 0.9


@given(SCALING, st.dictionaries(st.sampled_from(list(EVIDENCE)), SHARES), SHARES, SHARES)
def test_more_evidence_never_lowers_the_probability(
    scaling: dict[str, tuple[float, float]], terms: dict[str, float], low: float, high: float
) -> None:
    low, high = sorted((low, high))
    calibration = Calibration(scaling)
    fixed = {name: torch.tensor([value, value]) for name, value in terms.items()}
    for name in ("match", *terms):
        both = {"match": torch.tensor([0.5, 0.5]), **fixed, name: torch.tensor([low, high])}
        less, more = calibration.probability(both).tolist()
        assert 0 <= less <= more <= 1


def test_without_coefficients_no_evidence_vetoes() -> None:
    plain = Calibration()
    assert not plain.measured
    match = torch.tensor([0.8])
    assert float(plain.probability({"match": match})) == pytest.approx(0.8)
    for kind, reliability in RELIABILITY.items():
        name = next(name for name, each in EVIDENCE.items() if each == kind)
        if name != "match":
            nothing = plain.probability({"match": match, name: torch.tensor([0.0])})
            assert float(nothing) == pytest.approx(0.8 * (1 - reliability), abs=1e-5)
            neutral = plain.probability({"match": match, name: torch.tensor([1.0])})
            assert float(neutral) == pytest.approx(0.8)
    assert set(RELIABILITY) == set(KINDS)


@pytest.mark.parametrize("scaling", [{"smell": (0, 1)}, {"match": (0, 0)}, {"match": (0, 1, 2)}])
def test_invalid_coefficients_are_refused(scaling: dict[str, tuple[float, ...]]) -> None:
    with pytest.raises(ValueError, match=r"smell|slope"):
        Calibration(scaling)


def test_presence_compares_a_mask_with_texts_and_not_with_other_masks() -> None:
    mug, negative, other = torch.eye(3)
    features = torch.stack([mug, negative, mug + negative])
    negatives = torch.stack([negative, other])
    shares = presence(features, mug[None], negatives, 10.0)
    assert shares[0] > 0.99 and shares[1] < 0.01 and 0.49 < shares[2] < 0.51
    assert torch.equal(presence(features[:1], mug[None], negatives, 10.0), shares[:1])
    assert presence(features, mug[None], torch.stack([2 * mug]), 10.0).tolist() == [1, 1, 1]
    kinds = presence(features, torch.stack([mug, negative]), torch.stack([negative, other]), 10.0)
    assert kinds.min() > 0.99, "a mask of a kind shows the category, which has no negative in it"


def test_uncalibrated_models_never_refuse_and_encode_no_negatives() -> None:
    clip = small_clip(3)
    usual = ReferSettings()
    scene = scene_of(ROW, features=clip.encode_text(["mug", "bowl", "box", "object"]))
    for text in ("the mug", "the leftmost thing", "the bottle behind the fridge", "two of them"):
        expression = parse(text, "rules").target
        grounding = Grounder(clip, None, usual).ground(scene, expression)
        assert "presence" not in grounding.terms and "anchor" not in grounding.terms
        verdict, _ = select(rank_candidates(scene, grounding), expression, usual)
        assert verdict is not Verdict.NOT_FOUND, text
