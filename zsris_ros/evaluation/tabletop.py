"""The simulated tabletop as a data set: any seeds, rendered while they are evaluated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from zsris_ros.evaluation.items import EvaluationItem, Question
from zsris_ros.simulation.expressions import expressions
from zsris_ros.simulation.tabletop import TabletopScene, tabletop_scene
from zsris_ros.simulation.training_set import TRAINING_SEEDS
from zsris_ros.types import InputError


def tabletop_items(seed: int, scenes: int) -> Iterator[EvaluationItem]:
    """The scenes of ``seed`` to ``seed + scenes - 1``, one at a time.

    Raises InputError for seeds that were trained on, RenderingUnavailable without OpenGL.
    """
    if seed < 0 or scenes < 1 or seed + scenes > TRAINING_SEEDS:
        raise InputError(
            f"seeds {seed} to {seed + scenes - 1} cannot be evaluated: take at least one scene and "
            f"seeds from 0 to {TRAINING_SEEDS - 1}, those above are trained on"
        )
    return (to_item(tabletop_scene(number)) for number in range(seed, seed + scenes))


def to_item(scene: TabletopScene) -> EvaluationItem:
    """One scene with its expressions; ``names`` holds every colour and shape that occur once."""
    size = scene.labels.shape
    masks = [thing.mask for thing in scene.objects]
    found = expressions(scene)
    seen = Counter([*(thing.name for thing in scene.objects), *scene.hidden])
    return EvaluationItem(
        name=f"seed {scene.seed}",
        frame=scene.frame,
        masks=np.stack(masks) if masks else np.zeros((0, *size), bool),
        questions=tuple(Question(each.text, each.category, each.target) for each in found),
        names=tuple(
            Question(f"the {thing.name}", "name", index)
            for index, thing in enumerate(scene.objects)
            if seen[thing.name] == 1
        ),
    )
