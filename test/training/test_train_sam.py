"""Training of the small SAM: loading processes, batched decoding, resuming and its time limit."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from zsris_ros.proposals.sam.sam_network import build_sam
from zsris_ros.proposals.sam.sam_proposer import SamProposer
from zsris_ros.proposals.sam.sam_settings import SamSettings
from zsris_ros.simulation.training_set import Images, TrainingSet
from zsris_ros.training import training_loop
from zsris_ros.training.household.export import export_sam
from zsris_ros.training.household.sam_batches import (
    LABEL_CELLS,
    SamBatches,
    centre_offsets,
    imitate_camera,
)
from zsris_ros.training.household.train_sam import (
    AuxiliaryHeads,
    SamSchedule,
    decode,
    sam_loss,
    train_sam,
)
from zsris_ros.training.loading import load_in_advance
from zsris_ros.training.training_loop import Schedule
from zsris_ros.types import Frame, InputError
from zsris_ros.weights.checkpoint import load_state_dict

SMALL = {
    "image_size": 64, "patch_size": 8,
    "encoder_width": 16, "encoder_depth": 2, "encoder_heads": 2,
    "window_size": 4, "global_blocks": [1],
    "prompt_width": 16, "decoder_depth": 2, "decoder_heads": 2, "decoder_mlp_width": 32,
}  # fmt: skip


@pytest.fixture(scope="module")
def data() -> TrainingSet:
    """Four images of two discs and a square on a table; the last image is empty."""
    rng = np.random.default_rng(0)
    rgb = rng.integers(90, 110, (4, 480, 640, 3), dtype=np.uint8)
    labels = np.zeros((4, 480, 640), np.uint8)
    for row in range(3):
        cv2.circle(labels[row], (150 + 40 * row, 200), 70, 1, -1)
        cv2.circle(labels[row], (400, 300 - 50 * row), 50, 2, -1)
        cv2.rectangle(labels[row], (480, 60), (560, 170), 3, -1)
    rgb[labels == 1] = (200, 40, 40)
    rgb[labels == 2] = (40, 200, 40)
    rgb[labels == 3] = (40, 40, 200)
    names = [["disc", "disc", "square"]] * 4
    return TrainingSet(Images([rgb], [4]), Images([labels], [4]), names, [[]] * 4)


def test_points_lie_in_their_targets(data: TrainingSet) -> None:
    batch = next(iter(SamBatches(data, 64, 32, 8, 0))).to("cpu")
    assert batch.images.shape == (8, 3, 64, 64) and batch.valid_rows == 24
    assert not batch.images[:, :, 48:].any(), "padding"
    for points, targets, real in zip(batch.points, batch.targets, batch.is_object, strict=True):
        for (x, y), target, is_object in zip(points, targets, real, strict=True):
            assert bool(target[int(y / 2), int(x / 2)] > 0) == bool(is_object)
    assert batch.is_object.any(1).sum() < 8, "an empty image has scenery points only"
    torch.testing.assert_close(batch.object_map.amax(), torch.tensor(1.0))


def test_counts_are_the_samples_of_each_cell(data: TrainingSet) -> None:
    side = 32 * LABEL_CELLS
    labels = np.random.default_rng(0).integers(0, 4, (24 * LABEL_CELLS, side), dtype=np.uint8)
    counts = SamBatches(data, 64, 32, 1, 0)._count(labels, [1, 3])
    assert list(counts) == [1, 3]
    for kind, count in counts.items():
        cells = (labels == kind).reshape(24, LABEL_CELLS, 32, LABEL_CELLS).sum((1, 3))
        np.testing.assert_array_equal(count[:24], cells)
        assert not count[24:].any()


def test_offsets_point_to_the_centre() -> None:
    share = np.zeros((20, 20), np.float32)
    share[4:9, 10:13] = 1
    offsets = centre_offsets([share, np.zeros_like(share)], 20)
    assert offsets[:, 4, 12].tolist() == [1.0, -0.5]
    assert not offsets[:, share == 0].any()


def test_camera_effects_keep_the_picture() -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (8, 1, 3))
    rng = np.random.default_rng(0)
    views = [imitate_camera(ramp, rng).astype(float).mean(0) for _ in range(20)]
    assert all(np.corrcoef(view[:, 0], np.arange(256))[0, 1] > 0.9 for view in views)
    assert np.std([view.mean() for view in views]) > 5


def test_processes_draw_different_batches(data: TrainingSet) -> None:
    # Threads of OpenCV and torch in the parent must not block the children.
    cv2.resize(np.zeros((2000, 2000, 3), np.uint8), (700, 700), interpolation=cv2.INTER_AREA)
    torch.ones(2000, 2000).sum()
    loaded = [load_in_advance(SamBatches(data, 64, 32, 2, 5), 2) for _ in range(2)]
    first, second = ([next(batches) for _ in range(4)] for batches in loaded)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
    assert not np.array_equal(first[0].pixels, first[1].pixels)


def test_batched_decoding_equals_image_by_image() -> None:
    torch.manual_seed(0)
    sam = build_sam(SMALL)
    embeddings, points = torch.randn(3, 16, 8, 8), 64 * torch.rand(3, 5, 2)
    logits, quality = decode(sam, embeddings, points)
    assert logits.shape == (3, 5, 4, 32, 32) and quality.shape == (3, 5, 4)
    for index in range(3):
        prompts = points[index][:, None], torch.ones(5, 1)
        sparse, dense = sam.prompt_encoder(prompts, None, None)
        expected = sam.mask_decoder.predict_masks(
            image_embeddings=embeddings[index : index + 1],
            image_pe=sam.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
        )
        torch.testing.assert_close((logits[index], quality[index]), expected)


def test_scenery_has_no_mask_loss(data: TrainingSet) -> None:
    torch.manual_seed(0)
    empty = TrainingSet(
        Images([data.rgb[3][None]], [1]), Images([data.labels[3][None]], [1]), [[]], [[]]
    )
    batch = next(iter(SamBatches(empty, 64, 32, 2, 0))).to("cpu")
    loss, figures = sam_loss(build_sam(SMALL), AuxiliaryHeads(16), batch, 0.5, 0.0)
    assert figures["best"] == figures["chosen"] == 0
    assert loss < 1, "the predicted IoU's error only"


def test_a_stopped_training_is_exported(data: TrainingSet, tmp_path: Path) -> None:
    checkpoint = tmp_path / "sam.pt"
    schedule = SamSchedule(steps=4, batch=2)
    trained = train_sam(data, checkpoint, schedule, architecture=SMALL, workers=1)
    again = train_sam(data, checkpoint, schedule, seed=9, architecture=SMALL, workers=1)
    for name, value in trained.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value)
    export_sam(again, tmp_path / "sam.safetensors")
    sam = build_sam(SMALL, load_state_dict(tmp_path / "sam.safetensors"))
    settings = SamSettings(pred_iou_thresh=-9, stability_score_thresh=0)
    SamProposer(sam, settings).propose(Frame(data.rgb[0]))


def test_a_training_begins_with_exported_weights(data: TrainingSet, tmp_path: Path) -> None:
    path = tmp_path / "sam.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(5)
        export_sam(build_sam(SMALL), path)
    still = SamSchedule(steps=1, batch=1, learning_rate=0.0)
    begun = train_sam(data, tmp_path / "a.pt", still, architecture=SMALL, initial=path)
    for name, value in load_state_dict(path).items():
        torch.testing.assert_close(begun.state_dict()[name], value, check_dtype=False)
    with pytest.raises(InputError, match="not those of a SAM"):
        train_sam(data, tmp_path / "b.pt", still, initial=path)


def test_time_limits_a_training(
    data: TrainingSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(seconds: float) -> list[list[float]]:
        clock = itertools.count()  # a step a second
        monkeypatch.setattr(training_loop, "time", SimpleNamespace(monotonic=lambda: next(clock)))
        schedule = SamSchedule(steps=100_000, batch=1, warm_up=1, seconds=seconds)
        train_sam(data, tmp_path / "sam.pt", schedule, architecture=SMALL)
        lines = (tmp_path / "sam.csv").read_text().splitlines()[1:]
        return [[float(value) for value in line.split(",")[:2]] for line in lines]

    ((step, rate),) = train(seconds=8)
    assert step == 8 and rate < 0.1 * SamSchedule.learning_rate, "the decay fits the time"
    assert train(seconds=8) == [[step, rate]], "a resumption has no time left"
    assert [step for step, _ in train(seconds=12)] == [8, 10, 12]


def test_the_schedule_follows_the_later_of_steps_and_time() -> None:
    timed = Schedule(steps=100, learning_rate=1.0, seconds=10)
    assert [timed.position(20, 1), timed.position(20, 5), timed.position(20, 11)] == [20, 50, 100]
    assert Schedule(steps=100, learning_rate=1.0).position(20, 1e9) == 20
