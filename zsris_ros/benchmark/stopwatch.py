"""Times the stages of the pipeline, each without its inner stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

import torch

FLOPS_OF = Callable[[], int]

NAMES = {
    "proposals": "proposals decoder",  # the rest beside the encoder
    "localisation": "GEM",
    "grounding": "guidance",
    "language": "text",
}
"""Names of stages in the report, by the names in the pipeline."""


class Stopwatch:
    """A hook for ``tracing.stage_hook``: milliseconds and floating point operations by stage.

    An inner stage stops the clock of the outer one, so the stages add up to the whole.

    Args:
        device: A GPU is synchronised whenever the clock is read.
        flops: An increasing counter of operations, or None.
    """

    def __init__(self, device: torch.device, flops: FLOPS_OF | None = None) -> None:
        self._device, self._flops = device, flops
        self.milliseconds: dict[str, float] = {}
        self.operations: dict[str, int] = {}
        self._running: list[str] = []
        self._since = 0.0
        self._counted = 0

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Run a stage."""
        self._charge()
        self._running.append(NAMES.get(name, name))
        try:
            yield
        finally:
            self._charge()
            self._running.pop()

    def _charge(self) -> None:
        """Add the time and operations since the last call to the innermost running stage."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        now, counted = perf_counter(), self._flops() if self._flops else 0
        if self._running:
            name = self._running[-1]
            spent = (now - self._since) * 1e3
            self.milliseconds[name] = self.milliseconds.get(name, 0.0) + spent
            done = counted - self._counted
            self.operations[name] = self.operations.get(name, 0) + done
        self._since, self._counted = perf_counter(), counted
