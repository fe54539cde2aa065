"""Maps beside GEM: size, range, and definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from zsris_ros.baselines.localisation import (
    LOCALISERS,
    ClipPrior,
    GradCam,
    ScoreMap,
    attend_alone,
    make_localiser,
)
from zsris_ros.types import InputError
from zsris_ros.vision.attention import run_block
from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.gem import GemLocaliser, GemSettings
from zsris_ros.vision.resnet.resnet_clip import ResnetClip

RGB = np.random.default_rng(1).integers(0, 255, (30, 50, 3)).astype(np.uint8)


@pytest.mark.parametrize("name", LOCALISERS)
@pytest.mark.parametrize("kind", ["clip", "resnet"])
def test_a_map_covers_the_frame(name: str, kind: str, request: pytest.FixtureRequest) -> None:
    model = request.getfixturevalue(kind)
    if kind == "resnet" and name in ("gem", "clip-prior"):
        with pytest.raises(InputError, match="needs a CLIP with a vision transformer"):
            make_localiser(name, model, GemSettings(blocks=2, size=32))
        return
    localiser = make_localiser(name, model, GemSettings(blocks=2, size=32))
    patches = localiser.patches(RGB)
    text = localiser.encode_phrases(["red box", "dog"])[0]
    heat = localiser.heat_map(patches, text, 30, 50)
    assert heat.shape == (30, 50)
    assert torch.isfinite(heat).all()
    assert not heat.requires_grad
    assert float(heat.min()) == 0
    assert float(heat.max()) in (0.0, 1.0)
    if name != "grad-cam":  # its ReLU may leave nothing
        assert float(heat.max()) == 1
    assert torch.equal(localiser.heat_map(patches, text, 30, 50), heat)


def test_unknown_localisation_is_refused(clip: ClipModel) -> None:
    with pytest.raises(InputError, match="use gem, clip-prior"):
        make_localiser("heat", clip)  # type: ignore[arg-type]
    assert isinstance(make_localiser("gem", clip, GemSettings(blocks=1, size=32)), GemLocaliser)


def test_clip_prior_is_the_normalised_map_of_cosines(clip: ClipModel) -> None:
    prior = ClipPrior(clip)
    text = prior.encode_phrases(["red box"])[0]
    torch.testing.assert_close(
        text, F.normalize(clip.encode_text(["a photo of red box"])[0], dim=0)
    )
    patches = prior.patches(RGB)
    heat = prior.small_map(patches, text)
    assert heat.shape == (clip.grid, clip.grid)
    torch.testing.assert_close(heat.norm(), torch.tensor(1.0))
    cosines = F.cosine_similarity(patches, text[None])
    torch.testing.assert_close(heat.flatten(), cosines / cosines.norm())


def test_score_map_of_one_cell_is_its_attention_pooling(resnet: ResnetClip) -> None:
    """With the same value everywhere and no positions, pooling and dense features agree."""
    features = torch.randn(1, resnet.visual.attnpool.v_proj.in_features, 1, 1)
    features = features.expand(-1, -1, resnet.grid, resnet.grid)
    pool = resnet.visual.attnpool
    positions = pool.positional_embedding.detach().clone()
    with torch.no_grad():
        pool.positional_embedding.zero_()
        pooled = resnet.pool(features)[0]
        pool.positional_embedding.copy_(positions)
        dense = resnet.dense(features)[0]
    torch.testing.assert_close(dense, pooled.expand_as(dense), atol=1e-5, rtol=1e-4)


def test_score_map_of_a_vit_lets_no_patch_see_another(clip: ClipModel) -> None:
    """The last block treats each token as if it were alone."""
    tokens = torch.randn(1, 5, clip.width)
    block = clip.blocks[-1]
    one_by_one = torch.cat([run_block(block, tokens[:, [i]]) for i in range(5)], dim=1)
    torch.testing.assert_close(attend_alone(block, tokens), one_by_one)
    patches = ScoreMap(clip).patches(RGB)
    assert patches.shape == (clip.grid**2, clip.embed_dim)
    torch.testing.assert_close(patches.norm(dim=-1), torch.ones(len(patches)))


@pytest.mark.parametrize("kind", ["clip", "resnet"])
def test_grad_cam_weighs_channels_by_the_slope_of_the_similarity(
    kind: str, request: pytest.FixtureRequest
) -> None:
    """A small step along a channel everywhere changes the cosine by its weight."""
    model = request.getfixturevalue(kind)
    cam = GradCam(model)
    activations = cam.patches(RGB)
    text = cam.encode_phrases(["red box"])[0]
    heat = cam.small_map(activations, text)
    assert (heat >= 0).all()
    cells = slice(len(activations) - model.grid**2, None)
    weights = torch.zeros(activations.shape[1])
    step = 1e-2
    for channel in range(0, activations.shape[1], 7):
        up, down = activations.clone(), activations.clone()
        up[cells, channel] += step
        down[cells, channel] -= step
        with torch.no_grad():
            rise = F.cosine_similarity(cam._feature(up), text, dim=0) - F.cosine_similarity(
                cam._feature(down), text, dim=0
            )
        weights[channel] = rise / (2 * step) / model.grid**2
    chosen = torch.arange(0, activations.shape[1], 7)
    activations.requires_grad_(True)
    (slope,) = torch.autograd.grad(
        F.cosine_similarity(cam._feature(activations), text, dim=0), activations
    )
    torch.testing.assert_close(slope[cells].mean(0)[chosen], weights[chosen], atol=2e-5, rtol=0.05)
    expected = torch.relu(activations.detach()[cells] @ slope[cells].mean(0))
    torch.testing.assert_close(heat.flatten(), expected)
