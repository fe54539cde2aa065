"""The level of /diagnostics: failures in a row, a camera that stops, a lost device."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from sensor_msgs.msg import Image
from support.ros_camera import SECOND, Camera, Listener, black_image, colour_image, wait_until
from support.ros_processes import Process, node_with_stand_in, status_of

from zsris_ros.ros.client.service_client import Client
from zsris_ros.ros.lifecycle.process import DEVICE_LOST

OK, WARN, ERROR, STALE = (
    getattr(DiagnosticStatus, level) for level in ("OK", "WARN", "ERROR", "STALE")
)
GIVEN = colour_image(1)
NAMES = {"__ns": "/arm", "image": "image", "depth": "depth", "camera_info": "camera_info"}


@pytest.fixture(scope="module")
def process(ros: None) -> Iterator[Process]:
    remaps = {name: f"/{name}" for name in ("refer_segment", "image", "depth", "camera_info")}
    with node_with_stand_in({"__ns": "/arm", **remaps}, image_timeout=2.0) as running:
        running.wait_for_log("the model is ready")
        yield running


@pytest.fixture
def reports(here: Node, process: Process) -> Iterator[Listener]:
    listener = Listener(here, DiagnosticArray, "/diagnostics")
    yield listener
    here.destroy_subscription(listener._subscription)


def status_with(reports: Listener, level: bytes, said: str = "") -> DiagnosticStatus:
    """Wait for a new report with a level and a text."""
    reports.messages.clear()
    found = reports.wait(
        lambda each: each.status[0].level == level and said in each.status[0].message
    )
    return found.status[0]


@pytest.mark.fault("repeated failures of the model: ERROR in /diagnostics until an answer")
def test_failures_in_a_row_raise_the_level(
    process: Process, client: Client, camera: Camera, reports: Listener
) -> None:
    camera.send(10**9)
    assert status_of(client.ask("crash", image=GIVEN)) == "FAILED"
    camera.send(2 * 10**9)
    status = status_with(reports, WARN, "1 requests failed since the last answer")
    assert status.name == "arm/refer_segment_node: refer_segment"
    for _ in range(2):
        assert status_of(client.ask("crash", image=GIVEN)) == "FAILED"
    camera.send(3 * 10**9)
    status_with(reports, ERROR, "CUDA out of memory")
    assert status_of(client.ask("red", image=GIVEN)) == "FOUND"
    camera.send(4 * 10**9)
    status_with(reports, OK)


def test_a_camera_that_stops_is_stale(camera: Camera, reports: Listener) -> None:
    camera.send(10 * 10**9)
    status_with(reports, OK)
    status = status_with(reports, STALE, "no image on '/image'")
    values = {pair.key: pair.value for pair in status.values}
    assert "no depth on '/depth'" in values["depth"]
    assert values["camera_info"] == "arrives", "one suffices"
    camera.send(20 * 10**9)
    status_with(reports, OK)


@pytest.mark.fault("a lost GPU: the request gets FAILED, the process ends with code 3")
def test_a_lost_device_ends_the_process_with_its_own_code(ros: None) -> None:
    names = {"refer_segment": "/lost", "__node": "lost", "image": "/lost/image"}
    with node_with_stand_in(names) as process, Client("/lost", "losing") as caller:
        process.wait_for_log("the model is ready")
        response = caller.ask("lose", image=GIVEN)
        assert status_of(response) == "FAILED" and "illegal memory access" in response.message
        assert process.wait() == DEVICE_LOST
        last = process.log().strip().splitlines()[-1]
        assert last == (
            "refer_segment_node: the device is lost, which ends the process: "
            "CUDA error: device-side assert triggered"
        )


@pytest.mark.fault("a GPU that is lost during a request: open requests get a reason")
def test_open_requests_are_answered_before_a_lost_device_ends_the_process(ros: None) -> None:
    names = {"refer_segment": "/late", "__node": "late", "image": "/late/image"}
    with (
        node_with_stand_in(names) as process,
        Client("/late", "losing") as caller,
        Client("/late", "waiting") as other,
        ThreadPoolExecutor() as threads,
    ):
        process.wait_for_log("the model is ready")
        other.wait(30.0)
        running = threads.submit(caller.ask, "lose 1.2", image=GIVEN)
        time.sleep(0.3)
        waiting = threads.submit(other.ask, "red", image=GIVEN)
        assert "illegal memory access" in running.result().message
        assert "shutting down" in waiting.result().message
        assert process.wait() == DEVICE_LOST


@pytest.mark.fault("a GPU that is lost while the node looks ahead: the process ends with code 3")
def test_a_device_that_is_lost_in_idle_time_ends_the_process(here: Node) -> None:
    names = {"refer_segment": "/idle", "__node": "idle", "image": "/idle/image"}
    images = here.create_publisher(Image, "/idle/image", 5)
    with node_with_stand_in(names, look_ahead=1.0) as process:
        process.wait_for_log("the model is ready")
        stamps = count(SECOND, SECOND)

        def ended() -> bool:
            images.publish(black_image(next(stamps)))
            time.sleep(0.1)
            return process.has_ended

        wait_until(ended, 30.0, "the process goes on without a device")
        assert process.wait() == DEVICE_LOST
        assert "device-side assert triggered" in process.log().strip().splitlines()[-1]


@pytest.mark.fault("a GPU whose memory cannot be read: the process ends with code 3")
def test_a_device_whose_memory_cannot_be_read_ends_the_process(ros: None) -> None:
    names = {"refer_segment": "/poisoned", "__node": "poisoned", "image": "/poisoned/image"}
    with node_with_stand_in(names) as process, Client("/poisoned", "poisoning") as caller:
        process.wait_for_log("the model is ready")
        assert status_of(caller.ask("poison", image=GIVEN)) == "FOUND"
        assert process.wait() == DEVICE_LOST
        log = process.log().strip()
        assert log.endswith("ends the process: CUDA error: unspecified launch failure")
        assert "Traceback" not in log
