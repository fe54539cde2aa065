"""The parts of a network that begin as those of the bundled CLIP, a ResNet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.small_vatex import TINY
from support.squares import squares_frame

from zsris_ros.baselines.vatex.encoders.backbone import MEAN, STD, Backbone
from zsris_ros.baselines.vatex.encoders.trained_text import TextEncoder
from zsris_ros.baselines.vatex.frozen_clip import FrozenClip
from zsris_ros.baselines.vatex.vatex_segmenter import vatex_segmenter
from zsris_ros.baselines.vatex.vatex_settings import VatexSettings
from zsris_ros.models.load_vatex import (
    build_vatex,
    load_frozen_clip,
    load_trained_vatex,
    save_vatex,
)
from zsris_ros.types import InputError
from zsris_ros.vision.resnet.resnet_clip import ResnetClip

SETTINGS = replace(TINY, backbone="clip", prior_size=96, trained_text=True)


@pytest.fixture(scope="module")
def resnet(household: FrozenClip) -> ResnetClip:
    assert isinstance(household.clip, ResnetClip)
    return household.clip


def known(clip: ResnetClip, *more: str) -> torch.Tensor:
    """Return the tokens that CLIP was trained with, and those of ``more``."""
    table = clip.model.token_embedding.weight
    ids = table.any(dim=1).nonzero()[:, 0].tolist()
    return torch.tensor(sorted({*ids, *clip.tokenize(more).flatten().tolist()}))


def test_the_text_encoder_begins_as_that_of_clip(resnet: ResnetClip) -> None:
    texts = ["red mug", "box"]
    words, valid = resnet.encode_words(texts)
    encoder = TextEncoder(resnet, known(resnet))
    features = encoder(resnet.tokenize(texts)[:, : words.shape[1]])
    assert torch.allclose(features[valid], words[valid], atol=1e-5)
    assert all(each.requires_grad for each in encoder.parameters())


def test_words_that_clip_never_saw_are_told_apart_once_they_are_in_the_vocabulary(
    resnet: ResnetClip,
) -> None:
    pair = resnet.tokenize(["not mug", "all mug"])
    without = TextEncoder(resnet, known(resnet))(pair)
    assert torch.allclose(without[0], without[1]), "both words are unknown"
    learnt = TextEncoder(resnet, known(resnet, "not", "all"))(pair)
    assert not torch.allclose(learnt[0], learnt[1], atol=1e-3)


def test_the_backbone_begins_as_the_image_encoder_of_clip(resnet: ResnetClip) -> None:
    backbone = Backbone("clip", clip=resnet)
    images = torch.rand(2, 3, 64, 96)
    maps = backbone(images, torch.ones(2, 64, 96).bool())
    assert [tuple(each.shape[1:]) for each in maps] == [
        (channels, 64 // stride, 96 // stride)
        for channels, stride in zip(backbone.channels, (4, 8, 16, 32), strict=True)
    ]
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (MEAN, STD))
    assert torch.allclose(maps[3], resnet.feature_map((images - mean) / std), atol=1e-4)
    before = [buffer.clone() for buffer in backbone.buffers()]
    backbone.train()(images + 1, torch.ones(2, 64, 96).bool())
    assert all(torch.equal(a, b) for a, b in zip(before, backbone.buffers(), strict=True))


def test_the_prior_of_a_resnet_has_its_cells_at_any_size(household: FrozenClip) -> None:
    rgb = squares_frame().rgb
    tokens = household.image_tokens(rgb)
    assert tokens.shape == (household.heat_length, household.clip.embed_dim)
    assert household.heat_length == 1 + 3 * 3
    own = FrozenClip(household.clip, household._reader)
    assert own.heat_length == 1 + 2 * 2
    assert torch.equal(own.image_tokens(rgb)[0], tokens[0]), "the whole image at CLIP's own size"
    with pytest.raises(InputError, match="a multiple of CLIP's cells of 32 px"):
        FrozenClip(household.clip, household._reader, size=100)


def test_a_checkpoint_keeps_the_trained_encoders(household: FrozenClip, tmp_path: Path) -> None:
    torch.manual_seed(0)
    assert isinstance(household.clip, ResnetClip)
    network = build_vatex(SETTINGS, household, known(household.clip, "left")).eval()
    with torch.no_grad():
        for each in network.parameters():  # trained: no longer those of CLIP
            each.copy_((each + 0.01).half().float())
    path = tmp_path / "vatex.safetensors"
    save_vatex(path, network, "household", min_score=0.25)
    trained = load_trained_vatex(path)
    assert (trained.preset, trained.min_score) == ("household", 0.25)
    frame, text = squares_frame(), "the square on the left"
    masks = []
    for segmenter in (
        vatex_segmenter(network, household),
        vatex_segmenter(trained.network, household),
    ):
        masks.append(segmenter.refer(segmenter.look(frame), text).mask)
    assert np.array_equal(*masks)
    for name, value in network.state_dict().items():
        assert torch.allclose(trained.network.state_dict()[name], value, atol=1e-2), name


def test_what_clip_cannot_give_is_refused(household: FrozenClip) -> None:
    transformer = load_frozen_clip("tabletop", TINY)
    settings = VatexSettings.small(backbone="clip")
    with pytest.raises(InputError, match="must be a ResNet: take --weights household"):
        build_vatex(settings, transformer)
    with pytest.raises(InputError, match="needs the tokens of its vocabulary"):
        build_vatex(SETTINGS, household)
