"""Instructions over DDS: a bag plays, a second process sends texts, goals and requests.

The model is the real one on the bundled weights.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from support.ros_processes import ROOT, node, player

from zsris_ros.demo.demo_bag import (
    DEPTH_TOPIC,
    IMAGE_TOPIC,
    INFO_TOPIC,
    TABLETOP_BAG,
    read_frames,
    read_truth,
)
from zsris_ros.models.preset import preset_names

pytestmark = pytest.mark.skipif(
    "tabletop" not in preset_names(), reason="the tabletop weights are not in this checkout"
)

SCENE = read_truth(TABLETOP_BAG)[0]
STAMP = SCENE.stamps_ns[-1]
TWO_STEPS = "pick up the cone and put it on the green plate"
MISSING = "put the cone on the yellow ball"
BARE = "the cone"

CLIENT = """
import json, sys, time
import rclpy
from rclpy.action import ActionClient
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PointStamped
from std_msgs.msg import String
from visualization_msgs.msg import MarkerArray
from zsris_ros.action import ReferSegment
from zsris_ros.msg import Utterance
from zsris_ros.srv import ReferSegment as Service

def as_dict(value):
    if hasattr(value, "get_fields_and_field_types"):
        names = value.get_fields_and_field_types()
        return {name: as_dict(getattr(value, name)) for name in names}
    if isinstance(value, (str, bool, int, float)):
        return value
    return [as_dict(each) for each in value]

NAME = "/refer_segment_node"
stamp, texts = json.loads(sys.argv[1])
moment = Time(sec=stamp // 10**9, nanosec=stamp % 10**9)
rclpy.init()
here = rclpy.create_node("second_process")
heard = {"place": [], "markers": [], "say": []}
for name, kind in (("place", PointStamped), ("markers", MarkerArray), ("say", String)):
    here.create_subscription(kind, f"{NAME}/{name}", heard[name].append, 10)
utterances = here.create_publisher(Utterance, "utterance", 10)
goals = ActionClient(here, ReferSegment, "refer_segment")
service = here.create_client(Service, "refer_segment")

def until(done, seconds=60.0):
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise SystemExit("timeout")
        rclpy.spin_once(here, timeout_sec=0.05)

def value(future):
    until(future.done)
    return future.result()

def listen(seconds=0.5):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        rclpy.spin_once(here, timeout_sec=0.05)

until(lambda: all(here.count_publishers(f"{NAME}/{name}") for name in heard))
until(lambda: utterances.get_subscription_count() > 0)
assert goals.wait_for_server(20.0) and service.wait_for_service(20.0)
listen(0.3)
rows = []
for text in texts:
    for each in heard.values():
        each.clear()
    goal = ReferSegment.Goal(expression=text, stamp=moment)
    ended = value(value(goals.send_goal_async(goal)).get_result_async())
    listen()
    response = value(service.call_async(Service.Request(expression=text, stamp=moment)))
    listen()
    rows.append({
        "state": ended.status,
        "result": as_dict(ended.result.outcome), "response": as_dict(response.outcome),
        "place": [as_dict(each) for each in heard["place"]],
        "markers": [as_dict(each) for each in heard["markers"]],
    })
heard["place"].clear()
said = Utterance(text=texts[0])
said.header.stamp = moment
utterances.publish(said)
until(lambda: heard["say"])
listen()
rows.append({"say": heard["say"][0].data, "place": [as_dict(each) for each in heard["place"]]})
print(json.dumps(rows))
rclpy.try_shutdown()
"""


def ask(*texts: str) -> list[dict[str, Any]]:
    """Send the texts from a second process and return its rows; the last one is about speech."""
    client = subprocess.run(
        [sys.executable, "-c", CLIENT, json.dumps([STAMP, texts])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert client.returncode == 0, client.stderr
    rows: list[dict[str, Any]] = json.loads(client.stdout.splitlines()[-1])
    return rows


@pytest.fixture(scope="module")
def rows(ros: None) -> dict[str, dict[str, Any]]:
    """Return the goal's result, the response and the topics for each text, and "spoken"."""
    remaps = {"image": IMAGE_TOPIC, "depth": DEPTH_TOPIC, "camera_info": INFO_TOPIC}
    texts = TWO_STEPS, MISSING, BARE
    with node(remaps, device="cpu", buffer_length=60) as running:
        running.wait_for_log("the model is ready", timeout=120)
        with player(TABLETOP_BAG, "--wait", "20") as playing:
            assert playing.wait(timeout=90) == 0, playing.log()
        return dict(zip((*texts, "spoken"), ask(*texts), strict=True))


def vector(value: dict[str, float]) -> np.ndarray:
    return np.array([value["x"], value["y"], value["z"]])


def depth_at(pixel: dict[str, float]) -> float:
    depth = read_frames(TABLETOP_BAG, [STAMP])[STAMP].depth
    assert depth is not None
    return float(depth[round(pixel["y"]), round(pixel["x"])])


def test_a_goal_with_two_steps_has_target_destination_and_place(
    rows: dict[str, dict[str, Any]],
) -> None:
    row = rows[TWO_STEPS]
    result = row["result"]
    assert (row["state"], result["status"], result["instruction_status"]) == (4, 1, 1)
    assert "the cone and the green plate" in result["message"]
    pick, put = result["steps"]
    assert (pick["action"], pick["verb"], pick["same_as"]) == ("pick", "pick", -1)
    assert pick["destination_kind"] == "" and not pick["has_place"]
    assert (put["action"], put["same_as"], put["destination_kind"]) == ("place", 0, "on")
    assert put["description"] == "place the object of step 1 on the green plate"
    assert pick["targets"] == put["targets"] and len(pick["targets"]) == 1
    (cone,), (plate,) = pick["targets"], put["destinations"]
    assert cone["centroid"] == result["centroid"]["point"], "the response is about the first step"
    assert cone["size"]["z"] > 0.03 and plate["size"]["x"] > 0.1
    assert put["has_place"] and put["places"] == [put["place"]["point"]]
    assert put["place"]["header"] == result["centroid"]["header"] == result["header"]
    assert put["place"]["point"]["z"] == pytest.approx(depth_at(put["place_pixel"]), abs=0.015)
    apart = vector(put["place"]["point"]) - vector(plate["centroid"])
    assert np.linalg.norm(apart) < plate["size"]["x"] / 2
    assert np.linalg.norm(vector(put["place_normal"])) == pytest.approx(1.0)
    assert put["place_normal"]["y"] < -0.3, "up"
    assert 0.0 < put["place_height"] < 0.05


def test_the_service_answers_as_the_action(rows: dict[str, dict[str, Any]]) -> None:
    for row in (rows[TWO_STEPS], rows[MISSING], rows[BARE]):
        for name in ("status", "message", "steps", "instruction_status", "candidates", "centroid"):
            assert row["result"][name] == row["response"][name], name


def test_the_place_point_is_published_for_found_instructions_only(
    rows: dict[str, dict[str, Any]],
) -> None:
    row = rows[TWO_STEPS]
    assert row["place"] == [row["result"]["steps"][1]["place"]] * 2, "the goal's, the request's"
    assert rows[MISSING]["place"] == [] and rows[BARE]["place"] == []
    result = rows[MISSING]["result"]
    assert (result["status"], result["instruction_status"]) == (1, 3)
    assert result["message"] == "I see the cone but no yellow ball."
    (step,) = result["steps"]
    assert step["target_status"] == 1 and step["destination_status"] == 3
    assert not step["has_place"] and step["places"] == [] and step["destinations"] == []
    assert step["message"].startswith("I see no yellow ball")


def test_a_bare_expression_is_one_step(rows: dict[str, dict[str, Any]]) -> None:
    result = rows[BARE]["result"]
    assert result["status"] == result["instruction_status"] == 1
    (step,) = result["steps"]
    assert (step["action"], step["verb"], step["destination_kind"]) == ("find", "", "")
    assert step["target_message"] == result["message"]
    assert step["targets"] == [each for each in result["candidates"] if each["selected"]]


def test_markers_show_target_and_destination_in_two_colours(
    rows: dict[str, dict[str, Any]],
) -> None:
    shown = rows[TWO_STEPS]["markers"][-1]["markers"][1:]
    boxes = [each for each in shown if each["ns"] == "box"]
    assert len(boxes) == 2 and boxes[0]["color"] != boxes[1]["color"]
    (place,) = (each for each in shown if each["ns"] == "place")
    assert place["color"]["b"] == boxes[1]["color"]["b"]
    assert place["pose"]["position"] == rows[TWO_STEPS]["result"]["steps"][1]["place"]["point"]
    (arrow,) = (each for each in shown if each["ns"] == "place_arrow")
    above, below = map(vector, arrow["points"])
    assert above[1] < below[1], "it points down"
    keys = [(each["ns"], each["id"]) for each in shown]
    assert len(set(keys)) == len(keys)


def test_a_spoken_instruction_is_answered(rows: dict[str, dict[str, Any]]) -> None:
    assert rows["spoken"]["say"] == rows[TWO_STEPS]["result"]["message"]
    assert rows["spoken"]["place"] == rows[TWO_STEPS]["place"][:1]
