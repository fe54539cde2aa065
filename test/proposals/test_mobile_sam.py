"""MobileSAM's published parameters load into timm's TinyViT, and the network runs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from zsris_ros.models.preset import load_preset
from zsris_ros.proposals.sam.mobile_sam import TinyVitEncoder, translate_state_dict
from zsris_ros.proposals.sam.sam_network import Sam, build_mobile_sam, build_sam
from zsris_ros.types import InputError
from zsris_ros.weights.catalogue import WeightsError, find
from zsris_ros.weights.checkpoint import load_state_dict
from zsris_ros.weights.fetch import sha256

DIMS, DEPTHS, HEADS, WINDOWS = (64, 128, 160, 320), (2, 2, 6, 2), (2, 4, 5, 10), (7, 7, 14, 7)

Weights = dict[str, torch.Tensor]

Shapes = dict[str, tuple[int, ...]]


def conv_bn(name: str, out: int, into: int, size: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.c.weight", (out, into, size, size)
    for part in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.bn.{part}", (out,)
    yield f"{name}.bn.num_batches_tracked", ()


def linear(name: str, out: int, into: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (out, into)
    yield f"{name}.bias", (out,)


def norm(name: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)


def published_encoder() -> Shapes:
    """The encoder's parameters as MobileSAM's file names them, written out from its layers."""
    found: list[Iterator[tuple[str, tuple[int, ...]]]] = [
        conv_bn("patch_embed.seq.0", 32, 3, 3),
        conv_bn("patch_embed.seq.2", 64, 32, 3),
    ]
    for layer, (dim, depth) in enumerate(zip(DIMS, DEPTHS, strict=True)):
        for block in range(depth):
            at = f"layers.{layer}.blocks.{block}"
            if layer == 0:
                found += [
                    conv_bn(f"{at}.conv1", 4 * dim, dim, 1),
                    conv_bn(f"{at}.conv2", 4 * dim, 1, 3),
                    conv_bn(f"{at}.conv3", dim, 4 * dim, 1),
                ]
                continue
            biases = (HEADS[layer], WINDOWS[layer] ** 2)
            found += [
                norm(f"{at}.attn.norm", dim),
                linear(f"{at}.attn.qkv", 3 * dim, dim),
                linear(f"{at}.attn.proj", dim, dim),
                iter([(f"{at}.attn.attention_biases", biases)]),
                norm(f"{at}.mlp.norm", dim),
                linear(f"{at}.mlp.fc1", 4 * dim, dim),
                linear(f"{at}.mlp.fc2", dim, 4 * dim),
                conv_bn(f"{at}.local_conv", dim, 1, 3),
            ]
        if layer < 3:
            wide, at = DIMS[layer + 1], f"layers.{layer}.downsample"
            found += [
                conv_bn(f"{at}.conv1", wide, dim, 1),
                conv_bn(f"{at}.conv2", wide, 1, 3),
                conv_bn(f"{at}.conv3", wide, wide, 1),
            ]
    found += [norm("norm_head", 320), linear("head", 1000, 320)]
    shapes = dict(itertools.chain(*found))
    shapes |= {
        "neck.0.weight": (256, 320, 1, 1),
        "neck.2.weight": (256, 256, 3, 3),
        **dict(norm("neck.1", 256)),
        **dict(norm("neck.3", 256)),
    }
    return shapes


@pytest.fixture(scope="module")
def sam() -> Sam:
    torch.manual_seed(0)
    return build_mobile_sam()


@pytest.fixture(scope="module")
def published(sam: Sam) -> Weights:
    """Random weights in the shape of mobile_sam.pt."""
    torch.manual_seed(1)
    state = {k: v for k, v in sam.state_dict().items() if not k.startswith("image_encoder.")}
    for name, shape in published_encoder().items():
        random = 0.1 * torch.randn(shape)
        if name.endswith("num_batches_tracked"):
            random = torch.tensor(0)
        state[f"image_encoder.{name}"] = random.abs() + 0.5 if "running_var" in name else random
    return state


def test_all_published_parameters_are_loaded(published: Weights) -> None:
    loaded = build_sam("vit_t", published).state_dict()
    translated = translate_state_dict(published)
    assert set(translated) == set(loaded)
    for name, value in (
        ("patch_embed.conv1.conv.weight", "patch_embed.seq.0.c.weight"),
        ("stages.0.blocks.1.conv2.bn.bias", "layers.0.blocks.1.conv2.bn.bias"),
        ("stages.3.downsample.conv2.conv.weight", "layers.2.downsample.conv2.c.weight"),
        ("stages.2.blocks.5.attn.attention_biases", "layers.2.blocks.5.attn.attention_biases"),
    ):
        ours = loaded[f"image_encoder.body.{name}"]
        assert torch.equal(ours, published[f"image_encoder.{value}"])
    old = {**published, "image_encoder.layers.1.blocks.0.attn.attention_bias_idxs": torch.ones(2)}
    assert set(translate_state_dict(old)) == set(loaded)


def test_other_weights_are_refused(published: Weights) -> None:
    short = dict(published)
    del short["image_encoder.layers.1.blocks.0.local_conv.c.weight"]
    with pytest.raises(InputError, match="vit_t: 1 tensors are missing"):
        build_sam("vit_t", short)


def test_the_last_stage_halves_no_more() -> None:
    """The decoder needs an embedding of a sixteenth of the side."""
    torch.manual_seed(0)
    encoder = TinyVitEncoder().eval()
    with torch.no_grad():
        assert encoder(torch.randn(1, 3, 224, 224)).shape == (1, 256, 14, 14)


def test_a_frame_is_encoded(sam: Sam) -> None:
    from segment_anything import SamPredictor

    predictor = SamPredictor(sam)
    predictor.set_image(np.random.default_rng(0).integers(0, 255, (60, 90, 3)).astype(np.uint8))
    point = np.array([[45, 30]])
    masks, quality, _ = predictor.predict(point, np.array([1]), multimask_output=True)
    assert masks.shape == (3, 60, 90)
    assert np.isfinite(quality).all()


def test_the_preset_builds_from_the_published_file(published: Weights, tmp_path: Path) -> None:
    """As fetched: a torch file of tensors, checked by its sha256 and put into the preset."""
    preset = load_preset("mobile-sam")
    entry = find(preset.sam.checkpoint)
    path = tmp_path / entry.file
    torch.save(published, path)
    with pytest.raises(WeightsError, match="sha256"):
        load_state_dict(path, entry.sha256)
    sam = build_sam(preset.sam.architecture, load_state_dict(path, sha256(path)))
    assert isinstance(sam.image_encoder, TinyVitEncoder)
