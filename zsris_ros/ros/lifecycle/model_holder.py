"""The models behind the node: loaded into main memory, moved to their device and back."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Protocol

from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.requests.request_handler import Segmenter
from zsris_ros.types import Frame, ReferringResult, RegionOfInterest, Scene


class Model(Segmenter, Protocol):
    """A segmenter that can be put aside. It answers only while it is on its device."""

    def look_for_tracking(self, frame: Frame, window: RegionOfInterest | None = None) -> Scene:
        """What a tracker needs of a frame, or of a window of it."""

    def to_device(self) -> None:
        """Onto the device it was loaded for."""

    def to_memory(self) -> None:
        """Into main memory; nothing of it is left on a GPU."""

    def gpu_memory(self) -> str:
        """How full the GPU is, for people."""


ModelLoader = Callable[[Parameters], Model]


class TorchModel:
    """The models of the chosen weights; see ``Model``.

    torch is imported here, in the thread that loads them. Raises WeightsError as ``load_parts``.
    """

    def __init__(self, chosen: Parameters) -> None:
        from zsris_ros.models.load import load_parts
        from zsris_ros.torch_utils.precision import resolve_device

        self._device = resolve_device(chosen.device)
        self._parts = load_parts(
            chosen.weights,
            device=str(self._device),  # where the precision proves itself
            precision=chosen.precision,
            directory=chosen.weights_dir or None,
            depth_proposals=chosen.depth_proposals,
            parser=chosen.parser,
            batch_size=chosen.batch_size or None,
            surround=chosen.surround,
        )
        self._segmenter = self._parts.segmenter()
        self.to_memory()

    def look(self, frame: Frame) -> Scene:
        """As ``Segmenter.look``."""
        return self._segmenter.look(frame)

    def refer(self, scene: Scene, expression: str) -> ReferringResult:
        """As ``Segmenter.refer``."""
        return self._segmenter.refer(scene, expression)

    def look_for_tracking(self, frame: Frame, window: RegionOfInterest | None = None) -> Scene:
        """As ``Segmenter.look_for_tracking``."""
        return self._segmenter.look_for_tracking(frame, window)

    def to_device(self) -> None:
        """As ``Model.to_device``."""
        self._parts.to(self._device)

    def to_memory(self) -> None:
        """As ``Model.to_memory``."""
        import torch

        self._parts.to(torch.device("cpu"))
        if self._device.type == "cuda":
            gc.collect()  # before the cache is emptied: what lives in cycles occupies it, too
            torch.cuda.empty_cache()

    def gpu_memory(self) -> str:
        """As ``Model.gpu_memory``."""
        import torch

        if self._device.type != "cuda":
            return "not used"
        free, total = torch.cuda.mem_get_info(self._device)
        used = torch.cuda.memory_allocated(self._device)
        return f"{used >> 20} MiB used here, {free >> 20} of {total >> 20} MiB free"
