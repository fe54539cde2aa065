"""Sentences with true boxes or polygons: the file of ``zsris eval expressions``.

It holds one JSON object a line: ``text``, ``image`` (a name), ``size`` [width, height], ``target``
(an index) and ``candidates``, each with ``box`` [x, y, w, h] in pixels and optionally ``polygon``
[[x, y, x, y, ...], ...] and ``category``.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from zsris_ros.types import BoolArray, InputError


@dataclass(frozen=True)
class Candidate:
    """One candidate: ``box`` (x, y, w, h) in pixels, ``polygon`` rings, ``category`` or ""."""

    box: tuple[float, float, float, float]
    polygon: tuple[tuple[float, ...], ...] = ()
    category: str = ""


@dataclass(frozen=True)
class ExpressionItem:
    """One sentence about one image: shuffled ``candidates``, and the index of the ``target``."""

    text: str
    image: str
    size: tuple[int, int]
    candidates: tuple[Candidate, ...]
    target: int


def read_expressions(path: Path) -> list[ExpressionItem]:
    """Return the items of a file, candidates shuffled by a seed of text and image.

    Raises:
        InputError: An invalid line; the message names it.
        FileNotFoundError: The file does not exist.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    items = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            items.append(_item(json.loads(line)))
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise InputError(f"{path}, line {number} is no expression item: {error!r}") from error
    if not items:
        raise InputError(f"{path} holds no expressions: one JSON object a line is expected")
    return items


def _item(row: Mapping[str, Any]) -> ExpressionItem:
    width, height = (int(value) for value in row["size"])
    candidates = [_candidate(each) for each in row["candidates"]]
    order = list(range(len(candidates)))
    random.Random(f"{row['text']}|{row['image']}").shuffle(order)
    return ExpressionItem(
        text=str(row["text"]),
        image=str(row["image"]),
        size=(width, height),
        candidates=tuple(candidates[index] for index in order),
        target=order.index(int(row.get("target", 0))),
    )


def _candidate(row: Mapping[str, Any]) -> Candidate:
    x, y, w, h = (float(value) for value in row["box"])
    rings = tuple(tuple(float(value) for value in ring) for ring in row.get("polygon") or ())
    return Candidate((x, y, w, h), rings, str(row.get("category") or ""))


def masks_of(item: ExpressionItem) -> BoolArray:
    """Return bool NxHxW: the polygons, or the boxes of candidates without; never empty."""
    width, height = item.size
    masks = np.zeros((len(item.candidates), height, width), np.uint8)
    for mask, each in zip(masks, item.candidates, strict=True):
        rings = [np.array(ring).reshape(-1, 2).round().astype(np.int32) for ring in each.polygon]
        x, y, w, h = each.box
        if rings:
            cv2.fillPoly(mask, rings, 1)
        else:
            cv2.rectangle(mask, (round(x), round(y)), (round(x + w) - 1, round(y + h) - 1), 1, -1)
        if not mask.any():
            row, column = int(y + h / 2), int(x + w / 2)
            mask[min(max(row, 0), height - 1), min(max(column, 0), width - 1)] = 1
    return masks > 0
