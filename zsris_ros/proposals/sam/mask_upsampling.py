"""Segment Anything's masks from the decoder's size to the image's, only where they are.

segment_anything enlarges every mask to the network's square, cuts the padding off and resizes what
is left to the image: two bilinear_weights maps, which are one matrix for the rows and one for the columns.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from zsris_ros.proposals.sam.sam_network import Sam
from zsris_ros.torch_utils.batching import items_at_once
from zsris_ros.torch_utils.resizing import ResizeAxis, bilinear_weights, resize_part


class UpsampledMasks(NamedTuple):
    """Logits nxhxw in a window of the image, and the window's first row and column."""

    logits: Tensor
    top: int
    left: int


class MaskUpsampler:
    """Enlarges masks of one picture: ``input_size`` (H, W) is what it has of the network's square,
    ``size`` (H, W) are its pixels. ``at_once`` masks should be enlarged together.
    """

    def __init__(self, sam: Sam, input_size: tuple[int, int], size: tuple[int, int]) -> None:
        device = sam.pixel_mean.device
        square = sam.image_encoder.img_size
        small = [4 * length for length in sam.prompt_encoder.image_embedding_size]
        self._rows, self._columns = (
            ResizeAxis(
                bilinear_weights(shown, pixels) @ bilinear_weights(low, square)[:shown], device
            )
            for low, shown, pixels in zip(small, input_size, size, strict=True)
        )
        self.at_once = items_at_once(2 * size[0] * size[1], device)

    def __call__(self, logits: Tensor, least: float) -> UpsampledMasks:
        """Nxhxw at the decoder's size, to a window outside which none is above ``least``."""
        down, across = (
            axis.span(*_span(logits.amax(others) > least))
            for axis, others in ((self._rows, (0, 2)), (self._columns, (0, 1)))
        )
        part = logits[:, down.read, across.read]
        enlarged = resize_part(part, self._rows, self._columns, down, across)
        return UpsampledMasks(enlarged, down.out.start, across.out.start)


def _span(above: Tensor) -> tuple[int, int]:
    """The first place that is true, and that behind the last; at least one place."""
    places = above.nonzero()
    return (int(places[0]), int(places[-1]) + 1) if len(places) else (0, 1)
