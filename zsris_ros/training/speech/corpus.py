"""The text corpus of the speech language model: requests to a robot.

Most sentences come from the templates of the simulated tabletop, the others from the sentence
grammar and from templates of instructions. All name tabletop and household objects.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

import numpy as np

from zsris_ros.simulation.expressions.expression_templates import TEMPLATES, realise
from zsris_ros.simulation.expressions.meanings import NUMBERS, ORDINALS, Meaning
from zsris_ros.simulation.expressions.nouns import NEUTRAL
from zsris_ros.simulation.layout import COLOURS
from zsris_ros.simulation.shapes import SHAPES
from zsris_ros.speech.transcripts import spoken_words
from zsris_ros.training.language import vocabulary
from zsris_ros.training.language.sentence_grammar import Grammar

MAX_WORDS = 16
"""Maximum words of a sentence, about one breath."""
TEMPLATE_SHARE = 0.7
"""The share of expressions from templates; the others come from the grammar."""
INSTRUCTION_SHARE = 0.25
"""The share of instructions in all sentences."""
TABLETOP_SHARE = 0.7
"""The share of tabletop shapes and colours in the templates' slots."""

_ORDINAL_KINDS = frozenset(
    f"from {side}" for side in ("left", "right", "top", "bottom", "near", "far")
)
_PLURAL_KINDS = frozenset(("both", "all"))

_FETCH = ("take", "grab", "get", "lift", "pick up")
_PUT = ("put", "put", "put", "place", "move", "set", "drop", "stack", "lay")
_AND = ("and", "and", "then", "and then")
_PREPOSITIONS = (
    *("on", "on", "on", "onto", "in", "in", "into", "inside", "next to", "beside", "near"),
    *("behind", "in front of", "under", "to the left of", "to the right of", "on top of"),
)
_SUPPORTS = (
    *("tray", "table", "basket", "box", "plate", "bowl", "drawer", "shelf", "sink", "bin", "pan"),
    *("counter", "cupboard", "stove", "rack", "desk"),
)


def sentences(seed: int, count: int, objects: Sequence[str] = ()) -> Iterator[tuple[str, ...]]:
    """Yield ``count`` sentences in lower case without punctuation, deterministic by seed.

    ``objects`` are further object names, used in half of the templates' slots.
    """
    templates, grammar = _TemplateSentences(seed, objects), _HouseholdGrammar(seed)
    turn = random.Random(seed)
    for _ in range(count):
        is_instruction = turn.random() < INSTRUCTION_SHARE
        use_template = turn.random() < TEMPLATE_SHARE
        words: tuple[str, ...] = ()
        while not 0 < len(words) <= MAX_WORDS:
            if is_instruction:
                text = templates.instruction()
            else:
                text = templates.sentence() if use_template else " ".join(grammar.sentence().words)
            # Digits have several pronunciations.
            words = () if re.search(r"\d", text) else spoken_words(text)
        yield words


class _HouseholdGrammar(Grammar):
    """The sentence grammar without invented nouns."""

    def _invented(self) -> str:
        return self._one_of(vocabulary.NOUNS["object"])


class _TemplateSentences:
    """Draws sentences from the tabletop's templates with random objects, without a scene."""

    def __init__(self, seed: int, objects: Sequence[str]) -> None:
        self._random = random.Random(seed)
        self._objects = objects
        self._rng = np.random.default_rng(seed)
        self._kinds = sorted(TEMPLATES)

    def sentence(self) -> str:
        """Draw a kind of meaning, with more weight on plain attributes, and realise it."""
        kind = "attribute" if self._random.random() < 0.2 else self._random.choice(self._kinds)
        return realise(Meaning("", kind, self._words(kind), (), 0), self._rng)

    def instruction(self) -> str:
        """Draw an instruction of one or two steps."""
        one = self._random.choice
        draw = self._random.random()
        if draw < 0.35:
            return f"{one(_PUT)} the {self._noun()} {self._destination()}"
        if draw < 0.75:
            fetched = f"{one(_FETCH)} the {self._noun()}"
            return f"{fetched} {one(_AND)} {one(_PUT)} it {self._destination()}"
        if draw < 0.82:
            first, second = self._destination(), self._destination()
            return f"put the {self._noun()} {first} and the {self._noun()} {second}"
        if draw < 0.88:
            pair = f"the {self._noun()} and the {self._noun()}"
            both = one((f"both {vocabulary.plural(self._kind())}", pair))
            return f"{one(_PUT)} {both} {self._destination()}"
        if draw < 0.94:
            inside = one(("in it", "inside", "into it"))
            return f"open the {one(_SUPPORTS)} and put the {self._noun()} {inside}"
        return f"{one(_PUT)} it {self._destination()}"

    def _destination(self) -> str:
        """Draw a place with its preposition."""
        one, draw = self._random.choice, self._random.random()
        if draw < 0.12:
            return f"between the {self._noun()} and the {self._noun()}"
        if draw < 0.18:
            return one(("to the left", "to the right", "next to it", "on it", "in it", "there"))
        anchor = one(_SUPPORTS) if self._random.random() < 0.35 else self._noun()
        return f"{one(_PREPOSITIONS)} the {anchor}"

    def _words(self, kind: str) -> tuple[str, ...]:
        """Draw the words for the template's slots, in the order of ``Meaning.words``."""
        one = self._random.choice
        if kind in _ORDINAL_KINDS:
            return one(ORDINALS), self._noun()
        if kind in _PLURAL_KINDS:
            noun = self._noun()
            return noun, vocabulary.plural(noun), one(NUMBERS[2:])
        if kind.endswith("most some"):
            return one(NUMBERS[2:]), vocabulary.plural(self._noun())
        if kind == "between two":
            return self._noun(), vocabulary.plural(self._noun())
        if kind.startswith("all "):
            return vocabulary.plural(self._noun()), self._noun()
        if kind in ("not the one", "not a colour", "neither colour"):
            return self._kind(), *self._random.sample(sorted(COLOURS), 2)
        if kind.startswith("not "):
            return f"{one(sorted(COLOURS))} {NEUTRAL}", self._kind()
        return tuple(self._noun() for _ in range(3))

    def _noun(self) -> str:
        """Draw an object, mostly with a colour or another attribute."""
        draw = self._random.random()
        if draw < 0.25:
            return self._kind()
        if draw < 0.35:
            return NEUTRAL
        noun = NEUTRAL if draw < 0.5 else self._kind()
        if self._random.random() < TABLETOP_SHARE:
            return f"{self._random.choice(sorted(COLOURS))} {noun}"
        return f"{self._random.choice(vocabulary.ADJECTIVES)} {noun}"

    def _kind(self) -> str:
        if self._objects and self._random.random() < 0.5:
            return self._random.choice(self._objects)
        if self._random.random() < TABLETOP_SHARE:
            return self._random.choice(sorted(SHAPES))
        return self._random.choice(vocabulary.NOUNS["object"])
