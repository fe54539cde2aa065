"""HybridGL's mask encoder on a CLIP with a residual network.

The paper fuses two streams in a vision transformer. A residual network has stages instead of
blocks, and attention pooling instead of a class token. The local stream x encodes the object alone,
the global stream y the object sharp in a blurred scene. From the start stage on::

    x <- B_i(x + alpha * M * y)        Eq. 1 and Eq. 2, with the stages as blocks; y before stage i
    y <- B_i(y)

M is the mask's coverage of each cell. The feature is the attention pooling of x. The early stages
compute each stream alone. With the start behind the last stage, the masked feature map of
Global-Local CLIP (section 4.1) is added to the local one before the pooling.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.torch_utils.batching import BatchRunner, items_at_once
from zsris_ros.tracing.stages import stage
from zsris_ros.types import BoolArray, ByteArray, InputError
from zsris_ros.vision.resnet.resnet_clip import ResnetClip
from zsris_ros.vision.views import HybridSettings, ViewMaker, check_masks


class ResnetHybridEncoder:
    """Encodes the masks of one frame.

    ``start_block`` of the settings counts the network's four stages from 0; the mode is "G2L".
    Raises InputError when the settings do not fit.
    """

    def __init__(self, clip: ResnetClip, settings: HybridSettings | None = None) -> None:
        self.clip = clip
        self.settings = settings or HybridSettings(start_block=len(clip.stages) - 1)
        if not 0 <= self.settings.start_block <= len(clip.stages):
            raise InputError(
                f"start_block {self.settings.start_block} does not fit a residual network of "
                f"{len(clip.stages)} stages"
            )
        if self.settings.mode != "G2L" or self.settings.depth or self.settings.halo is not None:
            raise InputError(
                "a residual network is fused by mode 'G2L' through all stages, without depth and "
                "halo"
            )
        self.grid = clip.cells_before(self.settings.start_block)
        self._batches = BatchRunner(self.settings.batch_size, "masks")

    def encode(self, rgb: ByteArray, masks: BoolArray) -> Tensor:
        """Return features float32 NxE, not normalised, of uint8 HxWx3 and bool NxHxW.

        The feature of an empty mask is finite. Raises InputError when shapes or types do not fit.
        """
        check_masks(rgb, masks)
        clip = self.clip
        if not len(masks):
            return torch.zeros(0, clip.embed_dim, device=clip.device)
        maker = ViewMaker(rgb, masks, self.settings, clip.image_size, self.grid, clip.device)
        at_most = items_at_once(2 * clip.activations_per_image, clip.device)

        def features(scale: float) -> Tensor:
            def work(batch: slice) -> Tensor:
                with stage("compositing"):
                    views = maker(range(len(masks))[batch], scale)
                return self.hybrid_forward(*views)

            return torch.cat(self._batches.run(work, len(masks), at_most))

        with torch.no_grad():
            scales = self.settings.window_scales
            if len(scales) == 1:
                return features(scales[0])
            return torch.stack([F.normalize(features(each), dim=-1) for each in scales]).mean(0)

    def hybrid_forward(self, local_images: Tensor, global_images: Tensor, grids: Tensor) -> Tensor:
        """Return features NxE of images Nx3xSxS (twice) and grids NxGxG; differentiable.

        G is the number of cells a side before the start stage.
        """
        start, alpha = self.settings.start_block, self.settings.fusion_weight
        both = self.clip.stem(torch.cat([local_images, global_images]))
        for each in self.clip.stages[:start]:
            both = each(both)
        x, y = both.chunk(2)
        cover = grids[:, None].to(x.dtype)
        late = self.clip.stages[start:]
        for index, each in enumerate(late):
            x = each(x + alpha * cover * y)
            if index + 1 < len(late):
                y = each(y)
                cover = F.adaptive_avg_pool2d(cover, x.shape[-2:])
        if not late:
            x = x + alpha * cover * y
        return self.clip.pool(x)
