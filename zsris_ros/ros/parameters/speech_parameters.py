"""The parameters of speech_node, declared as those of refer_segment_node are."""

from __future__ import annotations

from dataclasses import dataclass

from zsris_ros.ros.parameters.parameter_declaration import Changes, declared
from zsris_ros.speech.endpointing import Endpointing
from zsris_ros.speech.recogniser import RECOGNISERS
from zsris_ros.speech.utterances import MIN_CONFIDENCE


@dataclass(frozen=True)
class SpeechParameters:
    """All parameters of speech_node with their defaults."""

    recogniser: str = declared(
        RECOGNISERS[0],
        "Who turns speech into text; all but pocketsphinx have to be installed and given a model.",
        choices=RECOGNISERS,
        changes=Changes.NEVER,
    )
    model: str = declared(
        "",
        "Folder of the recogniser's model; empty for the one that is shipped for pocketsphinx.",
        changes=Changes.NEVER,
    )
    microphone: str = declared(
        "",
        "Number or part of the name of the microphone, as `python -m sounddevice` lists it; empty "
        "for the default one.",
        changes=Changes.NEVER,
    )
    wav: str = declared(
        "",
        "A wav file to hear instead of a microphone, in real time and once somebody listens to the "
        "node; it ends with the file.",
        changes=Changes.NEVER,
    )
    wav_start: float = declared(
        0.0,
        "When the wav file was recorded, in seconds, beside a recording of a camera; 0 is now.",
        low=0.0,
        high=1e10,
        changes=Changes.NEVER,
    )
    frame_id: str = declared(
        "microphone", "Name of the microphone in the header of ~/utterance.", changes=Changes.NEVER
    )
    strictness: int = declared(
        Endpointing.strictness,
        "How sure the voice activity detector must be that it hears speech.",
        low=0,
        high=3,
        changes=Changes.NEVER,
    )
    louder: float = declared(
        Endpointing.louder,
        "Decibels by which speech exceeds the noise of the room, at least.",
        low=0.0,
        high=40.0,
        changes=Changes.NEVER,
    )
    pause: float = declared(
        Endpointing.pause,
        "Seconds without speech after which an utterance has ended.",
        low=0.1,
        high=5.0,
        changes=Changes.NEVER,
    )
    longest: float = declared(
        Endpointing.longest,
        "Seconds after which an utterance is cut.",
        low=1.0,
        high=60.0,
        changes=Changes.NEVER,
    )
    min_confidence: float = declared(
        MIN_CONFIDENCE,
        "Confidence below which the person is asked again, and nothing is published but the "
        "question.",
        low=0.0,
        high=1.0,
    )
    hearing: bool = declared(
        True, "Hear; false while the robot itself speaks, so that it does not answer itself."
    )

    @property
    def endpointing(self) -> Endpointing:
        """Those that say when it counts as speech."""
        return Endpointing(
            self.strictness, louder=self.louder, pause=self.pause, longest=self.longest
        )
