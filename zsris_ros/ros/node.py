"""The executable refer_segment_node: camera frames and expressions in, masks and grasp points out.

``--cameras front,wrist`` makes one node for each camera, below its name, with one model and one
worker thread for all. A ReferSegmentNode can also share a process and its executor with other
nodes.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from functools import partial

from rclpy.utilities import remove_ros_args

from zsris_ros.ros.lifecycle import process
from zsris_ros.ros.lifecycle.model_holder import ModelLoader, SharedModel, TorchModel
from zsris_ros.ros.lifecycle.worker import WorkerThread
from zsris_ros.ros.refer_segment_node import NAME, ReferSegmentNode

__all__ = ["ReferSegmentNode", "main"]


def main(args: Sequence[str] | None = None, load_model: ModelLoader = TorchModel) -> int:
    """Run a node for each of ``--cameras``, or one without a camera's name; return the exit code.

    ``args`` are those of the process, with its name first.
    """
    given = sys.argv if args is None else list(args)
    parser = argparse.ArgumentParser(prog=NAME, description=main.__doc__)
    parser.add_argument(
        "--cameras",
        type=_camera_names,
        default=[],
        metavar="NAME,NAME",
        help="one node for each name, in the namespace of that name",
    )
    cameras = parser.parse_args(remove_ros_args(given)[1:]).cameras
    load, thread = SharedModel(load_model).load, WorkerThread()
    make = partial(ReferSegmentNode, load, thread)
    base = next((each[len("__ns:=") :] for each in given if each.startswith("__ns:=")), "")
    makers = [
        partial(make, cli_args=["--ros-args", "-r", f"__ns:={base.rstrip('/')}/{camera}"])
        for camera in cameras
    ]
    return process.run(makers or [make], NAME, args)


def _camera_names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise argparse.ArgumentTypeError(
                f"{name!r} cannot be a namespace: use letters, digits and underscores"
            )
    if len(set(names)) < len(names):
        raise argparse.ArgumentTypeError("two cameras have the same name")
    return names


if __name__ == "__main__":
    sys.exit(main())
