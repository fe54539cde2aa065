"""A camera and a topic listener in the test's process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from zsris_ros.ros.client.service_client import Client
from zsris_ros.ros.publishers.image_conversions import to_image

WIDTH, HEIGHT, FOCAL = 64, 48, 60.0
FRAME = "camera_optical_frame"
SECOND = 1_000_000_000


def header(stamp_ns: int, frame_id: str = FRAME) -> Header:
    made = Header(frame_id=frame_id)
    made.stamp.sec, made.stamp.nanosec = divmod(stamp_ns, SECOND)
    return made


def picture(left: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a grey picture with a red square of 8x8 pixels, and its mask."""
    rgb = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    rgb[20:28, left : left + 8] = (250, 10, 10)
    return rgb, rgb[..., 0] > 200


def camera_info(stamp_ns: int = 0, **changes: Any) -> CameraInfo:
    info = CameraInfo(width=WIDTH, height=HEIGHT, header=header(stamp_ns))
    info.k = [FOCAL, 0.0, WIDTH / 2, 0.0, FOCAL, HEIGHT / 2, 0.0, 0.0, 1.0]
    for name, value in changes.items():
        setattr(info, name, value)
    return info


def depth_image(
    stamp_ns: int,
    depth_mm: int = 1500,
    frame_id: str = FRAME,
    shape: tuple[int, int] = (HEIGHT, WIDTH),
) -> Image:
    return to_image(np.full(shape, depth_mm, np.uint16), "16UC1", header(stamp_ns, frame_id))


def colour_image(stamp_ns: int, left: int = 10, frame_id: str = FRAME) -> Image:
    return to_image(picture(left)[0], "rgb8", header(stamp_ns, frame_id))


def black_image(stamp_ns: int) -> Image:
    """Return an image that loses the device of the stand-in model."""
    return to_image(np.zeros((HEIGHT, WIDTH, 3), np.uint8), "rgb8", header(stamp_ns))


class Camera:
    """Publishes colour, depth and camera_info as a driver does."""

    def __init__(self, node: Node) -> None:
        self.image = node.create_publisher(Image, "image", 5)
        self.depth = node.create_publisher(Image, "depth", 5)
        self.info = node.create_publisher(CameraInfo, "camera_info", 5)
        self.send_again: Callable[[], None] = lambda: None

    def wait_until_matched(self, timeout: float = 10.0) -> None:
        publishers = self.image, self.depth, self.info
        wait_until(
            lambda: all(each.get_subscription_count() for each in publishers),
            timeout,
            "not matched",
        )

    def send(self, stamp_ns: int, left: int = 10, depth_mm: int | None = 1500) -> None:
        """Publish one frame; ``depth_mm`` None omits depth and camera_info."""
        self.send_again = partial(self.send, stamp_ns, left, depth_mm)
        if depth_mm is not None:
            self.info.publish(camera_info(stamp_ns))
            self.depth.publish(depth_image(stamp_ns, depth_mm))
        self.image.publish(colour_image(stamp_ns, left))

    def send_image(self, image: Image) -> None:
        self.image.publish(image)

    def ask_about(
        self,
        client: Client,
        stamp_ns: int,
        until: Callable[[Any], bool] = lambda _: True,
        timeout: float = 60.0,
        **request: Any,
    ) -> Any:
        """Call until the answer is about the frame of ``stamp_ns`` and fulfils ``until``.

        The frame is sent again each half second, because best effort may lose it.
        """
        stamp, start, resent = header(stamp_ns).stamp, time.monotonic(), 0
        while True:
            response = client.ask("red", **request)
            if response.header.stamp == stamp and until(response):
                return response
            elapsed = time.monotonic() - start
            assert elapsed < timeout, f"no answer about {stamp_ns}: {response.message}"
            if elapsed > (resent + 1) / 2:
                self.send_again()
                resent += 1
            time.sleep(0.02)


class Stream:
    """A camera at ``rate`` Hz in its own thread, stamped with the wall clock."""

    def __init__(self, camera: Camera, rate: float) -> None:
        self._camera, self._period = camera, 1 / rate
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Stream:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._period):
            self._camera.send(time.time_ns())


class Listener:
    """Collects the messages of one topic; with ``latched`` also the last earlier one."""

    def __init__(self, node: Node, kind: Any, topic: str, latched: bool = False) -> None:
        self._node = node
        self.messages: list[Any] = []
        self.times: list[float] = []
        durability = DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE
        quality = QoSProfile(depth=10, durability=durability)
        self._subscription = node.create_subscription(kind, topic, self._keep, quality)
        self._executor = SingleThreadedExecutor()

    def _keep(self, message: Any) -> None:
        self.messages.append(message)
        self.times.append(time.monotonic())

    def wait_until_matched(self, timeout: float = 10.0) -> None:
        topic = self._subscription.topic_name
        wait_until(
            lambda: self._node.count_publishers(topic) > 0, timeout, f"no publisher on {topic}"
        )

    def wait(self, fits: Callable[[Any], bool] = lambda _: True, timeout: float = 10.0) -> Any:
        """Return the first message that fits, received already or within ``timeout`` seconds."""
        self._executor.add_node(self._node)
        try:
            deadline = time.monotonic() + timeout
            while time.monotonic() < deadline:
                for message in self.messages:
                    if fits(message):
                        return message
                self._executor.spin_once(timeout_sec=0.05)
        finally:
            self._executor.remove_node(self._node)
        raise AssertionError(f"no matching message on {self._subscription.topic_name}")


def wait_until(true: Callable[[], bool], timeout: float, otherwise: str) -> None:
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)
