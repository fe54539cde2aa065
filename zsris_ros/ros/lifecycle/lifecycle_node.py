"""A managed (lifecycle) node whose transitions block nothing.

rclpy runs a transition inside the service call that asks for it, so loading a model there would
stop images, parameters and diagnostics for as long. Here the service is a coroutine that hands the
whole transition to the node's worker thread and awaits it. All that touches the model thus happens
in one thread and in order of arrival: what was asked before a deactivation is still answered. While
a transition runs, ``get_state`` is served and tells so ("configuring").
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

import rclpy
from lifecycle_msgs.srv import ChangeState
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.lifecycle import LifecycleNodeMixin, LifecycleState, TransitionCallbackReturn
from rclpy.node import Node
from rclpy.task import Future as RosFuture

from zsris_ros.ros.requests.worker import Worker


class ManagedNode(LifecycleNodeMixin, Node):
    """A lifecycle node with a worker thread, in which its four steps are taken.

    ``configure``, ``activate``, ``deactivate`` and ``cleanup`` are the node's own; one that raises
    is logged in a sentence and leaves the node in the state it was in.
    """

    failure = ""
    """Why the node ended by itself, as a sentence; empty while all is well."""

    reason = ""
    """Why the last transition failed, as a sentence; empty when it did not."""

    def __init__(self, name: str, **node_options: Any) -> None:
        Node.__init__(self, name, **node_options)
        # Reentrant, because a coroutine that waits would keep an exclusive group to itself.
        LifecycleNodeMixin.__init__(self, callback_group=ReentrantCallbackGroup())
        (service,) = (each for each in self.services if each.srv_type is ChangeState)
        self._change_state = service.callback
        service.callback = self._on_change_state
        self._wake = self.create_guard_condition(lambda: None)
        self._worker = Worker()

    def configure(self) -> None:
        """From unconfigured to inactive."""

    def activate(self) -> None:
        """From inactive to active."""

    def deactivate(self) -> None:
        """From active to inactive; also what cleans up after a failed ``activate``."""

    def cleanup(self) -> None:
        """From inactive to unconfigured; also what cleans up after a failed ``configure``."""

    def settle(self) -> None:
        """After a transition, and in the executor's thread: opens or closes subscriptions.

        The worker must not: an executor trips over a subscription that is destroyed meanwhile.
        """

    def stop(self, patience: float) -> bool:
        """Drops what waits and ends the worker; False if it is still busy after ``patience`` s."""
        return self._worker.stop(patience)

    def start(self) -> None:
        """Configures and activates by itself; a failure ends the context."""
        self._worker.submit(self._start, beyond_limit=True)

    def _start(self) -> None:
        for trigger in (self.trigger_configure, self.trigger_activate):
            if trigger() != TransitionCallbackReturn.SUCCESS:
                self.failure = self.reason
                rclpy.try_shutdown(context=self.context)
                return

    # Called by rclpy, in the worker thread

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """See ``configure``."""
        return self._attempt("configured", self.configure, self.cleanup)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """See ``activate``."""
        return self._attempt("activated", self.activate, self.deactivate)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """See ``deactivate``."""
        return self._attempt("deactivated", self.deactivate)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """See ``cleanup``."""
        return self._attempt("cleaned up", self.cleanup)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Both ``deactivate`` and ``cleanup``."""
        return self._attempt("shut down", self._give_up)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """After a step down has failed: the node is unconfigured, whatever it takes."""
        self._attempt("cleaned up", self._give_up)
        return TransitionCallbackReturn.SUCCESS

    def _give_up(self) -> None:
        try:
            self.deactivate()
        finally:
            self.cleanup()

    def _attempt(
        self, done: str, step: Callable[[], None], undo: Callable[[], None] | None = None
    ) -> TransitionCallbackReturn:
        """Takes ``step``; when it fails, ``undo`` leads back to before it, else it is an error."""
        start = time.monotonic()
        try:
            step()
        except BaseException as error:  # a library's SystemExit must not end the thread either
            self.reason = f"the node could not be {done}: {error}"
            self.get_logger().error(self.reason)
            if undo is None:
                return TransitionCallbackReturn.ERROR
            undo()
            return TransitionCallbackReturn.FAILURE
        self.reason = ""
        self.get_logger().info(f"{done} after {time.monotonic() - start:.1f} s")
        return TransitionCallbackReturn.SUCCESS

    # Waiting for the worker without blocking the executor

    async def _on_change_state(
        self, request: ChangeState.Request, response: ChangeState.Response
    ) -> ChangeState.Response:
        job = partial(self._change_state, request, response)
        try:
            future = self._worker.submit(job, beyond_limit=True)
            await self.when_done(future)
            self.settle()
            return future.result()
        except Exception as error:  # up to Jazzy rclpy raises for a transition there is not
            self.get_logger().error(f"no transition: {error}")
            response.success = False
            return response

    def when_done(self, future: Future[Any]) -> RosFuture[None]:
        """An rclpy future that is done when the worker's is, and wakes the executor."""
        done: RosFuture[None] = RosFuture()

        def finish(_: Future[Any]) -> None:
            done.set_result(None)
            if self.context.ok():  # else nobody is left to be woken
                self._wake.trigger()

        future.add_done_callback(finish)
        return done
