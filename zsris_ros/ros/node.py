"""refer_segment_node: camera frames and referring expressions in, masks and points to grasp out.

Callbacks never block. The service's callback is a coroutine: it picks the frame, hands the question
to the worker thread and awaits an rclpy future. That works with the single-threaded executor of
every rclpy from Humble on, so no thread is spent on a caller that waits, and images, parameters and
further callers are served meanwhile. Such an executor looks at a waiting coroutine only when
something wakes it; the worker does so with a guard condition.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.task import Future as RosFuture
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String

from zsris_ros.ros import diagnostics, messages, parameters, process
from zsris_ros.ros.answering import Answer, Answerer, Question, Refusal, Segmenter, Status
from zsris_ros.ros.asking import SECOND, candidates_wanted, to_question
from zsris_ros.ros.conversions import stamp_ns
from zsris_ros.ros.frame_buffer import FrameBuffer
from zsris_ros.ros.outputs import Outputs
from zsris_ros.ros.parameters import Parameters
from zsris_ros.ros.worker import QueueFull, Stopped, Worker
from zsris_ros.srv import ReferSegment

NAME = "refer_segment_node"

SENSOR = QoSProfile(
    reliability=ReliabilityPolicy.BEST_EFFORT,  # matches every publisher
    durability=DurabilityPolicy.VOLATILE,
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
)

SegmenterFactory = Callable[[Parameters], Segmenter]


class ReferSegmentNode(process.ServingNode):
    """Serves ``refer_segment`` about the frames on ``image``, ``depth`` and ``camera_info``.

    ``segmenter_factory`` builds the model; it runs in the worker thread, so that the node answers
    its parameters and buffers images while the weights load. Requests wait for it. When it fails,
    ``failure`` holds the reason and the context is shut down.

    Raises ParameterError when a parameter cannot be used.
    """

    def __init__(self, segmenter_factory: SegmenterFactory, **node_options: Any) -> None:
        super().__init__(NAME, **node_options)
        self._chosen = parameters.declare(self)
        self.add_on_set_parameters_callback(self._on_parameters)
        self._buffer: FrameBuffer[Image, CameraInfo] = FrameBuffer(
            self._chosen.buffer_length, round(self._chosen.sync_tolerance * SECOND)
        )
        self._record = diagnostics.Record()
        self._silence = diagnostics.Silence(self, self.resolve_topic_name("image"))
        self._outputs = Outputs(self)
        self._answerer: Answerer | None = None
        self._worker = Worker(self._chosen.max_pending)
        self._open()
        self.get_logger().info(
            f"serving {self.resolve_service_name('refer_segment')} about the images on "
            f"{self.resolve_topic_name('image')}"
        )
        # Last, because a failure shuts the context down that the above is made in.
        self._worker.submit(partial(self._load, segmenter_factory))

    def stop(self, patience: float) -> bool:
        """Drops what waits and ends the worker; False if it is still busy after ``patience`` s."""
        return self._worker.stop(patience)

    def _open(self) -> None:
        self.create_subscription(Image, "image", self._on_image, SENSOR)
        self.create_subscription(Image, "depth", self._on_depth, SENSOR)
        self.create_subscription(CameraInfo, "camera_info", self._on_info, SENSOR)
        self.create_subscription(String, "expression", self._on_expression, 10)
        self._wake = self.create_guard_condition(lambda: None)
        self.create_service(
            ReferSegment,
            "refer_segment",
            self._on_request,
            callback_group=ReentrantCallbackGroup(),  # the next caller need not wait for this one
        )
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 1)
        # A clock of its own, because simulated time may stand still when a camera falls silent.
        self.create_timer(1.0, self._on_second, clock=Clock(clock_type=ClockType.STEADY_TIME))

    # The camera: messages are only kept; whoever asks has them converted.

    def _on_image(self, image: Image) -> None:
        self._silence.end()
        self._note_jump(self._buffer.add_image(stamp_ns(image.header), image))

    def _on_depth(self, depth: Image) -> None:
        self._note_jump(self._buffer.add_depth(stamp_ns(depth.header), depth))

    def _on_info(self, info: CameraInfo) -> None:
        self._note_jump(self._buffer.add_info(stamp_ns(info.header), info))

    def _note_jump(self, jumped: bool) -> None:
        if jumped:
            self.get_logger().info("time has jumped back: the buffered frames were dropped")

    # Requests

    async def _on_request(
        self, request: ReferSegment.Request, response: ReferSegment.Response
    ) -> ReferSegment.Response:
        arrived = time.monotonic()
        try:
            future = self._submit(request, arrived)
            done = self._when_done(future)
            # After the caller has been woken: nobody who waits should wait for the drawing.
            future.add_done_callback(self._publish)
            await done
            wanted = candidates_wanted(request, self._chosen)
            messages.fill(response, future.result(), wanted, request.return_mask)
        except Exception as error:
            messages.refuse(response, self._refusal(error))
        response.total_ms = (time.monotonic() - arrived) * 1e3
        return response

    def _on_expression(self, expression: String) -> None:
        """A request without a response: the answer goes out on the topics."""
        try:
            request = ReferSegment.Request(expression=expression.data)
            future = self._submit(request, time.monotonic())
            future.add_done_callback(self._publish)
            future.add_done_callback(self._log)
        except Exception as error:
            self.get_logger().warning(f"no answer: {self._refusal(error)}")

    def _submit(self, request: ReferSegment.Request, arrived: float) -> Future[Answer]:
        """Hands the question to the worker. Raises Refusal when there is none, or no room."""
        question = to_question(request, self._buffer, self._silence.topic, self._chosen)
        try:
            return self._worker.submit(partial(self._answer, question, arrived))
        except QueueFull as error:
            raise Refusal(Status.BUSY, f"{error}; ask again in a second") from error
        except Stopped as error:
            raise Refusal(Status.FAILED, str(error)) from error

    def _when_done(self, future: Future[Answer]) -> RosFuture[None]:
        """An rclpy future that is done when the worker's is, and wakes the executor."""
        done: RosFuture[None] = RosFuture()

        def finish(_: Future[Answer]) -> None:
            done.set_result(None)
            if self.context.ok():  # else nobody is left to be woken
                self._wake.trigger()

        future.add_done_callback(finish)
        return done

    def _refusal(self, error: BaseException) -> Refusal:
        """What a caller is told about ``error``; what is not a refusal is logged in full."""
        if isinstance(error, Refusal):
            refusal = error
        else:
            self.get_logger().error(process.traceback_of(error))
            reason = str(error).strip().partition("\n")[0] or "it gave no reason"
            refusal = Refusal(Status.FAILED, f"the model failed: {type(error).__name__}: {reason}")
        self._record.refuse(failed=refusal.status == Status.FAILED)
        return refusal

    # In the worker thread

    def _load(self, segmenter_factory: SegmenterFactory) -> None:
        start = time.monotonic()
        try:
            segmenter = segmenter_factory(self._chosen)
        except BaseException as error:
            self.failure = f"the model could not be loaded: {error}"
            self.get_logger().debug(process.traceback_of(error))
            rclpy.try_shutdown(context=self.context)
            raise
        self._answerer = Answerer(segmenter, self._chosen.max_scenes)
        self._record.model = "ready"
        self.get_logger().info(f"the model is ready after {time.monotonic() - start:.1f} s")

    def _answer(self, question: Question, arrived: float) -> Answer:
        assert self._answerer is not None, "loading is the worker's first job"
        answer = self._answerer.answer(question, self._chosen.assume_registered)
        self._record.answer((time.monotonic() - arrived) * 1e3, answer.cache_hit)
        return answer

    def _publish(self, future: Future[Answer]) -> None:
        if future.cancelled() or future.exception() is not None:
            return
        try:
            self._outputs.publish(future.result(), self._chosen.publish_overlay)
        except Exception as error:
            self.get_logger().error(process.traceback_of(error))

    def _log(self, future: Future[Answer]) -> None:
        if future.cancelled():
            return
        error = future.exception()
        if error is None:
            self.get_logger().info(future.result().referral.message)
        else:
            self.get_logger().warning(f"no answer: {self._refusal(error)}")

    # Housekeeping

    def _on_parameters(self, changes: list[Parameter[Any]]) -> SetParametersResult:
        self._chosen, result = parameters.update(self._chosen, changes)
        return result

    def _on_second(self) -> None:
        silence = self._silence.explain(self._chosen.image_timeout)
        report = diagnostics.report(self, self._record, self._worker.waiting, silence)
        self._diagnostics.publish(report)


def load_model(chosen: Parameters) -> Segmenter:
    """The segmenter of the chosen weights; torch is imported here, in the worker thread."""
    from zsris_ros.weights.load import load_segmenter

    return load_segmenter(
        chosen.weights,
        device=chosen.device,
        precision=chosen.precision,
        directory=chosen.weights_dir or None,
        depth_proposals=chosen.depth_proposals,
        parser=chosen.parser,
        batch_size=chosen.batch_size or None,
    )


def main(args: Sequence[str] | None = None) -> int:
    """Entry point of the executable refer_segment_node; returns the exit code."""
    return process.run(lambda: ReferSegmentNode(load_model), NAME, args)


if __name__ == "__main__":
    sys.exit(main())
