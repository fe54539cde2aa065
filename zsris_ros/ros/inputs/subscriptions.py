"""Subscriptions of an active node to the camera, with the frame buffer behind them.

An executor of rclpy spends a millisecond per message on its wait set, more than on the message. The
camera's messages are therefore not awaited: they wait in the middleware's queues until a timer or a
request takes them. To take an image copies it three times, which costs more than to receive it. The
queues are therefore as long as the buffer, and without requests they are left to overflow.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.clock import Clock, ClockType, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from zsris_ros.camera.compressed import RAW
from zsris_ros.camera.frame_buffer import MAX_DISORDER_NS, SPACING_NS, FrameBuffer
from zsris_ros.camera.image_messages import SECOND, rectified_info
from zsris_ros.ros.inputs.input_watchdog import InputWatchdog
from zsris_ros.ros.inputs.serialized import (
    CameraBuffer,
    SerializedMessage,
    TakenMessage,
    take_all,
    take_one,
)
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.qos import LATCHED, create_camera_subscription
from zsris_ros.types import InputError

BACKWARDS = JumpThreshold(
    min_forward=None, min_backward=Duration(nanoseconds=-MAX_DISORDER_NS), on_clock_change=True
)

PERIOD = SPACING_NS / SECOND
"""Seconds between two reads of the queues."""
BUSY_PERIOD = 1 / 30
"""The same while tracking or look-ahead uses each frame."""
IDLE_AFTER = 30.0
"""Seconds after a request until the queues are left to overflow."""


@dataclass(frozen=True, eq=False)
class _Input:
    """A subscription, its watchdog, and the method of the buffer that stores its messages."""

    subscription: Subscription[Any]
    watchdog: InputWatchdog
    add: Callable[[int, SerializedMessage], bool]

    def holds(self, length: int) -> bool:
        """Return whether the queue drops its oldest message beyond ``length`` or more of them."""
        quality = self.subscription.qos_profile
        return bool(quality.history == HistoryPolicy.KEEP_LAST and quality.depth >= length)


class CameraSubscriptions:
    """Subscriptions to ``image``, ``depth`` and ``camera_info`` until ``close``.

    ``take`` moves the messages that have arrived to ``buffer``, without deserialising them, for a
    request; a timer does the same. Then ``on_frame`` is called if an image or depth image was among
    them, and ``on_jump`` when time jumps back, in the stamps (a looped bag) or in the node's clock
    (a simulation reset). ``is_busy`` returns whether each frame is used.

    ``IDLE_AFTER`` seconds after a request the timer begins to take the oldest message of each queue
    only. A full queue drops it soon, and the buffer keeps a frame of each quarter of a second.
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
        self._length = parameters.buffer_length
        image = self._subscribe_images("image", parameters.image_transport)
        depth = self._subscribe_images("depth", parameters.depth_transport)
        info = create_camera_subscription(
            node, CameraInfo, "camera_info", self._group, self._length
        )
        self.watchdog = InputWatchdog(node, "image", image)
        self._depth_watchdog = InputWatchdog(node, "depth", depth)
        self._info_watchdog = InputWatchdog(node, "camera_info", info, once=True)
        self._images = [
            _Input(depth, self._depth_watchdog, self.buffer.add_depth),
            _Input(image, self.watchdog, self.buffer.add_image),
        ]
        self._infos = [_Input(info, self._info_watchdog, self._add_info)]
        self._last_request = time.monotonic()
        self._clock = node.get_clock()
        self._jumps = self._clock.create_jump_callback(BACKWARDS, post_callback=self._on_clock)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # simulated time may stand still
        self._timer = node.create_timer(PERIOD, self._on_timer, clock=steady)

    def diagnose(self, timeout: float) -> tuple[dict[str, str], str, bool]:
        """Return why inputs are silent for ``timeout`` seconds.

        Returns:
            A sentence for each input ("arrives" without a silence), the sentences of the faults
            ("" without one), and whether the images have stopped.
        """
        if not self._info_watchdog.has_arrived:
            self._subscribe_to_latched_info()
        # While idle the oldest messages are taken, so an input can seem silent for ``timeout``.
        if self._sample([each for each in self._inputs if each.watchdog.age >= timeout]):
            self._take_all()
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
        self._last_request = time.monotonic()
        self._take_all()

    @property
    def _inputs(self) -> list[_Input]:
        return [*self._infos, *self._images]

    def _on_timer(self) -> None:
        is_busy = self._is_busy()
        is_idle = time.monotonic() - self._last_request > IDLE_AFTER
        if not is_busy and is_idle and all(each.holds(self._length) for each in self._images):
            self._sample(self._inputs)
        else:
            self._take_all()
        period = BUSY_PERIOD if is_busy else PERIOD
        if self._timer.timer_period_ns != round(period * SECOND):
            self._timer.timer_period_ns = round(period * SECOND)

    def _take_all(self) -> None:
        if not self._info_watchdog.has_arrived:
            self._subscribe_to_latched_info()
        self._store(
            [(each, taken) for each in self._inputs for taken in take_all(each.subscription)]
        )

    def _sample(self, inputs: list[_Input]) -> bool:
        """Move the oldest message of each queue to the buffer; return whether there was one."""
        oldest = [(each, take_one(each.subscription)) for each in inputs]
        found = [(each, taken) for each, taken in oldest if taken is not None]
        has_jumped = self._store(found)
        # After a jump of one input, the inputs would drop each other's messages until all have
        # jumped. Without the times of arrival an input is silent only when its queue is empty.
        if has_jumped or not all(taken.received_ns for _, taken in found):
            self._take_all()
        return bool(found)

    def _store(self, found: list[tuple[_Input, TakenMessage]]) -> bool:
        """Move messages to the buffer by their time of arrival; return whether time jumped back."""
        has_frame = has_jumped = False
        for each, taken in sorted(found, key=lambda pair: pair[1].received_ns):
            each.watchdog.reset(taken.age)
            try:
                has_jumped |= each.add(taken.message.stamp_ns, taken.message)
            except InputError as error:
                self._node.get_logger().warning(str(error), throttle_duration_sec=5.0)
            else:
                has_frame |= each in self._images
        self._report_jump(has_jumped)
        if has_frame:
            self._on_frame()
        return has_jumped

    def update(self, parameters: Parameters) -> None:
        """Apply the parameters that can change at run time."""
        self._rectified = parameters.rectified
        self._length = parameters.buffer_length
        self.buffer.resize(parameters.buffer_length, round(parameters.buffer_memory * SECOND))
        self.buffer.tolerance_ns = round(parameters.sync_tolerance * SECOND)

    def close(self) -> None:
        """Destroy the subscriptions and drop all frames."""
        self._jumps.unregister()
        self._node.destroy_timer(self._timer)
        for each in self._inputs:
            self._node.destroy_subscription(each.subscription)
        self.buffer.clear()

    def _subscribe_images(self, name: str, transport: str) -> Subscription[Any]:
        """Subscribe by image_transport's convention: the transport follows the remapped name."""
        if transport == RAW:
            return create_camera_subscription(self._node, Image, name, self._group, self._length)
        topic = f"{self._node.resolve_topic_name(name)}/{transport}"
        return create_camera_subscription(
            self._node, CompressedImage, topic, self._group, self._length
        )

    def _subscribe_to_latched_info(self) -> None:
        """Subscribe with transient local durability, for a driver that sends camera_info once.

        Other drivers would log a warning of such a subscription, which is incompatible with them.
        """
        topic = self._info_watchdog.topic
        publishers = self._node.get_publishers_info_by_topic(topic)
        if len(self._infos) == 1 and any(
            each.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for each in publishers
        ):
            latched = create_camera_subscription(
                self._node, CameraInfo, "camera_info", self._group, 1, LATCHED
            )
            self._infos.append(_Input(latched, self._info_watchdog, self._add_info))

    def _add_info(self, stamp_ns: int, info: SerializedMessage) -> bool:
        if self._rectified:
            info = replace(info, convert=rectified_info)
        return self.buffer.add_info(stamp_ns, info)

    def _on_clock(self, jump: TimeJump) -> None:
        self._take_all()  # else later calls would store messages of the old time
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
