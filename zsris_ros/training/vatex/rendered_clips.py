"""Short videos of simulated scenes in the form of Ref-YouTube-VOS (``referring_video``)."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from tqdm import tqdm

from zsris_ros.evaluation.datasets.files import read_json
from zsris_ros.evaluation.datasets.referring_video import VideoData, ref_youtube_vos
from zsris_ros.simulation.clips import household_clip, tabletop_clip
from zsris_ros.simulation.expressions.expressions import (
    CATEGORIES,
    HOUSEHOLD_CATEGORIES,
    lasting_expressions,
)
from zsris_ros.simulation.household.model_library import ModelLibrary, model_source
from zsris_ros.simulation.tabletop import TabletopScene
from zsris_ros.training.vatex.rendered_frames import SENTENCES
from zsris_ros.types import ByteArray, InputError

_PALETTE = [number * factor % 256 for number in range(256) for factor in (37, 91, 151)]
"""Colours of the numbers, RGB; 0 is black."""


def render_clips(
    root: Path, split: str, seeds: range, frames: int, objects: Sequence[str] = ()
) -> VideoData:
    """Render the videos that ``root`` does not hold yet, and return the split.

    The sentences of a video are true in all of its frames and mean one object.

    Args:
        root: The folder of the data set.
        split: The name of the split.
        seeds: A scene for each.
        frames: Frames of a video.
        objects: Models of household scenes, as in ``TabletopData``; () for the tabletop's shapes.

    Raises:
        InputError: No video has a sentence.
        RenderingUnavailable: MuJoCo or OpenGL is missing.
    """
    library = ModelLibrary(model_source(objects)) if objects else None
    categories = HOUSEHOLD_CATEGORIES if library else CATEGORIES
    videos = {}
    for seed in tqdm(seeds, "rendering", unit="video"):
        path = root / split / "Expressions" / f"scene_{seed}.json"
        if not path.exists():
            scenes = (
                household_clip(seed, library, frames) if library else tabletop_clip(seed, frames)
            )
            _write_video(root / split, path, scenes, categories)
        video = read_json(path)
        if video["expressions"]:
            videos[path.stem] = video
    if not videos:
        raise InputError(
            f"none of the {len(seeds)} videos has a sentence that holds in all {frames} frames: "
            "render more videos, or fewer frames"
        )
    _write_json(root / "meta_expressions" / split / "meta_expressions.json", {"videos": videos})
    return ref_youtube_vos(root, split)


def _write_video(
    folder: Path, path: Path, scenes: Sequence[TabletopScene], categories: Sequence[str]
) -> None:
    """Write pictures and labels, and last the video's part of meta_expressions.json."""
    names = [f"{number:05d}" for number in range(len(scenes))]
    for name, scene in zip(names, scenes, strict=True):
        picture = folder / "JPEGImages" / path.stem / f"{name}.jpg"
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(scene.frame.rgb).save(picture, quality=95)
        _write_labels(folder / "Annotations" / path.stem / f"{name}.png", scene.labels)
    single = [each for each in categories if each != "plural"]  # the form has one object for each
    objects = scenes[0].objects
    expressions = {
        str(number): {"exp": each.text, "obj_id": str(objects[each.targets[0]].label)}
        for number, each in enumerate(lasting_expressions(scenes, SENTENCES, single))
    }
    _write_json(path, {"expressions": expressions, "frames": names})


def _write_labels(path: Path, labels: ByteArray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(labels).convert("P")
    image.putpalette(_PALETTE)
    image.save(path)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a file atomically unless it holds this: other processes may be reading it."""
    text = json.dumps(content, indent=1) + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
