"""Views, features, texts and localisation equal the published code's, block by block."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from support.parity_records import (
    FEATURES,
    SCORES,
    array,
    assert_close,
    keys,
    read_json,
    recorded_clip,
    tensor,
)

from zsris_ros.vision.attention import run_block
from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.gem import GemLocaliser, resize_bicubic, scale_to_unit
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.views import (
    CLIP_MEAN,
    CLIP_STD,
    HybridSettings,
    ViewMaker,
    blur,
    mask_grid,
    normalise,
)

HYBRID = "hybridgl_features.npz"
MODES = {
    "G2L": {},
    "L2G": {"mode": "L2G"},
    "G2L&L2G": {"mode": "both"},
    "token_masking": {"mode": "token-masking"},
    "attn_masking": {"mode": "attention-masking", "depth": 11},  # the published row stops there
    "crop": {"mode": "local"},
}


def settings_of(case: str) -> HybridSettings:
    """The settings behind a recorded name such as ``noaa/G2L_start8``."""
    sampling, name = case.split("/")
    name, _, start = name.partition("_start")
    changes = dict(MODES[name], mask_antialias=sampling == "aa")
    if start:
        changes["start_block"] = int(start)
    return HybridSettings.reference(**changes)


@pytest.mark.parametrize("case", keys(HYBRID, r"^(no)?aa/(?!mask)"))
def test_mask_features(case: str, clip: ClipModel, rgb: np.ndarray, masks: np.ndarray) -> None:
    features = HybridEncoder(clip, settings_of(case)).encode(rgb, masks)
    assert_close(features, array(HYBRID, case), FEATURES)


@pytest.mark.parametrize("case", keys(HYBRID, r"^(no)?aa/mask"))
def test_mask_grid(case: str, masks: np.ndarray) -> None:
    expected = array(HYBRID, case)
    antialias = case.startswith("aa/")
    grids = mask_grid(torch.from_numpy(masks), expected.shape[-1], antialias, full_cell=False)
    assert_close(grids, expected, 1e-6)


def view_maker(clip: ClipModel, rgb: np.ndarray, masks: np.ndarray) -> ViewMaker:
    settings = HybridSettings.reference()
    return ViewMaker(rgb, masks, settings, clip.image_size, clip.grid, clip.device)


@pytest.mark.parametrize("case", keys(HYBRID, r"_img_mask\d+$"))
def test_pictures(case: str, clip: ClipModel, rgb: np.ndarray, masks: np.ndarray) -> None:
    kind, number = case.split("_img_mask")
    views = view_maker(clip, rgb, masks)([int(number)])
    picture = views.local if kind == "local" else views.global_
    assert_close(picture[0], array(HYBRID, case), SCORES)


@pytest.mark.parametrize("case", keys(HYBRID, r"_img_mean_std$"))
def test_statistics_of_all_pictures(
    case: str, clip: ClipModel, rgb: np.ndarray, masks: np.ndarray
) -> None:
    views = view_maker(clip, rgb, masks)(range(len(masks)))
    pictures = views.local if case.startswith("local") else views.global_
    measured = torch.stack([pictures.mean(dim=(1, 2, 3)), pictures.std(dim=(1, 2, 3))])
    assert_close(measured, array(HYBRID, case), SCORES)


@pytest.mark.parametrize("case", keys(HYBRID, "^blurred_image"))
def test_blur(case: str, rgb: np.ndarray) -> None:
    defaults = HybridSettings()
    blurred = blur(rgb, defaults.blur_kernel, defaults.blur_sigma)
    assert_close(blurred, array(HYBRID, case), 0)


@pytest.mark.parametrize("case", keys("text_features.npz", "^features$"))
def test_text_features(case: str, clip: ClipModel) -> None:
    texts = read_json("text_strings.json")
    assert_close(clip.tokenize(texts), array("text_features.npz", "tokens"), 0)
    expected = array("text_features.npz", case)
    assert_close(clip.encode_text(texts), expected, FEATURES)
    one_by_one = torch.cat([clip.encode_text([text]) for text in texts])
    assert_close(one_by_one, expected, FEATURES)


GEM = "gem.npz"


@pytest.mark.parametrize("case", keys(GEM, "^resized"))
def test_gem_picture(case: str, rgb: np.ndarray) -> None:
    expected = array(GEM, case)
    assert_close(resize_bicubic(rgb, expected.shape[0]), expected, 0)


@pytest.mark.parametrize("case", keys(GEM, "^feat_gem$"))
def test_gem_features(case: str, clip: ClipModel, rgb: np.ndarray) -> None:
    gem = GemLocaliser(clip)
    picture = torch.from_numpy(resize_bicubic(rgb, 448)).permute(2, 0, 1)[None].float() / 255
    tokens = gem.token_features(normalise(picture, CLIP_MEAN, CLIP_STD))[0]
    expected = tensor(GEM, case)
    assert_close(tokens, expected, FEATURES)
    unit = torch.nn.functional.normalize(expected[1:], dim=-1)
    assert_close(gem.patches(rgb), unit, FEATURES)


@pytest.mark.parametrize("case", keys(GEM, "^map448"))
def test_gem_map(case: str, clip: ClipModel, rgb: np.ndarray) -> None:
    gem = GemLocaliser(clip)
    phrase = str(array(GEM, "text_prompt")).removeprefix("a photo of a ").removesuffix(".")
    text = gem.encode_phrases([phrase])[0]
    assert_close(text, array(GEM, "text_embedding"), FEATURES)
    patches = gem.patches(rgb)
    assert_close((patches @ text).reshape(array(GEM, "sim28").shape), array(GEM, "sim28"), SCORES)
    expected = scale_to_unit(tensor(GEM, case))
    assert_close(gem.heat_map(patches, text, 448, 448), expected, SCORES)


@pytest.mark.parametrize("case", keys(HYBRID, r"^trace/block\d+_out_"))
def test_tokens_before_the_fusion(
    case: str, clip: ClipModel, rgb: np.ndarray, masks: np.ndarray
) -> None:
    found = re.fullmatch(r"trace/block(\d+)_out_(local|global)_m(\d+)", case)
    assert found, f"unknown trace {case}"
    views = view_maker(clip, rgb, masks)([int(found[3])])
    tokens = clip.stem(views.local if found[2] == "local" else views.global_)
    for block in clip.blocks[: int(found[1]) + 1]:
        tokens = run_block(block, tokens)
    assert_close(tokens[0], array(HYBRID, case), FEATURES)


@pytest.mark.parametrize(("precision", "cosine"), [("fp16", 0.9999), ("bf16", 0.999)])
@pytest.mark.parametrize("case", keys(HYBRID, "^noaa/G2L$"))
def test_half_precision(
    case: str, precision: str, cosine: float, clip: ClipModel, rgb: np.ndarray, masks: np.ndarray
) -> None:
    half = recorded_clip(clip.model.state_dict(), precision)
    features = HybridEncoder(half, settings_of(case)).encode(rgb, masks[:2])
    assert torch.cosine_similarity(features, tensor(HYBRID, case)[:2]).min() >= cosine
    texts = read_json("text_strings.json")[:8]
    expected = tensor("text_features.npz", "features")[:8]
    assert torch.cosine_similarity(half.encode_text(texts), expected).min() >= cosine
