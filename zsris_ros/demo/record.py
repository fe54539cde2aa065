"""Record the simulated tabletop as a camera would: a rosbag2 in mcap, and its truth."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from tqdm import tqdm

from zsris_ros.demo.demo_bag import DEPTH_TOPIC, IMAGE_TOPIC, INFO_TOPIC, TRUTH
from zsris_ros.geometry.centroid import centroid_3d
from zsris_ros.geometry.masks import mask_box
from zsris_ros.simulation.expressions import ReferringExpression, expressions
from zsris_ros.simulation.tabletop import TabletopScene, tabletop_scene
from zsris_ros.simulation.verdict_expressions import ABSENT, AMBIGUOUS, verdict_expressions
from zsris_ros.types import FloatArray, InputError, Intrinsics

SEEDS = (1332, 1138, 1109, 1020)
PROGRAMME = (
    ("attribute", "position", "plural", "ordinal"),
    ("relation", "superlative", "attribute", "chain"),
    ("size", "between", "depth", "ordinal"),
    ("depth", "negation", "relation", "chain"),
)
"""What the scenes take turns to be asked, one of each category where there are some; every scene
is asked for something that is not there and for something that is there more than once as well."""

START_NS = 1_700_000_000_000_000_000
SCENE_NS = 2_000_000_000
FRAME_NS = 250_000_000
FRAMES = 5
"""Each scene is held for 1 s, then the camera sees nothing for 1 s and the next scene follows."""

SECOND = 1_000_000_000


def record(bag: Path, seeds: Sequence[int] = SEEDS) -> int:
    """Record the scenes of ``seeds`` into the new folder ``bag``; returns its size in bytes.

    Raises InputError when the folder is there already, RenderingUnavailable without OpenGL.
    """
    if bag.exists():
        raise InputError(f"{bag} is there already: remove it or record into another folder")
    if not seeds:
        raise InputError("there is nothing to record: give at least one seed")
    scenes = [tabletop_scene(seed) for seed in tqdm(seeds, "rendering", unit="scene")]
    depths = [to_millimetres(scene) for scene in scenes]
    bag.parent.mkdir(parents=True, exist_ok=True)
    _write_bag(bag, scenes, depths)
    rows = [
        _truth(bag, index, scene, depth)
        for index, (scene, depth) in enumerate(zip(scenes, depths, strict=True))
    ]
    (bag / TRUTH).write_text(json.dumps({"scenes": rows}, indent=1) + "\n", encoding="utf-8")
    return sum(file.stat().st_size for file in bag.iterdir())


def stamps(index: int) -> list[int]:
    """The stamps, in nanoseconds, of the frames of the recording's ``index``-th scene."""
    first = START_NS + index * SCENE_NS
    return [first + number * FRAME_NS for number in range(FRAMES)]


def to_millimetres(scene: TabletopScene) -> npt.NDArray[np.uint16]:
    """A scene's depth as a camera records it: uint16 HxW, 0 where it reaches too far."""
    depth = scene.frame.depth
    assert depth is not None
    millimetres = np.rint(depth * 1000)
    return np.where(millimetres <= np.iinfo(np.uint16).max, millimetres, 0).astype(np.uint16)


def _truth(
    bag: Path, index: int, scene: TabletopScene, millimetres: npt.NDArray[np.uint16]
) -> dict[str, Any]:
    """One scene of truth.json; its label picture is written beside it."""
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
                "label": thing.label,
                "name": thing.name,
                "box": list(mask_box(thing.mask)),
                "centroid_m": [round(v, 5) for v in centroid_3d(thing.mask, depth, camera) or ()],
            }
            for thing in scene.objects
        ],
        "expressions": [
            {
                "text": each.text,
                "category": each.category,
                "labels": [scene.objects[target].label for target in each.targets],
                "verdict": each.verdict.name,
            }
            for each in questions(index, scene)
        ],
    }


def questions(index: int, scene: TabletopScene) -> tuple[ReferringExpression, ...]:
    """What the recording's ``index``-th scene is asked."""
    programme = PROGRAMME[index % len(PROGRAMME)]
    found = expressions(scene, len(programme), programme)
    return (*found, *verdict_expressions(scene, 3, (*ABSENT, *AMBIGUOUS)))


def _write_bag(
    bag: Path, scenes: Sequence[TabletopScene], depths: Sequence[npt.NDArray[np.uint16]]
) -> None:
    from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_HUMBLE)
    writer = Writer(bag, version=9, storage_plugin=StoragePlugin.MCAP)
    writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)  # what rosbag2 reads
    with writer:
        topics = {
            topic: writer.add_connection(topic, kind, typestore=store)
            for topic, kind in (
                (INFO_TOPIC, "sensor_msgs/msg/CameraInfo"),
                (DEPTH_TOPIC, "sensor_msgs/msg/Image"),
                (IMAGE_TOPIC, "sensor_msgs/msg/Image"),
            )
        }
        for index, (scene, depth) in enumerate(zip(scenes, depths, strict=True)):
            for stamp in stamps(index):
                # The image last: whoever asks about it then finds the rest.
                messages = {
                    INFO_TOPIC: _info_message(store, scene, stamp),
                    DEPTH_TOPIC: _image_message(store, scene, stamp, depth, "16UC1"),
                    IMAGE_TOPIC: _image_message(store, scene, stamp, scene.frame.rgb, "rgb8"),
                }
                for topic, message in messages.items():
                    kind = topics[topic].msgtype
                    writer.write(topics[topic], stamp, store.serialize_cdr(message, kind))


def _header(store: Any, scene: TabletopScene, stamp_ns: int) -> Any:
    stamp = store.types["builtin_interfaces/msg/Time"](stamp_ns // SECOND, stamp_ns % SECOND)
    return store.types["std_msgs/msg/Header"](stamp, scene.frame.frame_id)


def _image_message(
    store: Any, scene: TabletopScene, stamp_ns: int, pixels: npt.NDArray[Any], encoding: str
) -> Any:
    height, width = pixels.shape[:2]
    data = np.ascontiguousarray(pixels).view(np.uint8).ravel()
    return store.types["sensor_msgs/msg/Image"](
        _header(store, scene, stamp_ns), height, width, encoding, 0, len(data) // height, data
    )


def _info_message(store: Any, scene: TabletopScene, stamp_ns: int) -> Any:
    camera = _camera(scene)
    k = [camera.fx, 0.0, camera.cx, 0.0, camera.fy, camera.cy, 0.0, 0.0, 1.0]
    p = [camera.fx, 0.0, camera.cx, 0.0, 0.0, camera.fy, camera.cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return store.types["sensor_msgs/msg/CameraInfo"](
        header=_header(store, scene, stamp_ns),
        height=scene.frame.height,
        width=scene.frame.width,
        distortion_model="plumb_bob",
        d=np.zeros(5),
        k=np.array(k),
        r=np.eye(3).ravel(),
        p=np.array(p),
        binning_x=0,
        binning_y=0,
        roi=store.types["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False),
    )


def _camera(scene: TabletopScene) -> Intrinsics:
    assert scene.frame.intrinsics is not None
    return scene.frame.intrinsics
