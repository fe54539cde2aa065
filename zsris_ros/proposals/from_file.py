"""Proposals that another program made: FreeSOLO's, CutLER's, or the true masks.

Two kinds of file. COCO's JSON of results, for many images::

    [{"image_id": 42, "segmentation": {"size": [H, W], "counts": ...}, "score": 0.9}, ...]

and NumPy's npz for one image, with ``masks`` (bool NxHxW) and perhaps ``scores`` (N).
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

SOURCE = "file"


class FileProposer:
    """Proposals of one image from a file; every frame it is asked about must be that image.

    ``image_id`` chooses the image of a COCO file, and may be left out where the file has one only.
    Raises InputError when the file cannot be used.
    """

    needs_depth = False

    def __init__(self, path: str | Path, image_id: int | str | None = None) -> None:
        self._path = Path(path)
        self._proposals = ProposalFile(path).of_image(image_id)

    def propose(self, frame: Frame) -> Proposals:
        """The file's masks, best first. Raises InputError when they are of another size."""
        return match_frame(self._proposals, frame, self._path)


class ProposalFile:
    """A file of proposals for one image (npz) or many (COCO JSON), read once.

    Raises InputError when the file is missing or is neither.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        if not self._path.is_file():
            raise InputError(f"there is no file of proposals {self._path}")
        self._images: dict[str, list[Mapping[str, Any]]] = {}
        self._only: Proposals | None = None
        if self._path.suffix == ".npz":
            self._only = _read_npz(self._path)
        elif self._path.suffix == ".json":
            self._images = _read_json(self._path)
        else:
            raise InputError(f"{self._path}: proposals are read from .json (COCO) or .npz files")

    @property
    def image_ids(self) -> tuple[str, ...]:
        """The images of a COCO file, as text; empty for an npz file."""
        return tuple(self._images)

    def of_image(self, image_id: int | str | None = None) -> Proposals:
        """One image's proposals, best score first; none where the file has none for it.

        Raises InputError when it is not said which of several images is meant, or when an entry
        holds no mask.
        """
        if self._only is not None:
            return self._only
        if image_id is None:
            if len(self._images) != 1:
                raise InputError(
                    f"{self._path} holds proposals of {len(self._images)} images: say which image"
                )
            image_id = next(iter(self._images))
        entries = self._images.get(str(image_id), [])
        try:
            masks = [decode(entry["segmentation"]) for entry in entries]
            scores = [float(entry.get("score", 1.0)) for entry in entries]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{self._path}, image {image_id}: {_reason(error)}") from error
        if len({mask.shape for mask in masks}) > 1:
            raise InputError(f"{self._path}, image {image_id}: masks of several sizes")
        stacked = np.stack(masks) if masks else np.zeros((0, 0, 0), bool)
        return make_proposals(stacked, scores)


def make_proposals(
    masks: BoolArray, scores: FloatArray | Sequence[float] | None = None, source: str = SOURCE
) -> Proposals:
    """Masks bool NxHxW and scores N (1 where there are none) as proposals, best first.

    Scores are clipped to [0, 1]; empty masks are left out. Raises InputError when shapes or types
    do not fit.
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


def match_frame(proposals: Proposals, frame: Frame, path: Path) -> Proposals:
    """The proposals of ``path`` for a frame; none are none of the frame's size.

    Raises InputError when the masks are of another size.
    """
    found = proposals.masks.shape[1:]
    if found == (frame.height, frame.width):
        return proposals
    if len(proposals):
        raise InputError(
            f"{path} holds masks of {found[1]}x{found[0]} pixels, the picture has "
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
    if isinstance(content, Mapping):  # a COCO data set, with its annotations
        content = content.get("annotations")
    if not isinstance(content, list):
        raise InputError(f"{path} is no list of COCO results, nor a data set with 'annotations'")
    images: dict[str, list[Mapping[str, Any]]] = {}
    for number, entry in enumerate(content):
        if not isinstance(entry, Mapping) or not {"image_id", "segmentation"} <= set(entry):
            raise InputError(f"{path}: entry {number} has no image_id and segmentation")
        images.setdefault(str(entry["image_id"]), []).append(entry)
    return images


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, InputError) else f"unreadable entry: {error}"
