"""Categories of referring expressions, for data sets without their own."""

from __future__ import annotations

from zsris_ros.language.rule_parser import parse
from zsris_ros.types import InputError

DESCRIPTIONS = frozenset({"with"})
"""Relations that describe the object itself: "man in blue", "woman with umbrella"."""


def category_of(text: str) -> str:
    """Return the category of ``text`` from the rule parser, the first that fits.

    =============  =========================================================
    "negation"     an excluded object: "the one not in red"
    "plural"       several objects: "two dogs"
    "ordinal"      "second from left"
    "between"      "giraffe between the two others"
    "relation"     a position relative to another object, or a part: "person behind the fence"
    "superlative"  "leftmost", "the biggest bear"
    "position"     a position in the image: "guy on right"
    "attribute"    appearance or clothes: "brown bear", "man in blue"
    "name"         only a noun: "bear"
    "none"         no word
    =============  =========================================================
    """
    try:
        target = parse(text).target
    except InputError:
        return "none"
    relations = {relation.kind for relation in target.relations}
    categories = {
        "negation": target.excluded,
        "plural": target.number != "one",
        "ordinal": target.ordinal,
        "between": "between" in relations,
        "relation": relations - DESCRIPTIONS,
        "superlative": target.superlative,
        "position": target.position,
        "attribute": target.attributes or relations,
    }
    return next((category for category, fits in categories.items() if fits), "name")
