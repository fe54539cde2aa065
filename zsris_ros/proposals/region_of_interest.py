"""Proposals for a window of a frame, for less work than the whole frame takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.proposals.proposer import Proposer
from zsris_ros.proposals.sam.sam_proposer import SamProposer
from zsris_ros.types import Frame, Proposals, RegionOfInterest


def propose_in_region(proposer: Proposer, frame: Frame, window: RegionOfInterest) -> Proposals:
    """What ``proposer`` finds in a window of ``frame``; the masks have the frame's size.

    SAM is prompted in the window. Others are shown nothing but the window, and what its border cuts
    off is left out.
    """
    if isinstance(proposer, SamProposer):
        return proposer.propose(frame, window)
    found = proposer.propose(crop_frame(frame, window))
    masks = np.zeros((len(found), frame.height, frame.width), bool)
    masks[:, window[0], window[1]] = found.masks
    whole = np.array([not _is_cut(mask, frame, window) for mask in found.masks], bool)
    kept = np.flatnonzero(whole)
    sources = tuple(found.sources[index] for index in kept)
    return Proposals(masks[kept], mask_boxes(masks[kept]), found.quality[kept], sources)


def crop_frame(frame: Frame, window: RegionOfInterest) -> Frame:
    """The window as a frame of its own; its camera sees the same points in the same places."""
    rows, columns = window
    camera = frame.intrinsics
    if camera is not None:
        camera = replace(camera, cx=camera.cx - columns.start, cy=camera.cy - rows.start)
    depth = None if frame.depth is None else np.ascontiguousarray(frame.depth[window])
    return replace(
        frame, rgb=np.ascontiguousarray(frame.rgb[window]), depth=depth, intrinsics=camera
    )


def _is_cut(mask: np.ndarray, frame: Frame, window: RegionOfInterest) -> bool:
    """Whether a mask of the window touches a border of it that is not the frame's."""
    rows, columns = window
    return bool(
        (rows.start > 0 and mask[0].any())
        or (rows.stop < frame.height and mask[-1].any())
        or (columns.start > 0 and mask[:, 0].any())
        or (columns.stop < frame.width and mask[:, -1].any())
    )
