"""A trained VATEX as one more proposer: its mask of each noun in a list."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zsris_ros.baselines.vatex.vatex_segmenter import SOURCE
from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.proposals.mask_nms import mask_nms
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.types import Frame, Proposals


class VatexProposer:
    """Proposes the masks that a segmenter finds for a list of nouns.

    Each noun costs an answer of the network, so that a long list takes seconds on a CPU.

    Args:
        segmenter: A trained VATEX's; a noun with the verdict NOT_FOUND gives no mask.
        nouns: Nouns in the singular.
    """

    def __init__(self, segmenter: Segmenter, nouns: Sequence[str]) -> None:
        self._segmenter, self._nouns = segmenter, tuple(nouns)

    def accepts(self, frame: Frame) -> bool:
        """Return True."""
        return True

    def propose(self, frame: Frame) -> Proposals:
        """Return the distinct masks, the most probable first."""
        scene = self._segmenter.look(frame)
        answers = [self._segmenter.refer(scene, f"the {noun}") for noun in self._nouns]
        found = [each for each in answers if each.candidates]
        masks = np.zeros((len(found), frame.height, frame.width), bool)
        for index, each in enumerate(found):
            masks[index] = each.mask
        quality = np.array([each.candidates[0].score for each in found], np.float32)
        kept = list(mask_nms(masks, quality))
        return Proposals(masks[kept], mask_boxes(masks[kept]), quality[kept], (SOURCE,) * len(kept))
