"""Repeats a plan and says how long each stage takes, in the middle and spread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from zsris_ros.benchmark import machine
from zsris_ros.benchmark.flops import counted, matrix_rate
from zsris_ros.benchmark.inputs import painted, sentences
from zsris_ros.benchmark.networks import Networks, Script, load_networks
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
    """What is measured: ``masks`` on a picture of ``width`` x ``height`` pixels, and
    ``expressions`` about it, of which the first comes with the picture.
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
    """The networks that a task names, newly loaded; the published plan knows float32 only."""
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
    """One task being measured: ``warm_up`` once, then ``repeat`` as often as wanted.

    ``networks`` None: those of the task's size. Raises InputError for what does not exist.
    """

    def __init__(self, task: Task, networks: Networks | None = None) -> None:
        if task.expressions < 1:
            raise InputError("at least one expression is needed")
        self.task = task
        inputs = painted(task.masks, task.width, task.height)
        self.networks = networks or networks_of(task)
        self.plan = make_plan(task.plan, self.networks, inputs)
        self._script: Script | None = None
        if self.networks.weights == "random":
            self._script = Script(self.networks.sam, inputs.masks)
        self._texts = sentences(task.expressions)
        self._first, self._further = _Samples(), _Samples()
        self._held: list[float] = []
        self.chosen: list[int] = []

    def warm_up(self) -> None:
        """One pass that is not timed; its operations are counted, and memory from here on."""
        machine.forget_peak(self.networks.device)
        with counted() as counter:
            self._first.operations = self.ask(0, counter.get_total_flops).operations
            self._further.operations = self._first.operations
            if self.plan.remembers and len(self._texts) > 1:
                self._further.operations = self.ask(1, counter.get_total_flops).operations

    def close(self) -> None:
        """The networks are again as they were."""
        if self._script is not None:
            self._script.close()

    def repeat(self) -> None:
        """A first answer and the further ones.

        A plan that begins anew for every expression is asked one further one, the first time only.
        """
        self._first.stages.append(self.ask(0).milliseconds)
        self._held.append(machine.held_mb(self.networks.device))
        further = range(1, len(self._texts))
        if not self.plan.remembers:
            further = further[: 0 if self._further.stages else 1]
        for number in further:
            self._further.stages.append(self.ask(number).milliseconds)
            self._held.append(machine.held_mb(self.networks.device))

    def ask(self, number: int, flops: Callable[[], int] | None = None) -> Stopwatch:
        """The expression of that number, the picture with number 0, timed; ``flops`` counts."""
        watch = Stopwatch(self.networks.device, flops)
        with stage_hook(watch), watch("other"):
            if number == 0:
                self.plan.look()
                self.chosen.clear()
            self.chosen.append(self.plan.answer(self._texts[number]))
        return watch

    def document(self) -> dict[str, Any]:
        """What was found out, as JSON; milliseconds, MiB, and operations in 10^9."""
        networks = self.networks
        rate = matrix_rate(networks.device, dtype_of(networks.precision))
        first, further = _summary(self._first, rate), _summary(self._further, rate)
        return {
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
            **machine.provenance(networks.device),
        }


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
    """The median, how far samples lie from it, and the share of the rate of matrix products."""
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
