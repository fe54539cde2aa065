"""The models of the node: loaded into main memory, moved to their device and back."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from importlib import import_module
from typing import Protocol
from weakref import WeakSet

from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.types import Frame, InputError, InstructionResult, RegionOfInterest, Scene

LOG = logging.getLogger(__name__)

MODEL_PARAMETERS = (
    *("weights", "weights_dir", "device", "precision", "surround"),
    *("depth_proposals", "parser", "batch_size"),
)
"""The parameters that a model is loaded with."""


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


class SharedModel:
    """Loads one model for all nodes of a process; ``load`` is the ModelLoader of each.

    The model is on its device while one of the nodes is active, and is freed with the last node
    that drops it. All calls belong to the worker thread that the nodes share.
    """

    def __init__(self, load_model: ModelLoader) -> None:
        self._load_model = load_model
        self._shares: WeakSet[_Share] = WeakSet()

    def load(self, parameters: Parameters) -> Model:
        """Return the loaded model, or load it.

        Raises:
            InputError: The model is loaded with other parameters.
        """
        wanted = {name: getattr(parameters, name) for name in MODEL_PARAMETERS}
        share = next(iter(self._shares), None)
        if share is None:
            share = _Share(self._load_model(parameters), wanted, set())
        else:
            for name, value in wanted.items():
                loaded = share.parameters[name]
                if value != loaded:
                    raise InputError(
                        f"the nodes of this process share one model, which is loaded with {name} "
                        f"{loaded!r}, not {value!r}: set the same for all, or clean the others up"
                    )
            share = _Share(share.model, wanted, share.users)
        self._shares.add(share)
        return share


class _Share:
    """One node's share of ``model``; ``users`` are the ids of the shares of active nodes."""

    def __init__(self, model: Model, parameters: dict[str, object], users: set[int]) -> None:
        self.model, self.parameters, self.users = model, parameters, users
        self.look, self.instruct = model.look, model.instruct
        self.look_for_tracking = model.look_for_tracking
        self.gpu_memory, self.check_device = model.gpu_memory, model.check_device

    def to_device(self) -> None:
        """Move the model to its device for the first active node."""
        if not self.users:
            self.model.to_device()
        self.users.add(id(self))

    def to_memory(self) -> None:
        """Move the model to main memory after the last active node."""
        self.users.discard(id(self))
        if not self.users:
            self.model.to_memory()


class TorchModel:
    """The models of a weights preset, or of a trained VATEX.

    torch, and SciPy for the planner of grasps, are imported here, in the worker thread. Raises
    WeightsError as ``load_robot_models`` does.
    """

    def __init__(self, parameters: Parameters) -> None:
        import_module("zsris_ros.grasping.planner")
        from zsris_ros.models.load_options import LoadOptions
        from zsris_ros.models.robot_models import load_robot_models
        from zsris_ros.torch_utils.precision import resolve_device

        self._device = resolve_device(parameters.device)
        self._models = load_robot_models(
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
        """Log weights, precision and device, and a warning of the bundled weights."""
        import torch

        from zsris_ros.models.preset import checkpoints, preset_names

        device = f"{self._device}, {torch.get_num_threads()} threads"
        if self._device.type == "cuda":
            device = f"{self._device}, {torch.cuda.get_device_name(self._device)}"
        precision = str(self._models.dtype).removeprefix("torch.")
        LOG.info("weights '%s' in %s on %s", weights, precision, device)
        if weights in preset_names() and not checkpoints(weights):
            LOG.warning(
                "the bundled weights '%s' know only the objects of their simulated scenes: `zsris "
                "weights fetch openai-sam-b`, then set the parameter weights",
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
