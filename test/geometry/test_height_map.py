"""Heights above the support plane, footprints and free spots, against ray-cast boxes."""

from __future__ import annotations

import numpy as np
import pytest
from support.depth_scenes import look, on_table

from zsris_ros.geometry.footprint import footprint
from zsris_ros.geometry.height_map import HeightMap
from zsris_ros.geometry.plane import find_planes, ray_image
from zsris_ros.geometry.surface_grid import SurfaceGrid
from zsris_ros.types import Frame


def height_map(frame: Frame) -> HeightMap:
    assert frame.depth is not None and frame.intrinsics is not None
    rays = ray_image(frame.depth.shape, frame.intrinsics)
    table = find_planes(frame.depth, rays, 0.004, 0.1)[0]
    return HeightMap.of(frame.depth, frame.intrinsics, table)


def test_a_footprint_is_a_box_seen_from_above() -> None:
    frame, masks = look([on_table((0.1, 0.1, 0.05), 0.05, 0.02)])
    heights = height_map(frame)
    found = footprint(heights, masks[0])
    assert found is not None and found.surface == pytest.approx(0.05, abs=0.003)
    assert found.top == pytest.approx(0.05, abs=0.003)
    assert np.subtract(found.high, found.low) == pytest.approx([0.1, 0.1], abs=0.01)
    moved = found.moved((0.3, 0.4))
    assert moved.middle == (0.3, 0.4) and moved.radius == pytest.approx(found.radius)
    assert footprint(heights, np.zeros_like(masks[0])) is None


def test_points_and_pixels_belong_together() -> None:
    frame, masks = look([on_table((0.1, 0.1, 0.05), 0.0, 0.0)])
    heights = height_map(frame)
    found = footprint(heights, masks[0])
    assert found is not None and frame.depth is not None
    point = heights.point(found.middle, 0.05)
    x, y = (round(value) for value in heights.pixel(point))
    assert masks[0][y, x] and frame.depth[y, x] == pytest.approx(point[2], abs=0.01)


def test_free_cells_are_clear_of_objects_and_edges() -> None:
    frame, masks = look([on_table((0.1, 0.1, 0.05), 0.0, 0.0)])
    heights = height_map(frame)
    grid = SurfaceGrid.of(heights, 0.0, None, None, 0.0)
    found = footprint(heights, masks[0])
    assert grid is not None and found is not None
    free = grid.free(0.05, 0.05)
    x, y = grid.spots
    away = np.hypot(x - found.middle[0], y - found.middle[1])
    assert away[free].min() > 0.09
    assert grid.nearest(np.zeros_like(free), (0.0, 0.0)) is None
    assert not grid.with_disc(grid.middle, 0.2).free(0.05, 0.05)[away < 0.1].any()
    emptied = SurfaceGrid.of(heights, 0.0, None, masks[0], 0.0)
    assert emptied is not None and not emptied.occupied[away < 0.04].any()
    assert SurfaceGrid.of(heights, 0.5, masks[0], None, 0.0) is None
