"""The data that flows through one request, from a camera frame to an answer.

Everything here is a frozen dataclass over NumPy arrays; nothing imports torch or ROS. Pixel
coordinates are (x, y) with x to the right and y down, the centre of the top-left pixel at (0, 0).
Metres are in the camera's optical frame (REP-103): x right, y down, z forward.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]
ByteArray = npt.NDArray[np.uint8]

Pixel = tuple[float, float]
"""(x, y) in pixels."""

Point = tuple[float, float, float]
"""(x, y, z) in metres, optical frame."""

Window = tuple[slice, slice]
"""Rows and columns of a frame, with a start and a stop."""


_PIXELS_AT_ONCE = 1 << 14  # of every mask; more would wait for main memory


class InputError(ValueError):
    """A frame, mask or expression that cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Intrinsics:
    """Pinhole camera: focal lengths and principal point in pixels (``K`` of CameraInfo)."""

    fx: float
    fy: float
    cx: float
    cy: float

    def __post_init__(self) -> None:
        values = (self.fx, self.fy, self.cx, self.cy)
        if not all(np.isfinite(values)) or self.fx <= 0 or self.fy <= 0:
            raise InputError(
                f"camera intrinsics fx, fy, cx, cy = {values} are not a calibrated camera: "
                "fx and fy must be positive and all four finite"
            )


@dataclass(frozen=True, eq=False)
class Frame:
    """One camera picture, with depth where there is a depth camera.

    ``rgb`` is uint8 HxWx3. ``depth`` is float32 HxW in metres, registered to ``rgb``; a value that
    is not finite or not positive means "no measurement". ``stamp_ns`` and ``frame_id`` are copied
    from the source header and never interpreted here.

    Raises InputError when shapes or dtypes do not fit together.
    """

    rgb: ByteArray
    depth: FloatArray | None = None
    intrinsics: Intrinsics | None = None
    stamp_ns: int = 0
    frame_id: str = ""

    def __post_init__(self) -> None:
        if self.rgb.dtype != np.uint8 or self.rgb.ndim != 3 or self.rgb.shape[2] != 3:
            raise InputError(
                f"an image must be uint8 of shape HxWx3, got {self.rgb.dtype} {self.rgb.shape}"
            )
        if min(self.rgb.shape[:2]) < 1:
            raise InputError(f"the image is empty: {self.rgb.shape[1]}x{self.rgb.shape[0]} pixels")
        if self.depth is None:
            return
        if self.depth.dtype != np.float32 or self.depth.shape != self.rgb.shape[:2]:
            raise InputError(
                f"depth must be float32 metres of the image's size {self.rgb.shape[:2]}, "
                f"got {self.depth.dtype} {self.depth.shape}"
            )

    @property
    def height(self) -> int:
        return int(self.rgb.shape[0])

    @property
    def width(self) -> int:
        return int(self.rgb.shape[1])

    @property
    def has_geometry(self) -> bool:
        """Whether pixels can be turned into metres: both depth and intrinsics are there."""
        return self.depth is not None and self.intrinsics is not None


@dataclass(frozen=True, eq=False)
class Proposals:
    """N class-agnostic masks of one frame, best first.

    ``masks`` bool NxHxW; ``boxes`` float32 Nx4 as (x, y, w, h) in pixels, w = x_max - x_min as
    segment_anything gives them; ``quality`` float32 N in [0, 1], the proposer's own confidence;
    ``sources`` names who proposed each mask ("sam", "depth", or both: "depth+sam").
    """

    masks: BoolArray
    boxes: FloatArray
    quality: FloatArray
    sources: tuple[str, ...]

    def __len__(self) -> int:
        return int(self.masks.shape[0])

    @cached_property
    def areas(self) -> FloatArray:
        """Pixels of each mask, float32 N."""
        return np.array([np.count_nonzero(mask) for mask in self.masks], dtype=np.float32)

    @cached_property
    def sizes(self) -> FloatArray:
        """How big each looks, float32 N in square pixels.

        Between its area and the square of its diagonal: what is long is not small for being thin.
        """
        squares = (self.boxes[:, 2] + 1) ** 2 + (self.boxes[:, 3] + 1) ** 2
        return (self.areas**0.6 * squares**0.4).astype(np.float32)

    @cached_property
    def coarse(self) -> FloatArray:
        """How much of each block of 4x4 pixels a mask covers, float32 Nxhxw in [0, 1].

        Enough for means of smooth maps inside a mask, at a sixteenth of the work.
        """
        height, width = self.masks.shape[1:]
        padded = np.pad(self.masks, ((0, 0), (0, -height % 4), (0, -width % 4))).view(np.uint8)
        # Strides instead of a sum over short axes, which is many times slower.
        rows = sum(padded[:, i::4] for i in range(1, 4)) + padded[:, ::4]
        blocks = sum(rows[..., i::4] for i in range(1, 4)) + rows[..., ::4]
        return blocks.astype(np.float32) / np.float32(16)

    @cached_property
    def shared(self) -> FloatArray:
        """How much of the smaller of two masks lies in the other, float32 NxN in [0, 1]."""
        height, width = self.masks.shape[1:]
        flat = self.masks.reshape(len(self), height * width)
        smaller = np.minimum(self.areas[:, None], self.areas[None, :])
        common = np.zeros((len(self), len(self)), np.float32)
        for start in range(0, flat.shape[1], _PIXELS_AT_ONCE):
            pixels = flat[:, start : start + _PIXELS_AT_ONCE].astype(np.float32)
            common += pixels @ pixels.T
        return (common / np.maximum(smaller, 1)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Scene:
    """A frame that has been looked at: all that does not depend on an expression.

    ``features`` float32 NxD, one un-normalised visual feature a proposal; ``pixels`` float32 Nx2, a
    point (x, y) inside each mask; ``points`` float32 Nx3, its robust 3D centroid in metres, NaN
    where there is no depth; ``patches`` what the localiser keeps of the whole frame (GEM: float32
    (G*G)xD, L2-normalised, on a GxG grid), or None where a method has no localisation map;
    ``things`` bool N, the proposals that are things of their own, and ``heights`` float32 N, how
    high each rises above the support plane in metres, NaN unknown; None where not yet found out.
    Features and patches are on the CPU: what an answer still needs of a GPU are its texts.
    ``timings`` in milliseconds by stage.
    """

    frame: Frame
    proposals: Proposals
    features: Tensor
    pixels: FloatArray
    points: FloatArray
    patches: Tensor | None = None
    things: BoolArray | None = None
    heights: FloatArray | None = None
    timings: Mapping[str, float] = field(default_factory=dict)


Side = Literal[
    "left", "right", "top", "bottom", "near", "far",
    "big", "small", "tall", "short", "wide", "thin",
]  # fmt: skip
Number = Literal["one", "all"] | int


@dataclass(frozen=True)
class Ordinal:
    """ "third from the right": index 3, side "right"; "second biggest": index 2, side "big"."""

    index: int
    side: Side


@dataclass(frozen=True)
class Anchor:
    """A thing the target stands in relation to; it may carry relations of its own.

    The fields mean what they mean in an Expression, and are the anchor's own: in "the cup on the
    second tray from the left" the tray has the ordinal.
    """

    target: str
    head: str
    relations: tuple[Relation, ...] = ()
    attributes: tuple[str, ...] = ()
    number: Number = "one"
    position: tuple[str, ...] = ()
    superlative: str | None = None
    ordinal: Ordinal | None = None
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True)
class Relation:
    """``kind`` (left_of, on, between, ...) between the target and one or more anchors.

    ``certainty`` in [0, 1]: how probable it is that the phrase relates the target to another object
    of the scene. "with a white cap" mostly describes the target, "on the table" mostly names what
    everything stands on.
    """

    kind: str
    anchors: tuple[Anchor, ...]
    certainty: float = 1.0


@dataclass(frozen=True)
class Expression:
    """What was asked, as data. The fields follow the surface form of the text.

    ``target`` is the target noun phrase with determiner and pre-modifiers, ``head`` its last word,
    ``attributes`` its descriptive modifiers in text order. ``position`` is a sorted subset of left,
    right, top, bottom, middle, front, back; ``superlative`` one of left, right, top, bottom, big,
    small, near, far, tall, short, wide, thin. ``excluded`` holds what was negated, ``also`` the
    further things asked for beside the target ("the mug and the bowl"). ``parser`` names the parser
    that filled the fields ("rules" or a spaCy pipeline's name).
    """

    text: str
    target: str
    head: str
    attributes: tuple[str, ...] = ()
    number: Number = "one"
    position: tuple[str, ...] = ()
    superlative: str | None = None
    ordinal: Ordinal | None = None
    relations: tuple[Relation, ...] = ()
    excluded: tuple[str, ...] = ()
    also: tuple[Anchor, ...] = ()
    parser: str = "rules"


class Verdict(Enum):
    """The closed set of answers to "which object is meant?"."""

    FOUND = "FOUND"
    AMBIGUOUS = "AMBIGUOUS"
    NOT_FOUND = "NOT_FOUND"


@dataclass(frozen=True)
class Candidate:
    """One proposal as an answer. ``index`` is its place in the scene's proposals.

    ``score`` is in [0, 1]; ``box`` (x, y, w, h) in pixels; ``centroid_pixel`` lies inside the mask;
    ``centroid`` is the robust 3D centroid in metres, None without valid depth. ``scores`` holds the
    named terms that made the score. ``selected`` says whether the verdict speaks of this one: it is
    (part of) the answer, or, where the answer is AMBIGUOUS, one of those that fit alike.
    """

    index: int
    score: float
    box: tuple[float, float, float, float]
    centroid_pixel: Pixel
    centroid: Point | None = None
    source: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    selected: bool = False


@dataclass(frozen=True, eq=False)
class Referral:
    """The answer to one expression about one scene.

    ``candidates`` are ranked, best first, and empty only when nothing was proposed. ``mask`` bool
    HxW is the union of the selected candidates' masks: one where one was asked for, several where
    several were; where the answer is AMBIGUOUS that of the best, as many as were asked for; all
    False when it is NOT_FOUND. ``message`` is one plain sentence, a question where the answer is
    AMBIGUOUS; ``explanation`` says what was parsed, which anchor was used and which scores decided;
    ``timings`` are milliseconds by stage.
    """

    verdict: Verdict
    expression: Expression
    candidates: tuple[Candidate, ...]
    mask: BoolArray
    message: str
    explanation: str
    timings: Mapping[str, float] = field(default_factory=dict)

    @property
    def best(self) -> Candidate | None:
        return self.candidates[0] if self.candidates else None

    @property
    def selected(self) -> tuple[Candidate, ...]:
        """The candidates that the verdict speaks of."""
        return tuple(candidate for candidate in self.candidates if candidate.selected)
