"""The ablations of the paper: its parts (Table 8) and the prompts of the CLIP Prior (Table 5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import sqrt
from statistics import fmean, stdev
from typing import Any

from scipy.stats import t as student_t

from zsris_ros.baselines.vatex.vatex_settings import PARTS, PROMPTS, Prompt
from zsris_ros.types import InputError


@dataclass(frozen=True)
class Variation:
    """One row of an ablation.

    Attributes:
        name: The row's name.
        without: The parts that are left out.
        prompt: The text of the CLIP Prior.
    """

    name: str
    without: tuple[str, ...] = ()
    prompt: Prompt = "template"


def variations(ablation: str) -> list[Variation]:
    """Return the rows of "parts", all subsets, or of "prompts". Raises InputError for others."""
    if ablation == "prompts":
        return [Variation(prompt, (), prompt) for prompt in PROMPTS]
    if ablation != "parts":
        raise InputError(f"unknown ablation '{ablation}': use parts or prompts")
    rows = []
    for kept in product((False, True), repeat=len(PARTS)):
        names = [part for part, keep in zip(PARTS, kept, strict=True) if keep]
        without = tuple(part for part in PARTS if part not in names)
        rows.append(Variation("+".join(names) or "none", without))
    return sorted(rows, key=lambda row: len(row.without), reverse=True)


def summarise(runs: Iterable[tuple[Variation, float]]) -> list[dict[str, Any]]:
    """Return a row for each variation: mean mIoU over its seeds with a 95 % interval.

    ``half_width`` is that of Student's t; None for a single seed.
    """
    groups: dict[Variation, list[float]] = {}
    for variation, value in runs:
        groups.setdefault(variation, []).append(value)
    return [
        {
            "name": variation.name,
            "seeds": len(values),
            "miou": round(fmean(values), 4),
            "half_width": _half_width(values),
            "values": [round(value, 4) for value in values],
        }
        for variation, values in groups.items()
    ]


def table_lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the rows as lines of text."""
    for row in rows:
        width = row["half_width"]
        interval = "" if width is None else f" +- {width:.3f}"
        yield f"{row['name']:<16}{row['miou']:.3f}{interval}  ({row['seeds']} seeds)"


def _half_width(values: Sequence[float]) -> float | None:
    count = len(values)
    if count < 2:
        return None
    return round(float(student_t.ppf(0.975, count - 1)) * stdev(values) / sqrt(count), 4)
