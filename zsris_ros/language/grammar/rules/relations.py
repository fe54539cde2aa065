"""Relations of a noun to others, and their anchors."""

from __future__ import annotations

from zsris_ros.language.grammar.phrase_draft import PhraseDraft
from zsris_ros.language.grammar.rules.noun_phrases import read_noun_phrase
from zsris_ros.language.grammar.rules.places import skip_view
from zsris_ros.language.grammar.state import ParserState
from zsris_ros.language.grammar.tokens import COMMA, STOP
from zsris_ros.language.lexicon import adjectives as adj
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph
from zsris_ros.language.lexicon import nouns


def related(state: ParserState, i: int) -> int | None:
    """Read a preposition at ``i`` with its anchor."""
    words = state.words
    row = state.relation(i)
    if row is None:
        intense = words[i] in lex.INTENSIFIERS and state.relation(i + 1) is not None
        return i + 1 if intense else None
    kind, length = row
    end = i + length
    if words[i] in ("riding", "full") and words[end] in ("", COMMA, STOP, "and"):
        state.path.owner("animate").describe(words[i])
        return end
    if kind == "of":
        return _of(state, end)
    if kind == "inside" and (after_view := skip_view(state, i)) > i:
        return after_view
    if kind in ("to", "from") and state.path.target.superlative in ("near", "far"):
        return _distant(state, end)
    if kind in ("", "to"):
        return _goal(state, kind, end)
    if kind == "from":
        return _source(state, end)
    joined = state.relation(end + 1) if words[end] == "and" else None
    if joined is not None and joined[0] not in ("", "of", "to", "from"):
        return _two_relations(state, kind, joined[0], end + 1 + joined[1])
    return relate_to(state, kind, end)


def possessed(state: ParserState, i: int) -> int | None:
    """Read "with", "wearing", "has" or "holding" at ``i`` with its anchor."""
    if state.words[i] not in lex.HAVING:
        return None
    i += 1
    while state.words[i] in ("got", "been", "had", "on"):
        i += 1
    return relate_to(state, "with", i)


def relate_to(state: ParserState, kind: str, i: int) -> int:
    """Add a relation of ``kind`` to the anchor at ``i``; return the index after it."""
    words = state.words
    worn = words[i - 1] == "in" and not _was_put(state, i - 2)
    while words[i] in lex.HESITATIONS:
        i += 1
    word = words[i]
    if word in lex.OBJECT_PRONOUNS and (word != "her" or state.closes(i + 1)):
        if word in lex.VIEWERS and kind != "with":
            relate(state, kind, PhraseDraft(word, word))
        elif word in ("it", "them") and state.path.holder in state.path.nouns:
            state.path.force(state.path.holder)  # "with a lamp on it near the window"
        return i + 1
    found = read_noun_phrase(state, i)
    if found is None:
        return i
    anchor, end = found
    if anchor.head not in nouns.NOTHING:
        relate(state, "with" if kind == "inside" and worn and _is_worn(anchor) else kind, anchor)
    return end


def relate(state: ParserState, kind: str, anchor: PhraseDraft) -> None:
    """Add a relation of ``kind`` to ``anchor``, and attach later modifiers to the anchor."""
    state.path.owner(kind, anchor).relate(kind, anchor)
    state.path.push(anchor)
    state.predicate = False


def is_telegraphic(phrase: PhraseDraft) -> bool:
    """Return whether a bare noun phrase after the head is its possession: "man blue cap"."""
    return not phrase.determiner and (bool(phrase.attributes) or morph.is_detail(phrase.head))


def _two_relations(state: ParserState, first: str, second: str, i: int) -> int:
    """Read two relations to one anchor: "behind and left of the box"."""
    end = relate_to(state, second, i)
    if len(state.path.nouns) > 1:
        owner, anchor = state.path.nouns[-2:]
        if owner.relations and owner.relations[-1][1] == [anchor]:
            owner.relations.insert(-1, (first, [anchor]))
    return end


def _of(state: ParserState, i: int) -> int:
    found = read_noun_phrase(state, i)
    if found is None:
        return i
    phrase, end = found
    component = state.path.nearest.span[1] == i - 1 and phrase.head not in lex.PICTURES
    after_view = skip_view(state, i - 1)
    if after_view > i - 1 and not component:  # "in the corner of the view", not "a camera's lens"
        return after_view
    owner = state.path.owner("of")
    if phrase.headless or owner.head in ("one", "ones"):  # "the thinner rope of the two"
        return end
    head = owner.head if owner.head in nouns.CONTAINERS else morph.singular(owner.head)
    part = head in nouns.PORTIONS or head in nouns.MARKS or head in nouns.BODY
    content = (head in nouns.CONTAINERS and head not in nouns.PORTIONS) or (
        not phrase.determiner
        and not part
        and (bool(owner.determiner) or phrase.number != "one")  # but "hook of door"
    )
    amount = head in nouns.AMOUNTS and not phrase.determiner
    owner.relate("with" if content else "part_of", phrase, content=content or amount)
    state.path.push(phrase)
    return end


def _distant(state: ParserState, i: int) -> int:
    """Read "the closest chair to the door" as near the door, but not "to the camera"."""
    target = state.path.target
    found = read_noun_phrase(state, i)
    if found is None or found[0].head in lex.VIEWERS:
        return found[1] if found is not None else i + 1
    kind = "near" if target.superlative == "near" else "far_from"
    target.superlative = None
    state.path.force(target)
    relate(state, kind, found[0])
    return found[1]


def _goal(state: ParserState, kind: str, i: int) -> int:
    found = read_noun_phrase(state, i)
    if found is None:
        return i
    phrase, end = found
    if kind == "to" and phrase.head in ("left", "right") and phrase.relations:
        relate(state, f"{phrase.head}_of", phrase.relations[0][1][0])  # "to the plate's left"
    else:
        state.path.push(phrase)  # a goal: later modifiers belong to it
    return end


def _source(state: ParserState, i: int) -> int:
    found = read_noun_phrase(state, i)
    if found is None:
        return i
    kind = "inside" if found[0].head in nouns.INSIDE_SOURCES else "on"
    counted = state.path.target
    if counted.ordinal is not None and counted.side is None and counted.superlative is None:
        kind = "near"  # "the second chair from the door"
    relate(state, kind, found[0])
    return found[1]


def _was_put(state: ParserState, i: int) -> bool:
    """Return whether the verb at ``i`` puts an object somewhere: "lying in the jacket"."""
    moved = state.words[i] in lex.PLACEMENT or state.words[i] in lex.ACTIONS
    sided = state.words[i - 1] in ("on", "the", "far")
    return moved and not sided and not morph.is_animate(state.path.target.head)


def _is_worn(phrase: PhraseDraft) -> bool:
    """Return whether an anchor of "in" is worn: "in the plaid shirt", "in red"."""
    garment = morph.is_clothing(phrase.head) or (phrase.head == "top" and phrase.attributes)
    return bool(garment) or phrase.head in adj.COLOURS
