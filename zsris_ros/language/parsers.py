"""The choice of a parser, and an Expression as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from zsris_ros.language import spacy_parser
from zsris_ros.language.lexicon.function_words import ORDINAL_SIDES
from zsris_ros.language.rule_parser import RuleParser
from zsris_ros.types import Expression, InputError, Relation


class Parser(Protocol):
    """Anything that turns a text into an Expression.

    ``name`` is what ``Expression.parser`` says: "rules" or the name of a spaCy pipeline.
    """

    @property
    def name(self) -> str: ...

    def parse(self, text: str) -> Expression:
        """The expression in ``text``. Raises InputError when the text holds no letter or digit."""
        ...


def load_parser(name: str = "auto") -> Parser:
    """The parser called "rules", "spacy" (the best installed English pipeline) or "auto".

    "auto" takes the rules: of the parsers that could be measured they are the best. The name of a
    pipeline such as "en_core_web_sm" and the folder of one, such as `zsris train-language` makes,
    are accepted too. Load once, parse often.

    Raises InputError for another name, or when spaCy or its pipeline is not installed.
    """
    if name in ("rules", "auto"):
        return RuleParser()
    if name == "spacy":
        return spacy_parser.SpacyParser(spacy_parser.best_installed())
    if name in spacy_parser.PIPELINES or Path(name).is_dir():
        return spacy_parser.SpacyParser(name)
    raise InputError(
        f'there is no parser "{name}": use auto, rules, spacy, the folder of a spaCy pipeline or '
        "one of " + ", ".join(spacy_parser.PIPELINES)
    )


_loaded: dict[str, Parser] = {}


def parse(text: str, parser: str = "auto") -> Expression:
    """What ``text`` asks for. Parsers are loaded once and kept.

    Raises InputError when the text holds no letter or digit, or when ``parser`` is not available.
    """
    if parser not in _loaded:
        _loaded[parser] = load_parser(parser)
    return _loaded[parser].parse(text)


def to_json(expression: Expression) -> dict[str, Any]:
    """The expression as plain data in the schema parsers are scored by: text, target, head,
    attributes, number, position, superlative, ordinal, relations, excluded and parser.

    The schema has no further targets, says of an anchor only its target, head and relations, and
    counts from sides of the picture only: "the second biggest" is the superlative "big" in it.
    """
    target = expression.target
    ordinal, superlative = target.ordinal, target.superlative
    if ordinal is not None and ordinal.side not in ORDINAL_SIDES.values():
        superlative, ordinal = ordinal.side, None
    return {
        "text": expression.text,
        "target": target.text,
        "head": target.head,
        "attributes": list(target.attributes),
        "number": target.number,
        "position": list(target.position),
        "superlative": superlative,
        "ordinal": None if ordinal is None else {"index": ordinal.index, "from": ordinal.side},
        "relations": _relations(target.relations),
        "excluded": [each.text for each in target.excluded],
        "parser": expression.parser,
    }


def _relations(relations: Sequence[Relation]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for relation in relations:
        anchors: list[dict[str, Any]] = []
        for anchor in relation.anchors:
            row: dict[str, Any] = {"target": anchor.text, "head": anchor.head}
            if anchor.relations:
                row["relations"] = _relations(anchor.relations)
            anchors.append(row)
        rows.append({"kind": relation.kind, "anchors": anchors})
    return rows
