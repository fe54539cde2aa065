"""Encoding of frames: proposals, features and geometry, independent of any expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import numpy as np
from torch import Tensor

from zsris_ros.geometry.centroid import centroid_3d, centroid_pixel
from zsris_ros.proposals import Proposer
from zsris_ros.proposals.mask_nms import merge_proposals
from zsris_ros.proposals.region_of_interest import propose_in_region
from zsris_ros.referring.objects.object_filter import find_objects
from zsris_ros.referring.objects.object_geometry import heights_above_support
from zsris_ros.tracing.stages import timed
from zsris_ros.types import FloatArray, Frame, Proposals, RegionOfInterest, Scene
from zsris_ros.vision.protocols import FeatureEncoder, Localiser


class FrameEncoder(Protocol):
    """Encodes frames; ``SceneEncoder`` does so by proposals and their features."""

    def propose(self, frame: Frame, roi: RegionOfInterest | None = None) -> Proposals:
        """Return the proposals of a frame; none by a method without proposals."""
        ...

    def look(self, frame: Frame, proposals: Proposals | None = None) -> Scene:
        """Return the scene of a frame."""
        ...

    def look_for_tracking(self, frame: Frame, roi: RegionOfInterest | None = None) -> Scene:
        """Return the scene of a frame or region for tracking alone."""
        ...


class SceneEncoder:
    """Encodes frames with fixed models.

    Args:
        proposers: The mask proposers; those that do not accept a frame are skipped.
        encoder: Encodes the masks.
        localiser: Encodes patches for the coherence map; None for methods without a map.
        proposer_weights: Factors on the quality of each proposer's masks, by its name.
        merge_single: Whether near-duplicates of a single proposer are removed as well. The
            published methods keep them.
    """

    def __init__(
        self,
        proposers: Sequence[Proposer],
        encoder: FeatureEncoder,
        localiser: Localiser | None,
        proposer_weights: Mapping[str, float] = MappingProxyType({}),
        *,
        merge_single: bool = True,
    ) -> None:
        self._proposers, self._encoder, self._localiser = proposers, encoder, localiser
        self._proposer_weights, self._merge_single = proposer_weights, merge_single

    def propose(self, frame: Frame, roi: RegionOfInterest | None = None) -> Proposals:
        """Return the merged proposals of a frame, or of a region of interest in it."""
        usable = [proposer for proposer in self._proposers if proposer.accepts(frame)]
        if len(usable) == 1 and not self._merge_single:
            return usable[0].propose(frame)
        proposals = [
            proposer.propose(frame) if roi is None else propose_in_region(proposer, frame, roi)
            for proposer in usable
        ]
        return merge_proposals(*proposals, weights=self._proposer_weights)

    def look(self, frame: Frame, proposals: Proposals | None = None) -> Scene:
        """Return the scene of a frame: the slow stage, run once a frame.

        Args:
            frame: The image, with depth if available.
            proposals: Replace those of the proposers.
        """
        timings: dict[str, float] = {}
        if proposals is None:
            with timed(timings, "proposals"):
                proposals = self.propose(frame)
        features = self._encode(frame, proposals, timings)
        patches = None
        if self._localiser is not None:
            with timed(timings, "localisation"):
                patches = self._localiser.patches(frame.rgb).cpu()
        with timed(timings, "geometry"):
            pixels, points = _centroids(frame, proposals)
            _ = proposals.containment, proposals.coverage  # every answer needs these caches
            objects = find_objects(frame, proposals)
            heights = heights_above_support(frame, proposals)
        return Scene(frame, proposals, features, pixels, points, patches, objects, heights, timings)

    def look_for_tracking(self, frame: Frame, roi: RegionOfInterest | None = None) -> Scene:
        """Return the scene of a frame or region without patches and heights.

        Expressions cannot be resolved in it.
        """
        timings: dict[str, float] = {}
        with timed(timings, "proposals"):
            proposals = self.propose(frame, roi)
        features = self._encode(frame, proposals, timings)
        with timed(timings, "geometry"):
            pixels, points = _centroids(frame, proposals)
            objects = find_objects(frame, proposals)
        return Scene(frame, proposals, features, pixels, points, is_object=objects, timings=timings)

    def _encode(self, frame: Frame, proposals: Proposals, timings: dict[str, float]) -> Tensor:
        with timed(timings, "features"):
            return self._encoder.encode(frame.rgb, proposals.masks).cpu()


def _centroids(frame: Frame, proposals: Proposals) -> tuple[FloatArray, FloatArray]:
    """Return a point inside each mask, Nx2 pixels, and its 3D centroid, Nx3 metres or NaN."""
    pixels = np.array([centroid_pixel(m) for m in proposals.masks], np.float32).reshape(-1, 2)
    points = np.full((len(proposals), 3), np.nan, np.float32)
    if frame.depth is not None and frame.intrinsics is not None:
        for index, mask in enumerate(proposals.masks):
            point = centroid_3d(mask, frame.depth, frame.intrinsics)
            if point is not None:
                points[index] = point
    return pixels, points
