"""Ask the node about a recorded camera and score the answers against the ground truth."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zsris_ros.demo import demo_bag
from zsris_ros.demo.demo_bag import RecordedExpression, RecordedScene
from zsris_ros.demo.demo_report import DemoAnswer
from zsris_ros.demo.processes import ChildProcesses, ros_environment
from zsris_ros.evaluation.metrics import iou
from zsris_ros.grasping import load_gripper, plan_grasps
from zsris_ros.types import (
    BoolArray,
    Expression,
    Frame,
    NounPhrase,
    Point,
    ReferringResult,
    Verdict,
)
from zsris_ros.visualization.grasp_overlay import draw_grasp
from zsris_ros.visualization.overlay import draw_result

if TYPE_CHECKING:
    from zsris_ros.ros.client.service_client import Client, RemoteAnswer

GRIPPER = "panda"
"""Of the grasp that is drawn with the first found object that has one."""
LOADING_TIMEOUT, DISCOVERY_TIMEOUT, PLAYING_TIMEOUT, ANSWER_TIMEOUT = 300.0, 30.0, 120.0, 180.0
"""In seconds, for slow machines."""


class RosMissing(RuntimeError):
    """ROS 2 or the generated interfaces are not installed; the message names the remedy."""


def run_demo(
    bag: Path, logs: Path, weights: str, device: str, log: Callable[[str], None] = print
) -> list[DemoAnswer]:
    """Start node and player, ask all expressions of the recording and score the answers.

    Args:
        bag: The recording with its truth.
        logs: Folder for the log files of the processes.
        weights: A preset.
        device: auto, cpu, cuda, ...
        log: Called with lines about the progress.

    Raises:
        RosMissing: ROS 2 is not installed.
        ProcessFailed: A process ended early.
        TimeoutError: A process did not answer.
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
    with connected() as client, ChildProcesses(environment, logs, disconnect) as children:
        try:
            start_processes(children, client, bag, weights, device, log)
            return list(_ask_all(client, scenes, frames, log))
        except Exception:
            children.check()  # a failed child is the cause of further errors
            raise


def start_processes(
    children: ChildProcesses,
    client: Client,
    bag: Path,
    weights: str,
    device: str,
    log: Callable[[str], None],
) -> None:
    """Start the node, wait for its model, then play the recording."""
    start = time.monotonic()
    log(f"==> refer_segment_node is loading the weights '{weights}'")
    parameters = {"weights": weights, "device": device}
    remaps = {
        "image": demo_bag.IMAGE_TOPIC,
        "depth": demo_bag.DEPTH_TOPIC,
        "camera_info": demo_bag.INFO_TOPIC,
    }
    arguments = [part for item in parameters.items() for part in ("-p", "{}:={}".format(*item))]
    arguments += [part for item in remaps.items() for part in ("-r", "{}:={}".format(*item))]
    children.start("node", "zsris_ros.ros.node", "--ros-args", *arguments, long_running=True)
    client.wait(LOADING_TIMEOUT)
    # The node answers after its model is loaded and has run once.
    client.refer("the first thing", np.full((48, 64, 3), 128, np.uint8), LOADING_TIMEOUT)
    log(f"    ready after {time.monotonic() - start:.0f} s")
    log(f"==> playing {bag.name}: {demo_bag.IMAGE_TOPIC}, {demo_bag.DEPTH_TOPIC}")
    children.start(
        "player", "zsris_ros.ros.client.bag_player", str(bag), "--wait", f"{DISCOVERY_TIMEOUT:g}"
    )
    children.wait("player", PLAYING_TIMEOUT)


def _ask_all(
    client: Client,
    scenes: Sequence[RecordedScene],
    frames: dict[int, Frame],
    log: Callable[[str], None],
) -> Iterator[DemoAnswer]:
    total = sum(len(scene.expressions) for scene in scenes)
    number, has_grasp = 0, False
    for scene in scenes:
        frame = frames[scene.stamps_ns[-1]]
        for expression in scene.expressions:
            number += 1
            answer = client.refer(expression.text, frame.stamp_ns, ANSWER_TIMEOUT)
            scored = score_answer(frame, scene, expression, answer)
            if answer.verdict is Verdict.FOUND and not has_grasp:
                grasped = with_grasp(scored, frame, answer, log)
                scored, has_grasp = grasped or scored, grasped is not None
            log(
                f"[{number:2}/{total}] {expression.text}: {answer.status}, IoU {scored.iou:.2f}, "
                f"{scored.total_ms:.0f} ms"
            )
            yield scored


def score_answer(
    frame: Frame, scene: RecordedScene, expression: RecordedExpression, answer: RemoteAnswer
) -> DemoAnswer:
    """Compare an answer with the truth and draw it into the frame."""
    empty = np.zeros(frame.rgb.shape[:2], bool)
    mask = empty if answer.mask is None else answer.mask
    centroid = answer.centroid
    if answer.verdict is Verdict.AMBIGUOUS and answer.candidates:
        centroid = answer.candidates[0].centroid  # the answer itself has metres for FOUND only
    truth, error = _nearest(scene, expression, centroid)
    drawn = ReferringResult(
        answer.verdict or Verdict.NOT_FOUND,
        Expression(expression.text, NounPhrase(expression.text, "")),
        answer.candidates,
        mask,
        answer.message,
        answer.explanation,
    )
    return DemoAnswer(
        expression=expression.text,
        status=answer.status,
        message=answer.message,
        expected=expression.verdict,
        iou=_iou(scene, expression, mask),
        centroid=centroid,
        truth=truth,
        error_mm=error,
        total_ms=answer.total_ms,
        cache_hit=answer.cache_hit,
        stamp_ns=answer.stamp_ns,
        image=draw_result(frame.rgb, drawn, expression.text),
    )


def with_grasp(
    scored: DemoAnswer, frame: Frame, answer: RemoteAnswer, log: Callable[[str], None]
) -> DemoAnswer | None:
    """Plan a grasp of the answer's object and draw it into the image; None without a grasp."""
    if answer.mask is None or frame.intrinsics is None:
        return None
    gripper = load_gripper(GRIPPER)
    plan = plan_grasps(frame, answer.mask, gripper)
    log(f"        {plan.message}")
    if plan.best is None:
        return None
    best, outline = plan.best, gripper.outline(plan.best.opening)
    pregrasp, camera = best.pregrasp_distance, frame.intrinsics
    return replace(scored, image=draw_grasp(scored.image, best.pose, outline, pregrasp, camera))


def _iou(scene: RecordedScene, expression: RecordedExpression, mask: BoolArray) -> float:
    """Return the IoU with all targets; for AMBIGUOUS with the best matching target."""
    if expression.verdict is Verdict.AMBIGUOUS:
        return max(iou(scene.labels == label, mask) for label in expression.labels)
    return iou(scene.mask(expression), mask)


def _nearest(
    scene: RecordedScene, expression: RecordedExpression, point: Point | None
) -> tuple[Point | None, float | None]:
    """Return the true centroid nearest to ``point`` and its distance in millimetres."""
    centroids = [each.centroid_m for each in scene.targets(expression)]
    if point is None or not centroids:
        return (centroids[0] if centroids else None), None
    errors = [float(np.linalg.norm(np.subtract(point, each)) * 1000) for each in centroids]
    return min(zip(centroids, errors, strict=True), key=lambda pair: pair[1])
