"""A referring expression as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Side = Literal[
    "left", "right", "top", "bottom", "near", "far",
    "big", "small", "tall", "short", "wide", "thin",
]  # fmt: skip
Number = Literal["one", "all"] | int


@dataclass(frozen=True)
class Ordinal:
    """A rank: "third from the right" is 3, "right"; "second biggest" is 2, "big"."""

    index: int
    side: Side


@dataclass(frozen=True)
class NounPhrase:
    """One object or group in an expression: a target, an anchor or an excluded object.

    Attributes:
        text: Determiner, pre-modifiers and head as written. Of an excluded object, the negated
            words: "red", "next to the bowl".
        head: The last word of the noun phrase.
        attributes: The descriptive modifiers in text order.
        number: "one", "all" or a count.
        position: A sorted subset of left, right, top, bottom, middle, front, back.
        superlative: A Side, or None.
        ordinal: The rank and the side that it counts from.
        relations: Relations to other objects.
        excluded: The negated objects. An order or a place is one among the objects of the head:
            "the mugs, but not the leftmost" excludes the leftmost mug.
        sentence: The words that a text encoder compares with the object: of a target the whole
            expression, of an excluded object "the red mug". By default equal to ``text``.
    """

    text: str
    head: str
    attributes: tuple[str, ...] = ()
    number: Number = "one"
    position: tuple[str, ...] = ()
    superlative: str | None = None
    ordinal: Ordinal | None = None
    relations: tuple[Relation, ...] = ()
    excluded: tuple[NounPhrase, ...] = ()
    sentence: str = ""

    def __post_init__(self) -> None:
        if not self.sentence:
            object.__setattr__(self, "sentence", self.text)


@dataclass(frozen=True)
class Relation:
    """A relation of ``kind`` (left_of, on, between, ...) to one or more anchors.

    ``certainty`` in [0, 1] is the probability that the phrase relates the target to another object
    of the scene: "with a white cap" mostly describes the target, "on the table" mostly names the
    common support of all objects.
    """

    kind: str
    anchors: tuple[NounPhrase, ...]
    certainty: float = 1.0


@dataclass(frozen=True)
class Expression:
    """A parsed sentence.

    ``further`` holds the targets beside the first one ("the mug and the bowl"). ``parser`` names
    the parser: "rules" or a spaCy pipeline.
    """

    text: str
    target: NounPhrase
    further: tuple[NounPhrase, ...] = ()
    parser: str = "rules"
