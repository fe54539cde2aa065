"""Compressed token table of a small CLIP: only the rows of known tokens are stored.

CLIP's vocabulary has 49408 tokens, and the small CLIPs were trained with a few hundred of them.
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
    """Return ``state`` with only the rows ``tokens`` (int K, ascending) of the token table.

    ROWS is int32 K and VALUES KxD with the table's dtype.
    """
    compressed = {name: value for name, value in state.items() if name != TABLE}
    compressed[ROWS] = tokens.to(torch.int32)
    compressed[VALUES] = state[TABLE][tokens.long()].clone()
    return compressed


def expand_clip_state(
    state: Mapping[str, Tensor], vocabulary: int = VOCABULARY
) -> dict[str, Tensor]:
    """Return ``state`` with the complete ``vocabulary`` x D token table, zero in missing rows.

    A state with its table is unchanged. Raises InputError when rows and values do not fit.
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
