"""The inputs of every plan: one painted image, N fixed masks on it, and sentences."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, islice, product
from math import ceil
from types import SimpleNamespace

import cv2
import numpy as np

from zsris_ros.camera.image_messages import ImageData, to_image_data
from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.types import BoolArray, ByteArray, InputError, Proposals

COLOURS = {
    "red": (205, 45, 40), "green": (50, 165, 60), "blue": (45, 80, 205), "yellow": (225, 200, 50),
    "white": (230, 230, 225), "black": (35, 35, 38), "orange": (235, 135, 40),
    "purple": (130, 55, 165),
}  # fmt: skip
NOUNS = ("box", "ball", "cylinder", "mug", "bowl", "plate", "bottle")
RELATIONS = ("left of", "right of", "above", "below", "next to")


@dataclass(frozen=True, eq=False)
class Inputs:
    """An image as its message (rgb8), and the masks bool NxHxW of its objects."""

    message: ImageData
    masks: BoolArray

    @property
    def proposals(self) -> Proposals:
        """The masks as new proposals, without cached derived values."""
        count = len(self.masks)
        quality = np.linspace(0.95, 0.75, count, dtype=np.float32)
        return Proposals(self.masks, mask_boxes(self.masks), quality, ("sam",) * count)


def paint_scene(masks: int, width: int = 640, height: int = 480) -> Inputs:
    """Paint ``masks`` boxes and discs on a grid, in alternating colours, on a noisy table.

    Deterministic. Raises InputError if the image is too small for the number of objects.
    """
    rng = np.random.default_rng(6)
    columns = ceil((masks * width / height) ** 0.5)
    rows = ceil(masks / columns)
    side = min(width / columns, height / rows)
    if masks < 1 or side < 6:
        raise InputError(f"{masks} objects do not fit a picture of {width}x{height} pixels")
    smooth = cv2.resize(rng.integers(90, 150, (6, 8, 3), dtype=np.uint8), (width, height))
    image = smooth.astype(np.int16)
    found = np.zeros((masks, height, width), bool)
    colours = list(COLOURS.values())
    for index in range(masks):
        row, column = divmod(index, columns)
        x, y = (column + 0.5) * width / columns, (row + 0.5) * height / rows
        found[index] = _object_mask(index, (x, y), side * rng.uniform(0.3, 0.45), (height, width))
        image[found[index]] = colours[index % len(colours)]
    image += rng.integers(-6, 7, image.shape, dtype=np.int16)
    rgb: ByteArray = image.clip(0, 255).astype(np.uint8)
    header = SimpleNamespace(stamp=SimpleNamespace(sec=0, nanosec=0), frame_id="camera")
    return Inputs(to_image_data(rgb, "rgb8", header), found)


def sentences(number: int) -> list[str]:
    """Return ``number`` different sentences, each with an object and a relation."""
    named = [f"the {colour} {noun}" for noun, colour in product(NOUNS, COLOURS)]
    texts = (
        f"{named[index % len(named)]} {RELATIONS[index % len(RELATIONS)]} "
        f"{named[(7 * index + 3 + index // len(named)) % len(named)]}"
        for index in count()
    )
    return list(islice(dict.fromkeys(islice(texts, 4 * number + 100)), number))


def _object_mask(
    index: int, centre: tuple[float, float], radius: float, size: tuple[int, int]
) -> BoolArray:
    mask = np.zeros(size, np.uint8)
    x, y = centre
    if index % 2:
        cv2.circle(mask, (round(x), round(y)), max(1, round(radius)), 1, -1)
    else:
        low = (round(x - radius), round(y - 0.7 * radius))
        cv2.rectangle(mask, low, (round(x + radius), round(y + 0.7 * radius)), 1, -1)
    return mask.astype(bool)
