"""The figures that the papers print, to stand beside measured ones. They are in published.json."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

USUAL_SPLIT_BY = {"refcoco": "unc", "refcoco+": "unc", "refcocog": "umd"}
"""Who made the splits that the papers report on, where several people split a data set."""


@dataclass(frozen=True)
class PublishedRow:
    """What one paper prints for one method on one split.

    ``figures`` has the names of a summary ("oiou", "miou", "ociou", "precision 0.5", ...) and
    values in 0..1. ``method`` is this package's name for what was measured, None where it has none;
    ``kind`` says what sets it apart ("supervised", "bound", ...; "" for plain zero-shot rows).
    ``ablation`` rows vary one method.
    """

    source: str
    label: str
    figures: Mapping[str, float]
    method: str | None = None
    encoder: str = ""
    proposals: str = ""
    kind: str = ""
    ablation: bool = False


def published_rows(
    dataset: str, split: str, method: str | None = None, split_by: str | None = None
) -> list[PublishedRow]:
    """What is published for a split ("refcoco", "testA"; "phrasecut", "unseen"), in print order.

    Ablation rows are left out except those of ``method``. ``split_by`` tells splits of one name
    apart, by default those that the papers report on. Empty where nothing is published.
    """
    author = split_by or USUAL_SPLIT_BY.get(dataset)
    key = " ".join(part for part in (dataset, author, split) if part)
    return [
        row for row in _by_split().get(key, ()) if not row.ablation or row.method == (method or "")
    ]


@functools.cache
def _by_split() -> Mapping[str, tuple[PublishedRow, ...]]:
    """All rows by data set, author of the split, and split: "refcocog umd val"."""
    text = Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
    found: dict[str, list[PublishedRow]] = {}
    for table in json.loads(text)["tables"]:
        for row in table["rows"]:
            about = {name: value for name, value in row.items() if name != "figures"}
            for index, split in enumerate(table["splits"]):
                values = {name: column[index] for name, column in row["figures"].items()}
                figures = {
                    name: round(value / 100, 6)
                    for name, value in values.items()
                    if value is not None
                }
                if figures:
                    found.setdefault(split, []).append(
                        PublishedRow(
                            table["source"], figures=figures, ablation=table["ablation"], **about
                        )
                    )
    return {split: tuple(rows) for split, rows in found.items()}
