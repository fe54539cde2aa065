"""What ROS costs on top of the pipeline: a call, an answer's topics, a camera nobody asks about.

Real node, real model (the bundled weights), real processes over DDS, 640x480 RGB-D at 30 Hz; called
by ``make bench``. Milliseconds are a caller's: from before a call until its answer is there.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
import torch
from std_msgs.msg import Header
from support.ros_processes import Process, node
from zsris_ros.srv import ReferSegment

from reliability.domain import own_domain
from zsris_ros.benchmark import machine
from zsris_ros.demo.demo_bag import SHIPPED, read_frames, read_truth
from zsris_ros.models.load import load_segmenter
from zsris_ros.ros.client.service_client import STATUS_NAMES, Client
from zsris_ros.ros.publishers.result_publishers import Outputs
from zsris_ros.ros.requests.request_handler import Answer

PATIENCE = 120.0
ANSWERED = {"FOUND", "AMBIGUOUS", "NOT_FOUND"}
EXPRESSIONS = [f"the {colour} box" for colour in ("red", "green", "blue", "white", "yellow")]


TOPICS = ("mask", "overlay")

LISTENER = """
import sys, rclpy
from sensor_msgs.msg import Image
rclpy.init()
node = rclpy.create_node("listener")
def hear(_): pass
for topic in sys.argv[2:]:
    node.create_subscription(Image, f"{sys.argv[1]}/{topic}", hear, 10)
print("listening", flush=True)
rclpy.spin(node)
"""


def ask(
    client: Client, expression: str, again: ReferSegment.Response | None
) -> tuple[dict[str, float], ReferSegment.Response]:
    """One call, about the newest frame or the one of an answer; milliseconds, and the answer."""
    begin = time.perf_counter()
    stamp = None if again is None else again.header.stamp
    response = client.ask(expression, stamp=stamp, timeout=PATIENCE)
    whole = (time.perf_counter() - begin) * 1e3
    assert STATUS_NAMES[response.status] in ANSWERED, response.message
    assert response.cache_hit == (again is not None)
    pipeline = sum(response.timing_ms)
    return {"whole": whole, "pipeline": pipeline, "in_node": response.total_ms}, response


def ask_many(client: Client, frames: int) -> dict[str, dict[str, float]]:
    """Medians of calls about so many new frames, and of further ones about each of them."""
    new, further = [], []
    for _ in range(frames):
        first, answered = ask(client, EXPRESSIONS[0], None)
        new.append(first)
        further += [ask(client, expression, answered)[0] for expression in EXPRESSIONS]
    return {"new_frame": medians(new), "same_frame": medians(further)}


def medians(calls: Sequence[dict[str, float]]) -> dict[str, float]:
    """Of every kind of figure, and of the part of a call that is not the pipeline's."""
    found = {name: [call[name] for call in calls] for name in calls[0]}
    found["beyond"] = [call["whole"] - call["pipeline"] for call in calls]
    return {f"{name}_ms": round(float(np.median(each)), 2) for name, each in found.items()}


def share_of_a_core(process: Process, seconds: float) -> float:
    """Processor time of a process over the next ``seconds``."""
    before, begin = _processor_seconds(process), time.monotonic()
    time.sleep(seconds)
    return (_processor_seconds(process) - before) / (time.monotonic() - begin)


def _processor_seconds(process: Process) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def publishing(count: int) -> dict[str, float]:
    """Milliseconds to make and publish mask and overlay of a recorded scene's answer, both heard.

    In this process, which answers in between; the subscriber has its own. Needs rclpy.
    """
    scene = read_truth(SHIPPED)[0]
    (frame,) = read_frames(SHIPPED, [scene.stamps_ns[0]]).values()
    segmenter = load_segmenter("tabletop", device="cpu")
    looked = segmenter.look(frame)
    referral = segmenter.refer(looked, scene.expressions[0].text)
    answer = Answer(referral, frame, looked.proposals.masks, Header(frame_id="camera"), False)
    here = rclpy.create_node("publishing")
    outputs = Outputs(here)
    with Process("-c", LISTENER, "/publishing", *TOPICS) as listener:
        listener.wait_for_log("listening")
        deadline = time.monotonic() + PATIENCE
        while not all(here.count_subscribers(f"/publishing/{topic}") for topic in TOPICS):
            assert time.monotonic() < deadline, "nobody listens"
            time.sleep(0.1)
        times = []
        for _ in range(count):
            begin = time.perf_counter()
            outputs.publish(answer, with_overlay=True)
            times.append((time.perf_counter() - begin) * 1e3)
            segmenter.refer(looked, scene.expressions[0].text)  # what comes before it in the node
    here.destroy_node()
    return {"median_ms": round(float(np.median(times)), 2), "max_ms": round(max(times), 2)}


def measure(frames: int, seconds: float) -> dict[str, Any]:
    """All figures. Needs rclpy."""
    with (
        node({"image": "/image", "depth": "/depth", "camera_info": "/camera_info"}) as served,
        Client(name="overhead") as client,
    ):
        client.wait(PATIENCE)
        served.wait_for_log("the model is ready", PATIENCE)
        alone = share_of_a_core(served, seconds)
        with Process("-m", "reliability.moving_camera"):
            _wait_for_images(client)
            idle = share_of_a_core(served, seconds)
            calls = ask_many(client, frames)
            with Process("-c", LISTENER, "/refer_segment_node", *TOPICS) as listener:
                listener.wait_for_log("listening")
                time.sleep(2.0)  # until the node has discovered it
                heard = ask_many(client, frames)
    return {
        "frames": frames,
        **calls,
        "same_frame_with_mask_and_overlay_heard": heard["same_frame"],
        "publishing_mask_and_overlay": publishing(5 * frames),
        "idle_share_of_a_core": round(idle, 3),
        "share_without_a_camera": round(alone, 3),
        **machine.provenance(torch.device("cpu")),
    }


def _wait_for_images(client: Client) -> None:
    deadline = time.monotonic() + PATIENCE
    while STATUS_NAMES[client.ask("red", timeout=PATIENCE).status] not in ANSWERED:
        assert time.monotonic() < deadline, "the camera is not heard"
        time.sleep(0.1)


def main() -> int:
    """Exit code 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20.0, help="of looking at an idle node")
    parser.add_argument("--out", type=Path, default=Path("bench/ros.json"))
    chosen = parser.parse_args()
    with own_domain():
        found = measure(chosen.frames, chosen.seconds)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
