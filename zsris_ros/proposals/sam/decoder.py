"""Segment Anything's mask decoder for many points of one image, with fewer operations.

A point prompt has seven tokens and thousands of patches. Projections of the patches are therefore
multiplied into the tokens first (q W_k^T instead of keys W_k, and so on): 7 tokens times the heads
are fewer columns than the projections have. The two transposed convolutions have a stride equal to
their kernel size, so they are linear maps of single patches, and pixels are ordered once at the
end. The results equal ``MaskDecoder`` up to rounding.
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
    """Decodes points of one image; ``embedding`` is its image embedding, 1xCxhxw."""

    def __init__(self, sam: Sam, embedding: Tensor) -> None:
        self.network = sam
        self._prompts, self._decoder = sam.prompt_encoder, sam.mask_decoder
        self._size = embedding.shape[2:]
        no_mask = self._prompts.no_mask_embed.weight[:, :, None, None]
        self._patches = (embedding + no_mask).flatten(2).transpose(1, 2).contiguous()
        self._positions = self._prompts.get_dense_pe().flatten(2).transpose(1, 2).contiguous()
        numbers = self._patches.numel()
        self._at_once = items_at_once(numbers, embedding.device)
        self._upscaled_at_once = items_at_once(4 * numbers, embedding.device)

    def masks(self, points: Tensor, least: float) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the masks whose predicted IoU is above ``least``, a few points at a time.

        ``points`` Bx2 are (x, y) in pixels of the network's input. Yields logits nx4hx4w and
        predicted IoUs n in the order of the points.
        """
        for batch in points.split(self._at_once):
            with stage("proposals decoder"):
                quality, tokens, patches = self._decode(batch)
            good = quality > least
            for few in good.any(dim=1).nonzero()[:, 0].split(self._upscaled_at_once):
                if len(few):
                    yield (
                        self._upscale(tokens[few], patches[few])[good[few]],
                        quality[few][good[few]],
                    )

    def _decode(self, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Predicted IoUs BxM of all masks, mask tokens BxMxC and patches BxPxC."""
        decoder, transformer = self._decoder, self._decoder.transformer
        labels = torch.ones((len(points), 1), dtype=torch.int, device=points.device)
        prompts, _ = self._prompts((points[:, None, :], labels), None, None)
        outputs = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight])
        initial = torch.cat([outputs.expand(len(points), -1, -1), prompts], dim=1)
        tokens, patches = initial, self._patches.expand(len(points), -1, -1)
        for layer in transformer.layers:
            tokens, patches = self._run_layer(layer, tokens, patches, initial)
        positioned = patches + self._positions
        attention = transformer.final_attn_token_to_image
        tokens = tokens + _attend_to_patches(attention, tokens + initial, positioned, patches)
        tokens = transformer.norm_final_attn(tokens)
        quality = decoder.iou_prediction_head(tokens[:, 0])
        # The first mask token serves several prompts together, the others one point.
        return quality[:, 1:], tokens[:, 2 : 1 + decoder.num_mask_tokens], patches

    def _upscale(self, tokens: Tensor, patches: Tensor) -> Tensor:
        """Logits BxMx4hx4w from tokens BxMxC and patches BxPxC."""
        first, norm, act, second, last_act = self._decoder.output_upscaling
        pixels = _double_resolution(first, patches)
        pixels = act(F.layer_norm(pixels, pixels.shape[-1:], norm.weight, norm.bias, norm.eps))
        pixels = last_act(_double_resolution(second, pixels))
        makers = list(self._decoder.output_hypernetworks_mlps)[1:]
        weights = [make(token) for make, token in zip(makers, tokens.unbind(1), strict=True)]
        logits = pixels.flatten(1, 3) @ torch.stack(weights, dim=2)
        count, (height, width), masks = len(logits), self._size, len(makers)
        logits = logits.view(count, height, width, 2, 2, 2, 2, masks)
        return logits.permute(0, 7, 1, 3, 5, 2, 4, 6).reshape(count, masks, 4 * height, 4 * width)

    def _run_layer(
        self, layer: Any, tokens: Tensor, patches: Tensor, initial: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Apply one ``TwoWayAttentionBlock`` to tokens BxTxC and patches BxPxC."""
        if layer.skip_first_layer_pe:
            tokens = layer.self_attn(q=tokens, k=tokens, v=tokens)
        else:
            positioned_tokens = tokens + initial
            tokens = tokens + layer.self_attn(q=positioned_tokens, k=positioned_tokens, v=tokens)
        tokens = layer.norm1(tokens)
        positioned = patches + self._positions
        attention = layer.cross_attn_token_to_image
        tokens = layer.norm2(
            tokens + _attend_to_patches(attention, tokens + initial, positioned, patches)
        )
        tokens = layer.norm3(tokens + layer.mlp(tokens))
        attention = layer.cross_attn_image_to_token
        return tokens, layer.norm4(
            _attend_to_tokens(attention, positioned, tokens + initial, tokens, patches)
        )


def _attend_to_patches(
    attention: Any, queries: Tensor, positioned: Tensor, patches: Tensor
) -> Tensor:
    """Attention BxTxC of tokens to patches BxPxC; ``positioned`` are these plus positions."""
    heads = attention.num_heads
    query = _heads(attention.q_proj(queries), heads)
    query = query * query.shape[-1] ** -0.5
    # The keys' bias adds a constant to all scores of a query, which softmax cancels.
    projected = query @ attention.k_proj.weight.unflatten(0, (heads, -1))
    weights = torch.softmax(projected.flatten(1, 2) @ positioned.transpose(1, 2), dim=-1)
    seen = (weights @ patches).unflatten(1, (heads, -1))
    value = seen @ attention.v_proj.weight.unflatten(0, (heads, -1)).transpose(1, 2)
    result: Tensor = attention.out_proj(value.transpose(1, 2).flatten(2) + attention.v_proj.bias)
    return result


def _attend_to_tokens(
    attention: Any, positioned: Tensor, token_keys: Tensor, tokens: Tensor, patches: Tensor
) -> Tensor:
    """Patches BxPxC plus their attention to tokens; ``token_keys`` are these plus positions."""
    heads = attention.num_heads
    key = _heads(attention.k_proj(token_keys), heads)
    key = key * key.shape[-1] ** -0.5
    projected = (key @ attention.q_proj.weight.unflatten(0, (heads, -1))).flatten(1, 2)
    offset = (key @ attention.q_proj.bias.view(heads, -1, 1)).flatten(1, 2)
    scores = torch.baddbmm(offset, projected, positioned.transpose(1, 2))
    weights = scores.unflatten(1, (heads, -1)).softmax(dim=2).flatten(1, 2)
    value = _heads(attention.v_proj(tokens), heads)
    outputs = value @ attention.out_proj.weight.T.unflatten(0, (heads, -1))
    outputs = outputs + attention.out_proj.bias / heads  # each head's weights sum to 1
    return torch.baddbmm(patches, weights.transpose(1, 2), outputs.flatten(1, 2))


def _heads(tokens: Tensor, heads: int) -> Tensor:
    """BxTxC to B x heads x T x C/heads."""
    return tokens.unflatten(-1, (heads, -1)).transpose(1, 2)


def _double_resolution(convolution: Any, pixels: Tensor) -> Tensor:
    """Apply a transposed convolution with stride and kernel 2 to ...xC: ...x4xD, row by row."""
    weight = convolution.weight.permute(2, 3, 1, 0)
    doubled = F.linear(pixels, weight.flatten(0, 2), convolution.bias.repeat(4))
    return doubled.unflatten(-1, (4, -1))
