"""`zsris listen`: recognises speech in wav files or from a microphone."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from zsris_ros.commands.options import Subparsers

NOTHING_SAID = 1


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("listen", help="recognise speech in wav files or live")
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="FILE.wav", help="none: the microphone, until Ctrl-C"
    )
    parser.add_argument(
        "--recogniser",
        default="pocketsphinx",
        help="pocketsphinx, faster-whisper, combined or vosk (default: pocketsphinx)",
    )
    parser.add_argument("--model", default="", help="folder of the recogniser's model")
    parser.add_argument(
        "--microphone", default="", help="number or part of a name of `python -m sounddevice`"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object an utterance")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Return 0, or 1 without any speech. Times are seconds in the file, or of the day."""
    from zsris_ros.speech.microphone import microphone
    from zsris_ros.speech.recogniser import load_recogniser
    from zsris_ros.speech.utterances import MIN_CONFIDENCE, recognise_utterances
    from zsris_ros.speech.wav import audio_blocks, read_wav

    recogniser = load_recogniser(args.recogniser, args.model)
    sounds = (
        [audio_blocks(read_wav(file)) for file in args.files]
        if args.files
        else [microphone(args.microphone, time.time_ns)]
    )
    said = 0
    for sound in sounds:
        for utterance in recognise_utterances(sound, recogniser):
            said += 1
            row = utterance.to_json()
            sure = "" if utterance.confidence >= MIN_CONFIDENCE else "  (not sure: asked again)"
            readable = f"{row['start']:8.2f} s  {row['confidence']:.2f}  {row['text']}{sure}"
            print(json.dumps(row) if args.json else readable, flush=True)
    return 0 if said else NOTHING_SAID
