"""COCO's run-length encoding (RLE) of masks: column-major, background first.

``counts`` is a list of run lengths or COCO's compressed string. The string holds each length (from
the fourth on, its difference to the second last one) in groups of five bits, least significant
first; a sixth bit means "more follows", and 48 is added to make a letter.

pycocotools reads the same format, but exhausts memory or crashes the process on a forged ``size``;
files of proposals come from other programs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zsris_ros.types import BoolArray, InputError

_BITS, _SIGN, _MORE, _FIRST = 5, 0x10, 0x20, 48
_MAX_GROUPS = 7  # groups of five bits of a run length below 2**31


def decode(rle: Mapping[str, Any]) -> BoolArray:
    """Decode ``{"size": [H, W], "counts": ...}`` to bool HxW; raises InputError if malformed."""
    try:
        height, width = (int(side) for side in rle["size"])
        counts = rle["counts"]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            "a mask in COCO's run-length form is {'size': [height, width], 'counts': ...}"
        ) from error
    if isinstance(counts, bytes):
        counts = counts.decode("ascii", "replace")
    runs = _uncompressed(counts) if isinstance(counts, str) else _validated(counts)
    if height < 0 or width < 0 or min(runs, default=0) < 0 or sum(runs) != height * width:
        raise InputError(
            f"run lengths that sum to {sum(runs)} are no mask of {width}x{height} pixels"
        )
    values = np.zeros(len(runs), dtype=bool)
    values[1::2] = True
    return np.ascontiguousarray(np.repeat(values, runs).reshape(width, height).T)


def encode(mask: BoolArray, compress: bool = True) -> dict[str, Any]:
    """Encode a mask bool HxW, with a compressed string or a list of counts."""
    flat = mask.T.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    edges = np.concatenate([[0], changes, [flat.size]]).astype(np.int64)
    counts = [int(count) for count in np.diff(edges)]
    if flat.size and flat[0]:
        counts.insert(0, 0)  # the first run is background
    size = [int(side) for side in mask.shape]
    return {"size": size, "counts": _compressed(counts) if compress else counts}


def _compressed(counts: Sequence[int]) -> str:
    letters = []
    for i, count in enumerate(counts):
        value = count - counts[i - 2] if i > 2 else count
        more = True
        while more:
            group = value & 0x1F
            value >>= _BITS
            more = value != (-1 if group & _SIGN else 0)
            letters.append(chr(group + (_MORE if more else 0) + _FIRST))
    return "".join(letters)


def _uncompressed(text: str) -> list[int]:
    counts: list[int] = []
    value, groups = 0, 0
    for letter in text:
        code = ord(letter) - _FIRST
        if not 0 <= code < 2 * _MORE or groups == _MAX_GROUPS:
            raise InputError(f"{text[:20]!r} is not a mask in COCO's compressed run-length form")
        value |= (code & 0x1F) << (_BITS * groups)
        groups += 1
        if code & _MORE:
            continue
        if code & _SIGN:
            value -= 1 << (_BITS * groups)
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value, groups = 0, 0
    if groups:
        raise InputError(f"the run-length string {text[:20]!r} is cut off")
    return counts


def _validated(counts: Any) -> list[int]:
    whole = isinstance(counts, list | tuple) and all(type(count) is int for count in counts)
    if not whole:
        raise InputError("run lengths must be a list of whole numbers or COCO's compressed string")
    return list(counts)
