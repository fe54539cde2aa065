"""Class-agnostic mask proposals from Segment Anything, from depth, and from files."""

from __future__ import annotations

from typing import Protocol

from zsris_ros.types import Frame, Proposals


class Proposer(Protocol):
    """Proposes class-agnostic masks of the objects in a frame.

    Attributes:
        needs_depth: Whether a frame must have depth and intrinsics.
    """

    needs_depth: bool

    def propose(self, frame: Frame) -> Proposals:
        """Return the frame's masks, best first; there may be none."""
        ...
