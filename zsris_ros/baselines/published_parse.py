"""The published parsing logic, as pure functions on a parsed spaCy document.

Target noun phrase: Global-Local CLIP (CVPR 2023), section 3.4. Other noun phrases, relation and
position: HybridGL (CVPR 2025), sections 3.3 and 3.4. The variant "reference" is the published code,
quirks included; "paper" is the text of the papers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

Variant = Literal["reference", "paper"]
NONE = "none"
NO_TOKEN = 999

RELATION_WORDS: Mapping[str, frozenset[str]] = {
    "left": frozenset({"left", "west"}),
    "right": frozenset({"right", "east"}),
    "up": frozenset({"above", "north", "top", "back", "behind"}),
    "down": frozenset({"below", "south", "under", "front"}),
    "big": frozenset({"bigger", "larger", "closer"}),
    "small": frozenset({"smaller", "tinier", "further", "smallest"}),
    "within": frozenset({"inside", "within", "contained"}),
}
"""The published code's keywords of each relation of Eq. 4."""
PRINTED_RELATION_WORDS: Mapping[str, frozenset[str]] = {
    **RELATION_WORDS,
    "down": RELATION_WORDS["down"] | {"bottom"},
}
"""The same with all printed relations: left, right, top, bottom, within, smaller, bigger. The code
lacks "bottom"."""
POSITION_WORDS: Mapping[str, frozenset[str]] = {
    "left": frozenset({"left"}),
    "right": frozenset({"right"}),
    "middle": frozenset({"middle", "between"}),
    "up": frozenset({"up", "top", "above"}),
    "down": frozenset({"down", "under", "bottom", "low"}),
}
NO_OBJECT = frozenset(
    {"left", "west", "right", "east", "above", "north", "top", "back", "behind", "below", "south",
     "under", "front", "bigger", "larger", "closer", "smaller", "tinier", "further", "inside",
     "within", "contained", "who", "what", "which", "middle"}
)  # fmt: skip
"""Words that head no other noun phrase, in the published code."""
PRINTED_NO_OBJECT = NO_OBJECT | {"bottom"}
"""The same with every printed relation."""
NO_RELATION = frozenset({"part", "image", "side", "picture", "half", "region", "section", "photo"})
"""Other nouns that refer to the image instead of a second object."""


@dataclass(frozen=True)
class NounPhrase:
    """The target: ``text``, ``head``, and the token range ``span``.

    Without a chunk, ``text`` is the whole string and ``span`` None.
    """

    text: str
    head: str
    span: tuple[int, int] | None


def rejoined(doc: Doc) -> str:
    """Return the tokens joined by single blanks, without blank tokens; the input is in lower case.

    The published code gives this string to CLIP and to its second parse ("man's" becomes "man 's").
    """
    return " ".join(token.text for token in doc if token.text != " ")


def relation_words(variant: Variant) -> Mapping[str, frozenset[str]]:
    """Return the keywords of each relation in ``variant``."""
    return PRINTED_RELATION_WORDS if variant == "paper" else RELATION_WORDS


def no_object_words(variant: Variant) -> frozenset[str]:
    """Return the words that head no other noun phrase in ``variant``."""
    return PRINTED_NO_OBJECT if variant == "paper" else NO_OBJECT


def target_noun_phrase(doc: Doc, variant: Variant = "reference") -> NounPhrase:
    """Return the chunk of the last root, else the chunk of a child, else the whole string.

    "reference" takes the root's first child, whatever the root and the child are. "paper" takes
    the first noun among the children of a verb, and the whole string below any other root
    (Global-Local CLIP, supplement: "If the root word is a verb, we use the root word's children
    noun as the root word").
    """
    of_token: dict[int, Span] = {}
    for chunk in doc.noun_chunks:
        of_token.update(dict.fromkeys(range(chunk.start, chunk.end), chunk))
    roots = [token for token in doc if token.head.i == token.i]
    if roots:
        root = roots[-1]
        found = of_token.get(root.i)
        if found is None:
            child = _child_noun(root) if variant == "paper" else next(iter(root.children), None)
            found = None if child is None else of_token.get(child.i)
        if found is not None:
            return NounPhrase(found.text, found.root.text, (found.start, found.end))
    everything = rejoined(doc)
    return NounPhrase(everything, everything, None)


def _child_noun(root: Token) -> Token | None:
    """Return the first noun that depends on a verb; None below another root and without one."""
    if root.pos_ not in ("VERB", "AUX"):
        return None
    return next((child for child in root.children if child.pos_ in ("NOUN", "PROPN")), None)


def other_noun_phrases(doc: Doc, variant: Variant = "reference") -> list[Span]:
    """Return the chunks other than the target and direction words.

    "reference" compares chunk and target by text, which loses the second man of "man next to man",
    and returns every chunk if the target is the whole string; "paper" compares by position.
    """
    target = target_noun_phrase(doc, variant)
    others = []
    for chunk in doc.noun_chunks:
        if variant == "reference":
            is_target = chunk.text == target.text
        else:
            is_target = (chunk.start, chunk.end) == target.span
        if not is_target and chunk.root.text not in no_object_words(variant):
            others.append(chunk)
    return others


def relation(doc: Doc, variant: Variant = "reference") -> str:
    """Return left, right, up, down, big, small, within or "none" (HybridGL Eqs. 4 and 5).

    The keyword whose syntactic head has the smallest index; the first on a tie. "reference" never
    returns "right", because the published comparison for it cannot hold, and lacks the printed
    "bottom".
    """
    if any(chunk.root.text in NO_RELATION for chunk in other_noun_phrases(doc, variant)):
        return NONE
    skip = "right" if variant == "reference" else ""
    flag, _ = _nearest_to_start(doc, relation_words(variant), skip)
    return flag


def position(doc: Doc) -> tuple[str, int]:
    """Return left, right, middle, up, down or "none", and the word's index (999 for none).

    HybridGL Eq. 6 as published: one position, by the same rule as the relation.
    """
    return _nearest_to_start(doc, POSITION_WORDS)


def positions(doc: Doc) -> tuple[str, ...]:
    """Return all positions in text order without repeats: HybridGL Eq. 6 as printed."""
    named = [flag for token in doc for flag, words in POSITION_WORDS.items() if token.text in words]
    return tuple(dict.fromkeys(named))


def _nearest_to_start(
    doc: Doc, table: Mapping[str, frozenset[str]], skip: str = ""
) -> tuple[str, int]:
    flag, index, smallest = NONE, NO_TOKEN, NO_TOKEN
    for token in doc:
        for name, words in table.items():
            if name != skip and token.text in words and token.head.i < smallest:
                flag, index, smallest = name, token.i, token.head.i
    return flag, index
