"""Compressed images of image_transport's plugins decode, others are refused."""

from __future__ import annotations

import array
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from sensor_msgs.msg import CompressedImage
from support.rvl_encoder import encoded

from zsris_ros.camera.compressed import decompress
from zsris_ros.camera.conversions import to_array, to_depth, to_rgb
from zsris_ros.types import InputError


def compressed(pixels: np.ndarray, form: str, file: str = ".png", head: bytes = b"") -> object:
    data = head + cv2.imencode(file, pixels)[1].tobytes()
    message = CompressedImage(format=form, data=array.array("B", data))
    message.header.frame_id = "camera"
    message.header.stamp.sec = 7
    return message


def noise(*shape: int, dtype: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(3).integers(0, np.iinfo(dtype).max, shape, dtype)


@pytest.mark.parametrize(
    "form", ["bgr8; png compressed bgr8", "rgb8; png compressed bgr8", "png", "bayer_rggb8; png"]
)
def test_a_colour_png_is_lossless(form: str) -> None:
    bgr = noise(6, 5, 3)
    message = compressed(bgr, form)
    image = decompress(message)
    assert image.header == message.header
    assert np.array_equal(to_rgb(image), bgr[..., ::-1])


@pytest.mark.parametrize("form", ["rgb8; jpeg compressed bgr8", "jpeg"])
def test_a_jpeg_has_its_colours_in_the_right_order(form: str) -> None:
    bgr = np.full((32, 48, 3), (30, 60, 220), np.uint8)
    rgb = to_rgb(decompress(compressed(bgr, form, ".jpg")))
    assert rgb.shape == (32, 48, 3)
    np.testing.assert_allclose(rgb.reshape(-1, 3).mean(0), (220, 60, 30), atol=3)


def test_grey_images_keep_their_bit_depth() -> None:
    for kind, form in ((np.uint8, "mono8"), (np.uint16, "mono16"), (np.uint16, "16UC1")):
        grey = noise(4, 7, dtype=kind)
        image = decompress(compressed(grey, f"{form}; png compressed "))
        assert image.encoding == form
        assert np.array_equal(to_array(image), grey)


@pytest.mark.parametrize(("bits", "kind"), [(8, np.uint8), (16, np.uint16)])
def test_a_png_keeps_its_bayer_encoding(bits: int, kind: type) -> None:
    """As compressed_image_transport sends raw colours: the pattern itself, in one channel."""
    pattern = noise(6, 8, dtype=kind)
    image = decompress(compressed(pattern, f"bayer_grbg{bits}; png compressed "))
    assert image.encoding == f"bayer_grbg{bits}"
    assert np.array_equal(to_array(image), pattern)


def test_a_raw_image_is_unchanged() -> None:
    image = decompress(compressed(noise(4, 4, 3), "png"))
    assert decompress(image) is image


@pytest.mark.parametrize("form", ["16UC1; compressedDepth", "16UC1; compressedDepth png"])
def test_depth_in_millimetres_is_lossless(form: str) -> None:
    millimetres = noise(5, 6, dtype=np.uint16)
    image = decompress(compressed(millimetres, form, head=bytes(12)))
    np.testing.assert_allclose(to_depth(image), millimetres / 1000, atol=1e-4)


def test_depth_in_rvl_is_read_as_that_in_png() -> None:
    depth = np.array([[0, 0, 1200], [1201, 0, 900]], np.uint16)
    for encoding in ("16UC1", "32FC1"):
        head = struct.pack("<iff", 1, 10.0, 0.5)
        png = compressed(depth, f"{encoding}; compressedDepth png", head=head)
        message = CompressedImage(format=f"{encoding}; compressedDepth rvl")
        message.data = array.array("B", head + encoded(depth))
        np.testing.assert_array_equal(
            to_depth(decompress(message)), to_depth(decompress(png)), strict=True
        )


@settings(max_examples=50)
@given(
    st.lists(st.floats(0.2, 9.9), min_size=1, max_size=12),
    st.floats(1.0, 200.0),
    st.sampled_from([10.0, 65.5]),
)
def test_depth_in_metres_is_exact_up_to_its_quantisation(
    metres: list[float], at: float, longest: float
) -> None:
    """The quantisation of compressed_depth_image_transport, written from its definition.

    ``a`` and ``b`` are chosen so that the step at 1 m is 1 / ``at`` m, and ``longest`` is stored 1.
    """
    a = at * (at + 1)
    b = 1 - a / longest
    stored = [round(a / value + b) for value in metres]
    usable = [(value, kept) for value, kept in zip(metres, stored, strict=True) if 0 < kept < 65536]
    row = np.array([[0, *(kept for _, kept in usable)]], np.uint16)
    head = struct.pack("<iff", 1, a, b)
    depth = to_depth(decompress(compressed(row, "32FC1; compressedDepth png", head=head)))
    assert np.isnan(depth[0, 0])
    for (value, _), found in zip(usable, depth[0, 1:], strict=True):
        assert abs(a / float(found) - a / value) <= 0.55  # half a step, and float32's own error


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (CompressedImage(format="jpeg"), "0 bytes"),
        (CompressedImage(format="jpeg", data=b"not a picture"), "neither JPEG nor PNG"),
        (CompressedImage(format="32FC1; compressedDepth rvl", data=bytes(99)), "0x0"),
        (CompressedImage(format="32FC1; compressedDepth", data=bytes(12)), "12 bytes"),
        (compressed(noise(4, 4), "16UC1; compressedDepth png", head=bytes(12)), "16 bits"),
        (compressed(noise(4, 4, 3), "16UC1; png compressed "), "16 bits"),
    ],
)
def test_undecodable_data_is_refused_in_a_sentence(message: CompressedImage, said: str) -> None:
    with pytest.raises(InputError, match=said) as refusal:
        decompress(message)
    assert "\n" not in str(refusal.value)


def test_a_decompression_bomb_is_refused() -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    with pytest.raises(InputError, match="too large"):
        decompress(CompressedImage(format="png", data=bomb))


def test_a_picture_may_have_as_many_pixels_as_allowed() -> None:
    message = compressed(noise(6, 5, 3), "png")
    assert decompress(message, max_pixels=30).height == 6
    with pytest.raises(InputError, match="5x6 pixels, more than the 29"):
        decompress(message, max_pixels=29)


@settings(max_examples=200)
@given(
    st.text(max_size=30)
    | st.sampled_from(["jpeg", "16UC1; png", "32FC1; compressedDepth png", "mono16; png"]),
    st.binary(max_size=60),
    st.integers(0, 3),
    st.integers(0, 80),
)
def test_damaged_files_are_read_or_refused(form: str, tail: bytes, head: int, cut: int) -> None:
    whole = cv2.imencode(".png", noise(3, 3, dtype=np.uint16))[1].tobytes()
    data = bytes(12 * (head == 1)) + whole[:cut] + tail
    try:
        image = decompress(CompressedImage(format=form, data=array.array("B", data)))
    except InputError:
        return
    assert to_array(image).shape[:2] == (image.height, image.width)
