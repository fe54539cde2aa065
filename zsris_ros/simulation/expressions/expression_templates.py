"""Templates that turn a meaning into a sentence, with or without a command around it."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from zsris_ros.simulation.expressions.meanings import CHAIN_RELATIONS, Meaning
from zsris_ros.simulation.words import NEUTRAL

COMMAND_SHARE = 0.25
"""The share of expressions inside a command."""
COMMANDS = (
    "grab {}", "get {}", "find {}", "show me {}", "bring me {}", "point at {}", "I need {}",
    "please hand me {}", "could you pick up {}", "can you give me {}", "pick up {}, please",
    "Could you pick up {}?", "Please hand me {}.", "Grab {}.", "uh {}",
)  # fmt: skip
_DETERMINERS = frozenset(("the", "all", "both", "every", "each"))
NEUTRAL_NOUNS = (NEUTRAL, NEUTRAL, "thing", "item")

_RELATIONS: Mapping[str, tuple[str, ...]] = {
    "left_of": ("left of", "to the left of", "on the left of"),
    "right_of": ("right of", "to the right of", "on the right of"),
    "above": ("above",),
    "below": ("below",),
    "next_to": ("next to", "beside"),
    "bigger_than": ("bigger than", "larger than"),
    "smaller_than": ("smaller than",),
    "in_front_of": ("in front of",),
    "behind": ("behind",),
    "near": ("near", "close to"),
    "far_from": ("far from", "far away from"),
}
_LINKS = ("{}", "{}", "that is {}")
_SUPERLATIVES: Mapping[str, tuple[str, ...]] = {
    "left": ("the leftmost {0}", "the far left {0}", "the {0} furthest to the left"),
    "right": ("the rightmost {0}", "the far right {0}", "the {0} furthest to the right"),
    "top": ("the topmost {0}", "the uppermost {0}"),
    "bottom": ("the bottommost {0}", "the lowermost {0}"),
    "near": ("the closest {0}", "the nearest {0}", "the {0} closest to me",
             "the {0} closest to the camera", "the {0} nearest to you"),
    "far": ("the farthest {0}", "the furthest {0}", "the {0} farthest from me",
            "the {0} farthest from the camera"),
}  # fmt: skip
_SIZES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "big": (("biggest", "largest"), ("bigger", "larger")),
    "small": (("smallest",), ("smaller",)),
    "tall": (("tallest",), ("taller",)),
    "short": (("shortest",), ("shorter",)),
}
_ORDINALS = ("the {0} {1} from the S", "{0} {1} from the S", "the {1} that is {0} from the S")


def _relation(kind: str, slot: int = 1) -> list[str]:
    return [link.format(f"{w} the {{{slot}}}") for w in _RELATIONS[kind] for link in _LINKS]


def _templates() -> dict[str, tuple[str, ...]]:
    templates: dict[str, tuple[str, ...]] = {
        "attribute": ("the {0}", "the {0}", "the {0}", "{0}"),
        "at left": ("the {0} on the left", "the left {0}", "the {0} on the left side"),
        "at right": ("the {0} on the right", "the right {0}", "the {0} on the right side"),
        "at top": ("the {0} at the top", "the top {0}", "the {0} at the top of the picture"),
        "at bottom": ("the {0} at the bottom", "the bottom {0}"),
        "between": ("the {0} between the {1} and the {2}",
                    "the {0} in between the {1} and the {2}"),
        "between two": ("the {0} between the two {1}", "the {0} between the {1}"),
        "inside": ("the {0} in the {1}", "the {0} inside the {1}", "the {0} that is in the {1}"),
        "on": ("the {0} on the {1}", "the {0} on top of the {1}", "the {0} that is on the {1}"),
        "standing": ("the standing {0}", "the {0} standing upright", "the upright {0}",
                     "the {0} that is standing up"),
        "lying": ("the lying {0}", "the {0} lying on its side", "the {0} that is lying down",
                  "the {0} on its side"),
        "upside down": ("the {0} that is upside down", "the upside-down {0}",
                        "the {0} standing upside down", "the upside down {0}"),
        "with a handle": ("the {0} with a handle", "the {0} that has a handle",
                          "the {0} with the handle"),
        "without a handle": ("the {0} without a handle", "the {0} with no handle",
                             "the {0} that has no handle", "the handleless {0}"),
        "both": ("both {1}", "the two {1}", "all the {1}", "both of the {1}", "every {0}"),
        "all": ("all the {1}", "all {1}", "the {2} {1}", "every {0}", "each {0}", "all of the {1}"),
        "not the one": ("the {0} that is not {1}", "the {0} but not the {1} one",
                        "the {0}, not the {1} one", "the {0} that isn't {1}"),
        "not a colour": ("the {0} that is not {1}", "the {0} that isn't {1}"),
        "neither colour": ("the {0} that is neither {1} nor {2}",
                           "the {0} that is not {1} or {2}"),
        "not a kind": ("the {0} that is not a {1}", "the {0} that isn't the {1}",
                       "the {0} other than the {1}"),
        "not of a kind": ("the {0} that is not a {1}", "the {0} that isn't a {1}"),
    }  # fmt: skip
    for kind in _RELATIONS:
        templates[kind] = tuple(f"the {{0}} {phrase}" for phrase in _relation(kind))
        templates[f"all {kind}"] = tuple(f"all the {{0}} {w} the {{1}}" for w in _RELATIONS[kind])
    for outer in CHAIN_RELATIONS:
        for inner in CHAIN_RELATIONS:
            templates[f"{outer} {inner}"] = tuple(
                f"the {{0}} {w} the {{1}} {phrase}"
                for w in _RELATIONS[outer]
                for phrase in _relation(inner, 2)
            )
    for side, most in _SUPERLATIVES.items():
        templates[f"{side}most"] = most
        words = [form.split()[1] for form in most if form.endswith("most {0}")]
        words = words or [form.split()[1] for form in most[:2]]
        templates[f"{side}most some"] = tuple(f"the {{0}} {word} {{1}}" for word in words)
        templates[f"from {side}"] = tuple(form.replace("S", side) for form in _ORDINALS)
    templates["from near"] = ("the {0} closest {1}", "the {0} nearest {1}")
    templates["from far"] = ("the {0} farthest {1}", "the {0} furthest {1}")
    for size, (many, two) in _SIZES.items():
        most = tuple(f"the {word} {{0}}" for word in many)
        templates[f"{size} of many"] = most
        templates[f"{size} of two"] = (*most, *(f"the {word} {{0}}" for word in two))
    return templates


TEMPLATES = _templates()
"""Templates by kind of meaning; numbered slots take ``Meaning.words``."""


def realise(meaning: Meaning, rng: np.random.Generator) -> str:
    """Return one wording of ``meaning``, drawn at random."""
    templates = TEMPLATES[meaning.kind]
    text = templates[int(rng.integers(len(templates)))].format(*meaning.words)
    neutral = NEUTRAL_NOUNS[int(rng.integers(len(NEUTRAL_NOUNS)))]
    text = re.sub(rf"\b{NEUTRAL}(?=s?\b)", neutral, text)
    if rng.random() < COMMAND_SHARE:
        if text.split()[0] not in _DETERMINERS:
            text = f"the {text}"
        text = COMMANDS[int(rng.integers(len(COMMANDS)))].format(text)
    return text
