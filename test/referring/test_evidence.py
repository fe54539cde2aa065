"""Evidence from the geometry of masks: posture, front and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from support.scenes import scene_of

from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.referring.grounding.evidence import place_fit, posture_fit
from zsris_ros.referring.objects.object_geometry import heights_above_support
from zsris_ros.types import Frame, Intrinsics, Proposals, Scene

CAMERA = Intrinsics(300.0, 300.0, 159.5, 119.5)


def seen_from_above() -> Scene:
    """Return two blocks on a table 0.8 m below the camera: one lies along y, one stands."""
    depth = np.full((240, 320), 0.8, np.float32)
    masks = np.zeros((2, 240, 320), bool)
    masks[0, 80:160, 60:80] = True  # 0.2 m long, 0.04 m high
    masks[1, 110:130, 200:222] = True  # 0.05 m wide, 0.2 m high
    depth[masks[0]] -= 0.04
    depth[masks[1]] -= 0.2
    proposals = Proposals(masks, mask_boxes(masks), np.ones(2, np.float32), ("depth",) * 2)
    frame = Frame(np.zeros((240, 320, 3), np.uint8), depth, CAMERA)
    heights = heights_above_support(frame, proposals)
    empty = np.zeros((2, 3), np.float32)
    return Scene(frame, proposals, torch.zeros(2, 4), empty[:, :2], empty, heights=heights)


def test_depth_detects_a_lying_object_that_is_tall_in_the_image() -> None:
    lying = posture_fit(seen_from_above(), "lying")
    assert lying[0] > 0.8 and lying[1] < 0.2
    torch.testing.assert_close(posture_fit(seen_from_above(), "standing"), 1 - lying)


def test_without_heights_the_box_decides() -> None:
    scene = seen_from_above()
    flat = replace(scene, frame=Frame(scene.frame.rgb), heights=None)
    assert posture_fit(flat, "standing")[0] > 0.8
    rows = scene_of([(5, 5, 30, 10), (50, 5, 10, 30)])
    assert posture_fit(rows, "lying").gt(0.5).tolist() == [True, False]


def hollow_and_upside_down() -> Scene:
    """Return, 0.8 m below the camera: a mug, one upside down, a cone, and a square tray."""
    depth = np.full((240, 320), 0.8, np.float32)
    y, x = np.mgrid[:240, :320]
    away = [np.hypot(x - middle, y - 160) for middle in (80, 160, 240)]
    aside = np.maximum(np.abs(x - 160), np.abs(y - 60))
    masks = np.stack([*(each < 25 for each in away), aside <= 24])
    depth[masks[0] | masks[3]] -= 0.01
    depth[(masks[0] & (away[0] > 20)) | masks[1] | (aside == 24)] = 0.7
    depth[masks[2]] -= 0.15 * (1 - away[2][masks[2]] / 25).astype(np.float32)
    proposals = Proposals(masks, mask_boxes(masks), np.ones(4, np.float32), ("depth",) * 4)
    frame = Frame(np.zeros((240, 320, 3), np.uint8), depth, CAMERA)
    heights = heights_above_support(frame, proposals)
    empty = np.zeros((4, 3), np.float32)
    return Scene(frame, proposals, torch.zeros(4, 4), empty[:, :2], empty, heights=heights)


def test_the_opening_distinguishes_upside_down_objects() -> None:
    scene = hollow_and_upside_down()
    mug, inverted, cone, tray = posture_fit(scene, "upside down")
    assert mug < 0.1 and inverted > 0.9 and cone > 0.7 and tray < 0.1
    flat = replace(scene, frame=Frame(scene.frame.rgb), heights=None)
    assert posture_fit(flat, "upside down").tolist() == [0.5] * 4, "depth alone tells"


def test_the_back_is_that_of_the_objects_not_of_the_room() -> None:
    row = scene_of([(4, 28, 16, 16), (28, 28, 16, 16), (52, 28, 16, 16)], [1.0, 1.1, 1.2])
    room = replace(row, is_object=np.ones(3, bool))
    assert float(room.frame.depth.max()) == 2.0  # a wall behind the objects
    back, front = place_fit(room, ("back",)), place_fit(room, ("front",))
    assert back[2] > 0.95 and front[0] > 0.95
    assert 0.3 < back[1] < 0.7
    nothing = replace(row, is_object=np.zeros(3, bool))
    assert place_fit(nothing, ("back",))[2] < 0.5, "the image's range, without an object"
