"""Text for the vision model from an Expression: noun phrases without what geometry decides."""

from __future__ import annotations

from functools import lru_cache

from zsris_ros.language import rule_parser
from zsris_ros.language.interpretation import describes
from zsris_ros.language.lexicon import morphology, nouns
from zsris_ros.types import Anchor, Expression


def is_neutral(head: str) -> bool:
    """Whether a head names no class: object, thing, item, one, stuff, something, it, ..."""
    return head.lower() in nouns.NEUTRAL or morphology.singular(head.lower()) in nouns.NEUTRAL


def noun_phrase(expression: Expression) -> str:
    """Attributes and head in the singular: "the second red mugs from the left" -> "red mug".

    Positions, superlatives, ordinals, numbers and determiners are left out; attributes said after
    the head come before it. A neutral head stays, so the text is never empty.
    """
    head = morphology.singular(expression.head)
    return " ".join((*expression.attributes, head))


def description(expression: Expression) -> str | None:
    """The noun phrase with what describes it: "bottle with white cap", "box of crackers".

    Phrases with "with" and "of" say how the target looks; None where nothing is said of that.
    """
    phrase = noun_phrase(expression)
    said = bool(expression.attributes) or not is_neutral(expression.head)
    spoken = expression.text.lower()
    for relation in expression.relations:
        if not describes(relation):
            continue
        for anchor in relation.anchors:
            inner = " ".join((*anchor.attributes, anchor.head))
            if anchor.attributes or not is_neutral(anchor.head):
                content = f" of {anchor.target}" in spoken or relation.kind == "part_of"
                phrase, said = f"{phrase} {'of' if content else 'with'} {inner}", True
    return phrase if said else None


def anchor_noun_phrase(anchor: Anchor) -> str:
    """The same for an anchor: "the second tray" -> "tray"."""
    return noun_phrase(anchor_expression(anchor))


def anchor_expression(anchor: Anchor) -> Expression:
    """An anchor as an expression of its own, to be grounded like a target."""
    return Expression(
        text=anchor.target,
        target=anchor.target,
        head=anchor.head,
        attributes=anchor.attributes,
        number=anchor.number,
        position=anchor.position,
        superlative=anchor.superlative,
        ordinal=anchor.ordinal,
        relations=anchor.relations,
        excluded=anchor.excluded,
    )


def exclusions(expression: Expression) -> tuple[Expression, ...]:
    """What is not meant, each as an expression of its own.

    An order or a place is one among the things of the head: of "the mugs, but not the leftmost"
    that is "the leftmost mug", of "the mug that isn't on the tray" "the mug on the tray". So is
    what only describes: of "the mug, not the red one" it is "the red mug", for no picture is called
    by a bare "red".
    """
    return tuple(_exclusion(expression.head, each) for each in expression.excluded)


@lru_cache(maxsize=1024)
def _exclusion(head: str, excluded: str) -> Expression:
    last = excluded.split()[-1]
    if morphology.is_adjective(last) or morphology.superlative(last) or morphology.positions(last):
        return rule_parser.parse(f"the {excluded} {head}")
    placed = rule_parser.parse(f"the {head} {excluded}")
    if placed.head == head and (placed.relations or placed.position):
        return placed
    return rule_parser.parse(excluded)
