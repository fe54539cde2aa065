"""The models of the node: loaded, moved to their device and back."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
torch = pytest.importorskip("torch")

from support.small_vatex import save_small_vatex
from support.stand_in_model import StandIn

from zsris_ros.ros.lifecycle.model_holder import SharedModel, TorchModel
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.types import Frame, InputError, Verdict
from zsris_ros.weights.catalogue import WeightsError


def frame() -> Frame:
    picture = np.full((240, 320, 3), 120, np.uint8)
    picture[80:140, 60:120] = 200, 20, 20
    return Frame(picture)


def test_results_are_equal_after_a_round_trip_to_memory() -> None:
    model = TorchModel(Parameters(device="cpu", parser="rules"))
    model.to_device()
    first = model.instruct(model.look(frame()), "the red thing")
    model.to_memory()
    model.to_device()
    second = model.instruct(model.look(frame()), "the red thing")
    assert first.verdict is second.verdict is not Verdict.NOT_FOUND
    assert np.array_equal(first.target.mask, second.target.mask)
    assert first.target.mask.any()
    assert model.gpu_memory() == "not used"


def test_the_log_names_weights_precision_and_device(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "zsris_ros")
    TorchModel(Parameters(device="cpu", parser="rules")).check_device()
    info, warning = (each for each in caplog.records if "model_holder" in each.name)
    assert "weights 'household' in float32 on cpu, " in info.getMessage()
    assert warning.levelno == logging.WARNING
    assert "bundled weights 'household' know only" in warning.getMessage()
    assert "fetch openai-sam-b" in warning.msg


def test_weights_may_be_a_trained_vatex(tmp_path: Path) -> None:
    checkpoint = save_small_vatex(tmp_path / "vatex.safetensors")
    model = TorchModel(Parameters(weights=str(checkpoint), device="cpu", parser="rules"))
    model.to_device()
    result = model.instruct(model.look(frame()), "the red thing").target
    assert result.mask.shape == (240, 320)
    assert result.explanation.startswith("vatex, parser rules")


def test_missing_weights_are_named() -> None:
    with pytest.raises(WeightsError, match="no-such-weights"):
        TorchModel(Parameters(weights="no-such-weights"))


class Counting(StandIn):
    """Keeps where it was moved to."""

    def __init__(self) -> None:
        self.moves: list[str] = []

    def to_device(self) -> None:
        self.moves.append("device")

    def to_memory(self) -> None:
        self.moves.append("memory")


def test_nodes_share_a_model_that_moves_with_the_first_and_the_last_active_one() -> None:
    loaded: list[Counting] = []

    def load(_: Parameters) -> Counting:
        loaded.append(Counting())
        return loaded[-1]

    shared = SharedModel(load)
    first, second = shared.load(Parameters()), shared.load(Parameters(max_pending=3))
    first.to_device()
    second.to_device()
    first.to_memory()
    assert loaded[0].moves == ["device"]
    first.to_memory()  # again, as after a failed transition
    second.to_memory()
    assert len(loaded) == 1 and loaded[0].moves == ["device", "memory"]
    with pytest.raises(InputError, match="loaded with weights 'household', not 'tabletop'"):
        shared.load(Parameters(weights="tabletop"))
    del first, second
    shared.load(Parameters(weights="tabletop"))
    assert len(loaded) == 2, "without users the model is dropped"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
def test_nothing_is_left_on_the_gpu() -> None:
    torch.zeros(1, device="cuda")  # creates CUDA's context
    torch.cuda.empty_cache()
    before = torch.cuda.memory_reserved()
    model = TorchModel(Parameters(device="cuda", parser="rules"))
    assert torch.cuda.memory_allocated() == 0, "loading leaves nothing on the GPU"
    assert torch.cuda.memory_reserved() <= before + 2**25  # cuBLAS keeps a workspace
    for _ in range(3):
        model.to_device()
        scene = model.look(frame())
        model.instruct(scene, "the red thing")
        assert "MiB used here" in model.gpu_memory()
        del scene
        model.to_memory()
        assert torch.cuda.memory_allocated() == 0
        assert torch.cuda.memory_reserved() <= before + 2**25  # cuBLAS keeps a workspace
