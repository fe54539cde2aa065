"""The shipped recording as a camera: ``python -m zsris_ros.demo.camera [--rate R] [--loop]``.

Takes all options of ``zsris_ros.ros.client.bag_player``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from zsris_ros.demo.demo_bag import HOUSEHOLD_BAG


def main(args: Sequence[str] | None = None) -> int:
    """Entry point of the executable demo_camera; returns the exit code."""
    from zsris_ros.ros.client import bag_player

    return bag_player.main([str(HOUSEHOLD_BAG), *(sys.argv[1:] if args is None else args)])


if __name__ == "__main__":
    sys.exit(main())
