"""Meanings of referring expressions in a tabletop scene, without their wording.

Each generator yields the meanings of one category for which every object of the scene either
clearly fits or clearly does not. ``Meaning.targets`` may be empty, one object, or several.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from zsris_ros.simulation.expressions import spatial_predicates as margins
from zsris_ros.simulation.expressions.nouns import Noun, nouns
from zsris_ros.simulation.expressions.spatial_predicates import (
    ScenePredicates,
    Ternary,
    clear_order,
)
from zsris_ros.simulation.tabletop import TabletopScene
from zsris_ros.simulation.words import NEUTRAL, with_hypernyms

RELATION_CATEGORY = {
    **dict.fromkeys(("left_of", "right_of", "above", "below", "next_to"), "relation"),
    **dict.fromkeys(("bigger_than", "smaller_than"), "size"),
    **dict.fromkeys(("in_front_of", "behind", "near", "far_from"), "depth"),
}
CHAIN_RELATIONS = ("left_of", "right_of", "above", "below", "next_to", "in_front_of", "behind")
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
NUMBERS = ("no", "one", "two", "three", "four", "five", "six")


@dataclass(frozen=True)
class Meaning:
    """The content of an expression.

    ``kind`` is a key of ``TEMPLATES``, ``words`` fill the template's slots; ``targets`` are the
    indices of the objects meant, ``candidates`` the number of objects of the noun phrase alone.
    """

    category: str
    kind: str
    words: tuple[str, ...]
    targets: tuple[int, ...]
    candidates: int


def all_meanings(scene: TabletopScene) -> Iterator[Meaning]:
    """Yield every meaning in a scene, with no target, one or several."""
    predicates, found = ScenePredicates(scene), nouns(scene)
    yield from _attributes(found)
    yield from _positions(predicates, found)
    yield from _relations(predicates, found)
    yield from _superlatives(predicates, found)
    yield from _sizes(predicates, found)
    yield from _betweens(predicates, found)
    yield from _ordinals(predicates, found)
    yield from _chains(predicates, found)
    yield from _negations(scene, found)
    yield from _plurals(predicates, found)
    yield from _holders(scene, found)
    yield from _postures(predicates, found)
    yield from _handles(scene)


def _clear_targets(objects: Sequence[int], truth: Ternary) -> tuple[int, ...] | None:
    """Return the objects for which the predicate holds; None when it is undecided for one."""
    if any(truth[i] == 0 for i in objects):
        return None
    return tuple(i for i in objects if truth[i] == 1)


def _anchors(found: Sequence[Noun]) -> list[Noun]:
    return [noun for noun in found if len(noun.objects) == 1 and not noun.neutral]


def _orders(predicates: ScenePredicates, noun: Noun) -> dict[str, tuple[int, ...]]:
    """Return the noun's objects counted from each side, as far as the order is clear."""
    ranks = {
        "left": (predicates.across, margins.RANK),
        "right": (-predicates.across, margins.RANK),
        "top": (predicates.down, margins.RANK),
        "bottom": (-predicates.down, margins.RANK),
        "near": (predicates.away, margins.DEPTH_M),
        "far": (-predicates.away, margins.DEPTH_M),
    }
    return {side: tuple(clear_order(by, noun.objects, gap)) for side, (by, gap) in ranks.items()}


def _attributes(found: Sequence[Noun]) -> Iterator[Meaning]:
    for noun in found:
        if not noun.neutral:
            yield Meaning("attribute", "attribute", (noun.text,), noun.objects, len(noun.objects))


def _positions(predicates: ScenePredicates, found: Sequence[Noun]) -> Iterator[Meaning]:
    """One of several is in the outer third of the image, the others beyond the image's centre."""
    sides = {
        "left": predicates.across,
        "right": 1 - predicates.across,
        "top": predicates.down,
        "bottom": 1 - predicates.down,
    }
    for noun in found:
        if len(noun.objects) < 2:
            continue
        for side, distance in sides.items():
            order = sorted(noun.objects, key=lambda i: float(distance[0, i]))
            first, rest = distance[:, order[0]], distance[:, order[1:]].min(axis=1)
            if (first < 0.36).all() and (rest > np.maximum(0.5, first + 0.2)).all():
                yield Meaning("position", f"at {side}", (noun.text,), (order[0],), len(order))


def _relations(predicates: ScenePredicates, found: Sequence[Noun]) -> Iterator[Meaning]:
    """A target, one of several or a single one, in relation to a unique anchor."""
    for anchor in _anchors(found):
        for noun in found:
            others = [i for i in noun.objects if i != anchor.objects[0]]
            for kind, category in RELATION_CATEGORY.items():
                targets = _clear_targets(others, predicates.relations[kind][:, anchor.objects[0]])
                if targets is not None and others:
                    yield Meaning(category, kind, (noun.text, anchor.text), targets, len(others))


def _superlatives(predicates: ScenePredicates, found: Sequence[Noun]) -> Iterator[Meaning]:
    for noun in found:
        count = len(noun.objects)
        for side, order in _orders(predicates, noun).items():
            if order and count > 1:
                category = "depth" if side in ("near", "far") else "superlative"
                yield Meaning(category, f"{side}most", (noun.text,), order[:1], count)


def _sizes(predicates: ScenePredicates, found: Sequence[Noun]) -> Iterator[Meaning]:
    """The object that is clearly bigger (smaller, taller, shorter) than each of the others."""
    kinds = {
        "big": predicates.bigger,
        "small": predicates.bigger.T,
        "tall": predicates.taller,
        "short": predicates.taller.T,
    }
    for noun in found:
        for kind, truth in kinds.items():
            for index in noun.objects:
                others = [i for i in noun.objects if i != index]
                if others and (truth[index, others] == 1).all():
                    form = f"{kind} of two" if len(others) == 1 else f"{kind} of many"
                    yield Meaning("size", form, (noun.text,), (index,), len(noun.objects))


def _betweens(predicates: ScenePredicates, found: Sequence[Noun]) -> Iterator[Meaning]:
    """Between two anchors, or between the two objects of one noun phrase."""
    single = _anchors(found)
    pairs: list[tuple[str, int, int, tuple[str, ...]]] = [
        ("between", a.objects[0], b.objects[0], (a.text, b.text))
        for a in single
        for b in single
        if a.objects[0] != b.objects[0]
    ]
    pairs += [
        ("between two", noun.objects[0], noun.objects[1], (noun.plural,))
        for noun in found
        if len(noun.objects) == 2 and not noun.neutral
    ]
    for kind, first, second, words in pairs:
        truth = predicates.between(first, second)
        short = len(words[0].split()) + len(words[-1].split()) < 5
        for noun in found:
            others = [i for i in noun.objects if i not in (first, second)]
            targets = _clear_targets(others, truth)
            if targets is not None and others and short:
                yield Meaning("between", kind, (noun.text, *words), targets, len(others))


def _ordinals(predicates: ScenePredicates, found: Sequence[Noun]) -> Iterator[Meaning]:
    """The second, third or fourth of at least three."""
    for noun in found:
        count = len(noun.objects)
        if count < 3:
            continue
        for side, order in _orders(predicates, noun).items():
            for rank in range(1, min(len(order), count - 1, 4)):
                words = (ORDINALS[rank], noun.text)
                yield Meaning("ordinal", f"from {side}", words, (order[rank],), count)


def _chains(predicates: ScenePredicates, found: Sequence[Noun]) -> Iterator[Meaning]:
    """An anchor whose noun phrase has several objects and only its own relation makes unique."""
    several = [noun for noun in found if len(noun.objects) > 1]
    for last in _anchors(found):
        for middle in several:
            others = [i for i in middle.objects if i != last.objects[0]]
            for inner in CHAIN_RELATIONS:
                targets = _clear_targets(others, predicates.relations[inner][:, last.objects[0]])
                if targets is not None and len(targets) == 1 and len(others) > 1:
                    yield from _chained(predicates, several, middle, inner, last, targets[0])


def _chained(
    predicates: ScenePredicates,
    several: Sequence[Noun],
    middle: Noun,
    inner: str,
    last: Noun,
    anchor: int,
) -> Iterator[Meaning]:
    also_of_target = predicates.relations[inner][:, last.objects[0]] == 1
    for noun in several:
        others = [i for i in noun.objects if i != anchor]
        for outer in CHAIN_RELATIONS:
            truth = predicates.relations[outer]
            targets = _clear_targets(others, truth[:, anchor])
            if targets is None or len(targets) != 1 or len(others) < 2 or targets == last.objects:
                continue
            # With the last phrase attached to the target, no other object may fit.
            rivals = [i for i in others if i != targets[0] and also_of_target[i]]
            if not (truth[np.ix_(rivals, middle.objects)] == 1).any():
                words = (noun.text, middle.text, last.text)
                yield Meaning("chain", f"{outer} {inner}", words, targets, len(others))


def _negations(scene: TabletopScene, found: Sequence[Noun]) -> Iterator[Meaning]:
    """A shape without some of its colours, or a colour without some of its shapes."""
    for noun in found:
        coloured = not noun.neutral and noun.text.endswith(NEUTRAL)
        if noun.neutral or (" " in noun.text and not coloured):
            continue
        groups: dict[str, list[int]] = {}
        for i in noun.objects:
            each = scene.objects[i]
            words = each.words.nouns if coloured else each.words.colours
            groups.setdefault(words[0], []).append(i)
        for kept, targets in groups.items():
            excluded = sorted(other for other in groups if other != kept)
            without = len(noun.objects) - len(targets)
            kind = _negation_kind(coloured, len(excluded), without)
            if kind and without and 1 <= len(excluded) <= 2:
                words = (noun.text, *excluded)
                yield Meaning("negation", kind, words, tuple(targets), len(noun.objects))


def _negation_kind(coloured: bool, excluded: int, without: int) -> str:
    """Return the template for ``excluded`` values and ``without`` objects that have them."""
    if coloured:
        return ("not a kind" if without == 1 else "not of a kind") if excluded == 1 else ""
    if excluded == 2:
        return "neither colour"
    return "not the one" if without == 1 else "not a colour"


def _plurals(predicates: ScenePredicates, found: Sequence[Noun]) -> Iterator[Meaning]:
    for noun in found:
        count = len(noun.objects)
        if not 2 <= count < len(NUMBERS):
            continue
        words: tuple[str, ...] = (noun.text, noun.plural, NUMBERS[count])
        yield Meaning("plural", "both" if count == 2 else "all", words, noun.objects, count)
        orders = _orders(predicates, noun)
        for side in ("left", "right", "near", "far"):
            for some in range(2, min(len(orders[side]), count - 1) + 1):
                words = (NUMBERS[some], noun.plural)
                yield Meaning("plural", f"{side}most some", words, orders[side][:some], count)
        for anchor in _anchors(found):
            others = [i for i in noun.objects if i != anchor.objects[0]]
            for kind in ("left_of", "right_of", "behind", "in_front_of"):
                truth = predicates.relations[kind][:, anchor.objects[0]]
                targets = _clear_targets(others, truth) or ()
                if len(targets) > 1:
                    words = (noun.plural, anchor.text)
                    yield Meaning("plural", f"all {kind}", words, targets, count)


def _holders(scene: TabletopScene, found: Sequence[Noun]) -> Iterator[Meaning]:
    """A target in or on a unique anchor, beside others that lie elsewhere."""
    for (index, holder), kind in scene.holders.items():
        for anchor in _anchors(found):
            if anchor.objects != (holder,):
                continue
            for noun in found:
                held = tuple(i for i in noun.objects if (i, holder) in scene.holders)
                if index in held and holder not in noun.objects:
                    words = (noun.text, anchor.text)
                    yield Meaning("containment", kind, words, held, len(noun.objects))


def _postures(predicates: ScenePredicates, found: Sequence[Noun]) -> Iterator[Meaning]:
    """The objects of one noun phrase that stand, lie or are upside down, where others are not."""
    for noun in found:
        if noun.text.endswith(NEUTRAL):  # a plate always lies
            continue
        inverted = tuple(i for i in noun.objects if predicates.inverted[i])
        if inverted:
            if len(inverted) < len(noun.objects):
                count = len(noun.objects)
                yield Meaning("posture", "upside down", (noun.text,), inverted, count)
            continue  # an inverted mug stands, but not upright
        standing = _clear_targets(noun.objects, predicates.standing)
        if standing and len(standing) < len(noun.objects):
            lying = tuple(i for i in noun.objects if i not in standing)
            for kind, targets in (("standing", standing), ("lying", lying)):
                yield Meaning("posture", kind, (noun.text,), targets, len(noun.objects))


def _handles(scene: TabletopScene) -> Iterator[Meaning]:
    """The dishes of one noun phrase with a handle that shows, or those that have none.

    Nearly all mugs have handles, so that "dish", which bowls are, too, tells more of them apart.
    """
    objects = tuple(replace(t, words=with_hypernyms(t.words)) for t in scene.objects)
    for noun in nouns(replace(scene, objects=objects)):
        handles = {i: objects[i].handle for i in noun.objects}
        if None in handles.values() or noun.text.endswith(NEUTRAL):
            continue
        for kind, has in (("with a handle", True), ("without a handle", False)):
            targets = tuple(i for i, handle in handles.items() if handle is has)
            if 0 < len(targets) < len(handles):
                yield Meaning("handle", kind, (noun.text,), targets, len(handles))
