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
    """ "third from the right": index 3, side "right"; "second biggest": index 2, side "big"."""

    index: int
    side: Side


@dataclass(frozen=True)
class Anchor:
    """A thing the target stands in relation to; it may carry relations of its own.

    The fields mean what they mean in an Expression, and are the anchor's own: in "the cup on the
    second tray from the left" the tray has the ordinal.
    """

    target: str
    head: str
    relations: tuple[Relation, ...] = ()
    attributes: tuple[str, ...] = ()
    number: Number = "one"
    position: tuple[str, ...] = ()
    superlative: str | None = None
    ordinal: Ordinal | None = None
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True)
class Relation:
    """``kind`` (left_of, on, between, ...) between the target and one or more anchors.

    ``certainty`` in [0, 1]: how probable it is that the phrase relates the target to another object
    of the scene. "with a white cap" mostly describes the target, "on the table" mostly names what
    everything stands on.
    """

    kind: str
    anchors: tuple[Anchor, ...]
    certainty: float = 1.0


@dataclass(frozen=True)
class Expression:
    """What was asked, as data. The fields follow the surface form of the text.

    ``target`` is the target noun phrase with determiner and pre-modifiers, ``head`` its last word,
    ``attributes`` its descriptive modifiers in text order. ``position`` is a sorted subset of left,
    right, top, bottom, middle, front, back; ``superlative`` one of left, right, top, bottom, big,
    small, near, far, tall, short, wide, thin. ``excluded`` holds what was negated, ``also`` the
    further things asked for beside the target ("the mug and the bowl"). ``parser`` names the parser
    that filled the fields ("rules" or a spaCy pipeline's name).
    """

    text: str
    target: str
    head: str
    attributes: tuple[str, ...] = ()
    number: Number = "one"
    position: tuple[str, ...] = ()
    superlative: str | None = None
    ordinal: Ordinal | None = None
    relations: tuple[Relation, ...] = ()
    excluded: tuple[str, ...] = ()
    also: tuple[Anchor, ...] = ()
    parser: str = "rules"
