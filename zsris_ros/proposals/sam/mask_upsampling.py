"""Upsampling of Segment Anything's masks to the image's size, only inside their boxes.

segment_anything resizes every mask to the network's square, removes the padding and resizes the
rest to the image. The two bilinear maps are one matrix for the rows and one for the columns.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from zsris_ros.proposals.sam.sam_network import Sam
from zsris_ros.torch_utils.batching import items_at_once
from zsris_ros.torch_utils.resizing import ResizeAxis, bilinear_weights, resize_part


class UpsampledMasks(NamedTuple):
    """Logits nxhxw in a region of the image, and the region's first row and column."""

    logits: Tensor
    top: int
    left: int


class MaskUpsampler:
    """Upsamples the masks of one image.

    ``input_size`` (H, W) is the image's part of the network's square, ``size`` (H, W) its size in
    pixels. ``at_once`` is the recommended number of masks in a call.
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
        """Upsample logits nxhxw of the decoder to a region outside which none exceeds ``least``."""
        down, across = (
            axis.span(*_span(logits.amax(others) > least))
            for axis, others in ((self._rows, (0, 2)), (self._columns, (0, 1)))
        )
        part = logits[:, down.read, across.read]
        upsampled = resize_part(part, self._rows, self._columns, down, across)
        return UpsampledMasks(upsampled, down.out.start, across.out.start)


def _span(above: Tensor) -> tuple[int, int]:
    """Return the first true index and the end of the last one; (0, 1) without any."""
    indices = above.nonzero()
    return (int(indices[0]), int(indices[-1]) + 1) if len(indices) else (0, 1)
