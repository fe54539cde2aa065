"""A CLIP's table of tokens, most of which a small model never met, stored as the rows it knows.

CLIP's vocabulary has 49408 tokens; a text encoder trained on a few hundred words would spend nearly
its whole file on rows that mean nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from zsris_ros.types import InputError

TABLE = "token_embedding.weight"
ROWS = "token_embedding.rows"
VALUES = "token_embedding.values"
VOCABULARY = 49408
"""Rows of CLIP's table."""


def compress_clip_state(state: Mapping[str, Tensor], tokens: Tensor) -> dict[str, Tensor]:
    """``state`` with the rows ``tokens`` (whole numbers K, ascending) of the token table only.

    ROWS is int32 K and VALUES KxD in the table's type. The inverse of ``expand_clip_state``, but
    for the rows left out.
    """
    compressed = {name: value for name, value in state.items() if name != TABLE}
    compressed[ROWS] = tokens.to(torch.int32)
    compressed[VALUES] = state[TABLE][tokens.long()].clone()
    return compressed


def expand_clip_state(
    state: Mapping[str, Tensor], vocabulary: int = VOCABULARY
) -> dict[str, Tensor]:
    """A state dict with a whole token table, ``vocabulary`` x D; rows not stored are zero.

    A state that has its table already is returned as it is. Raises InputError when rows and values
    do not fit together.
    """
    if ROWS not in state and VALUES not in state:
        return dict(state)
    expanded = {name: value for name, value in state.items() if name not in (ROWS, VALUES)}
    rows, values = state.get(ROWS), state.get(VALUES)
    if rows is None or values is None or rows.shape != values.shape[:1]:
        raise InputError(f"these CLIP weights are damaged: {ROWS} and {VALUES} do not fit")
    if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < vocabulary:
        raise InputError(f"these CLIP weights name tokens outside 0 to {vocabulary - 1}")
    table = values.new_zeros(vocabulary, values.shape[1])
    table[rows.long()] = values
    expanded[TABLE] = table
    return expanded
