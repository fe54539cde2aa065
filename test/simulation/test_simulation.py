"""The simulated tabletop: determinism, geometry and consistency of its ground truth."""

from __future__ import annotations

import numpy as np
import pytest

from zsris_ros.geometry.projection import back_project
from zsris_ros.simulation.layout import COLOURS, draw_layout, vary
from zsris_ros.simulation.render import LayoutRenderer, RenderingUnavailable, render
from zsris_ros.simulation.shapes import SHAPES
from zsris_ros.simulation.tabletop import VISIBLE_PX, TabletopScene, tabletop_scene


@pytest.fixture(scope="module")
def scenes() -> list[TabletopScene]:
    try:
        return [tabletop_scene(seed) for seed in range(4)]
    except RenderingUnavailable as error:
        pytest.skip(str(error))


def test_layouts_are_deterministic_and_varied() -> None:
    assert draw_layout(5) == draw_layout(5)
    layouts = [draw_layout(seed) for seed in range(60)]
    names = {each.name for layout in layouts for each in layout.objects}
    assert {name.split()[0] for name in names} == set(COLOURS) and len(COLOURS) >= 8
    assert {name.split()[1] for name in names} == set(SHAPES)
    assert all(3 <= len(layout.objects) <= 9 for layout in layouts)
    doubles = [len({t.shape for t in la.objects}) < len(la.objects) for la in layouts]
    assert sum(doubles) > len(layouts) / 2


def test_objects_do_not_intersect() -> None:
    for seed in range(30):
        placed = draw_layout(seed).objects
        for i, a in enumerate(placed):
            for b in placed[:i]:
                assert np.hypot(a.xy[0] - b.xy[0], a.xy[1] - b.xy[1]) > a.radius + b.radius


@pytest.mark.parametrize("name", SHAPES)
def test_meshes_are_closed_outward_and_stand_on_the_table(name: str) -> None:
    mesh = SHAPES[name].mesh
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6
    assert volume > 0
    assert abs(mesh.vertices[:, 2].min()) < 1e-9
    assert np.hypot(*mesh.vertices[:, :2].T).max() <= SHAPES[name].radius + 0.02


def test_rendering_is_deterministic(scenes: list[TabletopScene]) -> None:
    again = tabletop_scene(0)
    np.testing.assert_array_equal(again.frame.rgb, scenes[0].frame.rgb)
    np.testing.assert_array_equal(again.frame.depth, scenes[0].frame.depth)


def test_depth_centres_and_masks_agree(scenes: list[TabletopScene]) -> None:
    """All visible surface points lie within the object's size of its centre."""
    for scene in scenes:
        frame = scene.frame
        assert frame.depth is not None and frame.intrinsics is not None
        points = back_project(frame.depth, frame.intrinsics)
        for each in scene.objects:
            assert each.pixels >= VISIBLE_PX
            distance = np.linalg.norm(points[each.mask] - np.array(each.centre), axis=1)
            assert distance.max() < 0.55 * np.linalg.norm(each.extent_m) + 0.005, each.name


def test_a_renderer_renders_variations_of_its_layout(scenes: list[TabletopScene]) -> None:
    layout = draw_layout(7)
    other = vary(layout, np.random.default_rng(1))
    with LayoutRenderer(layout, 160, 120) as renderer:
        first, varied = renderer.render(layout), renderer.render(other)
        again = renderer.render(layout)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert (first.rgb != varied.rgb).mean() > 0.3
    fresh = render(other, 160, 120)
    np.testing.assert_array_equal(varied.labels, fresh.labels)
