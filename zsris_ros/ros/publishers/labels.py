"""Answers as label mask and as the messages of vision_msgs, where those are installed."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseWithCovariance
from sensor_msgs.msg import Image

from zsris_ros.ros.publishers.image_conversions import to_image
from zsris_ros.ros.publishers.pose_conversions import box_of, to_pose
from zsris_ros.ros.requests.request_handler import Answer

MOST = 255
"""Labels that a mono8 image has room for beside the background's 0."""


def vision_msgs() -> Any:
    """The module vision_msgs.msg, or None where it is not installed."""
    try:
        return importlib.import_module("vision_msgs.msg")
    except ImportError:
        return None


def label_image(answer: Answer) -> Image:
    """mono8: k on the k-th candidate that the verdict speaks of, 0 elsewhere.

    Where two masks overlap, the better one is on top.
    """
    labels = np.zeros(answer.masks.shape[1:], np.uint8)
    meant = answer.meant[:MOST]
    for label in range(len(meant), 0, -1):
        labels[answer.masks[meant[label - 1].index]] = label
    return to_image(labels, "mono8", answer.header)


def label_info(answer: Answer, messages: Any) -> Any:
    """The vision_msgs/LabelInfo that belongs to ``label_image``; ``messages`` as vision_msgs()."""
    names = ["background", *(_name(answer, k) for k in range(len(answer.meant[:MOST])))]
    return messages.LabelInfo(
        header=answer.header,
        class_map=[
            messages.VisionClass(class_id=label, class_name=name)
            for label, name in enumerate(names)
        ],
    )


def detections(answer: Answer, messages: Any) -> Any:
    """A vision_msgs/Detection2DArray of what the verdict speaks of, with the image's header.

    The class is the noun phrase that was asked for. Boxes reach from the first to the last pixel's
    outer edge; poses are those of the upright boxes in the image's frame, at 0 without depth.
    """
    return messages.Detection2DArray(
        header=answer.header,
        detections=[_detection(answer, index, messages) for index in range(len(answer.meant))],
    )


def _detection(answer: Answer, index: int, messages: Any) -> Any:
    candidate = answer.meant[index]
    box = box_of(answer, candidate)
    result = messages.ObjectHypothesisWithPose()
    result.hypothesis.class_id = answer.referral.expression.target.text
    result.hypothesis.score = float(candidate.score)
    if box is not None:
        result.pose = PoseWithCovariance(pose=to_pose(box.pose))
    detection = messages.Detection2D(
        header=answer.header, results=[result], id=_name(answer, index)
    )
    x, y, width, height = candidate.box
    detection.bbox.center.position.x = float(x + width / 2)
    detection.bbox.center.position.y = float(y + height / 2)
    detection.bbox.size_x, detection.bbox.size_y = float(width + 1), float(height + 1)
    return detection


def _name(answer: Answer, index: int) -> str:
    """What was asked for, numbered where it is several."""
    target = answer.referral.expression.target.text
    return target if len(answer.meant) == 1 else f"{target} {index + 1}"
