"""Referring expressions for a tabletop scene, each true of exactly one object, by a clear margin.

Left, right, above and below are the picture's; bigger and smaller must hold in pixels and in
metres; near and far are distances from the camera.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from zsris_ros.simulation.tabletop import TabletopObject, TabletopScene

CATEGORIES = ("attribute", "position", "relation", "superlative")


@dataclass(frozen=True)
class ReferringExpression:
    """``target`` is the index of the meant object in the scene's objects."""

    text: str
    category: str
    target: int


@dataclass(frozen=True)
class _Phrase:
    """A noun phrase and the indices of the visible objects it fits."""

    text: str
    fits: tuple[int, ...]


def expressions(scene: TabletopScene, limit: int = 8) -> tuple[ReferringExpression, ...]:
    """At most ``limit`` expressions, the categories taking turns. Deterministic by the seed."""
    rng = np.random.default_rng([scene.seed, 7])
    phrases = _phrases(scene)
    found = {
        "attribute": list(_attributes(phrases)),
        "position": list(_positions(scene, phrases)),
        "relation": list(_relations(scene, phrases)),
        "superlative": list(_superlatives(scene, phrases)),
    }
    chosen: list[ReferringExpression] = []
    pools = [_shuffled(rng, found[category]) for category in CATEGORIES]
    while len(chosen) < limit and any(pools):
        for pool in pools:
            if pool and len(chosen) < limit:
                chosen.append(pool.pop())
    return tuple(chosen)


def _shuffled(
    rng: np.random.Generator, items: Sequence[ReferringExpression]
) -> list[ReferringExpression]:
    return [items[i] for i in rng.permutation(len(items))]


def _phrases(scene: TabletopScene) -> list[_Phrase]:
    """Every noun phrase that fits visible objects and no half-hidden one."""
    texts: dict[str, list[int]] = {}
    for index, thing in enumerate(scene.objects):
        for text in (thing.name, thing.shape, f"{thing.colour} object", "object"):
            texts.setdefault(text, []).append(index)
    hidden = {
        text
        for name in scene.hidden
        for text in (name, name.split()[1], f"{name.split()[0]} object", "object")
    }
    return [_Phrase(text, tuple(fits)) for text, fits in texts.items() if text not in hidden]


def _attributes(phrases: list[_Phrase]) -> Iterator[ReferringExpression]:
    for phrase in phrases:
        if len(phrase.fits) == 1 and phrase.text != "object":
            yield ReferringExpression(f"the {phrase.text}", "attribute", phrase.fits[0])


def _positions(scene: TabletopScene, phrases: list[_Phrase]) -> Iterator[ReferringExpression]:
    """One of several is in that third of the picture, all the others beyond the middle of it."""
    height, width = scene.labels.shape
    places: dict[str, Callable[[TabletopObject], float]] = {
        "on the left": lambda thing: thing.middle[0] / width,
        "on the right": lambda thing: 1 - thing.middle[0] / width,
        "at the top": lambda thing: thing.middle[1] / height,
        "at the bottom": lambda thing: 1 - thing.middle[1] / height,
    }
    for phrase in phrases:
        if len(phrase.fits) < 2:
            continue
        for place, distance in places.items():
            order = sorted(phrase.fits, key=lambda i: distance(scene.objects[i]))
            first, second = (distance(scene.objects[i]) for i in order[:2])
            if first < 0.36 and second > max(0.5, first + 0.2):
                yield ReferringExpression(f"the {phrase.text} {place}", "position", order[0])


def _relations(scene: TabletopScene, phrases: list[_Phrase]) -> Iterator[ReferringExpression]:
    """The anchor's phrase fits one object; one object of several stands in the relation to it."""
    height, width = scene.labels.shape

    def place(axis: int, sign: int) -> Callable[[TabletopObject, TabletopObject], float]:
        size = (width, height)[axis]
        return lambda a, b: sign * (a.middle[axis] - b.middle[axis]) / size / 0.08

    margins: dict[str, Callable[[TabletopObject, TabletopObject], float]] = {
        "left of": place(0, -1),
        "right of": place(0, 1),
        "above": place(1, -1),
        "below": place(1, 1),
        "bigger than": _size_margin,
        "smaller than": lambda a, b: _size_margin(b, a),
    }
    for anchor in phrases:
        if len(anchor.fits) != 1 or anchor.text == "object":
            continue
        for phrase in phrases:
            others = [i for i in phrase.fits if i != anchor.fits[0]]
            if len(others) < 2 or phrase.text == "object":
                continue
            for words, margin in margins.items():
                held = [margin(scene.objects[i], scene.objects[anchor.fits[0]]) for i in others]
                clear = [i for i, m in zip(others, held, strict=True) if m >= 1.0]
                rest = [m for m in held if m < 1.0]
                if len(clear) == 1 and max(rest) < -0.3:
                    text = f"the {phrase.text} {words} the {anchor.text}"
                    yield ReferringExpression(text, "relation", clear[0])


def _size_margin(a: TabletopObject, b: TabletopObject) -> float:
    """At least 1 when a is clearly bigger than b in pixels and in metres, below 0 when it is
    smaller in both, 0 when they disagree."""
    pixels = np.log(a.pixels / b.pixels) / np.log(1.5)
    metres = np.log(a.size_m / b.size_m) / np.log(1.15)
    if pixels * metres <= 0:
        return 0.0
    return float(min(pixels, metres) if pixels > 0 else max(pixels, metres))


def _superlatives(scene: TabletopScene, phrases: list[_Phrase]) -> Iterator[ReferringExpression]:
    width = scene.labels.shape[1]
    ranks: dict[str, tuple[Callable[[TabletopObject], float], float]] = {
        "leftmost": (lambda thing: thing.middle[0] / width, 0.06),
        "rightmost": (lambda thing: -thing.middle[0] / width, 0.06),
        "closest": (lambda thing: float(np.linalg.norm(thing.centroid)), 0.05),
        "farthest": (lambda thing: -float(np.linalg.norm(thing.centroid)), 0.05),
    }
    for phrase in phrases:
        if len(phrase.fits) < 2:
            continue
        for word, (key, gap) in ranks.items():
            order = sorted(phrase.fits, key=lambda i: key(scene.objects[i]))
            first, second = (key(scene.objects[i]) for i in order[:2])
            if second - first >= gap:
                yield ReferringExpression(f"the {word} {phrase.text}", "superlative", order[0])
        by_size = sorted(phrase.fits, key=lambda i: scene.objects[i].pixels)
        for word, best, rest in (
            ("biggest", by_size[-1], by_size[:-1]),
            ("smallest", by_size[0], by_size[1:]),
        ):
            pairs = [(best, i) if word == "biggest" else (i, best) for i in rest]
            if all(_size_margin(scene.objects[a], scene.objects[b]) >= 1.0 for a, b in pairs):
                yield ReferringExpression(f"the {word} {phrase.text}", "superlative", best)
