"""The localisation map equals its plain definition, and is hot at the text's object."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.types import InputError
from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.gem import GemLocaliser, GemSettings, scale_to_unit


@pytest.fixture(scope="module")
def gem(clip: ClipModel) -> GemLocaliser:
    return GemLocaliser(clip, GemSettings(blocks=2, size=64))


def plain_update(block: object, tokens: Tensor) -> Tensor:
    """GEM's update of one picture's TxD tokens, head by head, from its definition."""
    attention = block.attn
    normed = block.ln_1(tokens)
    heads = attention.num_heads
    size = normed.shape[1] // heads
    weight, bias = attention.in_proj_weight, attention.in_proj_bias
    q, k, v = (normed @ weight.T + bias).split(normed.shape[1], dim=1)
    tau = normed.norm(dim=1).mean() * size**-0.5
    mixed = []
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        result = torch.zeros(len(tokens), size)
        for z in (q[:, part], k[:, part], v[:, part]):
            z = F.normalize(z, dim=1)
            z = F.normalize(torch.softmax(tau * z @ z.T, dim=1) @ z, dim=1)
            result += torch.softmax(tau * z @ z.T, dim=1) @ v[:, part] / 3
        mixed.append(result)
    updated: Tensor = attention.out_proj(torch.cat(mixed, dim=1))
    return updated


def test_equals_its_definition(clip: ClipModel, gem: GemLocaliser) -> None:
    torch.manual_seed(0)
    images = torch.randn(2, 3, 64, 64)
    for image, tokens in zip(images, gem.token_features(images), strict=True):
        ordinary = clip.stem(image[None])
        for block in clip.blocks[:2]:
            ordinary = block(ordinary)
        grouped = ordinary[0]
        for block in clip.blocks[2:]:
            grouped = grouped + plain_update(block, ordinary[0])
            ordinary = block(ordinary)
        torch.testing.assert_close(tokens, clip.head(grouped), atol=2e-5, rtol=0)


def test_patches_are_unit_vectors_on_the_grid(gem: GemLocaliser) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (30, 50, 3), dtype=np.uint8)
    patches = gem.patches(rgb)
    assert patches.shape == (8 * 8, 24)
    torch.testing.assert_close(patches.norm(dim=1), torch.ones(64))


def planted(quadrant: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Patches of which one quadrant is like the text and the rest unlike it."""
    grid = torch.zeros(8, 8, 24)
    grid[..., 0] = 1
    rows, columns = (slice(4 * half, 4 * half + 4) for half in quadrant)
    grid[rows, columns] = torch.eye(24)[1]
    return grid.reshape(64, 24), 5 * torch.eye(24)[1]


@pytest.mark.parametrize("quadrant", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_the_map_is_hot_where_the_text_is(gem: GemLocaliser, quadrant: tuple[int, int]) -> None:
    heat = gem.heat_map(*planted(quadrant), 90, 120)
    assert heat.shape == (90, 120)
    assert heat.min() == 0
    assert heat.max() == 1
    rows, columns = slice(45 * quadrant[0], 45 * quadrant[0] + 45), 60 * quadrant[1]
    inside = heat[rows, columns : columns + 60]
    assert inside.mean() > 0.8
    assert (heat.sum() - inside.sum()) / (90 * 120 * 3 / 4) < 0.2


def test_a_map_without_contrast_is_zero(gem: GemLocaliser) -> None:
    patches = F.normalize(torch.ones(64, 24), dim=1)
    for text in (torch.ones(24), torch.zeros(24), torch.randn(24)):
        assert torch.equal(gem.heat_map(patches, text, 30, 40), torch.zeros(30, 40))


@settings(max_examples=30)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 5))
def test_maps_of_any_size_are_in_range(
    gem: GemLocaliser, height: int, width: int, seed: int
) -> None:
    torch.manual_seed(seed)
    heat = gem.heat_map(F.normalize(torch.randn(64, 24), dim=1), torch.randn(24), height, width)
    assert heat.shape == (height, width)
    assert heat.min() == 0
    assert heat.max() in (0, 1)


def test_stretch_keeps_order() -> None:
    heat = torch.tensor([3.0, -1.0, 0.0])
    torch.testing.assert_close(scale_to_unit(heat), torch.tensor([1.0, 0.0, 0.25]))


def test_phrases_go_through_the_template(clip: ClipModel, gem: GemLocaliser) -> None:
    expected = F.normalize(clip.encode_text(["a photo of a {red} mug."]), dim=-1)
    assert torch.equal(gem.encode_phrases(["{red} mug"]), expected)


def test_settings_that_do_not_fit(clip: ClipModel) -> None:
    with pytest.raises(InputError, match="deeper"):
        GemLocaliser(clip, GemSettings(blocks=5, size=64))
    with pytest.raises(InputError, match="multiple of the patch size 8"):
        GemLocaliser(clip, GemSettings(blocks=2, size=60))
    with pytest.raises(InputError, match="template"):
        GemSettings(template="a photo")
