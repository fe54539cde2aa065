"""Proposals computed elsewhere: masks in memory, a file per image, or one file for many images.

COCO's JSON results hold many images::

    [{"image_id": 42, "segmentation": {"size": [H, W], "counts": ...}, "score": 0.9}, ...]

NumPy's npz holds one image, with ``masks`` (bool NxHxW) and optionally ``scores`` (N).
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.geometry.run_lengths import decode
from zsris_ros.types import BoolArray, FloatArray, Frame, InputError, Proposals


class FixedProposer:
    """Proposes the same masks, bool NxHxW, for every frame, such as a data set's true masks."""

    def __init__(self, masks: BoolArray, source: str = "given") -> None:
        self._proposals = Proposals(
            masks, mask_boxes(masks), np.ones(len(masks), np.float32), (source,) * len(masks)
        )

    def accepts(self, frame: Frame) -> bool:
        """Return True."""
        return True

    def propose(self, frame: Frame) -> Proposals:
        """Return the masks in their order; raises InputError when the frame's size differs."""
        return match_frame(self._proposals, frame, "the fixed proposer")


class ProposalFile:
    """A file of proposals for one image (npz) or many (COCO JSON), read once.

    Raises InputError for a missing file and for other formats.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        if not self._path.is_file():
            raise InputError(f"there is no file of proposals {self._path}")
        self._images: dict[str, list[Mapping[str, Any]]] = {}
        self._npz: Proposals | None = None
        if self._path.suffix == ".npz":
            self._npz = _read_npz(self._path)
        elif self._path.suffix == ".json":
            self._images = _read_json(self._path)
        else:
            raise InputError(f"{self._path}: proposals are read from .json (COCO) or .npz files")

    def of_image(self, image_id: int | str | None = None) -> Proposals:
        """Return one image's proposals, best score first; an unknown id has none.

        Raises InputError for an entry without a mask, and without an id for a file of several
        images.
        """
        if self._npz is not None:
            return self._npz
        if image_id is None:
            if len(self._images) != 1:
                raise InputError(
                    f"{self._path} holds proposals of {len(self._images)} images: say which image"
                )
            image_id = next(iter(self._images))
        entries = self._images.get(str(image_id), [])
        where = f"{self._path}, image {image_id}"
        try:
            masks = [decode(entry["segmentation"]) for entry in entries]
            scores = [float(entry.get("score", 1.0)) for entry in entries]
        except InputError as error:
            raise InputError(f"{where}: {error}") from error
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{where}: unreadable entry: {error}") from error
        if len({mask.shape for mask in masks}) > 1:
            raise InputError(f"{where}: masks of several sizes")
        return make_proposals(np.stack(masks) if masks else np.zeros((0, 0, 0), bool), scores)


def make_proposals(
    masks: BoolArray, scores: FloatArray | Sequence[float] | None = None, source: str = "file"
) -> Proposals:
    """Return proposals, best first, without the empty masks.

    Args:
        masks: Bool NxHxW.
        scores: N numbers, clipped to [0, 1]; 1 by default.
        source: Name of the proposer.

    Raises:
        InputError: Shapes or types do not fit.
    """
    if masks.dtype != np.bool_ or masks.ndim != 3:
        raise InputError(f"masks must be bool NxHxW, got {masks.dtype} {masks.shape}")
    quality = np.ones(len(masks)) if scores is None else np.asarray(scores, dtype=np.float64)
    if quality.shape != (len(masks),) or not np.isfinite(quality).all():
        raise InputError(f"scores must be {len(masks)} finite numbers, one a mask")
    order = np.argsort(-quality, kind="stable")
    order = order[masks[order].any(axis=(1, 2))]
    kept = masks[order]
    clipped = quality[order].clip(0, 1).astype(np.float32)
    return Proposals(kept, mask_boxes(kept), clipped, (source,) * len(kept))


def match_frame(proposals: Proposals, frame: Frame, origin: str | Path) -> Proposals:
    """Return proposals of the frame's size; zero masks of another size become zero of this one.

    Raises InputError, naming ``origin``, when masks have another size.
    """
    height, width = proposals.masks.shape[1:]
    if (height, width) == (frame.height, frame.width):
        return proposals
    if len(proposals):
        raise InputError(
            f"{origin} holds masks of {width}x{height} pixels, the picture has "
            f"{frame.width}x{frame.height}: give the proposals of this picture"
        )
    return make_proposals(np.zeros((0, frame.height, frame.width), dtype=bool))


def _read_npz(path: Path) -> Proposals:
    try:
        with np.load(path, allow_pickle=False) as stored:
            masks = np.asarray(stored["masks"])
            scores = np.asarray(stored["scores"]) if "scores" in stored.files else None
    except KeyError as error:
        raise InputError(f"{path} holds no array 'masks'") from error
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is not an npz file of masks: {error}") from error
    try:
        return make_proposals(masks, scores)
    except (InputError, TypeError, ValueError) as error:
        raise InputError(f"{path}: {error}") from error


def _read_json(path: Path) -> dict[str, list[Mapping[str, Any]]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}") from error
    if isinstance(content, Mapping):  # a COCO data set with annotations
        content = content.get("annotations")
    if not isinstance(content, list):
        raise InputError(f"{path} is no list of COCO results, nor a data set with 'annotations'")
    images: dict[str, list[Mapping[str, Any]]] = {}
    for number, entry in enumerate(content):
        if not isinstance(entry, Mapping) or not {"image_id", "segmentation"} <= set(entry):
            raise InputError(f"{path}: entry {number} has no image_id and segmentation")
        images.setdefault(str(entry["image_id"]), []).append(entry)
    return images
