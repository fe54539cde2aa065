"""The scene cache, and the use of depth that belongs to the image."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from support.ros_camera import HEIGHT, WIDTH, camera_info, colour_image, depth_image
from support.stand_in_model import StandIn

from zsris_ros.camera.frame_buffer import Stamped
from zsris_ros.geometry.oriented_box import Pose
from zsris_ros.ros.inputs.serialized import CameraMessages
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
    declared = handler.answer(replace(asked, assume_registered=True))
    assert centroid(declared) is not None
    assert not declared.cache_hit


def test_a_binned_image_is_smaller_than_its_camera_info() -> None:
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
        handler.answer(replace(query(1), max_pixels=9))
    assert handler.answer(replace(query(1), max_pixels=WIDTH * HEIGHT))


def test_an_unreadable_camera_image_gives_no_image() -> None:
    asked = query(1)
    asked.messages.image.message.encoding = "h264"
    with pytest.raises(Refusal, match=r"'/camera' cannot be used.*h264") as refusal:
        RequestHandler(StandIn(), 4).answer(asked)
    assert refusal.value.status == Status.NO_IMAGE


POSE = Pose.from_quaternion((1.0, 2.0, 3.0), (0.0, 0.0, 0.0, 1.0))


class Transforms:
    """Transforms to "base" that a buffer of finite length forgets."""

    def __init__(self, known: bool) -> None:
        self.known, self.calls = known, []

    def __call__(self, target: str, header: Header, deadline: float) -> Pose:
        self.calls.append((target, header.frame_id, deadline))
        if not self.known or target != "base":
            raise LookupError("extrapolation into the past")
        return POSE


def in_base(target: str = "base") -> Query:
    return replace(query(1, DEPTH, camera_info()), target_frame=target, deadline=5.0)


def test_the_transform_is_looked_up_with_the_scene_and_kept() -> None:
    transforms = Transforms(known=True)
    handler = RequestHandler(StandIn(), 4, transforms)
    assert handler.answer(in_base()).camera_pose is POSE
    transforms.known = False  # tf2 has forgotten it, the scene is still cached
    again = handler.answer(in_base())
    assert again.cache_hit and again.camera_pose is POSE and again.frame_id == "base"
    assert again.status == Status.FOUND
    assert transforms.calls == [("base", "camera_optical_frame", 0.0)]


def test_a_scene_that_is_prepared_keeps_its_transform() -> None:
    transforms = Transforms(known=True)
    handler = RequestHandler(StandIn(), 4, transforms)
    handler.prepare(in_base())
    transforms.known = False
    assert handler.answer(in_base()).camera_pose is POSE


def test_without_a_transform_there_are_no_metres() -> None:
    transforms = Transforms(known=False)
    handler = RequestHandler(StandIn(), 4, transforms)
    answer = handler.answer(in_base())
    assert answer.status == Status.NO_TRANSFORM
    assert centroid(answer) is None and answer.extents[0].box is None
    assert answer.extents[0].valid_depth == 1
    assert answer.frame.intrinsics is None, "no points"
    assert "no transform from 'camera_optical_frame' to 'base'" in answer.note
    assert "extrapolation into the past" in answer.note
    assert [call[2] for call in transforms.calls] == [0.0, 5.0], "it may still arrive"
    transforms.known = True
    assert handler.answer(in_base()).status == Status.FOUND
    assert handler.answer(in_base("camera_optical_frame")).camera_pose is None
    assert handler.answer(replace(in_base(), expression="nothing")).status == Status.NOT_FOUND


def test_the_tracker_gets_the_object_in_the_optical_frame() -> None:
    handler = RequestHandler(StandIn(), 4, Transforms(known=False))
    handler.answer(in_base())
    assert handler.last_found is not None and handler.last_found.result.best is not None
    assert handler.last_found.result.best.centroid is not None
