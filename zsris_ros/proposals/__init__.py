"""Pixels to class-agnostic masks: Segment Anything, depth, and whatever follows the protocol."""

from __future__ import annotations

from typing import Protocol

from zsris_ros.types import Frame, Proposals


class Proposer(Protocol):
    """Finds the things in a frame without knowing what they are.

    ``needs_depth`` says whether a frame must have depth and intrinsics.
    """

    needs_depth: bool

    def propose(self, frame: Frame) -> Proposals:
        """The frame's masks, best first; there may be none."""
