"""A feature pyramid on Segment Anything's frozen image encoder."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zsris_ros.baselines.vatex.encoders.placement import place_maps
from zsris_ros.proposals.sam.encoder import encode_image
from zsris_ros.proposals.sam.sam_network import Sam


class SamPyramid(nn.Module):
    """Maps at strides 4 to 32 from the one map of SAM's image encoder (as in ViTDet, ECCV 2022).

    Each image fills SAM's square by its long side, whatever its size and the padding of its batch.
    The finer maps are those of SAM's mask decoder, whose upscaling is trained on; the coarser ones
    are means.

    Attributes:
        channels: Channels of the four maps, finest first.

    Args:
        sam: The network, which is copied to the CPU.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, sam: Sam) -> None:
        super().__init__()
        self.encoder = deepcopy(sam.image_encoder).cpu().float().requires_grad_(False)
        self.upscaling = deepcopy(sam.mask_decoder.output_upscaling).cpu().float()
        self.upscaling.requires_grad_(True)
        self._side = int(sam.image_encoder.img_size)
        self.register_buffer("mean", sam.pixel_mean.detach().cpu().clone(), persistent=False)
        self.register_buffer("std", sam.pixel_std.detach().cpu().clone(), persistent=False)
        width: int = sam.prompt_encoder.embed_dim
        half, quarter = (self.upscaling[at].out_channels for at in (0, 3))
        self.channels = [half + 4 * quarter + width, width, width, width]

    def train(self, mode: bool = True) -> SamPyramid:
        """Set the training mode, but for SAM's encoder: MobileSAM's normalises batches."""
        super().train(mode)
        self.encoder.eval()
        return self

    def forward(self, images: Tensor, valid: Tensor) -> list[Tensor]:
        """Return four maps of images Bx3xHxW in [0, 1]; ``valid`` BxHxW is False on padding."""
        with torch.no_grad():
            squares, shares = self.squares(images, valid)
            embedding = encode_image(self.encoder, squares)
        height, width = images.shape[-2:]
        finest, second = ((height // stride, width // stride) for stride in (4, 8))
        double = self.upscaling[:3](embedding)
        quadruple = self.upscaling[3:](double)
        fine = torch.cat([double, F.pixel_unshuffle(quadruple, 2)], dim=1)
        eighth = place_maps(embedding, shares, second)
        return [
            torch.cat([place_maps(each, shares, finest) for each in (fine, embedding)], dim=1),
            eighth,
            F.avg_pool2d(eighth, 2),
            F.avg_pool2d(eighth, 4),
        ]

    def squares(self, images: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Return SAM's inputs, float Bx3xSxS, and their shares of the padded images, float Bx2.

        An image is normalised as SAM does it, and lies in the top-left corner of its square.
        """
        inputs, shares = [], []
        for image, inside in zip(images, valid, strict=True):
            height, width = int(inside.any(1).sum()), int(inside.any(0).sum())
            scale = self._side / max(height, width)
            size = [max(1, round(length * scale)) for length in (height, width)]
            part = image[None, :, :height, :width]
            resized = F.interpolate(part, size, mode="bilinear", antialias=True)
            pixels = (255 * resized[0] - self.mean) / self.std
            inputs.append(F.pad(pixels, (0, self._side - size[1], 0, self._side - size[0])))
            shares.append((height / size[0], width / size[1]))
        sides = images.new_tensor(images.shape[-2:])
        return torch.stack(inputs), images.new_tensor(shares) * self._side / sides
