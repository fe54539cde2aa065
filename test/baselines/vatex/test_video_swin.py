"""Backbones for clips: the frames that a frame attends to, and the published weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from zsris_ros.baselines.vatex.encoders.backbone import Backbone
from zsris_ros.baselines.vatex.encoders.video_swin import VIDEO_BACKBONES, VideoSwin, load_published
from zsris_ros.types import InputError

from torchvision.models.video.swin_transformer import (  # isort: skip  (after ensure_torchvision)
    SwinTransformer3d,
)

CHANGED = 1
"""The frame, of two clips of three frames, that is changed."""


def seen_by(name: str, length: int) -> list[list[int]]:
    """Return the frames whose maps change with CHANGED, for each of the four maps."""
    torch.manual_seed(0)
    backbone = Backbone(name).eval()
    images, valid = torch.rand(6, 3, 64, 64), torch.ones(6, 64, 64, dtype=torch.bool)
    other = images.clone()
    other[CHANGED] = torch.rand(3, 64, 64)
    with torch.no_grad():
        pairs = zip(backbone(images, valid, length), backbone(other, valid, length), strict=True)
        return [
            [number for number in range(6) if not torch.allclose(a[number], b[number], atol=1e-5)]
            for a, b in pairs
        ]


def test_a_frame_depends_on_its_clip_and_on_no_other() -> None:
    assert seen_by("video_small", 3) == [[0, 1, 2]] * 4
    assert seen_by("video_small", 1) == [[CHANGED]] * 4
    assert seen_by("small", 3) == [[CHANGED]] * 4


def test_published_patches_see_a_still_clip_as_ours_see_its_frame() -> None:
    options, _ = VIDEO_BACKBONES["video_small"]
    torch.manual_seed(0)
    published = SwinTransformer3d(patch_size=[2, 4, 4], **options)
    ours = SwinTransformer3d(patch_size=[1, 4, 4], **options)
    load_published(ours, published.state_dict())
    still = torch.rand(1, 3, 1, 32, 32).expand(-1, -1, 2, -1, -1)
    with torch.no_grad():
        (expected,) = published.patch_embed(still)[0]
        for frame in ours.patch_embed(still)[0]:
            torch.testing.assert_close(frame, expected, atol=1e-5, rtol=1e-5)
    assert torch.equal(
        ours.features[0][0].attn.qkv.weight, published.features[0][0].attn.qkv.weight
    )


def test_every_weight_is_trained() -> None:
    """Several processes wait for each gradient."""
    backbone = VideoSwin("video_small")
    sum(each.sum() for each in backbone(torch.rand(2, 3, 64, 64), 2)).backward()
    assert all(weight.grad is not None for weight in backbone.parameters())
    assert 0.8e6 < sum(each.numel() for each in backbone.state_dict().values()) < 1.2e6


def test_weights_that_cannot_be_had_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="train it from scratch"):
        Backbone("video_small", pretrained=True)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # no one listens there
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(InputError, match=r"swin3d_t-\w+\.pth cannot be had"):
        Backbone("video_swin_tiny", pretrained=True)
