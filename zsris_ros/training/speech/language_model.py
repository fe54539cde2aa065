"""Makes pocketsphinx's language model.

``python -m zsris_ros.training.speech.language_model FOLDER [--words FILE]``

The folder then holds the trigram and the pronunciations of those of its words that pocketsphinx's
dictionary lacks. What is shipped was made by this command without arguments but the folder.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Sequence
from pathlib import Path

from zsris_ros.speech.audio import SpeechError
from zsris_ros.speech.sphinx import ADDED, SHIPPED, TRIGRAM
from zsris_ros.training.speech.corpus import sentences
from zsris_ros.training.speech.pronunciations import added, read_dictionary
from zsris_ros.training.speech.trigram import Trigram

SEED = 0
COUNT = 30_000
"""Sentences the trigram is estimated from."""
LEAST = 2
"""Trigrams that occur less often are left out."""


def make(folder: Path, things: Sequence[str] = (), count: int = COUNT) -> list[str]:
    """Writes the model into ``folder``; returns the words that nobody knows how to pronounce.

    ``things`` are further names of things, each of one or more words. Sentences with a word that
    cannot be pronounced are left out. Raises SpeechError when pocketsphinx is not installed.
    """
    try:
        import pocketsphinx
    except ImportError as error:
        raise SpeechError("making a model needs pocketsphinx: pip install pocketsphinx") from error
    known = read_dictionary(Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict")))
    corpus = list(sentences(SEED, count, things))
    words = {word for sentence in corpus for word in sentence}
    new = added(words, known)
    silent = words - known.keys() - new.keys()
    trigram = Trigram((each for each in corpus if silent.isdisjoint(each)), LEAST)
    folder.mkdir(parents=True, exist_ok=True)
    lines = "\n".join(trigram.arpa()) + "\n"
    # Without the time in its header the same model is the same file.
    (folder / TRIGRAM).write_bytes(gzip.compress(lines.encode(), mtime=0))
    dictionary = "".join(f"{word} {phones}\n" for word, phones in sorted(new.items()))
    (folder / ADDED).write_text(dictionary, encoding="utf-8")
    return sorted(silent)


def main(args: Sequence[str] | None = None) -> int:
    """Writes the model and returns 0."""
    parser = argparse.ArgumentParser(description="Make the language model of speech.")
    parser.add_argument("folder", type=Path, nargs="?", default=SHIPPED)
    parser.add_argument(
        "--words", type=Path, help="a file of further things that are asked for, one a line"
    )
    chosen = parser.parse_args(args)
    text = chosen.words.read_text(encoding="utf-8") if chosen.words else ""
    silent = make(
        chosen.folder, [line.strip().lower() for line in text.splitlines() if line.strip()]
    )
    if silent:
        print(f"left out, because nobody knows how they are pronounced: {', '.join(silent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
