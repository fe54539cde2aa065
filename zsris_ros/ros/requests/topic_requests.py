"""Requests by topic, typed or spoken; answers are published on the result topics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial

from rclpy.node import Node
from std_msgs.msg import String

from zsris_ros.msg import Utterance
from zsris_ros.ros.publishers.answer import Refusal, Reply
from zsris_ros.ros.publishers.result_messages import to_refusal_result
from zsris_ros.ros.publishers.result_publishers import ResultPublishers
from zsris_ros.srv import ReferSegment


class TopicRequests:
    """Subscriptions of ``node`` to ``expression`` and ``utterance``.

    ``submit`` queues a request with its number and ``to_refusal`` converts its exception.
    ``results`` publishes the message of its answer or refusal.
    """

    def __init__(
        self,
        node: Node,
        submit: Callable[[ReferSegment.Request, int], Future[Reply]],
        to_refusal: Callable[[BaseException], Refusal],
        results: ResultPublishers,
        request_ids: Iterator[int],
    ) -> None:
        self._logger, self._results = node.get_logger(), results
        self._submit, self._to_refusal, self._request_ids = submit, to_refusal, request_ids
        node.create_subscription(String, "expression", self._on_expression, 10)
        node.create_subscription(Utterance, "utterance", self._on_utterance, 10)

    def _on_expression(self, expression: String) -> None:
        self._request(ReferSegment.Request(expression=expression.data))

    def _on_utterance(self, utterance: Utterance) -> None:
        """Request the frame at the start of the utterance."""
        stamp = utterance.header.stamp
        self._request(ReferSegment.Request(expression=utterance.text, stamp=stamp))

    def _request(self, request: ReferSegment.Request) -> None:
        request_id = next(self._request_ids)
        report = partial(self._report, request_id, request.expression)
        try:
            self._submit(request, request_id).add_done_callback(report)
        except Exception as error:
            self._report_refusal(error, request_id, request.expression)

    def _report(self, request_id: int, expression: str, future: Future[Reply]) -> None:
        if future.cancelled():
            return
        error = future.exception()
        if error is not None:
            self._report_refusal(error, request_id, expression)
            return
        sentence = future.result().answer.instruction.message
        self._logger.info(sentence)
        self._results.publish_sentence(sentence)

    def _report_refusal(self, error: BaseException, request_id: int, expression: str) -> None:
        refusal = self._to_refusal(error)
        self._logger.warning(f"no answer: {refusal}")
        self._results.publish_outcome(to_refusal_result(refusal, request_id, expression))
        self._results.publish_sentence(str(refusal))
