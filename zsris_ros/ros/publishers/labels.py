"""Conversion of answers to a label mask and, where installed, to vision_msgs."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseWithCovariance
from sensor_msgs.msg import Image

from zsris_ros.ros.publishers.answer import Answer, Status
from zsris_ros.ros.publishers.image_conversions import to_image
from zsris_ros.ros.publishers.pose_conversions import box_of, to_pose

MAX_LABELS = 255
"""Labels of a mono8 image besides the background's 0."""


def vision_msgs() -> Any:
    """Return the module vision_msgs.msg, or None where it is not installed."""
    try:
        return importlib.import_module("vision_msgs.msg")
    except ImportError:
        return None


def label_image(answer: Answer) -> Image:
    """Return a mono8 image: k on the k-th object, the better one in overlaps, 0 elsewhere."""
    labels = np.zeros(answer.masks.shape[1:], np.uint8)
    objects = answer.objects[:MAX_LABELS]
    for label in range(len(objects), 0, -1):
        labels[answer.masks[objects[label - 1].index]] = label
    return to_image(labels, "mono8", answer.header)


def label_info(answer: Answer, messages: Any) -> Any:
    """Return the vision_msgs/LabelInfo of ``label_image``; ``messages`` is vision_msgs()."""
    names = ["background", *(_name(answer, k) for k in range(len(answer.objects[:MAX_LABELS])))]
    return messages.LabelInfo(
        header=answer.header,
        class_map=[
            messages.VisionClass(class_id=label, class_name=name)
            for label, name in enumerate(names)
        ],
    )


def detections(answer: Answer, messages: Any) -> Any:
    """Return a vision_msgs/Detection2DArray of the objects, with the image's header.

    The class is the requested noun phrase. Boxes include both outer pixel edges; poses are those
    of the upright boxes in the optical frame, 0 without depth and unless the status is FOUND.
    """
    return messages.Detection2DArray(
        header=answer.header,
        detections=[_detection(answer, index, messages) for index in range(len(answer.objects))],
    )


def _detection(answer: Answer, index: int, messages: Any) -> Any:
    candidate = answer.objects[index]
    box = box_of(answer, candidate) if answer.status == Status.FOUND else None
    hypothesis = messages.ObjectHypothesisWithPose()
    hypothesis.hypothesis.class_id = answer.result.expression.target.text
    hypothesis.hypothesis.score = float(candidate.score)
    if box is not None:
        hypothesis.pose = PoseWithCovariance(pose=to_pose(box.pose))
    detection = messages.Detection2D(
        header=answer.header, results=[hypothesis], id=_name(answer, index)
    )
    x, y, width, height = candidate.box
    detection.bbox.center.position.x = float(x + width / 2)
    detection.bbox.center.position.y = float(y + height / 2)
    detection.bbox.size_x, detection.bbox.size_y = float(width + 1), float(height + 1)
    return detection


def _name(answer: Answer, index: int) -> str:
    """Return the requested noun phrase, numbered if there are several objects."""
    target = answer.result.expression.target.text
    return target if len(answer.objects) == 1 else f"{target} {index + 1}"
