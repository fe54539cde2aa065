"""One object followed over frames, by what it looks like and where it was.

Around its last place masks are proposed anew, and the one that agrees best in looks, place and size
is the object, unless a thing that stood beside it explains that mask better. So when it is taken
away, a neighbour of the same kind is not taken for it. A lost object is searched for in the whole
frame.
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

Look = Callable[[Frame, "RegionOfInterest | None"], Scene]
"""Looks at a window of a frame, or at all of it, and gives at least proposals and features."""


@dataclass(frozen=True)
class TrackerSettings:
    """What counts as the same object.

    A likeness is a cosine of features on a scale of its own: 1 is how the object looked at the
    start, or when it was last seen well; 0 how much the other things of the first frame look like
    it on average.
    """

    min_likeness: float = 0.5
    """Of the object where it is expected."""
    min_return: float = 0.75
    """Of an object that was lost and may come back anywhere, and of one that is seen well."""
    nearness: float = 0.3
    """How near it must be to its last place (1 there, 0.6 one length away, 0.14 two lengths); once
    it is lost, how near it counts as being to any place."""
    min_as_big: float = 0.3
    """The smaller of two areas divided by the larger one, from one frame to the next."""
    margin: float = 1.0
    """What is searched around the last place, in lengths of the last box."""
    known: float = 0.3
    """How well a thing seen must be explained by one known (looks, place and size, 0 to 1)."""
    usual_cosine: float = 0.5
    """Between two things, where there was none but the object at the start."""


@dataclass(frozen=True, eq=False)
class TrackedObject:
    """The object in one frame.

    ``score`` in [0, 1] is its likeness (TrackerSettings), of a lost one that of the most alike
    thing. ``mask`` bool HxW; ``pixel`` (x, y) inside it; ``point`` its centroid in metres in
    the optical frame, None without depth. When it is lost, ``why`` says so in a sentence, and the
    mask is empty, the pixel (0, 0) and the point None.
    """

    tracking: bool
    score: float
    mask: BoolArray
    pixel: Pixel = (0.0, 0.0)
    point: Point | None = None
    why: str = ""


class Tracker:
    """Follows the object of one referral. Not thread-safe.

    ``look`` is asked for a window around the object while it is followed, and for the whole frame
    once it is lost.
    """

    def __init__(self, look: Look, settings: TrackerSettings | None = None) -> None:
        self._look, self._settings = look, settings or TrackerSettings()
        self._target: Observations | None = None  # twice: as at the start, and as last seen well
        self._others: Observations | None = None
        self._place: RegionOfInterest | None = None
        self._usual = self._settings.usual_cosine

    def start(self, scene: Scene, referral: ReferringResult) -> TrackedObject:
        """Follows the one object that ``referral`` found in ``scene`` from now on.

        Raises InputError when it did not find exactly one.
        """
        if referral.verdict is not Verdict.FOUND or len(referral.selected) != 1:
            raise InputError(
                "only one object can be followed: ask for one, such as 'the red mug', and start "
                "when it was found"
            )
        index = referral.selected[0].index
        things, apart = Observations.of(scene), _apart(scene, index)
        self._target, self._others = things.pick([index, index]), things.pick(apart)
        self._usual = self._settings.usual_cosine
        if apart.any():
            self._usual = float(np.median(self._target.alike(self._others)).clip(0.0, 0.95))
        return self._found(scene, index, 1.0)

    def follow(self, frame: Frame) -> TrackedObject:
        """The object in the next frame. Raises InputError before ``start``."""
        if self._target is None or self._others is None:
            raise InputError("nothing is followed yet: start with a scene and a referral")
        window = None if self._place is None else _around(self._place, frame, self._settings.margin)
        scene = self._look(frame, window)
        things = Observations.of(scene)
        likeness = self._likeness(self._target, things).max(axis=0)
        own = self._affinity(self._target, things).max(axis=0)
        theirs = self._affinity(self._others, things)
        if window is None:
            own = np.maximum(own, likeness * self._settings.nearness)
            claimed = theirs.max(axis=0, initial=0.0) > own
            claimed |= self._may_be_moved(frame, things, theirs)
            fits = likeness >= self._settings.min_return
        else:
            claimed = theirs.max(axis=0, initial=0.0) > own
            fits = likeness >= self._settings.min_likeness
            fits &= self._target.near(things)[0] >= self._settings.nearness
        fits &= (self._target.as_big(things)[0] >= self._settings.min_as_big) & ~claimed
        if not fits.any():
            self._remember(scene, things, theirs, None, window)
            return self._lost(scene, likeness, claimed)
        index = int(np.argmax(np.where(fits, own, -1.0)))
        self._remember(scene, things, theirs, index, window)
        now = things.pick([index, index])
        if likeness[index] >= self._settings.min_return:
            self._target = Observations.together(self._target.pick([0]), now.pick([1]))
        self._target = self._target.placed_as(now)
        return self._found(scene, index, float(likeness[index]))

    def _likeness(self, known: Observations, seen: Observations) -> FloatArray:
        """See TrackerSettings, KxN."""
        likeness = (known.alike(seen) - self._usual) / (1 - self._usual)
        return likeness.clip(0, 1).astype(np.float32)

    def _affinity(self, known: Observations, seen: Observations) -> FloatArray:
        """How well each of the things known explains each thing seen, KxN in [0, 1]."""
        return self._likeness(known, seen) * known.near(seen) * np.sqrt(known.as_big(seen))

    def _may_be_moved(self, frame: Frame, things: Observations, theirs: FloatArray) -> BoolArray:
        """What looks like another thing that is not in its place in the image any more, bool N."""
        assert self._others is not None
        image = slice(0, frame.height), slice(0, frame.width)
        gone = theirs.max(axis=1, initial=0.0) < self._settings.known
        gone &= self._others.whole & self._others.within(image)
        alike = self._likeness(self._others.pick(gone), things)
        return np.asarray((alike >= self._settings.min_return).any(axis=0))

    def _remember(
        self,
        scene: Scene,
        things: Observations,
        theirs: FloatArray,
        index: int | None,
        window: RegionOfInterest | None,
    ) -> None:
        """What stands beside the object, ``index``, now: what stood there before, and what is new.

        Observations outside the window, and those that are hidden, stay in memory, and move with the rest
        when the camera moves. Nothing is new while the object is lost, because it may be that.
        """
        assert self._others is not None
        apart = np.zeros(len(things), bool) if index is None else _apart(scene, index)
        theirs = theirs if index is None else np.where(apart, theirs, 0.0)
        matched = theirs.max(axis=1, initial=0.0) >= self._settings.known
        unseen = ~matched
        if index is not None and window is not None:
            unseen &= ~self._others.within(window)
        again = things.pick(theirs[matched].argmax(axis=1)) if matched.any() else things.pick([])
        before = self._others.pick(matched)
        new = apart & (theirs.max(axis=0, initial=0.0) < self._settings.known)
        self._others = Observations.together(
            before.placed_as(again),
            self._others.pick(unseen).moved_like(before, again),
            things.pick(new),
        )

    def _found(self, scene: Scene, index: int, score: float) -> TrackedObject:
        mask, point = scene.proposals.masks[index], scene.points[index]
        self._place = bounding_region(mask)
        x, y = scene.pixels[index].tolist()
        metres: Point | None = None
        if np.isfinite(point).all():
            metres = (float(point[0]), float(point[1]), float(point[2]))
        return TrackedObject(True, score, mask, (x, y), metres)

    def _lost(self, scene: Scene, likeness: FloatArray, claimed: BoolArray) -> TrackedObject:
        nothing = np.zeros(scene.frame.rgb.shape[:2], bool)
        score = float(likeness.max(initial=0.0))
        if self._place is None:
            why = "it has not come back"
        elif not (likeness > 0).any():
            why = "nothing like it is seen where it was"
        elif claimed[int(likeness.argmax())]:
            why = "only what stood beside it is seen where it was"
        else:
            why = "what is seen where it was looks different, is farther away or has another size"
        if self._place is not None and _at_edge(self._place, scene.frame):
            why += "; it was at the edge of the image"
        self._place = None
        return TrackedObject(False, score, nothing, why=f"{why} (likeness {score:.2f})")


def _apart(scene: Scene, index: int) -> BoolArray:
    """The proposals that are neither the object nor a part of it nor hold it, bool N."""
    apart: BoolArray = scene.proposals.containment[index] < 0.5
    apart[index] = False
    return apart


def _around(place: RegionOfInterest, frame: Frame, margin: float) -> RegionOfInterest:
    """``place`` widened on each side, within the frame."""
    rows, columns = place
    reach = round(margin * max(rows.stop - rows.start, columns.stop - columns.start))
    return (
        slice(max(0, rows.start - reach), min(frame.height, rows.stop + reach)),
        slice(max(0, columns.start - reach), min(frame.width, columns.stop + reach)),
    )


def _at_edge(place: RegionOfInterest, frame: Frame) -> bool:
    rows, columns = place
    far = rows.stop >= frame.height or columns.stop >= frame.width
    return far or rows.start <= 0 or columns.start <= 0
