"""The published figures of the papers, stored in published_results.json."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

USUAL_SPLIT_BY = {"refcoco": "unc", "refcoco+": "unc", "refcocog": "umd"}
"""Authors of the splits in the papers, for data sets with several."""


@dataclass(frozen=True)
class PublishedRow:
    """The figures of one paper for one method on one split.

    ``figures`` has the names of a summary ("oiou", "miou", "ociou", "precision 0.5", ...) and
    values in 0..1. ``method`` is this package's name of the method, None without one. ``kind``
    marks special rows ("supervised", "bound", ...; "" for plain zero-shot rows). ``ablation`` rows
    vary one method.
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
    """Return the published rows of a split ("refcoco", "testA"), in print order.

    Ablation rows are left out except those of ``method``. ``split_by`` selects the author of the
    splits, by default that of the papers. Empty without published rows.
    """
    author = split_by or USUAL_SPLIT_BY.get(dataset)
    key = " ".join(part for part in (dataset, author, split) if part)
    return [
        row for row in _by_split().get(key, ()) if not row.ablation or row.method == (method or "")
    ]


@functools.cache
def _by_split() -> Mapping[str, tuple[PublishedRow, ...]]:
    """Return all rows by data set, author of the split, and split: "refcocog umd val"."""
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
