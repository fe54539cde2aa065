"""Ask the node about a recorded camera, and judge every answer by the recording's truth."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zsris_ros.demo import demo_bag
from zsris_ros.demo.demo_bag import RecordedQuestion, RecordedScene
from zsris_ros.demo.demo_report import DemoAnswer
from zsris_ros.demo.processes import Children, ros_environment
from zsris_ros.evaluation.metrics import iou
from zsris_ros.types import BoolArray, Expression, Frame, Point, ReferringResult, Verdict
from zsris_ros.visualization.overlay import draw_result

if TYPE_CHECKING:
    from zsris_ros.ros.client.service_client import Client, RemoteAnswer

LOADING = 300.0
"""Seconds that loading the weights may take on a slow machine."""
DISCOVERY = 30.0
"""Seconds in which the player and the node find each other at the latest."""
PLAYING = 120.0
ANSWERING = 180.0


class RosMissing(RuntimeError):
    """ROS 2, or the interfaces generated for it, are not installed; the message says how."""


def show(
    bag: Path, logs: Path, weights: str, device: str, say: Callable[[str], None] = print
) -> list[DemoAnswer]:
    """Start node and player, ask every question of the recording, end both; the answers.

    ``say`` is told about the progress. Raises RosMissing without ROS, ChildDied when a process
    ends early, TimeoutError when one does not answer.
    """
    scenes = demo_bag.read_truth(bag)
    frames = demo_bag.read_frames(bag, [scene.stamps_ns[-1] for scene in scenes])
    environment = ros_environment()
    os.environ.update(environment)  # for rclpy in this process
    try:
        from zsris_ros.ros.client.service_client import connected, disconnect
    except ImportError as error:
        raise RosMissing(
            f"the demo needs ROS 2, and {error.name} is not installed: "
            "pip install 'zsris_ros[ros]', or source a ROS 2 workspace with this package"
        ) from error
    with connected() as client, Children(environment, logs, disconnect) as children:
        try:
            start(children, client, bag, weights, device, say)
            return list(_ask_all(client, scenes, frames, say))
        except Exception:
            children.check()  # a dead child is the reason for whatever else went wrong
            raise


def start(
    children: Children,
    client: Client,
    bag: Path,
    weights: str,
    device: str,
    say: Callable[[str], None],
) -> None:
    """Node first and with its model loaded, so that it misses nothing of what is played."""
    start = time.monotonic()
    say(f"==> refer_segment_node is loading the weights '{weights}'")
    parameters = {"weights": weights, "device": device}
    remaps = {
        "image": demo_bag.IMAGE_TOPIC,
        "depth": demo_bag.DEPTH_TOPIC,
        "camera_info": demo_bag.INFO_TOPIC,
    }
    arguments = [part for item in parameters.items() for part in ("-p", "{}:={}".format(*item))]
    arguments += [part for item in remaps.items() for part in ("-r", "{}:={}".format(*item))]
    children.start("node", "zsris_ros.ros.node", "--ros-args", *arguments, serves=True)
    client.wait(LOADING)
    # Any answer will do: the node gives none before its model is there and has run once.
    client.refer("the first thing", np.full((48, 64, 3), 128, np.uint8), LOADING)
    say(f"    ready after {time.monotonic() - start:.0f} s")
    say(f"==> playing {bag.name}: {demo_bag.IMAGE_TOPIC}, {demo_bag.DEPTH_TOPIC}")
    children.start(
        "player", "zsris_ros.ros.client.bag_player", str(bag), "--wait", f"{DISCOVERY:g}"
    )
    children.wait("player", PLAYING)


def _ask_all(
    client: Client,
    scenes: Sequence[RecordedScene],
    frames: dict[int, Frame],
    say: Callable[[str], None],
) -> Iterator[DemoAnswer]:
    total = sum(len(scene.questions) for scene in scenes)
    number = 0
    for scene in scenes:
        frame = frames[scene.stamps_ns[-1]]
        for question in scene.questions:
            number += 1
            answer = client.refer(question.text, frame.stamp_ns, ANSWERING)
            judged = judge(frame, scene, question, answer)
            say(
                f"[{number:2}/{total}] {question.text}: {answer.status}, IoU {judged.iou:.2f}, "
                f"{judged.total_ms:.0f} ms"
            )
            yield judged


def judge(
    frame: Frame, scene: RecordedScene, question: RecordedQuestion, answer: RemoteAnswer
) -> DemoAnswer:
    """An answer beside the truth, and drawn into the frame."""
    empty = np.zeros(frame.rgb.shape[:2], bool)
    mask = empty if answer.mask is None else answer.mask
    truth, error = _nearest(scene, question, answer.centroid)
    drawn = ReferringResult(
        answer.verdict or Verdict.NOT_FOUND,
        Expression(question.text, question.text, ""),
        answer.candidates,
        mask,
        answer.message,
        answer.explanation,
    )
    return DemoAnswer(
        expression=question.text,
        status=answer.status,
        message=answer.message,
        expected=question.verdict,
        iou=_overlap(scene, question, mask),
        centroid=answer.centroid,
        truth=truth,
        error_mm=error,
        total_ms=answer.total_ms,
        cache_hit=answer.cache_hit,
        stamp_ns=answer.stamp_ns,
        picture=draw_result(frame.rgb, drawn, question.text),
    )


def _overlap(scene: RecordedScene, question: RecordedQuestion, mask: BoolArray) -> float:
    """IoU with all that is meant; where it is open which one is, with the one it fits best."""
    if question.verdict is Verdict.AMBIGUOUS:
        return max(iou(scene.labels == label, mask) for label in question.labels)
    return iou(scene.mask(question), mask)


def _nearest(
    scene: RecordedScene, question: RecordedQuestion, point: Point | None
) -> tuple[Point | None, float | None]:
    """The true centroid nearest to ``point``, and how many millimetres it is away."""
    centroids = [thing.centroid_m for thing in scene.meant(question)]
    if point is None or not centroids:
        return (centroids[0] if centroids else None), None
    away = [float(np.linalg.norm(np.subtract(point, each)) * 1000) for each in centroids]
    return min(zip(centroids, away, strict=True), key=lambda pair: pair[1])
