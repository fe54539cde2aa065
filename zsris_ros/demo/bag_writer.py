"""Camera messages and bags of them, written with rosbags alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from zsris_ros.types import Intrinsics

SECOND = 1_000_000_000
STORE = get_typestore(Stores.ROS2_HUMBLE)
TYPES = STORE.types


def header(stamp_ns: int, frame_id: str) -> Any:
    """Return a std_msgs/Header."""
    stamp = TYPES["builtin_interfaces/msg/Time"](*divmod(stamp_ns, SECOND))
    return TYPES["std_msgs/msg/Header"](stamp, frame_id)


def image_message(stamp_ns: int, pixels: npt.NDArray[Any], encoding: str, frame_id: str) -> Any:
    """Return a sensor_msgs/Image of HxW or HxWxC pixels."""
    height, width = pixels.shape[:2]
    data = np.ascontiguousarray(pixels).view(np.uint8).ravel()
    head, step = header(stamp_ns, frame_id), len(data) // height
    return TYPES["sensor_msgs/msg/Image"](head, height, width, encoding, 0, step, data)


def camera_info_message(
    stamp_ns: int, width: int, height: int, camera: Intrinsics, frame_id: str
) -> Any:
    """Return a sensor_msgs/CameraInfo without distortion, with the same K and P."""
    k = np.array([[camera.fx, 0.0, camera.cx], [0.0, camera.fy, camera.cy], [0.0, 0.0, 1.0]])
    return TYPES["sensor_msgs/msg/CameraInfo"](
        header=header(stamp_ns, frame_id),
        height=height,
        width=width,
        distortion_model="plumb_bob",
        d=np.zeros(5),
        k=k.ravel(),
        r=np.eye(3).ravel(),
        p=np.pad(k, ((0, 0), (0, 1))).ravel(),
        binning_x=0,
        binning_y=0,
        roi=TYPES["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False),
    )


def write_bag(
    folder: Path,
    messages: Iterable[tuple[str, int, Any]],
    storage: StoragePlugin = StoragePlugin.MCAP,
    compressed: bool = False,
) -> Path:
    """Write (topic, nanoseconds of recording, message) in the order given; returns ``folder``."""
    writer = Writer(folder, version=9, storage_plugin=storage)
    if compressed:  # the only kind that rosbag2 reads
        writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
    with writer:
        topics: dict[str, Any] = {}
        for topic, recorded_ns, message in messages:
            kind = message.__msgtype__
            if topic not in topics:
                topics[topic] = writer.add_connection(topic, kind, typestore=STORE)
            writer.write(topics[topic], recorded_ns, STORE.serialize_cdr(message, kind))
    return folder
