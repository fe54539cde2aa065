"""Subscriptions of an active node to the camera, with the frame buffer behind them.

An executor of rclpy spends a millisecond per message on its wait set, more than on the message. The
camera's messages are therefore not awaited: they wait in the middleware's queues until a timer or a
request takes them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.clock import Clock, ClockType, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from zsris_ros.camera.compressed import RAW
from zsris_ros.camera.frame_buffer import MAX_DISORDER_NS, FrameBuffer
from zsris_ros.camera.image_messages import SECOND, rectified_info
from zsris_ros.ros.inputs.input_watchdog import InputWatchdog
from zsris_ros.ros.inputs.serialized import CameraBuffer, SerializedMessage, take_all
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.qos import LATCHED, SENSOR, create_camera_subscription
from zsris_ros.types import InputError

BACKWARDS = JumpThreshold(
    min_forward=None, min_backward=Duration(nanoseconds=-MAX_DISORDER_NS), on_clock_change=True
)

IDLE_PERIOD = 0.5
"""Seconds between two looks into the queues, which hold 30 messages (``qos.SENSOR``)."""
BUSY_PERIOD = 1 / 30
"""The same while tracking or look-ahead uses each frame."""


class CameraSubscriptions:
    """Subscriptions to ``image``, ``depth`` and ``camera_info`` until ``close``.

    ``take`` moves the messages that have arrived to ``buffer``, without deserialising them. Then
    ``on_frame`` is called if an image or depth image was among them, and ``on_jump`` when time
    jumps back, in the stamps (a looped bag) or in the node's clock (a simulation reset).
    ``is_busy`` tells whether each frame is used.
    """

    def __init__(
        self,
        node: Node,
        parameters: Parameters,
        on_jump: Callable[[], None],
        on_frame: Callable[[], None],
        is_busy: Callable[[], bool],
    ) -> None:
        self.buffer: CameraBuffer = FrameBuffer(
            parameters.buffer_length,
            round(parameters.sync_tolerance * SECOND),
            memory_ns=round(parameters.buffer_memory * SECOND),
        )
        self._node, self._on_jump, self._on_frame = node, on_jump, on_frame
        self._is_busy = is_busy
        self._rectified = parameters.rectified
        self._group = _NotAwaited()
        image = self._subscribe_images("image", parameters.image_transport)
        depth = self._subscribe_images("depth", parameters.depth_transport)
        info = create_camera_subscription(node, CameraInfo, "camera_info", SENSOR, self._group)
        self.watchdog = InputWatchdog(node, "image", image)
        self._depth_watchdog = InputWatchdog(node, "depth", depth)
        self._info_watchdog = InputWatchdog(node, "camera_info", info, once=True)
        self._inputs: list[tuple[Subscription[Any], Callable[[SerializedMessage], None]]] = [
            (info, self._on_info),
            (depth, self._on_depth),
            (image, self._on_image),
        ]
        self._clock = node.get_clock()
        self._jumps = self._clock.create_jump_callback(BACKWARDS, post_callback=self._on_clock)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # simulated time may stand still
        self._timer = node.create_timer(BUSY_PERIOD, self._on_timer, clock=steady)

    def diagnose(self, timeout: float) -> tuple[dict[str, str], str, bool]:
        """Return why inputs are silent for ``timeout`` seconds.

        Returns:
            A sentence for each input ("arrives" without a silence), the sentences of the faults
            ("" without one), and whether the images have stopped.
        """
        self.take()
        depth, info = self._depth_watchdog, self._info_watchdog
        found = {
            "image": self.watchdog.diagnose(timeout, required=True),
            "depth": depth.diagnose(timeout, required=False),
            # Depth without camera_info gives no metres.
            "camera_info": info.diagnose(timeout, required=depth.has_arrived),
        }
        faults = "; ".join(sentence for sentence, is_fault in found.values() if is_fault)
        stopped = self.watchdog.has_arrived and bool(found["image"][0])
        return {name: each[0] or "arrives" for name, each in found.items()}, faults, stopped

    def take(self) -> None:
        """Move the messages that have arrived to the buffer; in the executor's thread."""
        self._has_frame = False
        if not self._info_watchdog.has_arrived:
            self._subscribe_to_latched_info()
        for subscription, store in self._inputs:
            take_all(subscription, partial(self._store, subscription.msg_type, store))
        if self._has_frame:
            self._on_frame()

    def _on_timer(self) -> None:
        self.take()
        period = BUSY_PERIOD if self._is_busy() else IDLE_PERIOD
        if self._timer.timer_period_ns != round(period * SECOND):
            self._timer.timer_period_ns = round(period * SECOND)

    def _store(
        self, kind: type[Any], store: Callable[[SerializedMessage], None], data: bytes
    ) -> None:
        try:
            store(SerializedMessage(data, kind))
        except InputError as error:
            self._node.get_logger().warning(str(error), throttle_duration_sec=5.0)

    def update(self, parameters: Parameters) -> None:
        """Apply the parameters that can change at run time."""
        self._rectified = parameters.rectified
        self.buffer.resize(parameters.buffer_length, round(parameters.buffer_memory * SECOND))
        self.buffer.tolerance_ns = round(parameters.sync_tolerance * SECOND)

    def close(self) -> None:
        """Destroy the subscriptions and drop all frames."""
        self._jumps.unregister()
        self._node.destroy_timer(self._timer)
        for subscription, _ in self._inputs:
            self._node.destroy_subscription(subscription)
        self.buffer.clear()

    def _subscribe_images(self, name: str, transport: str) -> Subscription[Any]:
        """Subscribe by image_transport's convention: the transport follows the remapped name."""
        if transport == RAW:
            return create_camera_subscription(self._node, Image, name, SENSOR, self._group)
        topic = f"{self._node.resolve_topic_name(name)}/{transport}"
        return create_camera_subscription(self._node, CompressedImage, topic, SENSOR, self._group)

    def _subscribe_to_latched_info(self) -> None:
        """Subscribe to the past camera_info of a driver that keeps it, and may send it once.

        Such a subscription receives nothing from other drivers, which would log a warning of it.
        """
        topic = self._info_watchdog.topic
        subscribed = sum(each.topic_name == topic for each, _ in self._inputs) > 1
        publishers = self._node.get_publishers_info_by_topic(topic)
        if not subscribed and any(
            each.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for each in publishers
        ):
            latched = create_camera_subscription(
                self._node, CameraInfo, "camera_info", LATCHED, self._group
            )
            self._inputs.append((latched, self._on_info))

    def _on_image(self, image: SerializedMessage) -> None:
        self.watchdog.reset()
        self._report_jump(self.buffer.add_image(image.stamp_ns, image))
        self._has_frame = True

    def _on_depth(self, depth: SerializedMessage) -> None:
        self._depth_watchdog.reset()
        self._report_jump(self.buffer.add_depth(depth.stamp_ns, depth))
        self._has_frame = True

    def _on_info(self, info: SerializedMessage) -> None:
        self._info_watchdog.reset()
        if self._rectified:
            info = replace(info, convert=rectified_info)
        self._report_jump(self.buffer.add_info(info.stamp_ns, info))

    def _on_clock(self, jump: TimeJump) -> None:
        self._report_jump(self.buffer.drop_after(self._clock.now().nanoseconds))

    def _report_jump(self, jumped: bool) -> None:
        if jumped:
            self._node.get_logger().info(
                "time has jumped back: the buffered frames were dropped",
                throttle_duration_sec=1.0,  # a driver may alternate between two clocks
            )
            self._on_jump()


class _NotAwaited(CallbackGroup):
    """The group of subscriptions that an executor does not wait for."""

    def can_execute(self, entity: Any) -> bool:
        """Return False."""
        return False

    def beginning_execution(self, entity: Any) -> bool:
        """Return False."""
        return False

    def ending_execution(self, entity: Any) -> None:
        """Do nothing."""
