"""A small bag of images and camera_info."""

from __future__ import annotations

from pathlib import Path

from rclpy.serialization import serialize_message
from rosbags import rosbag2
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import CameraInfo

from support.ros_camera import SECOND, colour_image, header

FRAMES = 10
PERIOD = 0.1


def record(folder: Path, storage: str) -> Path:
    """Write a bag of ten frames, 0.1 s apart."""
    store = get_typestore(Stores.ROS2_HUMBLE)
    names = {"/camera": "sensor_msgs/msg/Image", "/info": "sensor_msgs/msg/CameraInfo"}
    bag = folder / storage
    plugin = getattr(rosbag2.StoragePlugin, storage.upper())
    with rosbag2.Writer(bag, version=9, storage_plugin=plugin) as writer:
        topics = [
            writer.add_connection(name, kind, typestore=store) for name, kind in names.items()
        ]
        for number in range(FRAMES):
            stamp = round(number * PERIOD * SECOND) + 5 * SECOND
            image = colour_image(stamp, number)
            info = CameraInfo(header=header(stamp), width=64, height=48)
            for topic, message in zip(topics, (image, info), strict=True):
                writer.write(topic, stamp, serialize_message(message))
    return bag
