"""Class-agnostic mask proposals from Segment Anything, from depth, and from files."""

from __future__ import annotations

from typing import Protocol

from zsris_ros.types import Frame, Proposals


class Proposer(Protocol):
    """Proposes class-agnostic masks of the objects in a frame."""

    def accepts(self, frame: Frame) -> bool:
        """Return whether this proposer is for such frames, such as those with depth."""
        ...

    def propose(self, frame: Frame) -> Proposals:
        """Return the frame's masks, best first; there may be none."""
        ...
