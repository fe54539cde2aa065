"""Sentences for the language model: what people ask a robot for, in words that can be pronounced.

Most are in the simulated tabletop's wording, the others of the grammar that the language pipeline
is trained on. The things in them are the tabletop's and the house's, so that one model serves both.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

import numpy as np

from zsris_ros.simulation.expression_wording import FORMS, say
from zsris_ros.simulation.layout import COLOURS
from zsris_ros.simulation.meanings import ORDINALS, Meaning
from zsris_ros.simulation.object_nouns import NEUTRAL
from zsris_ros.simulation.sets import NUMBERS
from zsris_ros.simulation.shapes import SHAPES
from zsris_ros.speech.spoken_text import Words, words_of
from zsris_ros.training.language import vocabulary as house
from zsris_ros.training.language.sentence_grammar import Grammar

LONGEST = 16
"""Words of a sentence; nobody says longer ones in one breath."""
WORDING_SHARE = 0.7
"""The share of sentences in the tabletop's wording; the others are the grammar's."""
TABLETOP_SHARE = 0.7
"""The share of the tabletop's own things and colours in the tabletop's wording."""

_COUNTED = frozenset(f"from {side}" for side in ("left", "right", "top", "bottom", "near", "far"))
_SEVERAL = frozenset(("both", "all"))


def sentences(seed: int, count: int, things: Sequence[str] = ()) -> Iterator[Words]:
    """``count`` sentences in lower case without punctuation; the same seed gives the same ones.

    ``things`` are further names of things; every second one of the tabletop's wording is of them.
    """
    tabletop, grammar = Tabletop(seed, things), House(seed)
    turn = random.Random(seed)
    for _ in range(count):
        wording = turn.random() < WORDING_SHARE
        words: Words = ()
        while not 0 < len(words) <= LONGEST:
            words = _sayable(tabletop.sentence() if wording else " ".join(grammar.sentence().words))
        yield words


def _sayable(text: str) -> Words:
    """The words of ``text``; none when it holds digits, which can be said in several ways."""
    return () if re.search(r"\d", text) else words_of(text)


class House(Grammar):
    """The language pipeline's grammar without made-up nouns, which nobody says."""

    def _invented(self) -> str:
        return self._one_of(house.NOUNS["thing"])


class Tabletop:
    """The wording of the simulated tabletop about things drawn at random, without a scene."""

    def __init__(self, seed: int, things: Sequence[str] = ()) -> None:
        self._random = random.Random(seed)
        self._things = things
        self._rng = np.random.default_rng(seed)
        self._kinds = sorted(FORMS)

    def sentence(self) -> str:
        """One of all kinds of meaning, each as likely as any other, but the plain ones more so."""
        kind = "attribute" if self._random.random() < 0.2 else self._random.choice(self._kinds)
        return say(Meaning("", kind, self._words(kind), (), 0), self._rng)

    def _words(self, kind: str) -> Words:
        """What fills the gaps of this kind's forms, as ``Meaning.words`` orders it."""
        one = self._random.choice
        if kind in _COUNTED:
            return one(ORDINALS), self._noun()
        if kind in _SEVERAL:
            noun = self._noun()
            return noun, house.plural(noun), one(NUMBERS[2:])
        if kind.endswith("most some"):
            return one(NUMBERS[2:]), house.plural(self._noun())
        if kind == "between two":
            return self._noun(), house.plural(self._noun())
        if kind.startswith("all "):
            return house.plural(self._noun()), self._noun()
        if kind in ("not the one", "not a colour", "neither colour"):
            return self._kind(), *self._random.sample(sorted(COLOURS), 2)
        if kind.startswith("not "):
            return f"{one(sorted(COLOURS))} {NEUTRAL}", self._kind()
        return tuple(self._noun() for _ in range(3))

    def _noun(self) -> str:
        """A thing, mostly with a colour or another attribute."""
        draw = self._random.random()
        if draw < 0.25:
            return self._kind()
        if draw < 0.35:
            return NEUTRAL
        thing = NEUTRAL if draw < 0.5 else self._kind()
        if self._random.random() < TABLETOP_SHARE:
            return f"{self._random.choice(sorted(COLOURS))} {thing}"
        return f"{self._random.choice(house.ADJECTIVES)} {thing}"

    def _kind(self) -> str:
        if self._things and self._random.random() < 0.5:
            return self._random.choice(self._things)
        if self._random.random() < TABLETOP_SHARE:
            return self._random.choice(sorted(SHAPES))
        return self._random.choice(house.NOUNS["thing"])
