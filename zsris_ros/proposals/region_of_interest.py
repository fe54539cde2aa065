"""Proposals in a region of a frame, cheaper than those of the whole frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.proposals import Proposer
from zsris_ros.proposals.sam.sam_proposer import SamProposer
from zsris_ros.types import BoolArray, Frame, Proposals, RegionOfInterest


def propose_in_region(proposer: Proposer, frame: Frame, roi: RegionOfInterest) -> Proposals:
    """Return the proposals in a region of ``frame``, as masks of the frame's size.

    SAM encodes the whole frame and is prompted in the region. Other proposers get the cropped
    frame, and masks that the region's border cuts are dropped.
    """
    if isinstance(proposer, SamProposer):
        return proposer.propose(frame, roi)
    found = proposer.propose(crop_frame(frame, roi))
    kept = [index for index, mask in enumerate(found.masks) if not _is_cut(mask, frame, roi)]
    masks = np.zeros((len(kept), frame.height, frame.width), bool)
    masks[:, roi[0], roi[1]] = found.masks[kept]
    sources = tuple(found.sources[index] for index in kept)
    return Proposals(masks, mask_boxes(masks), found.quality[kept], sources)


def crop_frame(frame: Frame, roi: RegionOfInterest) -> Frame:
    """Return a region as a frame, with intrinsics that give the same points in metres."""
    rows, columns = roi
    camera = frame.intrinsics
    if camera is not None:
        camera = replace(camera, cx=camera.cx - columns.start, cy=camera.cy - rows.start)
    depth = None if frame.depth is None else np.ascontiguousarray(frame.depth[roi])
    return replace(frame, rgb=np.ascontiguousarray(frame.rgb[roi]), depth=depth, intrinsics=camera)


def _is_cut(mask: BoolArray, frame: Frame, roi: RegionOfInterest) -> bool:
    """Return whether a mask of the region touches a border of it that is inside the frame."""
    rows, columns = roi
    return bool(
        (rows.start > 0 and mask[0].any())
        or (rows.stop < frame.height and mask[-1].any())
        or (columns.start > 0 and mask[:, 0].any())
        or (columns.stop < frame.width and mask[:, -1].any())
    )
