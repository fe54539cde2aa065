"""Referring video data sets as published: Ref-YouTube-VOS and Ref-DAVIS17.

Ref-YouTube-VOS (Seo et al., ECCV 2020)::

    ROOT/meta_expressions/SPLIT/meta_expressions.json
    ROOT/SPLIT/JPEGImages/VIDEO/FRAME.jpg
    ROOT/SPLIT/Annotations/VIDEO/FRAME.png     palette images of object numbers; split train only

Ref-DAVIS17 (Khoreva et al., ACCV 2018), DAVIS 2017 with four files of expressions::

    ROOT/davis_text_annotations/Davis17_annot1.txt, Davis17_annot1_full_video.txt and those of
        annotator 2; each line is VIDEO OBJECT "EXPRESSION"
    ROOT/DAVIS/ImageSets/2017/SPLIT.txt
    ROOT/DAVIS/JPEGImages/480p/VIDEO/FRAME.jpg
    ROOT/DAVIS/Annotations_unsupervised/480p/VIDEO/FRAME.png, or Annotations/480p/...
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zsris_ros.evaluation.datasets.categories import category_of
from zsris_ros.evaluation.datasets.files import published_form, read_json, read_pixels, required
from zsris_ros.evaluation.datasets.items import Clip, EvaluationItem, Question
from zsris_ros.types import ByteArray, Frame, InputError

DAVIS_FILES: Mapping[str, str] = {
    "Davis17_annot1.txt": "utf-8",
    "Davis17_annot1_full_video.txt": "utf-8",
    "Davis17_annot2.txt": "latin-1",
    "Davis17_annot2_full_video.txt": "latin-1",
}
"""Files of expressions with their encodings."""

VOID = 255
"""The number of pixels that belong to no object and no background, which count nowhere."""

_MISSPELT = {"clasic-car": "classic-car", "dog-scale": "dogs-scale", "motor-bike": "motorbike"}
"""Names of videos in the published files of expressions that differ from DAVIS's."""


@dataclass(frozen=True)
class VideoExpression:
    """An expression about a whole video.

    Attributes:
        name: Its number in the published file; of DAVIS "FILE:LINE".
        text: The expression.
        target: The object's number in the annotations; None where it is not published.
        annotator: The file of expressions of DAVIS, "" elsewhere.
    """

    name: str
    text: str
    target: int | None
    annotator: str = ""


@dataclass(frozen=True)
class ReferringVideo:
    """A video: its frames in order, and its expressions."""

    name: str
    frames: tuple[str, ...]
    expressions: tuple[VideoExpression, ...]


class VideoData:
    """Referring videos; also a ``DataSet`` of their annotated frames, named "VIDEO/FRAME".

    Args:
        title: Title for readers.
        videos: The videos.
        images: The folder of VIDEO/FRAME.jpg.
        annotations: Folders of VIDEO/FRAME.png; the first that holds a file counts.

    Raises:
        InputError: There is no video.
    """

    def __init__(
        self,
        title: str,
        videos: Sequence[ReferringVideo],
        images: Path,
        annotations: Sequence[Path],
    ) -> None:
        if not videos:
            raise InputError(f"{title} holds no video with an expression")
        self.title, self.videos = title, tuple(videos)
        self._by_name = {video.name: video for video in videos}
        self._images, self._annotations = images, annotations

    def rgb(self, video: str, frame: str) -> ByteArray:
        """Return a frame, uint8 HxWx3. Raises FileNotFoundError or InputError."""
        path = required(self._images / video / f"{frame}.jpg", f"a frame of {self.title}")
        return read_pixels(path, "RGB")

    def labels(self, video: str, frame: str) -> ByteArray | None:
        """Return the object number of each pixel, uint8 HxW; None where it is not published.

        0 is the background, and VOID undecided.
        """
        for folder in self._annotations:
            path = folder / video / f"{frame}.png"
            if path.is_file():
                labels = read_pixels(path)
                if labels.ndim != 2:
                    raise InputError(f"{path} is no palette image: its pixels must be numbers")
                return labels.astype(np.uint8)
        return None

    def names(self) -> Sequence[str]:
        """Return the frames of all videos."""
        return [f"{video.name}/{frame}" for video in self.videos for frame in video.frames]

    def item(self, name: str) -> EvaluationItem:
        """Return one frame with its visible objects, and the expressions that name one of them.

        Raises:
            FileNotFoundError: The frame is missing.
            InputError: Unknown name, no annotation, or a damaged file.
        """
        clip = self.clip(name, 1)
        return EvaluationItem(name, Frame(clip.rgb[0]), clip.masks[:, 0], clip.questions)

    def clip_names(self, length: int) -> Sequence[str]:
        """Return the first frame of each clip of ``length`` frames, as named by ``names``."""
        return [
            f"{video.name}/{frame}"
            for video in self.videos
            for frame in video.frames[: max(0, len(video.frames) - length + 1)]
        ]

    def clip(self, name: str, length: int) -> Clip:
        """Return the ``length`` frames from one on.

        Its objects are visible in at least one of the frames; its expressions name one of them.

        Raises:
            FileNotFoundError: A frame is missing.
            InputError: Unknown name, too few frames, no annotation, frames of different sizes, or a
                damaged file.
        """
        video, _, first = name.partition("/")
        if video not in self._by_name or first not in self._by_name[video].frames:
            raise InputError(f"{self.title} has no frame {name}")
        start = self._by_name[video].frames.index(first)
        frames = self._by_name[video].frames[start : start + length]
        if len(frames) < length:
            raise InputError(f"{self.title}: fewer than {length} frames follow from {name} on")
        published = [self.labels(video, frame) for frame in frames]
        listed = [labels for labels in published if labels is not None]
        if len(listed) < length:
            raise InputError(f"{self.title}: the objects of {name} are not published")
        images = [self.rgb(video, frame) for frame in frames]
        if len({each.shape[:2] for each in (*images, *listed)}) > 1:
            raise InputError(f"{self.title}: frames or annotations of {video} differ in size")
        labels = np.stack(listed)
        numbers = [int(number) for number in np.unique(labels) if number not in (0, VOID)]
        place = {number: index for index, number in enumerate(numbers)}
        return Clip(
            np.stack(images),
            np.array([labels == n for n in numbers], bool).reshape(-1, *labels.shape),
            tuple(
                Question(each.text, category_of(each.text), (place[each.target],))
                for each in self._by_name[video].expressions
                if each.target in place
            ),
        )


def ref_youtube_vos(root: Path, split: str) -> VideoData:
    """Return one split of Ref-YouTube-VOS.

    Raises:
        FileNotFoundError: A file is missing.
        InputError: A file is not in its published form.
    """
    path = required(
        root / "meta_expressions" / split / "meta_expressions.json",
        "the expressions of Ref-YouTube-VOS as published",
    )
    content = read_json(path)
    videos = []
    with published_form(path):
        for name, video in content["videos"].items():
            expressions = tuple(
                VideoExpression(number, str(each["exp"]), _target(each))
                for number, each in video["expressions"].items()
            )
            frames = tuple(map(str, video["frames"]))
            if expressions:
                videos.append(ReferringVideo(str(name), frames, expressions))
    folder = root / split
    return VideoData(
        f"Ref-YouTube-VOS {split}", videos, folder / "JPEGImages", [folder / "Annotations"]
    )


def ref_davis17(root: Path, split: str) -> VideoData:
    """Return one split of Ref-DAVIS17.

    Raises:
        FileNotFoundError: A file is missing.
        InputError: A file is not in its published form.
    """
    davis = root / "DAVIS"
    names_file = required(davis / "ImageSets/2017" / f"{split}.txt", "DAVIS's list of videos")
    names = names_file.read_text(encoding="utf-8").split()
    found: dict[str, list[VideoExpression]] = {name: [] for name in names}
    for file in DAVIS_FILES:
        for video, expression in _davis_expressions(root / "davis_text_annotations" / file):
            if video in found:
                found[video].append(expression)
    images = davis / "JPEGImages/480p"
    videos = []
    for name, expressions in found.items():
        frames = tuple(sorted(path.stem for path in (images / name).glob("*.jpg")))
        if not frames:
            raise FileNotFoundError(f"{images / name} holds no frame of DAVIS 2017")
        if expressions:
            videos.append(ReferringVideo(name, frames, tuple(expressions)))
    folders = [davis / "Annotations_unsupervised/480p", davis / "Annotations/480p"]
    return VideoData(f"Ref-DAVIS17 {split}", videos, images, folders)


def _davis_expressions(path: Path) -> list[tuple[str, VideoExpression]]:
    """Return the videos and expressions of one file."""
    required(path, "a file of expressions of Ref-DAVIS17")
    expressions = []
    lines = path.read_text(encoding=DAVIS_FILES[path.name]).splitlines()
    with published_form(path):
        for number, line in enumerate(lines):
            if not line.strip():
                continue
            video, target, text = line.split(maxsplit=2)
            expressions.append(
                (
                    _MISSPELT.get(video, video),
                    VideoExpression(
                        f"{path.stem}:{number}", text.strip().strip('"'), int(target), path.stem
                    ),
                )
            )
    return expressions


def _target(expression: Mapping[str, str]) -> int | None:
    return int(expression["obj_id"]) if "obj_id" in expression else None
