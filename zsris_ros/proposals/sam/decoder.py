"""Segment Anything's mask decoder for many points of one picture, in the cheapest order.

A prompt of one point is seven tokens against thousands of patches. Projections on the side of the
patches are therefore multiplied into the tokens first (q W_k^T instead of keys W_k, and so on): 7
tokens times the heads are fewer columns than the projections have. The two transposed convolutions
have strides as wide as their kernels, so they are linear maps of single patches, and pixels need to
be put in order only once, at the end. The numbers are those of ``MaskDecoder`` but for rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.proposals.sam.sam_network import Sam
from zsris_ros.torch_utils.batching import items_at_once
from zsris_ros.tracing.stages import stage


class PointDecoder:
    """Decodes points of one picture; ``embedding`` 1xCxhxw is its image embedding."""

    def __init__(self, sam: Sam, embedding: Tensor) -> None:
        self.network = sam
        self._prompts, self._decoder = sam.prompt_encoder, sam.mask_decoder
        self._size = embedding.shape[2:]
        no_mask = self._prompts.no_mask_embed.weight[:, :, None, None]
        self._patches = (embedding + no_mask).flatten(2).transpose(1, 2).contiguous()
        self._positions = self._prompts.get_dense_pe().flatten(2).transpose(1, 2).contiguous()
        numbers = self._patches.numel()
        self._at_once = items_at_once(numbers, embedding.device)
        self._drawn_at_once = items_at_once(4 * numbers, embedding.device)

    def masks(self, points: Tensor, least: float) -> Iterator[tuple[Tensor, Tensor]]:
        """Masks whose predicted IoU is above ``least``, a few points' at a time.

        ``points`` Bx2 are (x, y) in pixels of the network's square picture. Logits nx4hx4w and
        predicted IoUs n, in the order of the points; nothing is drawn for points without any.
        """
        for some in points.split(self._at_once):
            with stage("proposals decoder"):
                quality, tokens, patches = self._decode(some)
            good = quality > least
            for few in good.any(dim=1).nonzero()[:, 0].split(self._drawn_at_once):
                if len(few):
                    yield self._draw(tokens[few], patches[few])[good[few]], quality[few][good[few]]

    def _decode(self, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Predicted IoUs BxM of all masks, and what draws them: tokens BxMxC, patches BxPxC."""
        decoder, transformer = self._decoder, self._decoder.transformer
        labels = torch.ones((len(points), 1), dtype=torch.int, device=points.device)
        prompts, _ = self._prompts((points[:, None, :], labels), None, None)
        outputs = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight])
        asked = torch.cat([outputs.expand(len(points), -1, -1), prompts], dim=1)
        tokens, patches = asked, self._patches.expand(len(points), -1, -1)
        for layer in transformer.layers:
            tokens, patches = self._run_layer(layer, tokens, patches, asked)
        there = patches + self._positions
        attention = transformer.final_attn_token_to_image
        tokens = tokens + _ask_patches(attention, tokens + asked, there, patches)
        tokens = transformer.norm_final_attn(tokens)
        quality = decoder.iou_prediction_head(tokens[:, 0])
        # The first mask is for several prompts together; for one point there are the others.
        return quality[:, 1:], tokens[:, 2 : 1 + decoder.num_mask_tokens], patches

    def _draw(self, tokens: Tensor, patches: Tensor) -> Tensor:
        """Logits BxMx4hx4w from tokens BxMxC and patches BxPxC."""
        first, norm, act, second, last_act = self._decoder.output_upscaling
        pixels = _each_to_four(first, patches)
        pixels = act(F.layer_norm(pixels, pixels.shape[-1:], norm.weight, norm.bias, norm.eps))
        pixels = last_act(_each_to_four(second, pixels))
        makers = list(self._decoder.output_hypernetworks_mlps)[1:]
        weights = [make(token) for make, token in zip(makers, tokens.unbind(1), strict=True)]
        logits = pixels.flatten(1, 3) @ torch.stack(weights, dim=2)
        count, (height, width), masks = len(logits), self._size, len(makers)
        logits = logits.view(count, height, width, 2, 2, 2, 2, masks)
        return logits.permute(0, 7, 1, 3, 5, 2, 4, 6).reshape(count, masks, 4 * height, 4 * width)

    def _run_layer(
        self, layer: Any, tokens: Tensor, patches: Tensor, asked: Tensor
    ) -> tuple[Tensor, Tensor]:
        """One ``TwoWayAttentionBlock``: tokens BxTxC and patches BxPxC to the same."""
        if layer.skip_first_layer_pe:
            tokens = layer.self_attn(q=tokens, k=tokens, v=tokens)
        else:
            at = tokens + asked
            tokens = tokens + layer.self_attn(q=at, k=at, v=tokens)
        tokens = layer.norm1(tokens)
        there = patches + self._positions
        attention = layer.cross_attn_token_to_image
        tokens = layer.norm2(tokens + _ask_patches(attention, tokens + asked, there, patches))
        tokens = layer.norm3(tokens + layer.mlp(tokens))
        attention = layer.cross_attn_image_to_token
        return tokens, layer.norm4(_ask_tokens(attention, there, tokens + asked, tokens, patches))


def _ask_patches(attention: Any, asking: Tensor, there: Tensor, patches: Tensor) -> Tensor:
    """Tokens BxTxC attend to patches BxPxC, ``there`` with their positions: BxTxC."""
    heads = attention.num_heads
    query = _heads(attention.q_proj(asking), heads)
    query = query * query.shape[-1] ** -0.5
    # The keys' bias adds the same to all scores of a query, which changes no share.
    sought = query @ attention.k_proj.weight.unflatten(0, (heads, -1))
    shares = torch.softmax(sought.flatten(1, 2) @ there.transpose(1, 2), dim=-1)
    seen = (shares @ patches).unflatten(1, (heads, -1))
    value = seen @ attention.v_proj.weight.unflatten(0, (heads, -1)).transpose(1, 2)
    result: Tensor = attention.out_proj(value.transpose(1, 2).flatten(2) + attention.v_proj.bias)
    return result


def _ask_tokens(
    attention: Any, there: Tensor, at: Tensor, tokens: Tensor, patches: Tensor
) -> Tensor:
    """Patches BxPxC with what they learn of tokens BxTxC; ``at`` are these with positions."""
    heads = attention.num_heads
    key = _heads(attention.k_proj(at), heads)
    key = key * key.shape[-1] ** -0.5
    sought = (key @ attention.q_proj.weight.unflatten(0, (heads, -1))).flatten(1, 2)
    offset = (key @ attention.q_proj.bias.view(heads, -1, 1)).flatten(1, 2)
    scores = torch.baddbmm(offset, sought, there.transpose(1, 2))
    shares = scores.unflatten(1, (heads, -1)).softmax(dim=2).flatten(1, 2)
    value = _heads(attention.v_proj(tokens), heads)
    given = value @ attention.out_proj.weight.T.unflatten(0, (heads, -1))
    given = given + attention.out_proj.bias / heads  # the shares of every head add up to 1
    return torch.baddbmm(patches, shares.transpose(1, 2), given.flatten(1, 2))


def _heads(tokens: Tensor, heads: int) -> Tensor:
    """BxTxC to B x heads x T x C/heads."""
    return tokens.unflatten(-1, (heads, -1)).transpose(1, 2)


def _each_to_four(convolution: Any, pixels: Tensor) -> Tensor:
    """A transposed convolution with stride and kernel 2: ...xC to ...x4xD, the four row by row."""
    weight = convolution.weight.permute(2, 3, 1, 0)
    four = F.linear(pixels, weight.flatten(0, 2), convolution.bias.repeat(4))
    return four.unflatten(-1, (4, -1))
