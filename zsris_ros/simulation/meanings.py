"""What a sentence can mean in a tabletop scene, before it is put into words.

Each function of this module finds the meanings of one category that every object of the scene
either clearly fits or clearly does not; ``Meaning.fits`` may therefore be none (what is asked for
is not there), one, or several.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from zsris_ros.simulation import readings as margins
from zsris_ros.simulation.object_nouns import Noun
from zsris_ros.simulation.readings import Judged, SceneReadings, clear_order


@dataclass(frozen=True)
class Meaning:
    """``kind`` names the sentence forms of wording.py, ``words`` fill their gaps; ``fits`` are the
    indices of the objects meant, ``among`` the number of those the bare noun would fit.
    """

    category: str
    kind: str
    words: tuple[str, ...]
    fits: tuple[int, ...]
    among: int


def clearly(things: Sequence[int], judged: Judged) -> tuple[int, ...] | None:
    """Those of ``things`` for which ``judged`` holds; None when it is open for one of them."""
    if any(judged[i] == 0 for i in things):
        return None
    return tuple(i for i in things if judged[i] == 1)


def attributes(found: Sequence[Noun]) -> Iterator[Meaning]:
    for noun in found:
        if not noun.neutral:
            yield Meaning("attribute", "attribute", (noun.text,), noun.fits, len(noun.fits))


def positions(seen: SceneReadings, found: Sequence[Noun]) -> Iterator[Meaning]:
    """One of several stands in that third of the picture, all the others beyond its middle."""
    places = {
        "left": seen.across,
        "right": 1 - seen.across,
        "top": seen.down,
        "bottom": 1 - seen.down,
    }
    for noun in found:
        if len(noun.fits) < 2:
            continue
        for place, distance in places.items():
            order = sorted(noun.fits, key=lambda i: float(distance[0, i]))
            first, rest = distance[:, order[0]], distance[:, order[1:]].min(axis=1)
            if (first < 0.36).all() and (rest > np.maximum(0.5, first + 0.2)).all():
                words = (noun.text,)
                yield Meaning("position", f"at {place}", words, (order[0],), len(order))


RELATION_CATEGORY = {
    **dict.fromkeys(("left_of", "right_of", "above", "below", "next_to"), "relation"),
    **dict.fromkeys(("bigger_than", "smaller_than"), "size"),
    **dict.fromkeys(("in_front_of", "behind", "near", "far_from"), "depth"),
}


def relations(seen: SceneReadings, found: Sequence[Noun]) -> Iterator[Meaning]:
    """The target among several, or a single one, in relation to an anchor that there is once."""
    for anchor in anchors(found):
        for noun in found:
            others = [i for i in noun.fits if i != anchor.fits[0]]
            for kind, category in RELATION_CATEGORY.items():
                fits = clearly(others, seen.relations[kind][:, anchor.fits[0]])
                if fits is not None and others:
                    yield Meaning(category, kind, (noun.text, anchor.text), fits, len(others))


def anchors(found: Sequence[Noun]) -> list[Noun]:
    return [noun for noun in found if len(noun.fits) == 1 and not noun.neutral]


def superlatives(seen: SceneReadings, found: Sequence[Noun]) -> Iterator[Meaning]:
    for noun in found:
        for side, order in orders(seen, noun).items():
            if order and len(noun.fits) > 1:
                category = "depth" if side in ("near", "far") else "superlative"
                yield Meaning(category, f"{side}most", (noun.text,), order[:1], len(noun.fits))


def orders(seen: SceneReadings, noun: Noun) -> dict[str, tuple[int, ...]]:
    """What the noun fits, counted from each side, as far as the order is clear."""
    ranks = {
        "left": (seen.across, margins.RANK),
        "right": (-seen.across, margins.RANK),
        "top": (seen.down, margins.RANK),
        "bottom": (-seen.down, margins.RANK),
        "near": (seen.away, margins.DEPTH_M),
        "far": (-seen.away, margins.DEPTH_M),
    }
    return {side: tuple(clear_order(by, noun.fits, gap)) for side, (by, gap) in ranks.items()}


def sizes(seen: SceneReadings, found: Sequence[Noun]) -> Iterator[Meaning]:
    """The one that is clearly bigger (smaller, taller, shorter) than each of the others."""
    kinds = {
        "big": seen.bigger,
        "small": seen.bigger.T,
        "tall": seen.taller,
        "short": seen.taller.T,
    }
    for noun in found:
        for kind, judged in kinds.items():
            for thing in noun.fits:
                others = [i for i in noun.fits if i != thing]
                if others and (judged[thing, others] == 1).all():
                    form = f"{kind} of two" if len(others) == 1 else f"{kind} of many"
                    yield Meaning("size", form, (noun.text,), (thing,), len(noun.fits))


def betweens(seen: SceneReadings, found: Sequence[Noun]) -> Iterator[Meaning]:
    """Between two anchors, or between the two that one noun fits."""
    single = anchors(found)
    pairs: list[tuple[str, int, int, tuple[str, ...]]] = [
        ("between", a.fits[0], b.fits[0], (a.text, b.text))
        for a in single
        for b in single
        if a.fits[0] != b.fits[0]
    ]
    pairs += [
        ("between two", noun.fits[0], noun.fits[1], (noun.plural,))
        for noun in found
        if len(noun.fits) == 2 and not noun.neutral
    ]
    for kind, first, second, words in pairs:
        judged = seen.between(first, second)
        for noun in found:
            others = [i for i in noun.fits if i not in (first, second)]
            fits = clearly(others, judged)
            if fits is not None and others and len(words[0].split()) + len(words[-1].split()) < 5:
                yield Meaning("between", kind, (noun.text, *words), fits, len(others))


ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


def ordinals(seen: SceneReadings, found: Sequence[Noun]) -> Iterator[Meaning]:
    """The second, third or fourth of at least three."""
    for noun in found:
        if len(noun.fits) < 3:
            continue
        for side, order in orders(seen, noun).items():
            for place in range(1, min(len(order), len(noun.fits) - 1, 4)):
                words = (ORDINALS[place], noun.text)
                yield Meaning("ordinal", f"from {side}", words, (order[place],), len(noun.fits))


CHAINED = ("left_of", "right_of", "above", "below", "next_to", "in_front_of", "behind")


def chains(seen: SceneReadings, found: Sequence[Noun]) -> Iterator[Meaning]:
    """An anchor whose noun fits several, and that only its own relation makes unique."""
    several = [noun for noun in found if len(noun.fits) > 1]
    for last in anchors(found):
        for middle in several:
            things = [i for i in middle.fits if i != last.fits[0]]
            for inner in CHAINED:
                held = seen.relations[inner][:, last.fits[0]]
                fits = clearly(things, held)
                if fits is None or len(fits) != 1 or len(things) < 2:
                    continue
                yield from _chained(seen, several, middle, inner, last, fits[0])


def _chained(
    seen: SceneReadings, several: Sequence[Noun], middle: Noun, inner: str, last: Noun, anchor: int
) -> Iterator[Meaning]:
    also_of_target = seen.relations[inner][:, last.fits[0]] == 1
    for noun in several:
        others = [i for i in noun.fits if i != anchor]
        for outer in CHAINED:
            judged = seen.relations[outer]
            fits = clearly(others, judged[:, anchor])
            if fits is None or len(fits) != 1 or len(others) < 2 or fits == last.fits:
                continue
            # Should the last phrase be heard as the target's own, nothing else may fit it.
            rivals = [i for i in others if i != fits[0] and also_of_target[i]]
            if not (judged[np.ix_(rivals, middle.fits)] == 1).any():
                words = (noun.text, middle.text, last.text)
                yield Meaning("chain", f"{outer} {inner}", words, fits, len(others))
