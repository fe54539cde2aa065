"""Measures how the time of an answer grows with masks, pixels, and expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import numpy as np

from zsris_ros.benchmark import machine
from zsris_ros.benchmark.measuring import Measurement, Task, networks_of
from zsris_ros.benchmark.networks import Networks


@dataclass(frozen=True)
class Axis:
    """A quantity ``name`` varied over ``values``; ``asks`` describes the measured time."""

    name: str
    asks: str
    values: tuple[int, ...]
    task: Callable[[Task, int], Task]


AXES = (
    Axis(
        "masks",
        "first answer",
        (8, 16, 32, 64),
        lambda task, value: replace(task, masks=value, expressions=1),
    ),
    Axis(
        "kilopixels",
        "first answer",
        (77, 154, 307, 614, 1229),
        lambda task, value: _sized(replace(task, expressions=1), value),
    ),
    Axis(
        "expressions",
        "answers to all of them about one picture",
        (1, 2, 4, 8),
        lambda task, value: replace(task, expressions=value),
    ),
)


def measure_curves(
    tasks: Sequence[Task],
    repetitions: int,
    axes: Sequence[Axis] = AXES,
    networks_of: Callable[[Task], Networks] = networks_of,
    log: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Return a document with one curve for each task and axis."""
    curves: list[Mapping[str, Any]] = []
    for task in tasks:
        networks = networks_of(task)
        curves.extend(_curve(task, axis, networks, repetitions, log) for axis in axes)
    return {"curves": curves, **machine.provenance(networks.device)}


def growth(values: Sequence[float], milliseconds: Sequence[float]) -> dict[str, float]:
    """Return slope in milliseconds and exponent of a power law, by least squares.

    A linear cost without a fixed part has the exponent 1; a fixed part lowers it.
    """
    slope = np.polyfit(values, milliseconds, 1)[0]
    exponent = np.polyfit(np.log(values), np.log(milliseconds), 1)[0]
    return {"ms_per_unit": round(float(slope), 4), "exponent": round(float(exponent), 3)}


def _curve(
    task: Task, axis: Axis, networks: Networks, repetitions: int, log: Callable[[str], None]
) -> Mapping[str, Any]:
    times = []
    for value in axis.values:
        log(f"{task.size}, {task.plan}: {value} {axis.name}")
        measurement = Measurement(axis.task(task, value), networks)
        times.append(_time(measurement, repetitions))
        measurement.close()
    return {
        "axis": axis.name,
        "asks": axis.asks,
        "plan": task.plan,
        "size": task.size,
        "masks": task.masks,
        "device": str(networks.device),
        "precision": networks.precision,
        "values": list(axis.values),
        "ms": times,
        **growth(axis.values, times),
    }


def _time(measurement: Measurement, repetitions: int) -> float:
    """Return the median milliseconds of all expressions of a task, the first with the image."""
    count = measurement.task.expressions
    samples = []
    measurement.time(0)  # warm-up
    for _ in range(repetitions):
        stages = [measurement.time(number).milliseconds for number in range(count)]
        samples.append(sum(sum(each.values()) for each in stages))
    return round(median(samples), 3)


def _sized(task: Task, kilopixels: int) -> Task:
    """Return the task with 4:3 images of so many pixels."""
    width = round((kilopixels * 1000 * 4 / 3) ** 0.5)
    return replace(task, width=width, height=round(width * 3 / 4))
