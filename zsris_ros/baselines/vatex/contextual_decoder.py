"""The Contextual Multimodal Decoder (paper, section 3.2, Eqs. 2-4)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ContextualLevel(nn.Module):
    """One level: vision-aware text, then text-guided vision.

    Both attentions multiply their input (Eqs. 2 and 3). Their output biases start at 1, so that
    untrained products leave the features nearly unchanged; four products of small numbers would
    otherwise erase the words.
    """

    def __init__(self, width: int, heads: int, vision_aware: bool) -> None:
        super().__init__()
        self.to_text = _attention(width, heads) if vision_aware else None
        self.to_vision = _attention(width, heads)
        self.convolution = nn.Conv2d(width, width, 3, padding=1)

    def forward(
        self,
        vision: Tensor,
        words: Tensor,
        coarser: Tensor | None,
        vision_valid: Tensor,
        words_valid: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return F_i^v BxCxHxW and F_i^w BxLxC.

        Args:
            vision: V_i, float BxCxHxW.
            words: F_{i-1}^w, float BxLxC.
            coarser: F_{i-1}^v, float BxCxH'xW'; None at the first level.
            vision_valid: Bool BxHxW, False on padding.
            words_valid: Bool BxL, False on padding.
        """
        pixels = vision.flatten(2).transpose(1, 2)
        if self.to_text is not None:  # Eq. 2
            blocked = ~vision_valid.flatten(1)
            seen = _attend(self.to_text, words, pixels, blocked)
            words = seen * words
        read = _attend(self.to_vision, pixels, words, ~words_valid)
        guided = (read * pixels).transpose(1, 2).view_as(vision)  # Eq. 3
        if coarser is not None:
            guided = guided + F.interpolate(
                coarser, guided.shape[-2:], mode="bilinear", align_corners=False
            )
        result: Tensor = self.convolution(guided)  # Eq. 4
        return result, words


class ContextualDecoder(nn.Module):
    """Four levels from the coarsest to the finest.

    Args:
        width: C, channels of vision and text.
        heads: Attention heads.
        vision_aware: Whether vision updates the text; without it Eq. 2 is left out.
    """

    def __init__(self, width: int, heads: int, vision_aware: bool = True) -> None:
        super().__init__()
        self.levels = nn.ModuleList(ContextualLevel(width, heads, vision_aware) for _ in range(4))

    def forward(
        self,
        vision: Sequence[Tensor],
        words: Tensor,
        vision_valid: Sequence[Tensor],
        words_valid: Tensor,
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return F_1^v ... F_4^v, and F_0^w ... F_4^w.

        Args:
            vision: V_1 ... V_4, float BxCxH_ixW_i, coarsest first.
            words: f_w, float BxLxC.
            vision_valid: Bool BxH_ixW_i, False on padding.
            words_valid: Bool BxL, False on padding.
        """
        guided: list[Tensor] = []
        texts = [words]
        for level, image, inside in zip(self.levels, vision, vision_valid, strict=True):
            coarser = guided[-1] if guided else None
            image, words = level(image, words, coarser, inside, words_valid)
            guided.append(image)
            texts.append(words)
        return guided, texts


def sentence_features(words: Tensor, valid: Tensor) -> Tensor:
    """Return Eq. 5, F_s, float BxC: the mean of the words BxLxC where ``valid`` BxL is True."""
    inside = valid[..., None].to(words.dtype)
    return (words * inside).sum(1) / inside.sum(1).clamp(min=1)


def _attention(width: int, heads: int) -> nn.MultiheadAttention:
    attention = nn.MultiheadAttention(width, heads, batch_first=True)
    with torch.no_grad():
        attention.out_proj.bias.fill_(1.0)
    return attention


def _attend(
    attention: nn.MultiheadAttention, queries: Tensor, memory: Tensor, blocked: Tensor
) -> Tensor:
    """Apply ``attention`` to queries BxQxC and memory BxKxC; ``blocked`` BxK is left out.

    A sentence has few words. Plain products of them and the pixels, without the copies of
    ``nn.MultiheadAttention``, take about half its time on a CPU.
    """
    kernels = attention.in_proj_weight.chunk(3)
    biases = attention.in_proj_bias.chunk(3)
    query, key, value = (
        F.linear(each, kernel, bias).unflatten(-1, (attention.num_heads, -1)).transpose(1, 2)
        for each, kernel, bias in zip((queries, memory, memory), kernels, biases, strict=True)
    )
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    weights = scores.masked_fill(blocked[:, None, None], -torch.inf).softmax(-1)
    result: Tensor = attention.out_proj((weights @ value).transpose(1, 2).flatten(2))
    return result
