"""The backbone on the frozen image encoder of Segment Anything, and CLIP's maps at their places."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from segment_anything.utils.transforms import ResizeLongestSide
from support.small_vatex import TINY
from support.squares import squares_frame

from zsris_ros.baselines.vatex.encoders.backbone import STRIDES, Backbone
from zsris_ros.baselines.vatex.encoders.placement import place_maps, valid_shares
from zsris_ros.baselines.vatex.frozen_clip import FrozenClip
from zsris_ros.baselines.vatex.network import Vatex, pad_images
from zsris_ros.baselines.vatex.placed_clip import prior_maps
from zsris_ros.baselines.vatex.vatex_segmenter import vatex_segmenter
from zsris_ros.models.load_vatex import (
    build_vatex,
    load_backbone_sam,
    load_trained_vatex,
    save_vatex,
)
from zsris_ros.proposals.sam.sam_network import Sam, build_mobile_sam
from zsris_ros.types import InputError

SETTINGS = replace(TINY, backbone="sam", prior_size=96, placed_clip=True)


@pytest.fixture(scope="module")
def sam() -> Sam:
    found = load_backbone_sam("household", SETTINGS)
    assert found is not None
    return found


def network_of(household: FrozenClip, sam: Sam) -> Vatex:
    torch.manual_seed(0)
    return build_vatex(SETTINGS, household, sam=sam)


def test_it_gives_four_scales_of_every_image(sam: Sam) -> None:
    backbone = Backbone("sam", sam=sam)
    maps = backbone(torch.rand(2, 3, 64, 96), torch.ones(2, 64, 96).bool())
    assert [each.shape for each in maps] == [
        (2, channels, 64 // stride, 96 // stride)
        for channels, stride in zip(backbone.channels, STRIDES, strict=True)
    ]
    with pytest.raises(InputError, match="a preset's SAM"):
        Backbone("sam")
    assert load_backbone_sam("household", replace(SETTINGS, backbone="clip")) is None


@pytest.mark.parametrize("size", [(192, 256), (256, 160)])
def test_an_image_of_its_own_size_is_encoded_as_sam_does_it(
    sam: Sam, size: tuple[int, int]
) -> None:
    """The pixels are those of ``Sam.preprocess``, and the map at stride 8 is the embedding."""
    images = torch.rand(1, 3, *size)
    body = Backbone("sam", sam=sam).body
    valid = torch.ones(1, *size).bool()
    expected = sam.preprocess(255 * images)
    squares, shares = body.squares(images, valid)
    torch.testing.assert_close(squares, expected)
    torch.testing.assert_close(shares, 256 / torch.tensor([size]).float())
    with torch.no_grad():
        embedding = sam.image_encoder(expected)
        maps = body(images, valid)
    whole = embedding[..., : size[0] // 8, : size[1] // 8]
    torch.testing.assert_close(maps[1], whole, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(maps[3], torch.nn.functional.avg_pool2d(whole, 4), atol=1e-4, rtol=0)
    doubled = sam.mask_decoder.output_upscaling[:3](whole)
    torch.testing.assert_close(maps[0][:, : doubled.shape[1]], doubled, atol=1e-4, rtol=1e-4)


def test_other_sizes_are_resized_by_their_long_side(sam: Sam) -> None:
    image = torch.rand(3, 90, 70)
    padded, valid = pad_images([image])
    squares, _ = Backbone("sam", sam=sam).body.squares(padded, valid)
    height, width = ResizeLongestSide.get_preprocess_shape(90, 70, 256)
    assert squares.shape == (1, 3, 256, 256)
    assert squares[..., :height, :width].abs().min() > 0
    assert not squares[..., height:, :].any() and not squares[..., width:].any()


def test_maps_do_not_depend_on_the_other_images_of_a_batch(sam: Sam) -> None:
    image, other = torch.rand(3, 64, 96), torch.rand(3, 128, 128)
    backbone = Backbone("sam", sam=sam)
    alone, together = (backbone(*pad_images(each)) for each in ([image], [image, other]))
    for first, both in zip(alone, together, strict=True):
        inside = both[:1, :, : first.shape[2], : first.shape[3]]
        torch.testing.assert_close(inside, first, atol=1e-4, rtol=1e-4)


def test_training_changes_all_but_the_encoder(household: FrozenClip, sam: Sam) -> None:
    network = network_of(household, sam).train()
    before = {name: each.clone() for name, each in network.state_dict().items()}
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2, weight_decay=0.1)
    tokens = household.image_tokens(squares_frame().rgb)
    images, valid = torch.rand(1, 3, 64, 64), torch.ones(1, 64, 64).bool()
    texts = household.encode(["mug"], tokens[None])
    output = network(images, valid, torch.zeros(1, dtype=torch.long), texts)
    sum(each.masks.square().mean() for each in output.predictions).backward()
    optimizer.step()
    after = network.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert not any(name.startswith("backbone.body.encoder.") for name in changed)
    parts = ("backbone.body.upscaling.0.", "backbone.body.upscaling.3.", "placed.tokens.")
    for part in (*parts, "placed.before.", "placed.after."):
        assert any(name.startswith(part) for name in changed), part


def test_the_statistics_of_mobile_sam_stay() -> None:
    body = Backbone("sam", sam=build_mobile_sam()).train().body
    assert not any(each.training for each in body.encoder.modules())
    assert body.training and body.upscaling.training


def test_a_checkpoint_answers_as_its_network(
    household: FrozenClip, sam: Sam, tmp_path: Path
) -> None:
    network = network_of(household, sam).eval()
    with torch.no_grad():
        for each in network.parameters():  # as a checkpoint holds them, and no longer SAM's
            each.copy_((each * 1.01).half().float())
    path = tmp_path / "vatex.safetensors"
    save_vatex(path, network, "household")
    trained = load_trained_vatex(path)
    assert torch.equal(trained.network.backbone.body.mean, sam.pixel_mean), "not in half precision"
    frame, masks = squares_frame(), []
    for segmenter in (vatex_segmenter(network, household), trained.segmenter()):
        masks.append(segmenter.refer(segmenter.look(frame), "the square on the left").mask)
    assert masks[0].any() and np.array_equal(*masks)


def test_a_map_lies_at_its_place_on_a_canvas() -> None:
    """A ramp over a part of the canvas has the coordinates of the canvas's cells as values."""
    centres = (torch.arange(12) + 0.5) / 2  # the map has two cells in each of the canvas's
    ramp = centres.expand(1, 1, 8, 12)
    placed = place_maps(ramp, torch.tensor([[0.5, 0.75]]), (8, 8))
    torch.testing.assert_close(placed[0, 0, 0, :6], torch.arange(6) + 0.5)
    valid = torch.zeros(1, 16, 16, dtype=torch.bool)
    valid[:, :8, :12] = True
    torch.testing.assert_close(valid_shares(valid), torch.tensor([[0.5, 0.75]]))


def test_the_prior_lies_on_the_image_and_not_on_its_padding() -> None:
    heat = torch.zeros(2, 1 + 16)
    heat[:, 0] = 9.0  # the class token has no place
    heat[0, 1 + 4 * 2 + 3] = heat[1, 1] = 0.5  # row 2, column 3 of 4x4 cells; the corner
    wide, whole = prior_maps(heat, torch.tensor([[1.0, 0.5], [1.0, 1.0]]), [(4, 8), (8, 16)])
    assert wide.shape == (2, 3, 4, 8) and whole.shape == (2, 3, 8, 16)
    assert divmod(int(wide[0, 0, :, :4].argmax()), 4) == (2, 3)
    assert int(wide[1, 0].argmax()) == 0
    peak = (0.5 - 0.5 / 16) / heat[0, 1:].std()
    values = torch.stack([peak, peak - 1, peak - 2])
    torch.testing.assert_close(wide[0, :, 2, 3], values, atol=1e-3, rtol=0)


def test_clip_is_placed_before_and_after_the_words(household: FrozenClip, sam: Sam) -> None:
    """Another image's tokens or prior change the answer, though the queries' prior is the same."""
    network = network_of(household, sam).eval()
    images, valid = torch.rand(1, 3, 64, 64), torch.ones(1, 64, 64).bool()
    tokens = torch.randn(1, household.heat_length, household.clip.embed_dim)
    texts = household.encode(["mug"], tokens)
    with torch.no_grad():
        levels = network.look(images, valid)
        first = network.segment(levels, texts).predictions[0].masks
        other = network.segment(levels, replace(texts, patches=tokens.flip(1))).predictions[0].masks
        network.placed = None
        plain = network.segment(levels, texts).predictions[0].masks
    assert not torch.allclose(first, other, atol=1e-3)
    assert not torch.allclose(first, plain, atol=1e-3)
