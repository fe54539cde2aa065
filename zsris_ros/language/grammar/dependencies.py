"""The decisions that a dependency parse can take for the grammar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from zsris_ros.language.grammar.draft import Draft


class Dependencies(Protocol):
    """The target, the ends of noun phrases and the attachment of later phrases, by token index."""

    @property
    def chunk_ends(self) -> Mapping[int, int]:
        """The end of the noun chunk for each token inside one."""
        ...

    def target_start(self, i: int) -> int:
        """Return the start of the target where the command prefix ends at ``i``."""
        ...

    def owner(self, i: int, nouns: Sequence[Draft]) -> Draft | None:
        """Return the noun phrase that the token at ``i`` depends on, None if unknown."""
        ...


class NoDependencies:
    """Without a parse the grammar decides by word classes."""

    chunk_ends: Mapping[int, int] = {}

    def target_start(self, i: int) -> int:
        """Return ``i``."""
        return i

    def owner(self, i: int, nouns: Sequence[Draft]) -> Draft | None:
        """Return None."""
        return None
