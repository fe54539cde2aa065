"""What evidence is worth, and the verdicts that follow from it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.scenes import scene_of
from support.small_clip import small_clip

from zsris_ros.language import parse
from zsris_ros.models.preset import load_preset, with_calibration
from zsris_ros.referring.calibration import EVIDENCE, KINDS, RELIABILITY, Calibration, presence
from zsris_ros.referring.decision import rank, select
from zsris_ros.referring.grounding import Grounder
from zsris_ros.referring.messages import message
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import Candidate, Verdict
from zsris_ros.weights.catalogue import WeightsError

EXACT = ReferSettings(
    calibrated=True,
    logit_scale=2000.0,
    logit_bias=-1990.0,
    text_mix=0.0,
    templates=("{}",),
    found=0.5,
    alike=0.5,
    calibration=Calibration({"anchor": (0, 1)}, measured_on="a test"),
)
"""A mask shows a phrase when its feature is just that phrase's, and nothing else."""
ROW = [(5, 20, 10, 10), (25, 20, 10, 10), (45, 20, 10, 10), (65, 20, 10, 10)]
SHARES = st.floats(0, 1)
SCALING = st.dictionaries(
    st.sampled_from(KINDS), st.tuples(st.floats(-4, 4), st.floats(0.1, 5)), max_size=6
)


def answer(text: str, *things: str) -> tuple[Verdict, tuple[Candidate, ...], str]:
    """What is said about a row of things, from left to right."""
    clip = small_clip()
    scene = scene_of(ROW[: len(things)], features=clip.encode_text(list(things)))
    expression = parse(text, "rules").target
    grounding = Grounder(clip, None, EXACT).ground(scene, expression)
    verdict, candidates = select(rank(scene, grounding), expression, EXACT)
    return verdict, candidates, message(verdict, expression, candidates, grounding, EXACT)


@pytest.mark.parametrize(
    ("text", "things", "verdict", "first"),
    [
        ("the mug", ("bowl", "mug", "box"), Verdict.FOUND, 1),
        ("the bottle", ("bowl", "mug", "box"), Verdict.NOT_FOUND, None),
        ("the mug left of the bowl", ("mug", "bowl", "box"), Verdict.FOUND, 0),
        ("the mug right of the bowl", ("mug", "bowl", "box"), Verdict.NOT_FOUND, None),
        ("the third mug from the left", ("mug", "mug", "box", "mug"), Verdict.FOUND, 3),
        ("the third mug from the left", ("mug", "box", "mug"), Verdict.NOT_FOUND, None),
        ("the leftmost mug", ("box", "mug", "mug"), Verdict.FOUND, 1),
    ],
)
def test_verdicts_follow_from_what_is_there(
    text: str, things: tuple[str, ...], verdict: Verdict, first: int | None
) -> None:
    given_verdict, candidates, _ = answer(text, *things)
    assert given_verdict is verdict
    if first is not None:
        assert candidates[0].index == first and candidates[0].score > 0.9


def test_an_anchor_that_is_not_there_is_named() -> None:
    verdict, _, said = answer("the mug left of the bottle", "mug", "bowl", "box")
    assert verdict is Verdict.NOT_FOUND and "bottle" in said


def test_everything_that_fits_is_selected_when_one_was_asked_for() -> None:
    verdict, candidates, said = answer("the mug", "mug", "bowl", "mug", "mug")
    assert verdict is Verdict.AMBIGUOUS
    assert sorted(c.index for c in candidates if c.selected) == [0, 2, 3]
    assert said.endswith("?")


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
def test_coefficients_that_mean_nothing_are_refused(scaling: dict[str, tuple[float, ...]]) -> None:
    with pytest.raises(ValueError, match=r"smell|slope"):
        Calibration(scaling)


def test_presence_compares_a_mask_with_texts_and_not_with_other_masks() -> None:
    mug, thing, other = torch.eye(3)
    features = torch.stack([mug, thing, mug + thing])
    negatives = torch.stack([thing, other])
    shares = presence(features, mug, negatives, 10.0)
    assert shares[0] > 0.99 and shares[1] < 0.01 and 0.49 < shares[2] < 0.51
    assert torch.equal(presence(features[:1], mug, negatives, 10.0), shares[:1])
    assert presence(features, mug, torch.stack([2 * mug]), 10.0).tolist() == [1, 1, 1]


def test_uncalibrated_models_never_refuse_and_ask_no_negatives() -> None:
    clip = small_clip(3)
    usual = ReferSettings()
    scene = scene_of(ROW, features=clip.encode_text(["mug", "bowl", "box", "object"]))
    for text in ("the mug", "the leftmost thing", "the bottle behind the fridge", "two of them"):
        expression = parse(text, "rules").target
        grounding = Grounder(clip, None, usual).ground(scene, expression)
        assert "presence" not in grounding.terms and "anchor" not in grounding.terms
        verdict, _ = select(rank(scene, grounding), expression, usual)
        assert verdict is not Verdict.NOT_FOUND, text


def test_a_file_beside_the_weights_replaces_the_calibration(tmp_path: Path) -> None:
    preset = load_preset("openai")
    assert with_calibration(preset, tmp_path) is preset
    section = {
        "found": 0.4,
        "calibration": {"scaling": {"match": [1, 2]}, "weights": "openai", "measured_on": "mine"},
    }
    path = tmp_path / "openai.calibration.json"
    path.write_text(json.dumps({"referring": section}))
    referring = with_calibration(preset, tmp_path).referring
    assert referring.found == 0.4 and referring.calibration.measured
    assert replace(referring.calibration).scaled("match", torch.tensor(0.5)) > 0.7
    for wrong in ("{", "[]", "{}", json.dumps({"referring": {"calibration": {"weights": "x"}}})):
        path.write_text(wrong)
        with pytest.raises(WeightsError, match=r"openai\.calibration\.json"):
            with_calibration(preset, tmp_path)
