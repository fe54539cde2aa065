"""Global-Local CLIP, ViT and ResNet: boxes, crops, masks, features, texts and scores."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch
from _pytest.mark import ParameterSet
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
from zsris_ros.guidance.fusion import mix_text_features, semantic_logits
from zsris_ros.vision.clip import ClipModel, openai_architecture
from zsris_ros.vision.resnet.resnet_clip import ResnetClip, load_clip
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
def test_image(case: str, clip: ClipModel, rgb: np.ndarray) -> None:
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


@pytest.fixture
def model(name: str, request: pytest.FixtureRequest) -> ClipModel | ResnetClip:
    """The CLIP that the file ``name`` was recorded with."""
    found: ClipModel | ResnetClip = request.getfixturevalue("clip" if name == VIT else "resnet")
    return found


def both(vit: str, resnet: str) -> pytest.MarkDecorator:
    """Parametrise by file and recorded array of both models."""
    cases = [
        pytest.param(name, *case.values, marks=case.marks)
        if isinstance(case, ParameterSet)  # the one that skips without the file
        else (name, case)
        for name, pattern in ((VIT, vit), (RESNET, resnet))
        for case in keys(name, pattern)
    ]
    return pytest.mark.parametrize(("name", "case"), cases)


@both(r"^vit/mask\d+$", r"^mask\d+$")
def test_grid(name: str, case: str, model: Any, masks: np.ndarray) -> None:
    assert_close(GlobalLocalEncoder(model).grids(masks), array(name, case), 1e-6)


@both("^vit/(global|local)", "^(global|local)$")
def test_features(name: str, case: str, model: Any, rgb: np.ndarray, masks: np.ndarray) -> None:
    features = GlobalLocalEncoder(model, settings_of(case)).encode(rgb, masks)
    assert_close(features, array(name, case), FEATURES)


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


def text_of(model: ClipModel | ResnetClip, number: int) -> torch.Tensor:
    features = model.encode_text(TEXTS[number])
    return mix_text_features(
        *(features if isinstance(model, ClipModel) else F.normalize(features, dim=-1))
    )


@both(r"^vit/text\d+$", r"^text\d+$")
def test_text(name: str, case: str, model: Any) -> None:
    number = int(case.split("text")[1])
    assert_close(text_of(model, number)[None], array(name, case), FEATURES)


@both("^vit/score_", "^score_")
def test_scores(name: str, case: str, model: Any, rgb: np.ndarray, masks: np.ndarray) -> None:
    alpha, number = case.split("score_v")[1].split("_t")
    encoder = GlobalLocalEncoder(model, GlobalLocalSettings(float(alpha)))
    features, text = encoder.encode(rgb, masks), text_of(model, int(number))
    assert encoder.settings.dot_product(encoder.clip) == (name == RESNET)
    scores = 100 * features @ text if name == RESNET else semantic_logits(features, text)
    expected = array(name, case)
    assert_close(scores[:, None], expected, LOGITS)
    assert int(scores.argmax()) == int(expected.argmax())
