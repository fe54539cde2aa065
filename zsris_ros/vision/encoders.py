"""The mask encoder and the localiser that fit a CLIP, with a vision transformer or a ResNet."""

from __future__ import annotations

from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.gem import GemLocaliser, GemSettings
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.resnet.dense_localiser import DenseLocaliser
from zsris_ros.vision.resnet.resnet_clip import ResnetClip
from zsris_ros.vision.resnet.resnet_hybrid import ResnetHybridEncoder
from zsris_ros.vision.views import HybridSettings


def make_mask_encoder(
    clip: ClipModel | ResnetClip, settings: HybridSettings
) -> HybridEncoder | ResnetHybridEncoder:
    """Return the hybrid encoder of a model; raises InputError for settings that do not fit it."""
    if isinstance(clip, ResnetClip):
        return ResnetHybridEncoder(clip, settings)
    return HybridEncoder(clip, settings)


def make_patch_localiser(
    clip: ClipModel | ResnetClip, settings: GemSettings
) -> GemLocaliser | DenseLocaliser:
    """Return GEM, or dense features of a ResNet; raises InputError for settings that do not fit."""
    if isinstance(clip, ResnetClip):
        return DenseLocaliser(clip, settings)
    return GemLocaliser(clip, settings)
