"""Queries of the published methods, from spaCy's parse or from the rule parser.

``published_parse`` holds the logic on a parsed document. Without a pipeline, the same fields come
from the rule parser's Expression: target and anchors are its noun phrases, and keywords count by
their own position instead of their head's. On the sentences of the referring data sets that is
nearly always the same word. The answer names the parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zsris_ros.baselines import published_parse
from zsris_ros.baselines.published_parse import NONE, Variant
from zsris_ros.language import rule_parser, spacy_parser
from zsris_ros.types import Expression, InputError, NounPhrase, Relation

if TYPE_CHECKING:
    from spacy.tokens import Doc


@dataclass(frozen=True)
class PublishedQuery:
    """A sentence as parsed for the published methods."""

    sentence: str  # the text for CLIP
    noun_phrase: str  # the target
    head: str  # its noun
    others: tuple[str, ...]  # the other noun phrases
    relation: str  # left, right, up, down, big, small, within or "none"
    position: str  # left, right, middle, up, down or "none"
    positions: tuple[str, ...]  # all named positions
    parser: str

    @property
    def expression(self) -> Expression:
        """The part of the query that a result holds."""
        target = NounPhrase(self.noun_phrase, self.head, sentence=self.sentence)
        return Expression(self.sentence, target, parser=self.parser)


class PublishedReader:
    """Parses sentences with a spaCy pipeline (text to Doc), or with the rules if it is None."""

    def __init__(
        self, pipeline: Callable[[str], Doc] | None = None, name: str = rule_parser.NAME
    ) -> None:
        self._pipeline, self.name = pipeline, name

    def read(self, text: str, variant: Variant = "reference") -> PublishedQuery:
        """Return the query in ``text``. Raises InputError for a text without letter or digit."""
        if not any(letter.isalnum() for letter in text):
            raise InputError("the expression holds no word: say which object is meant")
        if self._pipeline is None:
            return from_expression(rule_parser.parse(text), variant)
        once = published_parse.rejoined(self._pipeline(" ".join(text.lower().split())))
        return from_doc(self._pipeline(once), variant, self.name)


def load_reader(parser: str = "auto") -> PublishedReader:
    """Return the reader of a parser's name, as in ``load_parser``.

    "auto" is an installed spaCy pipeline, as in the published code, else the rules. "auto" and
    "spacy" prefer en_core_web_lg, the published pipeline.

    Raises:
        InputError: The chosen parser is not installed.
    """
    order = spacy_parser.PUBLISHED_ORDER
    if parser == "rules" or (parser == "auto" and not spacy_parser.installed(order)):
        return PublishedReader()
    name = spacy_parser.best_installed(order) if parser in ("auto", "spacy") else parser
    pipeline = spacy_parser.load_pipeline(name)
    return PublishedReader(pipeline, spacy_parser.full_name(pipeline))


def from_doc(doc: Doc, variant: Variant, name: str) -> PublishedQuery:
    """Return the query of a parsed document in lower case."""
    target = published_parse.target_noun_phrase(doc, variant)
    return PublishedQuery(
        sentence=published_parse.rejoined(doc),
        noun_phrase=target.text,
        head=target.head,
        others=tuple(chunk.text for chunk in published_parse.other_noun_phrases(doc, variant)),
        relation=published_parse.relation(doc, variant),
        position=published_parse.position(doc)[0],
        positions=published_parse.positions(doc),
        parser=name,
    )


def from_expression(expression: Expression, variant: Variant) -> PublishedQuery:
    """Return the query of the rule parser's expression."""
    sentence = " ".join(expression.text.lower().split())
    words = re.findall(r"[^\W_]+", sentence)
    target = expression.target.text.lower() or sentence
    anchors = list(_anchors(expression.target.relations))
    if variant == "reference":  # other nouns are distinguished by their text
        anchors = [anchor for anchor in anchors if anchor.text.lower() != target]
    others = [a for a in anchors if a.head.lower() not in published_parse.no_object_words(variant)]
    outside = sentence.replace(target, " ", 1)
    of_picture = published_parse.NO_RELATION & set(re.findall(r"[^\W_]+", outside))
    skip = "right" if variant == "reference" else ""
    relation = NONE if of_picture else _first(words, published_parse.relation_words(variant), skip)
    flags = _named(words, published_parse.POSITION_WORDS)
    return PublishedQuery(
        sentence=sentence,
        noun_phrase=target,
        head=expression.target.head.lower(),
        others=tuple(anchor.text.lower() for anchor in others),
        relation=relation,
        position=flags[0] if flags else NONE,
        positions=tuple(dict.fromkeys(flags)),
        parser=expression.parser,
    )


def _anchors(relations: tuple[Relation, ...]) -> Iterator[NounPhrase]:
    for relation in relations:
        for anchor in relation.anchors:
            yield anchor
            yield from _anchors(anchor.relations)


def _first(words: list[str], table: Mapping[str, frozenset[str]], skip: str) -> str:
    return next((flag for flag in _named(words, table) if flag != skip), NONE)


def _named(words: list[str], table: Mapping[str, frozenset[str]]) -> list[str]:
    return [flag for word in words for flag, known in table.items() if word in known]
