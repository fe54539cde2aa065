"""The fit of the combined recogniser finds known weights, and its sentences are not measured."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")

from zsris_ros.benchmark.speech.combination_fit import (
    Example,
    cross_validate,
    fit_confidence,
    fit_weights,
    least_confidence,
    main,
    read_examples,
    table,
    texts,
    write_examples,
)
from zsris_ros.benchmark.speech.speech_bench import tasks
from zsris_ros.simulation.render import RenderingUnavailable, import_mujoco
from zsris_ros.speech.combined_recogniser import Candidate
from zsris_ros.speech.transcripts import spoken_words
from zsris_ros.speech.utterances import MIN_CONFIDENCE

ROOT = Path(__file__).resolve().parents[2]


def made_up(count: int = 60, noise: float = 1.5) -> list[Example]:
    """Sentences whose right text Whisper and pocketsphinx tend to prefer; the trigram is random."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        heard = [("the", "red", "mug"), ("the", "red", "rug"), ("the", "bread", "mug")]
        logs = rng.normal(0, noise, (3, 3))
        logs[0, :2] += 2
        logs[:, 1] -= logs[:, 1].max()
        pairs = zip(heard, logs.tolist(), strict=True)
        candidates = tuple(Candidate(words, *values) for words, values in pairs)
        found.append(Example(number, "red mug", "slt", "clean", 20.0, candidates))
    return found


def test_informative_features_get_large_weights() -> None:
    whisper, pocketsphinx, trigram, _ = fit_weights(made_up())
    assert min(whisper, pocketsphinx) > 0.3
    assert abs(trigram) < 0.5 * min(whisper, pocketsphinx)


def test_the_confidence_rises_with_share_and_agreement() -> None:
    examples = made_up()
    _, share, *_, agreed, _ = fit_confidence(examples, fit_weights(examples))
    assert share > 0 and agreed > 0


def test_cross_validation_scores_every_segment_once() -> None:
    outcomes = cross_validate(made_up())
    assert len(outcomes) == 60
    right = [sure for _, right, sure in outcomes if right]
    wrong = [sure for _, right, sure in outcomes if not right]
    assert np.mean(right) > np.mean(wrong)


def test_the_table_has_shares() -> None:
    outcomes = [("clean", True, 0.9), ("clean", True, 0.2), ("clean", False, 0.8)]
    assert table([*outcomes, ("clean", False, 0.1)]).splitlines()[-1] == (
        "| clean | 4 | 50% | 25% | 50% | 25% |"
    )


def test_the_threshold_holds_in_each_condition_of_quiet() -> None:
    """Twenty sentences of each condition; the most certain errors of one decide."""
    wrong = {"clean": (0.3, 0.41), "white 20 dB": (0.2, 0.57), "white 5 dB": (0.9, 0.9)}
    outcomes = [
        (name, turn >= len(sures), sures[turn] if turn < len(sures) else 0.99)
        for name, sures in wrong.items()
        for turn in range(20)
    ]
    assert least_confidence(outcomes) == 0.31, "one of twenty errors may remain in each"
    outcomes += [("babble 20 dB", False, 0.8)] * 2
    assert least_confidence(outcomes) == 0.81
    assert least_confidence([("clean", False, 1.0)] * 2) == 1.0


def test_the_default_threshold_and_the_page_follow_the_cross_validation() -> None:
    rows = json.loads((ROOT / "docs/results/speech/combination.json").read_text(encoding="utf-8"))
    outcomes = [(name, right, sure) for name, right, sure in rows]
    assert least_confidence(outcomes) == MIN_CONFIDENCE
    assert table(outcomes) in (ROOT / "docs/speech.md").read_text(encoding="utf-8")


def test_examples_are_restored_from_their_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    examples = made_up()
    write_examples(tmp_path / "examples.jsonl", examples)
    assert read_examples(tmp_path / "examples.jsonl") == examples
    files = "--examples", str(tmp_path / "examples.jsonl"), "--outcomes", str(tmp_path / "cv.json")
    assert main(files) == 0
    assert len(json.loads((tmp_path / "cv.json").read_text())) == len(examples)
    assert "60 segments of 60 sentences" in capsys.readouterr().out


def test_the_measured_sentences_are_not_in_the_fit() -> None:
    try:
        import_mujoco()
    except RenderingUnavailable as error:
        pytest.skip(str(error))
    measured = {spoken_words(task.question.text) for task in tasks()}
    fitted = texts(40)
    assert len(fitted) == 40
    assert measured.isdisjoint(map(spoken_words, fitted))
