"""Replace Segment Anything by a proposer of your own.

A proposer is any object with ``accepts`` and ``propose``. This one proposes the connected
regions of saturated colour.

    python examples/custom_proposer.py photo.jpg "the red block"
"""

from __future__ import annotations

import sys

import cv2
import numpy as np
from PIL import Image

from zsris_ros import Frame
from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.models.load import load_models
from zsris_ros.types import Proposals


class ColourProposer:
    """Propose connected regions of saturated colour of at least 300 pixels."""

    def accepts(self, frame: Frame) -> bool:
        """Return True: depth is not needed."""
        return True

    def propose(self, frame: Frame) -> Proposals:
        """Return one mask for each large connected region of saturated colour."""
        saturation = cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2HSV)[..., 1]
        _, labels, stats, _ = cv2.connectedComponentsWithStats((saturation > 120).astype(np.uint8))
        large = [k for k in range(1, len(stats)) if stats[k, cv2.CC_STAT_AREA] >= 300]
        masks = np.array([labels == k for k in large]).reshape(-1, *labels.shape)
        quality = np.ones(len(masks), np.float32)
        return Proposals(masks, mask_boxes(masks), quality, ("colour",) * len(masks))


picture, expression = sys.argv[1:]
segmenter = load_models("household").segmenter(ColourProposer())
scene = segmenter.look(Frame(np.asarray(Image.open(picture).convert("RGB"))))
print(f"{len(scene.proposals)} proposals")
print(segmenter.refer(scene, expression).message)
