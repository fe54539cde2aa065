"""Faults around the node: after each of them the next valid call is answered.

`make reliability` makes the table of docs/reliability.md from the marks of these tests.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from lifecycle_msgs.msg import Transition
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from support.lifecycle_manager import Manager
from support.ros_bags import record
from support.ros_camera import (
    SECOND,
    Camera,
    camera_info,
    colour_image,
    depth_image,
    header,
    picture,
    wait_until,
)
from support.ros_processes import Process, node, node_with_stand_in, player, status_of
from zsris_ros.msg import RequestResult
from zsris_ros.srv import ReferSegment

from zsris_ros.camera.conversions import to_array
from zsris_ros.camera.image_messages import stamp_ns
from zsris_ros.ros.client.service_client import Client, Unanswered
from zsris_ros.ros.publishers.image_conversions import to_image

PATIENCE = 30.0
GIVEN = colour_image(1)

CALL_AND_WAIT = """
import sys, rclpy
from zsris_ros.ros.client.service_client import Client
rclpy.init()
with Client(sys.argv[1], "waiting_client") as client:
    client.wait(30.0)
    print("asking", flush=True)
    client.ask(sys.argv[2], timeout=60.0)
"""


@pytest.fixture(scope="module")
def process(ros: None) -> Iterator[Process]:
    with node_with_stand_in(image_timeout=1.0) as running:
        running.wait_for_log("the model is ready", PATIENCE)
        yield running


@pytest.fixture
def stamp() -> int:
    """Return a stamp after those of all earlier tests."""
    return time.time_ns()


def answer_about(client: Client, camera: Camera, stamp: int) -> RequestResult:
    return camera.ask_about(
        client, stamp, lambda answer: status_of(answer) == "FOUND", PATIENCE, return_mask=True
    )


@pytest.mark.fault("a camera that stops")
def test_answers_have_the_age_of_the_newest_image_while_the_camera_is_stopped(
    client: Client, camera: Camera, stamp: int
) -> None:
    camera.send(stamp)
    assert "ago" not in answer_about(client, camera, stamp).message
    time.sleep(1.2)
    response = client.ask("red")
    assert status_of(response) == "FOUND"
    assert re.search(r"the newest image came \d+ s ago$", response.message)
    camera.send(stamp + SECOND)
    assert "ago" not in answer_about(client, camera, stamp + SECOND).message


@pytest.mark.fault("a camera that comes back with another resolution or encoding")
def test_resolution_and_encoding_may_change(client: Client, camera: Camera, stamp: int) -> None:
    rgb, mask = picture(12)
    grown = rgb.repeat(2, axis=0).repeat(3, axis=1)
    kinds = {
        "rgb8": rgb,
        "bgr8": rgb[..., ::-1],
        "rgba8": np.dstack([grown, np.full(grown.shape[:2], 255, np.uint8)]),
        "rgb16": rgb[::2, ::2].astype(np.uint16) * 257,
    }
    for number, (encoding, pixels) in enumerate(kinds.items()):
        image = to_image(np.ascontiguousarray(pixels), encoding, header(stamp + number * SECOND))
        camera.send_again = lambda image=image: camera.send_image(image)
        camera.send_again()
        found = answer_about(client, camera, stamp_ns(image.header)).mask
        assert (found.height, found.width) == pixels.shape[:2]
        expected = mask if pixels.shape[:2] == mask.shape else None
        assert expected is None or np.array_equal(to_array(found) > 0, expected)


@pytest.mark.fault("time that jumps back and forth")
def test_time_jumps_leave_the_right_frame_and_no_jobs(
    process: Process, client: Client, camera: Camera, stamp: int
) -> None:
    busy = client._client.call_async(ReferSegment.Request(expression="slow 1.5", image=GIVEN))
    for turn in range(40):  # more jumps than max_pending
        camera.send(stamp + (turn % 2) * 3600 * SECOND, depth_mm=None)
        time.sleep(0.01)
    assert status_of(client.ask("red", image=GIVEN)) == "FOUND", "time jumps filled the queue"
    client._executor.spin_until_future_complete(busy, PATIENCE)
    assert status_of(busy.result()) == "FOUND"
    for number, seconds in enumerate((5000, 10, 7000, 11)):
        camera.send(seconds * SECOND, left=10 + number)
        response = answer_about(client, camera, seconds * SECOND)
        assert response.candidates[0].box.x_offset == 10 + number
    assert "Traceback" not in process.log()


@pytest.mark.fault("depth without colour")
@pytest.mark.fault("camera_info that never comes")
def test_missing_inputs_are_reported(here: Node) -> None:
    topics = {name: f"/half/{name}" for name in ("image", "depth", "camera_info")}
    remaps = {"refer_segment": "/half", "__node": "half", **topics}
    images, depths = (here.create_publisher(Image, topics[name], 5) for name in ("image", "depth"))
    infos = here.create_publisher(CameraInfo, topics["camera_info"], 5)
    messages = {
        depths: depth_image(SECOND),
        images: colour_image(SECOND),
        infos: camera_info(SECOND),
    }

    def asked(*publishers: object) -> RequestResult:
        for each in publishers:
            each.publish(messages[each])
        time.sleep(0.05)
        return caller.ask("red")

    with node_with_stand_in(remaps) as process, Client("/half", "half_client") as caller:
        process.wait_for_log("the model is ready", PATIENCE)
        wait_until(lambda: depths.get_subscription_count() > 0, PATIENCE, "no subscriber")
        for _ in range(5):
            response = asked(depths)
            assert status_of(response) == "NO_IMAGE" and "/half/image" in response.message
        why = "without metres, because no camera_info has come"
        wait_until(lambda: why in asked(depths, images).message, PATIENCE, "no note")
        assert status_of(asked()) == "FOUND" and not asked().has_depth
        wait_until(lambda: asked(*messages).has_depth, PATIENCE, "no answer in metres")


@pytest.mark.fault("kill -9 of the player")
def test_a_player_that_is_killed_is_replaced(ros: None, tmp_path: Path) -> None:
    remaps = {"refer_segment": "/played", "__node": "played", "image": "/camera"}
    with node_with_stand_in(remaps) as process, Client("/played", "played_client") as caller:
        process.wait_for_log("the model is ready", PATIENCE)
        bag = record(tmp_path, "mcap")
        for _ in range(2):
            with player(bag, "--loop") as playing:
                wait_until(lambda: status_of(caller.ask("red")) == "FOUND", PATIENCE, "no image")
                playing.end(signal.SIGKILL)
            assert status_of(caller.ask("red")) == "FOUND"
        assert "Traceback" not in process.log()


@pytest.mark.fault("a client that is killed while it waits")
def test_a_killed_client_does_not_disturb_the_node(process: Process, client: Client) -> None:
    before = process.log().count("ERROR")
    waiting = [client._client.call_async(ReferSegment.Request(expression="slow 1", image=GIVEN))]
    with Process("-c", CALL_AND_WAIT, "/refer_segment", "slow 0.1") as other:
        other.wait_for_log("asking", PATIENCE)
        time.sleep(0.3)
        other.end(signal.SIGKILL)
    client._executor.spin_until_future_complete(waiting[0], PATIENCE)
    assert status_of(waiting[0].result()) == "FOUND"
    assert status_of(client.ask("red", image=GIVEN)) == "FOUND"
    assert process.log().count("ERROR") == before


@pytest.mark.fault("a burst of calls while the node is held up")
def test_calls_in_a_burst_are_all_answered(process: Process, client: Client) -> None:
    """A stopped process behaves as a busy executor."""
    request = ReferSegment.Request(expression="red", image=GIVEN)
    os.kill(process.pid, signal.SIGSTOP)
    try:
        futures = [client._client.call_async(request) for _ in range(60)]
        time.sleep(0.3)
    finally:
        os.kill(process.pid, signal.SIGCONT)
    for future in futures:
        client._executor.spin_until_future_complete(future, PATIENCE)
    assert all(future.done() for future in futures), "calls were lost"
    statuses = [status_of(future.result()) for future in futures]
    assert set(statuses) <= {"FOUND", "BUSY"} and statuses.count("FOUND") >= 16
    busy = [each.result() for each in futures if status_of(each.result()) == "BUSY"]
    assert all("ask again" in response.message for response in busy)
    assert status_of(client.ask("red", image=GIVEN)) == "FOUND"


@pytest.mark.fault("a node that restarts while clients wait")
def test_clients_work_after_a_restart_of_the_node() -> None:
    remaps = {"refer_segment": "/restarted", "__node": "restarted"}
    with Client("/restarted", "patient_client") as caller:
        with node_with_stand_in(remaps) as process:
            process.wait_for_log("the model is ready", PATIENCE)
            assert status_of(caller.ask("red", image=GIVEN, timeout=PATIENCE)) == "FOUND"
            waiting = caller._client.call_async(
                ReferSegment.Request(expression="slow 30", image=GIVEN)
            )
            time.sleep(0.5)
            process.end(signal.SIGKILL)
        with node_with_stand_in(remaps) as process:
            process.wait_for_log("the model is ready", PATIENCE)
            deadline = time.monotonic() + PATIENCE
            while True:  # before discovery of the new node, calls go to the old one
                try:
                    assert status_of(caller.ask("red", image=GIVEN, timeout=2.0)) == "FOUND"
                    break
                except Unanswered:
                    assert time.monotonic() < deadline, "no answer of the new node"
        assert not waiting.done()


@pytest.mark.fault("a checkpoint that is missing")
@pytest.mark.fault("a corrupted checkpoint")
def test_bad_checkpoints_are_refused_and_good_ones_loaded_after_them(
    ros: None, tmp_path: Path
) -> None:
    remaps = {"refer_segment": "/loaded", "__node": "loaded"}
    chosen = {"weights": "openai-sam-b", "weights_dir": tmp_path, "device": "cpu"}
    with node(remaps, autostart=False, **chosen) as real, Client("/loaded", "loading") as caller:
        caller.wait(60.0)
        manager = Manager(caller, "/loaded")

        def refused(said: str) -> None:
            configuring = manager.begin_change(Transition.TRANSITION_CONFIGURE)
            real.wait_for_log(said, 200.0)  # includes the import of torch
            assert not manager.end(configuring).success

        refused("zsris weights fetch")
        (tmp_path / "sam_vit_b_01ec64.pth").write_bytes(b"PK\x03\x04" + bytes(1000))
        refused("is refused: its sha256 is")
        assert manager.set("weights", "tabletop") == ""
        assert manager.change(Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE)
        assert manager.ask("the red box")[0] in ("FOUND", "NOT_FOUND")
        assert "Traceback" not in real.log()
