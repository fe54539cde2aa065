"""Simulated scenes of the training seeds in the form of frames (docs/libero.md)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from zsris_ros.evaluation.datasets.frames import FramesData, write_frame
from zsris_ros.evaluation.datasets.items import EvaluationItem, Question
from zsris_ros.simulation.expressions.expressions import (
    CATEGORIES,
    HOUSEHOLD_CATEGORIES,
    expressions,
)
from zsris_ros.simulation.expressions.verdict_expressions import ABSENT, verdict_expressions
from zsris_ros.simulation.household.household_scene import household_scene
from zsris_ros.simulation.household.model_library import ModelLibrary, model_source
from zsris_ros.simulation.tabletop import TabletopScene, tabletop_scene
from zsris_ros.types import Frame, InputError

SENTENCES, ABSENT_SENTENCES = 60, 14
"""The most sentences of a scene about its objects, several for most as triplets need, and about
absent ones."""


def render_frames(root: Path, seeds: Sequence[int], objects: Sequence[str] = ()) -> FramesData:
    """Render the scenes that ``root`` does not hold yet, and return the data set.

    Args:
        root: The folder of the frames.
        seeds: The scenes; those of a training start at TRAINING_SEEDS.
        objects: Models of household scenes, as in ``TabletopData``; () for the tabletop's shapes.

    Raises:
        InputError: No scene has an object.
        RenderingUnavailable: MuJoCo or OpenGL is missing.
    """
    library = ModelLibrary(model_source(objects)) if objects else None
    for seed in tqdm(seeds, "rendering", unit="scene"):
        name = f"scene_{seed}"
        if (root / f"{name}.json").exists():
            continue
        scene = household_scene(seed, library) if library else tabletop_scene(seed)
        if scene.objects:
            names = [f"{each.name} {number}" for number, each in enumerate(scene.objects)]
            write_frame(root, scene_item(name, scene, bool(library)), names)
    if not any(root.glob("*.json")):
        raise InputError(f"none of the {len(seeds)} scenes holds an object: render more")
    return FramesData(root, title=f"simulated frames of {root.name}")


def scene_item(name: str, scene: TabletopScene, household: bool) -> EvaluationItem:
    """Return a scene's picture with sentences about its objects and about absent ones."""
    categories = HOUSEHOLD_CATEGORIES if household else CATEGORIES
    found = expressions(scene, SENTENCES, categories)
    absent = verdict_expressions(scene, 3 * ABSENT_SENTENCES, ABSENT)  # a third of each verdict
    return EvaluationItem(
        name=name,
        frame=Frame(scene.frame.rgb),
        masks=np.stack([each.mask for each in scene.objects]),
        questions=tuple(
            Question(each.text, each.category, each.targets, each.verdict)
            for each in (*found, *absent)
        ),
    )
