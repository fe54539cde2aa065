"""Referring expressions for a tabletop scene, each with its true answer.

Left, right, above and below are the picture's; bigger and smaller must hold in pixels and in
metres; near and far are distances from the camera. ``readings`` has the margins: what is close to
a limit is not asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from zsris_ros.simulation import meanings, sets
from zsris_ros.simulation.expression_wording import say
from zsris_ros.simulation.meanings import Meaning
from zsris_ros.simulation.object_nouns import nouns
from zsris_ros.simulation.readings import SceneReadings
from zsris_ros.simulation.tabletop import TabletopScene
from zsris_ros.types import Verdict

CATEGORIES = (
    "attribute",
    "position",
    "relation",
    "superlative",
    "size",
    "between",
    "ordinal",
    "depth",
    "chain",
    "negation",
    "plural",
)
LIMIT = 14

_RARE_FIRST = ("chain", "between", "negation", "ordinal", "position", "size")

Item = TypeVar("Item")


@dataclass(frozen=True)
class ReferringExpression:
    """``targets`` are the indices of the objects that fit, among the scene's objects.

    With FOUND they are what is meant: one object, or several where the text asks for several. With
    AMBIGUOUS the text asks for one and each of them fits; with NOT_FOUND there is none.
    """

    text: str
    category: str
    targets: tuple[int, ...]
    verdict: Verdict = Verdict.FOUND


def expressions(
    scene: TabletopScene, limit: int = LIMIT, categories: Sequence[str] = CATEGORIES
) -> tuple[ReferringExpression, ...]:
    """At most ``limit`` expressions, the categories taking turns. Deterministic by the seed.

    Each but the plural ones is true of exactly one object. Categories that few scenes offer have
    the first turn when the limit cuts a round short.
    """
    rng = np.random.default_rng([scene.seed, 7])
    pools = pooled(all_meanings(scene))
    turns = sorted(categories, key=lambda each: (each not in _RARE_FIRST, CATEGORIES.index(each)))
    chosen = take_turns({each: pools.get(each, []) for each in turns}, limit, rng)
    ordered = sorted(chosen, key=lambda meaning: CATEGORIES.index(meaning.category))
    return tuple(
        ReferringExpression(say(meaning, rng), meaning.category, meaning.fits)
        for meaning in ordered
    )


def all_meanings(scene: TabletopScene) -> Iterator[Meaning]:
    """Everything that can be meant in a scene, whether none, one or several objects fit it."""
    seen, found = SceneReadings(scene), nouns(scene)
    yield from meanings.attributes(found)
    yield from meanings.positions(seen, found)
    yield from meanings.relations(seen, found)
    yield from meanings.superlatives(seen, found)
    yield from meanings.sizes(seen, found)
    yield from meanings.betweens(seen, found)
    yield from meanings.ordinals(seen, found)
    yield from meanings.chains(seen, found)
    yield from sets.negations(scene, found)
    yield from sets.plurals(seen, found)


def pooled(found: Iterator[Meaning]) -> dict[str, list[Meaning]]:
    """By category: what is true of one of several, or, for plurals, of several."""
    pools: dict[str, list[Meaning]] = {}
    for meaning in found:
        unique = len(meaning.fits) == 1 and (meaning.among > 1 or meaning.category == "attribute")
        if unique or (meaning.category == "plural" and len(meaning.fits) > 1):
            pools.setdefault(meaning.category, []).append(meaning)
    return pools


def take_turns(
    pools: Mapping[str, Sequence[Item]], limit: int, rng: np.random.Generator
) -> list[Item]:
    """At most ``limit`` items, one from each pool in turn, drawn at random."""
    shuffled = [[pool[i] for i in rng.permutation(len(pool))] for pool in pools.values()]
    chosen: list[Item] = []
    while len(chosen) < limit and any(shuffled):
        for pool in shuffled:
            if pool and len(chosen) < limit:
                chosen.append(pool.pop())
    return chosen
