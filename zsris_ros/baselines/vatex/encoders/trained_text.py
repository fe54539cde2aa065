"""A copy of CLIP's text encoder that is trained with the network.

The paper freezes CLIP. A small CLIP was trained with a few hundred words, in sentences that only
name objects. The copy begins with its weights and learns the words and relations of the training
sentences.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zsris_ros.vision.attention import run_block
from zsris_ros.vision.open_clip_model import OpenClipModel


class TextEncoder(nn.Module):
    """CLIP's causal text transformer with the token table of a vocabulary, made on the CPU.

    Attributes:
        vocabulary: Int64 K, ascending, CLIP's ids of the known tokens.

    Args:
        clip: The CLIP, which is copied. Tokens that it never saw (rows of zeros) begin with random
            features of the spread of the others.
        vocabulary: The ids. All other tokens share one feature, which begins at zero.
    """

    vocabulary: Tensor

    def __init__(self, clip: OpenClipModel, vocabulary: Tensor) -> None:
        super().__init__()
        model: Any = deepcopy(clip.model).cpu().float()
        self.register_buffer("vocabulary", vocabulary.clone())
        table = model.token_embedding.weight.detach()[vocabulary]
        unseen = ~table.any(dim=1)
        # Without any known token: the initial spread of CLIP's own training.
        spread = 0.02 if unseen.all() else float(table[~unseen].std())
        table[unseen] = torch.randn(int(unseen.sum()), table.shape[1]) * spread
        self.embedding = nn.Embedding.from_pretrained(F.pad(table, (0, 0, 0, 1)), freeze=False)
        self.positions = nn.Parameter(model.positional_embedding.detach().clone())
        self.blocks = model.transformer.resblocks.requires_grad_(True)
        self.norm = model.ln_final.requires_grad_(True)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the features SxLxD of token ids int64 SxL, as ``OpenClipModel.encode_words``."""
        places = torch.searchsorted(self.vocabulary, tokens.contiguous()).clamp(
            max=len(self.vocabulary) - 1
        )
        known = self.vocabulary[places] == tokens
        states = self.embedding(torch.where(known, places, len(self.vocabulary)))
        states = states + self.positions[: tokens.shape[1]]
        for block in self.blocks:
            states = run_block(block, states, causal=True)
        result: Tensor = self.norm(states)
        return result
