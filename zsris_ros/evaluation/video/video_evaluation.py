"""Evaluation on referring videos, frame by frame or clip by clip.

OUT/Annotations/VIDEO/EXPRESSION/FRAME.png holds the masks in the form of the Ref-YouTube-VOS
server; OUT/videos.jsonl a line for each expression with J and F, the means over its frames. A
stopped run is resumed video by video.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image
from tqdm import tqdm

from zsris_ros.evaluation.datasets.referring_video import (
    VOID,
    ReferringVideo,
    VideoData,
)
from zsris_ros.evaluation.metrics import mean
from zsris_ros.evaluation.reports.figures import write_summary
from zsris_ros.evaluation.run_folder import claim
from zsris_ros.evaluation.video.video_metrics import boundary_accuracy, region_similarity
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.types import BoolArray, ByteArray, Frame, InputError, Scene

ANSWERS = "videos.jsonl"


class ClipSegmenter(Protocol):
    """A method on clips of T frames."""

    def look(self, frames: Sequence[Frame]) -> Any:
        """Encode the frames of a clip."""
        ...

    def refer(self, scene: Any, expression: str) -> BoolArray:
        """Return the masks of an expression, bool TxHxW. Raises InputError for no word."""
        ...


class FrameByFrame:
    """Any segmenter as a method on clips; frames are independent."""

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter

    def look(self, frames: Sequence[Frame]) -> list[Scene]:
        """Encode each frame."""
        return [self._segmenter.look(frame) for frame in frames]

    def refer(self, scene: Sequence[Scene], expression: str) -> BoolArray:
        """Return the masks of an expression, bool TxHxW. Raises InputError for no word."""
        return np.stack([self._segmenter.refer(each, expression).mask for each in scene])


def evaluate_videos(
    data: VideoData,
    segmenter: ClipSegmenter,
    directory: Path,
    settings: Mapping[str, Any],
    limit: int | None = None,
    clip_length: int = 1,
) -> dict[str, Any]:
    """Answer all expressions about the first ``limit`` videos and return the summary.

    Every clip of ``clip_length`` frames is looked at once.

    Raises:
        InputError: The folder holds results of other settings, or a file is damaged.
    """
    claim(directory, settings)
    path = directory / ANSWERS
    done = {row["video"] for row in _rows(path)}
    bar = tqdm(data.videos[:limit], data.title, unit="video")
    for video in bar:
        if video.name in done:
            continue
        rows = evaluate_video(data, video, segmenter, directory / "Annotations", clip_length)
        with path.open("a", encoding="utf-8") as file:  # one write: a video is whole or absent
            file.write("".join(json.dumps(row) + "\n" for row in rows))
        bar.set_postfix(jf=f"{_figures(_rows(path)).get('jf', 0.0):.3f}")
    summary = {**settings, **summarise_videos(_rows(path))}
    write_summary(directory, summary)
    return summary


def evaluate_video(
    data: VideoData,
    video: ReferringVideo,
    segmenter: ClipSegmenter,
    folder: Path,
    clip_length: int = 1,
) -> list[dict[str, Any]]:
    """Write the masks of a video; return a row for each expression.

    ``j`` and ``f`` are None without a published object.
    """
    measured: dict[str, list[tuple[float, float]]] = {each.name: [] for each in video.expressions}
    for clip, new in cut(video.frames, clip_length):
        frames = [Frame(data.rgb(video.name, frame)) for frame in clip]
        scene = segmenter.look(frames)
        labels = [data.labels(video.name, frame) for frame in clip]
        for each in video.expressions:
            try:
                masks = segmenter.refer(scene, each.text)
            except InputError:  # an expression without a word
                masks = np.zeros((len(frames), frames[0].height, frames[0].width), bool)
            name = each.name.replace(":", "_")
            for frame, truth, mask in list(zip(clip, labels, masks, strict=True))[-new:]:
                write_mask(folder / video.name / name / f"{frame}.png", mask)
                if truth is not None and each.target is not None:
                    measured[each.name].append(measure(truth, each.target, mask))
    return [
        {
            "video": video.name,
            "expression": each.name,
            "text": each.text,
            "annotator": each.annotator,
            "frames": len(measured[each.name]),
            "j": mean(j for j, _ in measured[each.name]) if measured[each.name] else None,
            "f": mean(f for _, f in measured[each.name]) if measured[each.name] else None,
        }
        for each in video.expressions
    ]


def cut(frames: Sequence[str], length: int) -> Iterator[tuple[Sequence[str], int]]:
    """Yield clips of ``length`` frames, and how many frames at the end of each are new.

    The last clip overlaps the one before it rather than being short; a video with fewer frames is
    one clip.
    """
    for start in range(0, len(frames), length):
        end = min(start + length, len(frames))
        yield frames[max(0, end - length) : end], end - start


def summarise_videos(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return J, F and J&F over expressions; also by file of expressions, as DAVIS has four."""
    listed = list(rows)
    annotators = sorted({row["annotator"] for row in listed} - {""})
    return {
        "videos": len({row["video"] for row in listed}),
        "expressions": len(listed),
        **_figures(listed),
        "by_annotator": {
            name: _figures(row for row in listed if row["annotator"] == name) for name in annotators
        },
    }


def _figures(rows: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    measured = [(row["j"], row["f"]) for row in rows if row["j"] is not None]
    if not measured:
        return {}
    j, f = mean(each for each, _ in measured), mean(each for _, each in measured)
    return {"j": round(j, 4), "f": round(f, 4), "jf": round((j + f) / 2, 4)}


def measure(labels: ByteArray, target: int, mask: BoolArray) -> tuple[float, float]:
    """Return J and F of a mask bool HxW for one object of the labels uint8 HxW.

    As in DAVIS's evaluation, the mask's pixels on VOID are removed first.
    """
    truth, answer = labels == target, mask & (labels != VOID)
    return region_similarity(truth, answer), boundary_accuracy(truth, answer)


def write_mask(path: Path, mask: BoolArray) -> None:
    """Write a mask bool HxW as the evaluation servers take it: 0 and 255 in one channel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask.astype(np.uint8) * 255).save(path)


def _rows(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    try:
        return [json.loads(line) for line in lines]
    except ValueError as error:
        raise InputError(f"{path} is damaged: remove the folder and run again") from error
