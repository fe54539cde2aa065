"""A CLIP with a ResNet, opened before its attention pooling (Global-Local CLIP, section 4.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zsris_ros.types import InputError
from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.open_clip_model import (
    Architecture,
    OpenClipModel,
    State,
    Tokenizer,
    configuration,
)

from open_clip.model import CLIP, CustomTextCLIP  # isort: skip  (after torchvision is made to load)
from open_clip.modified_resnet import ModifiedResNet  # isort: skip

_STRIDE = 32  # pixels of the image in a cell of the last feature map


class ResnetClip(OpenClipModel):
    """An open_clip model with CLIP's own ResNet: feature map and attention pooling apart.

    Raises:
        InputError: The image encoder is another one.
    """

    def __init__(self, model: CLIP | CustomTextCLIP, tokenizer: Tokenizer | None = None) -> None:
        visual = getattr(model, "visual", None)
        if not isinstance(visual, ModifiedResNet):
            raise InputError("this CLIP's image encoder is not open_clip's ModifiedResNet")
        super().__init__(model, tokenizer)
        self.embed_dim = int(visual.output_dim)
        self.grid = round((visual.attnpool.positional_embedding.shape[0] - 1) ** 0.5)
        self.image_size = _STRIDE * self.grid
        self.stages: list[nn.Module] = [
            visual.layer1, visual.layer2, visual.layer3, visual.layer4
        ]  # fmt: skip

    @property
    def activations_per_image(self) -> int:
        """Largest number of intermediate values of a layer for one image."""
        channels: int = self.visual.layer1[-1].conv3.out_channels
        return channels * self.cells_before(0) ** 2

    def cells_before(self, stage: int) -> int:
        """Return the side in cells of the map before a stage, counted from 0; 4 is the last map."""
        return self.image_size // (4, 4, 8, 16, _STRIDE)[stage]

    def stem(self, images: Tensor) -> Tensor:
        """Return the map before the first stage of normalised images Nx3xSxS: NxCxS/4xS/4."""
        features: Tensor = self.visual.stem(images.to(self.dtype))
        return features

    def feature_map(self, images: Tensor) -> Tensor:
        """Return the last layer's features NxCxGxG of normalised images Nx3xSxS."""
        features = self.stem(images)
        for each in self.stages:
            features = each(features)
        return features

    def pool(self, features: Tensor) -> Tensor:
        """Pool NxCxGxG by attention to float32 NxE; the query is the mean over all cells."""
        pooled: Tensor = self.visual.attnpool(features.to(self.dtype))
        return pooled.float()

    def dense(self, features: Tensor) -> Tensor:
        """Return float32 N x (G*G) x E of NxCxGxG: every cell as if it were pooled alone.

        The value and output projections of the attention pooling as 1x1 convolutions, without the
        positions (MaskCLIP, ECCV 2022).
        """
        pool = self.visual.attnpool
        cells = features.flatten(2).transpose(1, 2)
        value = F.linear(cells, pool.v_proj.weight, pool.v_proj.bias)
        return F.linear(value, pool.c_proj.weight, pool.c_proj.bias).float()


def load_clip(
    architecture: Architecture,
    state: State,
    *,
    device: str | torch.device = "cpu",
    precision: str = "fp32",
    tokenizer: Tokenizer | None = None,
) -> ClipModel | ResnetClip:
    """Load a CLIP with the image encoder of its configuration; as ``OpenClipModel.load``."""
    layers = configuration(architecture).get("vision_cfg", {}).get("layers")
    kind = ResnetClip if isinstance(layers, list | tuple) else ClipModel
    return kind.load(architecture, state, device=device, precision=precision, tokenizer=tokenizer)
