"""The resolver on sentences with true boxes or polygons, without pictures (``zsris eval expressions``).

A file holds one JSON object a line: ``text``, ``image`` (a name), ``size`` [width, height],
``target`` (an index) and ``candidates``, each with ``box`` [x, y, w, h] in pixels and, where known,
``polygon`` [[x, y, x, y, ...], ...] and ``category``.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from zsris_ros.types import BoolArray, InputError


@dataclass(frozen=True)
class Thing:
    """One candidate: ``box`` (x, y, w, h) in pixels, ``polygon`` rings, ``category`` or "". """

    box: tuple[float, float, float, float]
    polygon: tuple[tuple[float, ...], ...] = ()
    category: str = ""


@dataclass(frozen=True)
class ExpressionItem:
    """One sentence about one picture: ``things`` are shuffled, ``target`` is the one meant."""

    text: str
    image: str
    size: tuple[int, int]
    things: tuple[Thing, ...]
    target: int


def read_expressions(path: Path) -> list[ExpressionItem]:
    """The items of a file, candidates shuffled by a seed of text and image.

    Raises InputError naming the line that cannot be read.
    """
    return list(_items(path))


def _items(path: Path) -> Iterator[ExpressionItem]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            yield _item(json.loads(line))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise InputError(f"{path}, line {number}: not an expression item: {error!r}") from error


def _item(row: dict[str, Any]) -> ExpressionItem:
    width, height = (int(value) for value in row["size"])
    things = [
        Thing(
            box=tuple(float(value) for value in each["box"]),  # type: ignore[arg-type]
            polygon=tuple(tuple(map(float, ring)) for ring in each.get("polygon") or ()),
            category=str(each.get("category") or ""),
        )
        for each in row["candidates"]
    ]
    order = list(range(len(things)))
    random.Random(f"{row['text']}|{row['image']}").shuffle(order)
    return ExpressionItem(
        text=str(row["text"]),
        image=str(row["image"]),
        size=(width, height),
        things=tuple(things[k] for k in order),
        target=order.index(int(row["target"])),
    )


def masks_of(size: tuple[int, int], things: Sequence[Thing]) -> BoolArray:
    """bool NxHxW: the polygons, or the boxes where there is none; never empty."""
    width, height = size
    masks = np.zeros((len(things), height, width), np.uint8)
    for mask, thing in zip(masks, things, strict=True):
        rings = [np.array(ring).reshape(-1, 2).round().astype(np.int32) for ring in thing.polygon]
        if rings:
            cv2.fillPoly(mask, rings, 1)
        else:
            x, y, w, h = thing.box
            left, top = int(round(x)), int(round(y))
            mask[max(top, 0) : max(int(round(y + h)), top + 1),
                 max(left, 0) : max(int(round(x + w)), left + 1)] = 1  # fmt: skip
        if not mask.any():
            x, y, w, h = thing.box
            mask[min(max(int(y + h / 2), 0), height - 1), min(max(int(x + w / 2), 0), width - 1)] = 1
    return masks > 0
