"""A baseline without language: the candidate at the position or in the order of a keyword."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from zsris_ros.evaluation.expressions.expression_items import ExpressionItem
from zsris_ros.evaluation.expressions.simulated_semantics import words
from zsris_ros.language.lexicon.function_words import word_set

PLACE_WORDS = word_set("""
    left right top bottom middle center centre central front back upper lower mid leftmost
    rightmost topmost bottommost leftest rightest lefthand righthand closest nearest near farthest
    furthest far highest lowest first second third fourth fifth last 1st 2nd 3rd 4th 5th corner
    foreground background rear
""")
"""Words of position and order; "uniform" selects the sentences that contain one."""

_OWNERS = word_set("its his her their")
_COUNTED = {
    word: count
    for count, listing in ((2, "second 2nd"), (3, "third 3rd"), (4, "fourth 4th"), (5, "fifth 5th"))
    for word in listing.split()
}
_SIDES: Mapping[str, frozenset[str]] = {
    "left": frozenset({"left", "leftmost", "leftest", "lefthand"}),
    "right": frozenset({"right", "rightmost", "rightest", "righthand"}),
    "top": frozenset({"top", "upper", "topmost", "highest"}),
    "bottom": frozenset({"bottom", "lower", "bottommost", "lowest"}),
    "front": frozenset({"front", "foreground", "closest", "nearest", "near"}),
    "back": frozenset({"back", "background", "rear", "farthest", "furthest"}),
    "middle": frozenset({"middle", "center", "centre", "central", "mid"}),
}


def names_place(text: str) -> bool:
    """Return whether a text has a word of position or order; "on its back" is posture."""
    tokens = ["", *words(text)]
    return any(word in PLACE_WORDS and before not in _OWNERS for before, word in pairwise(tokens))


def by_centres(item: ExpressionItem) -> int | None:
    """Return the choice by box centres alone, a simple baseline for words of position.

    Left is the smallest centre x, front the lowest edge, the middle the nearest to the mean of the
    centres; "second ... from the left" is counted. None without a position, and on a tie.
    """
    tokens = set(words(item.text))
    named = {side for side, texts in _SIDES.items() if texts & tokens}
    boxes = np.array([each.box for each in item.candidates])
    size = np.array(item.size, float)
    x, y = ((boxes[:, :2] + boxes[:, 2:] / 2) / size).T
    low = (boxes[:, 1] + boxes[:, 3]) / size[1]
    keys = {"left": x, "right": -x, "top": y, "bottom": -y, "front": -low, "back": low}
    keys["middle"] = np.hypot(x - x.mean(), y - y.mean())
    if not named:
        return None
    key = np.sum([keys[side] for side in sorted(named)], axis=0)
    count = next((_COUNTED[word] for word in words(item.text) if word in _COUNTED), 1)
    if count > 1:
        return int(np.argsort(key, kind="stable")[min(count, len(key)) - 1])
    return unique_argmax(-key)


def unique_argmax(values: np.ndarray) -> int | None:
    """Return the index of the largest value; None on a tie."""
    best = np.flatnonzero(values >= values.max() - 1e-9)
    return int(best[0]) if len(best) == 1 else None
