"""Evaluation on clips: how videos are cut, and the written masks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.small_vatex import save_small_vatex
from support.synthetic_datasets import write_ref_youtube_vos

from zsris_ros import cli
from zsris_ros.baselines.vatex.clip_segmenter import VatexClipSegmenter
from zsris_ros.evaluation.datasets.files import read_pixels
from zsris_ros.evaluation.video.video_evaluation import cut
from zsris_ros.models.load_vatex import load_trained_vatex
from zsris_ros.types import Frame


@given(st.integers(1, 40), st.integers(1, 12))
def test_every_frame_is_new_once_and_no_clip_is_short(count: int, length: int) -> None:
    frames = [f"{number:05d}" for number in range(count)]
    answered: list[str] = []
    for clip, new in cut(frames, length):
        assert len(clip) == min(length, count)
        start = frames.index(clip[0])
        assert clip == frames[start : start + len(clip)]
        answered += clip[-new:]
    assert answered == frames


def test_clips_of_ref_youtube_vos_are_evaluated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three frames in clips of two: the second clip overlaps, and gives the last mask alone."""
    root, out = tmp_path / "data", tmp_path / "out"
    write_ref_youtube_vos(root, videos=("0a1b",))
    checkpoint = save_small_vatex(tmp_path / "vatex.safetensors", backbone="video_small")
    command = ["eval", "ref-youtube-vos", "--root", str(root), "--split", "train", "--clip", "2"]
    command += ["--checkpoint", str(checkpoint), "--out", str(out), "--method"]
    assert cli.main([*command, "vatex"]) == 0
    summary = json.loads((out / "summary.json").read_text())
    assert summary["clip"] == 2 and 0 <= summary["jf"] <= 1
    trained = load_trained_vatex(checkpoint)
    segmenter = VatexClipSegmenter(trained.network, trained.clip)
    folder = root / "train" / "JPEGImages" / "0a1b"
    frames = [Frame(read_pixels(path, "RGB")) for path in sorted(folder.glob("*.jpg"))]
    first, last = (segmenter.look(each) for each in (frames[:2], frames[1:]))
    for number, text in enumerate(("a red square moving right", "the blue square")):
        expected = [*segmenter.refer(first, text), segmenter.refer(last, text)[1]]
        files = sorted((out / "Annotations" / "0a1b" / str(number)).glob("*.png"))
        for path, mask in zip(files, expected, strict=True):
            assert np.array_equal(read_pixels(path) > 0, mask)

    command.remove("--checkpoint")
    command.remove(str(checkpoint))
    assert cli.main([*command, "hybridgl"]) == cli.FAILED
    assert "hybridgl answers frame by frame" in capsys.readouterr().err
