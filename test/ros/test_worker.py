"""The worker: one thread, a bounded queue, a bounded stop."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from concurrent.futures import CancelledError

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from zsris_ros.ros.lifecycle.worker import (
    JobCancelled,
    QueueFull,
    Worker,
    WorkerStopped,
    WorkerThread,
)


class Gate:
    """A job that runs until ``opened`` is set."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self) -> str:
        self.entered.set()
        assert self.opened.wait(10)
        return "through"


def test_jobs_run_in_order_in_one_other_thread() -> None:
    worker = Worker(max_pending=100)
    order: list[int] = []

    def job(number: int) -> int:
        order.append(number)
        return threading.get_ident()

    futures = [worker.submit(lambda number=number: job(number)) for number in range(50)]
    threads = {future.result(10) for future in futures}
    assert order == list(range(50))
    assert len(threads) == 1 and threading.get_ident() not in threads
    assert worker.stop(5)


def test_the_exception_of_every_job_is_reported_after_its_future() -> None:
    worker = Worker(max_pending=3)
    reported: list[Exception] = []
    worker.on_error = reported.append

    def fail(reason: str) -> None:
        raise ValueError(reason)

    future = worker.submit(lambda: fail("a request"))
    with pytest.raises(ValueError, match="a request"):
        future.result(10)
    worker.submit_idle(lambda: fail("idle time"))
    deadline = time.monotonic() + 10
    while len(reported) < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert [str(each) for each in reported] == ["a request", "idle time"]
    assert worker.submit(lambda: "goes on").result(10) == "goes on"
    assert worker.stop(5)


def test_the_queue_is_bounded_and_frees_again() -> None:
    worker, gate = Worker(max_pending=2), Gate()
    running = worker.submit(gate)
    assert gate.entered.wait(10)
    waiting = [worker.submit(lambda: "ran") for _ in range(2)]
    assert worker.pending == 2
    with pytest.raises(QueueFull, match="2"):
        worker.submit(lambda: "too much")
    gate.opened.set()
    assert running.result(10) == "through"
    assert [future.result(10) for future in waiting] == ["ran", "ran"]
    assert worker.submit(lambda: "again").result(10) == "again"
    assert worker.stop(5)


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        (ValueError("bad"), ValueError),
        (MemoryError(), MemoryError),
        (SystemExit(3), RuntimeError),
    ],
)
def test_an_exception_reaches_the_caller_and_not_the_thread(
    error: BaseException, seen: type[Exception]
) -> None:
    worker = Worker(max_pending=2)

    def fail() -> None:
        raise error

    with pytest.raises(seen):
        worker.submit(fail).result(10)
    assert worker.submit(lambda: 5).result(10) == 5
    assert worker.stop(5)


def test_the_newest_idle_job_runs_after_the_queue() -> None:
    worker, gate = Worker(max_pending=5), Gate()
    running = worker.submit(gate)
    assert gate.entered.wait(10)
    order: list[str] = []
    offered = threading.Event()

    def last() -> None:
        order.append("newest idle job")
        offered.set()

    worker.submit_idle(lambda: order.append("older idle job"))
    worker.submit_idle(last)
    waiting = [worker.submit(lambda name=name: order.append(name)) for name in "ab"]
    gate.opened.set()
    assert running.result(10) == "through"
    for future in waiting:
        future.result(10)
    assert offered.wait(10)
    assert order == ["a", "b", "newest idle job"]

    def fail() -> None:
        raise ValueError

    worker.submit_idle(fail)
    assert worker.submit(lambda: 5).result(10) == 5
    worker.submit_idle(fail)
    assert worker.stop(5)


def test_a_waiting_job_can_be_cancelled_and_a_running_one_cannot() -> None:
    worker, gate = Worker(max_pending=2), Gate()
    running = worker.submit(gate)
    assert gate.entered.wait(10)
    ran: list[str] = []
    first, second = (worker.submit(lambda name=name: ran.append(name)) for name in "ab")
    assert worker.cancel(first) and worker.pending == 1
    with pytest.raises(JobCancelled):
        first.result(1)
    assert not worker.cancel(first) and not worker.cancel(running)
    worker.submit(lambda: ran.append("c"))  # the place is free again
    gate.opened.set()
    assert running.result(10) == "through"
    second.result(10)
    assert worker.stop(5)
    assert ran == ["b", "c"]


def test_stop_cancels_waiting_jobs_and_leaves_the_running_one() -> None:
    worker, gate = Worker(max_pending=5), Gate()
    running = worker.submit(gate)
    assert gate.entered.wait(10)
    waiting = worker.submit(lambda: "never")
    start = time.monotonic()
    assert not worker.stop(0.2)
    assert time.monotonic() - start < 2
    with pytest.raises(CancelledError):
        waiting.result(1)
    with pytest.raises(WorkerStopped):
        worker.submit(lambda: "late")
    gate.opened.set()
    assert running.result(10) == "through"
    assert worker.stop(5)


def test_a_finished_job_is_released() -> None:
    class Frame:
        pass

    worker, frame = Worker(max_pending=2), Frame()
    gone = weakref.ref(frame)
    worker.submit(lambda frame=frame: id(frame)).result(10)
    del frame
    deadline = time.monotonic() + 5
    while gone() is not None and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.01)
    assert gone() is None
    assert worker.stop(5)


def test_workers_of_one_thread_take_turns() -> None:
    thread, gate = WorkerThread(), Gate()
    busy, calm = Worker(10, thread), Worker(1, thread)
    running = busy.submit(gate)
    assert gate.entered.wait(10)
    order: list[str] = []
    idle = threading.Event()
    waiting = [
        busy.submit(lambda number=number: order.append(f"busy {number}")) for number in "123"
    ]
    calm.submit_idle(idle.set)
    waiting.append(calm.submit(lambda: order.append("calm")))
    assert busy.is_awaited_by_others and calm.is_awaited_by_others
    with pytest.raises(QueueFull):  # each worker has a limit of its own
        calm.submit(lambda: None)
    gate.opened.set()
    running.result(10)
    for future in waiting:
        future.result(10)
    assert order == ["calm", "busy 1", "busy 2", "busy 3"]
    assert idle.wait(10)
    assert not busy.is_awaited_by_others


def test_a_worker_stops_without_the_others_of_its_thread() -> None:
    thread, gate = WorkerThread(), Gate()
    first, second = Worker(5, thread), Worker(5, thread)
    running = first.submit(gate)
    assert gate.entered.wait(10)
    assert second.stop(0.0), "the running job is not its own"
    assert not first.stop(0.1)
    third = Worker(5, thread)
    gate.opened.set()
    assert running.result(10) == "through"
    assert third.submit(lambda: 5).result(10) == 5
    assert first.stop(5) and third.stop(5)
    again = Worker(5, thread)  # after the last one: the thread starts anew
    assert again.submit(lambda: 6).result(10) == 6
    assert again.stop(5)
