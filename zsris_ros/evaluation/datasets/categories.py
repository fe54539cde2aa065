"""What kind a referring expression is, for tables of a data set that does not say."""

from __future__ import annotations

from zsris_ros.language.rule_parser import parse
from zsris_ros.types import InputError

DESCRIPTIONS = frozenset({"with"})
"""Relations that describe the object itself: "man in blue", "woman with umbrella"."""


def kind_of(text: str) -> str:
    """The kind of ``text`` as the rule parser reads it, the first that fits of:

    =============  =========================================================
    "negation"     something is excluded: "the one not in red"
    "plural"       several are asked for: "two dogs"
    "ordinal"      "second from left"
    "between"      "giraffe between the two others"
    "relation"     a place relative to another thing, or a part: "person behind the fence"
    "superlative"  "leftmost", "the biggest bear"
    "position"     a place in the picture: "guy on right"
    "attribute"    looks or clothes: "brown bear", "man in blue"
    "name"         nothing but a noun: "bear"
    "none"         no word at all
    =============  =========================================================
    """
    try:
        target = parse(text).target
    except InputError:
        return "none"
    relations = {relation.kind for relation in target.relations}
    kinds = {
        "negation": target.excluded,
        "plural": target.number != "one",
        "ordinal": target.ordinal,
        "between": "between" in relations,
        "relation": relations - DESCRIPTIONS,
        "superlative": target.superlative,
        "position": target.position,
        "attribute": target.attributes or relations,
    }
    return next((kind for kind, fits in kinds.items() if fits), "name")
