"""The whole network: backbones, padding, ablation switches, prompts, look and refer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from support.squares import squares_frame

from zsris_ros.baselines.vatex.encoders.backbone import STRIDES, Backbone
from zsris_ros.baselines.vatex.frozen_clip import FrozenClip
from zsris_ros.baselines.vatex.network import Vatex, pad_images, resize_and_pad
from zsris_ros.baselines.vatex.position_encoding import sine_positions
from zsris_ros.baselines.vatex.vatex_segmenter import VatexResolver, vatex_segmenter
from zsris_ros.baselines.vatex.vatex_settings import PROMPTS, VatexSettings
from zsris_ros.types import Frame, InputError, Verdict

SENTENCES = ["the red mug on the left", "bowl"]


@pytest.mark.parametrize(
    "name", ["small", "swin_tiny", "resnet50", "video_small", "video_swin_tiny"]
)
def test_backbones_give_four_scales_of_every_frame(name: str) -> None:
    with torch.device("meta"):  # shapes without memory or arithmetic
        backbone = Backbone(name).eval()
        for length in (1, 3):
            valid = torch.ones(2 * length, 64, 96, dtype=torch.bool)
            maps = backbone(torch.rand(2 * length, 3, 64, 96), valid, length)
            assert [each.shape for each in maps] == [
                (2 * length, channels, 64 // stride, 96 // stride)
                for channels, stride in zip(backbone.channels, STRIDES, strict=True)
            ]


def test_unknown_and_unpublished_backbones_are_refused() -> None:
    with pytest.raises(InputError, match="use one of swin_base, swin_tiny"):
        Backbone("vgg")
    with pytest.raises(InputError, match="train it from scratch"):
        Backbone("small", pretrained=True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"width": 100, "heads": 8}, "multiple"),
        ({"queries": 0}, "queries must be positive"),
        ({"prompt": "haiku"}, "unknown prompt"),
    ],
)
def test_impossible_settings_are_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        replace(VatexSettings(), **changes)


def test_settings_survive_json() -> None:
    settings = VatexSettings.small(cmd=False)
    assert VatexSettings.from_json(settings.to_json()) == settings
    with pytest.raises(InputError, match="settings of this version"):
        VatexSettings.from_json({"width": 8})


def answers(network: Vatex, frozen: FrozenClip, frames: list[Frame], text: str) -> list[Any]:
    """Return the final mask logits of one text about each frame, in one padded batch."""
    images = [torch.from_numpy(frame.rgb).permute(2, 0, 1).float() / 255 for frame in frames]
    tokens = torch.stack([frozen.image_tokens(frame.rgb) for frame in frames])
    texts = frozen.encode([text] * len(frames), tokens)
    with torch.no_grad():
        output = network(*pad_images(images), torch.arange(len(frames)), texts)
    return list(output.predictions[-1].masks)


def test_words_are_the_tokens_that_clip_reads(frozen: FrozenClip) -> None:
    """The end token's feature, projected, is CLIP's text feature; padding changes nothing."""
    words, valid = frozen.clip.encode_words(SENTENCES)
    assert words.shape == (2, 8, frozen.word_width)
    assert valid.sum(1).tolist() == [8, 3]  # with start and end
    ends = words[torch.arange(2), valid.sum(1) - 1] @ frozen.clip.model.text_projection
    torch.testing.assert_close(ends, frozen.clip.encode_text(SENTENCES))
    alone, _ = frozen.clip.encode_words(SENTENCES[1:])
    torch.testing.assert_close(alone[0], words[1, :3])


@pytest.mark.parametrize("prompt", PROMPTS)
def test_each_prompt_gives_a_map_of_its_own(frozen: FrozenClip, prompt: Any) -> None:
    clip = FrozenClip(frozen.clip, frozen._reader, prompt)
    tokens = clip.image_tokens(squares_frame().rgb)
    heat = clip.encode(SENTENCES[:1], tokens[None]).heat
    torch.testing.assert_close(heat.norm(dim=1), torch.ones(1))
    template = frozen.encode(SENTENCES[:1], tokens[None]).heat
    assert torch.equal(heat, template) is (prompt == "template")


def test_positions_do_not_depend_on_padding() -> None:
    valid = torch.zeros(2, 4, 6, dtype=torch.bool)
    valid[0, :3, :4] = valid[1] = True
    padded = sine_positions(valid, 8)[:1, :, :3, :4]
    torch.testing.assert_close(padded, sine_positions(valid[:1, :3, :4], 8))


def test_padding_holds_no_information(network: Vatex, frozen: FrozenClip) -> None:
    """Whatever stands in the padding, the answer is the same."""
    image = torch.rand(1, 3, 64, 64)
    valid = torch.zeros(1, 64, 64, dtype=torch.bool)
    valid[:, :48] = True
    texts = frozen.encode(["mug"], torch.randn(1, frozen.heat_length, frozen.clip.embed_dim))
    other = torch.where(valid[:, None], image, torch.rand(1, 3, 64, 64))
    with torch.no_grad():
        first, second = (
            network(each, valid, torch.zeros(1, dtype=torch.long), texts) for each in (image, other)
        )
    torch.testing.assert_close(first.predictions[-1].masks, second.predictions[-1].masks)


def test_images_of_other_sizes_share_a_batch(network: Vatex, frozen: FrozenClip) -> None:
    rng = np.random.default_rng(0)
    frames = [
        Frame(rng.integers(0, 255, size, dtype=np.uint8)) for size in ((64, 64, 3), (40, 90, 3))
    ]
    together = answers(network, frozen, frames, "the mug")
    assert all(torch.isfinite(each).all() for each in together)
    assert together[0].shape == (5, 16, 24)


def test_switches_remove_their_parameters_only(network: Vatex, frozen: FrozenClip) -> None:
    full = {name for name, _ in network.named_parameters()}
    sizes = (frozen.word_width, frozen.heat_length)
    for change, parts in ({"clip_prior": False}, ["heat"]), ({"cmd": False}, ["to_text"]):
        other = Vatex(replace(network.settings, **change), *sizes)
        missing = full - {name for name, _ in other.named_parameters()}
        assert missing and all(any(part in name for part in parts) for name in missing)


def test_without_cmd_the_words_stay(frozen: FrozenClip, network: Vatex) -> None:
    plain = Vatex(replace(network.settings, cmd=False), frozen.word_width, frozen.heat_length)
    texts = frozen.encode(SENTENCES, torch.randn(2, frozen.heat_length, frozen.clip.embed_dim))
    images, valid = torch.rand(1, 3, 64, 64), torch.ones(1, 64, 64, dtype=torch.bool)
    for model, stay in (plain, True), (network, False):
        sentences = model(images, valid, torch.tensor([0, 0]), texts).sentences
        assert len(sentences) == 5
        assert torch.equal(sentences[0], sentences[-1]) is stay


def test_look_and_refer_answer_without_proposals(network: Vatex, frozen: FrozenClip) -> None:
    segmenter = vatex_segmenter(network, frozen)
    frame = squares_frame()
    scene = segmenter.look(frame)
    assert len(scene.proposals) == 0
    result = segmenter.refer(scene, "the mug on the left")
    assert result.mask.shape == (frame.height, frame.width)
    assert result.verdict is (Verdict.FOUND if result.mask.any() else Verdict.NOT_FOUND)
    again = segmenter.refer(segmenter.look(frame), "the mug on the left")
    assert np.array_equal(result.mask, again.mask)
    if result.best is not None:
        assert result.best.centroid is not None and 0.4 < result.best.centroid[2] < 1.1
    with pytest.raises(InputError, match="no word"):
        segmenter.refer(scene, "?!")
    with pytest.raises(InputError, match="no proposals to track"):
        segmenter.look_for_tracking(frame)


def test_an_improbable_object_is_not_found(network: Vatex, frozen: FrozenClip) -> None:
    segmenter = vatex_segmenter(network, frozen, min_score=1.1)
    result = segmenter.refer(segmenter.look(squares_frame()), "the mug")
    assert result.verdict is Verdict.NOT_FOUND
    assert not result.mask.any() and result.candidates == ()
    assert "the probability is" in result.message


def test_other_scenes_are_refused(network: Vatex, frozen: FrozenClip) -> None:
    from support.scenes import scene_of

    with pytest.raises(InputError, match="scenes of its own"):
        VatexResolver(network, frozen).refer(scene_of([(1, 1, 5, 5)]), "the mug")


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (480, 640)])
def test_any_image_size_is_answered(
    network: Vatex, frozen: FrozenClip, size: tuple[int, int]
) -> None:
    segmenter = vatex_segmenter(network, frozen)
    frame = Frame(np.full((*size, 3), 90, np.uint8))
    assert segmenter.refer(segmenter.look(frame), "mug").mask.shape == size
    batch, valid = resize_and_pad(torch.rand(3, *size), 64)
    assert batch.shape[2] % 32 == 0 and batch.shape[3] % 32 == 0 and valid.any()
