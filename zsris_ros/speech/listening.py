"""From sound to utterances: what was said, when it began, and whether it was understood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from zsris_ros.speech.audio import Block, Utterance
from zsris_ros.speech.endpointing import Endpointing, speeches
from zsris_ros.speech.recogniser import Recogniser

MIN_CONFIDENCE = 0.5
"""Below it nobody should act on what was heard, unless told otherwise."""


def listen(
    blocks: Iterable[Block], recogniser: Recogniser, endpointing: Endpointing | None = None
) -> Iterator[Utterance]:
    """Each utterance in a stream of sound, when it has been recognised.

    Its text is "" where somebody spoke and nothing was understood.
    """
    for speech in speeches(blocks, endpointing):
        heard = recogniser.recognise(speech)
        yield Utterance(
            heard.text, heard.confidence, speech.start_ns, speech.duration, recogniser.name
        )


def question(utterance: Utterance) -> str:
    """What to ask whoever said something that was not understood for sure."""
    if not utterance.text:
        return "I did not understand that. Please say it again."
    return f'Did you say "{utterance.text}"? Please say it again.'
