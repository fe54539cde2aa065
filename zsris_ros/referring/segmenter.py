"""Look once, refer often: the whole pipeline behind two functions, without ROS.

scene = segmenter.look(frame)                                    # proposals and features
referral = segmenter.refer(scene, "the mug left of the bowl")    # text and a few products
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from time import perf_counter
from typing import Protocol

import numpy as np

from zsris_ros.geometry import centroid_3d, centroid_pixel
from zsris_ros.language import Parser
from zsris_ros.proposals import Proposer
from zsris_ros.proposals.join import join
from zsris_ros.proposals.window import propose_in
from zsris_ros.referring.explaining import explanation
from zsris_ros.referring.grounding import Grounder
from zsris_ros.referring.heights import find_heights
from zsris_ros.referring.selection import answer_mask, select
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.referring.several import targets, together
from zsris_ros.referring.things import find_things
from zsris_ros.referring.verdict import rank
from zsris_ros.referring.wording import message
from zsris_ros.stages import stage
from zsris_ros.types import (
    Expression,
    FloatArray,
    Frame,
    Proposals,
    Referral,
    Scene,
    Verdict,
    Window,
)
from zsris_ros.vision.encoder import MaskEncoder
from zsris_ros.vision.localisation import Localiser

UNCALIBRATED = " Scores are uncalibrated: zsris calibrate was never run for these weights."


class Referrer(Protocol):
    """Another way to answer than the robot's, such as a published method's."""

    def refer(self, scene: Scene, expression: str) -> Referral:
        """As ``Segmenter.refer``."""
        ...


class Segmenter:
    """Zero-shot referring segmentation with fixed models.

    ``proposers`` each give masks of a frame; those that need depth are asked only where there is
    some. ``encoder`` and ``localiser`` share one CLIP. With a ``referrer`` that one answers, and
    the masks of a single proposer are taken as they are. Not thread-safe: one caller at a time.
    """

    def __init__(
        self,
        proposers: Sequence[Proposer],
        encoder: MaskEncoder,
        localiser: Localiser | None,
        parser: Parser,
        settings: ReferSettings,
        *,
        referrer: Referrer | None = None,
    ) -> None:
        self._proposers, self._encoder, self._localiser = proposers, encoder, localiser
        self._parser, self._settings, self._referrer = parser, settings, referrer
        self._grounder = Grounder(encoder.clip, localiser, settings)

    def propose(self, frame: Frame, window: Window | None = None) -> Proposals:
        """The masks of the frame that ``look`` works on, or those of a window of it."""
        usable = [p for p in self._proposers if frame.has_geometry or not p.needs_depth]
        if self._referrer is not None and len(usable) == 1:
            return usable[0].propose(frame)
        found = [
            proposer.propose(frame) if window is None else propose_in(proposer, frame, window)
            for proposer in usable
        ]
        return join(*found, weights=self._settings.trust)

    def look(self, frame: Frame, proposals: Proposals | None = None) -> Scene:
        """Everything about a frame that does not depend on what is asked. Slow; do it once.

        ``proposals`` are used instead of the proposers' where they are given.
        """
        timings: dict[str, float] = {}
        if proposals is None:
            with _timed(timings, "proposals"):
                proposals = self.propose(frame)
        with _timed(timings, "features"):
            features = self._encoder.encode(frame.rgb, proposals.masks).cpu()
        patches = None
        if self._localiser is not None:
            with _timed(timings, "localisation"):
                patches = self._localiser.patches(frame.rgb).cpu()
        with _timed(timings, "geometry"):
            pixels, points = _places(frame, proposals)
            _ = proposals.shared, proposals.coarse  # kept with them: every answer needs these
            things, heights = find_things(frame, proposals), find_heights(frame, proposals)
        return Scene(frame, proposals, features, pixels, points, patches, things, heights, timings)

    def glance(self, frame: Frame, window: Window | None = None) -> Scene:
        """What a tracker needs of a frame, or of a window of it: things, how they look, and where.

        Nobody can refer to such a scene, because all that serves sentences is left out.
        """
        timings: dict[str, float] = {}
        with _timed(timings, "proposals"):
            proposals = self.propose(frame, window)
        with _timed(timings, "features"):
            features = self._encoder.encode(frame.rgb, proposals.masks).cpu()
        with _timed(timings, "geometry"):
            pixels, points = _places(frame, proposals)
            things = find_things(frame, proposals)
        return Scene(frame, proposals, features, pixels, points, things=things, timings=timings)

    def refer(self, scene: Scene, expression: str) -> Referral:
        """Which mask is meant. Raises InputError when the text holds nothing to look for."""
        if self._referrer is not None:
            return self._referrer.refer(scene, expression)
        timings: dict[str, float] = {}
        with _timed(timings, "language"):
            parsed = self._parser.parse(expression)
        answers = [self._answer(scene, target) for target in targets(parsed)]
        answer = together(parsed, answers) if len(answers) > 1 else answers[0]
        return replace(answer, timings={**timings, **answer.timings})

    def _answer(self, scene: Scene, parsed: Expression) -> Referral:
        """The answer about one target of an expression."""
        if not len(scene.proposals):
            empty = np.zeros(scene.frame.rgb.shape[:2], dtype=bool)
            said = message(Verdict.NOT_FOUND, parsed, (), None, self._settings)
            why = explanation(parsed, None, ())
            return Referral(Verdict.NOT_FOUND, parsed, (), empty, said, why)
        timings: dict[str, float] = {}
        with _timed(timings, "grounding"):
            grounding = self._grounder.ground(scene, parsed)
            verdict, candidates = select(rank(scene, grounding), parsed, self._settings)
            mask = answer_mask(scene.proposals, candidates, verdict, parsed)
        said = message(verdict, parsed, candidates, grounding, self._settings)
        why = explanation(parsed, grounding, candidates, scene)
        if not self._settings.calibration.measured:
            why += UNCALIBRATED
        return Referral(verdict, parsed, candidates, mask, said, why, timings)


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


@contextmanager
def _timed(timings: dict[str, float], name: str) -> Iterator[None]:
    start = perf_counter()
    with stage(name):
        yield
    timings[name] = timings.get(name, 0.0) + (perf_counter() - start) * 1e3
