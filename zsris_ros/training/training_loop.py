"""The optimisation loop of all networks, resumable from its checkpoint."""

from __future__ import annotations

import csv
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from zsris_ros.types import InputError

SAVE_EVERY = 250
"""Steps between two checkpoints."""
LOG_EVERY = 10
"""Steps between two rows of the log."""
SMOOTHING = 0.98
"""Weight of the past in the displayed running means."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """AdamW with linear warm-up and cosine decay to 1 % of the learning rate.

    ``seconds`` limits the time of a training run in one process, resumed calls included. If the
    time ends before the steps, the schedule follows the time and skips steps.
    """

    steps: int
    learning_rate: float
    warm_up: int = 100
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 0.02
    seconds: float | None = None

    def position(self, step: int, elapsed: float) -> int:
        """Return the schedule's step after ``step`` steps and ``elapsed`` seconds.

        It is the later of ``step`` and the step for that share of the time.
        """
        by_time = elapsed / self.seconds * self.steps if self.seconds is not None else 0
        return min(self.steps, max(step, int(by_time)))

    def rate(self, step: int) -> float:
        """Return the learning rate of a step."""
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / self.steps)))
        return self.learning_rate * min(1.0, (step + 1) / self.warm_up) * max(cosine, 0.01)


class TrainingLoop:
    """Trains ``weights`` and stores ``modules`` with the optimizer in ``checkpoint``.

    ``first_step`` is the number of steps that the checkpoint holds, 0 without a file;
    ``position`` is the schedule's present step.

    Args:
        modules: The networks by name.
        weights: The trained parameters.
        schedule: Steps and learning rate.
        checkpoint: The file of networks and optimizer.
        description: Label of the progress bar.
        slow_weights: Parameters trained with a tenth of the learning rate.
        log: A CSV file of the running means, a row every LOG_EVERY steps and at the end.
        leader: Whether this process writes files and shows progress; one of several does.
    """

    def __init__(
        self,
        modules: Mapping[str, nn.Module],
        weights: Sequence[nn.Parameter],
        schedule: Schedule,
        checkpoint: Path,
        description: str,
        *,
        slow_weights: Sequence[nn.Parameter] = (),
        log: Path | None = None,
        leader: bool = True,
    ) -> None:
        groups: list[dict[str, Any]] = [{"params": list(weights), "scale": 1.0}]
        if slow_weights:
            groups.append({"params": list(slow_weights), "scale": 0.1})
        self._optimizer = torch.optim.AdamW(
            groups,
            lr=schedule.learning_rate,
            betas=schedule.betas,
            weight_decay=schedule.weight_decay,
        )
        self._state: dict[str, Any] = {**modules, "optimizer": self._optimizer}
        self._weights, self._schedule = [*weights, *slow_weights], schedule
        self._log, self._leader = log if leader else None, leader
        self._checkpoint, self._description = checkpoint, description
        self._figures: dict[str, float] = {}
        self._new_figures: Mapping[str, float | Tensor] = {}
        self.first_step, self._elapsed = self._resume()
        self.position = schedule.position(self.first_step, self._elapsed)
        if self._log is not None:
            cut_log(self._log, self.first_step)

    def steps(self) -> Iterator[int]:
        """Yield the number of each step; the caller computes a loss and calls ``update``."""
        total, start = self._schedule.steps, time.monotonic() - self._elapsed
        step = self.first_step
        with tqdm(
            total=total,
            initial=self.first_step,
            desc=self._description,
            unit="step",
            disable=not self._leader,
        ) as bar:
            while self.position < total:
                # The warm-up takes its steps, however long they last.
                rate = min(self._schedule.rate(step), self._schedule.rate(self.position))
                for group in self._optimizer.param_groups:
                    # Checkpoints of former versions have groups without a scale.
                    group["lr"] = rate * group.get("scale", 1.0)
                yield step
                step += 1
                self._average()
                bar.update()
                bar.set_postfix({key: f"{value:.3f}" for key, value in self._figures.items()})
                self._elapsed = time.monotonic() - start
                self.position = self._schedule.position(step, self._elapsed)
                is_last = self.position == total
                if self._log is not None and (step % LOG_EVERY == 0 or is_last):
                    append_row(self._log, {"step": step, "rate": rate, **self._figures})
                if self._leader and (step % SAVE_EVERY == 0 or is_last):
                    self._save(step)

    def update(self, loss: Tensor, figures: Mapping[str, float | Tensor]) -> None:
        """Take one optimizer step and add ``figures`` to the displayed running means."""
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._weights, 1.0)
        self._optimizer.step()
        self._new_figures = figures

    def _average(self) -> None:
        """Add the step's figures to the running means, which waits for a GPU's results."""
        for key, figure in self._new_figures.items():
            value = float(figure)
            past = self._figures.get(key, value)
            self._figures[key] = SMOOTHING * past + (1 - SMOOTHING) * value

    def _save(self, step: int) -> None:
        self._checkpoint.parent.mkdir(parents=True, exist_ok=True)
        partial = self._checkpoint.with_suffix(".part")
        parts = {name: part.state_dict() for name, part in self._state.items()}
        torch.save({"step": step, "elapsed": self._elapsed, **parts}, partial)
        os.replace(partial, self._checkpoint)

    def _resume(self) -> tuple[int, float]:
        """Load the checkpoint; return its steps and their seconds, 0 without a file."""
        if not self._checkpoint.exists():
            return 0, 0.0
        saved = torch.load(self._checkpoint, map_location="cpu", weights_only=True)
        for name, part in self._state.items():
            part.load_state_dict(saved[name])
        # Checkpoints of former versions hold no time.
        return int(saved["step"]), float(saved.get("elapsed", 0.0))


def append_row(log: Path, row: Mapping[str, float]) -> None:
    """Append a row to a CSV file, with a header to a new file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    header = not log.exists() or log.stat().st_size == 0
    with log.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        if header:
            writer.writeheader()
        writer.writerow({k: str(v) if isinstance(v, int) else f"{v:.6g}" for k, v in row.items()})


def last_row(path: Path) -> dict[str, float]:
    """Return the last row of a CSV file. Raises InputError without one."""
    rows: list[dict[str, str]] = []
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    if not rows:
        raise InputError(f"{path} holds no validation: train again with --validate")
    return {key: float(value) for key, value in rows[-1].items()}


def cut_log(log: Path, last_step: int) -> None:
    """Drop the rows of a CSV file after ``last_step``, which a resumed training repeats."""
    if not log.exists():
        return
    with log.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if int(row["step"]) <= last_step]
    log.unlink()
    for row in rows:
        append_row(log, {k: int(v) if k == "step" else float(v) for k, v in row.items()})
