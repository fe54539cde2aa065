"""One worker thread for the model, with a bounded queue.

A GPU runs one job at a time, and a ROS callback must not wait for it. A callback submits a job and
gets a future; the thread runs the jobs in order of arrival.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class QueueFull(Exception):
    """The queue holds ``max_pending`` jobs; the caller should retry later."""


class WorkerStopped(Exception):
    """The worker is stopped and accepts no jobs."""


class JobCancelled(Exception):
    """The job was cancelled before it started or between two stages."""


class Worker:
    """Runs jobs one after the other in its own thread.

    A job's exception is raised by its future and does not end the thread. ``max_pending`` jobs may
    wait besides the running one; it can be set at any time.
    """

    def __init__(self, max_pending: int = 1, name: str = "model") -> None:
        self.max_pending = max_pending
        self._jobs: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._changed = threading.Condition()
        self._idle_job: Callable[[], None] | None = None
        self._stopped = False
        # A daemon, because an inference cannot be interrupted and must not keep the process alive.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def pending(self) -> int:
        """Number of jobs that have not started."""
        return len(self._jobs)

    def submit(self, job: Callable[[], T], *, beyond_limit: bool = False) -> Future[T]:
        """Queue ``job`` without waiting; with ``beyond_limit`` also into a full queue.

        Raises QueueFull or WorkerStopped.
        """
        future: Future[T] = Future()
        with self._changed:
            if self._stopped:
                raise WorkerStopped("the node is shutting down")
            if len(self._jobs) >= self.max_pending and not beyond_limit:
                raise QueueFull(f"{len(self._jobs)} requests are waiting already")
            self._jobs.append((future, job))
            self._changed.notify()
        return future

    def submit_idle(self, job: Callable[[], None]) -> None:
        """Run ``job`` when the queue is empty, unless a later call replaces it before.

        Its exceptions are discarded.
        """
        with self._changed:
            self._idle_job = job
            self._changed.notify()

    def cancel(self, future: Future[Any]) -> bool:
        """Remove a waiting job, so that its future raises JobCancelled.

        Returns False for a job that has started.
        """
        with self._changed:
            waiting = [entry for entry in self._jobs if entry[0] is future]
            for entry in waiting:
                self._jobs.remove(entry)
        for cancelled, _ in waiting:
            cancelled.set_exception(JobCancelled("cancelled before its turn"))
        return bool(waiting)

    def stop(self, timeout: float) -> bool:
        """Cancel the waiting jobs and wait ``timeout`` seconds for the running one.

        Returns whether the thread has ended; otherwise it ends with the process.
        """
        with self._changed:
            self._stopped = True
            for future, _ in self._jobs:
                future.cancel()
            self._jobs.clear()
            self._changed.notify()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while self._run_next():
            pass

    def _run_next(self) -> bool:
        """Wait for a job and run it; return False after ``stop``.

        A separate function, so that no local variable keeps a job alive while the thread waits.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._idle_job or self._stopped)
            future: Future[Any] = Future()
            if self._jobs:
                future, job = self._jobs.popleft()
            elif self._stopped or self._idle_job is None:
                return False
            else:
                job, self._idle_job = self._idle_job, None
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(job())
            except Exception as error:
                future.set_exception(error)
            except BaseException as error:  # a library's SystemExit must end no thread
                future.set_exception(RuntimeError(f"the job tried to end the process: {error!r}"))
        return True
