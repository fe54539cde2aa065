"""Answers a query, which is an expression and a camera frame, in the worker thread.

The scene of each frame is cached, so that further expressions about it need no image processing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from std_msgs.msg import Header

from zsris_ros.camera.frame_assembly import assemble_frame
from zsris_ros.camera.image_messages import MAX_PIXELS
from zsris_ros.geometry.oriented_box import Pose
from zsris_ros.referring.objects.object_geometry import Extents
from zsris_ros.ros.inputs.serialized import CameraMessages, deserialized
from zsris_ros.ros.lifecycle.model_holder import Model
from zsris_ros.ros.publishers.answer import Answer, Refusal, Status, objects_of, results_of
from zsris_ros.tracing.stages import timed
from zsris_ros.types import Frame, InputError, ReferringResult, Scene, Verdict

STAGES = (
    *("conversion", "proposals", "features", "localisation", "geometry"),  # once per frame
    *("language", "grounding", "extents"),
)
"""The stages of an answer in order."""

PoseLookup = Callable[[str, Header, float], Pose]
"""Returns the pose of a header's frame in a target frame at the header's stamp, and waits for it
until a deadline of time.monotonic. Raises LookupError."""


def no_transforms(target: str, header: Header, deadline: float) -> Pose:
    """A PoseLookup without any transform."""
    raise LookupError(f"nothing publishes transforms to '{target}'")


@dataclass(frozen=True)
class Query:
    """An expression and the messages of one camera frame.

    ``source`` is the origin of the image for error messages, ``key`` the cache key of the messages,
    ``from_request`` whether the request contained the image, ``note`` a sentence for the answer.
    Metres are in ``target_frame`` ("": the optical frame), whose transform may arrive until
    ``deadline`` of time.monotonic. ``assume_registered`` permits depth with another frame_id than
    the image's, which has at most ``max_pixels``.
    """

    expression: str
    messages: CameraMessages
    source: str
    key: Hashable
    from_request: bool = False
    note: str = ""
    target_frame: str = ""
    deadline: float = 0.0
    request_id: int = 0
    assume_registered: bool = False
    max_pixels: int = MAX_PIXELS

    @property
    def scene_key(self) -> Hashable:
        """Cache key of the scene."""
        return self.key, self.assume_registered


@dataclass(frozen=True, eq=False)
class FoundResult:
    """A result with the verdict FOUND about a frame of the camera; ``header`` is the image's."""

    scene: Scene
    result: ReferringResult
    messages: CameraMessages
    header: Header


@dataclass(frozen=True, eq=False)
class _CachedScene:
    """A scene; ``messages`` is None if the request contained the image.

    ``header`` is the image's. ``camera_poses`` are the poses of the optical frame by target frame,
    looked up with the scene, because the scene can outlive tf2's memory.
    """

    scene: Scene
    extents: Extents
    note: str
    messages: CameraMessages | None
    header: Header
    camera_poses: dict[str, Pose] = field(default_factory=dict)


class RequestHandler:
    """Answers queries with ``model`` and caches the scenes of the last ``capacity`` frames.

    ``answer`` and ``prepare`` belong to one thread; ``capacity`` can be set and ``clear`` called in
    any. ``last_found`` is the last result with the verdict FOUND since ``clear``. ``look_up`` finds
    the poses of the camera in target frames.
    """

    last_found: FoundResult | None = None

    def __init__(self, model: Model, capacity: int, look_up: PoseLookup = no_transforms) -> None:
        self._model, self._look_up = model, look_up
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

    def prepare(self, query: Query) -> None:
        """Compute the scene of a frame ahead of requests, and keep it until the next call."""
        scene = self._find(query.scene_key) or self._look(query, {})
        self._prepared = query.scene_key, scene

    def answer(self, query: Query) -> Answer:
        """Answer a query; raise Refusal for an unusable image or expression."""
        timings: dict[str, float] = {}
        cached = self._find(query.scene_key)
        try:
            scene = cached or self._look(query, timings)
            self._store(query.scene_key, scene)
            instruction = self._model.instruct(scene.scene, query.expression)
        except InputError as error:
            raise Refusal(Status.INVALID_REQUEST, str(error)) from error
        target = instruction.target
        if target.verdict is Verdict.FOUND and not query.from_request:
            self.last_found = FoundResult(scene.scene, target, query.messages, scene.header)
        timings.update(instruction.timings)
        with timed(timings, "extents"):
            objects = [each for result in results_of(instruction) for each in objects_of(result)]
            extents = {each.index: scene.extents[each.index] for each in objects}
            on_support = bool(extents) and scene.extents.up is not None
        answer = Answer(
            instruction=instruction,
            frame=scene.scene.frame,
            masks=scene.scene.proposals.masks,
            header=scene.header,
            cache_hit=cached is not None,
            note="; ".join(filter(None, (query.note, scene.note))),
            timings=timings,
            extents=extents,
            on_support=on_support,
            request_id=query.request_id,
        )
        return self._in_target_frame(answer, scene, query)

    def _in_target_frame(self, answer: Answer, scene: _CachedScene, query: Query) -> Answer:
        """Return the answer in the target frame, or without metres if there is no transform."""
        target, source = query.target_frame, answer.header.frame_id.lstrip("/")
        if not target or target == source or not answer.has_metres:
            return answer
        try:
            camera_pose = self._camera_pose(scene, target, query.deadline)
        except LookupError as error:
            reason = f"no metres, because there is no transform from '{source}' to '{target}'"
            return answer.without_metres(f"{reason}: {error}")
        return replace(answer, frame_id=target, camera_pose=camera_pose)

    def _camera_pose(self, scene: _CachedScene, target: str, deadline: float) -> Pose:
        """Return the camera's pose in the frame ``target``; raise LookupError without one."""
        poses = scene.camera_poses
        if target not in poses:
            poses[target] = self._look_up(target, scene.header, deadline)
        return poses[target]

    def _look(self, query: Query, timings: dict[str, float]) -> _CachedScene:
        with timed(timings, "conversion"):
            frame, note, header = _to_frame(query)
        scene = self._model.look(frame)
        timings.update(scene.timings)
        found = _CachedScene(
            scene,
            Extents(scene),
            note,
            messages=None if query.from_request else query.messages,
            header=header,
        )
        if query.target_frame and frame.has_geometry:
            with suppress(LookupError):  # it may still arrive
                self._camera_pose(found, query.target_frame, deadline=0.0)
        return found

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


def _to_frame(query: Query) -> tuple[Frame, str, Header]:
    """Return the frame of a query, the reason for missing metres, and the image's header."""
    try:
        messages = deserialized(query.messages)
        frame, note = assemble_frame(messages, query.assume_registered, query.max_pixels)
    except InputError as error:
        if query.from_request:
            raise
        raise Refusal(Status.NO_IMAGE, f"{query.source} cannot be used: {error}") from error
    if query.from_request and query.messages.depth is None:
        note = "without metres, because the request brought its own image without depth"
    return frame, note, messages.image.message.header
