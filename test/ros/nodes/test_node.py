"""The node over DDS: answers, refusals, errors of the model, load, and the end of the process.

The model is the stand-in of support/stand_in_model.py.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from support.lifecycle_manager import Manager
from support.ros_camera import (
    FOCAL,
    HEIGHT,
    SECOND,
    WIDTH,
    Camera,
    Listener,
    Stream,
    colour_image,
    header,
    picture,
    wait_until,
)
from support.ros_processes import Process, node_with_stand_in, status_of
from zsris_ros.srv import ReferSegment

from zsris_ros.camera.conversions import to_array
from zsris_ros.camera.image_messages import stamp_ns
from zsris_ros.ros.client.service_client import Client
from zsris_ros.ros.lifecycle.lifecycle_node import WorkerLifecycleNode
from zsris_ros.ros.node import ReferSegmentNode

Response = ReferSegment.Response
TOPICS = "/refer_segment_node"


@pytest.fixture(scope="module")
def process(ros: None) -> Iterator[Process]:
    with node_with_stand_in(max_pending=2, max_candidates=5, image_timeout=0.5) as running:
        running.wait_for_log("the model is ready")
        yield running


@pytest.fixture(scope="module")
def manager(client: Client) -> Manager:
    return Manager(client)


class Clock:
    """Increasing stamps, so that no test makes time jump back."""

    def __init__(self) -> None:
        self.now = 1000 * SECOND

    def later(self, seconds: float = 10.0) -> int:
        self.now += round(seconds * SECOND)
        return self.now


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


def to_time(nanoseconds: int) -> Time:
    return Time(sec=nanoseconds // SECOND, nanosec=nanoseconds % SECOND)


# First, before there is an image.
def test_before_the_first_image_the_topic_is_named(process: Process, client: Client) -> None:
    response = client.ask("red")
    assert status_of(response) == "NO_IMAGE"
    assert "/image" in response.message
    process.wait_for_log("no image on '/image'")
    assert "the topic has no publisher" in process.log()


def test_an_answer_has_everything(client: Client, camera: Camera, clock: Clock) -> None:
    stamp = clock.later()
    camera.send(stamp, left=30)
    response = camera.ask_about(
        client, stamp, return_mask=True, until=lambda answer: answer.has_depth
    )
    assert status_of(response) == "FOUND"
    assert response.message.partition(";")[0] == "red: the red pixels"
    assert response.explanation == "they are red"
    assert response.header == header(stamp) == response.mask.header == response.centroid.header
    assert np.array_equal(to_array(response.mask), picture(30)[1] * 255)
    assert response.has_depth
    point = response.centroid.point
    expected = (33.5 - WIDTH / 2) / FOCAL * 1.5, (23.5 - HEIGHT / 2) / FOCAL * 1.5, 1.5
    best = response.candidates[0]
    assert (point.x, point.y, point.z) == pytest.approx(expected, abs=1e-6)
    assert (best.centroid_pixel.x, best.centroid_pixel.y) == (33.5, 23.5)
    box = best.box
    assert (box.x_offset, box.y_offset, box.width, box.height) == (30, 20, 8, 8)
    assert best.source == "stand-in" and not best.mask.data
    seconds = dict(zip(response.stages, response.stage_seconds, strict=True))
    assert (seconds["look"], seconds["refer"]) == (0.001, 0.002) and seconds["conversion"] > 0
    assert response.total_seconds > seconds["conversion"]


def test_the_mask_comes_only_when_asked_for_and_candidates_are_capped(
    client: Client, camera: Camera, clock: Clock
) -> None:
    stamp = clock.later()
    camera.send(stamp)
    response = camera.ask_about(client, stamp)
    assert len(response.mask.data) == 0
    assert len(response.candidates) == 5
    assert len(client.ask("red", max_candidates=2).candidates) == 2
    assert len(client.ask("red", max_candidates=200).candidates) == 5


def test_the_stamp_selects_the_frame(client: Client, camera: Camera, clock: Clock) -> None:
    first = clock.later()
    for left in range(10, 15):
        camera.send(clock.later(1.0), left=left)
        camera.ask_about(client, clock.now)  # keep-last-1: a burst would leave only the last
    response = client.ask("red", stamp=to_time(first + 2 * SECOND + 300_000_000))
    assert stamp_ns(response.header) == first + 2 * SECOND
    assert response.candidates[0].box.x_offset == 11


def test_a_stamp_outside_the_buffer_is_refused_with_its_span(
    client: Client, camera: Camera, clock: Clock
) -> None:
    camera.send(clock.later())
    camera.ask_about(client, clock.now)
    response = client.ask("red", stamp=to_time(clock.now + 60 * SECOND))
    assert status_of(response) == "NO_IMAGE"
    assert f"{clock.now // SECOND}.000 s" in response.message


@pytest.mark.parametrize(
    ("expression", "said"), [("", "empty"), (" \t\n", "empty"), ("a" * 501, "501")]
)
def test_an_unusable_expression_is_refused(client: Client, expression: str, said: str) -> None:
    response = client.ask(expression)
    assert status_of(response) == "INVALID_REQUEST"
    assert said in response.message


def test_an_image_in_the_request_is_answered_about(client: Client) -> None:
    given = colour_image(5, 40, "photo")
    response = client.ask("red", image=given, return_mask=True)
    assert status_of(response) == "FOUND"
    assert response.header == given.header
    assert np.array_equal(to_array(response.mask), picture(40)[1] * 255)
    assert not response.has_depth
    assert client.ask("red", image=given).cache_hit
    given.data[0] = 1
    assert not client.ask("red", image=given).cache_hit


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"encoding": "h264"}, "h264"),
        ({"height": HEIGHT + 1}, "too short"),
        ({"width": 0}, "0x"),
    ],
)
def test_a_broken_image_in_the_request_is_refused(
    client: Client, change: dict[str, object], said: str
) -> None:
    given = colour_image(5, 40)
    for name, value in change.items():
        setattr(given, name, value)
    response = client.ask("red", image=given)
    assert status_of(response) == "INVALID_REQUEST"
    assert said in response.message


@pytest.mark.fault("a camera image that cannot be read")
def test_a_camera_image_that_cannot_be_read_is_named_and_the_next_one_is_answered(
    client: Client, camera: Camera, clock: Clock
) -> None:
    broken = colour_image(clock.later(), 10)
    broken.encoding = "h264"
    deadline = time.monotonic() + 10
    while "h264" not in (response := client.ask("red")).message and time.monotonic() < deadline:
        camera.send_image(broken)  # again, as best effort may lose it
        time.sleep(0.02)
    assert status_of(response) == "NO_IMAGE"
    assert "h264" in response.message and "/image" in response.message
    camera.send(clock.later())
    assert status_of(camera.ask_about(client, clock.now)) == "FOUND"


@pytest.mark.parametrize(
    ("expression", "expected", "said"),
    [
        pytest.param(
            *("crash", "FAILED", "CUDA out of memory"),
            marks=pytest.mark.fault("an exception in the worker: CUDA out of memory"),
        ),
        pytest.param(
            *("exit", "FAILED", "SystemExit"),
            marks=pytest.mark.fault("an exception in the worker: SystemExit"),
        ),
        ("refuse", "INVALID_REQUEST", "this expression cannot be used"),
        ("nothing", "NOT_FOUND", "nothing is red"),
    ],
)
def test_errors_of_the_model_are_reported_and_the_next_call_works(
    process: Process,
    client: Client,
    camera: Camera,
    clock: Clock,
    expression: str,
    expected: str,
    said: str,
) -> None:
    camera.send(clock.later())
    camera.ask_about(client, clock.now)
    response = client.ask(expression)
    assert status_of(response) == expected
    assert said in response.message and "\n" not in response.message
    assert status_of(client.ask("red")) == "FOUND"
    if expression == "crash":
        process.wait_for_log("Traceback")


def test_parameters_images_and_requests_are_served_during_an_inference(
    client: Client, manager: Manager, camera: Camera, clock: Clock
) -> None:
    others = [Client(name=f"client_{number}") for number in range(4)]
    futures = []
    manager.set("max_pending", 2)  # discovers the service, which takes no part in the time
    with Stream(camera, 30.0):
        for other in others:
            other.wait(5.0)
        while stamp_ns(client.ask("red").header) <= clock.now:
            time.sleep(0.05)
        # One running, two waiting, one too many.
        for other, expression in zip(others, ["slow 2", "red", "red", "red"], strict=True):
            futures.append(other._client.call_async(ReferSegment.Request(expression=expression)))
            time.sleep(0.2)
        begun = time.monotonic()
        assert "unconfigured" in manager.set("weights", "openai")
        assert time.monotonic() - begun < 0.5
        responses = []
        for other, future in zip(others, futures, strict=True):
            other._executor.spin_until_future_complete(future, 10.0)
            responses.append(future.result())
        newest = client.ask("red")
        age = time.time() - stamp_ns(newest.header) / SECOND
    for other in others:
        other.close()
    clock.now = time.time_ns()  # the stream has wall-clock stamps
    assert [status_of(response) for response in responses] == ["FOUND", "FOUND", "FOUND", "BUSY"]
    assert "ask again" in responses[3].message
    assert age < 0.5
    # A waiting request uses the newest frame at its arrival.
    assert stamp_ns(responses[1].header) - stamp_ns(responses[0].header) < 1.5 * SECOND


def test_an_answer_does_not_wait_for_the_next_message(
    client: Client, camera: Camera, clock: Clock
) -> None:
    """Without other events only the worker can wake the executor."""
    camera.send(clock.later())
    camera.ask_about(client, clock.now)
    begun = time.monotonic()
    for _ in range(5):
        assert status_of(client.ask("slow 0.1")) == "FOUND"
    assert time.monotonic() - begun < 5 * 0.1 + 1.5


def test_parameters_change_at_run_time_or_are_refused(client: Client, manager: Manager) -> None:
    assert manager.set("max_expression_length", 3) == ""
    assert status_of(client.ask("much too long")) == "INVALID_REQUEST"
    assert manager.set("max_expression_length", 500) == ""
    assert "max_expression_length" in manager.set("max_expression_length", 0)


def test_the_frames_kept_can_be_changed_at_run_time(
    client: Client, manager: Manager, camera: Camera, clock: Clock
) -> None:
    camera.send(clock.later())
    camera.ask_about(client, clock.now)
    older, near = to_time(clock.now), to_time(clock.now + 1)
    camera.send(clock.later())
    camera.ask_about(client, clock.now)
    assert status_of(client.ask("red", stamp=near)) == "FOUND"
    for length in (1, 60):  # dropped frames do not come back
        assert manager.set("buffer_length", length) == ""
        response = client.ask("red", stamp=near)
        assert status_of(response) == "NO_IMAGE"
        assert "with 1 images" in response.message
        kept = client.ask("red", stamp=older)
        assert status_of(kept) == "FOUND" and kept.cache_hit, "the scene of an answer is kept"


def test_diagnostics_count_requests(here: Node, process: Process) -> None:
    report = Listener(here, DiagnosticArray, "/diagnostics").wait()
    values = {pair.key: pair.value for pair in report.status[0].values}
    assert values["model"] == "ready"
    assert int(values["cache hits"]) > 0
    assert int(values["refused"]) > 0
    assert int(values["failed"]) >= 2
    assert values["requests waiting"] == "0"
    assert values["GPU memory"] == "not used"
    assert int(values["frames kept"]) > 0
    assert 1 <= int(values["scenes kept"]) <= 4
    for stage in ("conversion", "look", "refer"):
        assert float(values[f"last {stage} (ms)"]) > 0


@pytest.mark.fault("SIGINT or SIGTERM, also in the middle of an inference: exit 0 within 3 s")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("busy", [False, True])
def test_it_ends_within_three_seconds_even_in_the_middle_of_an_inference(
    here: Node, client: Client, sent: int, busy: bool
) -> None:
    remaps = {"refer_segment": "/ending", "image": "/ending/image"}
    with node_with_stand_in(remaps) as process, Client("/ending", "ending_client") as caller:
        process.wait_for_log("the model is ready")
        caller.wait(10.0)
        if busy:
            given = colour_image(1, 1)
            request = ReferSegment.Request(expression="slow 30", image=given)
            for _ in range(3):  # one running and two waiting
                caller._client.call_async(request)
            time.sleep(0.5)
        code, seconds = process.end(sent)
        assert code == 0, process.log()
        assert seconds < 3
        assert "Traceback" not in process.log()


def test_a_node_that_ends_leaves_the_graph_at_once(here: Node) -> None:
    """Else clients would call its services until the middleware's timeout of 20 s."""
    with node_with_stand_in({"refer_segment": "/leaving", "__node": "leaving"}) as process:
        process.wait_for_log("the model is ready")
        wait_until(lambda: "leaving" in here.get_node_names(), 10.0, "not discovered")
        assert process.end()[0] == 0
        wait_until(lambda: "leaving" not in here.get_node_names(), 5.0, "it is still there")
        services = [name for name, _ in here.get_service_names_and_types()]
        assert not [name for name in services if name.startswith("/leaving")]


def test_the_second_ctrl_c_does_not_break_the_end() -> None:
    """The terminal and `ros2 launch` send one each, at any time of the shutdown."""
    with node_with_stand_in({"refer_segment": "/again"}) as process:
        process.wait_for_log("the model is ready")
        while process._process.poll() is None:
            process._process.send_signal(signal.SIGINT)
            time.sleep(0.005)
        assert process.wait() == 0, process.log()
        assert "Traceback" not in process.log()


@pytest.mark.parametrize(
    ("parameters", "code", "said"),
    [
        ({"max_pending": "many"}, 2, "an integer"),
        ({"weights": "missing"}, 1, "no weights are called 'missing'"),
    ],
)
def test_a_failed_start_ends_with_a_sentence(
    parameters: dict[str, object], code: int, said: str
) -> None:
    with node_with_stand_in({"refer_segment": "/unused"}, **parameters) as process:
        assert process.wait() == code
        last = process.log().strip().splitlines()[-1]
        assert last.startswith("refer_segment_node: ")
        assert said in last
        assert "Traceback" not in process.log()


def test_a_parameter_file_for_all_nodes_is_tolerated(tmp_path: Path) -> None:
    """Such a file holds names of other nodes; a misspelt one cannot be told from them."""
    names = {"use_sim_time": "false", "robot_base_frame": "base_link", "max_pendin": "3"}
    lines = "".join(f"    {name}: {value}\n" for name, value in names.items())
    shared = tmp_path / "shared.yaml"
    shared.write_text(f"/**:\n  ros__parameters:\n{lines}    max_pending: 7\n", encoding="utf-8")
    arguments = ["--ros-args", "--params-file", str(shared), "-r", "__node:=tolerant"]
    with Process("-m", "support.stand_in_model", *arguments) as process:
        process.wait_for_log("the model is ready")
        log = process.log()
    assert "[WARN]" in log and "no parameter robot_base_frame, it is ignored" in log
    assert "no parameter max_pendin, it is ignored; did you mean max_pending?" in log
    assert "use_sim_time, it" not in log and "max_pending, it" not in log


def test_the_node_overrides_only_transition_callbacks_and_destroy_node() -> None:
    """Attributes of the node must not hide attributes of rclpy's nodes."""
    own = {
        name: value
        for kind in (ReferSegmentNode, WorkerLifecycleNode)
        for name, value in vars(kind).items()
        if not name.startswith("__") and not name.startswith("_abc_")
    }
    hidden = set(own) & set(dir(LifecycleNode))
    steps = ("configure", "activate", "deactivate", "cleanup", "shutdown", "error")
    assert hidden == {*(f"on_{step}" for step in steps), "destroy_node"}


def test_warnings_of_the_core_are_in_the_log_of_the_node() -> None:
    with node_with_stand_in(weights="doubtful") as process:
        process.wait_for_log("the model is ready")
        (line,) = (line for line in process.log().splitlines() if "these weights are" in line)
        assert "[WARN]" in line and "[refer_segment_node]: these weights are doubtful" in line
