"""The models of the node: loaded into main memory, moved to their device and back."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from importlib import import_module
from typing import Protocol

from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.types import Frame, InstructionResult, RegionOfInterest, Scene

LOG = logging.getLogger(__name__)


class Model(Protocol):
    """A segmenter that can leave its device; it works only while it is there.

    ``look`` and ``instruct`` raise InputError for an unusable frame or text.
    """

    def look(self, frame: Frame) -> Scene:
        """Compute the proposals and features of a frame."""

    def instruct(self, scene: Scene, text: str) -> InstructionResult:
        """Find the objects of an expression or an instruction in a scene."""

    def look_for_tracking(self, frame: Frame, region: RegionOfInterest | None = None, /) -> Scene:
        """Compute the proposals and features of a region for the tracker; None: of all."""

    def to_device(self) -> None:
        """Move the models to their device."""

    def to_memory(self) -> None:
        """Move the models to main memory and free the GPU."""

    def gpu_memory(self) -> str:
        """Return the use of GPU memory as text."""

    def check_device(self) -> None:
        """Raise an exception if the device cannot compute any more."""


ModelLoader = Callable[[Parameters], Model]


class TorchModel:
    """The models of a weights preset.

    torch, and SciPy for the planner of grasps, are imported here, in the worker thread. Raises
    WeightsError as ``load_models`` does.
    """

    def __init__(self, parameters: Parameters) -> None:
        import_module("zsris_ros.grasping.planner")
        from zsris_ros.models.load import load_models
        from zsris_ros.models.load_options import LoadOptions
        from zsris_ros.torch_utils.precision import resolve_device

        self._device = resolve_device(parameters.device)
        self._models = load_models(
            parameters.weights,
            LoadOptions(
                device=str(self._device),  # the device on which half precision is verified
                precision=parameters.precision,
                directory=parameters.weights_dir or None,
                depth_proposals=parameters.depth_proposals,
                parser=parameters.parser,
                batch_size=parameters.batch_size or None,
                surround=parameters.surround,
            ),
        )
        segmenter = self._models.segmenter()
        self.look, self.instruct = segmenter.look, segmenter.instruct
        self.look_for_tracking = segmenter.look_for_tracking
        self._log_models(parameters.weights)
        self.to_memory()

    def to_device(self) -> None:
        """Move the models to their device."""
        self._models.to(self._device)

    def to_memory(self) -> None:
        """Move the models to main memory and free the GPU."""
        import torch

        self._models.to(torch.device("cpu"))
        if self._device.type == "cuda":
            gc.collect()  # reference cycles occupy the cache, too
            torch.cuda.empty_cache()

    def check_device(self) -> None:
        """Raise an exception if the device cannot compute any more.

        After an illegal access or a failed assertion every call of CUDA fails in this process.
        """
        import torch

        if self._device.type == "cuda":
            torch.ones(1, device=self._device).sum().item()

    def _log_models(self, weights: str) -> None:
        """Log what runs where, and a warning of the weights of the demo."""
        import torch

        from zsris_ros.models.preset import checkpoints

        device = f"{self._device}, {torch.get_num_threads()} threads"
        if self._device.type == "cuda":
            device = f"{self._device}, {torch.cuda.get_device_name(self._device)}"
        precision = str(self._models.encoder.clip.dtype).removeprefix("torch.")
        LOG.info("weights '%s' in %s on %s", weights, precision, device)
        if not checkpoints(weights):
            LOG.warning(
                "the weights '%s' are made for the demo and know only the objects of a simulated "
                "table: `zsris weights fetch openai-sam-b`, then set the parameter weights",
                weights,
            )

    def gpu_memory(self) -> str:
        """Return the use of GPU memory as text."""
        import torch

        if self._device.type != "cuda":
            return "not used"
        free, total = torch.cuda.mem_get_info(self._device)
        used = torch.cuda.memory_allocated(self._device)
        return f"{used >> 20} MiB used here, {free >> 20} of {total >> 20} MiB free"
