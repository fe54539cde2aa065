"""Calibration recovers the coefficients of generated data; the command works end to end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from zsris_ros.cli import main
from zsris_ros.evaluation.calibration.fitting import (
    AnsweredQuestion,
    answer_questions,
    best_min_score,
    calibrate,
    cross_fitted,
    fit_scaling,
    rescore,
)
from zsris_ros.evaluation.datasets.items import EvaluationItem, Question
from zsris_ros.evaluation.datasets.tabletop_dataset import TabletopData
from zsris_ros.language import parse
from zsris_ros.models.load import load_models
from zsris_ros.models.load_options import LoadOptions
from zsris_ros.models.preset import load_preset, with_calibration
from zsris_ros.referring.calibration import Calibration
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.simulation.render import RenderingUnavailable, import_mujoco
from zsris_ros.types import Candidate, Verdict

MUG = parse("the mug", "rules")


def candidate(score: float, **terms: float) -> Candidate:
    return Candidate(0, score, (0, 0, 1, 1), (0, 0), scores=terms or {"match": score})


def asked(
    expected: Verdict, scores: Sequence[float], right: Sequence[bool], item: int = 0
) -> AnsweredQuestion:
    return AnsweredQuestion(item, MUG, expected, tuple(candidate(s) for s in scores), tuple(right))


def drawn(offset: float, slope: float, count: int = 3000) -> list[AnsweredQuestion]:
    """Questions with one candidate each, right with the probability of the coefficients."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        share = float(rng.uniform(0.02, 0.98))
        chance = 1 / (1 + np.exp(-(offset + slope * np.log(share / (1 - share)))))
        right = bool(rng.random() < chance)
        expected = Verdict.FOUND if right else Verdict.NOT_FOUND
        found.append(asked(expected, [share], [right], number))
    return found


def test_the_coefficients_that_made_the_data_are_found() -> None:
    scaling = fit_scaling(drawn(-1.0, 2.0))
    assert set(scaling) == {"match"}
    assert scaling["match"] == pytest.approx((-1.0, 2.0), abs=0.2)


def test_figures_of_a_calibration_come_from_the_other_half() -> None:
    data = drawn(0.0, 1.0, 400)
    scored, verdicts = cross_fitted(data, ReferSettings())
    assert sorted(one.item for one in scored) == [one.item for one in data]
    assert len(verdicts) == len(data)


def test_the_threshold_separates_present_from_absent_objects() -> None:
    there = [asked(Verdict.FOUND, [0.8 + k / 100], [True]) for k in range(10)]
    absent = [asked(Verdict.NOT_FOUND, [0.1 + k / 100], [False]) for k in range(10)]
    assert 0.19 <= best_min_score([*there, *absent], Calibration()) < 0.8
    assert best_min_score(there, Calibration()) == 0.0  # nothing absent was asked for


def test_scores_put_candidates_in_order() -> None:
    terms = [{"match": 0.9, "left_of": 0.1}, {"match": 0.6, "left_of": 0.9}]
    one = AnsweredQuestion(
        0, MUG, Verdict.FOUND, tuple(candidate(0.5, **t) for t in terms), (False, True)
    )
    (scored,) = rescore([one], Calibration())
    assert [c.scores["match"] for c in scored.candidates] == [0.6, 0.9]
    assert scored.right == (True, False)
    assert scored.candidates[0].score == pytest.approx(0.6 * (1 - 0.97 * 0.1), abs=1e-3)


@pytest.fixture
def rendering() -> None:
    try:
        import_mujoco()
    except RenderingUnavailable as error:
        pytest.skip(str(error))


class OnlyPresent:
    """Two scenes with questions for present objects only, as in most data sets."""

    title = "present things"

    def __init__(self) -> None:
        self._data = TabletopData(10_000, 2, categories=["attribute"])

    def names(self) -> Sequence[str]:
        return self._data.names()

    def item(self, name: str) -> EvaluationItem:
        item = self._data.item(name)
        questions: tuple[Question, ...] = item.questions[:2]
        return EvaluationItem(name, item.frame, item.masks, questions)


@pytest.mark.usefixtures("rendering")
def test_absent_objects_are_those_of_the_previous_frame() -> None:
    found = answer_questions(
        [OnlyPresent()], load_models("tabletop", LoadOptions(device="cpu")).segmenter()
    )
    assert [one.expected for one in found].count(Verdict.NOT_FOUND) == 2
    assert [one.item for one in found] == [1, 1, 2, 2, 2, 2]
    assert any(one.right[0] for one in found)
    settings = calibrate(found, ReferSettings())
    assert "match" in settings.calibration.scaling


@pytest.mark.usefixtures("rendering")
def test_the_written_calibration_is_accepted_in_the_weights_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["calibrate", "tabletop", "--scenes", "1", "--device", "cpu", "--out", str(tmp_path)]
    assert main([*words, "--also-shapes", "1"]) == 2, "the scenes are coloured shapes already"
    assert main([*words, "--objects", "shapes", "--also-shapes", "1"]) == 0
    assert "ece" in capsys.readouterr().out
    assert (tmp_path / "reliability.png").read_bytes().startswith(b"\x89PNG")
    document = json.loads((tmp_path / "calibration.json").read_text())
    assert 0 <= document["measured"]["ece"] <= 1
    measured_on = document["referring"]["calibration"]["measured_on"]
    assert "household (verdicts, seeds 10000" in measured_on and "and simulated tabl" in measured_on
    (tmp_path / "calibration.json").rename(tmp_path / "household.calibration.json")
    preset = with_calibration(load_preset("household"), tmp_path)
    assert preset.referring.min_score == document["referring"]["min_score"]
    assert preset.referring.calibration.measured
