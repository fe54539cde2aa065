"""Estimates the GPU memory of a first answer on the CPU.

``python -m zsris_ros.benchmark.experiments.gpu_memory bench/memory.json`` runs the plans on the CPU
in half precision, in batches as large as on a GPU, and tracks every tensor from its creation until
it is freed. The peak of live bytes is the demand on torch's allocator; workspaces inside operations
and gaps between tensors come on top.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from zsris_ros.benchmark import machine
from zsris_ros.benchmark.inputs import sentences
from zsris_ros.benchmark.measuring import Measurement, Task, networks_of
from zsris_ros.benchmark.networks import Networks
from zsris_ros.benchmark.stopwatch import NAMES
from zsris_ros.evaluation.reports.markdown import markdown_table
from zsris_ros.torch_utils import batching
from zsris_ros.tracing.stages import stage_hook

SIZE, MASKS = "vit_b", 64
PLANS = ("reference", "shared", "product")
_HALF = "bf16"  # as wide as float16, and supported by more CPUs
_MIB = 2**20


class LiveTensors(TorchDispatchMode):
    """Counts the bytes of live tensors created inside.

    ``now`` is the current number, ``peaks`` the largest by stage (pass ``LiveBytes.stage_hook`` to
    ``tracing.stage_hook``).
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.peaks: dict[str, int] = {}
        self._counted: set[int] = set()
        self._stages = ["other"]

    @contextmanager
    def stage_hook(self, name: str) -> Iterator[None]:
        """Run a stage."""
        self._stages.append(NAMES.get(name, name))
        try:
            yield
        finally:
            self._stages.pop()

    @property
    def peak(self) -> int:
        """The largest number of bytes."""
        return max(self.peaks.values(), default=0)

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        before = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
        given = {each.untyped_storage()._cdata for each in before}
        result = func(*args, **(kwargs or {}))
        for made in tree_leaves(result):
            if isinstance(made, Tensor):
                self._count(made, given)
        return result

    def _count(self, made: Tensor, given: set[int]) -> None:
        storage = made.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key in self._counted or key in given:
            return
        self._counted.add(key)
        self.now += size
        weakref.finalize(storage, self._free, key, size)
        name = self._stages[-1]
        self.peaks[name] = max(self.peaks.get(name, 0), self.now)

    def _free(self, key: int, size: int) -> None:
        self._counted.discard(key)
        self.now -= size


def measure(networks: Networks, task: Task) -> dict[str, Any]:
    """Return the MiB of a first answer: weights, and tensors beside them by stage."""
    measurement, live = Measurement(task, networks), LiveTensors()
    try:
        with (
            patch.object(batching, "CPU_VALUES_AT_ONCE", batching.GPU_VALUES_AT_ONCE),
            live,
            stage_hook(live.stage_hook),
        ):
            measurement.plan.look()
            measurement.plan.answer(sentences(1)[0])
    finally:
        measurement.close()
    weights = _weights(networks)
    return {
        "plan": task.plan,
        "weights_mb": round(weights / _MIB, 1),
        "stages_mb": {name: round(size / _MIB, 1) for name, size in live.peaks.items()},
        "peak_mb": round((weights + live.peak) / _MIB, 1),
    }


def _weights(networks: Networks) -> int:
    models = (networks.sam, networks.clip.model)
    kept = [each for model in models for each in (*model.parameters(), *model.buffers())]
    return sum(each.numel() * each.element_size() for each in kept)


def table(document: Mapping[str, Any]) -> str:
    """Return Markdown of the rows."""
    rows = document["rows"]
    stages = list(dict.fromkeys(name for row in rows for name in row["stages_mb"]))
    figures = {
        "weights": [row["weights_mb"] for row in rows],
        **{name: [row["stages_mb"].get(name, 0) for row in rows] for name in stages},
        "**weights and the most beside them**": [row["peak_mb"] for row in rows],
    }
    head = ("tensors alive at once", *(row["plan"] for row in rows))
    cells = ((name, *(f"{mb:.0f} MiB" for mb in each)) for name, each in figures.items())
    return "\n".join(markdown_table(head, cells))


def main() -> None:
    """Measure, write the file of the first argument, and print the table."""
    task = Task(size=SIZE, masks=MASKS, device="cpu", precision=_HALF)
    networks = networks_of(task)
    rows = [measure(networks, Task(**{**vars(task), "plan": plan})) for plan in PLANS]
    figures = {"size": SIZE, "masks": MASKS, "image": [task.width, task.height], "rows": rows}
    document = {**figures, **machine.provenance(torch.device("cpu"))}
    machine.write(Path(sys.argv[1]), document)
    print(table(document))


if __name__ == "__main__":
    main()
