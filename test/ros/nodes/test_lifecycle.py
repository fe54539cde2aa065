"""The lifecycle: service in each state, transitions and memory."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Iterator

import numpy as np
import pytest
from lifecycle_msgs.msg import State, Transition
from rclpy.node import Node
from support.lifecycle_manager import INVALID, NODE, PATIENCE, Manager
from support.ros_camera import Camera, Stream, colour_image, header, wait_until
from support.ros_processes import Process, node, node_with_stand_in, status_of
from zsris_ros.msg import RequestResult
from zsris_ros.srv import ReferSegment

from zsris_ros.ros.client.service_client import Client
from zsris_ros.ros.publishers.image_conversions import to_image


@pytest.fixture(scope="module")
def process(ros: None) -> Iterator[Process]:
    with node_with_stand_in(autostart=False) as running:
        yield running


@pytest.fixture(scope="module")
def manager(process: Process) -> Iterator[Manager]:
    with Client() as client:
        client.wait(PATIENCE)
        yield Manager(client)


@pytest.fixture
def unconfigured(manager: Manager) -> Manager:
    if manager.state() == State.PRIMARY_STATE_ACTIVE:
        assert manager.change(Transition.TRANSITION_DEACTIVATE)
    if manager.state() == State.PRIMARY_STATE_INACTIVE:
        assert manager.change(Transition.TRANSITION_CLEANUP)
    return manager


def test_only_an_active_node_answers_and_subscribes_to_the_camera(
    here: Node, unconfigured: Manager
) -> None:
    manager = unconfigured

    def refused(said: str) -> bool:
        status, message = manager.ask("red")
        return status == "FAILED" and "not active" in message and said in message

    def subscribed(subscribers: int) -> None:
        wait_until(
            lambda: here.count_subscribers("/image") == subscribers, 10.0, f"not {subscribers}"
        )

    assert manager.state() == State.PRIMARY_STATE_UNCONFIGURED
    assert refused("configure, then activate")
    subscribed(0)
    assert manager.change(Transition.TRANSITION_CONFIGURE)
    assert manager.state() == State.PRIMARY_STATE_INACTIVE
    assert refused(f"`ros2 lifecycle set {NODE}` activate")
    subscribed(0)
    assert manager.change(Transition.TRANSITION_ACTIVATE)
    assert manager.state() == State.PRIMARY_STATE_ACTIVE
    assert manager.ask("red")[0] == "FOUND"
    subscribed(1)
    camera = Camera(here)
    camera.wait_until_matched()
    camera.send(10**9)
    wait_until(lambda: _status(manager) == "FOUND", 10.0, "no image arrives")
    assert manager.change(Transition.TRANSITION_DEACTIVATE)
    assert refused("activate")
    subscribed(0)
    assert manager.change(Transition.TRANSITION_ACTIVATE)
    assert _status(manager) == "NO_IMAGE", "a frame outlived the deactivation"
    assert manager.change(Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP)
    assert refused("configure, then activate")


def _status(manager: Manager) -> str:
    return status_of(manager.client.ask("red"))


def test_parameters_and_requests_are_served_while_configuring(unconfigured: Manager) -> None:
    manager = unconfigured
    assert manager.set("weights", "slow2") == ""
    configuring = manager.begin_change(Transition.TRANSITION_CONFIGURE)
    begun = time.monotonic()
    wait_until(
        lambda: manager.state() == State.TRANSITION_STATE_CONFIGURING, 1.5, "it never configures"
    )
    assert manager.set("max_pending", 3) == ""
    assert "unconfigured" in manager.set("weights", "other")
    assert manager.ask("red")[0] == "FAILED"
    assert time.monotonic() - begun < 1.9, "a call waited for the model"
    assert not configuring.done()
    assert manager.end(configuring).success
    assert manager.state() == State.PRIMARY_STATE_INACTIVE


def test_missing_weights_can_be_replaced(process: Process, unconfigured: Manager) -> None:
    manager = unconfigured
    assert manager.set("weights", "missing") == ""
    assert not manager.change(Transition.TRANSITION_CONFIGURE)
    assert manager.state() == State.PRIMARY_STATE_UNCONFIGURED
    process.wait_for_log("could not be configured: no weights are called 'missing'")
    assert manager.set("weights", "tabletop") == ""
    assert manager.change(Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE)
    assert manager.ask("red")[0] == "FOUND"


def test_an_invalid_transition_is_refused(unconfigured: Manager) -> None:
    assert not unconfigured.change(Transition.TRANSITION_ACTIVATE)
    assert not unconfigured.change(INVALID)
    assert unconfigured.state() == State.PRIMARY_STATE_UNCONFIGURED


SERVICE_TIMEOUT = 5.0
"""Seconds that nav2_lifecycle_manager waits for a response by default (service_timeout)."""

BRINGUP = {
    Transition.TRANSITION_CONFIGURE: State.PRIMARY_STATE_INACTIVE,
    Transition.TRANSITION_ACTIVATE: State.PRIMARY_STATE_ACTIVE,
}
SHUTDOWN = {
    Transition.TRANSITION_DEACTIVATE: State.PRIMARY_STATE_INACTIVE,
    Transition.TRANSITION_CLEANUP: State.PRIMARY_STATE_UNCONFIGURED,
    Transition.TRANSITION_UNCONFIGURED_SHUTDOWN: State.PRIMARY_STATE_FINALIZED,
}


def test_nav2_s_lifecycle_manager_can_bring_it_up_and_down() -> None:
    """The calls of nav2_lifecycle_manager with bond_timeout 0: each transition, then get_state."""
    remaps = {"refer_segment": "/managed", "__node": "managed"}
    with node_with_stand_in(remaps, autostart=False) as process, Client("/managed", "m") as client:
        nav2 = Manager(client, "/managed")
        steps = [*BRINGUP.items(), *list(SHUTDOWN.items())[:2], *BRINGUP.items(), *SHUTDOWN.items()]
        assert nav2.state() == State.PRIMARY_STATE_UNCONFIGURED
        assert not nav2.change(INVALID), "discovery of the services takes no part in the times"
        for transition, state in steps:
            begun = time.monotonic()
            assert nav2.change(transition)
            assert nav2.state() == state
            assert time.monotonic() - begun < SERVICE_TIMEOUT
        code, _ = process.end()
        assert code == 0 and "Traceback" not in process.log()


def test_start_parameters_are_read_only(unconfigured: Manager) -> None:
    assert "read-only" in unconfigured.set("autostart", True)


def test_requests_before_the_deactivation_are_answered(unconfigured: Manager) -> None:
    manager = unconfigured
    assert manager.set("weights", "tabletop") == ""
    assert manager.change(Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE)
    given = colour_image(1, 10)
    asked = [
        manager.client._client.call_async(ReferSegment.Request(expression=text, image=given))
        for text in ("slow 1", "red")
    ]
    time.sleep(0.5)  # calls of different services are not ordered
    assert manager.change(Transition.TRANSITION_DEACTIVATE)
    assert [status_of(manager.end(future)) for future in asked] == ["FOUND", "FOUND"]
    assert manager.ask("red")[0] == "FAILED"


@pytest.mark.fault("up and down through the lifecycle 50 times")
def test_up_and_down_under_a_running_camera(
    here: Node, process: Process, unconfigured: Manager
) -> None:
    """Subscriptions are created and destroyed while messages arrive."""
    manager = unconfigured
    assert manager.change(Transition.TRANSITION_CONFIGURE)
    with Stream(Camera(here), 100.0):
        for _ in range(50):
            assert manager.change(Transition.TRANSITION_ACTIVATE)
            wait_until(lambda: _status(manager) == "FOUND", 10.0, "no image arrives")
            assert manager.change(Transition.TRANSITION_DEACTIVATE)
            assert _status(manager) == "FAILED"
    assert "Traceback" not in process.log(), process.log()


@pytest.mark.fault("SIGINT while the models load: exit 0 within 3 s")
def test_ctrl_c_ends_the_node_during_a_transition() -> None:
    # Another name, because two nodes with one name would both answer.
    remaps = {"refer_segment": "/other", "__node": "other"}
    with node_with_stand_in(remaps, weights="slow30") as process, Client("/other", "o") as client:
        client.wait(PATIENCE)
        code, seconds = process.end()
        assert code == 0, process.log()
        assert seconds < 3
        assert "Traceback" not in process.log()


ROUNDS = 8


@pytest.mark.timeout(300)
def test_up_and_down_with_flat_memory(process: Process) -> None:
    process.end()  # frees the name
    memory = megabytes_after_rounds()
    # The first rounds load torch and fill its caches. A leaked model takes 38 MB per round.
    assert growth_a_round(memory[ROUNDS // 4 :]) < 4, memory


def growth_a_round(memory: list[float]) -> float:
    """Return the Theil-Sen slope, which is robust to outliers."""
    slopes = [
        (memory[late] - memory[early]) / (late - early)
        for early, late in itertools.combinations(range(len(memory)), 2)
    ]
    return statistics.median(slopes)


def megabytes_after_rounds() -> list[float]:
    """Return the node's memory after each round of activation, request and cleanup."""
    memory = []
    noise = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    frame = to_image(noise, "rgb8", header(1))
    with node(autostart=False, device="cpu", parser="rules") as running, Client() as client:
        client.wait(60.0)
        manager = Manager(client)
        for _ in range(ROUNDS):
            assert manager.change(Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE)
            assert client.ask("the red mug", image=frame).status != RequestResult.FAILED
            assert manager.change(Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP)
            memory.append(running.memory_mb())
    return memory
