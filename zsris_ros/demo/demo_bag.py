"""A recorded RGB-D camera (a rosbag2) with ground truth.

The folder of the bag also holds ``truth.json`` and a label image for each scene (0 no object, k the
object with label k). Several frames with stamps of their own show the same scene.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from zsris_ros.camera.frame_assembly import assemble_frame
from zsris_ros.replay.bag import Bag, Topics
from zsris_ros.types import BoolArray, ByteArray, Frame, InputError, Point, Verdict

HOUSEHOLD_BAG = Path(__file__).parent / "household_bag"
"""Scanned household objects, for the weights `household`."""
TABLETOP_BAG = Path(__file__).parent / "tabletop_bag"
"""Coloured shapes, the only objects of the weights `tabletop`."""
TRUTH = "truth.json"

IMAGE_TOPIC = "/camera/color/image_raw"
DEPTH_TOPIC = "/camera/aligned_depth_to_color/image_raw"
INFO_TOPIC = "/camera/color/camera_info"


@dataclass(frozen=True)
class RecordedObject:
    """An object; ``centroid_m`` is computed from the true mask and the recorded depth."""

    label: int
    name: str
    box: tuple[float, float, float, float]
    centroid_m: Point


@dataclass(frozen=True)
class RecordedExpression:
    """An expression, the ``labels`` of the objects that fit, and its right ``verdict``."""

    text: str
    category: str
    labels: tuple[int, ...]
    verdict: Verdict = Verdict.FOUND


@dataclass(frozen=True, eq=False)
class RecordedScene:
    """A scene with its ``labels`` uint8 HxW and the ``stamps_ns`` of its frames."""

    seed: int
    stamps_ns: tuple[int, ...]
    labels: ByteArray
    objects: tuple[RecordedObject, ...]
    expressions: tuple[RecordedExpression, ...]

    def mask(self, expression: RecordedExpression) -> BoolArray:
        """Return the true mask of all objects that fit, bool HxW."""
        mask: BoolArray = np.isin(self.labels, expression.labels)
        return mask

    def targets(self, expression: RecordedExpression) -> tuple[RecordedObject, ...]:
        """Return the objects that fit."""
        return tuple(each for each in self.objects if each.label in expression.labels)


def read_truth(bag: Path) -> tuple[RecordedScene, ...]:
    """Read the scenes of a recording. Raises InputError without a truth file."""
    path = bag / TRUTH
    if not path.is_file():
        raise InputError(f"{path} is missing: make a recording with `zsris record-tabletop`")
    return tuple(_scene(bag, row) for row in json.loads(path.read_text(encoding="utf-8"))["scenes"])


def read_frames(bag: Path, stamps_ns: Iterable[int]) -> dict[int, Frame]:
    """Read the frames of these stamps as the node does. Raises InputError for a missing one."""
    topics = Topics(IMAGE_TOPIC, DEPTH_TOPIC, INFO_TOPIC)
    with Bag(bag) as opened:
        recording = opened.recording(topics, tolerance_ns=0)
        chosen = [recording.at(stamp, tolerance=0) for stamp in stamps_ns]
        frames = [
            assemble_frame(messages)[0] for messages in opened.synced_messages(topics, chosen)
        ]
    return {frame.stamp_ns: frame for frame in frames}


def _scene(bag: Path, row: Mapping[str, Any]) -> RecordedScene:
    with Image.open(bag / row["labels"]) as image:
        labels = np.array(image, np.uint8)
    return RecordedScene(
        seed=row["seed"],
        stamps_ns=tuple(row["stamps_ns"]),
        labels=labels,
        objects=tuple(
            RecordedObject(each["label"], each["name"], (*each["box"],), (*each["centroid_m"],))
            for each in row["objects"]
        ),
        expressions=tuple(
            RecordedExpression(
                each["text"], each["category"], (*each["labels"],), Verdict[each["verdict"]]
            )
            for each in row["expressions"]
        ),
    )
