"""Transcripts: the words of a text as they are spoken, and the edit distance of two sequences."""

from __future__ import annotations

import re
from collections.abc import Sequence


def spoken_words(text: str) -> tuple[str, ...]:
    """Return the words of ``text`` in lower case without punctuation, "n't" joined to its verb."""
    joined = re.sub(r"\s+(n't|'s|'m|'d|'ll|'re)\b", r"\1", text.lower().replace("\u2019", "'"))
    return tuple(re.findall(r"[a-z0-9]+(?:'[a-z]+)?", joined))


def edit_distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the substitutions, deletions and insertions that turn one sequence into the other."""
    row = list(range(len(other) + 1))
    for count, item in enumerate(one, 1):
        diagonal, row[0] = row[0], count
        for at, compared in enumerate(other, 1):
            diagonal, row[at] = (
                row[at],
                min(row[at] + 1, row[at - 1] + 1, diagonal + (item != compared)),
            )
    return row[-1]
