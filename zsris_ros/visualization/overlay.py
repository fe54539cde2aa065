"""Answers drawn into pictures, for people to look at.

All colours are RGB. Sizes follow the picture, so that a 320x240 frame and a 4K frame look alike.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import cv2
import numpy as np

from zsris_ros.geometry.masks import bounding_region
from zsris_ros.types import BoolArray, ByteArray, Candidate, ReferringResult, Verdict

Colour = tuple[int, int, int]

VERDICT_COLOURS: dict[Verdict, Colour] = {
    Verdict.FOUND: (64, 220, 120),
    Verdict.AMBIGUOUS: (255, 190, 50),
    Verdict.NOT_FOUND: (240, 90, 90),
}
DARK: Colour = (18, 20, 24)
LIGHT: Colour = (245, 246, 248)
MUTED: Colour = (186, 192, 200)
FONT = cv2.FONT_HERSHEY_DUPLEX
TINT = 0.30
BAND = 0.72
MAX_RUNNERS_UP = 3


def draw_result(rgb: ByteArray, referral: ReferringResult, title: str) -> ByteArray:
    """``rgb`` (uint8 HxWx3) with the answer drawn in; a new picture of the same size.

    What was found is tinted and outlined in the colour of the verdict, with the centroids marked;
    where the answer is a question, what it is about gets a box in that colour. The next candidates
    get a thin box. ``title``, usually the expression, is written in a band at that edge
    of the picture where it hides less of the answer.
    """
    picture = np.ascontiguousarray(rgb).copy()
    colour = VERDICT_COLOURS[referral.verdict]
    unit = _unit(picture)
    meant: tuple[Candidate, ...] = ()
    if referral.verdict is not Verdict.NOT_FOUND:
        meant = referral.selected or referral.candidates[:1]
    others = [candidate for candidate in referral.candidates if candidate not in meant]
    for candidate in others[:MAX_RUNNERS_UP]:
        _box(picture, candidate, MUTED, unit)
    if len(meant) > 1 and referral.verdict is Verdict.AMBIGUOUS:
        for candidate in meant:
            _box(picture, candidate, colour, unit)
    if meant:
        _outline(picture, referral.mask, colour, unit)
    for candidate in meant:
        _cross(picture, candidate, unit)
    _caption(picture, title, _verdict_line(referral), colour, referral.mask, unit)
    return picture


def contact_sheet(images: Sequence[ByteArray], columns: int) -> ByteArray:
    """Pictures (uint8 HxWx3) row by row on one dark sheet; all get the size of the first.

    A picture of another shape keeps its proportions. Raises ValueError without pictures or columns.
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


def _unit(picture: ByteArray) -> float:
    """The thickness of a fine line: 1 pixel in a VGA picture, more in a larger one."""
    return max(0.5, min(picture.shape[0] / 480, picture.shape[1] / 640))


def _pixels(units: float, unit: float) -> int:
    return max(1, round(units * unit))


def _outline(picture: ByteArray, mask: BoolArray, colour: Colour, unit: float) -> None:
    """A soft tint inside, and a line with a dark rim that is seen on any background."""
    window = bounding_region(mask)
    inside = mask.view(np.uint8)
    if window is not None:
        part = picture[window]
        part[:] = cv2.copyTo(_blend(part, colour, TINT), inside[window], part)
    contours, _ = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_TC89_KCOS)
    cv2.drawContours(picture, contours, -1, DARK, _pixels(5, unit), cv2.LINE_AA)
    cv2.drawContours(picture, contours, -1, colour, _pixels(2.5, unit), cv2.LINE_AA)


def _blend(pixels: ByteArray, colour: Colour, share: float) -> ByteArray:
    """uint8 HxWx3 with a ``share`` of ``colour`` in every pixel."""
    values = np.arange(256)[:, None] * (1 - share) + np.asarray(colour, np.float32) * share
    table = values.astype(np.uint8)[None]  # looked up: many times faster than computed
    return np.asarray(cv2.LUT(np.ascontiguousarray(pixels), table), np.uint8)


def _cross(picture: ByteArray, candidate: Candidate, unit: float) -> None:
    """Marks the point to grasp."""
    centre = round(candidate.centroid_pixel[0]), round(candidate.centroid_pixel[1])
    for colour, size, thickness in ((DARK, 19, 5), (LIGHT, 15, 2)):
        cv2.drawMarker(
            picture,
            centre,
            colour,
            cv2.MARKER_CROSS,
            _pixels(size, unit),
            _pixels(thickness, unit),
            cv2.LINE_AA,
        )


def _box(picture: ByteArray, candidate: Candidate, colour: Colour, unit: float) -> None:
    """A thin box with the score around a candidate."""
    x, y, width, height = candidate.box
    corners = (round(x), round(y)), (round(x + width), round(y + height))
    cv2.rectangle(picture, *corners, DARK, _pixels(3, unit))
    cv2.rectangle(picture, *corners, colour, _pixels(1, unit))
    score = f"{candidate.score:.2f}"
    left, low = corners[0][0] + _pixels(4, unit), corners[1][1] - _pixels(5, unit)
    (wide, high), _ = cv2.getTextSize(score, FONT, 0.4 * unit, 1)
    edge = _pixels(3, unit)
    cv2.rectangle(picture, (left - edge, low - high - edge), (left + wide, low + edge), DARK, -1)
    cv2.putText(picture, score, (left, low), FONT, 0.4 * unit, LIGHT, 1, cv2.LINE_AA)


def _verdict_line(referral: ReferringResult) -> str:
    """The verdict and, where there is one, the score and the point in metres."""
    best = referral.best
    words = [referral.verdict.value.replace("_", " ").lower()]
    if best is not None and referral.verdict is not Verdict.NOT_FOUND:
        words.append(f"score {best.score:.2f}")
        if best.centroid is not None:
            x, y, z = best.centroid
            words.append(f"x {x:+.3f} y {y:+.3f} z {z:.3f} m")
    return "  |  ".join(words)


def _caption(
    picture: ByteArray, title: str, line: str, colour: Colour, mask: BoolArray, unit: float
) -> None:
    """Two lines of text in a translucent band, with a stripe in the colour of the verdict."""
    height, width = picture.shape[:2]
    margin = _pixels(14, unit)
    scale = 0.62 * unit
    title = _one_line(title, scale, width - 2 * margin)
    line = _one_line(line, 0.7 * scale, width - 2 * margin)
    band = min(height, _pixels(56, unit))
    at_top = np.count_nonzero(mask[:band]) <= np.count_nonzero(mask[height - band :])
    top = 0 if at_top else height - band
    area = picture[top : top + band]
    area[:] = _blend(area, DARK, BAND)
    area[:, : _pixels(5, unit)] = colour
    first, second = top + _pixels(25, unit), top + _pixels(46, unit)
    thickness = _pixels(1, unit)
    cv2.putText(picture, title, (margin, first), FONT, scale, LIGHT, thickness, cv2.LINE_AA)
    cv2.putText(picture, line, (margin, second), FONT, 0.7 * scale, colour, thickness, cv2.LINE_AA)


def _one_line(text: str, scale: float, width: int) -> str:
    """``text`` as one line that fits ``width``, in the letters that OpenCV's font has."""
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
    """``image`` scaled to lie within ``height`` x ``width``."""
    scale = min(height / image.shape[0], width / image.shape[1])
    if scale == 1.0:
        return image
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
