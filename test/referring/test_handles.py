"""Handles in the masks of vessels, from drawn masks to verdicts."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from zsris_ros.evaluation.expressions.simulated_semantics import SimulatedClip
from zsris_ros.geometry.centroid import centroid_pixel
from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.language.rule_parser import RuleParser
from zsris_ros.referring.calibration import Calibration
from zsris_ros.referring.grounding.evidence import handle_fit
from zsris_ros.referring.objects.handles import handle_reaches
from zsris_ros.referring.product_resolver import ProductResolver
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import BoolArray, FloatArray, Frame, Intrinsics, Proposals, Scene, Verdict

HEIGHT, WIDTH = 240, 320
CAMERA = Intrinsics(300.0, 300.0, 159.5, 119.5)
TURNS = range(0, 360, 30)


def vessel(
    radius: float, turn: float = 0.0, handle: bool = True, at: tuple[float, float] = (160.0, 120.0)
) -> BoolArray:
    """Return the mask of a cylinder from the side, with an ear beside it, turned by degrees."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    angle = np.deg2rad(turn)
    right, down = x - at[0], y - at[1]
    across = (np.cos(angle) * right + np.sin(angle) * down) / radius
    along = (np.cos(angle) * down - np.sin(angle) * right) / radius
    body = (abs(across) <= 1) & (abs(along) <= 1.2)
    ear = abs(np.hypot(across - 1, along) - 0.6) <= 0.14
    return np.asarray(body | (ear & handle & (across > 0)))


def scene_of_masks(
    masks: list[BoolArray], depth: FloatArray | None = None, features: torch.Tensor | None = None
) -> Scene:
    stack, count = np.stack(masks), len(masks)
    pixels = np.array([centroid_pixel(mask) for mask in masks], np.float32)
    return Scene(
        frame=Frame(np.zeros((HEIGHT, WIDTH, 3), np.uint8), depth, CAMERA),
        proposals=Proposals(stack, mask_boxes(stack), np.ones(count, np.float32), ("sam",) * count),
        features=torch.zeros(count, 4) if features is None else features,
        pixels=pixels,
        points=np.full((count, 3), np.nan, np.float32),
    )


@pytest.mark.parametrize("radius", [10.0, 20.0, 45.0])
def test_a_handle_stands_out_at_any_size_and_turn(radius: float) -> None:
    with_handle = handle_reaches(scene_of_masks([vessel(radius, turn) for turn in TURNS]))
    without = handle_reaches(scene_of_masks([vessel(radius, turn, False) for turn in TURNS]))
    assert with_handle.min() > 0.45 and without.max() < 0.25
    if radius > 15:
        assert np.ptp(with_handle) < 0.15, "the size of the handle, whatever its direction"


def test_a_round_body_is_none() -> None:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    plates = [np.hypot(x - 160, (y - 120) * flat) < 70 for flat in (1.0, 1.6, 2.4)]
    assert handle_reaches(scene_of_masks(plates)).max() < 0.15


def test_noise_of_the_border_is_no_handle() -> None:
    rng = np.random.default_rng(0)
    masks = []
    for mask in (vessel(30, handle=False), vessel(30)):
        edge = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3))) - cv2.erode(
            mask.astype(np.uint8), np.ones((3, 3))
        )
        masks.append(np.where(edge > 0, rng.random(mask.shape) < 0.5, mask))
        masks[-1][5:8, 5:8] = True  # a speck far away
    without, with_handle = handle_reaches(scene_of_masks(masks))
    assert without < 0.3 < 0.45 < with_handle


def test_a_mask_cut_by_the_border_has_no_corner_there() -> None:
    half = vessel(40, handle=False, at=(310.0, 120.0))
    assert handle_reaches(scene_of_masks([half]))[0] < 0.25
    beside = vessel(40, turn=180, at=(310.0, 120.0))
    assert handle_reaches(scene_of_masks([beside]))[0] > 0.45
    assert np.isnan(handle_reaches(scene_of_masks([np.ones((HEIGHT, WIDTH), bool)]))[0])


def test_what_stands_before_a_bowl_leaves_no_handle() -> None:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    bowl = np.hypot(x - 160, y - 120) < 70
    can = (abs(x - 160) < 35) & (y > 60) & (y < 240)
    depth = np.where(bowl, 0.78, 0.8).astype(np.float32)
    depth[can] = 0.7
    ring = bowl & ~can
    assert np.isnan(handle_reaches(scene_of_masks([ring]))[0]), "a crescent, without depth"
    assert handle_reaches(scene_of_masks([ring], depth))[0] < 0.15
    mug = vessel(40)
    depth = np.where(mug, 0.7, 0.8).astype(np.float32)
    assert handle_reaches(scene_of_masks([mug], depth))[0] > 0.45, "the table is behind the ear"


def test_a_small_mask_tells_nothing() -> None:
    scene = scene_of_masks([vessel(3)])
    assert np.isnan(handle_reaches(scene)).all()
    assert handle_fit(scene, False, torch.ones(1)).tolist() == [0.5]


def test_a_handle_counts_beside_one_that_shows() -> None:
    left, right = (80.0, 120.0), (240.0, 120.0)
    scene = scene_of_masks([vessel(30, at=left), vessel(30, handle=False, at=right)])
    shown, none = handle_fit(scene, True, torch.tensor([0.9, 0.9]))
    assert shown == 1 and none < 0.3
    shown, none = handle_fit(scene, False, torch.tensor([0.9, 0.9]))
    assert shown < 0.05 and none > 0.7
    spoon_and_mug = torch.tensor([0.01, 0.9])
    assert handle_fit(scene, True, spoon_and_mug).tolist() == [1, 1], "no mug shows a handle"


def test_a_part_of_a_mug_is_judged_by_the_mug() -> None:
    mug = vessel(40, handle=False)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    side = mug & (np.hypot(x - 160, y - 60) > 45)  # without its opening
    alone = replace(scene_of_masks([side]), is_object=np.array([True]))
    assert handle_fit(alone, False, torch.ones(1))[0] < 0.5
    scene = replace(scene_of_masks([mug, side]), is_object=np.array([True, False]))
    assert handle_fit(scene, False, torch.ones(2)).min() > 0.7


def test_a_mask_beside_all_objects_is_neutral() -> None:
    mug, wall = vessel(30, at=(80.0, 120.0)), vessel(30, at=(240.0, 120.0))
    scene = replace(scene_of_masks([mug, wall]), is_object=np.array([True, False]))
    assert handle_fit(scene, False, torch.ones(2))[1] == 0.5


def asked(text: str, *handles: bool) -> tuple[Verdict, int]:
    """Return verdict and best mask for a row of mugs, with the scaling of the household weights."""
    measured = Calibration({"posture": (-0.2166, 1.5672)}, measured_on="a test")
    settings = ReferSettings(calibration=measured, min_score=0.25)
    clip = SimulatedClip(settings.negatives)
    clip.set_scene("row", [{"mug", "cup"}] * len(handles), "words", 0.0)
    masks = [vessel(20, 0, has, at=(50.0 + 100 * i, 120.0)) for i, has in enumerate(handles)]
    scene = scene_of_masks(masks, features=clip.mask_features())
    result = ProductResolver(clip, None, RuleParser(), settings).refer(scene, text)
    assert result.best is not None
    return result.verdict, result.best.index


@pytest.mark.parametrize("said", ["with a handle", "that has a handle", "without a handle"])
def test_a_handle_chooses_among_mugs(said: str) -> None:
    has = "without" not in said
    for place in range(3):
        row = [has if i == place else not has for i in range(3)]
        assert asked(f"the mug {said}", *row) == (Verdict.FOUND, place)


def test_a_mug_whose_handle_does_not_show_is_not_refused() -> None:
    assert asked("the mug with a handle", False) == (Verdict.FOUND, 0)
    assert asked("the mug without a handle", True)[0] is Verdict.NOT_FOUND
    for handle in (True, False):
        assert asked("the mug with a handle", handle, handle)[0] is Verdict.AMBIGUOUS
