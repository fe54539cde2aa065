"""VATEX on the frames of a video: one query answers in all frames of a clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from zsris_ros.baselines.vatex.frozen_clip import FrozenClip
from zsris_ros.baselines.vatex.network import Vatex, VisualLevels, resize_and_pad
from zsris_ros.baselines.vatex.vatex_segmenter import full_size
from zsris_ros.types import BoolArray, Frame, InputError


@dataclass(frozen=True, eq=False)
class ClipScene:
    """T encoded frames.

    Attributes:
        frame: The first frame; the others have its size.
        levels: The encoded frames, on the network's device.
        tokens: CLIP's projected tokens, float TxPxE.
        size: Height and width of the resized frames inside their padding.
    """

    frame: Frame
    levels: VisualLevels
    tokens: Tensor
    size: tuple[int, int]


class VatexClipSegmenter:
    """Answers about clips.

    Args:
        network: The network in evaluation mode.
        clip: The CLIP that the network was trained with.
        min_score: The least mean class probability of an answer; below it the masks are empty.
    """

    def __init__(self, network: Vatex, clip: FrozenClip, min_score: float = 0.0) -> None:
        self._network, self._clip, self._min_score = network, clip, min_score

    def look(self, frames: Sequence[Frame]) -> ClipScene:
        """Encode the consecutive frames of a clip together.

        Raises:
            InputError: The frames differ in size.
        """
        if len({frame.rgb.shape for frame in frames}) > 1:
            raise InputError(
                "the frames of a clip must have one size: cut the video where it changes"
            )
        device, side = self._network.places.device, self._network.settings.short_side
        images = [torch.from_numpy(frame.rgb).permute(2, 0, 1).float() / 255 for frame in frames]
        batch, valid = zip(
            *(resize_and_pad(image.to(device), side) for image in images), strict=True
        )
        with torch.no_grad():
            levels = self._network.look(torch.cat(batch), torch.cat(valid), len(frames))
        return ClipScene(
            frames[0],
            levels,
            torch.stack([self._clip.image_tokens(frame.rgb) for frame in frames]),
            (int(valid[0][0].any(1).sum()), int(valid[0][0].any(0).sum())),
        )

    def refer(self, scene: ClipScene, expression: str) -> BoolArray:
        """Return the masks bool TxHxW of the query with the highest mean probability.

        Raises:
            InputError: The text holds no letter or digit.
        """
        with torch.no_grad():
            texts = self._clip.encode([expression] * len(scene.tokens), scene.tokens)
            output = self._network.segment(scene.levels, texts.to(self._network.places.device))
            final = output.predictions[-1]
            probabilities = final.classes.sigmoid().mean(0)
            number = int(probabilities.argmax())
            masks = full_size(final.masks[:, number], scene.size, scene.frame) > 0
            answer: BoolArray = (masks & (probabilities[number] >= self._min_score)).cpu().numpy()
        return answer
