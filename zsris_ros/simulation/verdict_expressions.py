"""Questions about a tabletop scene whose right answer may be "which one?" or "it is not there".

A third asks for what is not there, a third fits several objects, a third exactly one. Nothing is
called absent that a half-hidden object could be, and nothing ambiguous that not all of the things
clearly fit. All pairs of colours count as different, so those that lie near each other are asked
for beside one another: red and orange, orange and yellow, purple and blue, pink and red, white and
yellow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from zsris_ros.simulation.expression_wording import say
from zsris_ros.simulation.expressions import (
    CATEGORIES,
    ReferringExpression,
    all_meanings,
    pooled,
    take_turns,
)
from zsris_ros.simulation.layout import COLOURS
from zsris_ros.simulation.meanings import ORDINALS, Meaning
from zsris_ros.simulation.object_nouns import NEUTRAL, Noun, called, hidden_names, nouns
from zsris_ros.simulation.shapes import SHAPES
from zsris_ros.simulation.tabletop import TabletopScene
from zsris_ros.types import Verdict

VERDICT_LIMIT = 12

ABSENT = tuple(f"absent {w}" for w in ("pair", "kind", "colour", "anchor", "relation", "ordinal"))
AMBIGUOUS = tuple(f"ambiguous {w}" for w in ("pair", "kind", "colour", "relation"))
PRESENT = tuple(f"present {each}" for each in CATEGORIES if each != "plural")
VERDICT_CATEGORIES = (*ABSENT, *AMBIGUOUS, *PRESENT)

_VERDICTS = {
    "absent": Verdict.NOT_FOUND,
    "ambiguous": Verdict.AMBIGUOUS,
    "present": Verdict.FOUND,
}
# Near and far are missing: among several that fit, people mean the nearest or the farthest.
_RELATIONS = (
    *("left_of", "right_of", "above", "below", "next_to", "bigger_than", "smaller_than"),
    *("in_front_of", "behind", "between", "between two"),
)
_SIDES = ("left", "right", "top", "bottom")


def verdict_expressions(
    scene: TabletopScene,
    limit: int = VERDICT_LIMIT,
    categories: Sequence[str] = VERDICT_CATEGORIES,
) -> tuple[ReferringExpression, ...]:
    """At most ``limit`` questions, a third of each verdict as far as the scene offers them.

    Within a verdict the categories take turns, a different one first in each scene. Deterministic
    by the seed.
    """
    rng = np.random.default_rng([scene.seed, 11])
    pools = {name: pool for name, pool in _pools(scene, rng).items() if name in categories}
    thirds = {}
    for word in _VERDICTS:
        names = [name for name in VERDICT_CATEGORIES if name in pools and name.startswith(word)]
        turns = {names[i]: pools[names[i]] for i in rng.permutation(len(names))}
        named = {name: [(name, meaning) for meaning in pool] for name, pool in turns.items()}
        thirds[word] = take_turns(named, limit // 3, rng)
    chosen = [each for third in thirds.values() for each in third]
    return tuple(
        ReferringExpression(say(meaning, rng), name, meaning.fits, _VERDICTS[name.split()[0]])
        for name, meaning in chosen
    )


def _pools(scene: TabletopScene, rng: np.random.Generator) -> Mapping[str, Sequence[Meaning]]:
    found = list(all_meanings(scene))
    pools = {f"present {name}": pool for name, pool in pooled(iter(found)).items()}
    pools.pop("present plural", None)
    pools |= {"absent relation": [], "ambiguous relation": []}
    for meaning in found:
        name = _found_verdict(meaning)
        if name:
            pools.setdefault(name, []).append(meaning)
    lacking = _lacking(scene)
    pools |= {f"absent {kind}": [_plain(text) for text in texts] for kind, texts in lacking.items()}
    pools["absent anchor"] = list(_without_anchor(nouns(scene), lacking, rng))
    pools["absent ordinal"] = list(_beyond_the_last(nouns(scene)))
    return pools


def _found_verdict(meaning: Meaning) -> str:
    """The category of a meaning that fits none or several; "" of any other."""
    relation = meaning.kind in _RELATIONS
    if relation and not meaning.fits:
        return "absent relation"
    if len(meaning.fits) < 2 or not (relation or meaning.category == "attribute"):
        return ""
    if relation:
        return "ambiguous relation"
    words = meaning.words[0].split()
    if len(words) == 1:
        return "ambiguous kind"
    return "ambiguous colour" if words[1] == NEUTRAL else "ambiguous pair"


def _plain(text: str) -> Meaning:
    return Meaning("attribute", "attribute", (text,), (), 0)


def _lacking(scene: TabletopScene) -> dict[str, list[str]]:
    """What no object is called, half-hidden ones included: pairs, kinds and colours.

    Pairs whose colour and shape both occur come thrice, so that they are asked for more often.
    """
    there = hidden_names(scene)
    for thing in scene.objects:
        there.update(called(thing.colour, thing.shape))
    lacking: dict[str, list[str]] = {"pair": [], "kind": [], "colour": []}
    lacking["kind"] = [shape for shape in SHAPES if shape not in there]
    lacking["colour"] = [f"{c} {NEUTRAL}" for c in COLOURS if f"{c} {NEUTRAL}" not in there]
    for colour in COLOURS:
        for shape in SHAPES:
            pair, kind, coloured, _ = called(colour, shape)
            if pair not in there:
                hard = kind in there and coloured in there
                lacking["pair"] += [pair] * (3 if hard else 1)
    return lacking


def _without_anchor(
    found: Sequence[Noun], lacking: Mapping[str, Sequence[str]], rng: np.random.Generator
) -> Iterator[Meaning]:
    """A thing that is there beside one that is not."""
    kinds = ("left_of", "right_of", "above", "below", "next_to", "behind", "in_front_of")
    missing = [text for texts in lacking.values() for text in texts]
    for noun in found:
        kind = kinds[int(rng.integers(len(kinds)))]
        words = (noun.text, missing[int(rng.integers(len(missing)))])
        yield Meaning("relation", kind, words, (), len(noun.fits))


def _beyond_the_last(found: Sequence[Noun]) -> Iterator[Meaning]:
    """The third of two, the fourth of three, ..."""
    for noun in found:
        count = len(noun.fits)
        if 1 < count < len(ORDINALS):
            for side in _SIDES:
                words = (ORDINALS[count], noun.text)
                yield Meaning("ordinal", f"from {side}", words, (), count)
