"""Subscriptions of an active node to the camera, with the frame buffer behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from rclpy.clock import JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from zsris_ros.camera.compressed import RAW
from zsris_ros.camera.frame_buffer import MAX_DISORDER_NS, FrameBuffer, SyncedMessages
from zsris_ros.camera.image_messages import SECOND, AnyImage, rectified_info, stamp_ns
from zsris_ros.ros.inputs.input_watchdog import InputWatchdog
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.qos import create_camera_subscription

CameraMessages: TypeAlias = SyncedMessages[AnyImage, CameraInfo]
CameraBuffer: TypeAlias = FrameBuffer[AnyImage, CameraInfo]

BACKWARDS = JumpThreshold(
    min_forward=None, min_backward=Duration(nanoseconds=-MAX_DISORDER_NS), on_clock_change=True
)


class CameraSubscriptions:
    """Subscriptions to ``image``, ``depth`` and ``camera_info`` until ``close``.

    Callbacks store messages in ``buffer`` without converting them. ``on_frame`` is called for each
    image and depth image; ``on_jump`` when time jumps back, in the stamps (a looped bag) or in the
    node's clock (a simulation reset).
    """

    def __init__(
        self,
        node: Node,
        parameters: Parameters,
        on_jump: Callable[[], None],
        on_frame: Callable[[], None],
    ) -> None:
        self.buffer: CameraBuffer = FrameBuffer(
            parameters.buffer_length,
            round(parameters.sync_tolerance * SECOND),
            memory_ns=round(parameters.buffer_memory * SECOND),
        )
        self._node, self._on_jump, self._on_frame = node, on_jump, on_frame
        self._rectified = parameters.rectified
        self._subscriptions = [
            self._subscribe_images("image", parameters.image_transport, self._on_image),
            self._subscribe_images("depth", parameters.depth_transport, self._on_depth),
            create_camera_subscription(node, CameraInfo, "camera_info", self._on_info),
        ]
        self.watchdog = InputWatchdog(node, self._subscriptions[0])
        self._clock = node.get_clock()
        self._jumps = self._clock.create_jump_callback(BACKWARDS, post_callback=self._on_clock)

    def update(self, parameters: Parameters) -> None:
        """Apply the parameters that can change at run time."""
        self._rectified = parameters.rectified
        self.buffer.resize(parameters.buffer_length, round(parameters.buffer_memory * SECOND))
        self.buffer.tolerance_ns = round(parameters.sync_tolerance * SECOND)

    def close(self) -> None:
        """Destroy the subscriptions and drop all frames."""
        self._jumps.unregister()
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self.buffer.clear()

    def _subscribe_images(
        self, name: str, transport: str, callback: Callable[[AnyImage], None]
    ) -> Subscription[Any]:
        """Subscribe by image_transport's convention: the transport follows the remapped name."""
        if transport == RAW:
            return create_camera_subscription(self._node, Image, name, callback)
        topic = f"{self._node.resolve_topic_name(name)}/{transport}"
        return create_camera_subscription(self._node, CompressedImage, topic, callback)

    def _on_image(self, image: AnyImage) -> None:
        self.watchdog.reset()
        self._report_jump(self.buffer.add_image(stamp_ns(image.header), image))
        self._on_frame()

    def _on_depth(self, depth: AnyImage) -> None:
        self._report_jump(self.buffer.add_depth(stamp_ns(depth.header), depth))
        self._on_frame()

    def _on_info(self, info: CameraInfo) -> None:
        calibration = rectified_info(info) if self._rectified else info
        self._report_jump(self.buffer.add_info(stamp_ns(info.header), calibration))

    def _on_clock(self, jump: TimeJump) -> None:
        self._report_jump(self.buffer.drop_after(self._clock.now().nanoseconds))

    def _report_jump(self, jumped: bool) -> None:
        if jumped:
            self._node.get_logger().info(
                "time has jumped back: the buffered frames were dropped",
                throttle_duration_sec=1.0,  # a driver may alternate between two clocks
            )
            self._on_jump()
