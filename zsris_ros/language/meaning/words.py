"""Words that several meanings need."""

from __future__ import annotations

from zsris_ros.language.grammar.tokens import tokenise
from zsris_ros.language.lexicon.function_words import word_set

OWN = word_set("its his her their my your our")


def words_of(text: str) -> list[str]:
    """Return the words of a text, none of a text without letters and digits."""
    return [token.text for token in tokenise(text).items] if any(map(str.isalnum, text)) else []
