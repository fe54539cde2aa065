"""The mask encoder and the localiser of a CLIP with a ResNet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from support.small_clip import CONFIG, odd_frame, small_resnet
from torch.nn import functional as F

from zsris_ros.types import InputError
from zsris_ros.vision.clip import ClipModel, build_clip
from zsris_ros.vision.encoders import make_mask_encoder, make_patch_localiser
from zsris_ros.vision.gem import GemLocaliser, GemSettings
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.resnet.dense_localiser import DenseLocaliser
from zsris_ros.vision.resnet.resnet_clip import ResnetClip
from zsris_ros.vision.resnet.resnet_hybrid import ResnetHybridEncoder
from zsris_ros.vision.views import HybridSettings

STAGES = (0, 1, 2, 3, 4)


@pytest.fixture(scope="module")
def clip() -> ResnetClip:
    return small_resnet()


def encoder(clip: ResnetClip, start: int = 3, **changes: Any) -> ResnetHybridEncoder:
    return ResnetHybridEncoder(clip, HybridSettings(start_block=start, blur_kernel=5, **changes))


def pictures(clip: ResnetClip, start: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    side, grid = clip.image_size, clip.cells_before(start)
    grids = torch.rand(3, grid, grid) * (torch.rand(3, grid, grid) > 0.5)
    return torch.randn(3, 3, side, side), torch.randn(3, 3, side, side), grids


@pytest.mark.parametrize("start", STAGES)
def test_the_features_are_equations_1_and_2_with_stages_as_blocks(
    start: int, clip: ResnetClip
) -> None:
    local, scene, grids = pictures(clip, start)
    visual = clip.visual
    x, y = visual.stem(local), visual.stem(scene)
    for number, layer in enumerate((visual.layer1, visual.layer2, visual.layer3, visual.layer4)):
        if number >= start:
            cells = grids.unfold(1, len(grids[0]) // x.shape[-1], len(grids[0]) // x.shape[-1])
            cells = cells.unfold(2, cells.shape[-1], cells.shape[-1]).mean(dim=(-1, -2))
            x = x + 2.0 * cells[:, None] * y
        x, y = layer(x), layer(y)
    if start == 4:
        x = x + 2.0 * grids[:, None] * y
    features = encoder(clip, start).hybrid_forward(local, scene, grids)
    torch.testing.assert_close(features, visual.attnpool(x), atol=2e-5, rtol=0)


def test_without_fusion_the_local_picture_is_all(clip: ResnetClip) -> None:
    local, scene, grids = pictures(clip, 3)
    features = encoder(clip, fusion_weight=0.0).hybrid_forward(local, scene, grids)
    torch.testing.assert_close(features, clip.model.encode_image(local), atol=1e-5, rtol=0)


@pytest.mark.parametrize("start", STAGES)
@pytest.mark.parametrize("window", [None, 2.0])
def test_any_mask_in_any_batch_and_order(
    start: int, window: float | None, clip: ResnetClip
) -> None:
    rgb, masks = odd_frame()
    alone = encoder(clip, start, window=window, batch_size=1).encode(rgb, masks)
    together = encoder(clip, start, window=window, batch_size=8).encode(rgb, masks[::-1])
    assert alone.shape == (7, clip.embed_dim)
    assert alone.dtype == torch.float32
    assert torch.isfinite(alone).all()
    torch.testing.assert_close(together.flip(0), alone, atol=1e-5, rtol=0)
    assert encoder(clip).encode(rgb, masks[:0]).shape == (0, clip.embed_dim)


def test_window_scales_average_unit_features(clip: ResnetClip) -> None:
    rgb, masks = odd_frame()
    each = [
        F.normalize(encoder(clip, window=window).encode(rgb, masks), dim=-1)
        for window in (2.0, 3.0)
    ]
    both = encoder(clip, window=2.0, window_scales=(1.0, 1.5)).encode(rgb, masks)
    torch.testing.assert_close(both, (each[0] + each[1]) / 2, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "changes", [{"start": 5}, {"start": -1}, {"mode": "L2G"}, {"halo": 1}, {"depth": 2}]
)
def test_settings_that_do_not_fit_are_refused(changes: Any, clip: ResnetClip) -> None:
    with pytest.raises(InputError, match="residual network"):
        encoder(clip, **changes)


def test_a_cell_of_the_dense_map_is_the_pooling_of_that_cell_alone(clip: ResnetClip) -> None:
    localiser = DenseLocaliser(clip, GemSettings(size=96))
    rgb, _ = odd_frame()
    patches = localiser.patches(rgb)
    assert patches.shape == (9, clip.embed_dim)
    torch.testing.assert_close(patches.norm(dim=1), torch.ones(9))
    heat = localiser.heat_map(patches, patches[4], 60, 80)
    assert heat.shape == (60, 80)
    assert float(heat[30, 40]) > 0.9
    with pytest.raises(InputError, match="stride 32"):
        DenseLocaliser(clip, GemSettings(size=80))


def test_window_scales_need_a_residual_network_and_positive_numbers() -> None:
    vit = ClipModel(build_clip(CONFIG))
    settings = HybridSettings(start_block=2, window=2.0, window_scales=(1.0, 2.0))
    with pytest.raises(InputError, match="residual"):
        make_mask_encoder(vit, settings)
    for scales in ((), (0.0, 1.0)):
        with pytest.raises(InputError, match="positive"):
            HybridSettings(window=2.0, window_scales=scales)
    with pytest.raises(InputError, match="set window"):
        HybridSettings(window_scales=(1.0, 2.0))


def test_encoders_fit_the_network(clip: ResnetClip) -> None:
    vit = ClipModel(build_clip(CONFIG))
    settings, gem = HybridSettings(start_block=2), GemSettings(blocks=2, size=64)
    assert isinstance(make_mask_encoder(vit, settings), HybridEncoder)
    assert isinstance(make_mask_encoder(clip, settings), ResnetHybridEncoder)
    assert isinstance(make_patch_localiser(vit, gem), GemLocaliser)
    assert isinstance(make_patch_localiser(clip, gem), DenseLocaliser)


def test_gradients_reach_both_streams(clip: ResnetClip) -> None:
    local, scene, grids = pictures(clip, 3)
    local.requires_grad_(True)
    scene.requires_grad_(True)
    features = encoder(clip).hybrid_forward(local, scene, grids)
    F.normalize(features, dim=-1)[:, 0].sum().backward()
    assert local.grad is not None
    assert scene.grad is not None
    assert float(local.grad.abs().max()) > 0
    assert float(scene.grad.abs().max()) > 0
    assert np.isfinite(scene.grad.numpy()).all()
