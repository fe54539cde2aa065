"""Global-Local CLIP's encoder and the region tokens: properties with any weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from support.painted_scene import RESNET
from support.small_clip import CONFIG, small_clip
from torch.nn import functional as F

from zsris_ros.baselines.global_local import (
    GlobalLocalEncoder,
    GlobalLocalSettings,
    crop_box,
    masked_blocks,
    published_box,
)
from zsris_ros.baselines.region_token import RegionTokenEncoder
from zsris_ros.types import InputError
from zsris_ros.vision.clip import ClipModel, build_clip
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.resnet.resnet_clip import ResnetClip
from zsris_ros.vision.views import HybridSettings, resize

RGB = np.random.default_rng(2).integers(0, 255, (40, 56, 3)).astype(np.uint8)
SETTINGS: dict[str, Any] = {"start_block": 2, "shorter_side": None}


def masks() -> np.ndarray:
    found = np.zeros((4, 40, 56), bool)
    found[0, 5:20, 8:30] = True
    found[1, 30:38, 40:55] = True
    found[2] = True
    return found  # the fourth is empty


@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_boxes_lie_in_the_frame_and_are_never_empty(mask: np.ndarray) -> None:
    for kind in ("published", "tight"):
        x0, y0, x1, y1 = crop_box(mask, kind)
        assert 0 <= x0 < x1 <= mask.shape[1]
        assert 0 <= y0 < y1 <= mask.shape[0]
        if kind == "tight" and mask.any():
            assert mask[y0:y1, x0:x1].sum() == mask.sum()


def test_published_boxes_lose_a_column_and_the_gap_of_a_fragmented_mask() -> None:
    mask = np.zeros((20, 30), bool)
    mask[5:9, 10:12] = True
    assert crop_box(mask, "published") == (9, 4, 11, 8)
    assert crop_box(mask, "tight") == (10, 5, 12, 9)
    mask[5:9, 20:22] = True  # two parts: four columns around the middle, with neither in it
    x0, y0, x1, y1 = crop_box(mask, "published")
    assert not mask[y0:y1, x0:x1].any()
    assert published_box(np.zeros((3, 4), bool)) == (0, 0, 4, 3)


@pytest.mark.parametrize("kind", ["clip", "resnet"])
@pytest.mark.parametrize("variant", ["reference", "paper", "product"])
def test_features_do_not_depend_on_the_batch(
    kind: str, variant: str, request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue(kind)
    make = {
        "reference": GlobalLocalSettings,
        "paper": GlobalLocalSettings.paper,
        "product": GlobalLocalSettings.product,
    }[variant]
    whole = GlobalLocalEncoder(model, make(**SETTINGS)).encode(RGB, masks())
    single = GlobalLocalEncoder(model, make(**SETTINGS, batch_size=1)).encode(RGB, masks())
    assert whole.shape == (4, model.embed_dim)
    assert torch.isfinite(whole).all()
    torch.testing.assert_close(whole, single, atol=1e-5, rtol=1e-4)
    assert GlobalLocalEncoder(model, make(**SETTINGS)).encode(RGB, masks()[:0]).shape[0] == 0


@pytest.mark.parametrize("kind", ["clip", "resnet"])
def test_alpha_mixes_the_two_features(kind: str, request: pytest.FixtureRequest) -> None:
    model = request.getfixturevalue(kind)

    def features(alpha: float) -> torch.Tensor:
        settings = GlobalLocalSettings(alpha=alpha, **SETTINGS)
        return GlobalLocalEncoder(model, settings).encode(RGB, masks())

    mixed = 0.85 * features(1) + 0.15 * features(0)
    torch.testing.assert_close(features(0.85), mixed, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(features(1), features(0), atol=1e-3)


def whole_picture(clip: ClipModel) -> torch.Tensor:
    """open_clip's own feature of the frame, through the same preprocessing."""
    encoder = GlobalLocalEncoder(clip, GlobalLocalSettings(**SETTINGS))
    picture = resize(encoder.image(RGB), clip.image_size, antialias=False)
    with torch.no_grad():
        feature: torch.Tensor = clip.model.encode_image(picture)
    return feature[0]


def test_a_full_mask_gives_clips_own_feature(clip: ClipModel, resnet: ResnetClip) -> None:
    """The global image is unmasked, the crop complete; a region token attends to all patches."""
    full = masks()[2:3]
    for alpha in (0.0, 1.0):
        settings = GlobalLocalSettings.paper(alpha=alpha, **SETTINGS)
        for model in (clip, resnet):
            feature = GlobalLocalEncoder(model, settings).encode(RGB, full)[0]
            torch.testing.assert_close(feature, whole_picture(model), atol=1e-5, rtol=1e-4)
    region = RegionTokenEncoder(clip, GlobalLocalSettings(**SETTINGS)).encode(RGB, full)[0]
    torch.testing.assert_close(region, whole_picture(clip), atol=1e-5, rtol=1e-4)


def test_region_tokens_attend_to_their_own_patches_only(clip: ClipModel) -> None:
    """In one block, where the patches have not mixed, paint outside the mask has no effect."""
    encoder = RegionTokenEncoder(clip, GlobalLocalSettings(**SETTINGS))
    features = encoder.encode(RGB, masks())
    assert torch.isfinite(features).all()
    torch.testing.assert_close(
        features, torch.cat([encoder.encode(RGB, masks()[[i]]) for i in range(4)])
    )
    empty = features[3]
    assert torch.equal(encoder.encode(255 - RGB, masks())[3], empty)  # it attends to itself only
    assert not torch.allclose(features[0], features[1], atol=1e-4)
    shallow = small_clip(depth=1)
    one_block = RegionTokenEncoder(shallow, GlobalLocalSettings(**{**SETTINGS, "start_block": 0}))
    painted = RGB.copy()
    painted[24:] = 0  # three cells of eight rows below the first mask's last cell
    kept, changed = (one_block.encode(picture, masks()[:2]) for picture in (RGB, painted))
    torch.testing.assert_close(kept[0], changed[0], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(kept[1], changed[1], atol=1e-4)


@pytest.mark.parametrize(("layers", "patch", "count"), [(12, 32, 3), (12, 16, 2), (24, 14, 4)])
def test_masked_blocks_of_the_supplement(layers: int, patch: int, count: int) -> None:
    sizes = {"image_size": patch * 2, "layers": layers, "patch_size": patch}
    config = {**CONFIG, "vision_cfg": {**CONFIG["vision_cfg"], **sizes}}
    model = ClipModel(build_clip(config))
    assert masked_blocks(model) == count
    encoder = GlobalLocalEncoder(model, GlobalLocalSettings.paper(shorter_side=None))
    explicit = GlobalLocalSettings.paper(shorter_side=None, start_block=layers - count)
    with torch.no_grad():
        torch.testing.assert_close(
            encoder.encode(RGB, masks()), GlobalLocalEncoder(model, explicit).encode(RGB, masks())
        )


def test_invalid_settings_are_refused(clip: ClipModel) -> None:
    with pytest.raises(InputError, match="start_block 9 does not fit a vision transformer of 4"):
        GlobalLocalEncoder(clip)
    with pytest.raises(InputError, match="alpha must be between"):
        GlobalLocalSettings(alpha=1.5)
    with pytest.raises(InputError, match="boxes must be"):
        GlobalLocalSettings(boxes="round")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="masks must be bool"):
        GlobalLocalEncoder(clip, GlobalLocalSettings(**SETTINGS)).encode(RGB, masks()[0])
    with pytest.raises(InputError, match="not open_clip's ModifiedResNet"):
        ResnetClip(build_clip(CONFIG))


def test_half_precision_of_a_resnet_stays_close(resnet: ResnetClip) -> None:
    half = ResnetClip.load(RESNET, resnet.model.state_dict(), precision="bf16")
    settings = GlobalLocalSettings(shorter_side=None)
    exact, rough = (GlobalLocalEncoder(m, settings).encode(RGB, masks()) for m in (resnet, half))
    assert rough.dtype == torch.float32
    assert F.cosine_similarity(exact, rough).min() > 0.999


def test_masking_rows_of_hybridgls_ablation(clip: ClipModel) -> None:
    """G without blur is the same image for every mask; G + L is the sum of its two rows."""

    def row(mode: Any, **changes: Any) -> torch.Tensor:
        settings = HybridSettings(start_block=2, mode=mode, **changes)
        return HybridEncoder(clip, settings).encode(RGB, masks()[:3])

    same = row("global", blur_kernel=1)
    torch.testing.assert_close(same, same[:1].expand_as(same))
    blurred = row("global")
    assert not torch.allclose(blurred[0], blurred[2], atol=1e-4)
    torch.testing.assert_close(blurred[2], same[0])  # nothing outside to blur
    torch.testing.assert_close(row("sum"), row("local") + row("attention-masking"))
