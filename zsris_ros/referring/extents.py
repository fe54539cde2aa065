"""Where each thing of a scene can be touched, how it stands and how large it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from zsris_ros.geometry.centroid import depth_share, inside_pixel
from zsris_ros.geometry.oriented_box import CAMERA_UP, UprightBox, upright_box
from zsris_ros.referring.object_heights import find_up
from zsris_ros.types import Pixel, Point, Scene


@dataclass(frozen=True, eq=False)
class Extent:
    """One thing: its innermost pixel, the share of its mask with valid depth, its upright box.

    ``box`` is in the optical frame; None without depth, intrinsics or valid depth under the mask.
    """

    inside_pixel: Pixel
    valid_depth: float
    box: UprightBox | None


class Extents:
    """The extents of ``scene``'s proposals, measured when they are asked for and then kept."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._known: dict[int, Extent] = {}

    @cached_property
    def up(self) -> Point | None:
        """The z axis of the boxes where depth shows a support plane; else it is CAMERA_UP."""
        return find_up(self._scene.frame)

    def __getitem__(self, index: int) -> Extent:
        """The extent of the proposal ``index``; raises InputError when its mask is empty."""
        if index not in self._known:
            self._known[index] = self._measure(index)
        return self._known[index]

    def _measure(self, index: int) -> Extent:
        frame, mask = self._scene.frame, self._scene.proposals.masks[index]
        if frame.depth is None or frame.intrinsics is None:
            return Extent(inside_pixel(mask), 0.0, None)
        box = upright_box(mask, frame.depth, frame.intrinsics, self.up or CAMERA_UP)
        return Extent(inside_pixel(mask), depth_share(mask, frame.depth), box)
