"""Utterance recognition: a stream of audio to text with confidence and start time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from zsris_ros.speech.audio import AudioBlock, Utterance
from zsris_ros.speech.endpointing import Endpointing, speech_segments
from zsris_ros.speech.recogniser import Recogniser

MIN_CONFIDENCE = 0.66
"""Default confidence below which an utterance is not acted on.

The smallest at which ``combined`` misunderstands at most one in 20 sentences of its cross
validation, in quiet, in white noise and among voices of 20 dB
(``python -m zsris_ros.benchmark.speech.combination_fit``).
"""


def recognise_utterances(
    blocks: Iterable[AudioBlock], recogniser: Recogniser, endpointing: Endpointing | None = None
) -> Iterator[Utterance]:
    """Yield each utterance of an audio stream once it is recognised.

    The text is "" for speech without a hypothesis.
    """
    for speech in speech_segments(blocks, endpointing):
        best = recogniser.recognise(speech)
        yield Utterance(
            best.text, best.confidence, speech.start_ns, speech.duration, recogniser.name
        )


def clarification(utterance: Utterance) -> str:
    """Return the request to repeat an utterance of low confidence."""
    if not utterance.text:
        return "I did not understand that. Please say it again."
    return f'Did you say "{utterance.text}"? Please say it again.'
