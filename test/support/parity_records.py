"""Recorded results of the published code.

The directory is ``ZSRIS_PARITY_DIR``, by default ``../shared/parity`` beside the repository;
without it the tests skip. The tests iterate over the cases in the files.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from zsris_ros.vision.clip import ClipModel, openai_architecture
from zsris_ros.vision.open_clip_model import State

ROOT = Path(
    os.environ.get("ZSRIS_PARITY_DIR") or Path(__file__).resolve().parents[3] / "shared" / "parity"
)

FEATURES, LOGITS, SCORES = 2e-5, 1e-4, 1e-5  # absolute tolerances of fp32


def keys(name: str, pattern: str = "") -> list[Any]:
    """Matching array names of a file to parametrise by; one skipped case without the file."""
    if not (ROOT / name).exists():
        reason = f"{name} is not in {ROOT}; set ZSRIS_PARITY_DIR to the recorded fixtures"
        return [pytest.param("absent", marks=pytest.mark.skip(reason=reason))]
    with np.load(ROOT / name) as stored:
        found = [key for key in stored.files if re.search(pattern, key)]
    assert found, f"{name} holds nothing that matches {pattern!r}"
    return found


def array(name: str, key: str) -> npt.NDArray[Any]:
    with np.load(ROOT / name) as stored:
        return np.asarray(stored[key])


def tensor(name: str, key: str) -> torch.Tensor:
    return torch.from_numpy(array(name, key))


def read_json(name: str) -> Any:
    return json.loads((ROOT / name).read_text())


def sentences() -> list[Any]:
    """Recorded sentences to parametrise by; one skipped case if absent."""
    if not (ROOT / "end_to_end.json").exists():
        return [pytest.param({}, marks=pytest.mark.skip(reason=f"no end_to_end.json in {ROOT}"))]
    return [pytest.param(one, id=one["id"]) for one in read_json("end_to_end.json")["sentences"]]


def recorded_sentence(sentence: dict[str, Any]) -> dict[str, npt.NDArray[Any]]:
    """Return the recorded arrays of a sentence by their names."""
    name = "end_to_end.npz"
    return {key.split("/")[1]: array(name, key) for key in keys(name, sentence["id"])}


def assert_close(measured: Any, expected: Any, tolerance: float) -> None:
    measured, expected = np.asarray(measured), np.asarray(expected)
    assert measured.shape == expected.shape
    np.testing.assert_allclose(measured, expected, rtol=0, atol=tolerance, equal_nan=True)


def recorded_clip(state: State, precision: str = "fp32") -> ClipModel:
    """Return the recorded CLIP, with the recording's substitute for the tokenizer."""
    architecture = openai_architecture(state)
    return ClipModel.load(architecture, state, precision=precision, tokenizer=hash_tokens)


def hash_tokens(texts: Sequence[str]) -> torch.Tensor:
    """The recording's substitute for CLIP's tokenizer: one hashed id a word."""
    rows = torch.zeros(len(texts), 77, dtype=torch.int64)
    for row, text in zip(rows, texts, strict=True):
        words = re.sub(r"([.,])", r" \1 ", text.lower()).split()
        numbers = [510, *(1 + zlib.crc32(word.encode()) % 509 for word in words)][:76]
        row[: len(numbers) + 1] = torch.tensor([*numbers, 511])
    return rows
