"""Image messages to NumPy: every encoding, padded rows, both byte orders, refusals."""

from __future__ import annotations

import array

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from zsris_ros.camera import conversions
from zsris_ros.camera.encodings import COLOUR_ENCODINGS, LAYOUTS, PLANAR
from zsris_ros.camera.image_messages import rectified_info
from zsris_ros.ros.publishers.image_conversions import to_image
from zsris_ros.types import InputError, Intrinsics

SIZES = st.integers(1, 9)


def message(pixels: np.ndarray, encoding: str, padding: int, big: bool) -> Image:
    """An Image as a driver might send it, built without the code under test."""
    stored = pixels.astype(pixels.dtype.newbyteorder(">" if big else "<"))
    rows = stored.reshape(len(pixels), -1).view(np.uint8)
    padded = np.full((rows.shape[0], rows.shape[1] + padding), 0xAB, np.uint8)
    padded[:, : rows.shape[1]] = rows
    image = Image(height=pixels.shape[0], width=pixels.shape[1], encoding=encoding)
    image.step = padded.shape[1]
    image.is_bigendian = int(big)
    image.data = array.array("B", padded.tobytes())
    image.header.frame_id = "camera"
    image.header.stamp.sec = 12
    image.header.stamp.nanosec = 34
    return image


@st.composite
def drawn(
    draw: st.DrawFn, encodings: tuple[str, ...], longest_padding: int = 5
) -> tuple[np.ndarray, Image]:
    encoding = draw(st.sampled_from(encodings))
    layout = LAYOUTS[encoding]
    shape = draw(SIZES), draw(SIZES)
    shape += () if layout.channels == 1 else (layout.channels,)
    count = int(np.prod(shape)) * np.dtype(layout.dtype).itemsize
    raw = draw(st.binary(min_size=count, max_size=count))
    pixels = np.frombuffer(raw, layout.dtype).reshape(shape)
    return pixels, message(
        pixels, encoding, draw(st.integers(0, longest_padding)), draw(st.booleans())
    )


@settings(max_examples=300)
@given(drawn(tuple(LAYOUTS)))
def test_a_converted_image_has_the_original_pixels(case: tuple[np.ndarray, Image]) -> None:
    pixels, image = case
    read = conversions.to_array(image)
    assert read.dtype == pixels.dtype.newbyteorder("=")
    assert np.array_equal(read.view(np.uint8), np.ascontiguousarray(pixels).view(np.uint8))


def can_be(image: Image) -> bool:
    """Whether an image of that size can have its encoding at all."""
    if image.encoding.startswith("bayer"):
        return min(image.width, image.height) >= 3
    return image.width % 2 == 0 or not image.encoding.startswith(("yuv", "uyvy", "yuyv"))


PACKED = tuple(name for name in COLOUR_ENCODINGS if name not in PLANAR)
NAMELESS = {"8UC1": "mono8", "8UC3": "bgr8", "8UC4": "bgra8", "16UC3": "bgr16", "16UC4": "bgra16"}


@settings(max_examples=300)
@given(drawn(PACKED, longest_padding=0))  # the oracle reads no padding
def test_colours_equal_those_of_rosbags_image(case: tuple[np.ndarray, Image]) -> None:
    oracle = pytest.importorskip("rosbags.image")
    _, image = case
    if not can_be(image):
        with pytest.raises(InputError, match=image.encoding):
            conversions.to_rgb(image)
        return
    read = conversions.to_rgb(image)
    image.encoding = NAMELESS.get(image.encoding, image.encoding)
    expected = oracle.message_to_cvimage(image, "rgb8").astype(int)
    # The oracle cuts 16 bits down to 8, we round.
    assert np.abs(read - expected).max() <= ("16" in image.encoding)


@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_bayer_pattern_is_named_by_its_first_four_pixels(pattern: str, bits: int) -> None:
    colour = {"r": 200, "g": 120, "b": 40}
    raw = np.empty((8, 6), np.uint8)
    for place, name in enumerate(pattern):
        raw[place // 2 :: 2, place % 2 :: 2] = colour[name]
    pixels = raw if bits == 8 else raw.astype(np.uint16) * 257
    read = conversions.to_rgb(message(pixels, f"bayer_{pattern}{bits}", 5, big=True))
    assert read[2:-2, 2:-2].reshape(-1, 3).tolist() == [[200, 120, 40]] * 8


@pytest.mark.parametrize(
    ("yuv", "rgb"),
    [((235, 128, 128), (255, 255, 255)), ((16, 128, 128), (0, 0, 0)), ((81, 90, 240), (254, 0, 0))],
)
@pytest.mark.parametrize(
    ("names", "order"), [(("yuv422", "uyvy"), "uyvy"), (("yuv422_yuy2", "yuyv"), "yuyv")]
)
def test_yuv_has_two_pixels_in_four_bytes(
    names: tuple[str, ...], order: str, yuv: tuple[int, ...], rgb: tuple[int, ...]
) -> None:
    four = np.array([dict(zip("yuv", yuv, strict=True))[letter] for letter in order], np.uint8)
    for name in names:
        read = conversions.to_rgb(message(four.reshape(1, 2, 2), name, 2, big=False))
        np.testing.assert_allclose(read[0], [rgb, rgb], atol=1)


@st.composite
def planes(draw: st.DrawFn, encodings: tuple[str, ...] = ("nv12", "nv21")) -> Image:
    """An image of planes as a driver might send it: packed, or its rows padded."""
    width, height, padding = 2 * draw(st.integers(1, 5)), 2 * draw(st.integers(1, 5)), 0
    encoding = draw(st.sampled_from(encodings))
    halves = 6 if encoding == "nv24" else 3
    step = draw(st.sampled_from([width, 2 * width, width * 3 // 2]))
    if draw(st.booleans()):
        padding = draw(st.integers(1, 7))
        step = width + padding
    size = (width + padding) * height * halves // 2
    image = Image(width=width, height=height, encoding=encoding, step=step)
    image.data = array.array("B", draw(st.binary(min_size=size, max_size=size)))
    return image


@settings(max_examples=200)
@given(planes())
def test_planes_have_the_colours_of_opencv(image: Image) -> None:
    packed = len(image.data) == image.width * image.height * 3 // 2
    step = image.width if packed else image.step
    rows = np.frombuffer(image.data, np.uint8).reshape(image.height * 3 // 2, step)
    code = {"nv12": cv2.COLOR_YUV2RGB_NV12, "nv21": cv2.COLOR_YUV2RGB_NV21}[image.encoding]
    expected = cv2.cvtColor(np.ascontiguousarray(rows[:, : image.width]), code)
    assert np.array_equal(conversions.to_rgb(image), expected)


@settings(max_examples=50)
@given(planes(("nv24",)))
def test_nv24_has_a_pair_of_chroma_for_each_pixel(image: Image) -> None:
    packed = len(image.data) == image.width * image.height * 3
    step = image.width if packed else image.step
    data = np.frombuffer(image.data, np.uint8)
    read = conversions.to_array(image)
    for row, column in np.ndindex(image.height, image.width):
        at = step * image.height + row * 2 * step + 2 * column
        expected = data[row * step + column], data[at], data[at + 1]
        assert tuple(read[row, column]) == expected
    grey = Image(width=1, height=1, encoding="nv24", step=1, data=bytes([235, 128, 128]))
    assert conversions.to_rgb(grey).tolist() == [[[255, 255, 255]]]


@pytest.mark.parametrize(
    ("width", "height", "step", "size", "said"),
    [
        (4, 3, 4, 18, "4x3"),
        (3, 4, 3, 18, "3x4"),
        (4, 4, 4, 23, "24"),
        (4, 4, 3, 23, "step of 3"),
        (4, 4, 6, 35, "36"),
        (4, 4, 2**32 - 1, 64, "too short"),
    ],
)
def test_planes_that_are_cut_off_are_refused(
    width: int, height: int, step: int, size: int, said: str
) -> None:
    image = Image(width=width, height=height, step=step, encoding="nv12", data=bytes(size))
    with pytest.raises(InputError, match=said):
        conversions.to_rgb(image)


@given(st.integers(0, 65535), st.sampled_from(["mono16", "rgb16", "bgra16"]), st.booleans())
def test_sixteen_bits_are_scaled_by_their_full_scale(value: int, encoding: str, big: bool) -> None:
    channels = LAYOUTS[encoding].channels
    shape = (2, 3) if channels == 1 else (2, 3, channels)
    read = conversions.to_rgb(message(np.full(shape, value, np.uint16), encoding, 1, big))
    assert read.shape == (2, 3, 3)
    assert np.all(np.abs(read - value / 257) <= 0.5)


@settings(max_examples=200)
@given(drawn(tuple(LAYOUTS)))
def test_a_written_message_is_read_equally_by_other_readers(case: tuple[np.ndarray, Image]) -> None:
    oracle = pytest.importorskip("rosbags.image")
    pixels, image = case
    made = to_image(pixels, image.encoding, image.header)
    assert made.header == image.header
    assert (made.width, made.height) == (image.width, image.height)
    there = oracle.message_to_cvimage(made)
    for read in (conversions.to_array(made), there):
        assert np.array_equal(
            np.ascontiguousarray(read).view(np.uint8), np.ascontiguousarray(pixels).view(np.uint8)
        )


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("padding", [0, 3])
def test_depth_is_in_metres_whatever_the_encoding(padding: int, big: bool) -> None:
    metres = np.array([[0.0, 1.25, 65.535], [0.001, 2.0, 0.5]], np.float32)
    millimetres = np.round(metres * 1000).astype(np.uint16)
    for encoding, stored in (("16UC1", millimetres), ("mono16", millimetres), ("32FC1", metres)):
        depth = conversions.to_depth(message(stored, encoding, padding, big))
        assert depth.dtype == np.float32
        np.testing.assert_allclose(depth, metres, atol=1e-5 if stored is millimetres else 0)


def test_missing_depth_is_not_turned_into_a_measurement() -> None:
    holes = np.array([[np.nan, np.inf, -1.0, 0.0]], np.float32)
    depth = conversions.to_depth(message(holes, "32FC1", 0, big=True))
    assert not np.any(np.isfinite(depth) & (depth > 0))


def good() -> Image:
    return message(np.zeros((4, 5, 3), np.uint8), "rgb8", 0, big=False)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"encoding": "h264"}, "h264"),
        ({"encoding": ""}, "''"),
        ({"encoding": "16UC1"}, "16UC1"),
        ({"width": 0}, "0x4"),
        ({"height": 0}, "5x0"),
        ({"step": 14}, "14"),
        ({"step": 0}, "step"),
        ({"step": 16}, "60 bytes"),
        ({"data": array.array("B", bytes(59))}, "59"),
        ({"data": array.array("B")}, "0 bytes"),
        ({"height": 2**32 - 1}, "too short"),
        ({"width": 2**32 - 1}, "too short"),
    ],
)
def test_a_broken_image_is_refused_and_the_reason_named(
    change: dict[str, object], said: str
) -> None:
    image = good()
    for name, value in change.items():
        setattr(image, name, value)
    with pytest.raises(InputError) as refusal:
        conversions.to_rgb(image)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_colour_is_not_read_as_depth() -> None:
    with pytest.raises(InputError, match="rgb8"):
        conversions.to_depth(good())


@settings(max_examples=300)
@given(
    width=st.integers(0, 40),
    height=st.integers(0, 40),
    step=st.integers(0, 200),
    size=st.integers(0, 4000),
    encoding=st.sampled_from([*LAYOUTS, *PLANAR, "h264", "8UC2"]),
    big=st.integers(0, 255),
)
def test_any_image_is_read_in_its_size_or_refused(
    width: int, height: int, step: int, size: int, encoding: str, big: int
) -> None:
    image = Image(width=width, height=height, step=step, encoding=encoding, is_bigendian=big)
    image.data = array.array("B", bytes(size))
    try:
        read = conversions.to_array(image)
    except InputError:
        return
    assert read.shape[:2] == (height, width)


def test_the_frame_does_not_change_with_the_message() -> None:
    image = good()
    frame = conversions.to_frame(image)
    image.data[0] = 200
    assert frame.rgb.max() == 0
    assert (frame.stamp_ns, frame.frame_id) == (12_000_000_034, "camera")


def test_pixels_that_are_not_of_the_encoding_are_not_sent() -> None:
    with pytest.raises(InputError, match="mono8"):
        to_image(np.zeros((2, 2), np.float32), "mono8", Header())


def camera_info(fx: float = 500.0, fy: float = 510.0) -> CameraInfo:
    info = CameraInfo(width=640, height=480)
    info.k = [fx, 0.0, 320.0, 0.0, fy, 240.0, 0.0, 0.0, 1.0]
    return info


def test_intrinsics_are_those_of_k() -> None:
    found = conversions.to_intrinsics(camera_info())
    assert (found.fx, found.fy, found.cx, found.cy) == (500.0, 510.0, 320.0, 240.0)
    assert conversions.to_intrinsics(CameraInfo(width=640, height=480)) is None, "not calibrated"


def test_intrinsics_of_rectified_images_are_those_of_p() -> None:
    info = camera_info()
    info.binning_x = 2
    info.p = [400.0, 0.0, 310.0, -35.0, 0.0, 410.0, 230.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    info.distortion_model, info.d = "plumb_bob", [-0.3, 0.1, 0.0, 0.0, 0.0]
    assert conversions.to_intrinsics(info).distortion == (-0.3, 0.1, 0.0, 0.0, 0.0)
    found = conversions.to_intrinsics(rectified_info(info))
    assert found.distortion == ()
    assert (found.fx, found.fy, found.cx, found.cy) == (200.0, 410.0, 155.0, 230.0)
    assert info.k[0] == 500.0, "the message stays as it is"
    assert conversions.to_intrinsics(rectified_info(camera_info())) is None, "P is zero"


@pytest.mark.parametrize("focal", [-1.0, float("nan"), float("inf")])
def test_impossible_intrinsics_are_refused(focal: float) -> None:
    with pytest.raises(InputError, match="calibrated"):
        conversions.to_intrinsics(camera_info(fx=focal))


def test_binning_and_region_of_interest_move_the_intrinsics_to_the_image() -> None:
    info = camera_info()
    info.binning_x = info.binning_y = 2
    info.roi.x_offset, info.roi.y_offset, info.roi.width, info.roi.height = 100, 40, 400, 400
    found = conversions.to_intrinsics(info)
    # The ray of full pixel (340, 260) goes through pixel (120, 110) of the binned image.
    assert ((120 - found.cx) / found.fx, (110 - found.cy) / found.fy) == pytest.approx(
        ((340 - 320) / 500, (260 - 240) / 510)
    )


@pytest.mark.parametrize(
    ("model", "coefficients", "said"),
    [
        ("thin_prism", [0.1] * 5, "image_rect"),
        ("", [0.1] * 5, "image_rect"),
        ("equidistant", [0.1] * 5, "4 finite coefficients"),
        ("plumb_bob", [float("nan")] * 5, "finite"),
    ],
)
def test_a_distortion_that_cannot_be_undone_is_refused_with_the_remedy(
    model: str, coefficients: list[float], said: str
) -> None:
    info = camera_info()
    info.distortion_model, info.d = model, coefficients
    with pytest.raises(InputError, match=said):
        conversions.to_intrinsics(info)
    info.d = [0.0] * len(coefficients)
    assert conversions.to_intrinsics(info).distortion == (), "no distortion, whatever the model"


def test_a_pixel_without_a_ray_has_no_depth() -> None:
    lens = Intrinsics(100.0, 100.0, 159.5, 119.5, (-0.4, 0.0, 0.0, 0.0, 0.0))
    depth = conversions.drop_depth_without_rays(np.ones((240, 320), np.float32), lens)
    assert np.isnan(depth[0, 0]) and depth[120, 160] == 1.0
