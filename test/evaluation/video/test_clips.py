"""Inference on clips: how videos are cut, and which query answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.small_clip import small_clip
from support.small_vatex import TINY, save_small_vatex
from support.synthetic_datasets import painted_video, write_ref_youtube_vos

from zsris_ros import cli
from zsris_ros.baselines.published_query import PublishedReader
from zsris_ros.baselines.vatex.clip_segmenter import VatexClipSegmenter
from zsris_ros.baselines.vatex.frozen_clip import FrozenClip
from zsris_ros.baselines.vatex.network import Vatex
from zsris_ros.baselines.vatex.vatex_segmenter import vatex_segmenter
from zsris_ros.evaluation.datasets.files import read_pixels
from zsris_ros.evaluation.video.video_evaluation import cut
from zsris_ros.models.load_vatex import load_frozen_clip, load_network
from zsris_ros.types import Frame, InputError

TEXT = "the red square"


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


@pytest.fixture(scope="module")
def frozen() -> FrozenClip:
    return FrozenClip(small_clip(), PublishedReader())


@pytest.fixture(scope="module")
def network(frozen: FrozenClip) -> Vatex:
    torch.manual_seed(0)
    return Vatex(TINY, frozen.word_width, frozen.heat_length).eval()


def moving_frames() -> list[Frame]:
    images, _ = painted_video(0)
    return [Frame(image) for image in images]


def test_a_clip_of_one_frame_is_answered_as_an_image(network: Vatex, frozen: FrozenClip) -> None:
    clips, images = VatexClipSegmenter(network, frozen), vatex_segmenter(network, frozen)
    for frame in moving_frames():
        (mask,) = clips.refer(clips.look([frame]), TEXT)
        assert np.array_equal(mask, images.refer(images.look(frame), TEXT).mask)


def test_the_query_of_the_highest_mean_probability_answers(
    network: Vatex, frozen: FrozenClip
) -> None:
    """Backbones for images see each frame alone, so that frames are computed one by one here."""
    clips = VatexClipSegmenter(network, frozen)
    frames = moving_frames()
    probabilities, masks = [], []
    for frame in frames:
        scene = clips.look([frame])
        with torch.no_grad():
            output = network.segment(scene.levels, frozen.encode([TEXT], scene.tokens))
        probabilities.append(output.predictions[-1].classes[0].sigmoid())
        masks.append(output.predictions[-1].masks[0])
    best = int(torch.stack(probabilities).mean(0).argmax())
    whole = clips.refer(clips.look(frames), TEXT)
    assert whole.shape == (3, 48, 64)
    for mask, logits in zip(whole, masks, strict=True):
        # The image of 64x85 pixels fills the top left of its padding.
        grown = torch.nn.functional.interpolate(
            logits[None, [best]], scale_factor=4, mode="bilinear"
        )
        expected = torch.nn.functional.interpolate(grown[..., :64, :85], (48, 64), mode="bilinear")[
            0, 0
        ]
        assert (mask == (expected > 0).numpy()).mean() > 0.999
    assert not VatexClipSegmenter(network, frozen, 1.1).refer(clips.look(frames), TEXT).any()


def test_frames_of_other_sizes_are_no_clip(network: Vatex, frozen: FrozenClip) -> None:
    frames = [*moving_frames(), Frame(np.zeros((50, 64, 3), np.uint8))]
    with pytest.raises(InputError, match="must have one size"):
        VatexClipSegmenter(network, frozen).look(frames)


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
    network, preset = load_network(checkpoint)
    segmenter = VatexClipSegmenter(network, load_frozen_clip(preset, network.settings))
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
