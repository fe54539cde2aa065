"""How well speech was understood: word errors, and what became of the task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from zsris_ros.speech.audio import spoken_words
from zsris_ros.speech.utterances import MIN_CONFIDENCE


@dataclass(frozen=True)
class Trial:
    """A sentence said in a condition ("clean", "white 10 dB"), and what was made of it.

    ``number`` is the sentence's. ``heard`` is all that was understood, one utterance after another;
    ``asked`` the text of the surest utterance, with its ``confidence``; ``typed_right`` and
    ``heard_right`` whether the typed sentence and ``asked`` are answered rightly.
    """

    number: int
    typed: str
    voice: str
    condition: str
    heard: str
    asked: str
    confidence: float
    typed_right: bool = False
    heard_right: bool = False

    @property
    def errors(self) -> int:
        """Wrong, missing and superfluous words."""
        return word_errors(spoken_words(self.typed), spoken_words(self.heard))

    @property
    def again(self) -> bool:
        """Whether the person is asked again instead."""
        return self.confidence < MIN_CONFIDENCE


def word_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """The least number of words to change, leave out or put in that make ``heard`` of ``said``."""
    row = list(range(len(heard) + 1))
    for count, word in enumerate(said, 1):
        diagonal, row[0] = row[0], count
        for at, other in enumerate(heard, 1):
            diagonal, row[at] = (
                row[at],
                min(row[at] + 1, row[at - 1] + 1, diagonal + (word != other)),
            )
    return row[-1]


def summary(trials: Iterable[Trial]) -> list[dict[str, Any]]:
    """A row for each condition, in their order: shares of its sentences, and of words for ``wer``.

    ``right``, ``again`` and ``wrong`` add up to 1: what becomes of a sentence with the node's
    threshold. ``right_guesses`` is the share that were right without one.
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
