"""Answers a query, which is an expression and a camera frame, in the worker thread.

The scene of each frame is cached, so that further expressions about it need no image processing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from zsris_ros.camera.frame_assembly import assemble_frame
from zsris_ros.camera.image_messages import MAX_PIXELS
from zsris_ros.referring.object_geometry import Extents
from zsris_ros.ros.inputs.subscriptions import CameraMessages
from zsris_ros.ros.lifecycle.model_holder import Model
from zsris_ros.ros.publishers.answer import Answer, Refusal, Status, objects_of
from zsris_ros.tracing.stages import timed
from zsris_ros.types import Frame, InputError, ReferringResult, Scene, Verdict

Refer = Callable[[Scene, str], ReferringResult]

STAGES = (
    *("conversion", "proposals", "features", "localisation", "geometry"),  # once per frame
    *("language", "grounding", "extents"),
)
"""The stages of an answer in order."""


@dataclass(frozen=True)
class Query:
    """An expression and the messages of one camera frame.

    ``source`` is the origin of the image for error messages, ``key`` the cache key of the messages,
    ``from_request`` whether the request contained the image, ``note`` a sentence for the answer.
    """

    expression: str
    messages: CameraMessages
    source: str
    key: Hashable
    from_request: bool = False
    note: str = ""


@dataclass(frozen=True, eq=False)
class FoundResult:
    """A result with the verdict FOUND about a frame of the camera."""

    scene: Scene
    result: ReferringResult
    messages: CameraMessages


@dataclass(frozen=True, eq=False)
class _CachedScene:
    """A scene; ``messages`` is None if the request contained the image."""

    scene: Scene
    extents: Extents
    note: str
    messages: CameraMessages | None


class RequestHandler:
    """Answers queries with ``model`` and caches the scenes of the last ``capacity`` frames.

    ``answer`` and ``prepare`` belong to one thread; ``capacity`` can be set and ``clear`` called in
    any. ``last_found`` is the last result with the verdict FOUND since ``clear``.
    """

    last_found: FoundResult | None = None

    def __init__(self, model: Model, capacity: int) -> None:
        self._model = model
        self.capacity = capacity
        self._scenes: OrderedDict[Hashable, _CachedScene] = OrderedDict()
        self._prepared: tuple[Hashable, _CachedScene] | None = None
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return the number of cached scenes."""
        return len(self._scenes)

    @property
    def prepared(self) -> CameraMessages | None:
        """The frame of the last ``prepare``."""
        prepared = self._prepared
        return None if prepared is None else prepared[1].messages

    @property
    def cached(self) -> list[CameraMessages]:
        """The camera frames of the cached scenes."""
        with self._lock:
            messages = [cached.messages for cached in self._scenes.values()]
        return [each for each in messages if each is not None]

    def clear(self) -> None:
        """Drop all scenes."""
        with self._lock:
            self._scenes.clear()
            self._prepared = None
        self.last_found = None

    def prepare(
        self, query: Query, assume_registered: bool = False, max_pixels: int = MAX_PIXELS
    ) -> None:
        """Compute the scene of a frame ahead of requests, and keep it until the next call."""
        key = (query.key, assume_registered)
        scene = self._find(key) or self._look(query, assume_registered, max_pixels, {})
        self._prepared = key, scene

    def answer(
        self,
        query: Query,
        assume_registered: bool = False,
        max_pixels: int = MAX_PIXELS,
        refer: Refer | None = None,
    ) -> Answer:
        """Answer a query; raise Refusal for an unusable image or expression.

        ``assume_registered`` permits depth with another frame_id than the image's; ``refer``
        replaces the model's.
        """
        timings: dict[str, float] = {}
        key = (query.key, assume_registered)
        cached = self._find(key)
        try:
            scene = cached or self._look(query, assume_registered, max_pixels, timings)
            self._store(key, scene)
            result = (refer or self._model.refer)(scene.scene, query.expression)
        except InputError as error:
            raise Refusal(Status.INVALID_REQUEST, str(error)) from error
        if result.verdict is Verdict.FOUND and not query.from_request:
            self.last_found = FoundResult(scene.scene, result, query.messages)
        timings.update(result.timings)
        with timed(timings, "extents"):
            extents = {each.index: scene.extents[each.index] for each in objects_of(result)}
            on_support = bool(extents) and scene.extents.up is not None
        return Answer(
            result=result,
            frame=scene.scene.frame,
            masks=scene.scene.proposals.masks,
            header=query.messages.image.message.header,
            cache_hit=cached is not None,
            note="; ".join(filter(None, (query.note, scene.note))),
            timings=timings,
            extents=extents,
            on_support=on_support,
            text=query.expression,
        )

    def _look(
        self, query: Query, assume_registered: bool, max_pixels: int, timings: dict[str, float]
    ) -> _CachedScene:
        with timed(timings, "conversion"):
            frame, note = _to_frame(query, assume_registered, max_pixels)
        scene = self._model.look(frame)
        timings.update(scene.timings)
        return _CachedScene(
            scene, Extents(scene), note, None if query.from_request else query.messages
        )

    def _find(self, key: Hashable) -> _CachedScene | None:
        with self._lock:
            if self._prepared is not None and self._prepared[0] == key:
                return self._prepared[1]
            return self._scenes.get(key)

    def _store(self, key: Hashable, scene: _CachedScene) -> None:
        """Store a scene as the most recently used one."""
        with self._lock:
            self._scenes[key] = scene
            self._scenes.move_to_end(key)
            while len(self._scenes) > self.capacity:
                self._scenes.popitem(last=False)


def _to_frame(query: Query, assume_registered: bool, max_pixels: int) -> tuple[Frame, str]:
    """Convert the messages of a query; the note is the reason for missing metres."""
    try:
        frame, note = assemble_frame(query.messages, assume_registered, max_pixels)
    except InputError as error:
        if query.from_request:
            raise
        raise Refusal(Status.NO_IMAGE, f"{query.source} cannot be used: {error}") from error
    if query.from_request and query.messages.depth is None:
        return frame, "without metres, because the request brought its own image"
    return frame, note
