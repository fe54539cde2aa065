"""Segment Anything proposals equal those of segment_anything's generator.

A small network with random weights replaces a trained one: the tests check the code around the
network, which does not depend on the weights.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from support.small_sam import SMALL
from torch.nn.functional import avg_pool2d

from zsris_ros.proposals.sam import encoder as sam_encoder
from zsris_ros.proposals.sam.decoder import PointDecoder
from zsris_ros.proposals.sam.encoder import encode_image
from zsris_ros.proposals.sam.sam_network import Sam, SamArchitecture, build_sam
from zsris_ros.proposals.sam.sam_proposer import SamProposer
from zsris_ros.proposals.sam.sam_settings import SamSettings
from zsris_ros.torch_utils.torchvision_ops import ensure_torchvision
from zsris_ros.types import Frame, InputError, Proposals

ensure_torchvision()

from segment_anything import SamAutomaticMaskGenerator

Weights = dict[str, torch.Tensor]

LENIENT = SamSettings(
    points_per_side=6,
    points_per_batch=10,
    pred_iou_thresh=0.6,
    stability_score_thresh=0.4,
    box_nms_thresh=0.9,
)


@pytest.fixture(scope="module")
def weights() -> Weights:
    """Random weights, strong enough that masks, IoUs and stabilities differ between points."""
    torch.manual_seed(2)
    state = build_sam(SMALL).state_dict()
    for name, value in state.items():
        strength = {"transformer": 6, "output_": 6, "neck": 3, "iou_prediction_head": 2}
        for part, factor in strength.items():
            if part in name and value.ndim > 1:
                value.mul_(factor)
    state["mask_decoder.iou_prediction_head.layers.2.bias"] += 0.7
    return state


def network(weights: Weights, covered: float = 0.2) -> Sam:
    """A small network whose masks are compact blobs, as a trained network's are.

    ``covered`` is the share of the picture that a mask covers.
    """

    sam = build_sam(SMALL, weights)
    enlarge = sam.postprocess_masks
    sam.postprocess_masks = lambda logits, *sizes: enlarge(blobs(logits, covered), *sizes)
    sam.covered = covered
    return sam


def blobs(logits: torch.Tensor, covered: float) -> torch.Tensor:
    """Smoothed logits ...xhxw, positive on a share of their pixels."""
    logits = avg_pool2d(logits, 7, 1, 3)
    logits = logits - logits.flatten(-2).quantile(1 - covered, dim=-1)[..., None, None]
    return 10 * logits / logits.std((-2, -1), keepdim=True)


@pytest.fixture(autouse=True)
def blobs_for_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The networks' ``postprocess_masks``, as in segment_anything's own generator."""
    draw = PointDecoder.masks

    def masks(self: PointDecoder, *asked: Any) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        covered = getattr(self.network, "covered", None)
        for logits, quality in draw(self, *asked):
            yield (logits if covered is None else blobs(logits, covered)), quality

    monkeypatch.setattr(PointDecoder, "masks", masks)


def picture(height: int = 48, width: int = 80, seed: int = 0) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 10, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((height // 6 + 1, width // 10 + 1, 1), np.uint8))[
        :height, :width
    ].copy()


def propose(weights: Weights, image: np.ndarray, settings: SamSettings = LENIENT) -> Proposals:
    return SamProposer(network(weights), settings).propose(Frame(image))


def assert_sound(proposals: Proposals, image: np.ndarray) -> None:
    n = len(proposals)
    assert proposals.masks.dtype == bool
    assert proposals.masks.shape == (n, *image.shape[:2])
    assert proposals.boxes.shape == (n, 4)
    assert proposals.sources == ("sam",) * n
    assert np.all(np.diff(proposals.quality) <= 0)
    assert np.all((proposals.quality >= 0) & (proposals.quality <= 1))
    for mask, (x, y, w, h) in zip(proposals.masks, proposals.boxes, strict=True):
        ys, xs = np.nonzero(mask)
        assert (x, y) == (xs.min(), ys.min())
        assert (x + w, y + h) == (xs.max(), ys.max())


def assert_alike(ours: Proposals, plain: list[dict[str, Any]]) -> None:
    """The same masks, up to a pixel whose logit is zero but for rounding."""
    differ = ours.masks != np.array([mask["segmentation"] for mask in plain])
    assert differ.sum(axis=(1, 2)).max() <= 1 and differ.any(axis=(1, 2)).mean() <= 0.2
    assert np.abs(ours.boxes - np.array([mask["bbox"] for mask in plain])).max() <= 1


@pytest.mark.parametrize("min_area", [0, 60])
@pytest.mark.parametrize("seed", range(3))
def test_masks_are_those_of_the_plain_generator(weights: Weights, seed: int, min_area: int) -> None:
    image = picture(seed=seed)
    settings = dataclasses.replace(LENIENT, min_mask_region_area=min_area)
    ours = propose(weights, image, settings)
    plain = SamAutomaticMaskGenerator(network(weights), **dataclasses.asdict(settings)).generate(
        image
    )
    plain.sort(key=lambda mask: -mask["predicted_iou"])

    assert len(ours) == len(plain) > 3
    assert_alike(ours, plain)
    if min_area:  # the comparison tests the cleaning only where masks change
        raw = {mask.tobytes() for mask in propose(weights, image).masks}
        assert {mask.tobytes() for mask in ours.masks} - raw
    expected = np.clip([mask["predicted_iou"] for mask in plain], 0, 1)
    assert np.allclose(ours.quality, expected, atol=1e-7)
    assert_sound(ours, image)


def test_out_of_memory_halves_the_points_of_a_batch(
    weights: Weights, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    expected = propose(weights, picture())
    masks, asked = PointDecoder.masks, []

    def small(self: PointDecoder, points: torch.Tensor, least: float) -> Iterator[tuple]:
        asked.append(len(points))
        for found in masks(self, points, least):
            yield found
            if len(points) > 5:  # some of the masks are drawn by then
                raise torch.OutOfMemoryError("tried to allocate 20 GiB")

    monkeypatch.setattr(PointDecoder, "masks", small)
    proposer = SamProposer(network(weights), LENIENT)
    for _ in range(2):
        found = proposer.propose(Frame(picture()))
        assert np.array_equal(found.masks, expected.masks)
        assert np.allclose(found.quality, expected.quality, atol=1e-6)
    assert asked == [10] + 2 * [5, 5, 5, 5, 5, 5, 5, 1]
    assert "memory ran out on 10 points at a time: from now on it is 5" in caplog.text


CROPS = dataclasses.replace(
    LENIENT,
    points_per_side=8,
    stability_score_thresh=0.2,
    crop_n_layers=1,
    crop_n_points_downscale_factor=2,
)


@pytest.mark.parametrize("min_area", [0, 200])
def test_masks_of_crops_are_those_of_the_plain_generator(weights: Weights, min_area: int) -> None:
    image = picture(200, 260, seed=1)
    settings = dataclasses.replace(CROPS, min_mask_region_area=min_area)
    ours = SamProposer(network(weights, covered=0.05), settings).propose(Frame(image))
    plain = SamAutomaticMaskGenerator(
        network(weights, covered=0.05), **dataclasses.asdict(settings)
    ).generate(image)
    plain.sort(key=lambda mask: -min(1, mask["predicted_iou"]))
    from_crops = [mask for mask in plain if mask["crop_box"][2:] != [260, 200]]
    assert 3 < len(from_crops) < len(plain), "the comparison would say nothing about crops"
    assert_alike(ours, plain)
    assert_sound(ours, image)


@pytest.mark.parametrize(
    "wrong",
    [
        {"points_per_side": 0},
        {"crop_n_layers": -1},
        {"crop_n_points_downscale_factor": 0},
        {"points_per_side": 3, "crop_n_layers": 2, "crop_n_points_downscale_factor": 2},
    ],
)
def test_impossible_settings_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError, match=r"point|crop"):
        SamSettings(**wrong)


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (40, 40), (1, 500), (300, 2), (3, 200), (200, 130)]
)
@pytest.mark.parametrize("value", [None, 0, 255])
def test_any_image_gives_sound_proposals(
    weights: Weights, height: int, width: int, value: int | None
) -> None:
    image = picture(height, width)
    if value is not None:
        image[:] = value
    for settings in (LENIENT, CROPS):
        assert_sound(propose(weights, image, settings), image)


def test_no_mask_reaches_the_thresholds(weights: Weights) -> None:
    for strict in ({"pred_iou_thresh": 50.0}, {"stability_score_thresh": 1.5}):
        image = picture()
        settings = dataclasses.replace(LENIENT, min_mask_region_area=10, **strict)
        proposals = propose(weights, image, settings)
        assert len(proposals) == 0
        assert_sound(proposals, image)


def test_zero_thresholds_give_no_empty_mask(weights: Weights) -> None:
    everything = SamSettings(
        points_per_side=4, pred_iou_thresh=-9.0, stability_score_thresh=0.0, box_nms_thresh=1.0
    )
    proposals = propose(weights, picture(), everything)
    assert len(proposals) > 10
    assert_sound(proposals, picture())


def test_two_frames_do_not_share_embeddings(weights: Weights) -> None:
    proposer = SamProposer(network(weights), LENIENT)
    first, other = picture(seed=0), picture(60, 40, seed=1)
    before = proposer.propose(Frame(first))
    proposer.propose(Frame(other))
    assert np.array_equal(before.masks, proposer.propose(Frame(first)).masks)


@pytest.mark.parametrize("window", [4, 3])
@pytest.mark.parametrize("side", [64, 32])
def test_the_encoder_in_parts_equals_the_whole(
    monkeypatch: pytest.MonkeyPatch, side: int, window: int
) -> None:
    """A part at a time, in windows that do not fill the picture, and in some that go beyond it."""
    monkeypatch.setattr(sam_encoder, "items_at_once", lambda numbers, _: max(1, 300 // numbers))
    torch.manual_seed(3)
    encoder = build_sam({**SMALL, "window_size": window}).image_encoder
    for name, value in encoder.named_parameters():
        if "pos" in name or "bias" in name:
            torch.nn.init.normal_(value)
    image = torch.randn(2, 3, side, side)
    with torch.no_grad():
        ours = encode_image(encoder, image)
        encoder.pos_embed.data = encoder.pos_embed[:, : side // 8, : side // 8].clone()
        torch.testing.assert_close(ours, encoder(image), atol=2e-5, rtol=0)


def test_the_decoder_equals_segment_anythings(weights: Weights) -> None:
    sam = build_sam(SMALL, weights)
    embedding, points = torch.randn(1, 32, 8, 8), 64 * torch.rand(7, 2)
    labels = torch.ones(7, 1)
    with torch.no_grad():
        sparse, dense = sam.prompt_encoder((points[:, None], labels), None, None)
        logits, quality = sam.mask_decoder(
            embedding, sam.prompt_encoder.get_dense_pe(), sparse, dense, multimask_output=True
        )
        least = float(quality.flatten().sort().values[9:11].mean())
        ours = list(PointDecoder(sam, embedding).masks(points, least))
    assert 0 < len(torch.cat([good for _, good in ours])) < quality.numel()
    kept = quality > least
    scale = float(logits.abs().max())
    drawn = torch.cat([drawn for drawn, _ in ours])
    torch.testing.assert_close(drawn, logits[kept], atol=1e-4 * scale, rtol=0)
    torch.testing.assert_close(
        torch.cat([good for _, good in ours]), quality[kept], atol=1e-4, rtol=0
    )


def test_half_precision_encoder_stays_close(weights: Weights) -> None:
    image = torch.randn(1, 3, 64, 64)
    exact = encode_image(build_sam(SMALL, weights).image_encoder, image).detach()
    for precision, worst in (("bf16", 0.1), ("fp16", 0.02)):
        half = build_sam(SMALL, weights)
        proposer = SamProposer(half, LENIENT, precision=precision)
        assert half.image_encoder.patch_embed.proj.weight.dtype != torch.float32
        assert next(half.mask_decoder.parameters()).dtype == torch.float32
        embedding = encode_image(half.image_encoder, image)
        assert embedding.dtype == torch.float32
        assert 0 < float((embedding - exact).abs().mean()) < worst
        assert_sound(proposer.propose(Frame(picture())), picture())


def test_state_dict_survives_a_round_trip_in_half_precision() -> None:
    fresh = build_sam(SMALL)
    half = {name: value.half() for name, value in fresh.state_dict().items()}
    loaded = build_sam(SMALL, half)
    for name, value in loaded.state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value, half[name].float())


def test_default_sizes_are_the_published_vit_b() -> None:
    with torch.device("meta"):
        ours = SamArchitecture().build().state_dict()
        published = build_sam("vit_b").state_dict()
    assert {k: v.shape for k, v in ours.items()} == {k: v.shape for k, v in published.items()}


def test_wrong_weights_are_refused_by_name(weights: Weights) -> None:
    with pytest.raises(ValueError, match="unknown SAM architecture 'vit_x'"):
        build_sam("vit_x")
    with pytest.raises(ValueError, match="depth, with"):
        build_sam({"depth": 3, "with": 4, "image_size": 64})
    with pytest.raises(ValueError, match="no multiple"):
        build_sam({**SMALL, "image_size": 60})
    with torch.device("meta"), pytest.raises(ValueError, match=r"vit_b.*'image_encoder"):
        build_sam("vit_b", weights)
    with pytest.raises(ValueError, match="extra"):
        build_sam(SMALL, {**weights, "extra": torch.zeros(1)})
    with pytest.raises(ValueError, match="fp8"):
        SamProposer(build_sam(SMALL), LENIENT, precision="fp8")


def test_a_region_has_its_own_grid_of_points(weights: Weights) -> None:
    image = picture()
    whole, left = (slice(0, 48), slice(0, 80)), (slice(0, 48), slice(0, 40))
    proposer = SamProposer(network(weights), LENIENT)  # whose grid is as dense as a window's
    everywhere, same = proposer.propose(Frame(image)), proposer.propose(Frame(image), whole)
    assert len(everywhere) > 1 and np.array_equal(everywhere.masks, same.masks)
    sparse = dataclasses.replace(LENIENT, points_per_side=1, crop_n_layers=0)
    for settings in (LENIENT, sparse, dataclasses.replace(LENIENT, crop_n_layers=1)):
        again = SamProposer(network(weights), settings).propose(Frame(image), whole)
        assert np.array_equal(again.masks, same.masks), "the settings' grid plays no part"
    partly = proposer.propose(Frame(image), left)
    assert_sound(partly, image)
    assert not np.array_equal(partly.masks, same.masks)
