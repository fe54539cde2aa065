"""The mask encoder equals the plain equations, for any mask."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from support.small_clip import CONFIG, odd_frame, small_clip
from torch import Tensor

from zsris_ros.types import InputError
from zsris_ros.vision.clip import ClipModel, build_clip
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.views import HybridSettings, ViewMaker

Sample = tuple[np.ndarray, np.ndarray]

MODES = ("G2L", "L2G", "both", "local", "token-masking", "attention-masking")


@pytest.fixture(scope="module")
def frame() -> Sample:
    return odd_frame()


def encoder(clip: ClipModel, **changes: Any) -> HybridEncoder:
    return HybridEncoder(clip, HybridSettings(**{"start_block": 2, **changes}))


def masked_block(block: Any, tokens: Tensor, sees: Tensor) -> Tensor:
    """A block with the class token's restriction as a whole N*heads x T x T attention mask."""
    count, length, _ = tokens.shape
    heads = block.attn.num_heads
    barred = torch.zeros(count, heads, length, length)
    barred[:, :, 0] = torch.where(sees, 0.0, -torch.inf)[:, None]
    normed = block.ln_1(tokens)
    mixed, _ = block.attn(
        normed, normed, normed, need_weights=False, attn_mask=barred.flatten(0, 1)
    )
    tokens = tokens + mixed
    result: Tensor = tokens + block.mlp(block.ln_2(tokens))
    return result


def test_the_default_mode_is_equations_1_and_2(clip: ClipModel) -> None:
    torch.manual_seed(1)
    local, scene = torch.randn(3, 3, 32, 32), torch.randn(3, 3, 32, 32)
    grids = torch.rand(3, 4, 4) * (torch.rand(3, 4, 4) > 0.5)
    x, y = clip.stem(local), clip.stem(scene)
    cover = torch.cat([torch.ones(3, 1), grids.flatten(1)], dim=1)
    for i, block in enumerate(clip.blocks):
        if i < 2:
            x, y = block(x), block(y)
        else:
            x = block(x + 3.0 * cover[..., None] * y)
            y = masked_block(block, y, cover > 0)
    features = encoder(clip, fusion_weight=3.0).hybrid_forward(local, scene, grids)
    torch.testing.assert_close(features, clip.head(x[:, 0]), atol=2e-5, rtol=0)


def test_without_fusion_the_local_picture_is_all(clip: ClipModel) -> None:
    local, scene = torch.randn(2, 3, 32, 32), torch.randn(2, 3, 32, 32)
    grids = torch.rand(2, 4, 4)
    plain = clip.model.encode_image(local)
    for options in ({"fusion_weight": 0.0}, {"mode": "local"}):
        features = encoder(clip, **options).hybrid_forward(local, scene, grids)
        torch.testing.assert_close(features, plain, atol=1e-5, rtol=0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("window", [None, 2.0])
def test_any_mask_and_any_batch(
    mode: str, window: float | None, clip: ClipModel, frame: Sample
) -> None:
    rgb, masks = frame
    alone = encoder(clip, mode=mode, window=window, batch_size=1).encode(rgb, masks)
    together = encoder(clip, mode=mode, window=window, batch_size=8).encode(rgb, masks)
    assert alone.shape == (7, clip.embed_dim)
    assert alone.dtype == torch.float32
    assert torch.isfinite(alone).all()
    assert not alone.requires_grad
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=0)


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("mode", [*MODES, "global", "sum"])
def test_patches_without_the_mask_are_embedded_once_and_nothing_changes(
    mode: str, reference: bool, clip: ClipModel, frame: Sample
) -> None:
    rgb, masks = frame
    kind = HybridSettings.reference if reference else HybridSettings
    hybrid = HybridEncoder(clip, kind(start_block=2, mode=mode, blur_kernel=5))
    make = ViewMaker(rgb, masks, hybrid.settings, clip.image_size, clip.grid, clip.device)
    plain = hybrid.hybrid_forward(*make(range(len(masks))))
    torch.testing.assert_close(hybrid.encode(rgb, masks), plain, atol=1e-5, rtol=0)


def test_only_patches_that_a_mask_reaches_are_embedded_anew(
    clip: ClipModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded: list[int] = []
    plain = ClipModel._embed

    def counting(self: ClipModel, images: Tensor, image: Tensor, places: Tensor) -> Tensor:
        embedded.append(places.numel())
        return plain(self, images, image, places)

    monkeypatch.setattr(ClipModel, "_embed", counting)
    masks = np.zeros((3, 64, 64), dtype=bool)  # 4 x 4 cells of 16 pixels
    masks[0, 4:8, 4:40] = True
    masks[2, 36:44, 36:44] = True
    encoder(clip).encode(np.zeros((64, 64, 3), np.uint8), masks)
    assert embedded == [2 * (3 + 0 + 1)]


def test_the_order_of_masks_does_not_matter(clip: ClipModel, frame: Sample) -> None:
    rgb, masks = frame
    features = encoder(clip, batch_size=3).encode(rgb, masks)
    backwards = encoder(clip, batch_size=3).encode(rgb, masks[::-1])
    torch.testing.assert_close(backwards.flip(0), features, atol=1e-5, rtol=0)


def test_no_masks(clip: ClipModel, frame: Sample) -> None:
    assert encoder(clip).encode(frame[0], frame[1][:0]).shape == (0, clip.embed_dim)


@pytest.mark.parametrize("size", [(1, 1), (3, 200)])
def test_odd_frames(clip: ClipModel, size: tuple[int, int]) -> None:
    rgb, masks = np.zeros((*size, 3), dtype=np.uint8), np.ones((1, *size), dtype=bool)
    for window in (None, 1.5):
        assert torch.isfinite(encoder(clip, window=window).encode(rgb, masks)).all()


@pytest.mark.parametrize(("precision", "cosine"), [("fp16", 0.9999), ("bf16", 0.998)])
def test_half_precision_is_close(precision: str, cosine: float, frame: Sample) -> None:
    whole = encoder(small_clip()).encode(*frame)
    half = encoder(small_clip(precision=precision)).encode(*frame)
    assert half.dtype == torch.float32
    assert torch.cosine_similarity(whole, half).min() > cosine


@pytest.mark.parametrize("autocast", [False, True])
def test_a_model_learns_through_it(autocast: bool) -> None:
    torch.manual_seed(0)
    model = build_clip(CONFIG)
    hybrid = encoder(ClipModel(model))
    local, scene, grids = torch.randn(2, 3, 32, 32), torch.randn(2, 3, 32, 32), torch.rand(2, 4, 4)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        features = hybrid.hybrid_forward(local, scene, grids)
    features.square().sum().backward()
    for name, parameter in model.visual.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_what_does_not_fit_is_refused(clip: ClipModel, frame: Sample) -> None:
    rgb, masks = frame
    with pytest.raises(InputError, match="bool NxHxW"):
        encoder(clip).encode(rgb, masks[:, :10])
    with pytest.raises(InputError, match="bool NxHxW"):
        encoder(clip).encode(rgb, masks.astype(np.uint8))
    with pytest.raises(InputError, match="4 blocks"):
        encoder(clip, start_block=9)
    with pytest.raises(InputError, match="mode must be one of G2L"):
        encoder(clip, mode="G2G")
