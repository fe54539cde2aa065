"""Inference on clips: one query answers in all frames."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support.synthetic_datasets import painted_video
from torch.nn import functional as F

from zsris_ros.baselines.vatex.clip_segmenter import VatexClipSegmenter
from zsris_ros.baselines.vatex.frozen_clip import FrozenClip
from zsris_ros.baselines.vatex.network import Vatex
from zsris_ros.baselines.vatex.vatex_segmenter import vatex_segmenter
from zsris_ros.types import Frame, InputError

TEXT = "the red square"


def moving_frames() -> list[Frame]:
    images, _ = painted_video(0)
    return [Frame(image) for image in images]


def test_a_clip_of_one_frame_is_answered_as_an_image(network: Vatex, frozen: FrozenClip) -> None:
    clips, images = VatexClipSegmenter(network, frozen), vatex_segmenter(network, frozen)
    for frame in moving_frames():
        (mask,) = clips.refer(clips.look([frame]), TEXT)
        assert np.array_equal(mask, images.refer(images.look(frame), TEXT).mask)


def test_the_query_of_the_highest_mean_probability_answers(
    network: Vatex, frozen: FrozenClip
) -> None:
    """Backbones for images see each frame alone, so that frames are computed one by one here."""
    clips = VatexClipSegmenter(network, frozen)
    frames = moving_frames()
    probabilities, masks = [], []
    for frame in frames:
        scene = clips.look([frame])
        with torch.no_grad():
            output = network.segment(scene.levels, frozen.encode([TEXT], scene.tokens))
        probabilities.append(output.predictions[-1].classes[0].sigmoid())
        masks.append(output.predictions[-1].masks[0])
    best = int(torch.stack(probabilities).mean(0).argmax())
    whole = clips.refer(clips.look(frames), TEXT)
    assert whole.shape == (3, 48, 64)
    for mask, logits in zip(whole, masks, strict=True):
        # The image of 64x85 pixels fills the top left of its padding.
        grown = F.interpolate(logits[None, [best]], scale_factor=4, mode="bilinear")
        expected = F.interpolate(grown[..., :64, :85], (48, 64), mode="bilinear")[0, 0]
        assert (mask == (expected > 0).numpy()).mean() > 0.999
    assert not VatexClipSegmenter(network, frozen, 1.1).refer(clips.look(frames), TEXT).any()


def test_frames_of_other_sizes_are_no_clip(network: Vatex, frozen: FrozenClip) -> None:
    frames = [*moving_frames(), Frame(np.zeros((50, 64, 3), np.uint8))]
    with pytest.raises(InputError, match="must have one size"):
        VatexClipSegmenter(network, frozen).look(frames)
