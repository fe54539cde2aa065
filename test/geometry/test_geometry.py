"""Centroids, boxes and projection: properties of any mask, and scenes with known results."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from zsris_ros.geometry.centroid import centroid_3d, centroid_pixel, depth_share, inside_pixel
from zsris_ros.geometry.masks import mask_box, mask_boxes
from zsris_ros.geometry.plane import find_planes, iter_planes, ray_image
from zsris_ros.geometry.projection import back_project, back_project_region, project, valid_depth
from zsris_ros.types import InputError, Intrinsics

CAMERA = Intrinsics(fx=100.0, fy=120.0, cx=9.5, cy=7.5)
MASKS = arrays.arrays(
    np.bool_, arrays.array_shapes(min_dims=2, max_dims=2, max_side=24), elements=st.booleans()
)
DEPTHS = arrays.arrays(
    np.float32,
    (16, 20),
    elements=st.floats(0.25, 4, width=32) | st.sampled_from([0.0, -1.0, np.nan, np.inf]),
)


@given(MASKS)
@settings(max_examples=200)
def test_centroid_pixel_is_inside_however_it_is_rounded(mask):
    if not mask.any():
        with pytest.raises(InputError, match="empty"):
            centroid_pixel(mask)
        return
    x, y = centroid_pixel(mask)
    for rounded in (np.floor, np.ceil, np.rint):
        assert mask[int(rounded(y)), int(rounded(x))]
    assert centroid_pixel(mask) == (x, y)


def test_centroid_pixel_of_a_convex_mask_is_its_mean_and_of_a_ring_lies_on_the_ring():
    block = np.zeros((40, 60), bool)
    block[10:21, 30:41] = True
    assert centroid_pixel(block) == (35.0, 15.0)
    ring = np.zeros((80, 80), bool)
    ring[10:70, 10:70] = True
    ring[20:60, 20:60] = False
    x, y = centroid_pixel(ring)
    assert ring[int(y), int(x)]
    assert min(x - 10, 69 - x, y - 10, 69 - y) >= 2, "not on the contour"


@given(MASKS)
def test_inside_pixel_is_as_deep_as_any(mask):
    if not mask.any():
        with pytest.raises(InputError, match="empty"):
            inside_pixel(mask)
        return
    outside = np.argwhere(~np.pad(mask, 1)) - 1
    depths = {
        (x, y): np.sqrt(((outside - (y, x)) ** 2).sum(axis=1).min()) for y, x in np.argwhere(mask)
    }
    assert depths[inside_pixel(mask)] == pytest.approx(max(depths.values()))


@given(arrays.arrays(np.bool_, (16, 20)), DEPTHS)
@settings(max_examples=50)
def test_depth_share_counts_valid_depth(mask, depth):
    count = sum(bool(valid_depth(depth)[y, x]) for y, x in np.argwhere(mask))
    assert depth_share(mask, depth) == pytest.approx(count / mask.sum() if mask.any() else 0)


@given(MASKS)
def test_box_spans_exactly_the_mask(mask):
    x, y, w, h = mask_box(mask)
    if not mask.any():
        assert (x, y, w, h) == (0, 0, 0, 0)
        return
    rows, columns = np.nonzero(mask)
    assert (x, y, x + w, y + h) == (columns.min(), rows.min(), columns.max(), rows.max())
    assert mask_boxes(mask[None]).tolist() == [[x, y, w, h]]


def test_boxes_of_no_masks():
    boxes = mask_boxes(np.zeros((0, 4, 4), bool))
    assert boxes.shape == (0, 4) and boxes.dtype == np.float32


@given(DEPTHS)
@settings(max_examples=50)
def test_back_projected_points_project_onto_their_pixels(depth):
    points = back_project(depth, CAMERA)
    valid = valid_depth(depth)
    assert points.shape == (16, 20, 3) and points.dtype == np.float32
    assert np.isfinite(points).all(axis=-1).tolist() == valid.tolist()
    rows, columns = np.nonzero(valid)
    x, y, z = points[valid].astype(np.float64).T
    np.testing.assert_allclose(x / z * CAMERA.fx + CAMERA.cx, columns, atol=1e-3)
    np.testing.assert_allclose(y / z * CAMERA.fy + CAMERA.cy, rows, atol=1e-3)
    assert (z == depth[valid]).all()


@given(arrays.arrays(np.bool_, (16, 20)), DEPTHS)
@settings(max_examples=200)
def test_centroid_3d_exists_exactly_where_depth_does_and_lies_within_its_points(mask, depth):
    centre = centroid_3d(mask, depth, CAMERA)
    known = mask & valid_depth(depth)
    assert (centre is None) == (not known.any())
    if centre is not None:
        points = back_project(depth, CAMERA)[known]
        assert (np.array(centre) >= points.min(axis=0) - 1e-5).all()
        assert (np.array(centre) <= points.max(axis=0) + 1e-5).all()


def test_centroid_3d_is_untouched_by_mixed_pixels_and_holes():
    depth = np.full((120, 160), 2.0, np.float32)
    mask = np.zeros(depth.shape, bool)
    mask[40:80, 60:100] = True
    depth[mask] = 1.0
    clean = centroid_3d(mask, depth, CAMERA)
    wide = np.zeros_like(mask)
    wide[38:82, 58:102] = True  # a contour two pixels too wide sees the wall behind
    depth[45:55, 60:100:3] = 0
    depth[60:62, 60:100] = np.nan
    assert clean is not None and clean[2] == 1.0
    assert centroid_3d(wide, depth, CAMERA) == pytest.approx(clean, abs=0.03)
    assert clean[0] == pytest.approx((79.5 - CAMERA.cx) / CAMERA.fx, abs=1e-6)


def test_centroid_3d_erodes_the_contour_away():
    """Four tenths of the mask lie at 2 m, less than half at 1 m: a rim at 3 m tips the median."""
    depth = np.full((120, 120), 3.0, np.float32)
    mask = np.zeros(depth.shape, bool)
    mask[20:95, 20:95] = True
    depth[23:92, 23:92] = 1.0
    depth[23:92, 23:55] = 2.0
    centre = centroid_3d(mask, depth, CAMERA)
    assert np.median(depth[mask]) == 2.0
    assert centre is not None and centre[2] == 1.0


def test_centroid_3d_of_a_one_pixel_mask():
    depth = np.full((5, 5), 0.5, np.float32)
    mask = np.zeros((5, 5), bool)
    mask[2, 3] = True
    centre = centroid_3d(mask, depth, Intrinsics(1.0, 1.0, 3.0, 2.0))
    assert centre == (0.0, 0.0, 0.5)


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(InputError, match="does not fit"):
        centroid_3d(np.ones((4, 4), bool), np.ones((5, 4), np.float32), CAMERA)


LENSES = {
    "plumb_bob": Intrinsics(300.0, 310.0, 159.5, 119.5, (-0.3, 0.1, 0.002, -0.001, -0.01)),
    "rational_polynomial": Intrinsics(
        300.0, 310.0, 159.5, 119.5, (0.5, -2.6, 0.0005, 0.0003, 1.5, 0.4, -2.4, 1.4)
    ),
    "equidistant": Intrinsics(120.0, 120.0, 159.5, 119.5, (0.05, -0.01, 0.002, -0.001), True),
}


@pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES)
def test_a_distorting_lens_is_undone(lens: Intrinsics) -> None:
    """A point projected by OpenCV's model returns from its pixel."""
    depth = np.full((240, 320), 1.25, np.float32)
    points = back_project(depth, lens)
    seen = np.isfinite(points[..., 2]) & np.isfinite(points[..., 0])
    assert seen.mean() > 0.9
    rows, columns = np.nonzero(seen)
    pixels = project(points[seen], lens)
    np.testing.assert_allclose(pixels, np.stack([columns, rows], axis=1), atol=0.05)
    assert project(np.empty((0, 3)), lens).shape == (0, 2)
    straight = back_project(depth, Intrinsics(lens.fx, lens.fy, lens.cx, lens.cy))
    assert np.nanmax(np.linalg.norm(points - straight, axis=-1)) > 0.01, "the lens matters"
    roi = slice(10, 60), slice(200, 260)
    every = np.ones((50, 60), bool)
    np.testing.assert_allclose(
        back_project_region(every, depth, roi, lens), points[roi].reshape(-1, 3), atol=1e-6
    )
    half, whole = back_project(depth[::2, ::2], lens.strided(2)), points[::2, ::2]
    both = np.isfinite(half) & np.isfinite(whole)
    assert both.mean() > 0.9
    np.testing.assert_allclose(half[both], whole[both], atol=1e-3)
    np.testing.assert_allclose(ray_image(depth.shape, lens) * 1.25, points, atol=1e-6)


def test_a_pixel_outside_of_the_lens_s_range_has_no_ray() -> None:
    """Beyond the largest angle of this model two rays would share a pixel."""
    lens = Intrinsics(100.0, 100.0, 159.5, 119.5, (-0.4, 0.0, 0.0, 0.0, 0.0))
    rays = ray_image((240, 320), lens)
    assert np.isfinite(rays[115:125, 155:165]).all() and np.isnan(rays[0, 0, :2]).all()


@pytest.mark.parametrize(
    ("coefficients", "fisheye"), [((0.1,) * 3, False), ((0.1,) * 5, True), ((np.nan,) * 5, False)]
)
def test_coefficients_of_no_model_are_refused(
    coefficients: tuple[float, ...], fisheye: bool
) -> None:
    with pytest.raises(InputError, match="distortion"):
        Intrinsics(100.0, 100.0, 10.0, 10.0, coefficients, fisheye)


@pytest.mark.parametrize("distortion", [(), (0.1, -0.05, 0.001, 0.002)])
def test_the_rays_of_a_region_are_those_of_the_image_there(distortion: tuple[float, ...]) -> None:
    lens = Intrinsics(300.0, 310.0, 158.0, 121.0, distortion)
    roi = (slice(20, 100, 3), slice(50, 400))  # beyond the image on the right
    np.testing.assert_array_equal(
        ray_image((240, 320), lens, roi), ray_image((240, 320), lens)[roi]
    )


def test_planes_are_found_one_at_a_time_as_all_at_once() -> None:
    """A table in front of a wall, with noise; an interrupted search finds the same table."""
    lens = Intrinsics(300.0, 300.0, 159.5, 119.5)
    rays = ray_image((240, 320), lens)
    table, wall = np.array([0.0, 1.6, 0.9]), np.array([0.0, 0.0, 0.8])
    disparity = np.maximum(rays @ table, rays @ wall)
    disparity += np.random.default_rng(0).normal(0, 0.001, disparity.shape)
    depth = (1 / disparity).astype(np.float32)
    found = find_planes(depth, rays, 0.004, 0.1)
    first = next(iter_planes(depth, rays, 0.004, 0.1))
    assert len(found) == 2
    assert [plane.share for plane in found] == sorted((p.share for p in found), reverse=True)
    assert any(np.array_equal(first.vector, plane.vector) for plane in found)
    for expected in (table, wall):
        assert min(np.abs(plane.vector - expected).max() for plane in found) < 0.01
