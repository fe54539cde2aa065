"""One noun phrase: determiner, quantity, modifiers, possessor, head."""

from __future__ import annotations

from dataclasses import dataclass, field

from zsris_ros.language.grammar.phrase_draft import MAX_DEPTH, PhraseDraft
from zsris_ros.language.grammar.rules.head_boundary import is_behind_head, is_intensifier
from zsris_ros.language.grammar.rules.premodifiers import count, head_number, premodify, quantified
from zsris_ros.language.grammar.state import ParserState
from zsris_ros.language.grammar.tokens import COMMA
from zsris_ros.language.lexicon import adjectives as adj
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph
from zsris_ros.language.lexicon import nouns
from zsris_ros.language.lexicon.function_words import word_set
from zsris_ros.types import Number

_QUANTIFIERS = lex.QUANTIFIERS - {"another", "no"}
_OWNERS = ("his", "her", "its", "their", "with")
_PAIRS = word_set("pair pairs couple")


@dataclass
class _Run:
    """The indices of the modifiers and the head, without a determiner.

    ``sides`` holds the directions of ordinals before the head ("2nd from right mug"), ``paired``
    marks "pair of".
    """

    words: list[int] = field(default_factory=list)
    sides: dict[int, str] = field(default_factory=dict)
    paired: bool = False


def read_noun_phrase(
    state: ParserState, i: int, target: bool = False, depth: int = 1
) -> tuple[PhraseDraft, int] | None:
    """Return the noun phrase at ``i`` and the index after it, None without one.

    ``target`` accepts a headless color ("the red"), ``depth`` counts nested partitives.
    """
    start, i, quantity, determiner = _determiners(state, i)
    if determiner in lex.DEMONSTRATIVES and state.closes(i):
        text = state.tokens.span(start, i)
        return PhraseDraft(text, state.words[i - 1], number=quantity or "one"), i
    possessor: PhraseDraft | None = None
    possessors = 0
    run, i = _run(state, i, not determiner, target)
    while state.words[i] == "'s" and run.words:
        possessor = _build(state, start, run, quantity, determiner, possessor, possessors)
        quantity, determiner = None, "'s"
        possessors += 1
        run, i = _run(state, i + 1, False, target)
    if not run.words:
        if possessor is not None:
            possessor.text = possessor.text or possessor.head
            return possessor, i
        if not determiner and quantity is None:
            return None
        return _headless(quantity, (start, i)), i
    of_all = state.words[i + 1] == "all" and not state.closes(i + 2)  # "the biggest of all mugs"
    whole = state.words[i] == "of" and (of_all or not state.time_phrase(i))
    if whole and _is_partitive(state, run.words):
        inner = read_noun_phrase(state, i + 1, target, depth + 1) if depth < MAX_DEPTH else None
        if inner is not None and not inner[0].headless:
            return _partitive(state, start, run, inner, quantity)
    named = any(morph.is_noun_like(state.words[k]) for k in run.words)
    if not named and _is_headless(state, run.words, i, target):
        phrase = _headless(quantity, (start, i))
        phrase.number = premodify(phrase, state.words, run.words, run.sides) or phrase.number
        return phrase, i
    return _build(state, start, run, quantity, determiner, possessor, possessors), i


def _determiners(state: ParserState, i: int) -> tuple[int, int, Number | None, str]:
    """Return the start of the phrase, the index after determiners, the quantity, the last one."""
    words, start, determiner = state.words, i, ""
    number: Number | None = None
    while True:
        word, cardinal = words[i], morph.cardinal(words[i])
        if word in lex.HESITATIONS:
            i += 1
            if not determiner and number is None:
                start = i
        elif word in _QUANTIFIERS and not (word == "all" and words[i + 1] in ("over", "around")):
            number = quantified(word, number)
            determiner = word
            i += 2 if words[i + 1] == "of" else 1
        elif word in lex.DETERMINERS:
            if determiner and determiner not in _QUANTIFIERS and word in lex.ARTICLES:
                start = i
            determiner = word
            i += 1
        elif cardinal is not None and words[i + 1] == "of" and words[i + 2] in lex.DETERMINERS:
            number = count(cardinal)
            i += 2
        elif word in ("lot", "lots", "plenty") and words[i + 1] == "of":
            number, determiner, i = "all", determiner or "a", i + 2
        elif word in _PAIRS and words[i + 1] == "of":
            number = 2 if word == "couple" else number if isinstance(number, int) else "one"
            determiner, i = determiner or "a", i + 2
        elif cardinal is not None and words[i + 1] in _PAIRS and words[i + 2] == "of":
            number, determiner, i = count(cardinal), word, i + 3
        else:
            return start, i, number, determiner


def _run(state: ParserState, i: int, bare: bool, target: bool) -> tuple[_Run, int]:
    """Return one run of words up to its head, and the index after it."""
    words, named, run = state.words, False, _Run()
    while i < state.size:
        word = words[i]
        if word in (COMMA, "and", "or") and not named and _adjectives_go_on(state, i, run.words):
            i += 1
            continue
        if word in lex.COMPARATIVES and words[i + 1] == "than":
            break
        if not named and (direction := _direction_before_head(state, i)) is not None:
            run.words.append(i)
            run.sides[i] = direction[1]
            i = direction[0]
            continue
        opens = (bool(run.words) and _is_particle(state, i)) or _opens(state, i)
        if (named or not opens) and (
            state.closes(i)
            or (word in lex.INTENSIFIERS and is_intensifier(state, i))
            or (named and is_behind_head(state, i, run.words, bare))
            or (not run.words and word in ("wearing", "holding", "having"))
            or (morph.is_ing(word) and _is_worn_colour(state, run.words))
        ):
            break
        if word in _PAIRS and words[i + 1] == "of" and run.words:
            run.paired = True
            i += 2
            continue
        if word not in lex.HESITATIONS or (word == "mm" and words[i - 1].isdecimal()):
            run.words.append(i)
            named = named or _can_be_head(state, i, bare)
        i += 1
    return run, i


def _is_worn_colour(state: ParserState, run: list[int]) -> bool:
    """Return whether the run is the colour of "a woman in white"."""
    if len(run) != 1 or not run[0]:
        return False
    return state.words[run[0]] in adj.COLOURS and state.words[run[0] - 1] == "in"


def _can_be_head(state: ParserState, i: int, bare: bool) -> bool:
    word, following = state.words[i], state.words[i + 1]
    if word == "one":
        return (
            state.closes(i + 1)
            or state.is_comparison(i + 1)
            or state.is_position(i + 1)
            or _is_verb(following)
            or (morph.is_ing(following) and not bare)
        )
    if word in nouns.BODY and state.words[i - 1] in _OWNERS and morph.is_ed(following):
        return True  # "with back turned"
    return morph.is_noun_like(word) and not _is_premodifier(state, i)


def _is_verb(word: str) -> bool:
    return morph.is_placement(word) or word in lex.HAVING or word in lex.LABELS


def _direction_before_head(state: ParserState, i: int) -> tuple[int, str] | None:
    """Return the index after "2nd from right" before the head, and the side."""
    words = state.words
    if words[i + 1] not in ("from", "to") or morph.ordinal(words[i]) is None:
        return None
    j = i + 2 + (words[i + 2] in lex.DETERMINERS)
    side = morph.positions(words[j])
    if not side or side[0] not in lex.ORDINAL_SIDES or state.closes(j + 1):
        return None
    return j + 1, lex.ORDINAL_SIDES[side[0]]


def _is_premodifier(state: ParserState, i: int) -> bool:
    """Return whether more of the phrase must follow a participle or a shade at ``i``."""
    word, following = state.words[i], state.words[i + 1]
    if word in ("near", "one") and not state.closes(i + 1):
        return True
    if word in lex.POSITION_NOUNS and i and morph.positions(state.words[i - 1]):
        return not state.closes(i + 1)  # "top row third tile"
    participle = morph.is_ing(following) or morph.is_ed(following)
    if word in adj.COLOUR_NOUNS and not (
        _is_verb(following) or (participle and state.closes(i + 2))
    ):
        return morph.is_noun_like(following) or morph.is_adjective(following)
    if morph.is_placement(following) and state.closes(i + 2):
        return False  # "a lacewing sitting on a leaf"
    if word in adj.SHADES and following in adj.COLOURS:
        return True
    if not (morph.is_ing(word) or morph.is_ed(word)) or state.is_comparison(i + 1):
        return False
    return not state.closes(i + 1) or _is_particle(state, i + 1)


def _is_particle(state: ParserState, i: int) -> bool:
    """Return whether a particle stands at ``i``: "up" in "the rolled up poster"."""
    known = state.words[i] in ("up", "down", "out", "off", "in")
    return known and morph.is_ed(state.words[i - 1]) and not state.closes(i + 1)


def _opens(state: ParserState, i: int) -> bool:
    """Return whether a preposition opens a noun phrase: "near zebra", "the inside pocket"."""
    word = state.words[i]
    if word == "near":
        return not state.closes(i + 1)
    inner = word in ("next", "inside", "outside", "opposite")
    return inner and i > 0 and state.words[i - 1] in lex.DETERMINERS and not state.closes(i + 1)


def _adjectives_go_on(state: ParserState, i: int, run: list[int]) -> bool:
    """Return whether a further adjective follows: "black and white", "small, round"."""
    words = state.words
    j = i + 1 + (words[i] == COMMA and words[i + 1] in ("and", "or"))
    if not run or state.closes(j) or not morph.may_describe(words[run[-1]]):
        return False
    if state.closes(j + 1):
        return morph.may_describe(words[j]) and words[j + 1] in (COMMA, "and", "or")
    return morph.is_adjective(words[run[-1]]) or morph.may_describe(words[j])


def _is_partitive(state: ParserState, run: list[int]) -> bool:
    """Return whether "of" follows a choice: "the taller of the candles", "one of the men"."""
    last = state.words[run[-1]]
    if last == "one":  # also "the largest one of the mugs"
        return not any(morph.is_noun_like(state.words[k]) for k in run[:-1])
    if not morph.superlative(last) and morph.ordinal(last) is None:
        return False
    return len(run) == 1 or not morph.is_noun_like(state.words[run[-2]])


def _partitive(
    state: ParserState,
    start: int,
    run: _Run,
    inner: tuple[PhraseDraft, int],
    quantity: Number | None,
) -> tuple[PhraseDraft, int]:
    phrase, end = inner
    phrase.text = state.tokens.span(start, end)
    phrase.span = (start, end)
    phrase.number = quantity or "one"
    before = [k for k in run.words if state.words[k] != "one"]
    premodify(phrase, state.words, before, run.sides)
    return phrase, end


def _is_headless(state: ParserState, run: list[int], i: int, target: bool) -> bool:
    """Return whether a run without a noun is headless: "the left", "the red", not "the back of"."""
    words, last = state.words, state.words[run[-1]]
    before = words[run[-2]] if len(run) > 1 else ""
    if last == "top" and before in nouns.TOPS:
        return False
    if last in ("left", "right") and morph.positions(before):
        return True  # "the top left of the tray"
    if last in lex.POSITIONS:
        owner = words[run[0] - 1]
        own = owner in _OWNERS and last in nouns.BODY
        return not (words[i] == "of" or owner == "'s" or own)
    if last == "one":
        return False
    if morph.ordinal(last) is not None or morph.cardinal(last) is not None:
        return True
    if morph.superlative(last) or morph.is_extreme(last):
        return True
    return target and last in adj.PURE


def _headless(quantity: Number | None, span: tuple[int, int]) -> PhraseDraft:
    """Return a neutral head for an unnamed object: "the left", "second from left"."""
    return PhraseDraft("one", "one", number=quantity or "one", headless=True, span=span)


def _build(
    state: ParserState,
    start: int,
    run: _Run,
    quantity: Number | None,
    determiner: str,
    possessor: PhraseDraft | None,
    possessors: int,
) -> PhraseDraft:
    words, span = run.words, (start, run.words[-1] + 1)
    head = state.tokens.span(words[-1], span[1])
    phrase = PhraseDraft(state.tokens.span(*span), head, determiner=determiner, span=span)
    counted = premodify(phrase, state.words, words, run.sides, head=True)
    if run.paired:
        quantity = "one"
    phrase.number = counted or quantity or head_number(state.words, words, determiner)
    if possessor is not None and possessors < MAX_DEPTH // 3:
        phrase.relate("part_of", possessor)
    return phrase
