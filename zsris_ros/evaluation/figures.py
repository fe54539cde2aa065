"""The figures of one run of answers, and what a summary says beside them."""

from __future__ import annotations

import json
import os
import platform
from collections import Counter
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import zsris_ros
from zsris_ros.evaluation.items import Question
from zsris_ros.evaluation.metrics import Tally, best_ious
from zsris_ros.types import BoolArray, Proposals, Referral

RIGHT = 0.5
"""An answer is right when its IoU with the truth is above this."""


class Figures:
    """Collects answers and proposals; ``summary`` gives them as plain data."""

    def __init__(self) -> None:
        self._all = Tally()
        self._categories: dict[str, Tally] = {}
        self._right: Counter[str] = Counter()
        self._verdicts: Counter[str] = Counter()
        self._bounds: dict[str, list[float]] = {}
        self._proposals: Counter[str] = Counter()
        self._looks = 0
        self._seconds = 0.0

    def add_look(
        self,
        true_masks: BoolArray,
        joined: Proposals,
        alone: Mapping[str, Proposals],
        seconds: float,
    ) -> None:
        """Count a frame: its proposals, joined and of each proposer, and what looking took."""
        self._looks += 1
        self._seconds += seconds
        for name, proposals in {"joined": joined, **alone}.items():
            self._bounds.setdefault(name, []).extend(best_ious(true_masks, proposals).tolist())
            self._proposals[name] += len(proposals)

    def add_answer(self, question: Question, truth: BoolArray, referral: Referral) -> float:
        """Count an answer and return its IoU; what was not found counts as an empty mask."""
        value = self._all.add(truth, referral.mask)
        self._categories.setdefault(question.category, Tally()).add(truth, referral.mask)
        self._right[question.category] += value > RIGHT
        self._verdicts[referral.verdict.value] += 1
        return value

    @property
    def n(self) -> int:
        return self._all.n

    @property
    def miou(self) -> float:
        return self._all.miou

    @property
    def accuracy(self) -> float:
        """Share of right answers; 0 before the first."""
        return self._right.total() / self.n if self.n else 0.0

    @property
    def proposal_bound(self) -> float:
        """Mean over all true objects of the best proposal's IoU; 0 before the first."""
        return _mean(self._bounds.get("joined", []))

    def summary(self) -> dict[str, Any]:
        """All figures. IoU and shares are in 0..1, ``seconds_per_scene`` is looking only."""
        looks = max(1, self._looks)
        return {
            "n": self.n,
            "miou": round(self.miou, 4),
            "oiou": round(self._all.oiou, 4),
            "accuracy": round(self.accuracy, 4),
            "proposal_bound": round(self.proposal_bound, 4),
            "by_category": {
                name: {
                    "n": tally.n,
                    "miou": round(tally.miou, 4),
                    "oiou": round(tally.oiou, 4),
                    "accuracy": round(self._right[name] / tally.n, 4),
                }
                for name, tally in sorted(self._categories.items())
            },
            "verdicts": dict(sorted(self._verdicts.items())),
            "frames": self._looks,
            "objects": len(self._bounds.get("joined", [])),
            "proposal_bounds": {name: round(_mean(v), 4) for name, v in self._bounds.items()},
            "proposals_per_frame": {
                name: round(count / looks, 2) for name, count in self._proposals.items()
            },
            "seconds_per_scene": round(self._seconds / looks, 3),
        }


def write_summary(directory: Path, summary: Mapping[str, Any]) -> Path:
    """Write ``directory``/summary.json with the versions and the machine added."""
    path = directory / "summary.json"
    whole = {**summary, "versions": _versions(), "machine": _machine()}
    path.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    return path


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _versions() -> dict[str, str]:
    found = {"zsris_ros": zsris_ros.__version__, "python": platform.python_version()}
    for name in ("torch", "open_clip_torch", "segment_anything", "numpy", "spacy", "mujoco"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _machine() -> dict[str, Any]:
    return {"system": platform.platform(), "cpus": os.cpu_count()}
