"""The two pictures of every mask, and the mask on the transformer's grid (HybridGL, section B.2).

The *local* picture keeps what is inside the mask and fills the rest with one colour. The *global*
picture keeps what is inside sharp and blurs the rest. Both are squashed to the model's square.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.geometry.masks import bounding_region
from zsris_ros.torch_utils.batching import items_at_once
from zsris_ros.torch_utils.resizing import AxisSpan, ResizeAxis, bilinear_weights, resize_part
from zsris_ros.types import BoolArray, ByteArray, InputError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)

Colour = tuple[float, float, float]
Mode = Literal["G2L", "L2G", "both", "local", "global", "sum", "token-masking", "attention-masking"]


@dataclass(frozen=True)
class HybridSettings:
    """What HybridGL's authors tuned for ViT-B/16, as data. The defaults are the robot's variant.

    ``start_block``: first block of fusion, 0-based. ``fusion_weight``: alpha of Eq. 1. ``mode``:
    which stream is added to which (see ``hybrid``). ``fill``: colour outside the mask in the local
    picture, in normalised units. ``mean``, ``std``: pixel statistics for pixels in 0..1.
    ``blur_kernel`` (odd, pixels) and ``blur_sigma`` (pixels) of the global picture's surround.

    ``mask_antialias``, ``image_antialias``: average over what a coarser pixel covers instead of
    sampling it. ``full_cell``: scale a mask's grid so that its fullest cell is 1, which keeps
    objects smaller than a cell. ``window``: None squashes the whole frame (the paper); a number
    takes a square window of that many times the longer side of the mask's box, at least
    ``window_min_px`` wide, for both pictures and the grid. ``batch_size``: masks at a time.
    ``depth``: use only that many blocks (None: all). ``halo``: compute only the tokens in a mask
    and so many rings of cells around it, and share the others (see ``surround``; None: all).
    """

    start_block: int = 9
    fusion_weight: float = 2.0
    mode: Mode = "G2L"
    fill: Colour = CLIP_MEAN
    mean: Colour = IMAGENET_MEAN
    std: Colour = IMAGENET_STD
    blur_kernel: int = 15
    blur_sigma: float = 2.6
    mask_antialias: bool = True
    image_antialias: bool = True
    full_cell: bool = True
    window: float | None = None
    window_min_px: int = 32
    batch_size: int = 16
    depth: int | None = None
    halo: int | None = None

    def __post_init__(self) -> None:
        for name in ("fill", "mean", "std"):
            object.__setattr__(self, name, tuple(float(value) for value in getattr(self, name)))
            if len(getattr(self, name)) != 3:
                raise InputError(f"{name} must be three numbers, red, green and blue")
        if self.blur_kernel < 1 or self.blur_kernel % 2 == 0:
            raise InputError(f"blur_kernel must be an odd number of pixels, got {self.blur_kernel}")
        if self.batch_size < 1:
            raise InputError(f"batch_size must be at least 1, got {self.batch_size}")
        if self.window is not None and not self.window > 0:
            raise InputError(f"window must be a positive number or None, got {self.window}")
        if self.halo is not None and self.halo < 0:
            raise InputError(f"halo must be a number of cells or None, got {self.halo}")

    @classmethod
    def reference(cls, **changes: Any) -> HybridSettings:
        """As published: pixels sampled without antialiasing, small masks left to vanish."""
        published = {"mask_antialias": False, "image_antialias": False, "full_cell": False}
        return cls(**{**published, **changes})


class CropBox(NamedTuple):
    """A rectangle of the frame in pixels; it may reach beyond the frame's edges."""

    x: int
    y: int
    width: int
    height: int


class Views(NamedTuple):
    """``local`` and ``global_`` float Nx3xSxS, normalised; ``grids`` float NxGxG in [0, 1]."""

    local: Tensor
    global_: Tensor
    grids: Tensor


def check_masks(rgb: ByteArray, masks: BoolArray) -> None:
    """Raise InputError unless ``masks`` are bool NxHxW of the picture's size."""
    if masks.dtype != np.bool_ or masks.ndim != 3 or masks.shape[1:] != rgb.shape[:2]:
        raise InputError(
            f"masks must be bool NxHxW of the image's size {rgb.shape[:2]}, "
            f"got {masks.dtype} {masks.shape}"
        )


def blur(rgb: ByteArray, kernel: int, sigma: float) -> ByteArray:
    """Gaussian blur of a uint8 HxWx3 picture; borders reflect without repeating the edge pixel."""
    blurred = cv2.GaussianBlur(rgb, (kernel, kernel), sigma, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(blurred, dtype=np.uint8)


def square_crop(mask: BoolArray, scale: float, min_side: int) -> CropBox:
    """Square window around a bool HxW mask: ``scale`` times its box's longer side, in pixels.

    The window moves inside the frame where it fits, and is centred on the frame along an axis
    where it does not. An empty mask gets a window around the whole frame.
    """
    height, width = mask.shape
    box = bounding_region(mask)
    if box is None:
        side = max(height, width)
        return CropBox((width - side) // 2, (height - side) // 2, side, side)
    top, bottom, left, right = box[0].start, box[0].stop, box[1].start, box[1].stop
    longer = max(right - left, bottom - top)
    side = min(max(round(scale * longer), min_side, 1), max(height, width))

    def place(low: int, high: int, limit: int) -> int:
        if side >= limit:
            return (limit - side) // 2
        return int(np.clip((low + high - side) // 2, 0, limit - side))

    return CropBox(place(left, right, width), place(top, bottom, height), side, side)


def crop(picture: Tensor, window: CropBox | None) -> Tensor:
    """Cut a window out of ...xHxW; beyond the frame the edge pixels repeat. None: all of it."""
    if window is None:
        return picture
    height, width = picture.shape[-2:]
    right, bottom = window.x + window.width, window.y + window.height
    if min(window.x, window.y) >= 0 and right <= width and bottom <= height:
        return picture[..., window.y : bottom, window.x : right]
    x = torch.arange(window.x, right, device=picture.device)
    y = torch.arange(window.y, bottom, device=picture.device)
    return picture[..., y.clamp(0, height - 1)[:, None], x.clamp(0, width - 1)[None, :]]


def crop_mask(mask: Tensor, window: CropBox | None) -> Tensor:
    """Cut a window out of a bool HxW mask; beyond the frame it is False."""
    if window is None:
        return mask
    height, width = mask.shape
    cut = crop(mask, window)
    if window.y < 0 or window.x < 0 or window.y + window.height > height:
        inside = torch.zeros_like(cut)
        rows = slice(max(0, -window.y), max(0, -window.y) + height)
        columns = slice(max(0, -window.x), max(0, -window.x) + width)
        inside[rows, columns] = True
        cut = cut & inside
    return cut


def resize(pictures: Tensor, size: int, antialias: bool) -> Tensor:
    """Squash NxCxHxW to NxCxSxS, bilinear_weights with half-pixel centres."""
    return F.interpolate(pictures, (size, size), mode="bilinear", antialias=antialias)


def normalise(pictures: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Pixels in 0..1, Nx3xHxW, to the units of ``mean`` and ``std``."""
    shape = (1, 3, 1, 1)
    average = torch.as_tensor(mean, dtype=pictures.dtype, device=pictures.device).view(shape)
    spread = torch.as_tensor(std, dtype=pictures.dtype, device=pictures.device).view(shape)
    return (pictures - average) / spread


def mask_grid(masks: Tensor, grid: int, antialias: bool, full_cell: bool) -> Tensor:
    """Bool NxHxW masks to float NxGxG weights in [0, 1], the coverage of each cell.

    Without antialiasing an object between the sample points vanishes; with ``full_cell`` the
    fullest cell of every mask is 1, so a mask of one pixel keeps a cell. An empty mask is all zero.
    """
    grids = resize(masks[:, None].float(), grid, antialias)[:, 0].clamp(0, 1)
    if not full_cell:
        return grids
    fullest = grids.amax(dim=(1, 2), keepdim=True)
    return torch.where(fullest > 0, grids / fullest.clamp_min(1e-12), grids)


class ViewMaker:
    """Makes the views of one frame's masks: the frame is blurred once, masks are uploaded once.

    ``rgb`` uint8 HxWx3, ``masks`` bool NxHxW; ``size`` pixels and ``grid`` cells are the model's.
    What is read of a mask on the host is read of the given array: nothing waits for ``device``.
    """

    def __init__(
        self,
        rgb: ByteArray,
        masks: BoolArray,
        settings: HybridSettings,
        size: int,
        grid: int,
        device: torch.device,
    ) -> None:
        self.settings, self.size, self.grid, self.device = settings, size, grid, device
        self._masks = masks
        self._inside = torch.from_numpy(np.ascontiguousarray(masks)).to(device)
        self._sharp = self._picture(rgb)
        self._blurred = self._picture(blur(rgb, settings.blur_kernel, settings.blur_sigma))
        self._fill = torch.tensor(settings.fill, device=device).view(3, 1, 1)
        if settings.window is None:
            height, width = rgb.shape[:2]
            self._rows, self._columns = (
                ResizeAxis(bilinear_weights(length, size, settings.image_antialias), device)
                for length in (height, width)
            )
            self._reached = [self._reached_by(mask) for mask in masks]
            surround = resize(self._blurred[None], size, settings.image_antialias)
            self._outside = torch.cat([self._fill.expand_as(surround[0])[None], surround])

    def __call__(self, which: Sequence[int]) -> Views:
        """The views of the masks at these places."""
        make = self._whole if self.settings.window is None else self._windowed
        pictures, grids = zip(*map(make, which), strict=True)
        both = torch.stack(pictures)
        return Views(both[:, 0], both[:, 1], torch.cat(grids))

    def reach(self) -> Tensor:
        """Which cells of whole frames show something of each mask, or lie beside one that does.

        bool NxGxG; outside, grids are 0 and pictures those of ``empty``.
        """
        some = self._inside.split(items_at_once(self._inside[0].numel(), self.device))
        return torch.cat([mask_grid(masks, self.grid, True, False) for masks in some]) != 0

    def empty(self) -> Views:
        """The views of one mask without a pixel, on the whole frame."""
        grid = torch.zeros(1, self.grid, self.grid, device=self.device)
        return Views(self._outside[:1], self._outside[1:], grid)

    def changed(self, which: Sequence[int]) -> tuple[Tensor, Tensor]:
        """In which cells of whole frames pictures of masks differ from those of ``empty``, or may.

        Returns int64 M twice: the mask, counted within ``which``, and the cell, by row.
        """
        side = self.size // self.grid
        changed = np.zeros((len(which), self.grid, self.grid), bool)
        for cells, mask in zip(changed, which, strict=True):
            if (reached := self._reached[mask]) is not None:
                rows, columns = (
                    slice(one.out.start // side, -(-one.out.stop // side)) for one in reached
                )
                cells[rows, columns] = True
        indices = np.stack(changed.reshape(len(which), -1).nonzero())
        of_mask, places = torch.from_numpy(indices).to(self.device)
        return of_mask, places

    def _reached_by(self, mask: BoolArray) -> tuple[AxisSpan, AxisSpan] | None:
        """Rows and columns of a mask's pictures that its box reaches; None without a box."""
        window = bounding_region(mask)
        if window is None:
            return None
        rows, columns = window
        down = self._rows.span(rows.start, rows.stop)
        return down, self._columns.span(columns.start, columns.stop)

    def _whole(self, which: int) -> tuple[Tensor, Tensor]:
        """The local and the global picture of one mask (2x3xSxS, normalised), and its grid."""
        pictures, inside = self._outside.clone(), self._inside[which]
        if (reached := self._reached[which]) is not None:
            down, across = reached
            read = (..., down.read, across.read)
            part = self._compose(inside[read], self._sharp[read], self._blurred[read])
            pictures[..., down.out, across.out] = resize_part(
                part, self._rows, self._columns, down, across
            )
        return pictures, self._cover(inside)

    def _windowed(self, which: int) -> tuple[Tensor, Tensor]:
        """The same of the mask's square window."""
        options = self.settings
        assert options.window is not None
        window = square_crop(self._masks[which], options.window, options.window_min_px)
        inside = crop_mask(self._inside[which], window)
        composed = self._compose(inside, crop(self._sharp, window), crop(self._blurred, window))
        return resize(composed, self.size, options.image_antialias), self._cover(inside)

    def _compose(self, inside: Tensor, sharp: Tensor, blurred: Tensor) -> Tensor:
        """Bool HxW and twice 3xHxW to the local and the global picture, 2x3xHxW."""
        return torch.stack(
            [torch.where(inside, sharp, self._fill), torch.where(inside, sharp, blurred)]
        )

    def _cover(self, inside: Tensor) -> Tensor:
        options = self.settings
        return mask_grid(inside[None], self.grid, options.mask_antialias, options.full_cell)

    def _picture(self, rgb: ByteArray) -> Tensor:
        """uint8 HxWx3 to float 3xHxW, normalised."""
        pixels = torch.from_numpy(np.ascontiguousarray(rgb)).to(self.device).permute(2, 0, 1)
        return normalise(pixels[None].float() / 255, self.settings.mean, self.settings.std)[0]
