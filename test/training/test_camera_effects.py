"""Variations of small pictures: they stay pictures, and JPEG and blur are those of OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from zsris_ros.training.household.camera_effects import blur, degrade, jpeg
from zsris_ros.types import ByteArray


def smooth_picture(side: int = 64) -> ByteArray:
    noise = np.random.default_rng(1).integers(0, 256, (side // 8, side // 8, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def tensor(*pictures: ByteArray) -> Tensor:
    """Return float Bx1x3xSxS."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)[:, None].float() / 255


def pixels(image: Tensor) -> np.ndarray:
    return 255 * image[0].permute(1, 2, 0).numpy()


@given(st.integers(0, 2**31), st.integers(1, 9))
def test_degraded_views_are_valid_pictures_and_change_together(seed: int, count: int) -> None:
    views = tensor(*[smooth_picture(32)] * count).expand(-1, 2, -1, -1, -1)
    found = degrade(views, np.random.default_rng(seed))
    assert found.shape == views.shape and found.min() >= 0 and found.max() <= 1
    assert (found[:, 0].mean((1, 2, 3)) - found[:, 1].mean((1, 2, 3))).abs().max() < 0.02
    again = degrade(views, np.random.default_rng(seed))
    assert torch.equal(found, again), "deterministic by seed"


def test_pictures_of_a_batch_vary_independently() -> None:
    found = degrade(tensor(*[smooth_picture()] * 50), np.random.default_rng(0))
    means = found.mean((1, 3, 4))
    assert means.mean(1).std() > 0.05, "exposure"
    assert (means[:, 0] / means[:, 2]).std() > 0.02, "white balance"
    rough = (found[..., 1:] - found[..., :-1]).abs().mean((1, 2, 3, 4))
    assert rough.max() > 1.5 * rough.min(), "noise and blur"


@pytest.mark.parametrize("quality", [35, 60, 90])
def test_jpeg_is_that_of_a_library(quality: int) -> None:
    picture = smooth_picture()
    packed = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    expected = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR))[..., ::-1].astype(float)
    found = pixels(jpeg(tensor(picture), np.array([float(quality)]))[0])
    changed = np.abs(expected - picture).mean()
    assert np.abs(found - expected).mean() < 0.6 * changed
    assert abs(np.abs(found - picture).mean() - changed) < 0.35 * changed


def test_each_picture_is_blurred_by_its_own_sigma_as_a_library_does() -> None:
    picture, sigmas = smooth_picture(), np.array([0.5, 1.2])
    found = blur(tensor(picture, picture), sigmas)
    for image, sigma in zip(found, sigmas, strict=True):
        expected = cv2.GaussianBlur(picture, (9, 9), sigma, borderType=cv2.BORDER_REFLECT_101)
        assert np.abs(pixels(image) - expected).mean() < 0.6
