"""Global-Local CLIP, ViT and ResNet: boxes, crops, masks, features, texts and scores."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from support.parity_records import (
    FEATURES,
    LOGITS,
    ROOT,
    SCORES,
    array,
    assert_close,
    hash_tokens,
    keys,
    tensor,
)
from torch.nn import functional as F

from zsris_ros.baselines.global_local import (
    GlobalLocalEncoder,
    GlobalLocalSettings,
    crop_box,
    published_box,
)
from zsris_ros.baselines.resnet_clip import ResnetClip, load_clip
from zsris_ros.guidance.fusion import mix_texts, semantic_logits
from zsris_ros.vision.clip import ClipModel, openai_architecture
from zsris_ros.vision.views import resize

VIT, RESNET = "globallocal_vit.npz", "globallocal_rn.npz"
TEXTS = (
    ("the red box on left", "the red box"),
    ("a dog sitting under the table", "a dog"),
    ("left box", "left box"),
)
"""Sentence and noun phrase of the recorded texts, by number."""


@pytest.fixture(scope="module")
def resnet() -> ResnetClip:
    path = ROOT / "clip_rn_random_weights.npz"
    if not path.exists():
        pytest.skip(f"{path.name} is not in {ROOT}; set ZSRIS_PARITY_DIR")
    with np.load(path) as stored:
        state = {name: stored[name] for name in stored.files}
    model = load_clip(openai_architecture(state), state, tokenizer=hash_tokens)
    assert isinstance(model, ResnetClip)
    return model


def settings_of(case: str) -> GlobalLocalSettings:
    """The settings behind a recorded name such as ``vit/global_block10``."""
    found = re.fullmatch(r"(?:vit/)?(global|local)(?:_(block|specific)(\d+))?", case)
    assert found, f"unknown case {case}"
    kind, where, block = found.groups()
    start = int(block) if block else 9
    return GlobalLocalSettings(
        alpha=float(kind == "global"), start_block=start, once=where == "specific"
    )


@pytest.mark.parametrize("case", keys(VIT, "^boxes_xyxy_"))
def test_boxes(case: str, masks: np.ndarray) -> None:
    if case.endswith("float"):
        assert_close([published_box(mask) for mask in masks], array(VIT, case), 1e-4)
    else:
        assert_close([crop_box(mask, "published") for mask in masks], array(VIT, case), 0)


@pytest.mark.parametrize("case", keys(VIT, "^resized"))
def test_picture(case: str, clip: ClipModel, rgb: np.ndarray) -> None:
    expected = array(VIT, case)
    picture = GlobalLocalEncoder(clip).image(rgb)
    assert_close(resize(picture, expected.shape[-1], antialias=False)[0], expected, SCORES)


def crops(clip: ClipModel, rgb: np.ndarray, masks: np.ndarray) -> torch.Tensor:
    encoder = GlobalLocalEncoder(clip)
    frame = F.interpolate(encoder.image(rgb), rgb.shape[:2], mode="bilinear")[0]
    return torch.cat([encoder.crop(frame, mask) for mask in masks])


@pytest.mark.parametrize("case", keys(VIT, r"^crop_mask\d+$"))
def test_crop(case: str, clip: ClipModel, rgb: np.ndarray, masks: np.ndarray) -> None:
    number = int(case.removeprefix("crop_mask"))
    assert_close(crops(clip, rgb, masks[[number]])[0], array(VIT, case), SCORES)


@pytest.mark.parametrize("case", keys(VIT, "^crop_mean_std$"))
def test_statistics_of_all_crops(
    case: str, clip: ClipModel, rgb: np.ndarray, masks: np.ndarray
) -> None:
    pictures = crops(clip, rgb, masks)
    measured = torch.stack([pictures.mean(dim=(1, 2, 3)), pictures.std(dim=(1, 2, 3))])
    assert_close(measured, array(VIT, case), SCORES)


@pytest.mark.parametrize("case", keys(VIT, r"^vit/mask\d+$"))
def test_vit_grid(case: str, clip: ClipModel, masks: np.ndarray) -> None:
    assert_close(GlobalLocalEncoder(clip).grids(masks), array(VIT, case), 1e-6)


@pytest.mark.parametrize("case", keys(RESNET, r"^mask\d+$"))
def test_resnet_grid(case: str, resnet: ResnetClip, masks: np.ndarray) -> None:
    assert_close(GlobalLocalEncoder(resnet).grids(masks), array(RESNET, case), 1e-6)


@pytest.mark.parametrize("case", keys(VIT, "^vit/(global|local)"))
def test_vit_features(case: str, clip: ClipModel, rgb: np.ndarray, masks: np.ndarray) -> None:
    features = GlobalLocalEncoder(clip, settings_of(case)).encode(rgb, masks)
    assert_close(features, array(VIT, case), FEATURES)


@pytest.mark.parametrize("case", keys(RESNET, "^(global|local)$"))
def test_resnet_features(case: str, resnet: ResnetClip, rgb: np.ndarray, masks: np.ndarray) -> None:
    features = GlobalLocalEncoder(resnet, settings_of(case)).encode(rgb, masks)
    assert_close(features, array(RESNET, case), FEATURES)


@pytest.mark.parametrize("case", keys(RESNET, "^global_norms$"))
def test_resnet_norms(case: str, resnet: ResnetClip, rgb: np.ndarray, masks: np.ndarray) -> None:
    features = GlobalLocalEncoder(resnet, settings_of("global")).encode(rgb, masks)
    assert_close(features.norm(dim=-1), array(RESNET, case), FEATURES)


@pytest.mark.parametrize("case", keys(RESNET, "^featmap$"))
def test_resnet_feature_map(case: str, resnet: ResnetClip, rgb: np.ndarray) -> None:
    picture = resize(GlobalLocalEncoder(resnet).image(rgb), resnet.image_size, antialias=False)
    features, expected = resnet.feature_map(picture)[0], tensor(RESNET, case)
    largest = float(expected.max())  # about 200: the tolerance is one of values around 1
    assert_close(features / largest, expected / largest, FEATURES)
    assert_close(F.normalize(features, dim=0), F.normalize(expected, dim=0), FEATURES)


def vit_text(clip: ClipModel, number: int) -> torch.Tensor:
    return mix_texts(*clip.encode_text(TEXTS[number]))


def resnet_text(resnet: ResnetClip, number: int) -> torch.Tensor:
    return mix_texts(*F.normalize(resnet.encode_text(TEXTS[number]), dim=-1))


@pytest.mark.parametrize("case", keys(VIT, r"^vit/text\d+$"))
def test_vit_text(case: str, clip: ClipModel) -> None:
    number = int(case.removeprefix("vit/text"))
    assert_close(vit_text(clip, number)[None], array(VIT, case), FEATURES)


@pytest.mark.parametrize("case", keys(RESNET, r"^text\d+$"))
def test_resnet_text(case: str, resnet: ResnetClip) -> None:
    number = int(case.removeprefix("text"))
    assert_close(resnet_text(resnet, number)[None], array(RESNET, case), FEATURES)


@pytest.mark.parametrize("case", keys(VIT, "^vit/score_"))
def test_vit_scores(case: str, clip: ClipModel, rgb: np.ndarray, masks: np.ndarray) -> None:
    alpha, number = case.removeprefix("vit/score_v").split("_t")
    features = GlobalLocalEncoder(clip, GlobalLocalSettings(float(alpha))).encode(rgb, masks)
    scores = semantic_logits(features, vit_text(clip, int(number)))
    expected = array(VIT, case)
    assert_close(scores[:, None], expected, LOGITS)
    assert int(scores.argmax()) == int(expected.argmax())


@pytest.mark.parametrize("case", keys(RESNET, "^score_"))
def test_resnet_scores(case: str, resnet: ResnetClip, rgb: np.ndarray, masks: np.ndarray) -> None:
    alpha, number = case.removeprefix("score_v").split("_t")
    encoder = GlobalLocalEncoder(resnet, GlobalLocalSettings(float(alpha)))
    assert encoder.settings.dot_product(encoder.clip)
    scores = 100 * encoder.encode(rgb, masks) @ resnet_text(resnet, int(number))
    expected = array(RESNET, case)
    assert_close(scores[:, None], expected, LOGITS)
    assert int(scores.argmax()) == int(expected.argmax())
