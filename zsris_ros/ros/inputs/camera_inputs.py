"""What an active node hears: the camera's topics, the frames of late, and their silence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.clock import JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from zsris_ros.camera.compressed import RAW
from zsris_ros.camera.frame_buffer import MAX_DISORDER_NS, FrameBuffer
from zsris_ros.camera.image_messages import SECOND, AnyImage, rectified_info, stamp_ns
from zsris_ros.ros import qos
from zsris_ros.ros.inputs.input_watchdog import Silence
from zsris_ros.ros.parameters.node_parameters import Parameters

SENSOR = QoSProfile(
    reliability=ReliabilityPolicy.BEST_EFFORT,  # matches every publisher
    durability=DurabilityPolicy.VOLATILE,
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
)

BACKWARDS = JumpThreshold(
    min_forward=None, min_backward=Duration(nanoseconds=-MAX_DISORDER_NS), on_clock_change=True
)


class Inputs:
    """Subscriptions to ``image``, ``depth`` and ``camera_info``, from its making to ``close``.

    Messages are only kept in ``buffer``; whoever asks has them converted. ``on_jump`` is called
    when time has jumped back, whether the stamps of the images tell so (a bag that starts over) or
    the node's clock (a simulation that is reset). ``on_frame`` is called when an image or its depth
    has come.
    """

    def __init__(
        self,
        node: Node,
        chosen: Parameters,
        on_jump: Callable[[], None],
        on_frame: Callable[[], None],
    ) -> None:
        self.buffer: FrameBuffer[AnyImage, CameraInfo] = FrameBuffer(
            chosen.buffer_length,
            round(chosen.sync_tolerance * SECOND),
            memory_ns=round(chosen.buffer_memory * SECOND),
        )
        self._node, self._on_jump, self._on_frame = node, on_jump, on_frame
        self._rectified = chosen.rectified
        self._subscriptions = [
            self._images("image", chosen.image_transport, self._on_image),
            self._images("depth", chosen.depth_transport, self._on_depth),
            self._subscribe(CameraInfo, "camera_info", self._on_info),
        ]
        self.silence = Silence(node, self._subscriptions[0])
        self._clock = node.get_clock()
        self._jumps = self._clock.create_jump_callback(BACKWARDS, post_callback=self._on_clock)

    def _images(
        self, name: str, transport: str, callback: Callable[[AnyImage], None]
    ) -> Subscription[Any]:
        """image_transport's convention: the transport's name behind the topic's remapped name."""
        if transport == RAW:
            return self._subscribe(Image, name, callback)
        topic = f"{self._node.resolve_topic_name(name)}/{transport}"
        return self._subscribe(CompressedImage, topic, callback)

    def _subscribe(
        self, kind: type[Any], topic: str, callback: Callable[[Any], None]
    ) -> Subscription[Any]:
        return self._node.create_subscription(
            kind, topic, callback, SENSOR, event_callbacks=qos.SUBSCRIPTION
        )

    def set(self, chosen: Parameters) -> None:
        """Takes over what may change while the node runs."""
        self._rectified = chosen.rectified
        self.buffer.resize(chosen.buffer_length, round(chosen.buffer_memory * SECOND))
        self.buffer.tolerance_ns = round(chosen.sync_tolerance * SECOND)

    def close(self) -> None:
        """Hears no more, and forgets every frame."""
        self._jumps.unregister()
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self.buffer.clear()

    def _on_image(self, image: AnyImage) -> None:
        self.silence.end()
        self._note(self.buffer.add_image(stamp_ns(image.header), image))
        self._on_frame()

    def _on_depth(self, depth: AnyImage) -> None:
        self._note(self.buffer.add_depth(stamp_ns(depth.header), depth))
        self._on_frame()

    def _on_info(self, info: CameraInfo) -> None:
        calibration = rectified_info(info) if self._rectified else info
        self._note(self.buffer.add_info(stamp_ns(info.header), calibration))

    def _on_clock(self, jump: TimeJump) -> None:
        self._note(self.buffer.drop_after(self._clock.now().nanoseconds))

    def _note(self, jumped: bool) -> None:
        if jumped:
            self._node.get_logger().info(
                "time has jumped back: the buffered frames were dropped",
                throttle_duration_sec=1.0,  # a driver may send two times in turn
            )
            self._on_jump()
