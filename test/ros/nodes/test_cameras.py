"""Several cameras in one process, and the node in one executor with other nodes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import GetState
from rcl_interfaces.srv import GetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import Image
from support.launch_file import parameter_file, ros_names
from support.lifecycle_manager import Manager
from support.ros_camera import SECOND, Listener, colour_image, picture, wait_until
from support.ros_processes import Process, cameras_with_stand_in, ros_arguments, status_of
from support.service_discovery import discovered_client
from support.stand_in_model import load
from zsris_ros.srv import ReferSegment

from zsris_ros.camera.conversions import to_array
from zsris_ros.ros.client.service_client import Client
from zsris_ros.ros.lifecycle.process import DEVICE_LOST
from zsris_ros.ros.node import ReferSegmentNode, main

LEFT = {"front": 10, "wrist": 40}
"""The left edge of the red square in each camera's picture; the camera "spare" is silent."""

BASE = "/arm"


@pytest.fixture(scope="module")
def process(ros: None) -> Iterator[Process]:
    remaps = ros_names("refer_segment_node", namespace="arm")
    with cameras_with_stand_in("front,wrist,spare", remaps, image_timeout=0.5) as running:
        wait_until(lambda: running.log().count("the model is ready") == 3, 60.0, "not ready")
        yield running


@pytest.fixture(scope="module")
def clients(process: Process) -> Iterator[dict[str, Client]]:
    with ExitStack() as stack:
        made = {
            name: stack.enter_context(Client(f"{BASE}/{name}/refer_segment", f"client_{name}"))
            for name in ("front", "wrist", "spare")
        }
        for each in made.values():
            each.wait(30.0)
        yield made


@pytest.fixture(scope="module")
def pictures(here: Node, clients: dict[str, Client]) -> None:
    """Send each camera's picture until it has arrived."""
    for name, left in LEFT.items():
        images = here.create_publisher(Image, f"{BASE}/{name}/camera/color/image_raw", 1)

        def arrived(name: str = name, left: int = left, images: object = images) -> bool:
            images.publish(colour_image(SECOND, left))  # type: ignore[attr-defined]
            return status_of(clients[name].ask("red")) == "FOUND"

        wait_until(arrived, 20.0, f"no image of {name} arrives")


def test_each_camera_answers_about_its_own_pictures_and_one_may_be_silent(
    here: Node, process: Process, clients: dict[str, Client], pictures: None
) -> None:
    for name, left in LEFT.items():
        response = clients[name].ask("red", return_mask=True)
        assert np.array_equal(to_array(response.mask), picture(left)[1] * 255)
    response = clients["spare"].ask("red")
    assert status_of(response) == "NO_IMAGE"
    assert f"{BASE}/spare/camera/color/image_raw" in response.message
    assert process.log().count("a model was loaded") == 1
    assert "Traceback" not in process.log()


def test_each_camera_has_diagnostics_of_its_own(here: Node, process: Process) -> None:
    listener = Listener(here, DiagnosticArray, "/diagnostics")
    listener.wait_until_matched()
    for name in ("front", "spare"):
        full = f"{BASE.lstrip('/')}/{name}/refer_segment_node: refer_segment"
        listener.wait(lambda each, full=full: each.status[0].name == full)


def test_a_busy_camera_does_not_delay_another_by_more_than_the_running_request(
    clients: dict[str, Client], pictures: None
) -> None:
    """Six requests of 0.4 s wait for one camera, then one for the other: it is served second."""
    flood = [
        clients["front"]._client.call_async(ReferSegment.Request(expression=f"slow 0.4 {number}"))
        for number in range(6)
    ]
    time.sleep(0.2)  # calls of different services are not ordered
    response = clients["wrist"].ask("red")
    assert status_of(response) == "FOUND"
    front = clients["front"]
    for _ in flood:
        front._executor.spin_once(0.0)
    assert not flood[-1].done(), "it waited for all requests of the other camera"
    assert all(status_of(Manager(front).end(future)) == "FOUND" for future in flood)


def test_a_camera_can_rest_while_another_works(
    clients: dict[str, Client], pictures: None, process: Process
) -> None:
    spare = Manager(clients["spare"], f"{BASE}/spare/refer_segment_node")
    assert spare.change(Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP)
    assert spare.ask("red")[0] == "FAILED"
    assert status_of(clients["wrist"].ask("red")) == "FOUND"
    assert spare.set("weights", "other") == ""
    assert not spare.change(Transition.TRANSITION_CONFIGURE), "one process has one model"
    process.wait_for_log("loaded with weights 'household', not 'other'")
    assert spare.set("weights", "household") == ""
    assert spare.change(Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE)
    assert spare.ask("red")[0] == "FOUND"


@pytest.mark.fault("two cameras in one process: an exception in the worker for one of them")
@pytest.mark.parametrize("text", ["crash", "exit"])
def test_a_failure_for_one_camera_leaves_the_other(
    clients: dict[str, Client], pictures: None, text: str
) -> None:
    assert status_of(clients["front"].ask(text)) == "FAILED"
    assert status_of(clients["wrist"].ask("red")) == "FOUND"
    assert status_of(clients["front"].ask("red")) == "FOUND"


@pytest.mark.fault("two cameras in one process: one of them stops")
def test_a_camera_that_stops_leaves_the_other(
    here: Node, clients: dict[str, Client], pictures: None
) -> None:
    time.sleep(0.6)  # image_timeout
    images = here.create_publisher(Image, f"{BASE}/wrist/camera/color/image_raw", 1)

    def is_new() -> bool:
        images.publish(colour_image(2 * SECOND, LEFT["wrist"]))
        response = clients["wrist"].ask("red")
        return response.header.stamp.sec == 2 and "ago" not in response.message

    wait_until(is_new, 20.0, "no answer about the new image")
    response = clients["front"].ask("red")
    assert status_of(response) == "FOUND" and "ago" in response.message


def pair(name: str) -> Process:
    """Start a process with the cameras "one" and "two" in a namespace."""
    return cameras_with_stand_in("one,two", ros_names("refer_segment_node", namespace=name))


@pytest.mark.fault("two cameras in one process: SIGINT in the middle of an inference")
def test_a_process_with_two_cameras_ends_within_three_seconds(ros: None) -> None:
    with pair("ending") as process, ExitStack() as stack:
        for name in ("one", "two"):
            caller = stack.enter_context(Client(f"/ending/{name}/refer_segment", f"ending_{name}"))
            caller.wait(30.0)
            request = ReferSegment.Request(expression="slow 30", image=colour_image(1))
            caller._client.call_async(request)
        time.sleep(0.5)
        code, seconds = process.end()
        assert code == 0, process.log()
        assert seconds < 3
        assert "Traceback" not in process.log()


@pytest.mark.fault("two cameras in one process: a lost GPU, the process ends with code 3")
def test_a_lost_device_ends_the_process_of_two_cameras(ros: None) -> None:
    with pair("lost") as process, Client("/lost/two/refer_segment", "losing") as caller:
        assert status_of(caller.ask("lose", image=colour_image(1))) == "FAILED"
        assert process.wait() == DEVICE_LOST
        assert process.log().count("refer_segment_node: the device is lost") == 1


def test_launch_arguments_reach_each_camera(ros: None, tmp_path: Path) -> None:
    """The nodes have other names than the one that the launch file starts."""
    arguments = {"cameras": "one,two", "namespace": "base", "target_frame": "base_link"}
    path = parameter_file("refer_segment_node", tmp_path / "parameters.yaml", **arguments)
    remaps = ros_names("refer_segment_node", **arguments)
    given = ["--cameras=one,two", *ros_arguments({}, remaps), "--params-file", str(path)]
    asking = rclpy.create_node("asking_parameters")
    request = GetParameters.Request(names=["target_frame"])
    with Process("-m", "support.stand_in_model", *given):
        for name in ("one", "two"):
            service = f"/base/{name}/refer_segment_node/get_parameters"
            client = discovered_client(asking, GetParameters, service, request)
            future = client.call_async(request)
            rclpy.spin_until_future_complete(asking, future, timeout_sec=10.0)
            (value,) = future.result().values
            assert value.string_value == "base_link"
    asking.destroy_node()


@pytest.mark.parametrize(
    ("names", "said"),
    [("front,front", "two cameras have the same name"), ("front/wide", "cannot be a namespace")],
)
def test_names_that_cannot_be_namespaces_are_refused(
    names: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["refer_segment_node", "--cameras", names])
    assert end.value.code == 2
    assert said in capsys.readouterr().err


def test_it_shares_a_process_and_an_executor_with_another_node(ros: None) -> None:
    neighbour = rclpy.create_node("neighbour")
    rung = GetState.Response(current_state=State(label="rung"))  # any service will do
    neighbour.create_service(GetState, "ring", lambda *_: rung)
    ours = ReferSegmentNode(load, namespace="composed")
    executor = SingleThreadedExecutor()
    for each in (neighbour, ours):
        executor.add_node(each)
    spinning = threading.Thread(target=executor.spin, daemon=True)
    spinning.start()
    caller = rclpy.create_node("caller")
    try:
        with Client("/composed/refer_segment", "composed_client") as client:
            client.wait(30.0)
            response = client.ask("red", image=colour_image(1, 20), return_mask=True)
            assert np.array_equal(to_array(response.mask), picture(20)[1] * 255)
        ring = discovered_client(caller, GetState, "ring", GetState.Request())
        executor.remove_node(ours)
        ours.destroy_node()
        future = ring.call_async(GetState.Request())
        rclpy.spin_until_future_complete(caller, future, timeout_sec=10.0)
        assert future.done() and future.result() == rung, "its end ended the neighbour"
        gone = "refer_segment_node", "/composed"
        graph = caller.get_node_names_and_namespaces
        wait_until(lambda: gone not in graph(), 5.0, "it is still there")
        assert rclpy.ok() and not ours.exit_error
    finally:
        executor.shutdown()
        spinning.join(10.0)
        for each in (caller, neighbour):
            each.destroy_node()
