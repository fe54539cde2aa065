"""Scores of speech recognition: word errors and the outcome of the task."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from zsris_ros.speech.transcripts import edit_distance, spoken_words
from zsris_ros.speech.utterances import MIN_CONFIDENCE


@dataclass(frozen=True)
class Trial:
    """A spoken sentence in a condition, and its recognition."""

    number: int  # of the sentence
    typed: str
    voice: str
    condition: str  # "clean", "white 10 dB", ...
    heard: str  # all recognised utterances, one after another
    asked: str  # the most confident utterance
    confidence: float
    typed_right: bool = False  # whether the typed sentence is answered correctly
    heard_right: bool = False  # whether ``asked`` is answered correctly

    @property
    def errors(self) -> int:
        """Substituted, deleted and inserted words."""
        return edit_distance(spoken_words(self.typed), spoken_words(self.heard))

    @property
    def again(self) -> bool:
        """Whether the confidence is too low, so that the person is asked again."""
        return self.confidence < MIN_CONFIDENCE


def summary(trials: Iterable[Trial]) -> list[dict[str, Any]]:
    """Return a row for each condition, in their order: shares of its sentences, ``wer`` of words.

    ``right``, ``again`` and ``wrong`` add up to 1: the outcomes with the node's threshold.
    ``right_guesses`` is the share of right answers without a threshold.
    """
    by_condition: dict[str, list[Trial]] = {}
    for trial in trials:
        by_condition.setdefault(trial.condition, []).append(trial)
    return [{"condition": name, **_row(rows)} for name, rows in by_condition.items()]


def _row(trials: list[Trial]) -> dict[str, Any]:
    def share(holds: Callable[[Trial], bool]) -> float:
        return round(sum(map(holds, trials)) / len(trials), 4)

    words = sum(len(spoken_words(trial.typed)) for trial in trials)
    return {
        "n": len(trials),
        "wer": round(sum(trial.errors for trial in trials) / words, 4),
        "whole": share(lambda trial: trial.errors == 0),
        "typed_right": share(lambda trial: trial.typed_right),
        "right_guesses": share(lambda trial: trial.heard_right),
        "right": share(lambda trial: trial.heard_right and not trial.again),
        "again": share(lambda trial: trial.again),
        "wrong": share(lambda trial: not trial.heard_right and not trial.again),
    }
