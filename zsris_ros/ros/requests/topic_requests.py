"""Expressions that come by topic, typed or spoken; what they mean goes out on the topics."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from rclpy.node import Node
from std_msgs.msg import String

from zsris_ros.msg import Utterance
from zsris_ros.ros.requests.request_handler import Answer, Refusal
from zsris_ros.srv import ReferSegment


class TopicCallers:
    """Listens to ``expression`` and ``utterance`` of ``node``.

    ``ask`` queues a request whose answer is published; ``refusal`` tells what a caller learns of an
    error; ``say`` publishes the sentence of the answer.
    """

    def __init__(
        self,
        node: Node,
        ask: Callable[[ReferSegment.Request], Future[Answer]],
        refusal: Callable[[BaseException], Refusal],
        say: Callable[[str], None],
    ) -> None:
        self._node, self._ask, self._refusal, self._say = node, ask, refusal, say
        node.create_subscription(String, "expression", self._on_expression, 10)
        node.create_subscription(Utterance, "utterance", self._on_utterance, 10)

    def _on_expression(self, expression: String) -> None:
        self._on_request(ReferSegment.Request(expression=expression.data))

    def _on_utterance(self, utterance: Utterance) -> None:
        """About the frame that was seen when the person began to speak."""
        stamp = utterance.header.stamp
        self._on_request(ReferSegment.Request(expression=utterance.text, stamp=stamp))

    def _on_request(self, request: ReferSegment.Request) -> None:
        try:
            self._ask(request).add_done_callback(self._tell)
        except Exception as error:
            self._tell_refusal(self._refusal(error))

    def _tell(self, future: Future[Answer]) -> None:
        if future.cancelled():
            return
        error = future.exception()
        if error is None:
            sentence = future.result().referral.message
            self._node.get_logger().info(sentence)
            self._say(sentence)
        else:
            self._tell_refusal(self._refusal(error))

    def _tell_refusal(self, refusal: Refusal) -> None:
        self._node.get_logger().warning(f"no answer: {refusal}")
        self._say(str(refusal))
