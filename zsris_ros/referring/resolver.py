"""The protocols of resolvers: a scene and a text or a parsed expression to its object."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from zsris_ros.types import Expression, ReferringResult, Scene


class Resolver(Protocol):
    """Resolves expressions in scenes. Not thread-safe: one caller at a time."""

    def refer(self, scene: Scene, expression: str) -> ReferringResult:
        """Return the referring result of an expression in a scene.

        Raises:
            InputError: The text holds no letter or digit.
        """
        ...


@runtime_checkable
class ExpressionResolver(Protocol):
    """Resolves parsed expressions in scenes."""

    def resolve(self, scene: Scene, expression: Expression) -> ReferringResult:
        """Return the referring result of a parsed expression in a scene."""
        ...
