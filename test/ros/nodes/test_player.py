"""The bag player: messages of both storages, rate, loop and errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from support.ros_bags import FRAMES, PERIOD, record
from support.ros_camera import SECOND, Listener, header, picture
from support.ros_processes import Process, player

from zsris_ros.camera.conversions import to_rgb
from zsris_ros.camera.image_messages import stamp_ns

rosbag2 = pytest.importorskip("rosbags.rosbag2")


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_every_message_arrives_as_it_was_recorded(here: Node, tmp_path: Path, storage: str) -> None:
    bag = record(tmp_path, storage)
    images = Listener(here, Image, "/camera")
    infos = Listener(here, CameraInfo, "/info")
    # The second round is complete, even if discovery missed messages of the first.
    with player(bag, "--loop") as process:
        images.wait(lambda message: len(images.messages) >= 2 * FRAMES)
        assert process.end()[0] == 0
    stamps = [stamp_ns(message.header) for message in images.messages]
    again = stamps.index(5 * SECOND, 1)
    played = images.messages[again : again + FRAMES]
    for number, image in enumerate(played):
        assert image.header == header(round(number * PERIOD * SECOND) + 5 * SECOND)
        assert np.array_equal(to_rgb(image), picture(number)[0])
    assert {message.width for message in infos.messages} == {64}


def test_the_rate_scales_time(here: Node, tmp_path: Path) -> None:
    listener = Listener(here, Image, "/camera")
    with player(record(tmp_path, "mcap"), "--loop", "--rate", "4"):
        listener.wait(lambda _: len(listener.times) > 3 * FRAMES)
    seconds = (listener.times[-1] - listener.times[0]) / (len(listener.times) - 1)
    # A busy machine may be late, never early.
    assert 0.8 * PERIOD / 4 < seconds < 2.5 * PERIOD / 4


def test_without_loop_the_player_ends(tmp_path: Path) -> None:
    with player(record(tmp_path, "mcap"), "--rate", "10") as process:
        assert process.wait() == 0


def test_a_missing_bag_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with player(tmp_path / "nowhere") as process:
        assert process.wait() == 2
        assert "nowhere cannot be read" in process.log()
        assert "Traceback" not in process.log()


def test_a_rate_of_0_is_refused(tmp_path: Path) -> None:
    with Process("-m", "zsris_ros.ros.client.bag_player", str(tmp_path), "--rate", "0") as process:
        assert process.wait() == 2
        assert "--rate must be positive" in process.log()
