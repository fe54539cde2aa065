"""The masked-attention transformer decoder (Mask2Former, CVPR 2022; VATEX section 3.4, Eq. 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True, eq=False)
class Prediction:
    """The queries' answers about a batch.

    Attributes:
        classes: Float BxN, logits of "this query is the referred object".
        masks: Float BxNxHxW, logits at stride 4.
    """

    classes: Tensor
    masks: Tensor


class MaskedAttention(nn.Module):
    """Cross-attention of queries to the pixels inside their own masks.

    The attention is softmax(M + Q K^T) V with M = 0 where the query's mask has a probability of
    at least 0.5 and minus infinity elsewhere. A query with an empty mask attends to all pixels.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)

    def forward(
        self, queries: Tensor, memory: Tensor, positions: Tensor, masks: Tensor, valid: Tensor
    ) -> Tensor:
        """Return the attended features BxNxC.

        Args:
            queries: Float BxNxC.
            memory: Float BxCxHxW, a level of visual features.
            positions: Float BxCxHxW, added to the keys.
            masks: Float BxNxH'xW', mask logits of the queries.
            valid: Bool BxHxW, False on padding.
        """
        inside = F.interpolate(
            masks.detach(), memory.shape[-2:], mode="bilinear", align_corners=False
        )
        inside = (inside >= 0) & valid[:, None]
        inside = torch.where(inside.any((-2, -1), keepdim=True), inside, valid[:, None])
        blocked = (~inside).flatten(2).repeat_interleave(self.heads, dim=0)
        keys, values = (each.flatten(2).transpose(1, 2) for each in (memory + positions, memory))
        attended: Tensor
        attended, _ = self.attention(queries, keys, values, attn_mask=blocked, need_weights=False)
        return attended


class QueryLayer(nn.Module):
    """Masked attention, self-attention and a feed-forward network, each added and normalised."""

    def __init__(self, width: int, heads: int, feedforward: int) -> None:
        super().__init__()
        self.masked = MaskedAttention(width, heads)
        self.mutual = nn.MultiheadAttention(width, heads, batch_first=True)
        self.feedforward = nn.Sequential(
            nn.Linear(width, feedforward), nn.ReLU(), nn.Linear(feedforward, width)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))

    def forward(
        self,
        queries: Tensor,
        places: Tensor,
        memory: Tensor,
        positions: Tensor,
        masks: Tensor,
        valid: Tensor,
    ) -> Tensor:
        """Return the updated queries BxNxC; ``places`` NxC are the learnt query positions."""
        seen = self.masked(queries + places, memory, positions, masks, valid)
        queries = self.norms[0](queries + seen)
        keys = queries + places
        mixed, _ = self.mutual(keys, keys, queries, need_weights=False)
        queries = self.norms[1](queries + mixed)
        result: Tensor = self.norms[2](queries + self.feedforward(queries))
        return result


class QueryDecoder(nn.Module):
    """Layers over the three coarse levels in turn; masks come from the finest level (Eq. 7)."""

    def __init__(self, width: int, heads: int, feedforward: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(QueryLayer(width, heads, feedforward) for _ in range(layers))
        self.level = nn.Parameter(torch.empty(3, width))
        nn.init.normal_(self.level, std=0.1)
        self.norm = nn.LayerNorm(width)
        self.classifier = nn.Linear(width, 1)
        self.mask_embedding = nn.Sequential(
            *(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()),
            nn.Linear(width, width),
        )

    def forward(
        self,
        queries: Tensor,
        places: Tensor,
        vision: Sequence[Tensor],
        positions: Sequence[Tensor],
        valid: Sequence[Tensor],
    ) -> list[Prediction]:
        """Return the predictions of the initial queries and after each layer, the last one last.

        Args:
            queries: Float BxNxC, the initial queries.
            places: Float NxC, the learnt query positions.
            vision: F_1^v ... F_4^v, float BxCxH_ixW_i, coarsest first.
            positions: Positions of the three coarse levels, of the same shapes.
            valid: Bool BxH_ixW_i of the three coarse levels, False on padding.
        """
        *coarse, finest = vision
        predictions = [self.predict(queries, finest)]
        for number, layer in enumerate(self.layers):
            level = number % 3
            memory = coarse[level] + self.level[level][:, None, None]
            queries = layer(
                queries, places, memory, positions[level], predictions[-1].masks, valid[level]
            )
            predictions.append(self.predict(queries, finest))
        return predictions

    def predict(self, queries: Tensor, finest: Tensor) -> Prediction:
        """Return class logits, and mask logits F_4^v . F_o^T (Eq. 7 before the sigmoid)."""
        normed = self.norm(queries)
        masks = torch.einsum("bnc,bchw->bnhw", self.mask_embedding(normed), finest)
        return Prediction(self.classifier(normed)[..., 0], masks)
