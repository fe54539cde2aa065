"""Background tokens are reused only where masks of the frame pass the check, in logits."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from zsris_ros.baselines.factory import hybrid_settings, make_encoder
from zsris_ros.baselines.methods import find_method
from zsris_ros.models.background_reuse import check_image, verified_halo
from zsris_ros.vision.checked_hybrid import (
    CHECKED_MASKS,
    MAX_LOGIT_CHANGE,
    PHRASES,
    CheckedHybridEncoder,
    compare_features,
    phrase_features,
    sample_by_size,
)
from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.views import HybridSettings

Sample = tuple[np.ndarray, np.ndarray]

SETTINGS = HybridSettings(start_block=2, blur_kernel=5, halo=0)


@pytest.fixture(scope="module")
def frame() -> Sample:
    rgb = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    masks = np.zeros((8, 60, 80), bool)
    for i, mask in enumerate(masks):
        mask[4 + 5 * i : 8 + 5 * i + i, 6 * i : 6 * i + 5 + i] = True
    return rgb, masks


def scale_of(clip: ClipModel, frame: Sample) -> float:
    """The logit scale at which the checked masks of the frame just meet the bar."""
    rgb, masks = frame
    exact = HybridEncoder(clip, replace(SETTINGS, halo=None)).encode(rgb, masks)
    shared = HybridEncoder(clip, SETTINGS).encode(rgb, masks)
    some = sample_by_size(masks)
    found = compare_features(exact[some], shared[some], phrase_features(clip), 1.0)
    assert found.cosine > 0.999 and found.logits > 0
    return MAX_LOGIT_CHANGE / found.logits


def test_the_bar_is_a_change_of_a_logit_at_the_presets_scale(
    clip: ClipModel, frame: Sample, caplog: pytest.LogCaptureFixture
) -> None:
    bar = scale_of(clip, frame)
    exact = HybridEncoder(clip, replace(SETTINGS, halo=None)).encode(*frame)
    shared = HybridEncoder(clip, SETTINGS).encode(*frame)
    assert not torch.equal(exact, shared)
    with caplog.at_level(logging.INFO, "zsris_ros"):
        assert torch.equal(CheckedHybridEncoder(clip, SETTINGS, 0.99 * bar).encode(*frame), shared)
        assert not caplog.records
        strict = CheckedHybridEncoder(clip, SETTINGS, 1.01 * bar)
        for _ in range(2):
            assert torch.equal(strict.encode(*frame), exact)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "a frame is encoded exactly, because background-token reuse" in caplog.text
    assert "logits 0.20" in caplog.text


def test_the_decision_belongs_to_the_frame(clip: ClipModel, frame: Sample) -> None:
    """Frames before it do not matter, so a run that is resumed has the features of a whole one."""
    rgb, masks = frame
    encoder = CheckedHybridEncoder(clip, SETTINGS, 1.01 * scale_of(clip, frame))
    grey = np.full_like(rgb, 90)
    first = encoder.encode(grey, masks)
    encoder.encode(rgb, masks)
    assert torch.equal(encoder.encode(grey, masks), first)


def test_few_masks_are_encoded_exactly(clip: ClipModel, frame: Sample) -> None:
    rgb, masks = frame
    exact = HybridEncoder(clip, replace(SETTINGS, halo=None))
    encoder = CheckedHybridEncoder(clip, SETTINGS, 1e-9)
    for count in range(CHECKED_MASKS + 2):
        assert torch.equal(encoder.encode(rgb, masks[:count]), exact.encode(rgb, masks[:count]))
    assert not torch.equal(encoder.encode(rgb, masks), exact.encode(rgb, masks))


def test_small_middling_and_large_masks_are_checked() -> None:
    masks = np.zeros((9, 10, 10), bool)
    sizes = [50, 10, 90, 30, 70, 20, 40, 80, 60]
    for mask, size in zip(masks, sizes, strict=True):
        mask.reshape(-1)[:size] = True
    assert [sizes[i] for i in sample_by_size(masks)] == [20, 50, 80]
    assert len(set(sample_by_size(masks[: CHECKED_MASKS + 2]))) == CHECKED_MASKS


def test_what_is_not_finite_is_not_close(clip: ClipModel) -> None:
    texts, features = phrase_features(clip), torch.randn(3, clip.embed_dim)
    assert texts.shape == (len(PHRASES), clip.embed_dim)
    assert compare_features(features, 2 * features, texts, 100.0).is_close()
    found = compare_features(features, features * torch.nan, texts, 100.0)
    assert (found.cosine, found.logits) == (0.0, np.inf) and not found.is_close()
    # One direction that every phrase has moves a logit, and hardly the cosine.
    moved = F.normalize(features, dim=-1) + 0.03 * texts[0]
    found = compare_features(features, moved, texts, 100.0)
    assert found.cosine > 0.999 and found.logits > 1 and not found.is_close()


def test_a_halo_is_for_the_settings_it_was_proved_with(clip: ClipModel) -> None:
    """Another fusion mode, other blocks or a published variant share nothing."""
    for name, variant, halo in (
        ("hybridgl", "product", 0),
        ("hybridgl-semantic", "product", 0),
        ("hybridgl-l2g", "product", None),
        ("hybridgl-both", "product", None),
        ("hybridgl", "paper", None),
        ("hybridgl", "reference", None),
    ):
        method = find_method(name, variant)
        assert hybrid_settings(method, clip, SETTINGS).halo == halo, name
        encoder = make_encoder(method, clip, SETTINGS)
        assert isinstance(encoder, CheckedHybridEncoder) == (halo is not None), name
    asked = replace(find_method("hybridgl-l2g", "reference"), options={"mode": "L2G", "halo": 1})
    assert hybrid_settings(asked, clip, SETTINGS).halo == 1
    assert isinstance(make_encoder(asked, clip, SETTINGS), CheckedHybridEncoder)


@pytest.mark.parametrize("mode", ["G2L", "L2G", "both"])
def test_the_proof_on_the_weights_is_of_the_mode_and_in_logits(mode: str, clip: ClipModel) -> None:
    settings = replace(SETTINGS, halo=None, mode=mode)
    halo, cosine, logits = verified_halo(clip, settings, scale=1e-3)
    assert halo == 0 and 0.999 < cosine < 1
    rgb, masks = check_image()
    exact = HybridEncoder(clip, settings).encode(rgb, masks)
    near = [HybridEncoder(clip, replace(settings, halo=0)).encode(rgb, m[None]) for m in masks]
    found = compare_features(exact, torch.cat(near), phrase_features(clip), 1e-3)
    assert (cosine, logits) == pytest.approx(found)
    refused = verified_halo(clip, settings, scale=1e9)
    assert refused.halo is None and refused.logits > MAX_LOGIT_CHANGE and refused.cosine > 0.999
