"""Repeats a plan and summarises the time of each stage by median and spread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from zsris_ros.benchmark import machine
from zsris_ros.benchmark.flops import counted, matrix_rate
from zsris_ros.benchmark.inputs import paint_scene, sentences
from zsris_ros.benchmark.networks import Networks, ScriptedMasks, load_networks
from zsris_ros.benchmark.plans import make_plan
from zsris_ros.benchmark.stopwatch import Stopwatch
from zsris_ros.torch_utils.precision import dtype_of
from zsris_ros.tracing.stages import stage_hook
from zsris_ros.types import InputError

STAGES = (
    "decode", "proposals encoder", "proposals decoder", "compositing", "features", "GEM",
    "geometry", "text", "guidance", "publish", "other",
)  # fmt: skip


@dataclass(frozen=True)
class Task:
    """A measured configuration.

    The image has ``width`` x ``height`` pixels and ``masks`` masks; the first of the
    ``expressions`` includes the image.
    """

    plan: str = "shared"
    size: str = "vit_b"
    masks: int = 50
    expressions: int = 4
    width: int = 640
    height: int = 480
    device: str = "auto"
    precision: str = "auto"


def networks_of(task: Task) -> Networks:
    """Load the networks of a task; the published plan supports float32 only."""
    exact = task.plan == "published" and task.precision == "auto"
    return load_networks(task.size, task.device, "fp32" if exact else task.precision)


@dataclass
class _Samples:
    """Milliseconds by stage of every repetition, and the operations by stage of one."""

    stages: list[Mapping[str, float]] = field(default_factory=list)
    operations: Mapping[str, int] = field(default_factory=dict)

    @property
    def totals(self) -> list[float]:
        return [sum(each.values()) for each in self.stages]


class Measurement:
    """The measurement of one task: ``warm_up`` once, then any number of ``repeat``.

    ``networks`` None: those of the task's size. Raises InputError for unknown names.
    """

    def __init__(self, task: Task, networks: Networks | None = None) -> None:
        if task.expressions < 1:
            raise InputError("at least one expression is needed")
        self.task = task
        inputs = paint_scene(task.masks, task.width, task.height)
        self.networks = networks or networks_of(task)
        self.plan = make_plan(task.plan, self.networks, inputs)
        self._scripted: ScriptedMasks | None = None
        if self.networks.weights == "random":
            self._scripted = ScriptedMasks(self.networks.sam, inputs.masks)
        self._texts = sentences(task.expressions)
        self._first, self._further = _Samples(), _Samples()
        self._held: list[float] = []
        self.chosen: list[int] = []

    def warm_up(self) -> None:
        """Run once without timing; count operations, and memory from here on."""
        machine.reset_peak(self.networks.device)
        with counted() as counter:
            self._first.operations = self.time(0, counter.get_total_flops).operations
            self._further.operations = self._first.operations
            if self.plan.caches_scenes and len(self._texts) > 1:
                self._further.operations = self.time(1, counter.get_total_flops).operations

    def close(self) -> None:
        """Restore the networks."""
        if self._scripted is not None:
            self._scripted.close()

    def repeat(self) -> None:
        """Time a first answer and the further ones.

        A plan without cached scenes gets one further expression, the first time only.
        """
        self._first.stages.append(self.time(0).milliseconds)
        self._held.append(machine.held_mb(self.networks.device))
        further = range(1, len(self._texts))
        if not self.plan.caches_scenes:
            further = further[: 0 if self._further.stages else 1]
        for number in further:
            self._further.stages.append(self.time(number).milliseconds)
            self._held.append(machine.held_mb(self.networks.device))

    def time(self, number: int, flops: Callable[[], int] | None = None) -> Stopwatch:
        """Time the expression of that number, with the image for number 0; ``flops`` counts."""
        stopwatch = Stopwatch(self.networks.device, flops)
        with stage_hook(stopwatch), stopwatch("other"):
            if number == 0:
                self.plan.look()
                self.chosen.clear()
            self.chosen.append(self.plan.answer(self._texts[number]))
        return stopwatch

    def document(self) -> dict[str, Any]:
        """Return the figures as JSON; milliseconds, MiB, and 10^9 operations."""
        networks = self.networks
        rate = matrix_rate(networks.device, dtype_of(networks.precision))
        first, further = _summary(self._first, rate), _summary(self._further, rate)
        figures = {
            "plan": self.task.plan,
            "device": str(networks.device),
            "precision": networks.precision,
            "masks": self.task.masks,
            "first_answer_ms": first["median_ms"],
            "features_ms": first["stages"]["features"]["median_ms"],
            "further_ms": further["median_ms"] if self._further.stages else None,
            "chosen": self.chosen[0],
            "peak_mb": round(machine.peak_mb(networks.device), 1),
            "held_mb": {
                "after_first": round(self._held[0], 1),
                "after_last": round(self._held[-1], 1),
                "most": round(max(self._held), 1),
            },
            "stages": first["stages"],
            "first_answer": {key: value for key, value in first.items() if key != "stages"},
            "further": further,
            "size": self.task.size,
            "weights": networks.weights,
            "image": [self.task.width, self.task.height],
            "expressions": self.task.expressions,
            "chosen_further": self.chosen[1:],
            "matrix_gflops": round(rate / 1e9, 1),
        }
        return {**figures, **machine.provenance(networks.device)}


def _summary(samples: _Samples, rate: float) -> dict[str, Any]:
    if not samples.stages:
        return {}
    named = {name for each in samples.stages for name in each}
    stages = {
        name: _figures(
            [each.get(name, 0.0) for each in samples.stages], samples.operations.get(name, 0), rate
        )
        for name in sorted(named, key=_place)
    }
    whole = _figures(samples.totals, sum(samples.operations.values()), rate)
    return {**whole, "stages": stages}


def _place(name: str) -> tuple[int, str]:
    return (STAGES.index(name) if name in STAGES else len(STAGES), name)


def _figures(samples: Sequence[float], operations: int, rate: float) -> dict[str, Any]:
    """Return the median, the spread around it, and the share of the machine's matrix rate."""
    middle = median(samples)
    figures: dict[str, Any] = {
        "median_ms": round(middle, 3),
        "min_ms": round(min(samples), 3),
        "max_ms": round(max(samples), 3),
        "spread_ms": round(median(abs(each - middle) for each in samples), 3),
        "repetitions": len(samples),
    }
    if operations:
        bound = operations / rate * 1e3
        figures["gflop"] = round(operations / 1e9, 3)
        figures["bound_ms"] = round(bound, 3)
        figures["share_of_matrix_rate"] = round(bound / middle, 4)
    return figures
