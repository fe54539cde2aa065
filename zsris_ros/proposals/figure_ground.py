"""Proposals from colour alone: the islands in the large smooth surfaces of a picture.

A table, a wall and a floor are smooth; a small Segment Anything splits a printed packet on them
into the parts of its print. The whole packet is an island: colours change along its contour and
hardly outside.
"""

from __future__ import annotations

import cv2
import numpy as np

from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.types import BoolArray, ByteArray, FloatArray, Frame, Proposals

FIGURE = "figure"
"""The source of these masks."""

_WIDTH = 320
"""Pixels of the longer side of the examined picture."""
_LIGHTNESS_WEIGHT = 0.6
"""Weight of CIELAB's lightness beside its two colours: shading and soft shadows change it alone."""
_LEVELS = (3.0, 6.0)
"""The gradients of a surface are below these multiples of the picture's median one: at the first
one on plain table tops, where faint objects show, at the second one on wood grain."""
_LEAST_GRADIENT = 2.0
"""The gradient of the first level if the picture has hardly any noise, CIELAB units a pixel."""
_NEW = 0.5
"""Least share of an island outside those of the level before: a smaller one is a part of them."""
_SURFACE = 0.05
"""Least share of the picture of a surface."""
_LINE_PX = 7
"""Width of lines between surfaces, such as the border of a table, which are no islands."""
_LARGEST, _LEAST_PX = 0.25, 40
"""Largest share of the picture and least number of examined pixels of an island."""
_FILLED = 0.6
"""An island with a larger share of its outline is filled: the bottom of a bowl is smooth, too."""


class FigureGroundProposer:
    """Proposes the islands of frames without depth; depth separates objects better."""

    def accepts(self, frame: Frame) -> bool:
        """Return whether the frame has no depth."""
        return not frame.has_geometry

    def propose(self, frame: Frame) -> Proposals:
        """Return one mask for each island, source "figure".

        ``quality`` is the share of the contour at which colours change.
        """
        masks, quality = find_islands(frame.rgb)
        return Proposals(masks, mask_boxes(masks), quality, (FIGURE,) * len(masks))


def find_islands(rgb: ByteArray) -> tuple[BoolArray, FloatArray]:
    """Return the islands of a picture.

    Args:
        rgb: uint8 HxWx3.

    Returns:
        Masks bool NxHxW and the share of each contour at which colours change, float32 N.
    """
    height, width = rgb.shape[:2]
    scale = min(1.0, _WIDTH / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    gradient = _gradient(np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8))
    least = max(_LEAST_GRADIENT, _LEVELS[0] * float(np.median(gradient)))
    kept: list[tuple[ByteArray, float]] = []
    covered = np.zeros_like(gradient, np.uint8)
    for level in _LEVELS:
        edges = (gradient >= least * level / _LEVELS[0]).astype(np.uint8)
        for mask, share in _islands_between(edges):
            if np.count_nonzero(mask > covered) > _NEW * np.count_nonzero(mask):
                kept.append((mask, share))
        for mask, _ in kept:
            covered |= mask
    masks = np.zeros((len(kept), height, width), bool)
    for place, (mask, _) in zip(masks, kept, strict=True):
        place[:] = cv2.resize(255 * mask, (width, height), interpolation=cv2.INTER_LINEAR) > 127
    return masks, np.array([share for _, share in kept], np.float32)


def _gradient(rgb: ByteArray) -> FloatArray:
    """Return how much the colours change, in CIELAB units a pixel, float32 HxW."""
    lab = cv2.bilateralFilter(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB), 5, 12, 3)
    weighted = lab.astype(np.float32) * np.array([_LIGHTNESS_WEIGHT, 1, 1], np.float32)
    across, down = (cv2.Sobel(weighted, cv2.CV_32F, *axis) / 4 for axis in ((1, 0), (0, 1)))
    return np.asarray(np.hypot(across, down).max(axis=2), np.float32)


def _islands_between(edges: ByteArray) -> list[tuple[ByteArray, float]]:
    """Return the islands in the surfaces between ``edges`` and their shares of contour at edges."""
    square = np.ones((3, 3), np.uint8)
    # Eroding closes gaps of the edges, through which a surface would flow into an object.
    smooth = cv2.erode(1 - edges, square)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(smooth, connectivity=4)
    large = np.flatnonzero(stats[:, cv2.CC_STAT_AREA] >= _SURFACE * smooth.size)
    surfaces = np.isin(labels, large[large > 0]).astype(np.uint8)
    if not surfaces.any():
        return []
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_LINE_PX, _LINE_PX))
    figures = np.asarray(
        cv2.morphologyEx(1 - cv2.dilate(surfaces, square), cv2.MORPH_OPEN, disc), np.uint8
    )
    near_edges = cv2.dilate(edges, square)
    found: list[tuple[ByteArray, float]] = []
    for island in _inner_components(figures):
        outlines, _ = cv2.findContours(island, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        filled = np.asarray(cv2.drawContours(np.zeros_like(island), outlines, -1, 1, -1), np.uint8)
        mask = filled if island.sum() > _FILLED * filled.sum() else island
        contour = np.concatenate(outlines)[:, 0]
        found.append((mask, float(near_edges[contour[:, 1], contour[:, 0]].mean())))
    return found


def _inner_components(figures: ByteArray) -> list[ByteArray]:
    """Return the connected parts of a mask that are neither tiny nor huge nor at the border."""
    height, width = figures.shape
    count, labels, stats, _ = cv2.connectedComponentsWithStats(figures, connectivity=4)
    kept = []
    for label in range(1, count):
        left, top, wide, high, area = stats[label]
        inner = left > 0 and top > 0 and left + wide < width and top + high < height
        if inner and _LEAST_PX <= area <= _LARGEST * figures.size:
            kept.append((labels == label).astype(np.uint8))
    return kept
