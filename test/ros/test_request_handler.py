"""The scene cache, and the use of depth that belongs to the image."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from sensor_msgs.msg import CameraInfo, Image
from support.ros_camera import HEIGHT, WIDTH, camera_info, colour_image, depth_image
from support.stand_in_model import StandIn

from zsris_ros.camera.frame_buffer import Stamped
from zsris_ros.ros.inputs.subscriptions import CameraMessages
from zsris_ros.ros.publishers.answer import Answer, Refusal, Status
from zsris_ros.ros.requests.request_handler import Query, RequestHandler
from zsris_ros.types import Frame, Scene


class Counting(StandIn):
    """Counts its calls of ``look``."""

    def __init__(self) -> None:
        self.looks = 0

    def look(self, frame: Frame) -> Scene:
        self.looks += 1
        return super().look(frame)


DEPTH = depth_image(1, 2000)
OTHER_FRAME = depth_image(1, 2000, "depth")


def query(key: int, depth: Image | None = None, info: CameraInfo | None = None) -> Query:
    messages = CameraMessages(
        Stamped(1, colour_image(1), 0),
        None if depth is None else Stamped(1, depth, 1),
        None if info is None else Stamped(1, info, 2),
    )
    return Query("red", messages, "the image on '/camera'", key)


def test_the_cache_drops_the_least_recently_used_scene() -> None:
    model = Counting()
    handler = RequestHandler(model, capacity=2)
    hits = [handler.answer(query(key)).cache_hit for key in (1, 2, 1, 3, 1, 2)]
    assert hits == [False, False, True, False, True, False]
    assert model.looks == 4


def centroid(answer: Answer) -> tuple[float, float, float] | None:
    assert answer.result.best is not None
    return answer.result.best.centroid


def test_matching_depth_gives_metres() -> None:
    answer = RequestHandler(StandIn(), 4).answer(query(1, DEPTH, camera_info()))
    found = centroid(answer)
    assert answer.note == ""
    assert found is not None and found[2] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("depth_image", "camera", "said"),
    [
        (depth_image(1, shape=(2 * HEIGHT, WIDTH)), camera_info(), "64x96"),
        (OTHER_FRAME, camera_info(), "assume_registered"),
        (DEPTH, camera_info(width=1280), "1280x48"),
        (DEPTH, camera_info(k=[-1.0] * 9), "calibrated"),
        (colour_image(1), camera_info(), "rgb8"),
    ],
)
def test_unusable_depth_is_ignored_with_a_reason(
    depth_image: Image, camera: CameraInfo, said: str
) -> None:
    answer = RequestHandler(StandIn(), 4).answer(query(1, depth_image, camera))
    assert centroid(answer) is None
    assert said in answer.note
    assert answer.note.startswith("depth was not used: ")


def test_depth_of_another_frame_can_be_declared_registered() -> None:
    handler = RequestHandler(StandIn(), 4)
    asked = query(1, OTHER_FRAME, camera_info())
    assert centroid(handler.answer(asked)) is None
    declared = handler.answer(asked, assume_registered=True)
    assert centroid(declared) is not None
    assert not declared.cache_hit


def test_a_binned_image_is_smaller_than_its_camera_info_says() -> None:
    binned = camera_info(width=2 * WIDTH, height=2 * HEIGHT, binning_x=2, binning_y=2)
    assert centroid(RequestHandler(StandIn(), 4).answer(query(1, DEPTH, binned))) is not None


@pytest.mark.parametrize(
    ("camera", "reason"),
    [(CameraInfo(), "the camera_info is not calibrated"), (None, "no camera_info has come")],
)
def test_missing_calibration_is_noted(camera: CameraInfo | None, reason: str) -> None:
    answer = RequestHandler(StandIn(), 4).answer(query(1, DEPTH, camera))
    assert centroid(answer) is None
    assert answer.note == f"without metres, because {reason}"


def test_an_image_above_max_pixels_is_refused() -> None:
    handler = RequestHandler(StandIn(), 4)
    with pytest.raises(Refusal, match=f"{WIDTH}x{HEIGHT} pixels, more than the 9 .* max_pixels"):
        handler.answer(query(1), max_pixels=9)
    assert handler.answer(query(1), max_pixels=WIDTH * HEIGHT)


def test_an_unreadable_camera_image_gives_no_image() -> None:
    asked = query(1)
    asked.messages.image.message.encoding = "h264"
    with pytest.raises(Refusal, match=r"'/camera' cannot be used.*h264") as refusal:
        RequestHandler(StandIn(), 4).answer(asked)
    assert refusal.value.status == Status.NO_IMAGE
