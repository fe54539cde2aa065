"""The trainable network of VATEX: images, words and CLIP Prior to masks.

``look`` depends on images alone and is run once a frame; ``segment`` is run for each sentence. The
paper names no place for the deformable encoder. Here it belongs to ``look``, before the Contextual
Multimodal Decoder, so that its cost is that of a frame and not of a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zsris_ros.baselines.vatex.contextual_decoder import ContextualDecoder, sentence_features
from zsris_ros.baselines.vatex.encoders.backbone import STRIDES, Backbone
from zsris_ros.baselines.vatex.encoders.deformable_encoder import DeformableEncoder
from zsris_ros.baselines.vatex.encoders.placement import valid_shares
from zsris_ros.baselines.vatex.encoders.trained_text import TextEncoder
from zsris_ros.baselines.vatex.placed_clip import PlacedClip, prior_maps
from zsris_ros.baselines.vatex.position_encoding import sine_positions
from zsris_ros.baselines.vatex.query_decoder import Prediction, QueryDecoder
from zsris_ros.baselines.vatex.vatex_settings import VatexSettings
from zsris_ros.proposals.sam.sam_network import Sam
from zsris_ros.vision.resnet.resnet_clip import ResnetClip

PADDING = 32
"""Images are padded to multiples of so many pixels, the coarsest stride."""

GROUPS = 8
"""Groups of the normalisation of projected backbone features."""


@dataclass(frozen=True, eq=False)
class VisualLevels:
    """Encoded images, coarsest level (stride 32) first.

    Attributes:
        maps: V_1 ... V_4, float BxCxH_ixW_i.
        positions: Their sine positions, of the same shapes.
        valid: Bool BxH_ixW_i, False on padding.
    """

    maps: list[Tensor]
    positions: list[Tensor]
    valid: list[Tensor]

    def select(self, images: Tensor) -> VisualLevels:
        """Return the levels of S images by their indices, int64 S."""
        return VisualLevels(
            *([each[images] for each in group] for group in (self.maps, self.positions, self.valid))
        )


@dataclass(frozen=True, eq=False)
class Texts:
    """CLIP's frozen features of S sentences.

    Attributes:
        words: Float SxLxD, features of the tokens.
        valid: Bool SxL, False on padding.
        heat: Float SxT, the CLIP Prior's map (Eq. 1) of each sentence in its image.
        tokens: Int64 SxL, CLIP's ids, for a network with a trained text encoder.
        patches: Float SxTxE, CLIP's projected tokens of each sentence's image.
    """

    words: Tensor
    valid: Tensor
    heat: Tensor
    tokens: Tensor
    patches: Tensor

    def to(self, device: torch.device) -> Texts:
        """Return the features on ``device``."""
        parts = (self.words, self.valid, self.heat, self.tokens, self.patches)
        return Texts(*(each.to(device) for each in parts))


@dataclass(frozen=True, eq=False)
class Output:
    """The network's answers about S sentences.

    Attributes:
        predictions: Of the initial queries and of each decoder layer, the final one last.
        sentences: F_s of Eq. 5 after 0 to 4 levels of the CMD, each float SxC.
    """

    predictions: list[Prediction]
    sentences: list[Tensor]


class Vatex(nn.Module):
    """VATEX without its frozen CLIP.

    Args:
        settings: Sizes and ablation switches.
        word_width: D, width of CLIP's words.
        heat_length: T, number of values of the CLIP Prior's map.
        pretrained: Whether the backbone starts from ImageNet's weights.
        image_encoder: The CLIP that the backbone "clip" copies.
        sam: The network that the backbone "sam" copies.
        patch_width: E, width of CLIP's projected tokens, for ``settings.placed_clip``.
        text_encoder: The encoder of ``settings.trained_text``.

    Raises:
        InputError: Unknown backbone, or its weights cannot be had.
    """

    def __init__(
        self,
        settings: VatexSettings,
        word_width: int,
        heat_length: int,
        pretrained: bool = False,
        *,
        image_encoder: ResnetClip | None = None,
        sam: Sam | None = None,
        patch_width: int = 0,
        text_encoder: TextEncoder | None = None,
    ) -> None:
        super().__init__()
        width, heads, hidden = settings.width, settings.heads, settings.feedforward
        self.settings = settings
        self.backbone = Backbone(settings.backbone, pretrained, image_encoder, sam)
        self.projections = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, width, 1), nn.GroupNorm(GROUPS, width))
            for channels in reversed(self.backbone.channels)
        )
        self.encoder = DeformableEncoder(
            width, heads, settings.points, hidden, settings.encoder_layers
        )
        self.text = text_encoder
        self.words = nn.Sequential(nn.Linear(word_width, width), nn.LayerNorm(width))
        self.heat = (
            nn.Sequential(nn.Linear(heat_length, width), nn.ReLU(), nn.Linear(width, width))
            if settings.clip_prior
            else None
        )
        self.placed = PlacedClip(patch_width, width) if settings.placed_clip else None
        self.places = nn.Parameter(torch.randn(settings.queries, width))
        self.contextual = ContextualDecoder(width, heads, settings.cmd)
        self.decoder = QueryDecoder(width, heads, hidden, settings.decoder_layers)
        for kernel in self.parameters():
            if kernel.dim() == 4:
                kernel.data = kernel.data.contiguous(memory_format=torch.channels_last)

    def forward(
        self,
        images: Tensor,
        valid: Tensor,
        image_of: Tensor,
        texts: Texts,
        clip_length: int = 1,
    ) -> Output:
        """Return the answers about S sentences of B images, or of the frames of B/T clips.

        Args:
            images: Float Bx3xHxW in [0, 1], RGB, padded to multiples of 32.
            valid: Bool BxHxW, False on padding.
            image_of: Int64 S, the image of each sentence; a sentence about a clip stands there once
                for each of its frames.
            texts: CLIP's features of the S sentences.
            clip_length: T, adjacent images that are the frames of a clip.
        """
        return self.segment(self.look(images, valid, clip_length).select(image_of), texts)

    def look(self, images: Tensor, valid: Tensor, clip_length: int = 1) -> VisualLevels:
        """Encode images; see ``forward``. Only a backbone for videos reads a frame's neighbours.

        The maps are in torch's memory format channels_last: attention reads pixels as rows, which
        are then no copies.
        """
        images = images.contiguous(memory_format=torch.channels_last)
        fine_first = self.backbone(images, valid, clip_length)
        maps, positions, inside = [], [], []
        for project, raw, stride in zip(
            self.projections, reversed(fine_first), reversed(STRIDES), strict=True
        ):
            # An image stands in the top-left corner of its padding, and so does its part of a cell.
            part = valid[:, ::stride, ::stride]
            place = sine_positions(part, self.settings.width)
            maps.append(project(raw) + place)
            positions.append(place)
            inside.append(part)
        coarse = self.encoder(maps[:3], positions[:3], inside[:3])
        rows = [each.contiguous(memory_format=torch.channels_last) for each in (*coarse, maps[3])]
        return VisualLevels(rows, positions, inside)

    def segment(self, levels: VisualLevels, texts: Texts) -> Output:
        """Answer S sentences about S images."""
        words = self.words(texts.words if self.text is None else self.text(texts.tokens))
        maps, placed = levels.maps, self.placed
        if placed is not None:
            shares = valid_shares(levels.valid[-1])
            priors = prior_maps(texts.heat, shares, [each.shape[1:] for each in levels.valid])
            maps = placed.add_before(maps, texts.patches, priors, shares)
        guided, aware = self.contextual(maps, words, levels.valid, texts.valid)
        if placed is not None:
            guided = placed.add_after(guided, priors)
        queries = self.initial_queries(words, texts)
        predictions = self.decoder(
            queries, self.places, guided, levels.positions[:3], levels.valid[:3]
        )
        return Output(predictions, [sentence_features(each, texts.valid) for each in aware])

    def initial_queries(self, words: Tensor, texts: Texts) -> Tensor:
        """Return the initial queries SxNxC.

        The mean of the words, and with the CLIP Prior its map through a feed-forward network,
        repeated N times; the learnt positions make the N queries differ.
        """
        text = sentence_features(words, texts.valid)
        if self.heat is not None:
            text = text + self.heat(texts.heat)
        return text[:, None] + self.places


def resize_and_pad(image: Tensor, short_side: int) -> tuple[Tensor, Tensor]:
    """Return an image resized and padded to multiples of 32, and its valid pixels.

    Args:
        image: Float 3xHxW in [0, 1].
        short_side: Length of the short side in pixels after resizing; the long side is at most
            four times as long, which bounds the memory that a narrow image needs.

    Returns:
        Float 1x3xH'xW' and bool 1xH'xW'. The image stands in the top-left corner.
    """
    height, width = image.shape[-2:]
    scale = min(short_side / min(height, width), 4 * short_side / max(height, width))
    size = [max(1, round(length * scale)) for length in (height, width)]
    resized = F.interpolate(image[None], size, mode="bilinear", align_corners=False, antialias=True)
    return pad_images([resized[0]])


def pad_images(images: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Return a batch Bx3xHxW of images 3xH_ixW_i and its valid pixels bool BxHxW.

    H and W are the largest sizes, rounded up to multiples of 32.
    """
    height, width = (
        -(-max(int(image.shape[axis]) for image in images) // PADDING) * PADDING for axis in (1, 2)
    )
    batch = images[0].new_zeros(len(images), 3, height, width)
    valid = torch.zeros(len(images), height, width, dtype=torch.bool, device=batch.device)
    for index, image in enumerate(images):
        rows, columns = image.shape[-2:]
        batch[index, :, :rows, :columns] = image
        valid[index, :rows, :columns] = True
    return batch, valid
