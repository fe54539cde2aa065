"""Referring expressions for a tabletop scene, each with its true answer.

Left, right, above and below are image directions; bigger and smaller must hold in pixels and in
metres; near and far are distances from the camera. Cases within the margins of
``spatial_predicates`` are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from zsris_ros.simulation.expressions.expression_templates import realise
from zsris_ros.simulation.expressions.meanings import Meaning, all_meanings
from zsris_ros.simulation.tabletop import TabletopScene
from zsris_ros.types import Verdict

CATEGORIES = (
    "attribute", "position", "relation", "superlative", "size", "between", "ordinal", "depth",
    "chain", "negation", "plural",
)  # fmt: skip
HOUSEHOLD_CATEGORIES = (*CATEGORIES, "containment", "posture")
LIMIT = 14

_RARE = ("chain", "between", "negation", "ordinal", "position", "size", "posture")

Item = TypeVar("Item")


@dataclass(frozen=True)
class ReferringExpression:
    """An expression and the indices, among the scene's objects, of its ``targets``.

    FOUND: the targets are meant, one object or, for a plural expression, several. AMBIGUOUS: the
    expression means one object and each target fits. NOT_FOUND: there is no target.
    """

    text: str
    category: str
    targets: tuple[int, ...]
    verdict: Verdict = Verdict.FOUND


def expressions(
    scene: TabletopScene, limit: int = LIMIT, categories: Sequence[str] = CATEGORIES
) -> tuple[ReferringExpression, ...]:
    """Return at most ``limit`` expressions, balanced over the categories; deterministic by seed.

    Each but the plural ones has exactly one target. Rare categories come first when the limit cuts
    a round short.
    """
    rng = np.random.default_rng([scene.seed, 7])
    pools = pool_by_category(all_meanings(scene))
    order = HOUSEHOLD_CATEGORIES.index
    turns = sorted(categories, key=lambda each: (each not in _RARE, order(each)))
    chosen = draw_in_turns({each: pools.get(each, []) for each in turns}, limit, rng)
    ordered = sorted(chosen, key=lambda meaning: order(meaning.category))
    return tuple(
        ReferringExpression(realise(each, rng), each.category, each.targets) for each in ordered
    )


def pool_by_category(meanings: Iterable[Meaning]) -> dict[str, list[Meaning]]:
    """Return by category the meanings with one target among several or, plural, with several."""
    pools: dict[str, list[Meaning]] = {}
    for each in meanings:
        unique = len(each.targets) == 1 and (each.candidates > 1 or each.category == "attribute")
        if unique or (each.category == "plural" and len(each.targets) > 1):
            pools.setdefault(each.category, []).append(each)
    return pools


def draw_in_turns(
    pools: Mapping[str, Sequence[Item]], limit: int, rng: np.random.Generator
) -> list[Item]:
    """Draw at most ``limit`` items at random, one from each pool in turn."""
    shuffled = [[pool[i] for i in rng.permutation(len(pool))] for pool in pools.values()]
    chosen: list[Item] = []
    while len(chosen) < limit and any(shuffled):
        for pool in shuffled:
            if pool and len(chosen) < limit:
                chosen.append(pool.pop())
    return chosen
