"""Short simulated videos: motion, and sentences that hold in all frames."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from zsris_ros.simulation.clips import SECONDS, household_clip, moving_layouts, tabletop_clip
from zsris_ros.simulation.expressions.expressions import expressions, lasting_expressions
from zsris_ros.simulation.household.household_layout import draw_household
from zsris_ros.simulation.household.household_render import HouseholdRenderer
from zsris_ros.simulation.household.model_library import ModelLibrary, model_source
from zsris_ros.simulation.render import RenderingUnavailable
from zsris_ros.simulation.tabletop import TabletopScene

SEED = 4


@pytest.fixture(scope="module")
def scenes() -> list[TabletopScene]:
    try:
        return tabletop_clip(SEED, 3, 320, 240)
    except RenderingUnavailable as error:
        pytest.skip(str(error))


def test_the_camera_and_objects_move_without_touching() -> None:
    moved = 0
    for seed in range(12):
        layouts = list(moving_layouts(seed, 6))
        assert layouts == list(moving_layouts(seed, 6))
        assert len({each.viewpoint.position for each in layouts}) == 6
        places = np.array([[each.xy for each in layout.objects] for layout in layouts])
        moved += int((places[0] != places[-1]).any(axis=1).sum())
        for layout in layouts:
            for a, b in combinations(layout.objects, 2):
                assert np.hypot(*np.subtract(a.xy, b.xy)) > a.radius + b.radius
    assert 12 < moved <= 24


def test_labels_name_the_same_objects_in_all_frames(scenes: list[TabletopScene]) -> None:
    names = [{each.label: each.name for each in scene.objects} for scene in scenes]
    for label in set(names[0]) & set(names[-1]):
        assert names[0][label] == names[-1][label]
    assert all((a.labels != b.labels).any() for a, b in combinations(scenes, 2))


def test_sentences_that_hold_in_one_frame_alone_are_left_out(scenes: list[TabletopScene]) -> None:
    scene = scenes[0]
    assert lasting_expressions([scene, scene], 60) == expressions(scene, 60)
    mirrored = replace(
        scene,
        objects=tuple(replace(each, mask=each.mask[:, ::-1]) for each in scene.objects),
    )
    sides = ("left", "right")
    assert any(side in each.text for each in expressions(scene, 200) for side in sides)
    kept = lasting_expressions([scene, mirrored], 200)
    assert kept and not any(f"{side}most" in each.text for each in kept for side in sides)

    label = scene.objects[0].label
    without = replace(scene, objects=scene.objects[1:])
    kept = lasting_expressions([scene, without, scene], 200)
    assert kept and label not in {scene.objects[i].label for each in kept for i in each.targets}


def test_household_objects_are_pushed_by_physics() -> None:
    library = ModelLibrary(model_source(["shapes"]))
    layout = draw_household(SEED, library, count=4)
    loose = next(index for index, each in enumerate(layout.objects) if not each.fixed)
    try:
        with HouseholdRenderer(layout, 64, 48) as renderer:
            before = renderer.poses()
            renderer.push({loose: np.array([0.12, 0.0])}, SECONDS)
            after = renderer.poses()
    except RenderingUnavailable as error:
        pytest.skip(str(error))
    assert 0.01 < after[loose][0][0] - before[loose][0][0] < 0.12 * SECONDS
    clip = household_clip(SEED, library, 2, 160, 120)
    assert len(clip) == 2 and (clip[0].labels != clip[1].labels).any()
    assert lasting_expressions(clip)
