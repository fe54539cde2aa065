"""Place points on ray-cast tabletops, against the true boxes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.depth_scenes import Box, look, on_table, worn
from support.place_scenes import (
    EYE,
    LOW_EYE,
    PlaceScene,
    collisions,
    distance,
    in_world,
    random_scene,
    walls,
)

from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.referring.objects.place_points import Anchor, NoPlaceError, Placer
from zsris_ros.types import DestinationKind, Frame, PlacePoint, Proposals, Scene

SEEDS = range(10)
ANCHOR, OTHER = 2, 3
SIDES: dict[DestinationKind, tuple[int, int]] = {
    "left_of": (0, -1), "right_of": (0, 1), "in_front_of": (1, -1), "behind": (1, 1),
}  # fmt: skip
"""The axis of the world and the sign of each direction."""


def scene_of(frame: Frame, masks: np.ndarray) -> Scene:
    count = len(masks)
    proposals = Proposals(masks, mask_boxes(masks), np.ones(count, np.float32), ("true",) * count)
    nowhere = np.full((count, 3), np.nan, np.float32)
    return Scene(frame, proposals, None, np.zeros((count, 2), np.float32), nowhere)


def place(
    table: PlaceScene, kind: DestinationKind, *anchors: int, noisy: bool = False
) -> PlacePoint:
    frame, masks = worn(table.frame, table.masks) if noisy else (table.frame, table.masks)
    named = [Anchor(f"box {k}", masks[k]) for k in anchors]
    return Placer(scene_of(frame, masks)).place(kind, named, masks[table.carried])


def attempts(kind: DestinationKind, *anchors: int) -> list[tuple[PlaceScene, PlacePoint]]:
    """The place points of all seeds; a few scenes have no free spot."""
    found: list[tuple[PlaceScene, PlacePoint]] = []
    missing = 0
    for seed in SEEDS:
        table = random_scene(seed)
        for noisy in (False, True):
            try:
                found.append((table, place(table, kind, *anchors, noisy=noisy)))
            except NoPlaceError:
                missing += 1
    assert missing <= 0.2 * (len(found) + missing)
    return found


@pytest.mark.parametrize("kind", sorted(SIDES))
def test_beside_an_object(kind: DestinationKind) -> None:
    axis, sign = SIDES[kind]
    for table, found in attempts(kind, ANCHOR):
        spot, anchor = in_world(found), table.boxes[ANCHOR]
        assert abs(spot[2]) < 0.01 and found.height == 0
        assert sign * (spot[axis] - anchor.centre[axis]) > 0
        assert distance(anchor, spot[0], spot[1]) < 0.45
        assert not collisions(table, found, set())


def test_next_to_and_between() -> None:
    for table, found in attempts("next_to", ANCHOR):
        spot = in_world(found)
        assert distance(table.boxes[ANCHOR], spot[0], spot[1]) < 0.15
        assert not collisions(table, found, set())
    for table, found in attempts("between", ANCHOR, OTHER):
        spot = in_world(found)[:2]
        first, second = (np.array(table.boxes[k].centre[:2]) for k in (ANCHOR, OTHER))
        apart = np.linalg.norm(second - first)
        assert max(np.linalg.norm(spot - first), np.linalg.norm(spot - second)) < apart
        assert not collisions(table, found, set())


def test_on_an_object_and_inside_one() -> None:
    for table, found in attempts("on", 0):
        spot, tray = in_world(found), table.boxes[0]
        assert distance(tray, spot[0], spot[1]) == 0
        assert spot[2] == pytest.approx(tray.size[2], abs=0.01)
        assert found.height == pytest.approx(tray.size[2], abs=0.01)
        assert not collisions(table, found, {0})
    for table, found in attempts("inside", ANCHOR):
        spot, box = in_world(found), table.boxes[ANCHOR]
        assert distance(box, spot[0], spot[1]) == 0
        assert spot[2] == pytest.approx(box.size[2], abs=0.01)


def test_on_the_support_plane() -> None:
    for seed in SEEDS:
        table = random_scene(seed)
        placer = Placer(scene_of(table.frame, table.masks))
        found = placer.place("on", [Anchor("the table", None)], table.masks[table.carried])
        assert abs(in_world(found)[2]) < 0.01 and not collisions(table, found, set())
        again = placer.place("on", [Anchor("the table", None)], table.masks[table.carried])
        assert np.linalg.norm(in_world(found) - in_world(again)) > 0.04, "the first one stays"
        x, y = (round(value) for value in found.pixel)
        assert table.frame.depth is not None
        assert table.frame.depth[y, x] == pytest.approx(found.point[2], abs=0.01)


def test_to_the_left() -> None:
    for table, found in attempts("left_of"):
        assert in_world(found)[0] < table.boxes[table.carried].centre[0]
        assert not collisions(table, found, set())


def test_an_object_beside_the_support_keeps_the_place_free_of_it() -> None:
    """The obstacle overlaps with the carried object, not with the support."""
    pedestal = on_table((0.08, 0.08, 0.06), 0.0, 0.0)
    carried = on_table((0.1, 0.1, 0.05), -0.3, 0.0)
    tower = on_table((0.06, 0.06, 0.2), 0.095, 0.0)
    for boxes, away in (((pedestal, carried), 0.0), ((pedestal, carried, tower), -0.016)):
        frame, masks = look(boxes, eye=EYE)
        table = PlaceScene(frame, masks, boxes)
        found = place(table, "on", 0)
        assert in_world(found)[0] == pytest.approx(away, abs=0.008)
        assert not collisions(table, found, {0})


def test_the_rim_of_a_tray_is_no_obstacle_on_it() -> None:
    floor = on_table((0.2, 0.2, 0.01), 0.0, 0.0)
    rim = walls(0.0, 0.0, side=0.2, height=0.03)
    carried = on_table((0.09, 0.09, 0.05), -0.3, 0.1)
    frame, masks = look([carried, floor, *rim], eye=EYE)
    masks = np.stack([masks[0], masks[1:].any(axis=0)])
    found = in_world(place(PlaceScene(frame, masks, (carried,), carried=0), "on", 1))
    assert np.abs(found[:2]).max() < 0.05
    assert found[2] == pytest.approx(0.01, abs=0.01)


@pytest.mark.parametrize("side", [0.08, 0.12])
def test_inside_is_the_middle_of_the_opening_if_the_object_fits(side: float) -> None:
    basket = walls(0.05, 0.1, side=side, height=0.08)
    for size, fits in ((0.05, True), (0.06, True), (side + 0.02, False)):
        carried = on_table((size, size, size), -0.25, 0.0)
        frame, masks = look([carried, *basket], eye=EYE)
        masks = np.stack([masks[0], masks[1:].any(axis=0)])
        table = PlaceScene(frame, masks, (carried,), carried=0)
        if fits:
            found = in_world(place(table, "inside", 1))
            assert found == pytest.approx((0.05, 0.1, 0.08), abs=0.012)
        else:
            with pytest.raises(NoPlaceError, match="cm wide and the opening of box 1"):
                place(table, "inside", 1)


def test_several_objects_inside_one_container_are_beside_each_other_if_they_can() -> None:
    basket = walls(0.0, 0.05, side=0.24, height=0.08)
    items = [on_table((0.04, 0.04, 0.05), x, 0.05) for x in (-0.3, 0.3)]
    frame, masks = look([*items, *basket], eye=EYE)
    masks = np.stack([masks[0], masks[1], masks[2:].any(axis=0)])
    placer = Placer(scene_of(frame, masks))
    spots = [placer.place("inside", [Anchor("basket", masks[2])], masks[k]) for k in (0, 1)]
    one, other = (in_world(spot) for spot in spots)
    assert np.linalg.norm(one - other) > 0.05
    assert max(np.abs(each[:2] - (0.0, 0.05)).max() for each in (one, other)) < 0.12


def test_under_a_table_that_the_camera_looks_under() -> None:
    top = Box((0.4, 0.3, 0.02), (0.0, 0.15, 0.31))
    legs = [on_table((0.02, 0.02, 0.3), x, y) for x in (-0.18, 0.18) for y in (0.02, 0.28)]
    for height, fits in ((0.08, True), (0.4, False)):
        carried = on_table((0.05, 0.05, height), -0.35, -0.1)
        frame, masks = look([carried, top, *legs], eye=LOW_EYE)
        masks = np.stack([masks[0], masks[1:].any(axis=0)])
        table = PlaceScene(frame, masks, (carried,), carried=0)
        if fits:
            spot = in_world(place(table, "under", 1), LOW_EYE)
            assert abs(spot[0]) < 0.17 and 0.0 < spot[1] < 0.3
            assert spot[2] == pytest.approx(0.0, abs=0.01)
        else:
            with pytest.raises(NoPlaceError, match="under box 1 there is no room of"):
                place(table, "under", 1)


def test_the_reason_why_there_is_no_place() -> None:
    table = random_scene(0)
    with pytest.raises(NoPlaceError, match="under box 2 there is no room of 10 cm"):
        place(table, "under", ANCHOR)
    with pytest.raises(NoPlaceError, match="needs two objects"):
        place(table, "between", ANCHOR)
    flat = replace(table, frame=Frame(table.frame.rgb))
    with pytest.raises(NoPlaceError, match="depth"):
        place(flat, "on", ANCHOR)
    unseen = replace(table, frame=replace(table.frame, depth=np.zeros((480, 640), np.float32)))
    with pytest.raises(NoPlaceError, match="support plane"):
        place(unseen, "on", ANCHOR)
