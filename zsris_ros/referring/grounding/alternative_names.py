"""Alternative names: the objects that fit a name, but have a better one.

"The alphabet soup" may fit a can of tomato sauce, too. A speaker who means the sauce says "sauce",
so the soup is meant. The Rational Speech Acts model (Frank and Goodman, Science 2012) compares a
name with its alternatives in this way. Equal objects have equal names.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from torch import Tensor

from zsris_ros.language.lexicon.adjectives import BASIC_COLOURS, COLOUR_SYNONYMS
from zsris_ros.language.lexicon.morphology import singular
from zsris_ros.language.phrasing import core_phrase, is_neutral
from zsris_ros.types import NounPhrase

_HARDLY = 0.25
"""An object has a better name below this share of the largest probability of the given name."""


def alternative_names(
    target: NounPhrase, vocabulary: Sequence[str], related: Collection[str] = ()
) -> list[str]:
    """Return the phrase's own name, then names with another noun or with another basic colour.

    Attributes but colours go with their noun: "alphabet" in "alphabet soup". "The red thing" has
    other colours for alternatives, "the thing" none.

    Args:
        target: The noun phrase.
        vocabulary: Nouns that the text encoder was trained with.
        related: Categories and kinds of the target's noun, which are no alternatives.
    """
    names = [core_phrase(target)]
    head = singular(target.head.lower())
    basic = {each: COLOUR_SYNONYMS.get(each, each) for each in target.attributes}
    colours = tuple(each for each in target.attributes if basic[each] in BASIC_COLOURS)
    others = {head, *related}
    if not is_neutral(target.head):
        names += [" ".join((*colours, noun)) for noun in vocabulary if noun not in others]
    for index, attribute in enumerate(target.attributes):
        if attribute in colours:
            before, after = target.attributes[:index], target.attributes[index + 1 :]
            names += [
                core_phrase(replace(target, attributes=(*before, colour, *after)))
                for colour in BASIC_COLOURS
                if colour not in basic.values()
            ]
    return names


def better_names(names: Sequence[str], logits: Tensor) -> Mapping[int, str]:
    """Return the objects with a better name than the first one, and that name.

    A speaker names an object by a softmax over the names. The first name has less than a quarter of
    the probability for these objects that it has for the object that it suits best.

    Args:
        names: The K names of ``alternative_names``.
        logits: Fit of K names to N objects that the first name fits, KxN, in nats.
    """
    said = logits.softmax(dim=0)[0]
    hardly = (said < _HARDLY * said.max()).nonzero()[:, 0].tolist()
    return {index: names[1 + int(logits[1:, index].argmax())] for index in hardly}
