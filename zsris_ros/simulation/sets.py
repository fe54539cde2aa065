"""Meanings that are sets: all of a kind, and a kind without some of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zsris_ros.simulation.meanings import Meaning, anchors, clearly, orders
from zsris_ros.simulation.object_nouns import NEUTRAL, Noun
from zsris_ros.simulation.readings import SceneReadings
from zsris_ros.simulation.tabletop import TabletopScene

NUMBERS = ("no", "one", "two", "three", "four", "five", "six")


def plurals(seen: SceneReadings, found: Sequence[Noun]) -> Iterator[Meaning]:
    for noun in found:
        number = len(noun.fits)
        if number < 2 or number >= len(NUMBERS):
            continue
        whole = (noun.text, noun.plural, NUMBERS[number])
        yield Meaning("plural", "both" if number == 2 else "all", whole, noun.fits, number)
        for side in ("left", "right", "near", "far"):
            order = orders(seen, noun)[side]
            for count in range(2, min(len(order), number - 1) + 1):
                words = (NUMBERS[count], noun.plural)
                yield Meaning("plural", f"{side}most some", words, order[:count], number)
        for anchor in anchors(found):
            others = [i for i in noun.fits if i != anchor.fits[0]]
            for kind in ("left_of", "right_of", "behind", "in_front_of"):
                fits = clearly(others, seen.relations[kind][:, anchor.fits[0]]) or ()
                if len(fits) > 1:
                    words = (noun.plural, anchor.text)
                    yield Meaning("plural", f"all {kind}", words, fits, number)


def negations(scene: TabletopScene, found: Sequence[Noun]) -> Iterator[Meaning]:
    """A noun, and the colours or the kind that the one meant does not have."""
    for noun in found:
        for unwanted in (_colours(scene, noun), _shapes(scene, noun)):
            for left, things in unwanted.items():
                others = sorted(other for other in unwanted if other != left)
                if len(things) != len(noun.fits) and 1 <= len(others) <= 2:
                    kind = _kind(noun, len(others), len(noun.fits) - len(things))
                    words = (noun.text, *others)
                    if kind:
                        yield Meaning("negation", kind, words, tuple(things), len(noun.fits))


def _kind(noun: Noun, unwanted: int, without: int) -> str:
    colour = noun.text != NEUTRAL and noun.text.endswith(NEUTRAL)
    if colour:
        return ("not a kind" if without == 1 else "not of a kind") if unwanted == 1 else ""
    if unwanted == 2:
        return "neither colour"
    return "not the one" if without == 1 else "not a colour"


def _colours(scene: TabletopScene, noun: Noun) -> dict[str, list[int]]:
    """The colours of what a bare kind fits."""
    if noun.neutral or " " in noun.text:
        return {}
    return _grouped(noun, [thing.colour for thing in scene.objects])


def _shapes(scene: TabletopScene, noun: Noun) -> dict[str, list[int]]:
    """The kinds of what a bare colour fits."""
    if noun.neutral or not noun.text.endswith(NEUTRAL):
        return {}
    return _grouped(noun, [thing.shape for thing in scene.objects])


def _grouped(noun: Noun, names: Sequence[str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for i in noun.fits:
        groups.setdefault(names[i], []).append(i)
    return groups
