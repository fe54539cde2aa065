"""The objects that a tabletop sentence refers to, by hard comparisons without margins.

Written against the sentences, independently of the code that generates them.
"""

from __future__ import annotations

import re

import numpy as np

from zsris_ros.simulation.tabletop import TabletopObject, TabletopScene
from zsris_ros.simulation.words import Description

NEUTRAL = ("object", "thing", "item")
NUMBERS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
           "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}  # fmt: skip
FIRST = "(?P<n>first|second|third|fourth|fifth|sixth|seventh)"
DISTANT = "closest|nearest|farthest|furthest"
COUNT = "(?P<n>two|three|four|five|six)"
WRAPPER = re.compile(
    r"^(grab|get|find|show me|bring me|point at|i need|please hand me|could you pick up"
    r"|can you give me|pick up|uh) |(, please)?[.?]?$"
)
RELATION = re.compile(
    r"^(?P<noun>.+?) (that is )?(?P<how>(to the |on the )?(left|right) of|above|below"
    r"|next to|beside|bigger than|larger than|smaller than|in front of|behind"
    r"|near|close to|far (away )?from)"
    r" (?P<anchor>the .+)$"
)
NEGATION = re.compile(
    r"^(?P<noun>.+?),? (that is not|that isn't|that is neither|but not|other than|not) (?P<not>.+)$"
)
ENDS = {
    "left": lambda t: t.mean_pixel[0],
    "right": lambda t: -t.mean_pixel[0],
    "top": lambda t: t.mean_pixel[1],
    "bottom": lambda t: -t.mean_pixel[1],
    "near": lambda t: np.linalg.norm(t.centroid),
    "far": lambda t: -np.linalg.norm(t.centroid),
    "big": lambda t: -t.pixels,
    "small": lambda t: t.pixels,
    "tall": lambda t: -t.extent_m[2],
    "short": lambda t: t.extent_m[2],
}
MOST = [
    (r"(the )?(leftmost|far left) (?P<noun>.+)", "left"),
    (r"(?P<noun>the .+) furthest to the left", "left"),
    (r"(the )?(rightmost|far right) (?P<noun>.+)", "right"),
    (r"(?P<noun>the .+) furthest to the right", "right"),
    (r"the (topmost|uppermost|top) (?P<noun>.+)", "top"),
    (r"the (bottommost|lowermost|bottom) (?P<noun>.+)", "bottom"),
    (r"(?P<noun>the .+) (closest|nearest) to (me|you|the camera)", "near"),
    (r"the (closest|nearest) (?P<noun>.+)", "near"),
    (r"(?P<noun>the .+) farthest from (me|the camera)", "far"),
    (r"the (farthest|furthest) (?P<noun>.+)", "far"),
    (r"the (biggest|bigger|largest|larger) (?P<noun>.+)", "big"),
    (r"the (smallest|smaller) (?P<noun>.+)", "small"),
    (r"the (tallest|taller) (?P<noun>.+)", "tall"),
    (r"the (shortest|shorter) (?P<noun>.+)", "short"),
    (r"(?P<noun>the .+) (on|at) the (?P<side>left|right|top|bottom)( side| of the picture)?", ""),
    (r"the (?P<side>left|right) (?P<noun>.+)", ""),
]


def referents(scene: TabletopScene, text: str) -> set[int]:
    """Return the indices of all objects that the sentence fits."""
    text = WRAPPER.sub("", text.lower())
    for reading in (_between, _ordinal, _related, _several, _negated, _most):
        found = reading(scene, text)
        if found is not None:
            return found
    return named(scene, text)


def named(scene: TabletopScene, text: str) -> set[int]:
    """Return the objects that a noun phrase fits; no half-hidden object may fit it."""
    noun = re.sub(r"^((all|both|each|every)( of)? )?(the )?((two|three|four|five|six) )?", "", text)
    words = noun.split()
    assert 1 <= len(words) <= 2, text
    assert not any(_fits(each, words) for each in scene.hidden), text
    return {i for i, t in enumerate(scene.objects) if _fits(t.words, words)}


def _fits(described: Description, words: list[str]) -> bool:
    *colours, kind = words
    (shape,), (colour,) = described.nouns, described.colours
    kinds = (shape, shape + "s", shape + "es")
    neutral = kind.removesuffix("s") in NEUTRAL
    return colours in ([], [colour]) and (neutral or kind in kinds)


def _first(scene: TabletopScene, candidates: set[int], side: str, count: int) -> list[int]:
    return sorted(candidates, key=lambda i: ENDS[side](scene.objects[i]))[:count]


def _side(word: str) -> str:
    """Return the key of ENDS for a side, a superlative or a distance."""
    distances = {"closest": "near", "nearest": "near", "farthest": "far", "furthest": "far"}
    return distances.get(word, word.removesuffix("most"))


def _ordinal(scene: TabletopScene, text: str) -> set[int] | None:
    found = (
        re.fullmatch(rf"(the )?{FIRST} (?P<noun>.+) from the (?P<side>\w+)", text)
        or re.fullmatch(rf"(?P<noun>the .+) that is {FIRST} from the (?P<side>\w+)", text)
        or re.fullmatch(rf"the {FIRST} (?P<side>{DISTANT}) (?P<noun>.+)", text)
    )
    if not found:
        return None
    rank = NUMBERS[found["n"]]
    return set(_first(scene, named(scene, found["noun"]), _side(found["side"]), rank)[rank - 1 :])


def _several(scene: TabletopScene, text: str) -> set[int] | None:
    found = re.fullmatch(rf"the {COUNT} (?P<most>\w+(most|est)) (?P<noun>.+)", text)
    if not found:
        return None
    objects = named(scene, found["noun"])
    return set(_first(scene, objects, _side(found["most"]), NUMBERS[found["n"]]))


def _most(scene: TabletopScene, text: str) -> set[int] | None:
    for pattern, side in MOST:
        found = re.fullmatch(pattern, text)
        if found:
            return set(_first(scene, named(scene, found["noun"]), side or found["side"], 1))
    return None


def _negated(scene: TabletopScene, text: str) -> set[int] | None:
    found = NEGATION.match(text)
    if not found:
        return None
    words = re.split(r" nor | or ", found["not"])
    names = [re.sub(r"^(the|a) | one$", "", each) for each in words]
    said = [{*each.words.colours, *each.words.nouns} for each in scene.objects]
    unwanted = {i for i, words in enumerate(said) if words & set(names)}
    return named(scene, found["noun"]) - unwanted


def _related(scene: TabletopScene, text: str) -> set[int] | None:
    found = RELATION.match(text)
    if not found:
        return None
    anchors = referents(scene, found["anchor"])
    if not anchors:
        return set()
    assert len(anchors) == 1, f"{text}: which anchor?"
    (anchor,) = anchors
    return {
        i
        for i in named(scene, found["noun"]) - anchors
        if _stands(found["how"], scene.objects[i], scene.objects[anchor])
    }


def _stands(how: str, a: TabletopObject, b: TabletopObject) -> bool:
    apart = float(np.linalg.norm(np.subtract(a.centre, b.centre)))
    if "left" in how:
        return a.mean_pixel[0] < b.mean_pixel[0]
    if "right" in how:
        return a.mean_pixel[0] > b.mean_pixel[0]
    if how in ("above", "below"):
        return (a.mean_pixel[1] < b.mean_pixel[1]) == (how == "above")
    if how in ("next to", "beside"):
        return apart - max(a.extent_m[:2]) / 2 - max(b.extent_m[:2]) / 2 < 0.1
    if how.endswith("than"):
        return (a.pixels > b.pixels) == (how != "smaller than")
    if how in ("in front of", "behind"):
        return (a.centroid[2] > b.centroid[2]) == (how == "behind")
    return apart < 0.21 if how in ("near", "close to") else apart > 0.26


def _between(scene: TabletopScene, text: str) -> set[int] | None:
    found = re.fullmatch(r"(?P<noun>the .+?) (in )?between (?P<two>.+)", text)
    if not found:
        return None
    anchors: set[int] = set()
    for name in found["two"].split(" and "):
        fits = named(scene, name)
        if not fits:
            return set()
        anchors |= fits
    assert len(anchors) == 2, f"{text}: which two?"
    first, second = (np.array(scene.objects[i].mean_pixel) for i in anchors)
    way = second - first
    stands = set()
    for i in named(scene, found["noun"]) - anchors:
        offset = np.array(scene.objects[i].mean_pixel) - first
        along = offset @ way / (way @ way)
        aside = np.linalg.norm(offset - along * way) / np.linalg.norm(way)
        if 0.12 < along < 0.88 and aside < 0.38:
            stands.add(i)
    return stands
