"""Text for the vision model from an Expression: noun phrases without what geometry decides."""

from __future__ import annotations

from functools import lru_cache

from zsris_ros.language import nouns, rules, words
from zsris_ros.types import Anchor, Expression


def is_neutral(head: str) -> bool:
    """Whether a head names no class: object, thing, item, one, stuff, something, it, ..."""
    return head.lower() in nouns.NEUTRAL or words.singular(head.lower()) in nouns.NEUTRAL


def noun_phrase(expression: Expression) -> str:
    """Attributes and head in the singular: "the second red mugs from the left" -> "red mug".

    Positions, superlatives, ordinals, numbers and determiners are left out; attributes said after
    the head come before it. A neutral head stays, so the text is never empty.
    """
    head = words.singular(expression.head)
    return " ".join((*expression.attributes, head))


def anchor_noun_phrase(anchor: Anchor) -> str:
    """The same for an anchor: "the second tray" -> "tray"."""
    return noun_phrase(anchor_expression(anchor))


@lru_cache(maxsize=1024)
def anchor_expression(anchor: Anchor) -> Expression:
    """What an anchor's own noun phrase says: its attributes, superlative, position and number.

    "the biggest box" gives superlative big. An ordinal without its direction, which is not part of
    an anchor's ``target``, counts from the left. The anchor's relations are carried over.
    """
    own = rules.parse(anchor.target)
    return Expression(
        text=anchor.target,
        target=anchor.target,
        head=anchor.head,
        attributes=tuple(word for word in own.attributes if word != anchor.head),
        number=own.number,
        position=own.position if own.head == anchor.head else (),
        superlative=own.superlative if own.head == anchor.head else None,
        ordinal=own.ordinal if own.head == anchor.head else None,
        relations=anchor.relations,
        parser=own.parser,
    )
