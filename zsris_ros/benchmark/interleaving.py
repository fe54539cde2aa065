"""Measures several plans in alternation, each in a process of its own.

On a shared machine, consecutive measurements are not comparable, so repetitions alternate between
plans. A process holds one plan's networks only, so its memory is the plan's.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from typing import Any

from zsris_ros.benchmark.measuring import Measurement, Task

Log = Callable[[str], None]

_measurement: Measurement | None = None


def measure(tasks: Sequence[Task], repetitions: int, log: Log = print) -> list[dict[str, Any]]:
    """Return a document for each task, in their order; see ``Measurement``."""
    if len(tasks) == 1:
        return [_alone(tasks[0], repetitions, log)]
    with ExitStack() as stack:
        workers = [stack.enter_context(_worker(task)) for task in tasks]
        for task, worker in zip(tasks, workers, strict=True):
            log(f"{task.size}, {task.plan}: warming up")
            worker.submit(_call, "warm_up").result()
        for number in range(repetitions):
            for task, worker in zip(tasks, workers, strict=True):
                log(f"{task.size}, {task.plan}: {number + 1} of {repetitions}")
                worker.submit(_call, "repeat").result()
        return [worker.submit(_call, "document").result() for worker in workers]


def _alone(task: Task, repetitions: int, log: Log) -> dict[str, Any]:
    measurement = Measurement(task)
    log(f"{task.size}, {task.plan}: warming up")
    measurement.warm_up()
    for number in range(repetitions):
        log(f"{task.size}, {task.plan}: {number + 1} of {repetitions}")
        measurement.repeat()
    return measurement.document()


def _worker(task: Task) -> ProcessPoolExecutor:
    fresh = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=fresh, initializer=_begin, initargs=(task,))


def _begin(task: Task) -> None:
    global _measurement
    _measurement = Measurement(task)


def _call(method: str) -> Any:
    return getattr(_measurement, method)()
