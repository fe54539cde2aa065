"""Every sentence form of the simulated tabletop parses into the fields that it was made from."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.expressions import outline

from zsris_ros.language import parse, to_json
from zsris_ros.language.interpretation import interpret
from zsris_ros.language.meaning.posture import posture
from zsris_ros.simulation.expressions.expression_templates import COMMANDS, TEMPLATES

NOUNS = (("red mug", "red mugs"), ("box", "boxes"), ("blue object", "blue objects"),
         ("cylinder", "cylinders"))  # fmt: skip
POSTURES = ("standing", "lying", "upside down")
HANDLES = ("with a handle", "without a handle")
EMPTY: dict[str, Any] = {"number": "one", "position": [], "superlative": None, "ordinal": None,
                         "relations": [], "excluded": []}  # fmt: skip


def fillings(kind: str) -> list[tuple[str, ...]]:
    """Return words for the gaps of a kind's forms; the target's noun is the first or second."""
    found: list[tuple[str, ...]] = []
    for k, (noun, plural) in enumerate(NOUNS):
        other, others = NOUNS[(k + 1) % len(NOUNS)]
        unexpected = ("cone", "ring") if "kind" in kind else ("green", "white")
        found.append(
            (noun, plural, "three") if kind in ("both", "all")
            else (noun, *unexpected) if kind.startswith(("not", "neither"))
            else ("second", noun) if kind.startswith("from ")
            else ("two", plural) if kind.endswith(" some")
            else (plural, other) if kind.startswith("all ")
            else (noun, others) if kind == "between two"
            else (noun, other, "green cone")
        )  # fmt: skip
    return found


def expected_fields(kind: str, form: str, words: tuple[str, ...]) -> dict[str, Any]:
    """Return the expected fields of a sentence of a kind."""
    first, *more = kind.split()
    second = first == "from" or more == ["some"]
    noun = words[1 if second or (kind in ("both", "all") and "{1}" in form) else 0].split()
    heads = [word.split()[-1] for word in words]
    fields: dict[str, Any] = {"head": noun[-1], "attributes": noun[:-1]}
    if kind in POSTURES:  # an attribute or a relation ("on its side"); ``posture`` reads both
        return {"head": noun[-1]}
    if kind in HANDLES:  # a relation, an excluded object or an attribute; ``interpret`` reads all
        return {"head": noun[-1]}
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
        anchors = heads[1:2] if more else heads[1:]
        fields["relations"] = [("between", sorted((head, []) for head in anchors))]
    elif first == "all":
        fields.update(number="all", relations=[(more[0], [(heads[1], [])])])
    elif first != "attribute":
        inner: list[Any] = [(kind, [(heads[2], [])]) for kind in more]
        fields["relations"] = [(first, [(heads[1], inner)])]
    return {**EMPTY, **fields}


@pytest.mark.parametrize("kind", sorted(TEMPLATES))
def test_forms(kind: str) -> None:
    for form in TEMPLATES[kind]:
        for k, words in enumerate(fillings(kind)):
            said = form.format(*words)
            whole = said.split()[0] in ("the", "all", "both", "every", "each")
            for wrapper in ("{}", *COMMANDS) if whole and k == 0 else ("{}",):
                text = wrapper.format(said)
                found = to_json(parse(text, "rules"))
                found["relations"] = outline(found["relations"])
                expected = expected_fields(kind, form, words)
                assert {name: found[name] for name in expected} == expected, text
                assert posture(text) == (kind if kind in POSTURES else None), text
                handle = kind == HANDLES[0] if kind in HANDLES and words[0] == "red mug" else None
                assert interpret(parse(text, "rules").target).handle is handle, text
