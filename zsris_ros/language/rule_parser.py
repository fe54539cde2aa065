"""The rule parser: a grammar of referring expressions over closed-class words, without a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from zsris_ros.language.grammar.disfluencies import remove_disfluencies
from zsris_ros.language.grammar.phrase_draft import PhraseDraft
from zsris_ros.language.grammar.reader import read_targets
from zsris_ros.language.grammar.state import ParserState
from zsris_ros.language.grammar.tokens import tokenise
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph
from zsris_ros.types import Expression, NounPhrase, Ordinal, Relation, Side

NAME = "rules"
_MAX_NESTED = 2
"""An excluded object may exclude others, which exclude none."""
_MAX_PARSED = 32
"""The words of further exclusions of one noun phrase stay unparsed, which bounds the time."""


class RuleParser:
    """The rules of ``grammar``: deterministic and always available."""

    name = NAME

    def parse(self, text: str) -> Expression:
        """See ``rule_parser.parse``."""
        return parse(text)


def parse(text: str) -> Expression:
    """Return the expression in ``text``.

    Raises:
        InputError: The text holds no letter or digit.
    """
    return build_expression(_read(text), text, NAME)


def build_expression(targets: Sequence[PhraseDraft], text: str, parser: str) -> Expression:
    """Return the expression of ``targets``; the sentence of the first one is the whole text."""
    target, *further = targets
    others = tuple(map(build_noun_phrase, further))
    return Expression(text, build_noun_phrase(target, text), others, parser)


def _read(text: str) -> list[PhraseDraft]:
    return read_targets(ParserState(remove_disfluencies(tokenise(text))))


def build_noun_phrase(draft: PhraseDraft, sentence: str = "", nested: int = 0) -> NounPhrase:
    """Return the noun phrase of ``draft``; ``nested`` counts the exclusions around it."""
    ordinal = _ordinal(draft)  # before the position that gives its direction is read
    return NounPhrase(
        text=draft.text,
        head=draft.head,
        attributes=tuple(draft.attributes),
        number=draft.number,
        position=tuple(sorted(draft.position)),
        superlative=draft.superlative,
        ordinal=ordinal,
        relations=tuple(
            Relation(kind, tuple(build_noun_phrase(anchor, nested=nested) for anchor in anchors))
            for kind, anchors in draft.relations
        ),
        excluded=tuple(
            _excluded(draft.head, words, nested + 1)
            if k < _MAX_PARSED
            else NounPhrase(words, words)
            for k, words in enumerate(draft.excluded)
            if nested < _MAX_NESTED
        ),
        sentence=sentence,
    )


def _ordinal(draft: PhraseDraft) -> Ordinal | None:
    """Return the ordinal with its direction, and use up the modifier that gives the direction.

    "the second mug on the left" counts from the left, "the second biggest mug" from the biggest,
    "the second mug" from the left. "last" counts from the other end, except that "the last mug on
    the left" is the leftmost one.
    """
    index, side = draft.ordinal, draft.side
    if index is None:
        return None
    if side is None and draft.superlative is not None:
        side, draft.superlative = draft.superlative, None
    places = [place for place in sorted(draft.position) if place in lex.ORDINAL_SIDES]
    if side is None and len(places) == 1:
        draft.position.discard(places[0])
        side = lex.ORDINAL_SIDES[places[0]]
        index = abs(index)
    side = side or "left"
    return Ordinal(abs(index), cast(Side, side if index > 0 else lex.OPPOSITE[side]))


def _excluded(head: str, words: str, nested: int) -> NounPhrase:
    """Return the noun phrase of negated ``words``, with ``head`` where they name no object.

    Of a mug "not the red one" excludes "the red mug", "isn't on the tray" "the mug on the tray".
    """
    last = words.split()[-1]
    if morph.is_adjective(last) or morph.superlative(last) or morph.positions(last):
        phrase = _parse(f"the {words} {head}", nested)
    else:
        phrase = _parse(f"the {head} {words}", nested)
        if phrase.head != head or not (phrase.relations or phrase.position):
            named = any(map(str.isalnum, words))
            phrase = _parse(words, nested) if named else NounPhrase(words, words)
    return replace(phrase, text=words)


def _parse(sentence: str, nested: int) -> NounPhrase:
    return build_noun_phrase(_read(sentence)[0], sentence, nested)
