"""``~/verify_grasp`` over DDS: the object of an earlier request, in a later frame."""

from __future__ import annotations

import time

import pytest
from builtin_interfaces.msg import Time
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from support.grasp_messages import BOX, NEIGHBOUR, TableMessages
from support.grasp_scenes import BoxOnTable, CupOnTable
from support.ros_camera import SECOND, Camera, header
from support.service_discovery import discovered_client
from zsris_ros.srv import VerifyGrasp

from zsris_ros.ros.client.service_client import Client

Response = VerifyGrasp.Response
CUP = CupOnTable((-0.12, 0.0), 0.03, 0.08)


class Bench:
    """A camera over a table, a client of refer_segment, and one of verify_grasp."""

    def __init__(self, node: Node, client: Client, camera: Camera) -> None:
        self.now = 100 * SECOND
        self._camera, self._client, self._node = camera, client, node
        unknown = VerifyGrasp.Request(expression="red")
        self._verify = discovered_client(
            node, VerifyGrasp, "/refer_segment_node/verify_grasp", unknown
        )

    def show(self, *things: BoxOnTable | CupOnTable, red: bool = True) -> int:
        """Publish a frame until the node has it with depth, and return its stamp."""
        self.now += SECOND
        TableMessages(things, red, self.now).send(self._camera)
        self._camera.ask_about(
            self._client, self.now, lambda answer: bool(answer.has_depth or not red)
        )
        return self.now

    def verify(self, stamp: int = 0, expression: str = "") -> Response:
        request = VerifyGrasp.Request(stamp=header(stamp).stamp, expression=expression)
        executor = SingleThreadedExecutor()
        executor.add_node(self._node)
        future = self._verify.call_async(request)
        executor.spin_until_future_complete(future, 20.0)
        executor.remove_node(self._node)
        assert future.done(), "no answer of ~/verify_grasp"
        return future.result()

    def verify_in(self, *things: BoxOnTable | CupOnTable, of: int, red: bool = False) -> Response:
        """Publish frames of ``things`` until one with depth has been compared."""
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            self.now += SECOND
            TableMessages(things, red, self.now).send(self._camera)
            time.sleep(0.3)
            response = self.verify(of, "red")
            if response.header == header(self.now) and "depth" not in response.message:
                return response
        raise AssertionError(response.message)


@pytest.fixture(scope="module")
def bench(here: Node, client: Client, camera: Camera) -> Bench:
    return Bench(here, client, camera)


# First, before there is an answer.
def test_an_unknown_request_cannot_be_verified(bench: Bench) -> None:
    response = bench.verify()
    assert response.status == Response.INVALID_REQUEST
    assert "no answer with FOUND" in response.message


def test_a_later_frame_is_needed(bench: Bench) -> None:
    stamp = bench.show(BOX, NEIGHBOUR)
    response = bench.verify(stamp, "red")
    assert response.status == Response.NO_IMAGE and "since" in response.message


def test_taken_and_still_there(bench: Bench) -> None:
    before = bench.show(BOX, NEIGHBOUR)
    bench.show(BOX, NEIGHBOUR)
    still = bench.verify(before, "red")
    assert still.status == Response.STILL_THERE, still.message
    assert still.same > 0.9 and still.header == header(bench.now)
    taken = bench.verify_in(NEIGHBOUR, of=before)
    assert taken.status == Response.TAKEN, taken.message
    assert taken.gone > 0.8
    assert bench.verify().status == Response.TAKEN, "the last request"


def test_the_object_is_that_of_the_named_request(bench: Bench) -> None:
    """Other requests meanwhile do not change which object is verified."""
    box = bench.show(BOX, CUP, NEIGHBOUR)
    cup = bench.show(CUP, BOX, NEIGHBOUR)
    taken = bench.verify_in(CUP, NEIGHBOUR, of=box, red=True)
    assert taken.status == Response.TAKEN, taken.message
    still = bench.verify(cup, "red")
    assert still.status == Response.STILL_THERE, still.message
    wrong = bench.verify(box, "the mug")
    assert wrong.status == Response.INVALID_REQUEST and "'the mug'" in wrong.message


def test_a_pushed_object_leaves_the_check_undecided(bench: Bench) -> None:
    before = bench.show(BOX)
    pushed = bench.verify_in(BoxOnTable((0.09, 0.0), BOX.size), of=before)
    assert pushed.status == Response.CANNOT_TELL, pushed.message
    assert Time() != pushed.header.stamp
