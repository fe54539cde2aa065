"""A frame is looked at once; depth counts only where it belongs to the image."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from sensor_msgs.msg import CameraInfo, Image
from support.ros_camera import FOCAL, HEIGHT, WIDTH, header, picture
from support.stand_in_model import StandIn

from zsris_ros.camera.frame_buffer import Stamped, SyncedMessages
from zsris_ros.ros.publishers.image_conversions import to_image
from zsris_ros.ros.requests.request_handler import Answer, Answerer, Question, Refusal, Status
from zsris_ros.types import Frame, Scene


class Counting(StandIn):
    """Counts how often it looks."""

    def __init__(self) -> None:
        self.looks = 0

    def look(self, frame: Frame) -> Scene:
        self.looks += 1
        return super().look(frame)


def colour() -> Image:
    return to_image(picture(10)[0], "rgb8", header(1, "colour"))


def depth(height: int = HEIGHT, width: int = WIDTH, frame: str = "colour") -> Image:
    return to_image(np.full((height, width), 2000, np.uint16), "16UC1", header(1, frame))


def info(**changes: object) -> CameraInfo:
    made = CameraInfo(width=WIDTH, height=HEIGHT)
    made.k = [FOCAL, 0.0, WIDTH / 2, 0.0, FOCAL, HEIGHT / 2, 0.0, 0.0, 1.0]
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def question(key: int, depth: Image | None = None, info: CameraInfo | None = None) -> Question:
    moment = SyncedMessages(
        Stamped(1, colour(), 0),
        None if depth is None else Stamped(1, depth, 1),
        None if info is None else Stamped(1, info, 2),
    )
    return Question("red", moment, "the image on '/camera'", key)


def test_only_so_many_scenes_are_kept_and_the_least_used_goes_first() -> None:
    model = Counting()
    answerer = Answerer(model, capacity=2)
    hits = [answerer.answer(question(key)).cache_hit for key in (1, 2, 1, 3, 1, 2)]
    assert hits == [False, False, True, False, True, False]
    assert model.looks == 4


def centroid(answer: Answer) -> tuple[float, float, float] | None:
    assert answer.referral.best is not None
    return answer.referral.best.centroid


def test_depth_that_fits_gives_metres() -> None:
    answer = Answerer(StandIn(), 4).answer(question(1, depth(), info()))
    found = centroid(answer)
    assert answer.note == ""
    assert found is not None and found[2] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("depth_image", "camera", "said"),
    [
        (depth(height=HEIGHT * 2), info(), "64x96"),
        (depth(frame="depth"), info(), "assume_registered"),
        (depth(), info(width=1280), "1280x48"),
        (depth(), info(k=[-1.0] * 9), "calibrated"),
        (colour(), info(), "rgb8"),
    ],
)
def test_depth_that_does_not_fit_is_left_out_and_the_reason_given(
    depth_image: Image, camera: CameraInfo, said: str
) -> None:
    answer = Answerer(StandIn(), 4).answer(question(1, depth_image, camera))
    assert centroid(answer) is None
    assert said in answer.note
    assert answer.note.startswith("depth was not used: ")


def test_depth_of_another_frame_can_be_declared_registered() -> None:
    answerer = Answerer(StandIn(), 4)
    asked = question(1, depth(frame="depth"), info())
    assert centroid(answerer.answer(asked)) is None
    declared = answerer.answer(asked, assume_registered=True)
    assert centroid(declared) is not None
    assert not declared.cache_hit


def test_a_binned_image_is_smaller_than_its_camera_info_says() -> None:
    binned = info(width=2 * WIDTH, height=2 * HEIGHT, binning_x=2, binning_y=2)
    assert centroid(Answerer(StandIn(), 4).answer(question(1, depth(), binned))) is not None


@pytest.mark.parametrize(
    ("camera", "reason"),
    [(CameraInfo(), "the camera_info is not calibrated"), (None, "no camera_info has come")],
)
def test_without_calibration_there_are_no_metres_and_the_answer_says_why(
    camera: CameraInfo | None, reason: str
) -> None:
    answer = Answerer(StandIn(), 4).answer(question(1, depth(), camera))
    assert centroid(answer) is None
    assert answer.note == f"without metres, because {reason}"


def test_a_picture_that_is_too_large_is_refused_and_depth_that_is_too_large_left_out() -> None:
    answerer = Answerer(StandIn(), 4)
    with pytest.raises(Refusal, match=f"{WIDTH}x{HEIGHT} pixels, more than the 9 .* max_pixels"):
        answerer.answer(question(1), max_pixels=9)
    assert answerer.answer(question(1), max_pixels=WIDTH * HEIGHT)


def test_a_camera_image_that_cannot_be_read_is_no_image() -> None:
    asked = question(1)
    asked.moment.image.message.encoding = "h264"
    with pytest.raises(Refusal, match=r"'/camera' cannot be used.*h264") as refusal:
        Answerer(StandIn(), 4).answer(asked)
    assert refusal.value.status == Status.NO_IMAGE
