"""Results drawn on images.

All colours are RGB. Line widths and fonts scale with the image.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np

from zsris_ros.geometry.masks import bounding_region
from zsris_ros.types import (
    BoolArray,
    ByteArray,
    Candidate,
    InstructionResult,
    PlacePoint,
    ReferringResult,
    Verdict,
)

Colour = tuple[int, int, int]

VERDICT_COLOURS: dict[Verdict, Colour] = {
    Verdict.FOUND: (64, 220, 120),
    Verdict.AMBIGUOUS: (255, 190, 50),
    Verdict.NOT_FOUND: (240, 90, 90),
}
DESTINATION_COLOUR: Colour = (80, 160, 255)
DARK: Colour = (18, 20, 24)
LIGHT: Colour = (245, 246, 248)
MUTED: Colour = (186, 192, 200)
FONT = cv2.FONT_HERSHEY_DUPLEX
TINT = 0.30
BAND = 0.72
MAX_RUNNERS_UP = 3


def draw_answer(rgb: ByteArray, result: InstructionResult, title: str) -> ByteArray:
    """See ``draw_result`` for a referring expression, ``draw_instruction`` for an instruction."""
    if result.instruction.is_expression:
        return draw_result(rgb, result.target, title)
    return draw_instruction(rgb, result, title)


def draw_result(rgb: ByteArray, result: ReferringResult, title: str) -> ByteArray:
    """Return a copy of ``rgb`` (uint8 HxWx3) with the result drawn on it.

    The selected masks are tinted and outlined in the verdict's colour with their centroids marked;
    the candidates of an ambiguous result get a box in that colour, other candidates a thin box.
    ``title``, usually the expression, is written in a band at the top or bottom edge, where it
    covers less of the mask.
    """
    image = np.ascontiguousarray(rgb).copy()
    colour = VERDICT_COLOURS[result.verdict]
    unit = _unit(image)
    shown: tuple[Candidate, ...] = ()
    if result.verdict is not Verdict.NOT_FOUND:
        shown = result.selected or result.candidates[:1]
    others = [candidate for candidate in result.candidates if candidate not in shown]
    for candidate in others[:MAX_RUNNERS_UP]:
        _box(image, candidate, MUTED, unit)
    if len(shown) > 1 and result.verdict is Verdict.AMBIGUOUS:
        for candidate in shown:
            _box(image, candidate, colour, unit)
    if shown:
        _outline(image, result.mask, colour, unit)
    for candidate in shown:
        _cross(image, candidate, unit)
    caption(image, title, _verdict_line(result), colour, result.mask)
    return image


def draw_instruction(rgb: ByteArray, result: InstructionResult, title: str) -> ByteArray:
    """Return a copy of ``rgb`` (uint8 HxWx3) with the objects of an instruction drawn on it.

    Targets are tinted and outlined in the colour of FOUND with their centroids marked, the anchors
    of destinations in ``DESTINATION_COLOUR``. A ring marks each place point, with the step's number
    where there are several steps.
    """
    image = np.ascontiguousarray(rgb).copy()
    unit = _unit(image)
    covered = np.zeros(rgb.shape[:2], bool)
    targets = [step.target for step in result.steps if step.target is not None]
    goals = [step.destination for step in result.steps if step.destination is not None]
    anchors = [anchor for goal in goals for anchor in goal.anchors]
    for colour, found in ((DESTINATION_COLOUR, anchors), (VERDICT_COLOURS[Verdict.FOUND], targets)):
        for each in found:
            if each.mask.any():
                _outline(image, each.mask, colour, unit)
                covered |= each.mask
    for each in targets:
        for candidate in each.selected:
            _cross(image, candidate, unit)
    for number, step in enumerate(result.steps, start=1):
        name = str(number) if len(result.steps) > 1 else ""
        for place in () if step.destination is None else step.destination.places:
            _ring(image, place, name, unit)
    caption(image, title, result.message, VERDICT_COLOURS[result.verdict], covered)
    return image


def caption(image: ByteArray, title: str, line: str, colour: Colour, mask: BoolArray) -> None:
    """Write two lines of text on an image (uint8 HxWx3), in place.

    They stand in a translucent band with a stripe in ``colour``, at the top or bottom edge, where
    the band covers less of ``mask``.
    """
    unit = _unit(image)
    height, width = image.shape[:2]
    margin = _pixels(14, unit)
    scale = 0.62 * unit
    title = _one_line(title, scale, width - 2 * margin)
    line = _one_line(line, 0.7 * scale, width - 2 * margin)
    band = min(height, _pixels(56, unit))
    at_top = np.count_nonzero(mask[:band]) <= np.count_nonzero(mask[height - band :])
    top = 0 if at_top else height - band
    area = image[top : top + band]
    area[:] = _blend(area, DARK, BAND)
    area[:, : _pixels(5, unit)] = colour
    first, second = top + _pixels(25, unit), top + _pixels(46, unit)
    thickness = _pixels(1, unit)
    cv2.putText(image, title, (margin, first), FONT, scale, LIGHT, thickness, cv2.LINE_AA)
    cv2.putText(image, line, (margin, second), FONT, 0.7 * scale, colour, thickness, cv2.LINE_AA)


def contact_sheet(images: Sequence[ByteArray], columns: int) -> ByteArray:
    """Arrange images (uint8 HxWx3) row by row on a dark sheet, in cells of the first one's size.

    Images keep their proportions. Raises ValueError without images or columns.
    """
    if not images or columns < 1:
        raise ValueError("a contact sheet needs at least one picture and one column")
    height, width = images[0].shape[:2]
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    gap = max(4, width // 64)
    sheet = np.empty((rows * (height + gap) + gap, columns * (width + gap) + gap, 3), np.uint8)
    sheet[:] = DARK
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        fitted = _fit(image, height, width)
        top = gap + row * (height + gap) + (height - fitted.shape[0]) // 2
        left = gap + column * (width + gap) + (width - fitted.shape[1]) // 2
        sheet[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted
    return sheet


def _unit(image: ByteArray) -> float:
    """Width of a fine line: 1 pixel in a VGA image, more in a larger one."""
    return max(0.5, min(image.shape[0] / 480, image.shape[1] / 640))


def _pixels(units: float, unit: float) -> int:
    return max(1, round(units * unit))


def _outline(image: ByteArray, mask: BoolArray, colour: Colour, unit: float) -> None:
    """Tint the mask and outline it with a dark rim, visible on any background."""
    roi = bounding_region(mask)
    if roi is None:
        return
    part, inside = image[roi], mask[roi].view(np.uint8)
    part[:] = cv2.copyTo(_blend(part, colour, TINT), inside, part)
    rows, columns = roi
    contours, _ = cv2.findContours(
        inside,
        cv2.RETR_CCOMP,
        cv2.CHAIN_APPROX_TC89_KCOS,
        offset=(columns.start, rows.start),  # the box is a fraction of the image
    )
    cv2.drawContours(image, contours, -1, DARK, _pixels(5, unit), cv2.LINE_AA)
    cv2.drawContours(image, contours, -1, colour, _pixels(2.5, unit), cv2.LINE_AA)


def _blend(pixels: ByteArray, colour: Colour, share: float) -> ByteArray:
    """Blend a ``share`` of ``colour`` into uint8 HxWx3."""
    return np.asarray(cv2.LUT(pixels, _blend_table(colour, share)), np.uint8)


@cache
def _blend_table(colour: Colour, share: float) -> ByteArray:
    """Return the blended value of each value (uint8 1x256x3): a table is many times faster."""
    values = np.arange(256)[:, None] * (1 - share) + np.asarray(colour, np.float32) * share
    return values.astype(np.uint8)[None]


def _cross(image: ByteArray, candidate: Candidate, unit: float) -> None:
    """Mark the grasp point."""
    centre = round(candidate.centroid_pixel[0]), round(candidate.centroid_pixel[1])
    for colour, size, thickness in ((DARK, 19, 5), (LIGHT, 15, 2)):
        cv2.drawMarker(
            image,
            centre,
            colour,
            cv2.MARKER_CROSS,
            _pixels(size, unit),
            _pixels(thickness, unit),
            cv2.LINE_AA,
        )


def _ring(image: ByteArray, place: PlacePoint, name: str, unit: float) -> None:
    """Mark a place point, with ``name`` beside it."""
    centre = round(place.pixel[0]), round(place.pixel[1])
    for colour, thickness in ((DARK, 6), (DESTINATION_COLOUR, 3)):
        cv2.circle(image, centre, _pixels(11, unit), colour, _pixels(thickness, unit), cv2.LINE_AA)
    cv2.circle(image, centre, _pixels(2.5, unit), LIGHT, -1, cv2.LINE_AA)
    if name:
        at = centre[0] + _pixels(15, unit), centre[1] + _pixels(6, unit)
        for colour, thickness in ((DARK, 4), (LIGHT, 1)):
            width = _pixels(thickness, unit)
            cv2.putText(image, name, at, FONT, 0.6 * unit, colour, width, cv2.LINE_AA)


def _box(image: ByteArray, candidate: Candidate, colour: Colour, unit: float) -> None:
    """Draw a thin box with the score around a candidate."""
    x, y, width, height = candidate.box
    corners = (round(x), round(y)), (round(x + width), round(y + height))
    cv2.rectangle(image, *corners, DARK, _pixels(3, unit))
    cv2.rectangle(image, *corners, colour, _pixels(1, unit))
    score = f"{candidate.score:.2f}"
    left, low = corners[0][0] + _pixels(4, unit), corners[1][1] - _pixels(5, unit)
    (wide, high), _ = cv2.getTextSize(score, FONT, 0.4 * unit, 1)
    edge = _pixels(3, unit)
    cv2.rectangle(image, (left - edge, low - high - edge), (left + wide, low + edge), DARK, -1)
    cv2.putText(image, score, (left, low), FONT, 0.4 * unit, LIGHT, 1, cv2.LINE_AA)


def _verdict_line(result: ReferringResult) -> str:
    """Return the verdict and, of a found object, the score and the point in metres."""
    best = result.best
    words = [result.verdict.value.replace("_", " ").lower()]
    if best is not None and result.verdict is not Verdict.NOT_FOUND:
        words.append(f"score {best.score:.2f}")
        if best.centroid is not None:
            x, y, z = best.centroid
            words.append(f"x {x:+.3f} y {y:+.3f} z {z:.3f} m")
    return "  |  ".join(words)


def _one_line(text: str, scale: float, width: int) -> str:
    """Fit ``text`` into one line of ``width`` pixels, in the letters of OpenCV's font."""
    plain = unicodedata.normalize("NFKD", " ".join(text.replace("ß", "ss").split()))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = "".join(letter if " " <= letter <= "~" else "?" for letter in plain)

    def fits(candidate: str) -> bool:
        return cv2.getTextSize(candidate, FONT, scale, 1)[0][0] <= width

    if fits(plain):
        return plain
    low, high = 0, len(plain)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(plain[:middle] + "...") else (low, middle - 1)
    return plain[:low].rstrip() + "..."


def _fit(image: ByteArray, height: int, width: int) -> ByteArray:
    """Scale ``image`` to fit ``height`` x ``width``."""
    scale = min(height / image.shape[0], width / image.shape[1])
    if scale == 1.0:
        return image
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
