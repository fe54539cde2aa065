"""The kinds of generated models, and the models by name.

Scanned objects are few for each kind, and a network that was trained on three mugs recognises
these three. A generated kind has any number of models: profile, proportions, handle, print and
colour are drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from zlib import crc32

import numpy as np

from zsris_ros.simulation.convex_parts import convex_parts
from zsris_ros.simulation.household.generated.dishes import DISHES
from zsris_ros.simulation.household.generated.drawn_object import Draw
from zsris_ros.simulation.household.generated.fruit import FRUIT
from zsris_ros.simulation.household.generated.miscellaneous import MISCELLANEOUS
from zsris_ros.simulation.household.generated.packages import PACKAGES
from zsris_ros.simulation.household.generated.tools import TOOLS
from zsris_ros.simulation.household.object_model import ObjectModel, transformed
from zsris_ros.simulation.words import Description
from zsris_ros.types import InputError

TRAINED, TESTED = (*range(10), *range(20, 40)), range(10, 20)
"""Numbers of the models of each kind for training, and of those for tests and calibration."""
KINDS: Mapping[str, Draw] = {**DISHES, **PACKAGES, **TOOLS, **FRUIT, **MISCELLANEOUS}
"""How one of each kind is drawn."""


def generated_names(numbers: Iterable[int]) -> list[str]:
    """Return the names of the models of all kinds with these numbers, "KIND NUMBER"."""
    return [f"{kind} {number}" for number in numbers for kind in KINDS]


def generated_model(name: str) -> ObjectModel:
    """Return the model of a name of ``generated_names``; equal names have equal models.

    Raises:
        InputError: There is no such kind.
    """
    kind, _, _ = name.rpartition(" ")
    if kind not in KINDS:
        raise InputError(f"no model is generated for {name!r}: take some of {', '.join(KINDS)}")
    draft = KINDS[kind](np.random.default_rng([crc32(name.encode()), 7]))
    vertices = np.vstack([each.vertices for each in draft.surfaces])
    starts = np.cumsum([0, *(len(each.vertices) for each in draft.surfaces)])
    faces = np.vstack(
        [each.faces + start for each, start in zip(draft.surfaces, starts, strict=False)]
    )
    model = ObjectModel(
        name,
        Description(draft.nouns, draft.colours, draft.adjectives, len(draft.nouns)),
        draft.surfaces,
        tuple(convex_parts(vertices, faces.astype(np.int32))),
        draft.role,
        draft.upright,
    )
    return transformed(model, np.eye(3))
