"""Localisation of phrases with a residual network: MaskCLIP's dense features (ECCV 2022).

GEM needs the attention of a vision transformer. A residual network has attention in its pooling
only; without the mixing of cells, its value and output projections map every cell of the last
feature map to the common space of images and texts.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from zsris_ros.types import InputError
from zsris_ros.vision.gem import GemSettings, PatchLocaliser
from zsris_ros.vision.resnet.resnet_clip import ResnetClip


class DenseLocaliser(PatchLocaliser):
    """Localises phrases with the residual network that encodes masks.

    Raises InputError when the settings' size is not a multiple of the network's stride.
    """

    def __init__(self, clip: ResnetClip, settings: GemSettings | None = None) -> None:
        super().__init__(clip, settings or GemSettings())
        self.clip = clip
        stride = clip.image_size // clip.grid
        if self.settings.size % stride:
            raise InputError(
                f"the localiser's size {self.settings.size} must be a multiple of the network's "
                f"stride {stride}"
            )

    def patch_features(self, images: Tensor) -> Tensor:
        """Return patch features float32 N x (G*G) x E of images Nx3xSxS; differentiable."""
        return F.normalize(self.clip.dense(self.clip.feature_map(images)), dim=-1)
