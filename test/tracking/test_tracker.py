"""An object is tracked over frames, and a lost object is not confused with another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.scenes import HEIGHT, WIDTH, Box, scene_of

from zsris_ros.evaluation.metrics import iou
from zsris_ros.tracking.tracker import TrackedObject, Tracker
from zsris_ros.types import (
    Candidate,
    Expression,
    Frame,
    InputError,
    NounPhrase,
    ReferringResult,
    RegionOfInterest,
    Scene,
    Verdict,
)

RED, BLUE, GREEN = torch.eye(3)
PINKISH = 0.9 * RED + 0.44 * BLUE
LOOKS = {"red": RED, "blue": BLUE, "green": GREEN, "pinkish": PINKISH}
FRAME = Frame(np.zeros((HEIGHT, WIDTH, 3), np.uint8))

Things = Sequence[tuple[str, Box]]


def made(things: Things, depths: Sequence[float] | None = None) -> Scene:
    boxes = [box for _, box in things]
    features = torch.stack([LOOKS[name] for name, _ in things]) if things else torch.zeros(0, 3)
    return scene_of(boxes, depths, features)


def found(scene: Scene, *indices: int, verdict: Verdict = Verdict.FOUND) -> ReferringResult:
    picked = [Candidate(i, 0.9, (0, 0, 0, 0), (0, 0), selected=True) for i in indices]
    asked = Expression("it", NounPhrase("it", "it"))
    return ReferringResult(verdict, asked, tuple(picked), np.zeros((HEIGHT, WIDTH), bool), "", "")


class Film:
    """Gives the scenes of a list one after the other, cut to the window that is asked for."""

    def __init__(self, *scenes: Scene) -> None:
        self.scenes = list(scenes)
        self.windows: list[RegionOfInterest | None] = []

    def __call__(self, frame: Frame, window: RegionOfInterest | None) -> Scene:
        self.windows.append(window)
        scene = self.scenes.pop(0)
        if window is None:
            return scene
        rows, columns = window
        inside = [
            index
            for index, (x, y) in enumerate(scene.pixels)
            if rows.start <= y < rows.stop and columns.start <= x < columns.stop
        ]
        chosen = scene.proposals
        return replace(
            scene,
            proposals=replace(
                chosen,
                masks=chosen.masks[inside],
                boxes=chosen.boxes[inside],
                quality=chosen.quality[inside],
                sources=tuple(chosen.sources[i] for i in inside),
            ),
            features=scene.features[inside],
            pixels=scene.pixels[inside],
            points=scene.points[inside],
            is_object=None if scene.is_object is None else scene.is_object[inside],
        )


def follow(first: Things, *later: Things) -> tuple[list[TrackedObject], Film]:
    """The object that is first among ``first``, in each of the later frames."""
    film = Film(*(made(things) for things in later))
    tracker = Tracker(film)
    start = made(first)
    begun = tracker.start(start, found(start, 0))
    assert begun.tracking and np.array_equal(begun.mask, start.proposals.masks[0])
    return [tracker.follow(FRAME) for _ in later], film


def left_of(tracked: TrackedObject) -> int:
    assert tracked.tracking, tracked.reason
    return int(np.flatnonzero(tracked.mask.any(axis=0))[0])


STILL = [("blue", (40, 10, 10, 10)), ("green", (60, 40, 10, 10))]


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=12))
def test_an_object_is_tracked_in_steps_of_less_than_its_size(
    steps: list[tuple[int, int]],
) -> None:
    x, y, frames, expected = 20, 20, [], []
    for right, down in steps:
        x, y = min(max(x + right, 0), WIDTH - 10), min(max(y + down, 0), HEIGHT - 10)
        frames.append([*STILL, ("red", (x, y, 10, 10))])
        expected.append(x)
    tracked, film = follow([("red", (20, 20, 10, 10)), *STILL], *frames)
    assert [left_of(each) for each in tracked] == expected
    assert all(window is not None for window in film.windows), "it was never lost"


@pytest.mark.parametrize("shift", [-8, 8])
def test_the_right_one_of_equal_objects_is_tracked_while_the_camera_moves(shift: int) -> None:
    first = [("red", (34, 20, 10, 10)), ("red", (52, 20, 10, 10)), ("red", (18, 20, 10, 10))]
    frames = [
        [(name, (x + shift * step, y, w, h)) for name, (x, y, w, h) in first] for step in (1, 2)
    ]
    tracked, _ = follow(first, *frames)
    assert [left_of(each) for each in tracked] == [34 + shift, 34 + 2 * shift]


@pytest.mark.parametrize("other", ["red", "pinkish"])
def test_a_neighbour_does_not_replace_a_removed_object(other: str) -> None:
    beside = [(other, (42, 20, 10, 10))]
    before = [("red", (28, 20, 10, 10)), *beside, *STILL]
    gone = [*beside, *STILL]
    tracked, film = follow(before, before, gone, gone, before)
    assert [each.tracking for each in tracked] == [True, False, False, True]
    for lost in tracked[1:3]:
        assert not lost.mask.any() and lost.reason and lost.point is None
    assert "beside" in tracked[1].reason
    assert [window is None for window in film.windows] == [False, False, True, True]
    assert left_of(tracked[3]) == 28


@pytest.mark.parametrize("left", [40, 43])
@pytest.mark.parametrize("whole", [True, False], ids=["a thing of its own", "perhaps a part"])
def test_a_new_neighbour_does_not_replace_a_removed_object(left: int, whole: bool) -> None:
    target, newcomer = ("red", (28, 20, 10, 10)), ("red", (left, 20, 10, 10))
    start = made([target, *STILL])
    scenes = [made([newcomer, target, *STILL]), *[made([newcomer, *STILL])] * 2]
    scenes = [
        replace(scene, is_object=np.array([whole, *[True] * (len(scene.proposals) - 1)]))
        for scene in scenes
    ]
    tracker = Tracker(Film(*scenes))
    tracker.start(start, found(start, 0))
    tracked = [tracker.follow(FRAME) for _ in range(3)]
    assert left_of(tracked[0]) == 28
    assert [each.tracking for each in tracked] == [True, False, False]


def test_a_leap_is_lost_and_then_found_again() -> None:
    before = [("red", (10, 20, 10, 10)), *STILL]
    tracked, _ = follow(before, *[[("red", (24, 30, 10, 10)), *STILL]] * 2)
    assert not tracked[0].tracking and "farther away" in tracked[0].reason
    assert left_of(tracked[1]) == 24


def test_a_returning_object_is_found_unless_it_may_be_another() -> None:
    before = [("red", (28, 20, 10, 10)), *STILL]
    elsewhere = ("red", (5, 45, 10, 10))
    tracked, _ = follow(before, STILL, [*STILL, elsewhere])
    assert left_of(tracked[1]) == 5
    twin = ("red", (60, 5, 10, 10))
    tracked, _ = follow([*before, twin], [*STILL, twin], [*STILL, elsewhere])
    assert [each.tracking for each in tracked] == [False, False], "the twin may have been moved"
    tracked, _ = follow([*before, twin], [*STILL, twin], [*STILL, twin, elsewhere])
    assert left_of(tracked[1]) == 5


def test_a_similar_object_does_not_end_a_loss() -> None:
    before = [("red", (28, 20, 10, 10)), *STILL]
    tracked, _ = follow(before, STILL, [*STILL, ("blue", (28, 20, 10, 10))])
    assert not tracked[1].tracking
    assert tracked[1].score < 0.5


def test_a_part_or_a_group_is_not_the_object() -> None:
    before = [("red", (28, 20, 16, 16)), *STILL]
    parts = [("red", (28, 20, 5, 5)), ("red", (10, 5, 50, 45)), *STILL]
    tracked, _ = follow(before, [*parts, ("red", (30, 20, 16, 16))], parts)
    assert left_of(tracked[0]) == 30
    assert not tracked[1].tracking


def test_a_loss_at_the_image_border_has_this_reason() -> None:
    tracked, _ = follow([("red", (70, 20, 10, 10)), *STILL], STILL, [])
    assert "edge of the image" in tracked[0].reason
    assert not tracked[1].tracking and tracked[1].score == 0.0


def test_equal_pixels_at_another_distance_are_another_object() -> None:
    names: Things = [("red", (20, 20, 10, 10)), ("blue", (50, 20, 10, 10))]
    start = made(names, [1.0, 1.0])
    for depth, expected in ((1.05, True), (1.9, False)):
        tracker = Tracker(Film(made(names, [depth, 1.0])))
        tracker.start(start, found(start, 0))
        tracked = tracker.follow(FRAME)
        assert tracked.tracking == expected
        assert tracked.point == (
            pytest.approx((-0.1875 * depth, -0.0625 * depth, depth), abs=0.01) if expected else None
        )


def test_only_one_found_object_can_be_followed() -> None:
    scene = made(STILL)
    tracker = Tracker(Film(scene))
    for referral in (found(scene, 0, 1), found(scene, 0, verdict=Verdict.AMBIGUOUS), found(scene)):
        with pytest.raises(InputError, match="one object"):
            tracker.start(scene, referral)
    with pytest.raises(InputError, match="nothing is followed"):
        tracker.follow(FRAME)


def test_on_the_tabletop_with_the_bundled_weights() -> None:
    """A green box beside a blue one, a green mug and another green box."""
    from zsris_ros.models.load_options import LoadOptions
    from zsris_ros.models.robot_models import load_segmenter
    from zsris_ros.simulation.layout import Layout, Viewpoint, draw_layout
    from zsris_ros.simulation.render import RenderingUnavailable, render

    def shot(layout: Layout) -> tuple[Frame, np.ndarray]:
        try:
            picture = render(layout)
        except RenderingUnavailable as error:
            pytest.skip(str(error))
        return Frame(picture.rgb, picture.depth, picture.intrinsics), picture.labels

    def moved(layout: Layout, x: float, y: float) -> Layout:
        objects = list(layout.objects)
        at = objects[target].xy
        objects[target] = replace(objects[target], xy=(at[0] + x, at[1] + y))
        return replace(layout, objects=tuple(objects))

    def seen_from(layout: Layout, *step: float) -> Layout:
        camera = layout.viewpoint
        position, aim = (tuple(np.add(p, step)) for p in (camera.position, camera.target))
        return replace(layout, viewpoint=Viewpoint(position, aim))

    layout = draw_layout(42)
    frame, labels = shot(layout)
    segmenter = load_segmenter("tabletop", LoadOptions(device="cpu", parser="rules"))
    scene = segmenter.look(frame)
    boxes = [i for i, placed in enumerate(layout.objects) if placed.name == "green box"]
    target = max(boxes, key=lambda index: int((labels == index + 1).sum()))
    best = int(np.argmax([iou(mask, labels == target + 1) for mask in scene.proposals.masks]))
    tracker = Tracker(segmenter.look_for_tracking)
    tracker.start(scene, found(scene, best))
    pushed = moved(layout, 0.03, 0.02)
    swung = seen_from(pushed, 0.04, 0.02, 0.01)
    gone = moved(swung, 0.0, 3.0)
    for film in (pushed, swung, gone, swung):
        frame, labels = shot(film)
        tracked = tracker.follow(frame)
        assert tracked.tracking == (film is not gone), tracked.reason
        if tracked.tracking:
            assert iou(tracked.mask, labels == target + 1) > 0.8
            assert tracked.point is not None
