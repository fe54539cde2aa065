"""A lifecycle node whose transitions do not block the executor.

rclpy runs a transition inside its service callback, so loading a model there would delay images,
parameters and diagnostics. Here the callback is a coroutine that submits the transition to the
worker thread and awaits it. Requests and transitions thus run in one thread in order of arrival:
a request that precedes a deactivation is still answered. ``get_state`` is served meanwhile and
reports the transition ("configuring").
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from lifecycle_msgs.srv import ChangeState
from rclpy.action import ActionServer
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.lifecycle import LifecycleNodeMixin, LifecycleState, TransitionCallbackReturn
from rclpy.node import Node
from rclpy.task import Future as RosFuture

from zsris_ros.ros.lifecycle import process
from zsris_ros.ros.lifecycle.worker import Worker, WorkerThread


class WorkerLifecycleNode(LifecycleNodeMixin, Node):
    """A lifecycle node that runs its transitions in a worker thread, ``thread`` or its own.

    Subclasses override ``configure``, ``activate``, ``deactivate`` and ``cleanup``. An exception in
    one of them is logged as a sentence and leaves the node in its previous state.
    """

    exit_error = ""
    """Reason for which the process should end (``process.run`` does so); empty without one."""

    exit_code = process.FAILED
    """Exit code of the process with an ``exit_error``."""

    transition_error = ""
    """Reason for which the last transition failed; empty after a success."""

    def __init__(self, name: str, thread: WorkerThread | None = None, **node_options: Any) -> None:
        Node.__init__(self, name, **node_options)
        # Reentrant, because a waiting coroutine blocks a mutually exclusive group.
        LifecycleNodeMixin.__init__(self, callback_group=ReentrantCallbackGroup())
        (service,) = (each for each in self.services if each.srv_type is ChangeState)
        self._change_state = service.callback
        service.callback = self._on_change_state
        self._wake = self.create_guard_condition(lambda: None)
        self._worker = Worker(thread=thread)

    def configure(self) -> None:
        """Go from unconfigured to inactive."""

    def activate(self) -> None:
        """Go from inactive to active."""

    def deactivate(self) -> None:
        """Go from active to inactive; also called after a failed ``activate``."""

    def cleanup(self) -> None:
        """Go from inactive to unconfigured; also called after a failed ``configure``."""

    def update_subscriptions(self) -> None:
        """Open or close subscriptions after a transition, in the executor's thread.

        The worker must not do so: an executor fails on a subscription destroyed by another thread.
        """

    def autostart(self) -> None:
        """Configure and activate in the worker thread; a failure is an ``exit_error``."""
        self._worker.submit(self._configure_and_activate, beyond_limit=True)

    def stop(self, timeout: float) -> bool:
        """Stop the worker; return False if a job still runs after ``timeout`` seconds."""
        return self._worker.stop(timeout)

    def destroy_node(self) -> None:
        """Stop the worker and destroy the node.

        rclpy leaves the action servers and the state machine. They would keep the node in the ROS
        graph: until the end of the process, and after it until the middleware's timeout of 20 s.
        """
        self.stop(process.STOP_TIMEOUT)
        for each in tuple(self.waitables):
            if isinstance(each, ActionServer):
                each.destroy()
        super().destroy_node()
        self._state_machine.destroy_when_not_in_use()

    def wait_for(self, future: Future[Any]) -> RosFuture[None]:
        """Return an rclpy future that completes with ``future`` and wakes the executor."""
        done: RosFuture[None] = RosFuture()

        def finish(_: Future[Any]) -> None:
            done.set_result(None)
            if self.context.ok():
                self._wake.trigger()

        future.add_done_callback(finish)
        return done

    # Transition callbacks of rclpy; they run in the worker thread

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run ``configure``."""
        return self._run_step("configured", self.configure, self.cleanup)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run ``activate``."""
        return self._run_step("activated", self.activate, self.deactivate)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run ``deactivate``."""
        return self._run_step("deactivated", self.deactivate)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run ``cleanup``."""
        return self._run_step("cleaned up", self.cleanup)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run ``deactivate`` and ``cleanup``."""
        return self._run_step("shut down", self._release)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Return to unconfigured after a failed ``deactivate`` or ``cleanup``."""
        self._run_step("cleaned up", self._release)
        return TransitionCallbackReturn.SUCCESS

    def _release(self) -> None:
        try:
            self.deactivate()
        finally:
            self.cleanup()

    def _run_step(
        self, participle: str, step: Callable[[], None], undo: Callable[[], None] | None = None
    ) -> TransitionCallbackReturn:
        """Run ``step``; on failure run ``undo``, or report an error without one."""
        start = time.monotonic()
        try:
            step()
        except BaseException as error:  # a library's SystemExit must not end the thread
            self.transition_error = f"the node could not be {participle}: {error}"
            self.get_logger().error(self.transition_error)
            if undo is None:
                return TransitionCallbackReturn.ERROR
            undo()
            return TransitionCallbackReturn.FAILURE
        self.transition_error = ""
        self.get_logger().info(f"{participle} after {time.monotonic() - start:.1f} s")
        return TransitionCallbackReturn.SUCCESS

    def _configure_and_activate(self) -> None:
        for trigger in (self.trigger_configure, self.trigger_activate):
            if trigger() != TransitionCallbackReturn.SUCCESS:
                self.exit_error = self.transition_error
                self._wake.trigger()
                return

    async def _on_change_state(
        self, request: ChangeState.Request, response: ChangeState.Response
    ) -> ChangeState.Response:
        job = partial(self._change_state, request, response)
        try:
            future = self._worker.submit(job, beyond_limit=True)
            await self.wait_for(future)
            self.update_subscriptions()
            return future.result()
        except Exception as error:  # up to Jazzy rclpy raises for an invalid transition
            self.get_logger().error(f"no transition: {error}")
            response.success = False
            return response
