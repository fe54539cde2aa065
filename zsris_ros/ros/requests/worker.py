"""One thread for the model, and a short queue before it.

A GPU does one thing at a time, and a ROS callback must never wait for it: callbacks submit a job
and get a future; the thread works the jobs off in order of arrival.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class QueueFull(Exception):
    """As many jobs wait as may wait; the caller should come back later."""


class Stopped(Exception):
    """The worker has been told to stop and takes no more jobs."""


class Cancelled(Exception):
    """The job was given up on its caller's wish, before its turn or at a boundary inside it."""


class Worker:
    """Runs jobs one after the other in a thread of its own.

    ``max_pending`` jobs may wait besides the one that runs; it may be set at any time. What a job
    raises is raised again by its future; the thread lives on.
    """

    def __init__(self, max_pending: int = 1, name: str = "model") -> None:
        self.max_pending = max_pending
        self._jobs: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._changed = threading.Condition()
        self._spare: Callable[[], None] | None = None
        self._stopped = False
        # A daemon, because an inference cannot be interrupted and must not keep the process alive.
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Jobs that have not begun."""
        return len(self._jobs)

    def submit(self, job: Callable[[], T], *, beyond_limit: bool = False) -> Future[T]:
        """Queues ``job``, also into a full queue with ``beyond_limit``; never waits.

        Raises QueueFull or Stopped.
        """
        future: Future[T] = Future()
        with self._changed:
            if self._stopped:
                raise Stopped("the node is shutting down")
            if len(self._jobs) >= self.max_pending and not beyond_limit:
                raise QueueFull(f"{len(self._jobs)} requests are waiting already")
            self._jobs.append((future, job))
            self._changed.notify()
        return future

    def offer(self, job: Callable[[], None]) -> None:
        """Runs ``job`` once nothing waits any more; until then a newer offer takes its place.

        What it raises is lost.
        """
        with self._changed:
            self._spare = job
            self._changed.notify()

    def withdraw(self, future: Future[Any]) -> bool:
        """Takes the job of ``future`` out of the queue; its future then raises Cancelled.

        Returns False, and does nothing, when the job has begun.
        """
        with self._changed:
            waiting = [entry for entry in self._jobs if entry[0] is future]
            for entry in waiting:
                self._jobs.remove(entry)
        for withdrawn, _ in waiting:
            withdrawn.set_exception(Cancelled("cancelled before its turn"))
        return bool(waiting)

    def stop(self, timeout: float) -> bool:
        """Cancels what waits and lets the running job end for ``timeout`` seconds.

        Returns whether the thread has ended; when it has not, it dies with the process.
        """
        with self._changed:
            self._stopped = True
            for future, _ in self._jobs:
                future.cancel()
            self._jobs.clear()
            self._changed.notify()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while self._run_next():
            pass

    def _run_next(self) -> bool:
        """Waits for a job and runs it; False when there will be no more.

        A function of its own, so that nothing of a job lives on while the thread waits.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._spare or self._stopped)
            future: Future[Any] = Future()
            if self._jobs:
                future, job = self._jobs.popleft()
            elif self._stopped or self._spare is None:
                return False
            else:
                job, self._spare = self._spare, None
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(job())
            except Exception as error:
                future.set_exception(error)
            except BaseException as error:
                # SystemExit out of a library must end neither this thread nor the caller's.
                future.set_exception(RuntimeError(f"the job wanted to end the process: {error!r}"))
        return True
