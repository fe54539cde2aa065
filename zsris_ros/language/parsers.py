"""The choice of a parser, and an Expression as JSON."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Protocol

from zsris_ros.language import spacy_parser
from zsris_ros.language.lexicon.function_words import ORDINAL_SIDES
from zsris_ros.language.rule_parser import RuleParser
from zsris_ros.types import Expression, InputError, NounPhrase


class Parser(Protocol):
    """A parser of referring expressions."""

    @property
    def name(self) -> str:
        """The name in ``Expression.parser``: "rules" or a spaCy pipeline."""
        ...

    def parse(self, text: str) -> Expression:
        """Return the expression in ``text``.

        Raises:
            InputError: The text holds no letter or digit.
        """
        ...


def load_parser(name: str = "auto") -> Parser:
    """Load a parser once for many texts.

    Args:
        name: "rules"; "auto" (the rules, which measured best); "spacy" (the best installed English
            pipeline); the name of a pipeline, or the folder that `zsris train-language` wrote.

    Raises:
        InputError: The name is unknown, or spaCy or its pipeline is not installed.
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


def parse(text: str, parser: str = "auto") -> Expression:
    """Return the expression in ``text``; parsers are loaded once and kept.

    Raises:
        InputError: The text holds no letter or digit, or ``parser`` is not available.
    """
    return _loaded(parser).parse(text)


_loaded = cache(load_parser)


def to_json(expression: Expression) -> dict[str, Any]:
    """Return the expression in the JSON schema that parsers are scored by.

    The schema has no further targets, only text, head and relations of an anchor, and only ordinals
    that count from a side of the picture: "the second biggest" has the superlative "big".
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
        "relations": relations_to_json(target),
        "excluded": [each.text for each in target.excluded],
        "parser": expression.parser,
    }


def relations_to_json(phrase: NounPhrase) -> list[dict[str, Any]]:
    """Return the relations of a noun phrase in the JSON schema."""
    return [
        {"kind": relation.kind, "anchors": [anchor_to_json(anchor) for anchor in relation.anchors]}
        for relation in phrase.relations
    ]


def anchor_to_json(anchor: NounPhrase) -> dict[str, Any]:
    """Return text, head and relations of an anchor in the JSON schema."""
    row: dict[str, Any] = {"target": anchor.text, "head": anchor.head}
    return {**row, "relations": relations_to_json(anchor)} if anchor.relations else row
