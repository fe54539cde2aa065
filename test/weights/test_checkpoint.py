"""Checkpoints are read without running code in them."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections import OrderedDict
from pathlib import Path

import pytest
import safetensors.torch
import torch

from zsris_ros.models.load import load_models
from zsris_ros.models.load_options import LoadOptions
from zsris_ros.weights.catalogue import WeightsError
from zsris_ros.weights.checkpoint import load_state_dict

TENSORS = {
    "weight": torch.arange(6.0).reshape(2, 3),
    "half": torch.ones(2, dtype=torch.float16),
    "count": torch.tensor(7),
}


class Bomb:
    """Unpickling creates a directory, a harmless trace of executed code."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def assert_same(found: dict[str, torch.Tensor]) -> None:
    assert set(found) == set(TENSORS)
    for name, value in TENSORS.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    safetensors.torch.save_file(TENSORS, path)
    assert_same(load_state_dict(path))
    assert_same(load_state_dict(path, digest(path)))


@pytest.mark.parametrize("wrap", [dict, OrderedDict, lambda state: {"state_dict": state}])
@pytest.mark.parametrize("zipped", [True, False])
def test_files_of_torch_save(tmp_path: Path, wrap: type[dict], zipped: bool) -> None:
    path = tmp_path / "model.pth"
    torch.save(wrap(TENSORS), path, _use_new_zipfile_serialization=zipped)
    assert_same(load_state_dict(path))
    assert_same(load_state_dict(path, digest(path)))


@pytest.mark.weights("a checkpoint that carries code: refused, and nothing of it is run")
@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_carries_code_is_refused_and_not_run(tmp_path: Path, zipped: bool) -> None:
    path, trace = tmp_path / "model.pth", tmp_path / "it ran"
    torch.save({**TENSORS, "bomb": Bomb(trace)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightsError, match="refused: it holds more than tensors"):
        load_state_dict(path)
    with pytest.raises(WeightsError, match="refused"):
        load_state_dict(path, digest(path))
    assert not trace.exists()
    torch.load(path, weights_only=False)  # without protection it runs
    assert trace.exists()


@pytest.mark.weights("a TorchScript archive without a catalogued sha256: refused")
def test_a_torchscript_archive_needs_a_known_sha256(tmp_path: Path) -> None:
    """OpenAI's CLIP checkpoints have this form."""
    path = tmp_path / "model.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(torch.nn.Linear(3, 2)), path)
    with pytest.raises(WeightsError, match="TorchScript archive is a program"):
        load_state_dict(path)
    with pytest.raises(WeightsError, match="its sha256 is"):
        load_state_dict(path, "0" * 64)
    state = load_state_dict(path, digest(path))
    assert {name: tuple(value.shape) for name, value in state.items()} == {
        "weight": (2, 3),
        "bias": (2,),
    }


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("content", [b"", b"\0" * 8, b"PK\x03\x04 not really", b"text" * 1000])
def test_other_files_are_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"model\."):
        load_state_dict(path)


def test_a_truncated_checkpoint_is_refused(tmp_path: Path) -> None:
    for name, save in (("a.pth", torch.save), ("a.safetensors", safetensors.torch.save_file)):
        path = tmp_path / name
        save(TENSORS, path)
        path.write_bytes(path.read_bytes()[:-40])
        with pytest.raises(WeightsError, match="a\\."):
            load_state_dict(path)


@pytest.mark.parametrize("content", [[1, 2], {}, {"step": 3}, torch.ones(2)])
def test_a_file_without_a_state_dict_is_refused(tmp_path: Path, content: object) -> None:
    path = tmp_path / "model.pth"
    torch.save(content, path)
    with pytest.raises(WeightsError, match="holds no state_dict"):
        load_state_dict(path)


def test_a_missing_file_and_a_wrong_hash(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="missing"):
        load_state_dict(tmp_path / "nothing.pth")
    path = tmp_path / "model.safetensors"
    safetensors.torch.save_file(TENSORS, path)
    with pytest.raises(WeightsError, match="its sha256 is"):
        load_state_dict(path, "0" * 64)


@pytest.mark.weights("torch with known weaknesses in loading is warned of")
@pytest.mark.parametrize(
    ("version", "flaw"),
    [("2.5.1+cu121", "CVE-2025-32434"), ("2.9.1", "CVE-2026-24747"), ("2.10.0", None)],
)
def test_an_old_torch_is_warned_of(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    version: str,
    flaw: str | None,
) -> None:
    monkeypatch.setattr(torch, "__version__", version)
    load_models("tabletop", LoadOptions(device="cpu"))
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [version in text and str(flaw) in text for text in said] == ([True] if flaw else [])
