"""The parameters of speech_node."""

from __future__ import annotations

from dataclasses import dataclass

from zsris_ros.ros.parameters.parameter_declaration import Changes, parameter_field
from zsris_ros.speech.endpointing import Endpointing
from zsris_ros.speech.recogniser import RECOGNISERS
from zsris_ros.speech.utterances import MIN_CONFIDENCE


@dataclass(frozen=True)
class SpeechParameters:
    """Values of all parameters of speech_node."""

    recogniser: str = parameter_field(
        RECOGNISERS[0],
        "Speech recogniser; all but pocketsphinx must be installed and need a model.",
        choices=RECOGNISERS,
        changes=Changes.NEVER,
    )
    model: str = parameter_field(
        "",
        "Folder of the recogniser's model; empty for the bundled one of pocketsphinx.",
        changes=Changes.NEVER,
    )
    microphone: str = parameter_field(
        "",
        "Number or part of the name of the microphone, as `python -m sounddevice` lists it; empty "
        "for the default one.",
        changes=Changes.NEVER,
    )
    wav: str = parameter_field(
        "",
        "A wav file to play in real time instead of the microphone, once a subscriber is there; "
        "the node ends with the file.",
        changes=Changes.NEVER,
    )
    wav_start: float = parameter_field(
        0.0,
        "Time of the wav file's start in seconds, to match a recorded camera; 0 is now.",
        bounds=(0.0, 1e10),
        changes=Changes.NEVER,
    )
    frame_id: str = parameter_field(
        "microphone",
        "Name of the microphone in the header of ~/utterance.",
        changes=Changes.NEVER,
    )
    strictness: int = parameter_field(
        Endpointing.strictness,
        "Aggressiveness of the voice activity detector.",
        bounds=(0, 3),
        changes=Changes.NEVER,
    )
    louder: float = parameter_field(
        Endpointing.louder,
        "Smallest level of speech above the background noise in decibels.",
        bounds=(0.0, 40.0),
        changes=Changes.NEVER,
    )
    pause: float = parameter_field(
        Endpointing.pause,
        "Seconds without speech that end an utterance.",
        bounds=(0.1, 5.0),
        changes=Changes.NEVER,
    )
    longest: float = parameter_field(
        Endpointing.longest,
        "Seconds after which an utterance is cut.",
        bounds=(1.0, 60.0),
        changes=Changes.NEVER,
    )
    min_confidence: float = parameter_field(
        MIN_CONFIDENCE,
        "Confidence below which the node publishes a question on ~/say instead of the text.",
        bounds=(0.0, 1.0),
    )
    hearing: bool = parameter_field(True, "Process sound; set it to false while the robot speaks.")

    @property
    def endpointing(self) -> Endpointing:
        """The parameters of speech detection."""
        return Endpointing(
            self.strictness, louder=self.louder, pause=self.pause, longest=self.longest
        )
