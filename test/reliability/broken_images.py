"""Random invalid camera messages, and a check of their conversion.

The generators take hypothesis's ``st.randoms()``, which shrinks, or ``random.Random(seed)``.
"""

from __future__ import annotations

import array
import math
from dataclasses import dataclass
from random import Random

import numpy as np
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from zsris_ros.camera.encodings import COLOUR_ENCODINGS, DEPTH_ENCODINGS, LAYOUTS, PLANAR
from zsris_ros.camera.frame_assembly import assemble_frame
from zsris_ros.camera.frame_buffer import Stamped
from zsris_ros.camera.image_messages import stamp_ns
from zsris_ros.ros.inputs.serialized import CameraMessages
from zsris_ros.types import InputError

MOST = 2**32 - 1
BLOCK = 96
"""Random bytes that a buffer repeats, which makes large buffers cheap."""

METRES = (math.nan, math.inf, -math.inf, 0.0, -0.0, -1.0, 1e-40, 3e38, 0.8, 1.5)
"""Depth values of sensors, missing and invalid ones included."""

FOCAL = (500.0, 60.0, 0.0, -500.0, math.nan, math.inf, -math.inf, 1e-300, 1e300)
NAMES = (
    "",
    "RGB8",
    "rgb8 ",
    "8UC2",
    "64FC1",
    "jpeg",
    "%s%n{0}",
    "\n\x1b[31m",
    "ü漢字🤖",
    "x" * 5000,
)

CAUSES = {
    "encoding": ("encoding",),
    "empty": ("empty",),
    "huge": ("pixels",),
    "step": ("step", "buffer"),
    "data": ("buffer",),
}
"""Faults of an image, and words of which its refusal must contain one."""


@dataclass(frozen=True)
class Drawn:
    """Camera messages with the faults of image and depth (keys of CAUSES)."""

    messages: CameraMessages
    image_faults: tuple[str, ...]
    depth_faults: tuple[str, ...]

    def is_named_in(self, refusal: str) -> bool:
        """Return whether a refusal names one of the image's faults."""
        return any(word in refusal for fault in self.image_faults for word in CAUSES[fault])


def draw(random: Random) -> Drawn:
    """Draw camera messages, sometimes without depth or camera_info."""
    width, height = random.randint(1, 24), random.randint(1, 24)
    image, image_faults = _image(random, COLOUR_ENCODINGS, width, height)
    depth: Image | None = None
    depth_faults: tuple[str, ...] = ()
    if random.randint(0, 3):
        if random.randint(0, 3) == 0:
            width, height = random.randint(1, 24), random.randint(1, 24)
        depth, depth_faults = _image(random, DEPTH_ENCODINGS, width, height)
    info = _info(random, image) if random.randint(0, 3) else None
    messages = CameraMessages(
        Stamped(stamp_ns(image.header), image, 0),
        None if depth is None else Stamped(0, depth, 1),
        None if info is None else Stamped(0, info, 2),
    )
    return Drawn(messages, image_faults, depth_faults)


def check(drawn: Drawn) -> str:
    """Convert and return the refusal, or "" for a frame.

    Raises AssertionError for a frame of an invalid image, a refusal of a valid one, and a refusal
    without its cause; any other exception is a crash.
    """
    image = drawn.messages.image.message
    refusal = ""
    try:
        frame, note = assemble_frame(drawn.messages)
    except InputError as error:
        refusal = str(error)
    if refusal:
        assert drawn.image_faults, f"a valid image was refused: {refusal}"
        _check_sentence(refusal)
        assert drawn.is_named_in(refusal), f"{drawn.image_faults}: {refusal}"
        return refusal
    assert not drawn.image_faults, f"an image was accepted with {drawn.image_faults}"
    assert frame.rgb.shape == (image.height, image.width, 3) and frame.rgb.dtype == np.uint8
    if drawn.depth_faults:
        assert frame.depth is None and "depth was not used" in note
    if frame.depth is not None:
        assert frame.depth.shape == frame.rgb.shape[:2] and frame.depth.dtype == np.float32
    if drawn.messages.depth is not None and not frame.has_geometry:
        _check_sentence(note)
    return ""


def _check_sentence(sentence: str) -> None:
    """Check for one printable line of bounded length."""
    assert 10 < len(sentence) < 600 and sentence.isprintable(), repr(sentence)


def _image(
    random: Random, encodings: tuple[str, ...], width: int, height: int
) -> tuple[Image, tuple[str, ...]]:
    """Draw a valid image, and add one or two faults in two of three cases."""
    encoding = random.choice(encodings)
    if encoding in PLANAR or encoding.startswith(("yuv", "uyvy", "yuyv")):
        width, height = width + width % 2, height + height % 2
    if encoding.startswith("bayer"):
        width, height = max(3, width), max(3, height)
    row, rows = _row(encoding, width), _rows(encoding, height)
    step = row + random.choice((0, 0, 1, 5)) * (encoding not in PLANAR)
    data = _data(random, encoding, step * rows + random.choice((0, 0, 1, 99)))
    if encoding in PLANAR:
        data = data[: step * rows]
    image = Image(width=width, height=height, encoding=encoding, step=step, header=_header(random))
    image.is_bigendian = random.choice((0, 1, 255))
    image.data = array.array("B", data)
    faults = random.choice((*[()] * 3, *((name,) for name in CAUSES), ("encoding", "data")))
    for fault in faults:
        _break(random, image, fault, row)
    return image, tuple(faults)


def _break(random: Random, image: Image, fault: str, row: int) -> None:
    if fault == "encoding":
        image.encoding = random.choice(NAMES)
    elif fault == "empty":
        setattr(image, random.choice(("width", "height")), 0)
    elif fault == "huge":
        setattr(image, random.choice(("width", "height")), random.choice((MOST, 2**31, 30_000_000)))
    elif fault == "data":
        image.data = image.data[: random.randint(0, image.height * row - 1)]
    elif fault == "step":
        image.step = random.choice((0, row - 1, MOST))
        image.data = image.data[: image.height * row - 1]  # else planar encodings remain valid


def _row(encoding: str, width: int) -> int:
    layout = LAYOUTS.get(encoding)
    return width if layout is None else width * layout.channels * np.dtype(layout.dtype).itemsize


def _rows(encoding: str, height: int) -> int:
    """Return the rows of the buffer; planar encodings have chroma below luma."""
    if encoding not in PLANAR:
        return height
    return height * 3 if encoding == "nv24" else height * 3 // 2


def _data(random: Random, encoding: str, size: int) -> bytes:
    if encoding == "32FC1":
        block = np.array([random.choice(METRES) for _ in range(BLOCK // 4)], np.float32).tobytes()
    else:
        block = bytes(random.randint(0, 255) for _ in range(BLOCK // 8)) * 8
    return (block * (size // len(block) + 1))[:size]


def _header(random: Random) -> Header:
    header = Header(frame_id=random.choice(("camera", "camera", "", *NAMES[-4:])))
    header.stamp.sec = random.choice((0, 1, 2**31 - 1, -(2**31)))
    header.stamp.nanosec = random.choice((0, 999_999_999, MOST))
    return header


def _info(random: Random, image: Image) -> CameraInfo:
    info = CameraInfo(width=image.width, height=image.height)
    k = [random.choice(FOCAL[: random.choice((2, 3, 9))]) for _ in range(4)]
    info.k = [k[0], 0.0, k[1], 0.0, k[2], k[3], 0.0, 0.0, 1.0]
    info.binning_x, info.binning_y = (random.choice((0, 1, 2, MOST)) for _ in range(2))
    info.roi.x_offset, info.roi.width = (random.choice((0, 1, MOST)) for _ in range(2))
    return info
