"""Every sentence form of the simulated tabletop is understood as it is meant."""

from __future__ import annotations

import re
from typing import Any

import pytest

from zsris_ros.language import parse, to_json
from zsris_ros.simulation.expression_templates import COMMANDS, TEMPLATES

NOUNS = (("red mug", "red mugs"), ("box", "boxes"), ("blue object", "blue objects"),
         ("cylinder", "cylinders"))  # fmt: skip
EMPTY: dict[str, Any] = {"number": "one", "position": [], "superlative": None, "ordinal": None,
                         "relations": [], "excluded": []}  # fmt: skip


def fillings(kind: str) -> list[tuple[str, ...]]:
    """Words for the gaps of a kind's forms; the noun of the target comes first or second."""
    found: list[tuple[str, ...]] = []
    for k, (noun, plural) in enumerate(NOUNS):
        other, others = NOUNS[(k + 1) % len(NOUNS)]
        unwanted = ("cone", "ring") if "kind" in kind else ("green", "white")
        found.append(
            (noun, plural, "three") if kind in ("both", "all")
            else (noun, *unwanted) if kind.startswith(("not", "neither"))
            else ("second", noun) if kind.startswith("from ")
            else ("two", plural) if kind.endswith(" some")
            else (plural, other) if kind.startswith("all ")
            else (noun, others) if kind == "between two"
            else (noun, other, "green cone")
        )  # fmt: skip
    return found


def meant(kind: str, form: str, words: tuple[str, ...]) -> dict[str, Any]:
    """The fields that a sentence of a kind should fill."""
    first, *more = kind.split()
    second = first == "from" or more == ["some"]
    noun = words[1 if second or (kind in ("both", "all") and "{1}" in form) else 0].split()
    heads = [word.split()[-1] for word in words]
    fields: dict[str, Any] = {"head": noun[-1], "attributes": noun[:-1]}
    if first == "at":
        fields["position"] = more
    elif kind in ("both", "all"):
        two = form.startswith(("both", "the two"))
        fields["number"] = 3 if "{2}" in form else 2 if two else "all"
    elif first in ("not", "neither"):
        fields["excluded"] = [words[int(gap)] for gap in re.findall(r"\{([12])\}", form)]
    elif first == "from":
        fields["ordinal"] = {"index": 2, "from": more[0]}
    elif first.endswith("most"):
        fields["superlative"] = first.removesuffix("most")
        fields["number"] = 2 if more else "one"
    elif more[:1] == ["of"]:
        fields["superlative"] = first
    elif first == "between":
        fields["relations"] = [("between", sorted(heads[1:2] if more else heads[1:]), [])]
    elif first == "all":
        fields.update(number="all", relations=[(more[0], heads[1:2], [])])
    elif first != "attribute":
        inner = [(kind, heads[2:], []) for kind in more]
        fields["relations"] = [(first, heads[1:2], inner)]
    return {**EMPTY, **fields}


def plain(relations: list[dict[str, Any]]) -> list[tuple[str, list[str], list[Any]]]:
    return [
        (
            relation["kind"],
            sorted(anchor["head"] for anchor in relation["anchors"]),
            [row for anchor in relation["anchors"] for row in plain(anchor.get("relations", []))],
        )
        for relation in relations
    ]


@pytest.mark.parametrize("kind", sorted(TEMPLATES))
def test_forms(kind: str) -> None:
    for form in TEMPLATES[kind]:
        for k, words in enumerate(fillings(kind)):
            said = form.format(*words)
            whole = said.split()[0] in ("the", "all", "both", "every", "each")
            for wrapper in ("{}", *COMMANDS) if whole and k == 0 else ("{}",):
                text = wrapper.format(said)
                found = to_json(parse(text, "rules"))
                found["relations"] = plain(found["relations"])
                wanted = meant(kind, form, words)
                assert {name: found[name] for name in wanted} == wanted, text
