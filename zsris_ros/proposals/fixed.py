"""Masks that are known beforehand: a data set's true objects, or another program's proposals."""

from __future__ import annotations

import numpy as np

from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.types import BoolArray, Frame, InputError, Proposals


class FixedProposals:
    """Proposes the same masks, bool NxHxW, in their order; ``source`` says whose they are."""

    needs_depth = False

    def __init__(self, masks: BoolArray, source: str = "given") -> None:
        self._proposals = Proposals(
            masks, mask_boxes(masks), np.ones(len(masks), np.float32), (source,) * len(masks)
        )

    def propose(self, frame: Frame) -> Proposals:
        """The masks; raises InputError when they are not of the frame's size."""
        size = self._proposals.masks.shape[1:]
        if size != (frame.height, frame.width):
            raise InputError(
                f"the given masks are {size[1]}x{size[0]} pixels and the frame is "
                f"{frame.width}x{frame.height}"
            )
        return self._proposals
