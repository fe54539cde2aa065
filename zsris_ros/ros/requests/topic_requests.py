"""Requests by topic, typed or spoken; answers are published on the result topics."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from rclpy.node import Node
from std_msgs.msg import String

from zsris_ros.msg import Utterance
from zsris_ros.ros.publishers.answer import Answer, Refusal
from zsris_ros.srv import ReferSegment


class TopicRequests:
    """Subscriptions of ``node`` to ``expression`` and ``utterance``.

    ``submit`` queues a request, ``to_refusal`` converts its exception, ``publish_sentence``
    publishes the message of its answer or refusal.
    """

    def __init__(
        self,
        node: Node,
        submit: Callable[[ReferSegment.Request], Future[Answer]],
        to_refusal: Callable[[BaseException], Refusal],
        publish_sentence: Callable[[str], None],
    ) -> None:
        self._logger, self._publish_sentence = node.get_logger(), publish_sentence
        self._submit, self._to_refusal = submit, to_refusal
        node.create_subscription(String, "expression", self._on_expression, 10)
        node.create_subscription(Utterance, "utterance", self._on_utterance, 10)

    def _on_expression(self, expression: String) -> None:
        self._request(ReferSegment.Request(expression=expression.data))

    def _on_utterance(self, utterance: Utterance) -> None:
        """Request the frame at the start of the utterance."""
        stamp = utterance.header.stamp
        self._request(ReferSegment.Request(expression=utterance.text, stamp=stamp))

    def _request(self, request: ReferSegment.Request) -> None:
        try:
            self._submit(request).add_done_callback(self._report)
        except Exception as error:
            self._report_refusal(self._to_refusal(error))

    def _report(self, future: Future[Answer]) -> None:
        if future.cancelled():
            return
        error = future.exception()
        if error is not None:
            self._report_refusal(self._to_refusal(error))
            return
        sentence = future.result().instruction.message
        self._logger.info(sentence)
        self._publish_sentence(sentence)

    def _report_refusal(self, refusal: Refusal) -> None:
        self._logger.warning(f"no answer: {refusal}")
        self._publish_sentence(str(refusal))
