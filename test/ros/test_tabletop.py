"""The real node on the bundled weights: a bag plays, a client in another process asks."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import numpy as np
from processes import ROOT, node, player

from zsris_ros.demo.recording import (
    DEPTH_TOPIC,
    IMAGE_TOPIC,
    INFO_TOPIC,
    SHIPPED,
    read_truth,
)

ASK = """
import json, sys
import rclpy
from builtin_interfaces.msg import Time
from zsris_ros.ros.client import STATUS_NAMES, Client
rclpy.init()
with Client() as client:
    for text, stamp in json.loads(sys.argv[1]):
        moment = Time(sec=stamp // 10**9, nanosec=stamp % 10**9)
        answer = client.ask(text, stamp=moment, return_mask=True, timeout=120.0)
        point = answer.centroid.point
        print(json.dumps({
            "status": STATUS_NAMES[answer.status], "message": answer.message,
            "hit": answer.cache_hit, "depth": answer.has_depth,
            "frame": answer.centroid.header.frame_id,
            "point": [point.x, point.y, point.z],
            "stamp": answer.header.stamp.sec * 10**9 + answer.header.stamp.nanosec,
            "mask": sum(1 for value in answer.mask.data if value),
        }), flush=True)
rclpy.try_shutdown()
"""


def test_a_second_process_asks_while_a_bag_plays() -> None:
    scene = read_truth(SHIPPED)[0]
    questions = [q for q in scene.questions if len(q.labels) == 1][:3]
    stamp = scene.stamps_ns[-1]
    remaps = {"image": IMAGE_TOPIC, "depth": DEPTH_TOPIC, "camera_info": INFO_TOPIC}
    with node(remaps, device="cpu", buffer_length=60) as running:
        running.wait_for_log("the model is ready", timeout=120)
        with player(SHIPPED, "--wait", "20") as playing:
            assert playing.wait(timeout=90) == 0, playing.log()
        asked = json.dumps([[q.text, stamp] for q in questions])
        client = subprocess.run(
            [sys.executable, "-c", ASK, asked],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert client.returncode == 0, client.stderr + running.log()
        answers = [json.loads(line) for line in client.stdout.splitlines()]
        assert len(answers) == 3
        for question, answer in zip(questions, answers, strict=True):
            assert answer["status"] == "FOUND", answer["message"]
            assert answer["stamp"] == stamp and answer["depth"]
            assert answer["frame"] == "camera_color_optical_frame"
            (thing,) = scene.meant(question)
            assert np.linalg.norm(np.subtract(answer["point"], thing.centroid_m)) < 0.015
            true_pixels = scene.mask(question).sum()
            assert abs(answer["mask"] - true_pixels) < 0.2 * true_pixels
        assert [answer["hit"] for answer in answers] == [False, True, True]
        code, seconds = running.end(signal.SIGINT)
        assert code == 0 and seconds < 3
