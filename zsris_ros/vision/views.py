"""The local and global view of every mask, and the mask on the transformer's grid (HybridGL, B.2).

The *local* view fills the outside of the mask with one colour. The *global* view blurs the outside.
Both are resized to the model's square.
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
    """Settings of the hybrid encoder. HybridGL tuned them for ViT-B/16; defaults are the robot's.

    ``start_block``: first block of fusion, 0-based. ``fusion_weight``: alpha of Eq. 1. ``mode``:
    direction of the fusion (see ``hybrid``). ``fill``: colour outside the mask in the local view,
    in normalised units. ``mean``, ``std``: pixel statistics for pixels in 0..1. ``blur_kernel``
    (odd, pixels) and ``blur_sigma`` (pixels) of the global view's background.

    ``mask_antialias``, ``image_antialias``: average the area of a coarser pixel instead of sampling
    it. ``full_cell``: scale a mask's grid to a maximum of 1, which preserves objects smaller than a
    cell. ``window``: None resizes the whole frame (the paper); a number crops a square of that many
    times the longer side of the mask's box, at least ``window_min_px`` wide. ``window_scales``:
    factors of the window; the feature is the mean of one unit feature each (residual networks).
    ``batch_size``: masks at a time. ``depth``: number of blocks to use (None: all). ``halo``:
    compute only the tokens in a mask and this many rings of cells around it (see
    ``background_tokens``; None: all).
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
    window_scales: tuple[float, ...] = (1.0,)
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
        object.__setattr__(self, "window_scales", tuple(float(each) for each in self.window_scales))
        if not self.window_scales or min(self.window_scales) <= 0:
            raise InputError(f"window_scales must be positive numbers, got {self.window_scales}")
        if self.window is None and self.window_scales != (1.0,):
            raise InputError("window_scales multiply the window: set window, or leave them out")
        if self.halo is not None and self.halo < 0:
            raise InputError(f"halo must be a number of cells or None, got {self.halo}")

    @classmethod
    def reference(cls, **changes: Any) -> HybridSettings:
        """Return the published settings: no antialiasing, and small masks may vanish."""
        published = {"mask_antialias": False, "image_antialias": False, "full_cell": False}
        return cls(**{**published, **changes})


class CropBox(NamedTuple):
    """A rectangle of the frame in pixels, possibly beyond the frame's edges."""

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
    """Raise InputError unless ``masks`` are bool NxHxW of the image's size."""
    if masks.dtype != np.bool_ or masks.ndim != 3 or masks.shape[1:] != rgb.shape[:2]:
        raise InputError(
            f"masks must be bool NxHxW of the image's size {rgb.shape[:2]}, "
            f"got {masks.dtype} {masks.shape}"
        )


def blur(rgb: ByteArray, kernel: int, sigma: float) -> ByteArray:
    """Blur uint8 HxWx3 by a Gaussian; borders reflect without repeating the edge pixel."""
    blurred = cv2.GaussianBlur(rgb, (kernel, kernel), sigma, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(blurred, dtype=np.uint8)


def square_crop(mask: BoolArray, scale: float, min_side: int) -> CropBox:
    """Return a square around a bool HxW mask, ``scale`` times the longer side of its box.

    The square is moved inside the frame where it fits, and centred on the frame along an axis where
    it does not. The square of an empty mask contains the whole frame.
    """
    height, width = mask.shape
    roi = bounding_region(mask)
    if roi is None:
        side = max(height, width)
        return CropBox((width - side) // 2, (height - side) // 2, side, side)
    rows, columns = roi
    longer = max(columns.stop - columns.start, rows.stop - rows.start)
    side = min(max(round(scale * longer), min_side, 1), max(height, width))

    def place(span: slice, limit: int) -> int:
        if side >= limit:
            return (limit - side) // 2
        return int(np.clip((span.start + span.stop - side) // 2, 0, limit - side))

    return CropBox(place(columns, width), place(rows, height), side, side)


def crop(image: Tensor, box: CropBox | None) -> Tensor:
    """Crop ...xHxW; edge pixels repeat beyond the frame. None returns the whole image."""
    if box is None:
        return image
    height, width = image.shape[-2:]
    right, bottom = box.x + box.width, box.y + box.height
    if min(box.x, box.y) >= 0 and right <= width and bottom <= height:
        return image[..., box.y : bottom, box.x : right]
    x = torch.arange(box.x, right, device=image.device)
    y = torch.arange(box.y, bottom, device=image.device)
    return image[..., y.clamp(0, height - 1)[:, None], x.clamp(0, width - 1)[None, :]]


def crop_mask(mask: Tensor, box: CropBox | None) -> Tensor:
    """Crop a bool HxW mask; False beyond the frame."""
    if box is None:
        return mask
    height, width = mask.shape
    cropped = crop(mask, box)
    if box.y < 0 or box.x < 0 or box.y + box.height > height:
        inside = torch.zeros_like(cropped)
        rows = slice(max(0, -box.y), max(0, -box.y) + height)
        columns = slice(max(0, -box.x), max(0, -box.x) + width)
        inside[rows, columns] = True
        cropped = cropped & inside
    return cropped


def resize(images: Tensor, size: int, antialias: bool) -> Tensor:
    """Resize NxCxHxW to NxCxSxS, bilinear with half-pixel centres."""
    return F.interpolate(images, (size, size), mode="bilinear", antialias=antialias)


def normalise(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Subtract ``mean`` from pixels in 0..1, Nx3xHxW, and divide by ``std``."""
    average = torch.as_tensor(mean, dtype=images.dtype, device=images.device).view(1, 3, 1, 1)
    deviation = torch.as_tensor(std, dtype=images.dtype, device=images.device).view(1, 3, 1, 1)
    return (images - average) / deviation


def mask_grid(masks: Tensor, grid: int, antialias: bool, full_cell: bool) -> Tensor:
    """Return the coverage of each cell, float NxGxG in [0, 1], by masks bool NxHxW.

    Without antialiasing an object between the sample points vanishes. With ``full_cell`` the
    maximum of every non-empty mask is 1, so that a mask of one pixel keeps a cell.
    """
    grids = resize(masks[:, None].float(), grid, antialias)[:, 0].clamp(0, 1)
    if not full_cell:
        return grids
    fullest = grids.amax(dim=(1, 2), keepdim=True)
    return torch.where(fullest > 0, grids / fullest.clamp_min(1e-12), grids)


class ViewMaker:
    """Makes the views of one frame's masks.

    ``rgb`` is uint8 HxWx3, ``masks`` bool NxHxW; ``size`` pixels and ``grid`` cells are the
    model's. The frame is blurred once and masks are uploaded once. Mask geometry is read on the
    host, without synchronisation with ``device``.
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
        self._host_masks = masks
        self._masks = torch.from_numpy(np.ascontiguousarray(masks)).to(device)
        self._sharp = self._upload(rgb)
        self._blurred = self._upload(blur(rgb, settings.blur_kernel, settings.blur_sigma))
        self._fill = torch.tensor(settings.fill, device=device).view(3, 1, 1)
        if settings.window is None:
            self._rows, self._columns = (
                ResizeAxis(bilinear_weights(length, size, settings.image_antialias), device)
                for length in rgb.shape[:2]
            )
            self._spans = [self._spans_of(mask) for mask in masks]
            background = resize(self._blurred[None], size, settings.image_antialias)
            self._background = torch.cat([self._fill.expand_as(background[0])[None], background])

    def __call__(self, indices: Sequence[int], scale: float = 1.0) -> Views:
        """Return the views of the masks at ``indices``; ``scale`` multiplies the window."""
        if self.settings.window is None:
            views = [self._resized_view(index) for index in indices]
        else:
            window = self.settings.window * scale
            views = [self._cropped_view(index, window) for index in indices]
        images, grids = zip(*views, strict=True)
        both = torch.stack(images)
        return Views(both[:, 0], both[:, 1], torch.cat(grids))

    def touched_cells(self) -> Tensor:
        """Return the cells that each mask touches, or that are beside one, bool NxGxG.

        Outside them, on whole frames, grids are 0 and views equal those of ``empty``.
        """
        parts = self._masks.split(items_at_once(self._masks[0].numel(), self.device))
        return torch.cat([mask_grid(masks, self.grid, True, False) for masks in parts]) != 0

    def empty(self) -> Views:
        """Return the views of one empty mask on the whole frame."""
        grid = torch.zeros(1, self.grid, self.grid, device=self.device)
        return Views(self._background[:1], self._background[1:], grid)

    def changed_cells(self, indices: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return the cells of whole frames where views may differ from those of ``empty``.

        Returns int64 M twice: the mask, counted within ``indices``, and the cell, by row.
        """
        side = self.size // self.grid
        changed = np.zeros((len(indices), self.grid, self.grid), bool)
        for cells, index in zip(changed, indices, strict=True):
            if (spans := self._spans[index]) is not None:
                rows, columns = (
                    slice(span.out.start // side, -(-span.out.stop // side)) for span in spans
                )
                cells[rows, columns] = True
        found = np.stack(changed.reshape(len(indices), -1).nonzero())
        mask, cell = torch.from_numpy(found).to(self.device)
        return mask, cell

    def _spans_of(self, mask: BoolArray) -> tuple[AxisSpan, AxisSpan] | None:
        """Rows and columns of a mask's views that its box affects; None without a box."""
        roi = bounding_region(mask)
        if roi is None:
            return None
        rows, columns = roi
        down = self._rows.span(rows.start, rows.stop)
        return down, self._columns.span(columns.start, columns.stop)

    def _resized_view(self, index: int) -> tuple[Tensor, Tensor]:
        """Local and global image (2x3xSxS, normalised) and grid of one mask on the whole frame."""
        images, mask = self._background.clone(), self._masks[index]
        if (spans := self._spans[index]) is not None:
            down, across = spans
            read = (..., down.read, across.read)
            part = self._compose(mask[read], self._sharp[read], self._blurred[read])
            images[..., down.out, across.out] = resize_part(
                part, self._rows, self._columns, down, across
            )
        return images, self._grid_of(mask)

    def _cropped_view(self, index: int, window: float) -> tuple[Tensor, Tensor]:
        """Local and global image and grid of one mask's square."""
        options = self.settings
        box = square_crop(self._host_masks[index], window, options.window_min_px)
        mask = crop_mask(self._masks[index], box)
        composed = self._compose(mask, crop(self._sharp, box), crop(self._blurred, box))
        return resize(composed, self.size, options.image_antialias), self._grid_of(mask)

    def _compose(self, mask: Tensor, sharp: Tensor, blurred: Tensor) -> Tensor:
        """Local and global image, 2x3xHxW, of bool HxW and 3xHxW twice."""
        return torch.stack(
            [torch.where(mask, sharp, self._fill), torch.where(mask, sharp, blurred)]
        )

    def _grid_of(self, mask: Tensor) -> Tensor:
        options = self.settings
        return mask_grid(mask[None], self.grid, options.mask_antialias, options.full_cell)

    def _upload(self, rgb: ByteArray) -> Tensor:
        """uint8 HxWx3 to float 3xHxW on the device, normalised."""
        pixels = torch.from_numpy(np.ascontiguousarray(rgb)).to(self.device).permute(2, 0, 1)
        return normalise(pixels[None].float() / 255, self.settings.mean, self.settings.std)[0]
