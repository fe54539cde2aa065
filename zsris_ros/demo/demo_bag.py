"""A recorded RGB-D camera (a rosbag2) with the truth beside it.

The folder of the bag also holds ``truth.json`` and, for each scene, a picture of its labels (0 no
object, k the object with label k). A scene is held for several frames with stamps of their own.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from zsris_ros.camera.conversions import to_frame
from zsris_ros.types import BoolArray, ByteArray, Frame, InputError, Point, Verdict

SHIPPED = Path(__file__).parent / "tabletop_bag"
TRUTH = "truth.json"

IMAGE_TOPIC = "/camera/color/image_raw"
DEPTH_TOPIC = "/camera/aligned_depth_to_color/image_raw"
INFO_TOPIC = "/camera/color/camera_info"


@dataclass(frozen=True)
class RecordedObject:
    """``centroid_m`` is that of the visible surface, on the true mask and the recorded depth."""

    label: int
    name: str
    box: tuple[float, float, float, float]
    centroid_m: Point


@dataclass(frozen=True)
class RecordedQuestion:
    """``labels`` are those of the objects that fit, ``verdict`` is the right answer: FOUND (they
    are meant), AMBIGUOUS (one of them is meant, and it is open which) or NOT_FOUND (none fits).
    """

    text: str
    category: str
    labels: tuple[int, ...]
    verdict: Verdict = Verdict.FOUND


@dataclass(frozen=True, eq=False)
class RecordedScene:
    """``labels`` uint8 HxW; ``stamps_ns`` of the frames that show this scene."""

    seed: int
    stamps_ns: tuple[int, ...]
    labels: ByteArray
    objects: tuple[RecordedObject, ...]
    questions: tuple[RecordedQuestion, ...]

    def mask(self, question: RecordedQuestion) -> BoolArray:
        """The true mask of all objects that fit, bool HxW."""
        mask: BoolArray = np.isin(self.labels, question.labels)
        return mask

    def meant(self, question: RecordedQuestion) -> tuple[RecordedObject, ...]:
        """The objects that fit."""
        return tuple(thing for thing in self.objects if thing.label in question.labels)


def read_truth(bag: Path) -> tuple[RecordedScene, ...]:
    """The scenes of a recording. Raises InputError when the folder holds no truth."""
    path = bag / TRUTH
    if not path.is_file():
        raise InputError(f"{path} is missing: make a recording with `zsris record-tabletop`")
    return tuple(_scene(bag, row) for row in json.loads(path.read_text(encoding="utf-8"))["scenes"])


def read_frames(bag: Path, stamps_ns: Collection[int]) -> dict[int, Frame]:
    """The frames of these stamps, as the node sees them. Raises InputError for a missing one."""
    from rosbags.rosbag2 import Reader
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_HUMBLE)
    parts: dict[int, dict[str, Any]] = {stamp: {} for stamp in stamps_ns}
    with Reader(bag) as reader:
        for connection, recorded_ns, data in reader.messages():
            if recorded_ns in parts:
                message = store.deserialize_cdr(data, connection.msgtype)
                parts[recorded_ns][connection.topic] = message
    return {stamp: _frame(stamp, messages) for stamp, messages in parts.items()}


def _frame(stamp_ns: int, messages: Mapping[str, Any]) -> Frame:
    missing = {IMAGE_TOPIC, DEPTH_TOPIC, INFO_TOPIC} - messages.keys()
    if missing:
        raise InputError(f"the recording has no {', '.join(sorted(missing))} at {stamp_ns} ns")
    return to_frame(messages[IMAGE_TOPIC], messages[DEPTH_TOPIC], messages[INFO_TOPIC])


def _scene(bag: Path, row: Mapping[str, Any]) -> RecordedScene:
    with Image.open(bag / row["labels"]) as picture:
        labels = np.array(picture, np.uint8)
    return RecordedScene(
        seed=row["seed"],
        stamps_ns=tuple(row["stamps_ns"]),
        labels=labels,
        objects=tuple(
            RecordedObject(each["label"], each["name"], (*each["box"],), (*each["centroid_m"],))
            for each in row["objects"]
        ),
        questions=tuple(
            RecordedQuestion(
                each["text"], each["category"], (*each["labels"],), Verdict[each["verdict"]]
            )
            for each in row["expressions"]
        ),
    )
