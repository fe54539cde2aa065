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
CHOSEN_CATEGORIES = ("handle",)
"""Further categories of household scenes, which are only drawn where they are asked for."""
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
    return _realised(scene.seed, pool_by_category(all_meanings(scene)), limit, categories)


def lasting_expressions(
    scenes: Sequence[TabletopScene], limit: int = LIMIT, categories: Sequence[str] = CATEGORIES
) -> tuple[ReferringExpression, ...]:
    """Return ``expressions`` that mean the same objects in all frames of a video.

    Args:
        scenes: The frames, with the same labels for the same objects.
        limit: See ``expressions``.
        categories: See ``expressions``.

    Returns:
        Expressions whose ``targets`` are indices among the objects of the first frame.
    """
    first = pool_by_category(all_meanings(scenes[0]))
    later = [_labels_by_meaning(scene) for scene in scenes[1:]]
    lasting = {
        category: [
            each
            for each in pool
            if all(found.get(_content(each)) == _labels(scenes[0], each) for found in later)
        ]
        for category, pool in first.items()
    }
    return _realised(scenes[0].seed, lasting, limit, categories)


def _realised(
    seed: int, pools: Mapping[str, Sequence[Meaning]], limit: int, categories: Sequence[str]
) -> tuple[ReferringExpression, ...]:
    """Draw meanings and their wordings."""
    rng = np.random.default_rng([seed, 7])
    order = (*HOUSEHOLD_CATEGORIES, *CHOSEN_CATEGORIES).index
    turns = sorted(categories, key=lambda each: (each not in _RARE, order(each)))
    chosen = draw_in_turns({each: pools.get(each, []) for each in turns}, limit, rng)
    ordered = sorted(chosen, key=lambda meaning: order(meaning.category))
    return tuple(
        ReferringExpression(realise(each, rng), each.category, each.targets) for each in ordered
    )


def _labels_by_meaning(scene: TabletopScene) -> dict[tuple[str, ...], tuple[int, ...]]:
    pools = pool_by_category(all_meanings(scene))
    return {_content(each): _labels(scene, each) for pool in pools.values() for each in pool}


def _content(meaning: Meaning) -> tuple[str, ...]:
    """Return all that the wording depends on."""
    return meaning.kind, *meaning.words


def _labels(scene: TabletopScene, meaning: Meaning) -> tuple[int, ...]:
    return tuple(scene.objects[index].label for index in meaning.targets)


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
