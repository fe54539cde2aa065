"""An action client that keeps all feedback, and the goals that it has sent."""

from __future__ import annotations

import time
from typing import Any

from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from support.service_discovery import PATIENCE, UNANSWERED


class SentGoal:
    """A goal with its feedback and result."""

    def __init__(self, caller: ActionCaller, goal: Any) -> None:
        self._caller = caller
        self.handle: Any = caller.until(caller.client.send_goal_async(goal))
        assert self.handle.accepted
        self._ended = self.handle.get_result_async()

    def wait_for_stage(self, stage: str) -> None:
        self._caller.spin_until(lambda: stage in self.stages)

    def cancel(self) -> None:
        answer = self._caller.until(self.handle.cancel_goal_async())
        assert len(answer.goals_canceling) == 1

    def end(self) -> tuple[int, Any]:
        """Return state and result."""
        answer = self._caller.until(self._ended)
        return answer.status, answer.result

    @property
    def is_over(self) -> bool:
        """Whether the result has arrived."""
        return bool(self._ended.done())

    @property
    def feedback(self) -> list[Any]:
        mine = self.handle.goal_id
        return [each.feedback for each in self._caller.feedback if each.goal_id == mine]

    @property
    def stages(self) -> list[str]:
        return [each.stage for each in self.feedback]


class ActionCaller:
    """Sends goals of an action and spins until they end.

    The first goal is ``harmless``, one that ends at once and changes nothing. It is repeated until
    its result arrives: the server has discovered the client then (see ``service_discovery``).
    """

    def __init__(self, node: Node, action: Any, name: str, harmless: Any) -> None:
        self.client: Any = ActionClient(node, action, name)
        # Not the client's feedback, which ends with the result.
        self.feedback: list[Any] = []
        kind, topic = action.Impl.FeedbackMessage, f"{name}/_action/feedback"
        self._heard = node.create_subscription(kind, topic, self.feedback.append, 100)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(node)
        assert self.client.wait_for_server(PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while not self._is_discovered(harmless):
            assert time.monotonic() < deadline, f"{name} did not answer"

    def _is_discovered(self, harmless: Any) -> bool:
        sent = self.client.send_goal_async(harmless)
        self._executor.spin_until_future_complete(sent, UNANSWERED)
        if not sent.done():
            return False
        ended = sent.result().get_result_async()
        self._executor.spin_until_future_complete(ended, UNANSWERED)
        return bool(ended.done())

    def send(self, goal: Any) -> SentGoal:
        return SentGoal(self, goal)

    def until(self, future: Any) -> Any:
        self.spin_until(future.done)
        return future.result()

    def spin_until(self, done: Any, timeout: float = 150.0) -> None:
        deadline = time.monotonic() + timeout
        while not done():
            assert time.monotonic() < deadline, "timeout"
            self.spin()

    def spin(self, timeout: float = 0.05) -> None:
        """Run the callbacks that are due, or the next one within ``timeout``."""
        self._executor.spin_once(timeout)

    def close(self) -> None:
        self.client.destroy()
        self._executor.shutdown(timeout_sec=0.0)
