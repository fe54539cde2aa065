"""Inputs of the node: time jumps, missing images, transports, rectification, QoS."""

from __future__ import annotations

import array
import re
import time

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from support.ros_camera import (
    FOCAL,
    HEIGHT,
    SECOND,
    WIDTH,
    Listener,
    camera_info,
    colour_image,
    depth_image,
    header,
    picture,
    wait_until,
)
from support.ros_processes import node_with_stand_in, status_of
from zsris_ros.msg import RequestResult

from zsris_ros.camera.conversions import to_array
from zsris_ros.ros.client.service_client import Client
from zsris_ros.ros.inputs.input_watchdog import describe_publishers, type_name
from zsris_ros.ros.qos import SENSOR


@pytest.mark.fault("time that jumps back and forth")
def test_a_simulation_reset_drops_frames_and_scenes(
    here: Node,
) -> None:
    remaps = {"refer_segment": "/simulated", "__node": "simulated", "image": "/simulated/image"}
    clock = here.create_publisher(Clock, "/clock", 1)
    images = here.create_publisher(Image, "/simulated/image", 1)

    def holds(caller: Client, something: bool) -> None:
        """Wait until the node keeps frames and scenes, or none of either."""
        report = Listener(caller.node, DiagnosticArray, "/diagnostics")

        def fits(message: DiagnosticArray) -> bool:
            (status,) = message.status
            values = {pair.key: pair.value for pair in status.values}
            kept = [values[name] != "0" for name in ("frames kept", "scenes kept")]
            return "simulated" in status.name and kept == [something] * 2

        caller._executor.remove_node(caller.node)
        report.wait(fits)
        caller.node.destroy_subscription(report._subscription)
        caller._executor.add_node(caller.node)

    def show(caller: Client, seconds: int) -> None:
        """Wait until the node answers about an image of that time."""
        image = colour_image(seconds * SECOND)

        def answered() -> bool:
            images.publish(image)  # again, because a best-effort reader may miss the first
            time.sleep(0.1)
            response = caller.ask("red")
            return status_of(response) == "FOUND" and response.header == image.header

        wait_until(answered, 10.0, "no image arrives")

    running = node_with_stand_in(remaps, use_sim_time=True)
    with running as process, Client("/simulated", "simulating") as caller:
        process.wait_for_log("the model is ready")
        wait_until(lambda: clock.get_subscription_count() > 0, 10.0, "no clock is read")
        wait_until(lambda: images.get_subscription_count() > 0, 10.0, "no image is read")
        for seconds in (1000, 1001):
            clock.publish(Clock(clock=header(seconds * SECOND).stamp))
            show(caller, seconds)
        holds(caller, something=True)
        clock.publish(Clock(clock=header(3 * SECOND).stamp))
        holds(caller, something=False)
        assert status_of(caller.ask("red")) == "NO_IMAGE"
        show(caller, 3)
        # Twice if an image of the old time arrives late.
        assert 1 <= process.log().count("time has jumped back") <= 2


@pytest.mark.fault("a camera that is silent from the start")
def test_the_reason_for_missing_images_is_reported_and_updated(here: Node) -> None:
    remaps = {"refer_segment": "/silent", "__node": "silent", "image": "/silent/image"}
    reports = Listener(here, DiagnosticArray, "/diagnostics")

    def said(*texts: str) -> None:
        """Wait until /diagnostics warns with all of ``texts``."""
        reports.messages.clear()

        def fits(message: DiagnosticArray) -> bool:
            (status,) = message.status
            warns = status.level == DiagnosticStatus.WARN and "silent" in status.name
            return warns and all(text in status.message for text in texts)

        reports.wait(fits)

    with node_with_stand_in(remaps, image_timeout=1.5) as process:
        said("no image on '/silent/image'", "the topic has no publisher")
        elsewhere = here.create_publisher(Image, "/arm/image_raw", 1)
        said("the topic has no publisher", "images are on /arm/image_raw")
        wrong = here.create_publisher(CompressedImage, "/silent/image", 1)
        # Without the name: discovery of nodes may follow that of their topics.
        said("publishes sensor_msgs/msg/CompressedImage: the type does not match", "msg/Image is")
        here.destroy_publisher(wrong)
        right = here.create_publisher(Image, "/silent/image", 1)
        said("publishes sensor_msgs/msg/Image, reliable, volatile", "but no message arrives")
        reports.messages.clear()
        image = colour_image(1)

        def recovered(message: DiagnosticArray) -> bool:
            right.publish(image)  # again, because a best-effort reader may miss the first
            return bool(message.status[0].level == DiagnosticStatus.OK)

        reports.wait(recovered)
        for publisher in (elsewhere, right):
            here.destroy_publisher(publisher)
        # /diagnostics repeats a reason, the log does not.
        process.wait_for_log("type and QoS are compatible")
        assert 1 <= process.log().count("the type does not match") <= 2  # unnamed, then named


def test_compressed_images_are_read(here: Node) -> None:
    remaps = {"refer_segment": "/zipped", "__node": "zipped", "image": "/zip/colour"}
    remaps |= {"depth": "/zip/depth", "camera_info": "/zip/info"}
    transports = {"image_transport": "compressed", "depth_transport": "compressedDepth"}
    colours = here.create_publisher(CompressedImage, "/zip/colour/compressed", 1)
    depths = here.create_publisher(CompressedImage, "/zip/depth/compressedDepth", 1)
    infos = here.create_publisher(CameraInfo, "/zip/info", 1)
    rgb, mask = picture(12)
    png = cv2.imencode(".png", rgb[..., ::-1])[1].tobytes()
    millimetres = np.full(mask.shape, 1500, np.uint16)
    depth = bytes(12) + cv2.imencode(".png", millimetres)[1].tobytes()

    def sent(caller: Client) -> RequestResult:
        for publisher, form, data in (
            (colours, "rgb8; png compressed bgr8", png),
            (depths, "16UC1; compressedDepth png", depth),
        ):
            message = CompressedImage(format=form, header=header(SECOND))
            message.data = array.array("B", data)
            publisher.publish(message)
        infos.publish(camera_info(SECOND))
        return caller.ask("red", return_mask=True)

    with node_with_stand_in(remaps, **transports), Client("/zipped", "zipping") as caller:
        wait_until(lambda: sent(caller).has_depth, 15.0, "no answer in metres")
        response = sent(caller)
    assert response.header == header(SECOND)
    assert np.array_equal(to_array(response.mask), mask * 255)
    assert response.centroid.point.z == pytest.approx(1.5)


def test_metres_of_rectified_images_follow_p(here: Node) -> None:
    remaps = {"refer_segment": "/rectified", "__node": "rectified", "image": "/rect/image"}
    remaps |= {"depth": "/rect/depth", "camera_info": "/rect/info"}
    kinds = {"image": Image, "depth": Image, "info": CameraInfo}
    send = {name: here.create_publisher(kind, f"/rect/{name}", 1) for name, kind in kinds.items()}
    info = camera_info(SECOND, k=[2 * FOCAL, 0.0, 0.0, 0.0, 2 * FOCAL, 0.0, 0.0, 0.0, 1.0])
    info.p = [FOCAL, 0.0, WIDTH / 2, 0.0, 0.0, FOCAL, HEIGHT / 2, 0.0, 0.0, 0.0, 1.0, 0.0]

    def sent(caller: Client) -> RequestResult:
        send["info"].publish(info)
        send["depth"].publish(depth_image(SECOND))
        send["image"].publish(colour_image(SECOND, 12))
        return caller.ask("red")

    with node_with_stand_in(remaps, rectified=True), Client("/rectified", "rectifier") as caller:
        wait_until(lambda: sent(caller).has_depth, 15.0, "no answer in metres")
        point = sent(caller).centroid.point
    left = (15.5 - WIDTH / 2) / FOCAL * 1.5
    assert (point.x, point.z) == (pytest.approx(left, abs=0.03), pytest.approx(1.5))


def test_a_camera_info_that_is_sent_once_arrives(here: Node) -> None:
    """A latched driver sends it before the node is there; others need a volatile subscription."""
    remaps = {"refer_segment": "/latched", "__node": "latched", "image": "/once/image"}
    remaps |= {"depth": "/once/depth", "camera_info": "/once/info"}
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    infos = here.create_publisher(CameraInfo, "/once/info", latched)
    infos.publish(camera_info(SECOND))
    images = here.create_publisher(Image, "/once/image", 1)
    depths = here.create_publisher(Image, "/once/depth", 1)

    def sent(caller: Client) -> RequestResult:
        depths.publish(depth_image(SECOND))
        images.publish(colour_image(SECOND))
        return caller.ask("red")

    with node_with_stand_in(remaps), Client("/latched", "latching") as caller:
        wait_until(lambda: sent(caller).has_depth, 15.0, "no answer in metres")


def test_metres_of_a_distorting_lens_are_undistorted(here: Node) -> None:
    remaps = {"refer_segment": "/bent", "__node": "bent", "image": "/bent/image"}
    remaps |= {"depth": "/bent/depth", "camera_info": "/bent/info"}
    kinds = {"image": Image, "depth": Image, "info": CameraInfo}
    send = {name: here.create_publisher(kind, f"/bent/{name}", 1) for name, kind in kinds.items()}
    info = camera_info(SECOND, distortion_model="plumb_bob", d=[-0.25, 0.0, 0.0, 0.0, 0.0])

    def sent(caller: Client) -> RequestResult:
        send["info"].publish(info)
        send["depth"].publish(depth_image(SECOND))
        send["image"].publish(colour_image(SECOND, 54))
        return caller.ask("red")

    with node_with_stand_in(remaps), Client("/bent", "bending") as caller:
        wait_until(lambda: sent(caller).has_depth, 15.0, "no answer in metres")
        position = sent(caller).pose.pose.position
        info.distortion_model = "curved_mirror"
        wait_until(lambda: "image_rect" in sent(caller).message, 15.0, "no refusal of metres")
    matrix = np.array([[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT / 2], [0, 0, 1]])
    ray = cv2.undistortPoints(np.array([[[57.5, 23.5]]]), matrix, np.array(info.d)).ravel()
    assert position.x == pytest.approx(ray[0] * 1.5, abs=0.01)
    assert ray[0] * 1.5 > (57.5 - WIDTH / 2) / FOCAL * 1.5 + 0.02, "the lens matters"


def test_qos_overrides_are_honoured(here: Node) -> None:
    remaps = {"refer_segment": "/over", "__node": "over", "image": "/over/image"}
    overrides: dict[str, object] = {
        "qos_overrides./over/image.subscription.reliability": "reliable",
        "qos_overrides./over/image.subscription.depth": 3,
    }
    with node_with_stand_in(remaps, **overrides) as process:
        process.wait_for_log("the model is ready")

        def subscribed() -> list[ReliabilityPolicy]:
            found = here.get_subscriptions_info_by_topic("/over/image")
            return [each.qos_profile.reliability for each in found]

        wait_until(lambda: subscribed() == [ReliabilityPolicy.RELIABLE], 10.0, "not reliable")


def test_the_silence_of_depth_and_camera_info_is_explained(here: Node) -> None:
    remaps = {"refer_segment": "/deaf", "__node": "deaf", "image": "/deaf/image"}
    remaps |= {"depth": "/deaf/depth", "camera_info": "/deaf/info"}
    reports = Listener(here, DiagnosticArray, "/diagnostics")
    images = here.create_publisher(Image, "/deaf/image", 1)
    streams = [lambda: images.publish(colour_image(SECOND))]

    def said(level: bytes, **texts: str) -> DiagnosticStatus:
        """Wait for the level and for patterns in the values."""
        reports.messages.clear()

        def fits(message: DiagnosticArray) -> bool:
            (status,) = message.status
            values = {pair.key: pair.value for pair in status.values}
            for send in streams:  # one message could precede the subscriber's discovery
                send()
            known = "deaf" in status.name and status.level == level
            return known and all(re.search(text, values[name]) for name, text in texts.items())

        return reports.wait(fits, 15.0).status[0]

    with node_with_stand_in(remaps, image_timeout=2.0):
        nobody = "the topic has no publisher"
        status = said(DiagnosticStatus.OK, image="^arrives$", depth=nobody, camera_info=nobody)
        assert "depth" not in status.message, "a camera without depth is no fault"
        wrong = here.create_publisher(CompressedImage, "/deaf/depth", 1)
        status = said(DiagnosticStatus.WARN, depth="the type does not match")
        assert "no depth on '/deaf/depth'" in status.message
        here.destroy_publisher(wrong)
        right = here.create_publisher(Image, "/deaf/depth", 1)
        streams.append(lambda: right.publish(depth_image(SECOND)))
        status = said(DiagnosticStatus.WARN, depth="^arrives$", camera_info=nobody)
        assert "no camera_info on '/deaf/info'" in status.message, "depth needs it"


def endpoints(here: Node, topic: str, **quality: object) -> list[object]:
    publisher = here.create_publisher(Image, topic, QoSProfile(depth=1, **quality))
    wait_until(lambda: here.count_publishers(topic) == 1, 5.0, "the graph does not know it")
    found = here.get_publishers_info_by_topic(topic)
    here.destroy_publisher(publisher)
    return list(found)


def describe(offered: list[object], required: QoSProfile) -> str:
    return describe_publishers(offered, type_name(Image), required)  # type: ignore[arg-type]


def test_incompatible_qos_is_named(here: Node) -> None:
    offered = endpoints(here, "/lossy", reliability=ReliabilityPolicy.BEST_EFFORT)
    sentence = describe(offered, QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE))
    assert "/test publishes sensor_msgs/msg/Image, best_effort, volatile" in sentence
    assert "the QoS is incompatible, reliable, volatile is required" in sentence
    assert "reliab" in sentence.partition("(")[2].lower()


@pytest.mark.parametrize("reliability", [ReliabilityPolicy.BEST_EFFORT, ReliabilityPolicy.RELIABLE])
@pytest.mark.parametrize(
    "durability", [DurabilityPolicy.VOLATILE, DurabilityPolicy.TRANSIENT_LOCAL]
)
def test_the_sensor_qos_is_compatible_with_every_camera(
    here: Node, reliability: ReliabilityPolicy, durability: DurabilityPolicy
) -> None:
    offered = endpoints(here, "/camera", reliability=reliability, durability=durability)
    assert "type and QoS are compatible" in describe(offered, SENSOR)


def test_many_publishers_are_abbreviated(here: Node) -> None:
    (one,) = endpoints(here, "/crowd")
    sentence = describe([one] * 8, SENSOR)
    assert sentence.count("publishes") == 5 and sentence.endswith("and 3 more")
