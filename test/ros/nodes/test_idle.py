"""A camera without requests: most messages stay in the middleware, and none is missed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from support.ros_camera import SECOND, Camera

from zsris_ros.ros.inputs import subscriptions
from zsris_ros.ros.inputs.serialized import TakenMessage
from zsris_ros.ros.inputs.subscriptions import CameraSubscriptions
from zsris_ros.ros.parameters.node_parameters import Parameters

RATE = 30
PERIOD_NS = SECOND // RATE
START = 100 * SECOND
PARAMETERS = Parameters(buffer_length=60, buffer_memory=10.0)


class Receiver:
    """The camera's subscriptions in the test's process, without requests, and a camera."""

    def __init__(self, here: Node, parameters: Parameters = PARAMETERS, depth: int = 0) -> None:
        overrides = [
            Parameter(f"qos_overrides./{topic}.subscription.depth", value=depth)
            for topic in ("image", "depth")
            if depth
        ]
        self.node = rclpy.create_node("receiver", parameter_overrides=overrides)
        self.jumps = 0
        self.inputs = CameraSubscriptions(
            self.node, parameters, self._count_jump, lambda: None, lambda: False
        )
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._camera = Camera(here)
        self._camera.wait_until_matched()

    def _count_jump(self) -> None:
        self.jumps += 1

    def stream(self, stamps: Iterable[int]) -> list[int]:
        """Publish frames in real time and return their stamps."""
        sent = []
        for stamp_ns in stamps:
            self._camera.send(stamp_ns)
            sent.append(stamp_ns)
            self.spin(1 / RATE)
        return sent

    def spin(self, seconds: float) -> None:
        """Run the timers."""
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=rest)

    def close(self) -> None:
        """Destroy the node."""
        self.inputs.close()
        self._executor.shutdown()
        self.node.destroy_node()


@pytest.fixture
def receive(here: Node, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Receiver]]:
    """Return a maker of receivers that are idle from the start."""
    monkeypatch.setattr(subscriptions, "IDLE_AFTER", -1.0)
    made: list[Receiver] = []

    def make(**options: object) -> Receiver:
        made.append(Receiver(here, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


def frames(seconds: float, start: int = START) -> range:
    """Return the stamps of that many seconds."""
    return range(start, start + round(seconds * SECOND), PERIOD_NS)


def test_few_messages_are_taken_and_a_request_finds_all_of_the_buffer_s_length(
    receive: Callable[..., Receiver],
) -> None:
    receiver = receive()
    begun = time.monotonic()
    sent = receiver.stream(frames(4.0))
    kept = receiver.inputs.buffer
    assert 8 <= len(kept) <= 4 * (time.monotonic() - begun) + 2, "one in a quarter of a second"
    receiver.inputs.take()
    for stamp_ns in sent[-PARAMETERS.buffer_length :]:
        found = kept.nearest(stamp_ns)
        assert found is not None and found.depth is not None and found.info is not None
        stamps = found.image.stamp_ns, found.depth.stamp_ns, found.info.stamp_ns
        assert stamps == (stamp_ns, stamp_ns, stamp_ns)
    for stamp_ns in sent:  # older ones by a frame close to them
        found = kept.nearest(stamp_ns)
        assert found is not None and abs(found.image.stamp_ns - stamp_ns) <= 0.4 * SECOND
    newest = kept.newest()
    assert newest is not None and newest.image.stamp_ns == sent[-1]
    assert receiver.jumps == 0


def test_silence_is_noticed_although_old_messages_wait(receive: Callable[..., Receiver]) -> None:
    receiver = receive()
    for _ in range(4):
        receiver.stream(frames(0.8, start=time.time_ns()))
        assert set(receiver.inputs.diagnose(1.0)[0].values()) == {"arrives"}
    receiver.spin(0.6)
    assert receiver.inputs.diagnose(1.0)[0]["image"] == "arrives"
    receiver.spin(0.6)
    found, _, stopped = receiver.inputs.diagnose(1.0)
    assert stopped and found["image"].startswith("no image on '/image' for 1 s")
    assert found["depth"].startswith("no depth on '/depth' for 1 s")
    assert "1 s ago" in receiver.inputs.watchdog.age_note(1.0)


def test_time_that_jumps_back_in_the_queues_leaves_frames_of_the_new_time_only(
    receive: Callable[..., Receiver],
) -> None:
    receiver = receive()
    receiver.stream(frames(2.5))
    sent = receiver.stream(frames(1.0, start=START - 50 * SECOND))
    receiver.inputs.take()
    kept = receiver.inputs.buffer
    assert receiver.jumps >= 1 and kept.span_ns() == (sent[0], sent[-1])
    for stamp_ns in sent:
        found = kept.nearest(stamp_ns)
        assert found is not None and found.depth is not None
        assert found.image.stamp_ns == found.depth.stamp_ns == stamp_ns


def test_a_sampled_jump_drops_the_old_time(receive: Callable[..., Receiver]) -> None:
    receiver = receive()
    receiver.stream(frames(1.0))
    sent = receiver.stream(frames(3.5, start=START - 50 * SECOND))
    span = receiver.inputs.buffer.span_ns()
    assert receiver.jumps >= 1 and span is not None and span[1] <= sent[-1]


def test_a_queue_shorter_than_the_buffer_is_not_left_to_overflow(
    receive: Callable[..., Receiver],
) -> None:
    receiver = receive(depth=20)
    sent = receiver.stream(frames(2.0))
    receiver.inputs.take()
    assert len(receiver.inputs.buffer) == len(sent)


def test_a_buffer_that_grows_is_filled(receive: Callable[..., Receiver]) -> None:
    receiver = receive()
    receiver.inputs.update(replace(PARAMETERS, buffer_length=90))
    sent = receiver.stream(frames(3.0))
    receiver.inputs.take()
    assert len(receiver.inputs.buffer) == len(sent)


def test_without_times_of_arrival_all_messages_are_taken(
    receive: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some middlewares do not tell when they received a message."""
    monkeypatch.setattr(
        subscriptions,
        "take_one",
        lambda one: (taken := TAKE_ONE(one)) and TakenMessage(taken.message, 0),
    )
    receiver = receive()
    sent = receiver.stream(frames(2.0))
    assert len(receiver.inputs.buffer) >= len(sent) - RATE // 2
    receiver.spin(1.2)
    assert receiver.inputs.diagnose(1.0)[2], "the images have stopped"


TAKE_ONE = subscriptions.take_one


def test_after_a_request_all_messages_are_taken(
    receive: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "IDLE_AFTER", 1.5)
    receiver = receive()
    receiver.inputs.take()
    sent = receiver.stream(frames(1.0))
    assert len(receiver.inputs.buffer) >= len(sent) - RATE // 2
    receiver.stream(frames(1.0, start=sent[-1] + PERIOD_NS))  # idle during these
    before = len(receiver.inputs.buffer)
    receiver.stream(frames(1.0, start=sent[-1] + SECOND))
    assert len(receiver.inputs.buffer) < before + RATE // 2
