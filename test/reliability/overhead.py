"""The overhead of ROS: calls, publishing, idle CPU load; called by ``make bench``.

Node, bundled weights, real processes over DDS, 640x480 RGB-D at 30 Hz. Milliseconds are those of a
client, from the call to the response.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import rclpy
import torch
from rclpy.serialization import serialize_message
from std_msgs.msg import Header
from support.ros_camera import wait_until
from support.ros_domain import own_domain
from support.ros_processes import Process, node, status_of
from zsris_ros.msg import RequestResult
from zsris_ros.srv import ReferSegment

from zsris_ros.benchmark import machine
from zsris_ros.demo.demo_bag import TABLETOP_BAG, read_frames, read_truth
from zsris_ros.models.load_options import LoadOptions
from zsris_ros.models.robot_models import load_segmenter
from zsris_ros.ros.client.service_client import Client
from zsris_ros.ros.inputs.subscriptions import IDLE_AFTER
from zsris_ros.ros.publishers.answer import Answer, Reply, ReplyOptions
from zsris_ros.ros.publishers.result_messages import fill_response, to_result
from zsris_ros.ros.publishers.result_publishers import ResultPublishers

TIMEOUT = 120.0
QUEUE_SECONDS = 3.0
"""Until the queues of ``buffer_length`` messages are full."""
ANSWERED = {"FOUND", "AMBIGUOUS", "NOT_FOUND"}
EXPRESSIONS = [f"the {colour} box" for colour in ("red", "green", "blue", "white", "yellow")]


TOPICS = ("mask", "overlay")

LISTENER = """
import sys, rclpy
from sensor_msgs.msg import Image
rclpy.init()
node = rclpy.create_node("listener")
def ignore(_): pass
for topic in sys.argv[2:]:
    node.create_subscription(Image, f"{sys.argv[1]}/{topic}", ignore, 10)
print("subscribed", flush=True)
rclpy.spin(node)
"""

RECEIVER = """
import time, rclpy
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image
rclpy.init()
node = rclpy.create_node("receiver")
for topic, kind in (("image", Image), ("depth", Image), ("camera_info", CameraInfo)):
    node.create_subscription(kind, topic, print, qos_profile_sensor_data)
print("subscribed", flush=True)
time.sleep(1e6)
"""
"""Subscribes to the camera and takes no message: the middleware's part of the idle CPU load."""


ECHO = """
import sys, rclpy
from pathlib import Path
from rclpy.serialization import deserialize_message
from zsris_ros.ros.qos import SERVICE
from zsris_ros.srv import ReferSegment
rclpy.init()
node = rclpy.create_node("echo", start_parameter_services=False)
stored = deserialize_message(Path(sys.argv[1]).read_bytes(), ReferSegment.Response)
def answer(request, response): return stored
node.create_service(ReferSegment, "/echo", answer, qos_profile=SERVICE)
print("serving", flush=True)
rclpy.spin(node)
"""
"""Answers each call at once with a stored response: the part of rclpy and the middleware."""


def ask(
    client: Client, expression: str, again: RequestResult | None
) -> tuple[dict[str, float], RequestResult]:
    """Call about the newest frame or that of an answer; return milliseconds and outcome."""
    begin = time.perf_counter()
    stamp = None if again is None else again.header.stamp
    response = client.ask(expression, stamp=stamp, timeout=TIMEOUT)
    whole = (time.perf_counter() - begin) * 1e3
    assert status_of(response) in ANSWERED, response.message
    assert response.cache_hit == (again is not None)
    pipeline = sum(response.stage_seconds) * 1e3
    return {"whole": whole, "pipeline": pipeline, "in_node": response.total_seconds * 1e3}, response


def ask_many(client: Client, frames: int) -> dict[str, dict[str, float]]:
    """Return the medians of calls about new frames and of further calls about each."""
    new, further = [], []
    for _ in range(frames):
        first, answered = ask(client, EXPRESSIONS[0], None)
        new.append(first)
        further += [ask(client, expression, answered)[0] for expression in EXPRESSIONS]
    return {"new_frame": medians(new), "same_frame": medians(further)}


def echoes(outcome: RequestResult, count: int) -> dict[str, float]:
    """Return the median, least and most milliseconds of calls that are answered with ``outcome``.

    Client and service are rclpy processes that do nothing else.
    """
    response = ReferSegment.Response()
    fill_response(response, outcome)
    with TemporaryDirectory() as folder, Client("/echo", name="echo_caller") as client:
        stored = Path(folder) / "response"
        stored.write_bytes(serialize_message(response))
        with Process("-c", ECHO, str(stored)) as echo:
            echo.wait_for_log("serving")
            client.wait(TIMEOUT)
            times = []
            for _ in range(count):
                begin = time.perf_counter()
                client.ask(EXPRESSIONS[0], timeout=TIMEOUT)
                times.append((time.perf_counter() - begin) * 1e3)
    return {
        "median_ms": round(float(np.median(times)), 2),
        "least_ms": round(min(times), 2),
        "most_ms": round(max(times), 2),
    }


def medians(calls: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the medians of all figures and of the time beyond the pipeline."""
    found = {name: [call[name] for call in calls] for name in calls[0]}
    found["beyond"] = [call["whole"] - call["pipeline"] for call in calls]
    return {f"{name}_ms": round(float(np.median(each)), 2) for name, each in found.items()}


def share_of_a_core(process: Process, seconds: float) -> float:
    """Return the CPU load of a process over the next ``seconds``."""
    before, begin = _processor_seconds(process), time.monotonic()
    time.sleep(seconds)
    return (_processor_seconds(process) - before) / (time.monotonic() - begin)


def _processor_seconds(process: Process) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def publishing(count: int) -> dict[str, float]:
    """Return milliseconds to convert and publish mask and overlay with a subscriber in a process.

    Requests are answered in between, as in the node. Needs rclpy.
    """
    scene = read_truth(TABLETOP_BAG)[0]
    (frame,) = read_frames(TABLETOP_BAG, [scene.stamps_ns[0]]).values()
    segmenter = load_segmenter("tabletop", LoadOptions(device="cpu"))
    looked = segmenter.look(frame)
    result = segmenter.instruct(looked, scene.expressions[0].text)
    answer = Answer(result, frame, looked.proposals.masks, Header(frame_id="camera"), False)
    options = ReplyOptions(max_candidates=10)
    here = rclpy.create_node("publishing")
    outputs = ResultPublishers(here)
    with Process("-c", LISTENER, "/publishing", *TOPICS) as listener:
        listener.wait_for_log("subscribed")
        topics = [f"/publishing/{topic}" for topic in TOPICS]
        wait_until(lambda: all(map(here.count_subscribers, topics)), TIMEOUT, "no subscriber")
        times, cpu_times = [], []
        for _ in range(count):
            begin, cpu_begin = time.perf_counter(), time.thread_time()
            outputs.publish(Reply(answer, to_result(answer, options)), with_overlay=True)
            times.append((time.perf_counter() - begin) * 1e3)
            cpu_times.append((time.thread_time() - cpu_begin) * 1e3)
            segmenter.instruct(looked, scene.expressions[0].text)  # precedes publishing in the node
    here.destroy_node()
    return {
        "median_ms": round(float(np.median(times)), 2),
        "cpu_ms": round(float(np.median(cpu_times)), 2),
        "max_ms": round(max(times), 2),
    }


def measure(frames: int, seconds: float) -> dict[str, Any]:
    """Measure all figures. Needs rclpy."""
    with (
        node({"image": "/image", "depth": "/depth", "camera_info": "/camera_info"}) as served,
        Client(name="overhead") as client,
    ):
        client.wait(TIMEOUT)
        served.wait_for_log("the model is ready", TIMEOUT)
        alone = share_of_a_core(served, seconds)
        with Process("-m", "reliability.moving_camera"):
            wait_until(lambda: status_of(client.ask("red")) in ANSWERED, TIMEOUT, "no image")
            shares, waiting = [], []
            for _ in range(3):
                time.sleep(IDLE_AFTER + QUEUE_SECONDS)
                shares.append(share_of_a_core(served, seconds))
                waiting.append(ask(client, EXPRESSIONS[0], None)[0])
            with Process("-c", RECEIVER) as receiver:
                receiver.wait_for_log("subscribed", TIMEOUT)
                time.sleep(2.0)  # discovery
                received = share_of_a_core(receiver, seconds)
            calls = ask_many(client, frames)
            echo = echoes(ask(client, EXPRESSIONS[0], None)[1], len(EXPRESSIONS) * frames)
            with Process("-c", LISTENER, "/refer_segment_node", *TOPICS) as listener:
                listener.wait_for_log("subscribed")
                time.sleep(2.0)  # discovery
                subscribed = ask_many(client, frames)
    return {
        "frames": frames,
        **calls,
        "same_frame_with_mask_and_overlay_heard": subscribed["same_frame"],
        "echo_of_the_same_response": echo,
        "after_idle_time": medians(waiting),
        "publishing_mask_and_overlay": publishing(5 * frames),
        "idle_share_of_a_core": round(float(np.median(shares)), 3),
        "share_of_the_middleware": round(received, 3),
        "share_without_a_camera": round(alone, 3),
        **machine.provenance(torch.device("cpu")),
    }


def main() -> int:
    """Measure and write the figures; return 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="duration of the measurement of the idle node"
    )
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
