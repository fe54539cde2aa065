"""The annotated expressions of test/data, and the exact-match score of a parser on them.

    PYTHONPATH=test python -m support.expressions rules [PIPELINE ...] [--gold FILE.jsonl]
    [--chains] [--out FILE.json]

scores parsers on expressions.txt, or on a file of one annotated JSON object a line.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from zsris_ros.language import Parser, load_parser, to_json

DATA = Path(__file__).parents[1] / "data"
WHOLE = ("head", "position", "superlative", "ordinal", "relations", "number")
FIELDS = (*WHOLE, "target", "attributes", "excluded", "nested")
_STRIPPED = frozenset(
    ("the", "a", "an", "this", "that", "these", "those", "my", "your", "his", "her", "its", "our",
     "their", "all", "of", "both", "every", "each", "any", "some", "which")
)  # fmt: skip


def load(name: str) -> list[dict[str, Any]]:
    """Return the rows of a file in the line format of its first lines."""
    rows = []
    batch = ""
    for line in (DATA / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("# --"):
            batch = line[4:].strip()
        if line.strip() and not line.startswith("#"):
            rows.append({**_row(line), "batch": batch})
    return rows


def _row(line: str) -> dict[str, Any]:
    text, target, *rest = (part.strip() for part in line.split(" | "))
    row: dict[str, Any] = {
        "text": text, "target": target, "head": target.split()[-1], "attributes": [],
        "number": "one", "position": [], "superlative": None, "ordinal": None, "relations": [],
        "excluded": [],
    }  # fmt: skip
    fields: dict[str, str] = {}
    for part in rest:
        found = re.split(r"(?:^|\s)([anpsorx])=", part)
        fields.update(zip(found[1::2], found[2::2], strict=True))
    for key, raw in fields.items():
        value = raw.strip()
        if key == "n":
            row["number"] = int(value) if value.isdigit() else value
        elif key == "s":
            row["superlative"] = value
        elif key == "o":
            index, side = value.split(":")
            row["ordinal"] = {"index": int(index), "from": side}
        elif key == "r":
            row["relations"] = [_relation(part) for part in _split(value, ";")]
        else:
            name = {"a": "attributes", "p": "position", "x": "excluded"}[key]
            row[name] = value.split(",")
    return row


def _split(text: str, mark: str) -> Iterator[str]:
    depth, begin = 0, 0
    for i, character in enumerate(text + mark):
        depth += (character in "([") - (character in ")]")
        if character == mark and not depth:
            yield text[begin:i].strip()
            begin = i + 1


def _relation(text: str) -> dict[str, Any]:
    kind, _, inner = text.strip().partition("(")
    return {"kind": kind, "anchors": [_anchor(part) for part in _split(inner[:-1], "+")]}


def _anchor(text: str) -> dict[str, Any]:
    target, mark, nested = text.partition("[")
    row: dict[str, Any] = {"target": target.strip(), "head": target.split()[-1]}
    if mark:
        row["relations"] = [_relation(part) for part in _split(nested[:-1], ";")]
    return row


def wrong_fields(gold: dict[str, Any], answer: dict[str, Any]) -> list[str]:
    """Return the fields that differ by the scoring rules of the annotation guide."""
    return [f for f in FIELDS if _value(gold, f) != _value(answer, f)]


def _value(row: dict[str, Any], field: str) -> Any:
    if field == "relations":
        return {(r["kind"], _heads(r)) for r in row["relations"]}
    if field == "nested":
        return set(_paths(row["relations"], ()))
    if field == "target":
        said = [x for x in row["target"].lower().split() if x not in ("uh", "um", "er", "erm")]
        while said and said[0] in _STRIPPED:
            said.pop(0)
        return " ".join(said)
    value = row[field]
    return set(value) if isinstance(value, list) else value


def outline(relations: Sequence[dict[str, Any]], key: str = "head") -> list[Any]:
    """Return (kind, [(head, outline of its relations), ...]) of each relation, anchors sorted."""
    return [
        (r["kind"], sorted((a[key], outline(a.get("relations", []), key)) for a in r["anchors"]))
        for r in relations
    ]


def _heads(relation: dict[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(anchor["head"] for anchor in relation["anchors"]))


def _paths(relations: list[dict[str, Any]], path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    for relation in relations:
        for anchor in relation["anchors"]:
            here = (*path, relation["kind"], anchor["head"])
            for inner in anchor.get("relations", []):
                yield (*here, inner["kind"], _heads(inner))
            yield from _paths(anchor.get("relations", []), here)


def score(rows: Sequence[dict[str, Any]], parser: Parser) -> tuple[dict[str, float], str]:
    """Return the shares of right rows and the wrong fields, one line for each wrong row.

    The shares are by field, of all fields that ground an expression ("whole") and of all fields
    ("strict").
    """
    wrong = [wrong_fields(row, to_json(parser.parse(row["text"]))) for row in rows]
    right = {field: sum(field not in bad for bad in wrong) for field in FIELDS}
    right["whole"] = sum(not set(bad) & set(WHOLE) for bad in wrong)
    right["strict"] = sum(not bad for bad in wrong)
    lines = [
        f"{row['text']!r}: {', '.join(bad)}" for row, bad in zip(rows, wrong, strict=True) if bad
    ]
    return {name: round(n / len(rows), 4) for name, n in right.items()}, "\n".join(lines)


def _is_chain(row: dict[str, Any]) -> bool:
    anchors = (anchor for relation in row["relations"] for anchor in relation["anchors"])
    return any(anchor.get("relations") for anchor in anchors)


def main() -> None:
    arguments = argparse.ArgumentParser(description="Score parsers on annotated expressions.")
    arguments.add_argument("parsers", nargs="+", metavar="PARSER", help="rules, or a pipeline")
    arguments.add_argument("--gold", type=Path, help="(default: test/data/expressions.txt)")
    arguments.add_argument("--out", type=Path, help="also write the figures as JSON")
    arguments.add_argument(
        "--chains", action="store_true", help="only those with a chain of relations"
    )
    arguments.add_argument("--errors", action="store_true", help="list the errors")
    args = arguments.parse_args()
    rows = load("expressions.txt")
    if args.gold:
        lines = args.gold.read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines if line.strip()]
    if args.chains:
        rows = [row for row in rows if _is_chain(row)]
    figures: dict[str, Any] = {
        "data": args.gold.name if args.gold else "expressions.txt",
        "n": len(rows),
        "parsers": {},
    }
    for name in args.parsers:
        parser = load_parser(name)
        found, wrong = score(rows, parser)
        figures["parsers"][parser.name] = found
        print(f"{parser.name}: whole {found['whole']:.1%}, strict {found['strict']:.1%}")
        if args.errors:
            print(wrong)
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
