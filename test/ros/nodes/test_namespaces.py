"""Two nodes in two namespaces, with the names that the launch file gives them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from rclpy.node import Node
from sensor_msgs.msg import Image
from std_msgs.msg import String
from support.launch_file import ros_names
from support.ros_camera import SECOND, Listener, colour_image, wait_until
from support.ros_processes import Process, node_with_stand_in, status_of
from zsris_ros.msg import RequestResult

from zsris_ros.ros.client.service_client import Client

SIDES = "left", "right"
SHARED = {"/diagnostics", "/parameter_events", "/rosout"}
"""Topics of a whole ROS system by convention; the nodes only publish on them."""


@pytest.fixture(scope="module")
def nodes(ros: None) -> Iterator[dict[str, Process]]:
    with (
        node_with_stand_in(ros_names("refer_segment_node", namespace="left")) as left,
        node_with_stand_in(ros_names("refer_segment_node", namespace="right")) as right,
    ):
        for each in (left, right):
            each.wait_for_log("the model is ready")
        yield {"left": left, "right": right}


def test_each_node_answers_its_own_sentences_about_its_own_camera(
    here: Node, nodes: dict[str, Process]
) -> None:
    results = {side: Listener(here, RequestResult, f"/{side}/refer_segment_node/result")
               for side in SIDES}  # fmt: skip
    for each in results.values():
        each.wait_until_matched()
    images = here.create_publisher(Image, "/left/camera/color/image_raw", 1)
    sentences = here.create_publisher(String, "/left/expression", 10)
    wait_until(lambda: images.get_subscription_count() > 0, 10.0, "no subscriber")
    wait_until(lambda: sentences.get_subscription_count() > 0, 10.0, "no subscriber")
    with Client("/left/refer_segment", "left_client") as left:

        def seen() -> bool:
            images.publish(colour_image(SECOND))
            return status_of(left.ask("red")) == "FOUND"

        wait_until(seen, 10.0, "no image arrives")
    with Client("/right/refer_segment", "right_client") as right:
        response = right.ask("red")
    assert status_of(response) == "NO_IMAGE", "it has the other camera's image"
    assert "/right/camera/color/image_raw" in response.message
    results["right"].wait(lambda result: result.request_id == response.request_id)
    results["right"].messages.clear()
    sentences.publish(String(data="the red one"))
    results["left"].wait(lambda result: result.expression == "the red one")
    time.sleep(0.5)
    assert not results["right"].messages, "it answers the other node's sentences"


def test_the_nodes_share_no_name_but_those_of_the_system(
    here: Node, nodes: dict[str, Process]
) -> None:
    def names(side: str) -> set[str]:
        who = "refer_segment_node", f"/{side}"
        found = [
            *here.get_publisher_names_and_types_by_node(*who),
            *here.get_subscriber_names_and_types_by_node(*who),
            *here.get_service_names_and_types_by_node(*who),
        ]
        return {name for name, _ in found}

    wait_until(lambda: all(len(names(side)) > 20 for side in SIDES), 10.0, "not discovered")
    for side in SIDES:
        foreign = {name for name in names(side) if not name.startswith(f"/{side}/")}
        assert foreign <= SHARED


def test_a_namespace_leaves_the_default_names_as_they_are() -> None:
    names = ros_names("refer_segment_node")
    assert "__ns" not in names
    assert names["refer_segment"] == "refer_segment"
    assert names["image"] == "camera/color/image_raw"
    absolute = ros_names("refer_segment_node", namespace="arm", camera="/camera/camera")
    assert absolute["depth"] == "/camera/camera/aligned_depth_to_color/image_raw"
    assert absolute["__ns"] == "/arm"
