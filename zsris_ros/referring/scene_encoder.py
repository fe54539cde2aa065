"""From a frame to a scene: proposals, features and geometry, all that no expression changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from zsris_ros.geometry.centroid import centroid_3d, centroid_pixel
from zsris_ros.proposals import Proposer
from zsris_ros.proposals.mask_nms import merge_proposals
from zsris_ros.proposals.region_of_interest import propose_in_region
from zsris_ros.referring.object_filter import find_things
from zsris_ros.referring.object_heights import find_heights
from zsris_ros.tracing.stages import timed
from zsris_ros.types import FloatArray, Frame, Proposals, RegionOfInterest, Scene
from zsris_ros.vision.protocols import FeatureEncoder, Localiser


class SceneEncoder:
    """Looks at frames with fixed models.

    Args:
        proposers: Each gives masks of a frame; those that need depth are left out without it.
        encoder: Encodes the masks.
        localiser: Encodes patches for the coherence map; None for methods without one.
        trust: Factors on the quality of each proposer's masks, by its name.
        join_one: Whether near-duplicates are left out of a single proposer's masks as well. The
            published methods take these as they are.
    """

    def __init__(
        self,
        proposers: Sequence[Proposer],
        encoder: FeatureEncoder,
        localiser: Localiser | None,
        trust: Mapping[str, float] = MappingProxyType({}),
        *,
        join_one: bool = True,
    ) -> None:
        self._proposers, self._encoder, self._localiser = proposers, encoder, localiser
        self._trust, self._join_one = trust, join_one

    def propose(self, frame: Frame, window: RegionOfInterest | None = None) -> Proposals:
        """Return the masks of the frame that ``look`` works on, or those of a window of it."""
        usable = [p for p in self._proposers if frame.has_geometry or not p.needs_depth]
        if len(usable) == 1 and not self._join_one:
            return usable[0].propose(frame)
        found = [
            proposer.propose(frame)
            if window is None
            else propose_in_region(proposer, frame, window)
            for proposer in usable
        ]
        return merge_proposals(*found, weights=self._trust)

    def look(self, frame: Frame, proposals: Proposals | None = None) -> Scene:
        """Return the scene of a frame. Slow; once a frame.

        Args:
            frame: The picture, with depth where there is some.
            proposals: Used instead of the proposers' where given.
        """
        timings: dict[str, float] = {}
        if proposals is None:
            with timed(timings, "proposals"):
                proposals = self.propose(frame)
        with timed(timings, "features"):
            features = self._encoder.encode(frame.rgb, proposals.masks).cpu()
        patches = None
        if self._localiser is not None:
            with timed(timings, "localisation"):
                patches = self._localiser.patches(frame.rgb).cpu()
        with timed(timings, "geometry"):
            pixels, points = _places(frame, proposals)
            _ = proposals.containment, proposals.coverage  # cached: every answer needs these
            things, heights = find_things(frame, proposals), find_heights(frame, proposals)
        return Scene(frame, proposals, features, pixels, points, patches, things, heights, timings)

    def look_for_tracking(self, frame: Frame, window: RegionOfInterest | None = None) -> Scene:
        """Return the scene of a frame, or of a window of it, without what only answers need.

        No expression can be resolved in such a scene.
        """
        timings: dict[str, float] = {}
        with timed(timings, "proposals"):
            proposals = self.propose(frame, window)
        with timed(timings, "features"):
            features = self._encoder.encode(frame.rgb, proposals.masks).cpu()
        with timed(timings, "geometry"):
            pixels, points = _places(frame, proposals)
            things = find_things(frame, proposals)
        return Scene(frame, proposals, features, pixels, points, is_object=things, timings=timings)


@lru_cache(maxsize=2)  # methods that are compared look at the same masks one after another
def _places(frame: Frame, proposals: Proposals) -> tuple[FloatArray, FloatArray]:
    """A point inside each mask (Nx2 pixels) and its 3D centroid (Nx3 metres, NaN unknown)."""
    pixels = np.array([centroid_pixel(m) for m in proposals.masks], np.float32).reshape(-1, 2)
    points = np.full((len(proposals), 3), np.nan, np.float32)
    if frame.depth is not None and frame.intrinsics is not None:
        for index, mask in enumerate(proposals.masks):
            point = centroid_3d(mask, frame.depth, frame.intrinsics)
            if point is not None:
                points[index] = point
    return pixels, points
