"""Small bags, written with rosbags alone, as a recorder of ROS writes them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

rosbag2 = pytest.importorskip("rosbags.rosbag2")
from rosbags.typesys import Stores, get_typestore

SECOND = 1_000_000_000
STORE = get_typestore(Stores.ROS2_HUMBLE)
TYPES = STORE.types


def header(stamp_ns: int, frame_id: str = "camera") -> Any:
    stamp = TYPES["builtin_interfaces/msg/Time"](*divmod(stamp_ns, SECOND))
    return TYPES["std_msgs/msg/Header"](stamp, frame_id)


def image(stamp_ns: int, pixels: np.ndarray, encoding: str, frame_id: str = "camera") -> Any:
    height, width = pixels.shape[:2]
    data = np.ascontiguousarray(pixels).view(np.uint8).ravel()
    step = data.size // height
    made = TYPES["sensor_msgs/msg/Image"]
    return made(header(stamp_ns, frame_id), height, width, encoding, 0, step, data)


def compressed(stamp_ns: int, pixels: np.ndarray, form: str, head: int = 0) -> Any:
    """``pixels`` as OpenCV stores them in a PNG, behind ``head`` empty bytes."""
    stored = np.concatenate([np.zeros(head, np.uint8), cv2.imencode(".png", pixels)[1].ravel()])
    return TYPES["sensor_msgs/msg/CompressedImage"](header(stamp_ns), form, stored)


def camera_info(stamp_ns: int, width: int, height: int, focal: float) -> Any:
    k = [focal, 0.0, width / 2 - 0.5, 0.0, focal, height / 2 - 0.5, 0.0, 0.0, 1.0]
    return TYPES["sensor_msgs/msg/CameraInfo"](
        header=header(stamp_ns),
        height=height,
        width=width,
        distortion_model="plumb_bob",
        d=np.zeros(5),
        k=np.array(k),
        r=np.eye(3).ravel(),
        p=np.zeros(12),
        binning_x=0,
        binning_y=0,
        roi=TYPES["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False),
    )


def write_bag(
    folder: Path, messages: Iterable[tuple[str, int, Any]], storage: str = "mcap"
) -> Path:
    """A bag of (topic, nanoseconds of recording, message) in the order given."""
    plugin = getattr(rosbag2.StoragePlugin, storage.upper())
    with rosbag2.Writer(folder, version=9, storage_plugin=plugin) as writer:
        topics: dict[str, Any] = {}
        for topic, recorded_ns, message in messages:
            kind = message.__msgtype__
            if topic not in topics:
                topics[topic] = writer.add_connection(topic, kind, typestore=STORE)
            writer.write(topics[topic], recorded_ns, STORE.serialize_cdr(message, kind))
    return folder
