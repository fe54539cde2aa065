"""Training on clips: batches of video frames, and rendered videos."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from support.small_clip import small_clip
from support.synthetic_datasets import small_scenes, write_ref_youtube_vos, write_refcoco

from zsris_ros import cli
from zsris_ros.baselines.published_query import PublishedReader
from zsris_ros.baselines.vatex.clip_segmenter import VatexClipSegmenter
from zsris_ros.baselines.vatex.frozen_clip import FrozenClip
from zsris_ros.baselines.vatex.vatex_settings import VatexSettings
from zsris_ros.evaluation.datasets.refcoco import RefcocoData
from zsris_ros.evaluation.datasets.referring_video import ref_youtube_vos
from zsris_ros.evaluation.metrics import iou
from zsris_ros.training.vatex.batches import Examples, pack, unpack
from zsris_ros.training.vatex.vatex_training import Process, VatexSchedule, train_vatex
from zsris_ros.types import Frame, InputError


def test_clips_are_consecutive_frames_of_one_video(tmp_path: Path) -> None:
    write_ref_youtube_vos(tmp_path)
    data = ref_youtube_vos(tmp_path, "train")
    assert data.clip_names(1) == data.names()
    assert data.clip_names(2) == ["0a1b/00000", "0a1b/00005", "2c3d/00000", "2c3d/00005"]
    assert data.clip_names(4) == []
    clip = data.clip("0a1b/00005", 2)
    assert clip.rgb.shape == (2, 48, 64, 3) and clip.masks.shape == (2, 2, 48, 64)
    frames = [data.item(f"0a1b/{frame}") for frame in ("00005", "00010")]
    for number, frame in enumerate(frames):
        assert np.array_equal(clip.rgb[number], frame.frame.rgb)
        assert np.array_equal(clip.masks[0, number], frame.masks[0])
    assert not clip.masks[1, 1].any(), "the blue square is hidden in the last frame"
    assert len(clip.questions) == 2 and len(frames[1].questions) == 1
    with pytest.raises(InputError, match="fewer than 2 frames follow"):
        data.clip("0a1b/00010", 2)


@pytest.mark.parametrize("triplets", [1, 2])
def test_each_row_of_a_batch_is_a_sentence_in_a_frame(tmp_path: Path, triplets: int) -> None:
    """The mask of a sentence about red lies on red pixels of the row's own frame."""
    write_ref_youtube_vos(tmp_path)
    clip = FrozenClip(small_clip(), PublishedReader())
    data, count = ref_youtube_vos(tmp_path, "train"), 3 * triplets
    examples = Examples(data, 2, 96, seed=5, clip_length=3, triplets=triplets)[0]
    batch = unpack(pack(examples, clip), clip)
    assert len(batch.images) == 6 and batch.targets.triplets.shape == (2 * triplets,)
    assert len(batch.targets.masks) == len(batch.texts.words) == 6 * count
    sentences = [text for each in examples for text in each.sentences]
    small = torch.nn.functional.avg_pool2d(batch.images, 4)
    absent = []
    for row, mask in enumerate(batch.targets.masks):
        sentence, frame = divmod(row, 3)
        assert batch.image_of[row] == sentence // count * 3 + frame
        if not batch.targets.present[row]:
            absent.append((sentences[sentence], frame))
            continue
        red, _, blue = small[batch.image_of[row], :, mask > 0.99].mean(1)
        assert (red > blue) == ("red" in sentences[sentence])
    assert set(absent) == {("the blue square", 2)}


def test_a_network_learns_where_an_object_is_absent(tmp_path: Path) -> None:
    write_ref_youtube_vos(tmp_path, videos=("0a1b",))
    data = ref_youtube_vos(tmp_path, "train")
    clip = FrozenClip(small_clip(), PublishedReader())
    sizes = VatexSettings.small(
        short_side=64, width=32, heads=2, encoder_layers=1, backbone="video_small"
    )
    schedule = VatexSchedule(steps=36, learning_rate=3e-3, warm_up=10, batch=1)
    alone = Process(torch.device("cpu"))
    network = train_vatex(data, clip, sizes, tmp_path, schedule, alone, clip_length=3)
    truth = data.clip("0a1b/00000", 3)
    segmenter = VatexClipSegmenter(network, clip)
    scene = segmenter.look([Frame(rgb) for rgb in truth.rgb])
    for question in truth.questions:
        masks = segmenter.refer(scene, question.text)
        ious = [iou(a, b) for a, b in zip(truth.masks[question.targets[0]], masks, strict=True)]
        assert min(ious) > 0.6, "1 where both masks are empty"
    assert not masks[2].any(), "the blue square is hidden in the last frame"


def test_single_images_have_no_clips(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_refcoco(tmp_path, small_scenes()[:1], splits=("train",))
    with pytest.raises(InputError, match="holds single images"):
        Examples(RefcocoData(tmp_path, "refcoco", "unc", "train"), 1, 96, 0, clip_length=2)
    out = ["--out", str(tmp_path / "out")]
    assert cli.main(["train-vatex", "tabletop", "--clip", "2", *out]) == cli.FAILED
    assert "--clip 2 needs videos, and tabletop holds single images" in capsys.readouterr().err
    assert not (tmp_path / "out").exists(), "refused before anything is rendered"


def test_videos_shorter_than_a_clip_are_refused(tmp_path: Path) -> None:
    write_ref_youtube_vos(tmp_path)
    with pytest.raises(InputError, match="no video of 4 frames: take shorter clips"):
        Examples(ref_youtube_vos(tmp_path, "train"), 1, 96, 0, clip_length=4)


def test_rendered_videos_are_trained_on_and_evaluated(tmp_path: Path) -> None:
    small_scenes()  # skips without rendering
    frames = tmp_path / "out" / "frames"
    train = ["train-vatex", "clips", "--scenes", "1", "--frames", "2", "--validate", "1"]
    size = ["--size", "small", "--short-side", "64", "--backbone", "video_small", "--clip", "2"]
    assert (
        cli.main([*train, *size, "--batch", "1", "--steps", "1", "--out", str(frames.parent)]) == 0
    )
    for split in ("train", "val"):
        data = ref_youtube_vos(frames, split)
        (video,) = data.videos
        assert len(video.frames) == 2 and len(video.expressions) > 5
        for frame in video.frames:
            labels = data.labels(video.name, frame)
            assert {each.target for each in video.expressions} <= set(np.unique(labels))
    validation = (frames.parent / "validation.csv").read_text()
    assert validation.startswith("step,miou")

    out = tmp_path / "eval"
    checkpoint = ["--checkpoint", str(frames.parent / "vatex.safetensors"), "--clip", "2"]
    command = ["eval", "ref-youtube-vos", "--root", str(frames), "--split", "val", *checkpoint]
    assert cli.main([*command, "--out", str(out)]) == 0
    summary = json.loads((out / "summary.json").read_text())
    assert summary["expressions"] == len(video.expressions) and summary["clip"] == 2
    assert len(list((out / "Annotations").rglob("*.png"))) == 2 * summary["expressions"]
