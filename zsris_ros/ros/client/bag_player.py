"""A bag player that needs ``rosbags`` but no installed rosbag2.

``python -m zsris_ros.ros.client.bag_player BAG [--rate R] [--loop] [--wait S]`` reads a rosbag2
folder (mcap or sqlite3) and publishes its serialised messages unchanged.
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
    """A bag that cannot be played; the message has the reason."""


def play(
    bag: Path, node: Node, *, rate: float = 1.0, loop: bool = False, wait: float = 0.0
) -> None:
    """Publish the messages of a bag at ``rate`` times real time.

    ``loop`` repeats the bag until rclpy shuts down; the stamps jump back. ``wait`` is the longest
    wait in seconds for a subscriber on each topic. Raises BagError for an unusable bag.
    """
    with closing(_open(bag)) as reader:
        publishers = _publishers(reader, node)
        _wait_for_subscribers(publishers, wait)
        while rclpy.ok():
            _play_once(reader, publishers, rate)
            if not loop:
                return


def _wait_for_subscribers(publishers: dict[int, Publisher], timeout: float) -> None:
    """Wait, because messages published before discovery are lost."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and rclpy.ok():
        if all(publisher.get_subscription_count() for publisher in publishers.values()):
            return
        time.sleep(0.05)


def _play_once(reader: Reader, publishers: dict[int, Publisher], rate: float) -> None:
    start = time.monotonic()
    for connection, recorded_ns, data in reader.messages():
        if not _wait_until(start + (recorded_ns - reader.start_time) / 1e9 / rate):
            return
        publishers[connection.id].publish(bytes(data))
    # Wait for one period, or a loop would publish the last and the first message at once.
    _wait_until(start + (reader.duration / 1e9 + _period(reader)) / rate)


def _period(reader: Reader) -> float:
    """Return the seconds between two messages of the busiest topic."""
    most = max((connection.msgcount for connection in reader.connections), default=0)
    return reader.duration / 1e9 / (most - 1) if most > 1 else 0.1


def _wait_until(due: float) -> bool:
    """Sleep until ``due``; return False when rclpy shuts down meanwhile."""
    while rclpy.ok():
        remaining = due - time.monotonic()
        if remaining <= 0:
            return True
        time.sleep(min(remaining, 0.1))
    return False


def _open(bag: Path) -> Reader:
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
    """Return the class of a type such as "sensor_msgs/msg/Image"."""
    package, _, kind = name.partition("/msg/")
    try:
        return getattr(importlib.import_module(f"{package}.msg"), kind)
    except (ImportError, AttributeError) as error:
        raise BagError(f"the bag contains {name}, which is not installed") from error


def main(args: Sequence[str] | None = None) -> int:
    """Run the player and return the exit code."""
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
    signal.signal(signal.SIGINT, lambda *_: None)  # rclpy shuts the context down
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
