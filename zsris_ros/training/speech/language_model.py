"""Build pocketsphinx's language model.

``python -m zsris_ros.training.speech.language_model FOLDER [--words FILE]``

The folder then holds the trigram model and the pronunciations of its words that pocketsphinx's
dictionary lacks. The shipped model was built with the default options.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Sequence
from pathlib import Path

from zsris_ros.speech.audio import require_package
from zsris_ros.speech.pocketsphinx_recogniser import DICTIONARY, SHIPPED, TRIGRAM
from zsris_ros.training.speech.corpus import sentences
from zsris_ros.training.speech.kneser_ney import KneserNeyTrigram
from zsris_ros.training.speech.pronunciations import missing_pronunciations, read_dictionary

SEED = 0
COUNT = 40_000
"""Sentences of the corpus."""
MIN_COUNT = 2
"""Minimum occurrences of a trigram."""


def build_language_model(
    folder: Path, objects: Sequence[str] = (), count: int = COUNT
) -> list[str]:
    """Write the model into ``folder`` and return the words without a known pronunciation.

    ``objects`` are further object names of one or more words. Sentences with an unpronounceable
    word are left out. Raises SpeechError when pocketsphinx is not installed.
    """
    pocketsphinx = require_package("pocketsphinx")
    known = read_dictionary(Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict")))
    corpus = list(sentences(SEED, count, objects))
    words = {word for sentence in corpus for word in sentence}
    new = missing_pronunciations(words, known)
    unpronounceable = words - known.keys() - new.keys()
    trigram = KneserNeyTrigram(
        (each for each in corpus if unpronounceable.isdisjoint(each)), MIN_COUNT
    )
    folder.mkdir(parents=True, exist_ok=True)
    lines = "\n".join(trigram.arpa()) + "\n"
    # Without the time in the gzip header, builds are byte-identical.
    (folder / TRIGRAM).write_bytes(gzip.compress(lines.encode(), mtime=0))
    dictionary = "".join(f"{word} {phones}\n" for word, phones in sorted(new.items()))
    (folder / DICTIONARY).write_text(dictionary, encoding="utf-8")
    return sorted(unpronounceable)


def main(args: Sequence[str] | None = None) -> int:
    """Build the model; returns 0."""
    parser = argparse.ArgumentParser(description="Build the language model of speech recognition.")
    parser.add_argument("folder", type=Path, nargs="?", default=SHIPPED)
    parser.add_argument("--words", type=Path, help="file of further object names, one a line")
    chosen = parser.parse_args(args)
    text = chosen.words.read_text(encoding="utf-8") if chosen.words else ""
    objects = [line.strip().lower() for line in text.splitlines() if line.strip()]
    unpronounceable = build_language_model(chosen.folder, objects)
    if unpronounceable:
        print(f"left out, without a known pronunciation: {', '.join(unpronounceable)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
