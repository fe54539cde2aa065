"""A noun phrase while it is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from zsris_ros.language.lexicon import morphology
from zsris_ros.types import Number

MAX_DEPTH = 12
"""The longest chain of anchors; a deeper anchor does not open a new level."""


@dataclass(eq=False)
class PhraseDraft:
    """The fields of a NounPhrase as far as they are read.

    ``role`` is the relation that the draft is an anchor of, ``content`` marks the milk of "a cup of
    milk", ``headless`` a neutral head that stands for an unnamed object, ``span`` are the tokens
    first..last-1. ``excluded`` holds the negated words, not yet parsed.
    """

    text: str
    head: str
    attributes: list[str] = field(default_factory=list)
    number: Number = "one"
    position: set[str] = field(default_factory=set)
    superlative: str | None = None
    ordinal: int | None = None
    side: str | None = None
    relations: list[tuple[str, list[PhraseDraft]]] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    determiner: str = ""
    role: str = ""
    content: bool = False
    headless: bool = False
    span: tuple[int, int] = (0, 0)

    def describe(self, word: str) -> None:
        """Add an attribute once."""
        if word not in self.attributes:
            self.attributes.append(word)

    def exclude(self, words: str) -> None:
        """Add negated words once."""
        if words and words not in self.excluded:
            self.excluded.append(words)

    def relate(self, kind: str, anchor: PhraseDraft, content: bool = False) -> None:
        """Add a relation of ``kind`` to ``anchor``."""
        anchor.role, anchor.content = kind, content
        self.relations.append((kind, [anchor]))

    @property
    def is_possession(self) -> bool:
        """Whether the owner has, wears, holds or contains this anchor."""
        return self.role == "with"

    @property
    def is_detail(self) -> bool:
        """Whether the anchor has no place of its own: clothing, a part, a mark, a content."""
        return self.is_possession and (self.content or morphology.is_detail(self.head))
