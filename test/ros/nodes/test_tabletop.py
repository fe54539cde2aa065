"""The real node on the bundled weights: a bag plays, a client in another process asks.

And `zsris replay`, without ROS, answers the same about the same frame of the same bag.
"""

from __future__ import annotations

import hashlib
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.ros_processes import ROOT, node, player

from zsris_ros.demo.demo_bag import (
    DEPTH_TOPIC,
    IMAGE_TOPIC,
    INFO_TOPIC,
    TABLETOP_BAG,
    read_truth,
)
from zsris_ros.geometry import run_lengths

SCENE = read_truth(TABLETOP_BAG)[0]
STAMP = SCENE.stamps_ns[-1]
QUESTIONS = [question for question in SCENE.expressions if len(question.labels) == 1][:3]

ASK = """
import hashlib, json, sys
import rclpy
from builtin_interfaces.msg import Time
from zsris_ros.ros.client.service_client import STATUS_NAMES, Client
rclpy.init()
with Client() as client:
    for text, stamp in json.loads(sys.argv[1]):
        moment = Time(sec=stamp // 10**9, nanosec=stamp % 10**9)
        answer = client.ask(text, stamp=moment, return_mask=True, timeout=120.0)
        point, best = answer.centroid.point, answer.candidates[0]
        print(json.dumps({
            "status": STATUS_NAMES[answer.status], "message": answer.message,
            "hit": answer.cache_hit, "depth": answer.has_depth,
            "frame": answer.centroid.header.frame_id,
            "point": [point.x, point.y, point.z],
            "box": [getattr(answer.pose.pose.position, axis) for axis in "xyz"],
            "size": [getattr(answer.size, axis) for axis in "xyz"],
            "valid": best.valid_depth, "support": answer.on_support,
            "stamp": answer.header.stamp.sec * 10**9 + answer.header.stamp.nanosec,
            "mask": sum(1 for value in answer.mask.data if value),
            "digest": hashlib.sha256(bytes(answer.mask.data)).hexdigest(),
            "pixel": [best.centroid_pixel.x, best.centroid_pixel.y],
            "scores": [each.score for each in answer.candidates],
            "explanation": answer.explanation,
        }), flush=True)
rclpy.try_shutdown()
"""


WITHOUT_ROS = """
import sys
for name in ("rclpy", "sensor_msgs", "zsris_ros.srv", "zsris_ros.msg"):
    sys.modules[name] = None  # an import of it fails
from zsris_ros.cli import main
sys.exit(main(sys.argv[1:]))
"""


def python(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def session(ros: None) -> tuple[list[dict[str, Any]], str]:
    """Return the answers to a client process after the bag was played, and the node's log."""
    remaps = {"image": IMAGE_TOPIC, "depth": DEPTH_TOPIC, "camera_info": INFO_TOPIC}
    with node(remaps, device="cpu", buffer_length=60) as running:
        running.wait_for_log("the model is ready", timeout=120)
        with player(TABLETOP_BAG, "--wait", "20") as playing:
            assert playing.wait(timeout=90) == 0, playing.log()
        client = python(ASK, json.dumps([[question.text, STAMP] for question in QUESTIONS]))
        assert client.returncode == 0, client.stderr + running.log()
        code, seconds = running.end(signal.SIGINT)
        assert code == 0 and seconds < 3
        return [json.loads(line) for line in client.stdout.splitlines()], running.log()


@pytest.fixture(scope="module")
def answers(session: tuple[list[dict[str, Any]], str]) -> list[dict[str, Any]]:
    return session[0]


def test_the_log_names_weights_precision_and_device(
    session: tuple[list[dict[str, Any]], str],
) -> None:
    (line,) = (line for line in session[1].splitlines() if "weights 'tabletop' in " in line)
    assert re.search(r"in (float32|bfloat16|float16) on cpu, [1-9]\d* threads$", line), line


def test_a_second_process_asks_while_a_bag_plays(answers: list[dict[str, Any]]) -> None:
    assert len(answers) == 3
    for question, answer in zip(QUESTIONS, answers, strict=True):
        assert answer["status"] == "FOUND", answer["message"]
        assert answer["stamp"] == STAMP and answer["depth"]
        assert answer["frame"] == "camera_color_optical_frame"
        (thing,) = SCENE.targets(question)
        assert np.linalg.norm(np.subtract(answer["point"], thing.centroid_m)) < 0.015
        assert answer["support"] and answer["valid"] > 0.5
        assert all(0.005 < side < 0.4 for side in answer["size"])
        # The box is around the surface, and the centroid on it.
        reach = np.linalg.norm(answer["size"]) / 2
        assert np.linalg.norm(np.subtract(answer["point"], answer["box"])) < reach
        true_pixels = SCENE.mask(question).sum()
        assert abs(answer["mask"] - true_pixels) < 0.2 * true_pixels
    assert [answer["hit"] for answer in answers] == [False, True, True]


def test_a_replay_without_ros_answers_as_the_node(
    answers: list[dict[str, Any]], tmp_path: Path
) -> None:
    asked = [part for question in QUESTIONS for part in ("--expression", question.text)]
    stamp = f"{STAMP // 10**9}.{STAMP % 10**9:09d}"
    options = ["--weights", "tabletop", "--stamp", stamp, "--device", "cpu"]
    options += ["--out", str(tmp_path / "out")]
    replayed = python(WITHOUT_ROS, "replay", str(TABLETOP_BAG), *asked, *options)
    assert replayed.returncode == 0, replayed.stderr
    lines = (tmp_path / "out" / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(answers)
    for answer, row in zip(answers, map(json.loads, lines), strict=True):
        assert (row["verdict"], row["message"]) == (answer["status"], answer["message"])
        assert row["explanation"] == answer["explanation"]
        assert (row["stamp"], row["frame_id"]) == (stamp, answer["frame"])
        assert row["score"] == pytest.approx(answer["scores"][0], abs=1e-5)
        if answer["status"] == "NOT_FOUND":
            continue
        assert row["centroid_pixel"] == answer["pixel"]
        assert row["centroid_m"] == pytest.approx(answer["point"], abs=1e-6)
        mask = (run_lengths.decode(row["mask"]) * np.uint8(255)).tobytes()
        assert hashlib.sha256(mask).hexdigest() == answer["digest"]
