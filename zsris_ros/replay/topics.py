"""Detection of the camera's topics in a bag; an ambiguous choice is an error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from zsris_ros.camera.compressed import COMPRESSED, COMPRESSED_DEPTH
from zsris_ros.camera.image_messages import CompressedImage
from zsris_ros.replay.bag import Bag, Topics
from zsris_ros.types import InputError

RAW_TYPE = "sensor_msgs/msg/Image"
IMAGE_TYPES = (RAW_TYPE, "sensor_msgs/msg/CompressedImage")
INFO_TYPE = "sensor_msgs/msg/CameraInfo"
NONE = "none"
"""Option value that leaves a topic out."""


def find_topics(
    bag: Bag, image: str | None = None, depth: str | None = None, info: str | None = None
) -> Topics:
    """Return the camera's topics; given topics are used, and ``NONE`` leaves one out.

    Detected are the only colour image (raw before compressed), the only depth or the only one with
    the colour image's frame and size, and the camera_info beside the image. Raises InputError with
    the candidates when a given topic is missing or the choice is ambiguous.
    """
    types = bag.types()
    images = {topic: bag.first(topic) for topic, kind in types.items() if kind in IMAGE_TYPES}
    depths = [topic for topic, message in images.items() if _is_depth(topic, message)]
    colours = [topic for topic in images if topic not in depths]
    colour = _given(image, images, "image") or _only(_each_once(colours), "--image-topic", types)
    return Topics(
        colour,
        _depth(depth, colour, images, _each_once(depths)),
        _info(info, colour, [topic for topic, kind in types.items() if kind == INFO_TYPE]),
    )


def _is_depth(topic: str, message: Any) -> bool:
    if isinstance(message, CompressedImage):
        encoding, _, transport = (part.strip() for part in message.format.partition(";"))
        return encoding in ("16UC1", "32FC1") or transport.startswith(COMPRESSED_DEPTH)
    # mono16 is sent by infrared cameras and by depth cameras that violate REP 118.
    depth = message.encoding in ("16UC1", "32FC1")
    return depth or (message.encoding == "mono16" and "depth" in topic)


def _base(topic: str) -> str:
    """Return the topic without image_transport's suffix."""
    head, _, last = topic.rpartition("/")
    return head if last in (COMPRESSED, COMPRESSED_DEPTH) else topic


def _each_once(topics: Iterable[str]) -> list[str]:
    """Return each image once, raw before compressed."""
    chosen: dict[str, str] = {}
    for topic in sorted(topics, key=len):
        chosen.setdefault(_base(topic), topic)
    return sorted(chosen.values())


def _given(topic: str | None, available: Iterable[str], kind: str) -> str | None:
    if topic is None or topic in available:
        return topic
    raise InputError(f"the bag has no {kind} on {topic}; it has {_listed(available)}")


def _only(topics: list[str], option: str, available: Iterable[str]) -> str:
    if len(topics) == 1:
        return topics[0]
    if topics:
        raise InputError(f"the bag has several: choose with {option} one of {_listed(topics)}")
    raise InputError(f"the bag has no colour image; its topics are {_listed(available)}")


def _depth(
    given: str | None, colour: str, images: Mapping[str, Any], depths: list[str]
) -> str | None:
    if given == NONE:
        return None
    if given is not None or not depths:
        return _given(given, images, "depth")
    fitting = [topic for topic in depths if _fits(images[colour], images[topic])]
    return _only(fitting if len(fitting) == 1 else depths, f"--depth-topic {NONE} or", depths)


def _fits(image: Any, depth: Any) -> bool:
    """Return whether depth has the image's frame and, if known, size."""
    sizes = [(getattr(each, "width", 0), getattr(each, "height", 0)) for each in (image, depth)]
    same = (0, 0) in sizes or sizes[0] == sizes[1]
    return same and image.header.frame_id == depth.header.frame_id


def _info(given: str | None, colour: str, infos: list[str]) -> str | None:
    if given == NONE:
        return None
    if given is not None or not infos:
        return _given(given, infos, "camera_info")
    beside = _base(colour).rpartition("/")[0] + "/camera_info"
    return beside if beside in infos else _only(infos, f"--info-topic {NONE} or", infos)


def _listed(topics: Iterable[str]) -> str:
    return ", ".join(sorted(topics)) or "none"
