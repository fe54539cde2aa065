"""One worker thread for the model, with a bounded queue for each node.

A GPU runs one job at a time, and a ROS callback must not wait for it. A callback submits a job and
gets a future; the thread runs the jobs of a node in order of arrival. Nodes that share a thread, as
those of several cameras do, take turns.
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
    """A queue of jobs that run one after the other in ``thread`` (None: one of its own).

    A job's exception is raised by its future and does not end the thread; ``on_error`` gets it
    afterwards, in the thread, and must not raise. ``max_pending`` jobs may wait besides the running
    one. Both can be set at any time.
    """

    def __init__(self, max_pending: int = 1, thread: WorkerThread | None = None) -> None:
        self.max_pending = max_pending
        self.on_error: Callable[[Exception], None] = lambda error: None
        self._jobs: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._idle_job: Callable[[], None] | None = None
        self._stopped = False
        self._is_running = False
        self._thread = thread or WorkerThread()
        self._changed = self._thread.changed
        self._thread.add(self)

    @property
    def pending(self) -> int:
        """Number of jobs that have not started."""
        return len(self._jobs)

    @property
    def is_awaited_by_others(self) -> bool:
        """Whether jobs of other workers of the thread wait."""
        return self._thread.pending > len(self._jobs)

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
            self._changed.notify_all()
        return future

    def submit_idle(self, job: Callable[[], None]) -> None:
        """Run ``job`` when all queues are empty, unless a later call replaces it before.

        It has no future: only ``on_error`` gets its exception.
        """
        with self._changed:
            self._idle_job = job
            self._changed.notify_all()

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

        Returns whether it has ended; otherwise it ends with the process. The thread ends with its
        last worker.
        """
        with self._changed:
            self._stopped = True
            self._idle_job = None
            for future, _ in self._jobs:
                future.cancel()
            self._jobs.clear()
            self._thread.remove(self)
            return self._changed.wait_for(lambda: not self._is_running, timeout)

    # In the thread, with its lock

    def take(self, idle: bool) -> tuple[Future[Any], Callable[[], Any]] | None:
        """Return the next job, or the idle one; None without one."""
        entry = None
        if idle and self._idle_job is not None:
            entry, self._idle_job = (Future[Any](), self._idle_job), None
        elif not idle and self._jobs:
            entry = self._jobs.popleft()
        if entry is not None:
            self._is_running = True
        return entry

    def fail(self, future: Future[Any], error: Exception) -> None:
        """Report the exception of a job; without the lock."""
        future.set_exception(error)
        self.on_error(error)

    def finish(self) -> None:
        """Report the end of the job that ``take`` returned."""
        self._is_running = False
        self._changed.notify_all()


class WorkerThread:
    """A thread that runs the jobs of its workers in turns, one job of each.

    Idle jobs run, in turns as well, while no worker has another job.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._workers: list[Worker] = []  # in the order of their turns
        self._thread: threading.Thread | None = None

    @property
    def pending(self) -> int:
        """Number of jobs of all workers that have not started."""
        return sum(worker.pending for worker in tuple(self._workers))

    def add(self, worker: Worker) -> None:
        """Run the jobs of ``worker`` as well."""
        with self.changed:
            self._workers.append(worker)
            if self._thread is None:
                # A daemon, because an inference cannot be interrupted and must not keep the process
                # alive.
                self._thread = threading.Thread(target=self._run, name="model", daemon=True)
                self._thread.start()

    def remove(self, worker: Worker) -> None:
        """End with the last worker."""
        with self.changed:
            if worker in self._workers:
                self._workers.remove(worker)
            self.changed.notify_all()

    def _run(self) -> None:
        while self._run_next():
            pass

    def _run_next(self) -> bool:
        """Wait for a job and run it; return False after the last worker is removed.

        A separate function, so that no local variable keeps a job alive while the thread waits.
        """
        with self.changed:
            taken = self._take()
            while taken is None and self._workers:
                self.changed.wait()
                taken = self._take()
            if taken is None:
                self._thread = None
                return False
        worker, future, job = taken
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(job())
            except Exception as error:
                worker.fail(future, error)
            except BaseException as error:  # a library's SystemExit must end no thread
                reason = f"the job tried to end the process: {error!r}"
                worker.fail(future, RuntimeError(reason))
        with self.changed:
            worker.finish()
        return True

    def _take(self) -> tuple[Worker, Future[Any], Callable[[], Any]] | None:
        """Take the next job of the worker that has waited longest for its turn."""
        for idle in (False, True):
            for worker in self._workers:
                entry = worker.take(idle)
                if entry is not None:
                    self._workers.remove(worker)
                    self._workers.append(worker)
                    return worker, *entry
        return None
