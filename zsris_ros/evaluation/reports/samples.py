"""Samples of a run's answers as images, and the reasons of wrong answers."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

import cv2
import numpy as np
from PIL import Image

from zsris_ros.evaluation.datasets.items import DataSet
from zsris_ros.evaluation.records import REFUSED, AnswerRecord
from zsris_ros.evaluation.reports.figures import RIGHT, answered_mask, counted_iou, truth_mask
from zsris_ros.types import BoolArray, ByteArray, InputError
from zsris_ros.visualization.overlay import DARK, Colour, caption

TRUTH: Colour = (255, 255, 255)
ANSWER: Colour = (255, 128, 14)
TINT = 0.45
WIDTH, QUALITY = 480, 82
"""Width of an embedded image in pixels, and JPEG quality."""

RIGHT_ANSWER = "right"
REASONS = {
    "choice": "another proposal would have been right",
    "proposals": "no proposal fits (best IoU at most 0.5)",
    "verdict": "the first candidate was right, and was not trusted",
    "nothing meant": "something was answered where nothing is meant",
    "not read": "the expression was refused",
}
"""Reasons of wrong answers."""


def reason(answer: AnswerRecord) -> str:
    """Return the reason of a wrong answer, a key of REASONS, or RIGHT_ANSWER."""
    if counted_iou(answer) > RIGHT:
        return RIGHT_ANSWER
    if answer.verdict == REFUSED:
        return "not read"
    if not answer.has_target:
        return "nothing meant"
    if answer.bound <= RIGHT:
        return "proposals"
    return "verdict" if answer.best_iou > RIGHT else "choice"


def worst(answers: Iterable[AnswerRecord], count: int, seed: int = 0) -> list[AnswerRecord]:
    """Return the wrong answers with the lowest IoU, from different frames if possible.

    Ties are random. The right answers with the lowest IoU follow if there are too few.
    """
    order = sorted(_shuffled(answers, seed), key=counted_iou)
    wrong = [each for each in order if counted_iou(each) <= RIGHT]
    return [*_spread(wrong, count), *order[len(wrong) :]][:count]


def best(answers: Iterable[AnswerRecord], count: int, seed: int = 0) -> list[AnswerRecord]:
    """Return the answers with the highest IoU to questions with a target, ties at random."""
    asked = [each for each in _shuffled(answers, seed) if each.has_target]
    return _spread(sorted(asked, key=counted_iou, reverse=True), count)


def drawn(answers: Iterable[AnswerRecord], count: int, seed: int = 0) -> list[AnswerRecord]:
    """Return random answers, from different frames if possible."""
    return _spread(_shuffled(answers, seed), count)


def picture(rgb: ByteArray, answer: AnswerRecord) -> bytes:
    """Return a JPEG of a drawing at most WIDTH pixels wide."""
    return jpeg(drawing(rgb, answer, WIDTH))


def jpeg(image: ByteArray) -> bytes:
    """Return a picture, uint8 HxWx3, as JPEG, at most WIDTH pixels wide."""
    small = Image.fromarray(image)
    small.thumbnail((WIDTH, image.shape[0]))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def write_worst(
    directory: Path, answers: Iterable[AnswerRecord], data_set: DataSet, count: int
) -> None:
    """Write the ``count`` worst answers as ``directory``/01_NAME.png, ...

    A band holds the question and the answer, with a key of REASONS.
    """
    for place, answer in enumerate(worst(answers, count), start=1):
        image = drawing(data_set.item(answer.item).frame.rgb, answer)
        line = f"{answer.verdict} ({reason(answer)}): {answer.message}"
        caption(image, answer.expression, line, ANSWER, answered_mask(answer))
        directory.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(directory / f"{place:02d}_{answer.item}.png")


def drawing(rgb: ByteArray, answer: AnswerRecord, width: int | None = None) -> ByteArray:
    """Return the frame (uint8 HxWx3), the answer tinted and the truth outlined in white.

    Args:
        rgb: The frame.
        answer: The answer.
        width: The greatest width of the drawing in pixels; None for the frame's.

    Raises:
        InputError: The frame has another size than the answer's mask.
    """
    if rgb.shape[:2] != (answer.height, answer.width):
        raise InputError(
            f"{answer.item} is {rgb.shape[1]}x{rgb.shape[0]} now and was {answer.width}x"
            f"{answer.height} when it was answered: the data set has changed, run again"
        )
    scale = min(1.0, (width or answer.width) / answer.width)
    size = round(answer.width * scale), max(1, round(answer.height * scale))
    image = np.array(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    answered, truth = _fit(answered_mask(answer), size), _fit(truth_mask(answer), size)
    tint = np.asarray(ANSWER, np.float32) * TINT
    image[answered] = (image[answered] * (1 - TINT) + tint).astype(np.uint8)
    for mask, colour in ((answered, ANSWER), (truth, TRUTH)):
        _outline(image, mask, colour)
    return image


def _shuffled(answers: Iterable[AnswerRecord], seed: int) -> list[AnswerRecord]:
    """Return a random order that does not depend on the given order."""
    listed = sorted(answers, key=lambda each: (each.item, each.expression, each.targets))
    Random(seed).shuffle(listed)
    return listed


def _spread(answers: Sequence[AnswerRecord], count: int) -> list[AnswerRecord]:
    """Return the first ``count``, preferring one a frame; the order is kept."""
    seen: set[str] = set()
    again = []
    for answer in answers:
        again.append(answer.item in seen)
        seen.add(answer.item)
    order = sorted(range(len(answers)), key=again.__getitem__)[:count]
    return [answers[index] for index in sorted(order)]


def _fit(mask: BoolArray, size: tuple[int, int]) -> BoolArray:
    return np.asarray(cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0)


def _outline(drawing: ByteArray, mask: BoolArray, colour: Colour) -> None:
    """Draw a line with a dark rim, visible on any background."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(drawing, contours, -1, DARK, 4, cv2.LINE_AA)
    cv2.drawContours(drawing, contours, -1, colour, 2, cv2.LINE_AA)
