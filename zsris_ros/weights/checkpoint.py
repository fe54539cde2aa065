"""Reading of checkpoints without running code in them, and writing."""

from __future__ import annotations

import os
import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from zsris_ros.weights.catalogue import WeightsError
from zsris_ros.weights.fetch import sha256 as sha256_of


def load_state_dict(path: Path, sha256: str | None = None) -> dict[str, Tensor]:
    """Read the tensors of a checkpoint by name, on the CPU, with their stored dtypes.

    Reads safetensors, and files of ``torch.save`` with ``weights_only``: a pickle with other calls
    than tensor constructors is refused. A TorchScript archive (OpenAI's CLIP) is a program and is
    opened only with a matching ``sha256``. Raises WeightsError when the file is missing, damaged,
    refused, or has another sha256.
    """
    if not path.is_file():
        raise WeightsError(f"the weights {path} are missing")
    if sha256 is not None and (found := sha256_of(path)) != sha256:
        raise WeightsError(f"{path} is refused: its sha256 is {found}, not {sha256}")
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        if _is_torchscript(path):
            return _read_torchscript(path, trusted=sha256 is not None)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except WeightsError:
        raise
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path} is refused: it holds more than tensors, or is no checkpoint at all; save its "
            "state_dict as safetensors"
        ) from error
    except Exception as error:  # a damaged file can raise any type
        raise WeightsError(f"{path} is damaged or is no checkpoint: {error}") from error
    return _tensors(content, path)


def save_state_dict(
    state: Mapping[str, Tensor], path: Path, metadata: Mapping[str, str] | None = None
) -> int:
    """Write tensors as safetensors, floating ones in half precision; return the size in bytes.

    The file gets its name when it is complete. ``metadata`` stands in its header.
    """
    cpu = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    halved = {
        name: value.half() if value.is_floating_point() else value for name, value in cpu.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(safetensors.torch.save(halved, dict(metadata) if metadata else None))
    os.replace(partial, path)
    return path.stat().st_size


def _tensors(content: Any, path: Path) -> dict[str, Tensor]:
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not content:
        raise WeightsError(f"{path} holds no state_dict")
    wrong = [name for name, value in content.items() if not isinstance(value, Tensor)]
    if wrong:
        raise WeightsError(f"{path} holds no state_dict: '{wrong[0]}' is not a tensor")
    return dict(content)


def _is_torchscript(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def _read_torchscript(path: Path, trusted: bool) -> dict[str, Tensor]:
    if not trusted:
        raise WeightsError(
            f"{path} is refused: a TorchScript archive is a program, and is opened only with the "
            "sha256 of a catalogued checkpoint"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the publisher's format
        module = torch.jit.load(path, map_location="cpu")
    return dict(module.state_dict())


def torch_flaw(version: str) -> str | None:
    """Return the effect of a forged checkpoint on a torch version; None from 2.10 on."""
    number = tuple(int(part) for part in version.split(".")[:2])
    if number < (2, 6):
        return "can run code hidden in a checkpoint (CVE-2025-32434); use torch 2.6 or newer"
    if number < (2, 10):
        return "can be crashed by a forged checkpoint (CVE-2026-24747); use torch 2.10 or newer"
    return None
