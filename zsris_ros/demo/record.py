"""Recording of simulated scenes as an RGB-D camera: a rosbag2 in mcap, and its truth."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from tqdm import tqdm

from zsris_ros.demo.demo_bag import DEPTH_TOPIC, IMAGE_TOPIC, INFO_TOPIC, TRUTH
from zsris_ros.geometry.centroid import centroid_3d
from zsris_ros.geometry.masks import mask_box
from zsris_ros.simulation.expressions.expressions import ReferringExpression, expressions
from zsris_ros.simulation.expressions.verdict_expressions import (
    ABSENT,
    AMBIGUOUS,
    verdict_expressions,
)
from zsris_ros.simulation.household.household_scene import household_scene
from zsris_ros.simulation.household.model_library import ModelLibrary
from zsris_ros.simulation.tabletop import TabletopScene, tabletop_scene
from zsris_ros.types import FloatArray, InputError, Intrinsics

SEEDS = (1332, 1138, 1109, 1020)
"""Tabletops whose expressions have all categories."""
HOUSEHOLD_SEEDS = (41, 12, 20, 17)
"""Households of scanned objects, selected for right answers to all questions with errors of up to
15 mm; most other seeds fail at one question or more."""
CATEGORIES = (
    ("attribute", "position", "plural", "ordinal"),
    ("relation", "superlative", "attribute", "chain"),
    ("size", "between", "depth", "ordinal"),
    ("depth", "negation", "relation", "chain"),
)
HOUSEHOLD_CATEGORIES = (
    ("attribute", "relation", "depth", "position"),
    ("attribute", "superlative", "relation", "depth"),
    ("attribute", "between", "ordinal", "relation"),
    ("attribute", "negation", "chain", "position"),
)
"""Categories of the expressions by scene, in turn; each scene has an absent and an ambiguous
expression as well."""

START_NS = 1_700_000_000_000_000_000
SCENE_NS = 2_000_000_000
FRAME_NS = 250_000_000
FRAMES = 5
"""A scene is recorded for 1 s; the next one follows after a gap of 1 s."""


def record(bag: Path, seeds: Sequence[int] = (), library: ModelLibrary | None = None) -> int:
    """Record the scenes of ``seeds`` into the new folder ``bag``; returns its size in bytes.

    The scenes are households of the library's models, without one tabletops; by default those of
    the shipped recordings. Raises InputError when the folder exists, RenderingUnavailable without
    OpenGL.
    """
    from zsris_ros.demo.bag_writer import write_bag

    if bag.exists():
        raise InputError(f"{bag} is there already: remove it or record into another folder")
    seeds = seeds or (SEEDS if library is None else HOUSEHOLD_SEEDS)
    scenes = [
        tabletop_scene(seed) if library is None else household_scene(seed, library)
        for seed in tqdm(seeds, "rendering", unit="scene")
    ]
    categories = CATEGORIES if library is None else HOUSEHOLD_CATEGORIES
    depths = [to_millimetres(scene) for scene in scenes]
    bag.parent.mkdir(parents=True, exist_ok=True)
    write_bag(bag, _messages(scenes, depths), compressed=True)
    rows = [
        _truth(bag, index, scene, depth, categories[index % len(categories)])
        for index, (scene, depth) in enumerate(zip(scenes, depths, strict=True))
    ]
    (bag / TRUTH).write_text(json.dumps({"scenes": rows}, indent=1) + "\n", encoding="utf-8")
    return sum(file.stat().st_size for file in bag.iterdir())


def stamps(index: int) -> list[int]:
    """Return the stamps in nanoseconds of the frames of the recording's ``index``-th scene."""
    first = START_NS + index * SCENE_NS
    return [first + number * FRAME_NS for number in range(FRAMES)]


def to_millimetres(scene: TabletopScene) -> npt.NDArray[np.uint16]:
    """Return a scene's depth as uint16 HxW millimetres, 0 beyond the range."""
    depth = scene.frame.depth
    assert depth is not None
    millimetres = np.rint(depth * 1000)
    return np.where(millimetres <= np.iinfo(np.uint16).max, millimetres, 0).astype(np.uint16)


def scene_expressions(
    scene: TabletopScene, categories: Sequence[str]
) -> tuple[ReferringExpression, ...]:
    """Return an expression of each category, an ambiguous one and one for an absent object."""
    found = expressions(scene, len(categories), categories)
    return (*found, *verdict_expressions(scene, 3, (*ABSENT, *AMBIGUOUS)))


def _truth(
    bag: Path,
    index: int,
    scene: TabletopScene,
    millimetres: npt.NDArray[np.uint16],
    categories: Sequence[str],
) -> dict[str, Any]:
    """Return one scene of truth.json and write its label image."""
    labels = f"labels_{scene.seed}.png"
    Image.fromarray(scene.labels).save(bag / labels, optimize=True)
    depth: FloatArray = millimetres.astype(np.float32) * np.float32(0.001)
    camera = _camera(scene)
    return {
        "seed": scene.seed,
        "stamps_ns": stamps(index),
        "labels": labels,
        "objects": [
            {
                "label": each.label,
                "name": each.name,
                "box": list(mask_box(each.mask)),
                "centroid_m": [round(v, 5) for v in centroid_3d(each.mask, depth, camera) or ()],
            }
            for each in scene.objects
        ],
        "expressions": [
            {
                "text": each.text,
                "category": each.category,
                "labels": [scene.objects[target].label for target in each.targets],
                "verdict": each.verdict.name,
            }
            for each in scene_expressions(scene, categories)
        ],
    }


def _messages(
    scenes: Sequence[TabletopScene], depths: Sequence[npt.NDArray[np.uint16]]
) -> Iterator[tuple[str, int, Any]]:
    from zsris_ros.demo.bag_writer import camera_info_message, image_message

    for index, (scene, depth) in enumerate(zip(scenes, depths, strict=True)):
        frame = scene.frame
        for stamp in stamps(index):
            info = camera_info_message(
                stamp, frame.width, frame.height, _camera(scene), frame.frame_id
            )
            # The image comes last, so that its depth and camera_info are known by then.
            yield INFO_TOPIC, stamp, info
            yield DEPTH_TOPIC, stamp, image_message(stamp, depth, "16UC1", frame.frame_id)
            yield IMAGE_TOPIC, stamp, image_message(stamp, frame.rgb, "rgb8", frame.frame_id)


def _camera(scene: TabletopScene) -> Intrinsics:
    assert scene.frame.intrinsics is not None
    return scene.frame.intrinsics
