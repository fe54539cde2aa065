"""What is ruled out: "not the red one", "without a lid", "isn't on the scale"."""

from __future__ import annotations

from zsris_ros.language.grammar.command_prefix import is_next_command
from zsris_ros.language.grammar.noun_phrases import NounPhraseReader
from zsris_ros.language.grammar.phrase_draft import Phrase
from zsris_ros.language.grammar.places import place
from zsris_ros.language.grammar.tokens import COMMA
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as w

_ONE = ("one", "ones")
_HAD = ("without", "no", "minus", "out")
_OR = ("or", "nor", "and", "neither")
_EMPTY = lex.ARTICLES | lex.DEMONSTRATIVES | lex.POSSESSIVES | {"any", "no", "all", "either"}
_UNSAID = _EMPTY | lex.FILLERS | lex.DEGREE | {"one", "ones", "and", "or", COMMA}


def cue(reader: NounPhraseReader, i: int, everything: bool) -> int | None:
    """The index after a negation cue at ``i``. A bare "but" is one only after a quantifier."""
    row = w.match(lex.NEGATIVE_PHRASES, reader.words, i)
    if row is not None:
        return i + row[1]
    word = reader.words[i]
    if word in lex.NEGATORS:
        return i + 1
    if word == "but" and reader.words[i + 1] in ("not", "no", "without", "except"):
        return i + 2
    if word == "but" and everything and reader.words[i + 1] in lex.DETERMINERS:
        return i + 1
    return None


def exclude(reader: NounPhraseReader, i: int, target: Phrase) -> int:
    """Files what stands after a negation cue at ``i`` under ``target.excluded``."""
    had = reader.words[i - 1] in _HAD if i else False
    while True:
        end = _having(reader, i, target) if had else _constituent(reader, i, target)
        if end == i:
            return i
        i = end
        word = reader.words[i]
        if word in _OR or (word == COMMA and reader.words[i + 1] in _OR):
            following = i + 1 + (word == COMMA)
            if word == "and" and _starts_predicate(reader, following):
                return i
            if is_next_command(reader.words, following):
                return i
            i = following
        elif not (word == COMMA and _list_goes_on(reader, i)):
            return i
        else:
            i += 1


def _starts_predicate(reader: NounPhraseReader, i: int) -> bool:
    word = reader.words[i]
    return (
        word in lex.HAVING
        or word in lex.RELATIVES
        or word in lex.LINKING
        or reader.relation(i) is not None
    )


def _list_goes_on(reader: NounPhraseReader, i: int) -> bool:
    """A comma inside "neither red, green nor blue"."""
    return any(word in ("or", "nor") for word in reader.words[i + 1 : i + 4])


def _constituent(reader: NounPhraseReader, i: int, target: Phrase) -> int:
    words = reader.words
    begin = i
    while (
        words[i] in lex.DEGREE or words[i] in lex.HESITATIONS or words[i] in ("be", "been", "being")
    ):
        i += 1
    made = w.match(lex.MADE, words, i)
    if made is not None:
        return _constituent(reader, i + made[1], target)
    if words[i] in lex.HAVING:
        return _having(reader, i + 1, target)
    if w.placement(words[i]) or (words[i] in lex.PLACEMENT and reader.relation(i + 1)):
        if reader.closes(i + 1) and reader.relation(i + 1) is None:
            target.exclude(words[i])
            return i + 1
        return _constituent(reader, i + 1, target)
    spot = place(reader, i)
    if spot is not None:
        target.exclude(reader.tokens.span(i, spot.end))
        return spot.end
    if reader.relation(i) is not None:
        return _prepositional(reader, i, target)
    if w.is_ing(words[i]) and reader.relation(i + 1) is not None:
        target.exclude(words[i])
        return _prepositional(reader, i + 1, target)
    if words[i] in lex.DETERMINERS or w.is_noun_like(words[i]) or w.may_describe(words[i]):
        return _noun_phrase(reader, i, target)
    if not reader.closes(i):
        target.exclude(words[i])
        return i + 1
    return begin


def _having(reader: NounPhraseReader, i: int, target: Phrase) -> int:
    """ "not holding a flag": only what is had is excluded."""
    found = reader.read(i)
    if found is None:
        return i
    target.exclude(_bare(reader, i, found[1]))
    return _skip_on_it(reader, found[1])


def _skip_on_it(reader: NounPhraseReader, i: int) -> int:
    row = reader.relation(i)
    if row is not None and reader.words[i + row[1]] in lex.OBJECT_PRONOUNS:
        return i + row[1] + 1
    return i


def _prepositional(reader: NounPhraseReader, i: int, target: Phrase) -> int:
    """The preposition phrase as written, with what is "of" its noun."""
    row = reader.relation(i)
    assert row is not None
    if row[0] == "with":
        return _having(reader, i + row[1], target)
    end = i + row[1]
    while reader.words[end] in lex.OBJECT_PRONOUNS:
        end += 1
    found = reader.read(end)
    if found is not None:
        end = found[1]
        while reader.words[end] == "of" and (more := reader.read(end + 1)) is not None:
            end = more[1]
    target.exclude(reader.tokens.span(i, end))
    return end


def _bare(reader: NounPhraseReader, i: int, end: int) -> str:
    """The phrase of tokens i..end-1 without its determiner."""
    while i < end - 1 and (reader.words[i] in _EMPTY or reader.words[i] in lex.HESITATIONS):
        i += 1
    return reader.tokens.span(i, end)


def _noun_phrase(reader: NounPhraseReader, i: int, target: Phrase) -> int:
    """A predicate or a one-phrase gives its modifiers, a full noun phrase itself."""
    words = reader.words
    if words[i] in lex.DEMONSTRATIVES and words[i + 1] in lex.ARTICLES:
        return i + 1  # "not that, the other one" without its comma
    found = reader.read(i)
    if found is None:
        target.exclude(words[i])
        return i + 1
    phrase, end = found
    if words[i] in lex.DETERMINERS or phrase.head in _ONE:
        if phrase.head not in _ONE and not phrase.headless:
            end = _with_place(reader, end)
            target.exclude(_bare(reader, i, end))
            return _skip_on_it(reader, end)
        for k in range(i, end):
            if words[k] not in _UNSAID:
                target.exclude(words[k])
        return _after_one(reader, end, target)
    for k in range(i, end):
        if words[k] not in ("and", "or", COMMA) and words[k] not in lex.FILLERS | lex.DEGREE:
            target.exclude(words[k])
    return end


def _with_place(reader: NounPhraseReader, end: int) -> int:
    """A full noun phrase keeps its preposition phrases: "except the cup with the handle"."""
    while True:
        spot = place(reader, end)
        if spot is not None:
            end = spot.end
            continue
        row = reader.relation(end)
        if row is None or not row[0] or row[0] in ("to", "from"):
            return end
        found = reader.read(end + row[1])
        if found is None:
            return end
        end = found[1]


def _after_one(reader: NounPhraseReader, i: int, target: Phrase) -> int:
    """What follows "not the one": "on the left", "with the lid", "that is broken"."""
    words = reader.words
    while words[i] in ("that", "which", "who") or words[i] in lex.LINKING:
        i += 1
    spot = place(reader, i)
    if spot is not None:
        target.exclude(reader.tokens.span(i, spot.end))
        return spot.end
    if words[i] in lex.HAVING or reader.relation(i) is not None:
        return _constituent(reader, i, target)
    if words[i - 1] in lex.LINKING:
        return _constituent(reader, i, target)
    return i
