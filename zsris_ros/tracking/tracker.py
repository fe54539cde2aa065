"""Tracking of one object by appearance, position and size.

Masks are proposed around the object's last position. The mask with the highest affinity to the
object is the object, unless another known object explains that mask better, so that a neighbour of
the same kind does not replace a removed object. A lost object is searched for in the whole frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zsris_ros.geometry.masks import bounding_region
from zsris_ros.tracking.observations import Observations
from zsris_ros.types import (
    BoolArray,
    FloatArray,
    Frame,
    InputError,
    Pixel,
    Point,
    ReferringResult,
    RegionOfInterest,
    Scene,
    Verdict,
)

LookFunction = Callable[[Frame, "RegionOfInterest | None"], Scene]
"""Encodes a region of a frame, or all of it: at least proposals and features."""


# Limits for the same object. Similarity is a cosine of features, scaled: 1 is the object at the
# start, or when it was last recognised well; 0 is the median cosine of the object and the other
# objects of the first frame.
_MIN_SIMILARITY = 0.5
"""Least similarity at the expected position."""
_MIN_REAPPEARANCE = 0.75
"""Least similarity of a lost object, anywhere, and of an object that is recognised well."""
_MIN_PROXIMITY = 0.3
"""Least proximity to the last position (1 there, 0.6 one side away, 0.14 two sides). A lost object
has this proximity to every position."""
_MIN_AREA_RATIO = 0.3
"""Least ratio of two areas in consecutive frames."""
_MARGIN = 1.0
"""Searched around the last position, in sides of the last box."""
_MIN_AFFINITY = 0.3
"""Least affinity of an observation to a known object (appearance, position and size, 0 to 1)."""
_DEFAULT_COSINE = 0.5
"""Cosine of two objects where the first frame shows one only."""


@dataclass(frozen=True, eq=False)
class TrackedObject:
    """The object in one frame.

    ``score`` in [0, 1] is its similarity, or that of the most similar observation
    when it is lost. ``mask`` bool HxW; ``pixel`` (x, y) inside it; ``point`` its centroid in metres
    in the optical frame, None without depth. A lost object has an empty mask, pixel (0, 0), no
    point, and a ``reason``.
    """

    tracking: bool
    score: float
    mask: BoolArray
    pixel: Pixel = (0.0, 0.0)
    point: Point | None = None
    reason: str = ""


class Tracker:
    """Tracks the object of one referring result. Not thread-safe.

    ``look`` is called with a region around the tracked object, and with the whole frame when the
    object is lost.
    """

    def __init__(self, look: LookFunction) -> None:
        self._look = look
        # Two rows: the appearance at the start, and when last recognised well.
        self._target: Observations | None = None
        self._others: Observations | None = None
        self._last_roi: RegionOfInterest | None = None
        self._zero_cosine = _DEFAULT_COSINE

    def start(self, scene: Scene, result: ReferringResult) -> TrackedObject:
        """Track the one object that ``result`` found in ``scene``.

        Raises InputError when it did not find exactly one.
        """
        if result.verdict is not Verdict.FOUND or len(result.selected) != 1:
            raise InputError(
                "only one object can be followed: ask for one, such as 'the red mug', and start "
                "when it was found"
            )
        index = result.selected[0].index
        observed, separate = Observations.from_scene(scene), _separate(scene, index)
        self._target, self._others = observed.select([index, index]), observed.select(separate)
        self._zero_cosine = _DEFAULT_COSINE
        if separate.any():
            cosine = np.median(self._target.cosines(self._others))
            self._zero_cosine = float(cosine.clip(0.0, 0.95))
        return self._tracked(scene, index, 1.0)

    def follow(self, frame: Frame) -> TrackedObject:
        """Return the object in the next frame; raises InputError before ``start``."""
        if self._target is None or self._others is None:
            raise InputError("nothing is followed yet: start with a scene and a result")
        last = self._last_roi
        roi = None if last is None else _widened(last, frame)
        scene = self._look(frame, roi)
        observed = Observations.from_scene(scene)
        similarity = self._similarity(self._target, observed).max(axis=0)
        own = self._affinity(self._target, observed).max(axis=0)
        theirs = self._affinity(self._others, observed)
        if roi is None:
            own = np.maximum(own, similarity * _MIN_PROXIMITY)
            claimed = theirs.max(axis=0, initial=0.0) > own
            claimed |= self._may_be_moved(frame, observed, theirs)
            fits = similarity >= _MIN_REAPPEARANCE
        else:
            claimed = theirs.max(axis=0, initial=0.0) > own
            fits = similarity >= _MIN_SIMILARITY
            fits &= self._target.proximity(observed)[0] >= _MIN_PROXIMITY
        fits &= (self._target.area_ratio(observed)[0] >= _MIN_AREA_RATIO) & ~claimed
        if not fits.any():
            self._update_others(scene, observed, theirs, None, roi)
            return self._lost(scene, similarity, claimed)
        index = int(np.argmax(np.where(fits, own, -1.0)))
        self._update_others(scene, observed, theirs, index, roi)
        now = observed.select([index, index])
        if similarity[index] >= _MIN_REAPPEARANCE:
            self._target = Observations.concatenate(self._target.select([0]), now.select([1]))
        self._target = self._target.at_places_of(now)
        return self._tracked(scene, index, float(similarity[index]))

    def _similarity(self, known: Observations, observed: Observations) -> FloatArray:
        """Similarity, KxN in [0, 1]: scaled cosines."""
        similarity = (known.cosines(observed) - self._zero_cosine) / (1 - self._zero_cosine)
        return similarity.clip(0, 1).astype(np.float32)

    def _affinity(self, known: Observations, observed: Observations) -> FloatArray:
        """Product of similarity, proximity and size agreement, KxN in [0, 1]."""
        size = np.sqrt(known.area_ratio(observed))
        return self._similarity(known, observed) * known.proximity(observed) * size

    def _may_be_moved(self, frame: Frame, observed: Observations, theirs: FloatArray) -> BoolArray:
        """Observations similar to another object that left its position in the image, bool N."""
        assert self._others is not None
        image = slice(0, frame.height), slice(0, frame.width)
        gone = theirs.max(axis=1, initial=0.0) < _MIN_AFFINITY
        gone &= self._others.is_object & self._others.inside(image)
        similarity = self._similarity(self._others.select(gone), observed)
        return np.asarray((similarity >= _MIN_REAPPEARANCE).any(axis=0))

    def _update_others(
        self,
        scene: Scene,
        observed: Observations,
        theirs: FloatArray,
        index: int | None,
        roi: RegionOfInterest | None,
    ) -> None:
        """Update the other objects: matched ones at their new positions, and new ones.

        Objects outside the region and hidden objects are kept and move with the camera. Nothing is
        added while the object is lost, as a new observation may be the object.
        """
        assert self._others is not None
        separate = np.zeros(len(observed), bool) if index is None else _separate(scene, index)
        theirs = theirs if index is None else np.where(separate, theirs, 0.0)
        matched = theirs.max(axis=1, initial=0.0) >= _MIN_AFFINITY
        unseen = ~matched
        if index is not None and roi is not None:
            unseen &= ~self._others.inside(roi)
        again = observed.select(theirs[matched].argmax(axis=1) if matched.any() else [])
        before = self._others.select(matched)
        new = separate & (theirs.max(axis=0, initial=0.0) < _MIN_AFFINITY)
        self._others = Observations.concatenate(
            before.at_places_of(again),
            self._others.select(unseen).shifted_like(before, again),
            observed.select(new),
        )

    def _tracked(self, scene: Scene, index: int, score: float) -> TrackedObject:
        mask, point = scene.proposals.masks[index], scene.points[index]
        self._last_roi = bounding_region(mask)
        x, y = scene.pixels[index].tolist()
        metres: Point | None = None
        if np.isfinite(point).all():
            metres = (float(point[0]), float(point[1]), float(point[2]))
        return TrackedObject(True, score, mask, (x, y), metres)

    def _lost(self, scene: Scene, similarity: FloatArray, claimed: BoolArray) -> TrackedObject:
        score = float(similarity.max(initial=0.0))
        if self._last_roi is None:
            reason = "it has not come back"
        elif not (similarity > 0).any():
            reason = "no similar object is at its place"
        elif claimed[int(similarity.argmax())]:
            reason = "only an object that stood beside it is at its place"
        else:
            reason = "the object at its place looks different, is farther away or has another size"
        if self._last_roi is not None and _at_edge(self._last_roi, scene.frame):
            reason += "; it was at the edge of the image"
        self._last_roi = None
        empty = np.zeros(scene.frame.rgb.shape[:2], bool)
        return TrackedObject(False, score, empty, reason=f"{reason} (likeness {score:.2f})")


def _separate(scene: Scene, index: int) -> BoolArray:
    """Proposals that are neither the object, nor a part of it, nor contain it, bool N."""
    separate: BoolArray = scene.proposals.containment[index] < 0.5
    separate[index] = False
    return separate


def _widened(roi: RegionOfInterest, frame: Frame) -> RegionOfInterest:
    """Return ``roi`` widened on each side by ``_MARGIN`` longer sides, within the frame."""
    rows, columns = roi
    reach = round(_MARGIN * max(rows.stop - rows.start, columns.stop - columns.start))
    return (
        slice(max(0, rows.start - reach), min(frame.height, rows.stop + reach)),
        slice(max(0, columns.start - reach), min(frame.width, columns.stop + reach)),
    )


def _at_edge(roi: RegionOfInterest, frame: Frame) -> bool:
    rows, columns = roi
    far = rows.stop >= frame.height or columns.stop >= frame.width
    return far or rows.start <= 0 or columns.start <= 0
