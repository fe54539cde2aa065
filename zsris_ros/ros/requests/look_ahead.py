"""Look-ahead: computes the scene of the newest frame before a request arrives.

It runs while the worker is idle and stops at the next stage boundary when a request about another
frame waits.
"""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from zsris_ros.ros.inputs.serialized import CameraBuffer
from zsris_ros.ros.lifecycle.worker import JobCancelled, Worker
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.requests.frame_selection import is_near
from zsris_ros.ros.requests.request_handler import Query, RequestHandler
from zsris_ros.tracing.stages import stage_hook


class LookAhead:
    """Keeps one scene prepared. ``requested`` is the key of the last request's frame."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.requested: Hashable = None

    def on_frame(
        self, buffer: CameraBuffer, parameters: Parameters, handler: RequestHandler
    ) -> None:
        """Schedule the newest frame; called when images have arrived."""
        if parameters.look_ahead > 0:
            self._worker.submit_idle(partial(self._prepare, buffer, parameters, handler))

    def _prepare(
        self, buffer: CameraBuffer, parameters: Parameters, handler: RequestHandler
    ) -> None:
        messages, prepared = buffer.newest(), handler.prepared
        if messages is None:
            return
        # Half of the tolerance, so that the prepared scene never becomes too old.
        if prepared is not None and is_near(prepared, messages, parameters.look_ahead / 2):
            return
        query = Query(
            "",
            messages,
            "the image",
            ("camera", *messages.key),
            target_frame=parameters.target_frame.lstrip("/"),
            assume_registered=parameters.assume_registered,
            max_pixels=parameters.max_pixels,
        )
        with stage_hook(partial(self._cancel_if_delaying, query.key)):
            handler.prepare(query)

    def _cancel_if_delaying(self, key: Hashable, stage: str) -> AbstractContextManager[None]:
        others = self._worker.is_awaited_by_others
        if others or (self._worker.pending and self.requested != key):
            raise JobCancelled("a request is waiting")
        return nullcontext()
