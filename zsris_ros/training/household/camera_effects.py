"""Variations of batches of small pictures as cameras cause them, on any device.

The parameters of a batch are drawn by NumPy, one set for each picture; the pixels are changed where
they are, so that a GPU needs no pictures from the host.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

Range = tuple[float, float]

UNDERSAMPLED, BLURRED, COMPRESSED = 0.25, 0.25, 0.25
"""Shares of the pictures with fewer pixels, with an unsharp lens, and stored as JPEG."""
SIZES: Range = (0.3, 0.8)
"""Sides of undersampled pictures, as a share."""
BLUR_SIGMA: Range = (0.4, 1.3)
"""Pixels."""
JPEG_QUALITY: Range = (35, 90)
CONTRAST: Range = (0.75, 1.25)
EXPOSURE: Range = (0.65, 1.4)
WHITE_BALANCE: Range = (0.9, 1.1)
SATURATION: Range = (0.6, 1.2)
"""Of each colour, as a share of its distance from grey."""
VEIL: Range = (0.0, 0.1)
"""Stray light in the lens: the share of white that is mixed into everything."""
GAMMA: Range = (0.8, 1.25)
NOISE, STRONG_NOISE, STRONG_SHARE = (0.0, 0.02), (0.02, 0.05), 0.3
"""Standard deviations of usual and of strong noise, and the share of the latter."""

_BLUR_REACH = 4
_LUMINANCE = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
_CHROMINANCE = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99, *[99] * 32,
)  # fmt: skip
_TO_YCBCR = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


def degrade(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Vary pictures as real cameras do; all views of one picture equally, except for noise.

    Exposure, contrast, gamma, white balance, saturation and stray light always change a little;
    some pictures are undersampled, blurred, compressed by JPEG or noisy.

    Args:
        images: Float32 BxVx3xSxS in 0..1, V views of each of B pictures; S a multiple of 16.
        rng: Source of the parameters.

    Returns:
        Float32 of the same shape in 0..1.
    """
    count = len(images)

    def draw(low_high: Range, *shape: int) -> Tensor:
        values = rng.uniform(*low_high, (count, *(shape or (1,))))
        return _on(images, values).view(count, 1, -1, 1, 1)

    images = _changed(images, rng.random(count) < UNDERSAMPLED, lambda part: _resample(part, rng))
    sigma, blurred = rng.uniform(*BLUR_SIGMA, count), rng.random(count) < BLURRED
    images = _changed(images, blurred, lambda part: blur(part, sigma[blurred]))
    quality, packed = rng.uniform(*JPEG_QUALITY, count), rng.random(count) < COMPRESSED
    images = _changed(images, packed, lambda part: jpeg(part, quality[packed]))
    images = (images - 0.5) * draw(CONTRAST) + 0.5
    images = (images * draw(EXPOSURE) * draw(WHITE_BALANCE, 3)).clamp(0, 1) ** draw(GAMMA)
    weights = _on(images, np.array(_TO_YCBCR[0])).view(1, 1, 3, 1, 1)
    grey, veil = (images * weights).sum(2, keepdim=True), draw(VEIL)
    images = (grey + (images - grey) * draw(SATURATION)) * (1 - veil) + veil
    strong = rng.random((count, 1)) < STRONG_SHARE
    deviation = np.where(
        strong, rng.uniform(*STRONG_NOISE, (count, 1)), rng.uniform(*NOISE, (count, 1))
    )
    noise = torch.randn(images.shape, device=images.device, generator=_generator(images, rng))
    return (images + noise * _on(images, deviation).view(count, 1, 1, 1, 1)).clamp(0, 1)


def blur(images: Tensor, sigma: npt.NDArray[np.float64]) -> Tensor:
    """Blur float BxVx3xSxS by a Gaussian of each picture's ``sigma`` (pixels, B)."""
    count, side = len(images), images.shape[-1]
    places = np.arange(-_BLUR_REACH, _BLUR_REACH + 1)
    heights = np.exp(-0.5 * (places / sigma[:, None]) ** 2)
    kernels = _on(images, heights / heights.sum(1, keepdims=True))
    channels = images.shape[1] * images.shape[2]
    weight = kernels.repeat_interleave(channels, 0)[:, None, None]
    rows = F.pad(images.reshape(1, -1, side, side), (_BLUR_REACH,) * 4, mode="reflect")
    groups = count * channels
    rows = F.conv2d(F.conv2d(rows, weight, groups=groups), weight.mT, groups=groups)
    return rows.view_as(images)


def jpeg(images: Tensor, quality: npt.NDArray[np.float64]) -> Tensor:
    """Quantise float BxVx3xSxS in 0..1 as JPEG does at a ``quality`` of 1 to 100 (B).

    With the tables of the standard's annex K, scaled as libjpeg does, and colours at half the
    resolution; S is a multiple of 16.
    """
    views, side = images.shape[1], images.shape[-1]
    scale = np.where(quality < 50, 5000 / quality, 200 - 2 * quality) / 100
    to_ycbcr = _on(images, np.array(_TO_YCBCR))
    pixels = torch.einsum("ij,bvjhw->bvihw", to_ycbcr, images * 255)
    light = pixels[:, :, :1] - 128
    colours = F.avg_pool2d(pixels[:, :, 1:].flatten(0, 1), 2)
    steps = [
        np.clip(np.round(np.reshape(table, (1, 8, 8)) * scale[:, None, None]), 1, 255)
        for table in (_LUMINANCE, _CHROMINANCE)
    ]
    light = _quantise(light.flatten(0, 1), np.repeat(steps[0], views, 0))
    colours = _quantise(colours, np.repeat(steps[1], views, 0))
    colours = F.interpolate(colours, (side, side), mode="bilinear")
    packed = torch.cat([light + 128, colours], 1).view(images.shape)
    back = torch.einsum("ij,bvjhw->bvihw", torch.linalg.inv(to_ycbcr), packed)
    return (back / 255).clamp(0, 1)


def _quantise(planes: Tensor, steps: npt.NDArray[np.float64]) -> Tensor:
    """Round the cosine transform of each 8x8 block of NxCxSxS to multiples of ``steps`` Nx8x8."""
    count, channels, side = planes.shape[:3]
    waves = _on(planes, _cosines())
    blocks = planes.view(count, channels, side // 8, 8, side // 8, 8).transpose(3, 4)
    table = _on(planes, steps)[:, None, None, None]
    rounded = ((waves @ blocks @ waves.T) / table).round() * table
    return (waves.T @ rounded @ waves).transpose(3, 4).reshape(planes.shape)


def _cosines() -> npt.NDArray[np.float64]:
    """Return the orthonormal cosine transform of length 8, 8x8."""
    place, order = np.arange(8), np.arange(8)[:, None]
    waves = np.cos((2 * place + 1) * order * np.pi / 16) / 2
    waves[0] /= np.sqrt(2)
    return waves


def _resample(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Make pictures smaller and larger again, a few of the batch by the same factor."""
    side = images.shape[-1]
    parts = []
    for part in images.split(max(1, -(-len(images) // 4))):
        small = max(16, int(side * rng.uniform(*SIZES)))
        flat = F.interpolate(part.flatten(0, 1), (small, small), mode="bilinear", antialias=True)
        parts.append(F.interpolate(flat, (side, side), mode="bilinear").view_as(part))
    return torch.cat(parts)


def _changed(
    images: Tensor, chosen: npt.NDArray[np.bool_], change: Callable[[Tensor], Tensor]
) -> Tensor:
    """Return the pictures with the chosen ones changed."""
    if not chosen.any():
        return images
    rows = torch.from_numpy(np.flatnonzero(chosen)).to(images.device)
    return images.index_copy(0, rows, change(images[rows]))


def _on(like: Tensor, values: npt.NDArray[np.float64]) -> Tensor:
    return torch.as_tensor(values, dtype=like.dtype).to(like.device)


def _generator(like: Tensor, rng: np.random.Generator) -> torch.Generator:
    return torch.Generator(like.device).manual_seed(int(rng.integers(2**31)))
