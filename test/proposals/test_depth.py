"""Depth proposals: ray-cast tabletops with known masks, and real Kinect scenes if present."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.depth_scenes import Ball, look, on_table, worn

from zsris_ros.evaluation.metrics import best_ious
from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.proposals import Proposer
from zsris_ros.proposals.depth.depth_proposer import DepthProposer, DepthSettings
from zsris_ros.types import Frame, InputError, Intrinsics

SEPARATE = (
    on_table((0.12, 0.06, 0.2), -0.25, 0.1, 0.4),
    on_table((0.08, 0.08, 0.08), 0.2, -0.1, 0.8),
    Ball((0, 0.05, 0.05), 0.05),
)
STACKED = (
    on_table((0.25, 0.18, 0.06), 0, 0, 0.3),
    on_table((0.16, 0.10, 0.06), 0.02, 0.01, 0.7, above=0.06),
    on_table((0.07, 0.07, 0.10), 0.01, 0.02, 0.1, above=0.12),
)
TOUCHING = (
    on_table((0.10, 0.10, 0.10), -0.05, 0),
    on_table((0.10, 0.14, 0.16), 0.052, 0.03),
    Ball((-0.05, -0.095, 0.04), 0.04),
)
OCCLUDED = (on_table((0.30, 0.08, 0.10), 0, 0.15), on_table((0.06, 0.06, 0.22), 0, 0))
ABOVE, ACROSS, LOW = (0.2, -0.5, 0.9), (0.0, -0.75, 0.6), (0.0, -1.1, 0.35)


@pytest.fixture(scope="module")
def proposer():
    return DepthProposer()


@pytest.mark.parametrize("eye", [ABOVE, ACROSS, LOW])
@pytest.mark.parametrize(
    ("objects", "clean_bound", "worn_bound"),
    [(SEPARATE, 0.95, 0.85), (STACKED, 0.92, 0.8), (TOUCHING, 0.95, 0.88), (OCCLUDED, 0.94, 0.82)],
    ids=["separate", "stacked", "touching", "occluded"],
)
def test_every_object_has_its_mask(proposer, objects, clean_bound, worn_bound, eye):
    """Stacked and touching objects need concave borders, the occluded one the union of parts."""
    frame, masks = look(objects, eye)
    assert best_ious(masks, proposer.propose(frame)).min() >= clean_bound
    frame, masks = worn(frame, masks)
    assert best_ious(masks, proposer.propose(frame)).min() >= worn_bound


@pytest.mark.parametrize(("noise", "holes"), [(0.006, 0.0), (0.003, 0.1)])
def test_degraded_depth_costs_little(proposer, noise, holes):
    frame, masks = worn(*look(SEPARATE), noise=noise, holes=holes)
    assert best_ious(masks, proposer.propose(frame)).min() >= 0.8


def test_proposals_satisfy_their_invariants():
    settings = DepthSettings(limit=4, min_area=300)
    proposer: Proposer = DepthProposer(settings)
    frame, _ = worn(*look(STACKED + SEPARATE[:1]))
    found = proposer.propose(frame)
    assert 1 <= len(found) <= settings.limit
    assert found.masks.dtype == bool and found.masks.shape[1:] == frame.depth.shape
    assert found.masks.sum(axis=(1, 2)).min() >= settings.min_area
    assert (found.boxes == mask_boxes(found.masks)).all()
    assert found.quality.dtype == np.float32
    assert (np.diff(found.quality) <= 0).all() and 0 <= found.quality[-1] <= found.quality[0] <= 1
    assert found.sources == ("depth",) * len(found)
    again = DepthProposer(settings).propose(frame)
    assert (again.masks == found.masks).all() and (again.quality == found.quality).all()


@pytest.mark.parametrize("roll", [np.pi / 2, np.pi, 0.6])
def test_no_direction_of_gravity_is_assumed(proposer, roll):
    frame, masks = look(SEPARATE, ABOVE, roll=roll)
    assert best_ious(masks, proposer.propose(frame)).min() >= 0.93


def test_small_objects_are_kept(proposer):
    frame, masks = look(
        (Ball((0.1, 0, 0.011), 0.011), on_table((0.02, 0.02, 0.02), -0.1, 0.1, 0.3))
    )
    assert 150 < masks.sum(axis=(1, 2)).max() < 300
    assert best_ious(masks, proposer.propose(frame)).min() >= 0.85
    strict = DepthProposer(DepthSettings(min_area=400))
    assert len(strict.propose(frame)) == 0


def test_the_bottom_of_a_bowl_belongs_to_the_bowl(proposer):
    """A tray of four walls: inside, the depth is the table's."""
    walls = [on_table((0.2, 0.01, 0.04), 0, y) for y in (-0.1, 0.1)]
    walls += [on_table((0.01, 0.2, 0.04), x, 0) for x in (-0.1, 0.1)]
    frame, masks = look(walls, ABOVE)
    tray = masks.any(axis=0)
    contours, _ = cv2.findContours(tray.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = cv2.fillPoly(np.zeros(tray.shape, np.uint8), contours, 1).astype(bool)
    assert tray.sum() < 0.75 * whole.sum()
    hollow = DepthProposer(DepthSettings(max_hole=0.0))
    generous = DepthProposer(DepthSettings(max_hole=4.0))
    assert best_ious(whole[None], generous.propose(frame))[0] >= 0.95
    assert best_ious(tray[None], hollow.propose(frame))[0] >= 0.93


def test_larger_images_are_processed_on_a_coarser_grid(proposer):
    frame, masks = look(STACKED, size=(961, 1283))
    found = proposer.propose(frame)
    assert found.masks.shape[1:] == (961, 1283)
    assert best_ious(masks, found).min() >= 0.93


@pytest.mark.parametrize(
    "depth",
    [
        np.zeros((480, 640)),
        np.full((480, 640), np.nan),
        np.full((480, 640), np.inf),
        np.full((480, 640), 1.0),
        np.eye(480, 640),
        np.random.default_rng(0).uniform(0.5, 3, (480, 640)),
        np.ones((1, 1)),
        np.ones((3, 2)),
    ],
    ids=["zeros", "nan", "inf", "wall", "line", "noise", "pixel", "tiny"],
)
def test_depth_without_measurements_gives_no_proposals(proposer, depth):
    camera = Intrinsics(525, 525, 319.5, 239.5)
    rgb = np.zeros((*depth.shape, 3), np.uint8)
    found = proposer.propose(Frame(rgb, depth.astype(np.float32), camera))
    assert len(found) == 0
    assert found.masks.shape == (0, *depth.shape) and found.boxes.shape == (0, 4)


def test_an_empty_table_gives_no_proposals(proposer):
    frame, _ = look(())
    assert len(proposer.propose(frame)) == 0
    assert len(proposer.propose(worn(frame, np.zeros((0, 480, 640), bool))[0])) == 0


def test_without_depth_or_intrinsics_the_frame_is_refused(proposer):
    frame, _ = look(SEPARATE)
    for lacking in ({"depth": None}, {"intrinsics": None}):
        with pytest.raises(InputError, match="depth"):
            proposer.propose(dataclasses.replace(frame, **lacking))


# Real scenes: the Object Segmentation Database, as its README in that folder describes.
OSD = Path(
    os.environ.get("ZSRIS_OSD_DIR", Path(__file__).resolve().parents[2] / "../shared/osd")
).resolve()
KINECT = Intrinsics(525.0, 525.0, 319.5, 239.5)


def osd_scene(name):
    rgb = cv2.imread(str(OSD / f"{name}_rgb.png"))[..., ::-1].copy()
    depth = cv2.imread(str(OSD / f"{name}_depth.png"), cv2.IMREAD_UNCHANGED)
    label = cv2.imread(str(OSD / f"{name}_label.png"), cv2.IMREAD_UNCHANGED)
    masks = label == np.arange(2, label.max() + 1)[:, None, None]
    frame = Frame(rgb, depth.astype(np.float32) / 1000, KINECT)
    return frame, masks[masks.any(axis=(1, 2))]


@pytest.mark.skipif(
    not (OSD / "objects.json").exists(),
    reason="no Object Segmentation Database: set ZSRIS_OSD_DIR to its folder",
)
def test_real_kinect_scenes(proposer):
    names = sorted(json.loads((OSD / "objects.json").read_text()))
    stacked = [f"learn{index}" for index in (18, 21, 24, 27, 30, 32) if f"learn{index}" in names]
    values, counts = [], []
    for name in dict.fromkeys(names[::5] + stacked):
        frame, masks = osd_scene(name)
        found = proposer.propose(frame)
        values.extend(best_ious(masks, found))
        counts.append(len(found))
    assert np.mean(values) >= 0.93
    assert np.mean(counts) <= 25
