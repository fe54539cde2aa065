"""From a question (messages of one moment and an expression) to an answer, without a node.

Runs in the worker thread. It looks at a frame once and keeps the scene, so that further expressions
about the same frame need no image work.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from std_msgs.msg import Header

from zsris_ros.camera.frame_assembly import assemble_frame
from zsris_ros.camera.frame_buffer import SyncedMessages
from zsris_ros.camera.image_messages import MAX_PIXELS, AnyImage, CameraInfo
from zsris_ros.geometry.oriented_box import Pose
from zsris_ros.referring.extents import Extent, Extents
from zsris_ros.srv import ReferSegment
from zsris_ros.tracing.stages import stage
from zsris_ros.types import BoolArray, Candidate, Frame, InputError, ReferringResult, Scene, Verdict

Status = ReferSegment.Response
STATUS_OF = {
    Verdict.FOUND: Status.FOUND,
    Verdict.AMBIGUOUS: Status.AMBIGUOUS,
    Verdict.NOT_FOUND: Status.NOT_FOUND,
}

STAGES = (
    *("conversion", "proposals", "features", "localisation", "geometry"),  # once for each frame
    *("language", "grounding", "extents"),
)
"""The stages of an answer in their order."""


class Segmenter(Protocol):
    """What the node needs of the core: look once, refer often.

    Both raise InputError for a frame or an expression that cannot be used.
    """

    def look(self, frame: Frame) -> Scene: ...

    def refer(self, scene: Scene, expression: str) -> ReferringResult: ...


class Refusal(Exception):
    """A question without an answer: a status of ReferSegment and the sentence that goes with it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Question:
    """An expression about the messages of one moment.

    ``source`` says where the image is from, for sentences about it; ``given`` that the request
    brought the image itself; ``key`` is equal for equal moments. ``note`` is a sentence about the
    moment that belongs into the answer; mostly empty.
    """

    expression: str
    moment: SyncedMessages[AnyImage, CameraInfo]
    source: str
    key: Hashable
    given: bool = False
    note: str = ""


@dataclass(frozen=True, eq=False)
class Answer:
    """A referral, the frame it is about, that frame's header, and milliseconds by stage.

    ``extents`` holds those of the candidates in ``meant`` by their index, in the optical frame;
    ``on_support`` says whether their boxes stand on a support plane. Metres are told in the frame
    ``frame_id``, in which ``camera`` is the pose of the optical frame; None and "" leave them in
    the optical frame. ``note`` says why something one might expect is not there; mostly empty.
    """

    referral: ReferringResult
    frame: Frame
    masks: BoolArray
    header: Header
    cache_hit: bool
    note: str = ""
    timings: Mapping[str, float] = field(default_factory=dict)
    extents: Mapping[int, Extent] = field(default_factory=dict)
    on_support: bool = False
    frame_id: str = ""
    camera: Pose | None = None

    @property
    def meant(self) -> tuple[Candidate, ...]:
        """The candidates that the verdict speaks of; see ``meant_by``."""
        return meant_by(self.referral)


def meant_by(referral: ReferringResult) -> tuple[Candidate, ...]:
    """The selected candidates, or the best where none is; none when nothing was found."""
    if referral.verdict is Verdict.NOT_FOUND:
        return ()
    return referral.selected or referral.candidates[:1]


@dataclass(frozen=True, eq=False)
class Found:
    """What was FOUND in the camera's messages of a moment."""

    scene: Scene
    referral: ReferringResult
    moment: SyncedMessages[AnyImage, CameraInfo]


@dataclass(frozen=True, eq=False)
class _Kept:
    """What is kept of a frame; ``moment`` is its messages, None where the request brought them."""

    scene: Scene
    extents: Extents
    note: str
    moment: SyncedMessages[AnyImage, CameraInfo] | None


@dataclass(frozen=True, eq=False)
class _Prepared:
    """A frame that was looked at before anybody asked."""

    key: Hashable
    moment: SyncedMessages[AnyImage, CameraInfo]
    kept: _Kept


class Answerer:
    """Answers questions with ``segmenter`` and keeps the scenes of the last ``capacity`` frames.

    ``capacity`` may be set, and ``forget`` be called, at any time and in any thread; ``answer`` is
    for one thread, as is ``prepare``. ``last`` is what was last FOUND in an image of the camera
    since ``forget``.
    """

    last: Found | None = None

    def __init__(self, segmenter: Segmenter, capacity: int) -> None:
        self._segmenter = segmenter
        self.capacity = capacity
        self._scenes: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._prepared: _Prepared | None = None
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Scenes kept."""
        return len(self._scenes)

    @property
    def ready(self) -> SyncedMessages[AnyImage, CameraInfo] | None:
        """The frame that was prepared last."""
        prepared = self._prepared
        return None if prepared is None else prepared.moment

    @property
    def looked_at(self) -> list[SyncedMessages[AnyImage, CameraInfo]]:
        """The camera's frames whose scenes are kept."""
        with self._lock:
            moments = [kept.moment for kept in self._scenes.values()]
        return [moment for moment in moments if moment is not None]

    def prepare(
        self, question: Question, assume_registered: bool = False, max_pixels: int = MAX_PIXELS
    ) -> None:
        """Looks at the question's frame before anybody asks; one such frame is kept, the last.

        The arguments are those of ``answer``. Raises InputError or Refusal when the frame cannot be
        used.
        """
        key = (question.key, assume_registered)
        kept = self._recall(key) or self._look(question, assume_registered, max_pixels, {})
        self._prepared = _Prepared(key, question.moment, kept)

    def answer(
        self, question: Question, assume_registered: bool = False, max_pixels: int = MAX_PIXELS
    ) -> Answer:
        """The answer, or a Refusal when image or expression cannot be used.

        ``assume_registered`` lets depth count although its frame_id is another than the image's;
        an image may have ``max_pixels``.
        """
        timings: dict[str, float] = {}
        key = (question.key, assume_registered)
        kept = self._recall(key)
        try:
            hit = kept is not None
            if kept is None:
                kept = self._look(question, assume_registered, max_pixels, timings)
            self._keep(key, kept)
            referral = self._segmenter.refer(kept.scene, question.expression)
        except InputError as error:
            raise Refusal(Status.INVALID_REQUEST, str(error)) from error
        if referral.verdict is Verdict.FOUND and not question.given:
            self.last = Found(kept.scene, referral, question.moment)
        timings.update(referral.timings)
        start = time.perf_counter()
        with stage("extents"):
            extents = {each.index: kept.extents[each.index] for each in meant_by(referral)}
        on_support = bool(extents) and kept.extents.up is not None
        timings["extents"] = _milliseconds_since(start)
        return Answer(
            referral=referral,
            frame=kept.scene.frame,
            masks=kept.scene.proposals.masks,
            header=question.moment.image.message.header,
            cache_hit=hit,
            note="; ".join(filter(None, (question.note, kept.note))),
            timings=timings,
            extents=extents,
            on_support=on_support,
        )

    def _look(
        self,
        question: Question,
        assume_registered: bool,
        max_pixels: int,
        timings: dict[str, float],
    ) -> _Kept:
        start = time.perf_counter()
        with stage("conversion"):
            frame, note = _frame(question, assume_registered, max_pixels)
        timings["conversion"] = _milliseconds_since(start)
        scene = self._segmenter.look(frame)
        timings.update(scene.timings)
        moment = None if question.given else question.moment
        return _Kept(scene, Extents(scene), note, moment)

    def forget(self) -> None:
        """Drops every kept scene."""
        with self._lock:
            self._scenes.clear()
            self._prepared = None
        self.last = None

    def _recall(self, key: Hashable) -> _Kept | None:
        with self._lock:
            prepared = self._prepared
            if prepared is not None and prepared.key == key:
                return prepared.kept
            return self._scenes.get(key)

    def _keep(self, key: Hashable, kept: _Kept) -> None:
        """As the one that was used last."""
        with self._lock:
            self._scenes[key] = kept
            self._scenes.move_to_end(key)
            while len(self._scenes) > self.capacity:
                self._scenes.popitem(last=False)


def _frame(question: Question, assume_registered: bool, max_pixels: int) -> tuple[Frame, str]:
    """The question's frame; depth that cannot be used is left out and the note says why."""
    try:
        frame, note = assemble_frame(question.moment, assume_registered, max_pixels)
    except InputError as error:
        if question.given:
            raise
        raise Refusal(Status.NO_IMAGE, f"{question.source} cannot be used: {error}") from error
    if question.given:
        return frame, "without metres, because the request brought its own image"
    return frame, note


def _milliseconds_since(start: float) -> float:
    return (time.perf_counter() - start) * 1e3
