"""A small bag player: publishes a recorded camera without rosbag2 being installed.

``python -m zsris_ros.ros.client.bag_player BAG [--rate R] [--loop] [--wait S]`` reads a rosbag2
folder (mcap or sqlite3) with ``rosbags`` and publishes its serialised messages as they are, headers
and all.
"""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rclpy
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile

if TYPE_CHECKING:
    from rosbags.rosbag2 import Reader

NAME = "bag_player"
DEPTH = 5


class BagError(ValueError):
    """A bag that cannot be played; the message says why."""


def play(bag: Path, node: Node, *, rate: float = 1.0, loop: bool = False, wait: float = 0.0) -> int:
    """Publishes the bag's messages at ``rate`` times real time; returns how many.

    With ``loop`` it starts over until rclpy is shut down; stamps jump back then, as recorded. It
    begins when every topic has a subscriber, after ``wait`` seconds at the latest.
    Raises BagError when the bag cannot be read or holds a type that is not installed.
    """
    sent = 0
    with closing(_opened(bag)) as reader:
        publishers = _publishers(reader, node)
        _wait_for_listeners(publishers, wait)
        while rclpy.ok():
            sent += _play_once(reader, publishers, rate)
            if not loop:
                break
    return sent


def _wait_for_listeners(publishers: dict[int, Publisher], longest: float) -> None:
    """What is published before a subscriber has been discovered is lost to it."""
    deadline = time.monotonic() + longest
    while time.monotonic() < deadline and rclpy.ok():
        if all(publisher.get_subscription_count() for publisher in publishers.values()):
            return
        time.sleep(0.05)


def _play_once(reader: Reader, publishers: dict[int, Publisher], rate: float) -> int:
    start = time.monotonic()
    first: int | None = None
    sent = 0
    for connection, recorded_ns, data in reader.messages():
        first = recorded_ns if first is None else first
        due = start + (recorded_ns - first) / 1e9 / rate
        if not _wait_until(due):
            break
        publishers[connection.id].publish(bytes(data))
        sent += 1
    # The last message is due its time as well, or a loop would play two at once.
    _wait_until(start + (reader.duration / 1e9 + _period(reader)) / rate)
    return sent


def _period(reader: Reader) -> float:
    """Seconds between two messages of the busiest topic."""
    most = max((connection.msgcount for connection in reader.connections), default=0)
    return reader.duration / 1e9 / (most - 1) if most > 1 else 0.1


def _wait_until(due: float) -> bool:
    """Sleeps until ``due`` in short steps; False when rclpy was shut down meanwhile."""
    while rclpy.ok():
        remaining = due - time.monotonic()
        if remaining <= 0:
            return True
        time.sleep(min(remaining, 0.1))
    return False


def _opened(bag: Path) -> Reader:
    try:
        from rosbags.rosbag2 import Reader, ReaderError
    except ImportError as error:
        raise BagError("playing a bag needs rosbags: pip install rosbags") from error
    try:
        reader = Reader(bag)
        reader.open()
    except (ReaderError, OSError) as error:
        raise BagError(f"the bag {bag} cannot be read: {error}") from error
    return reader


def _publishers(reader: Reader, node: Node) -> dict[int, Publisher]:
    return {
        connection.id: node.create_publisher(
            _message_type(connection.msgtype), connection.topic, QoSProfile(depth=DEPTH)
        )
        for connection in reader.connections
    }


def _message_type(name: str) -> Any:
    """The class of "sensor_msgs/msg/Image"."""
    package, _, kind = name.partition("/msg/")
    try:
        return getattr(importlib.import_module(f"{package}.msg"), kind)
    except (ImportError, AttributeError) as error:
        raise BagError(f"the bag holds {name}, and that type is not installed here") from error


def main(args: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(prog=NAME, description="Publish a recorded camera.")
    parser.add_argument("bag", type=Path, help="folder of the rosbag2")
    parser.add_argument("--rate", type=float, default=1.0, help="times real time (default 1)")
    parser.add_argument("--loop", action="store_true", help="start over at the end, until Ctrl-C")
    parser.add_argument(
        "--wait", type=float, default=0.0, help="seconds to wait for subscribers (default 0)"
    )
    chosen, ros_args = parser.parse_known_args(args)
    if chosen.rate <= 0:
        parser.error("--rate must be positive")
    signal.signal(signal.SIGINT, lambda *_: None)  # rclpy ends the context; that is enough
    rclpy.init(args=ros_args)
    try:
        node = rclpy.create_node(NAME)
        play(chosen.bag, node, rate=chosen.rate, loop=chosen.loop, wait=chosen.wait)
    except BagError as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        return 2
    finally:
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
