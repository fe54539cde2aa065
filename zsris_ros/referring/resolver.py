"""What every resolver is: a scene and an expression in, the answer out."""

from __future__ import annotations

from typing import Protocol

from zsris_ros.types import ReferringResult, Scene


class Resolver(Protocol):
    """Resolves expressions in scenes. Not thread-safe: one caller at a time."""

    def refer(self, scene: Scene, expression: str) -> ReferringResult:
        """Return which mask is meant.

        Raises:
            InputError: The text holds no letter or digit.
        """
        ...
