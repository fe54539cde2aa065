"""The noun phrase both parsers fill while they read, and how it becomes an Expression."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology
from zsris_ros.types import Number, Ordinal, Side

MAX_DEPTH = 12
"""Anchors of anchors deeper than this belong to the last one: nobody speaks so."""


@dataclass(eq=False)
class Phrase:
    """One noun phrase: what was said of it so far. ``role`` is the relation it is an anchor of."""

    target: str
    head: str
    attributes: list[str] = field(default_factory=list)
    number: Number = "one"
    position: set[str] = field(default_factory=set)
    superlative: str | None = None
    ordinal: int | None = None
    side: str | None = None
    relations: list[tuple[str, list[Phrase]]] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    also: list[Phrase] = field(default_factory=list)
    determiner: str = ""
    role: str = ""
    content: bool = False
    headless: bool = False
    span: tuple[int, int] = (0, 0)

    def describe(self, word: str) -> None:
        if word not in self.attributes:
            self.attributes.append(word)

    def exclude(self, phrase: str) -> None:
        if phrase and phrase not in self.excluded:
            self.excluded.append(phrase)

    def relate(self, kind: str, anchor: Phrase, content: bool = False) -> None:
        anchor.role, anchor.content = kind, content
        self.relations.append((kind, [anchor]))

    @property
    def is_detail(self) -> bool:
        """An anchor that has no place of its own: clothing, a part, a mark, a content."""
        return self.role == "with" and (self.content or morphology.is_detail(self.head))

    @property
    def is_had(self) -> bool:
        """An anchor its owner has, wears, holds or contains."""
        return self.role == "with"

    def place(self, sides: tuple[str, ...]) -> None:
        self.position.update(sides)


def order(phrase: Phrase) -> Ordinal | None:
    """The ordinal with its direction; the position or superlative that gave it is used up.

    "the second mug on the left" counts from the left, "the second biggest mug" from the biggest;
    without any direction people count from the left. "last" counts from the other end, except that
    "the last mug on the left" is the leftmost one.
    """
    index, side = phrase.ordinal, phrase.side
    if index is None:
        return None
    if side is None and phrase.superlative is not None:
        side, phrase.superlative = phrase.superlative, None
    places = [place for place in sorted(phrase.position) if place in lex.ORDINAL_SIDES]
    if side is None and len(places) == 1:
        phrase.position.discard(places[0])
        side = lex.ORDINAL_SIDES[places[0]]
        index = abs(index)
    side = side or "left"
    return Ordinal(abs(index), cast(Side, side if index > 0 else lex.OPPOSITE[side]))
