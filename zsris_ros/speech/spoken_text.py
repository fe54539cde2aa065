"""Texts as they are said."""

from __future__ import annotations

import re

Words = tuple[str, ...]


def words_of(text: str) -> Words:
    """The words of ``text`` in lower case without punctuation, "n't" joined to its verb."""
    joined = re.sub(r"\s+(n't|'s|'m|'d|'ll|'re)\b", r"\1", text.lower().replace("\u2019", "'"))
    return tuple(re.findall(r"[a-z0-9]+(?:'[a-z]+)?", joined))
