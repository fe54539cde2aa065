"""`zsris train` end to end with one step: it writes both files and resumes."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
import torch

from zsris_ros import cli
from zsris_ros.simulation.render import RenderingUnavailable, import_mujoco
from zsris_ros.simulation.training_set import PROPOSALS, VIEWS
from zsris_ros.training.household import clip_batches, train_sam

FILES = ("sam.safetensors", "clip.safetensors", "sam_training.pt", "clip_training.pt")


@pytest.mark.slow
def test_the_command_trains_and_resumes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        import_mujoco()
    except RenderingUnavailable as error:
        pytest.skip(str(error))
    for module, name, small in (
        (clip_batches, "ClipSchedule", {"crops": 32, "captions": 8, "other_names": 12}),
        (train_sam, "SamSchedule", {"batch": 2}),
    ):
        monkeypatch.setattr(module, name, partial(getattr(module, name), **small))
    command = ["train", "--out", str(tmp_path), "--layouts", "1", "--tabletop-layouts", "1"]
    command += ["--workers", "1"]
    assert cli.main([*command, "--sam-steps", "1", "--clip-steps", "1"]) == 0
    assert all((tmp_path / name).is_file() for name in FILES)
    for each in ("sam", "clip"):
        columns, *rows = (tmp_path / f"{each}_training.csv").read_text().splitlines()
        assert columns.startswith("step,rate,") and len(rows) == 1
    assert "sam.safetensors" in capsys.readouterr().out
    assert "mug" in json.loads((tmp_path / "kinds.json").read_text())["dish"]
    assert "red" in json.loads((tmp_path / "colours.json").read_text())
    for each in ("household", "tabletop"):
        proposals = (tmp_path / each / PROPOSALS).read_text().splitlines()
        assert len(proposals) == VIEWS and any(json.loads(line) for line in proposals)
    pictures = (tmp_path / "household" / "rgb.npy").stat().st_mtime_ns
    first = (tmp_path / "sam.safetensors").read_bytes()

    assert cli.main([*command, "--sam-steps", "1", "--clip-steps", "2"]) == 0
    assert (tmp_path / "household" / "rgb.npy").stat().st_mtime_ns == pictures
    assert (tmp_path / "sam.safetensors").read_bytes() == first, "its one step was done"
    saved = torch.load(tmp_path / "clip_training.pt", map_location="cpu", weights_only=True)
    assert saved["step"] == 2
