"""Memory that each node costs another process when it comes and goes; part of ``make reliability``.

Beside the node with the stand-in a bare rclpy node is measured, whose memory is the middleware's.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import rclpy
from rclpy.node import Node
from support.ros_domain import own_domain
from support.ros_processes import Process, node_with_stand_in
from zsris_ros.srv import ReferSegment

from reliability.process_samples import sample
from zsris_ros.ros.client.service_client import DISCOVERY_DELAY
from zsris_ros.ros.qos import SERVICE

BARE = """
import rclpy
from zsris_ros.srv import ReferSegment
rclpy.init()
node = rclpy.create_node("bare")
node.create_service(ReferSegment, "refer_segment", lambda request, response: response)
rclpy.spin(node)
"""
WARM_UP = 40
"""Visitors before the first sample: pools of the middleware fill."""
TIMEOUT = 30.0


def visit(host: Node, as_nodes: bool) -> None:
    """Let a client of the service come and go, with a node of its own or on ``host``."""
    node = rclpy.create_node("visitor", start_parameter_services=False) if as_nodes else host
    client = node.create_client(ReferSegment, "refer_segment", qos_profile=SERVICE)
    assert client.wait_for_service(TIMEOUT), "the service is not discovered"
    time.sleep(DISCOVERY_DELAY)
    if as_nodes:
        node.destroy_node()
    else:
        host.destroy_client(client)


def kilobytes(served: Process, visitors: int, as_nodes: bool) -> float:
    """Return the growth of a process for each visitor, kB."""
    host = rclpy.create_node("host", start_parameter_services=False)
    for _ in range(WARM_UP):
        visit(host, as_nodes)
    before = sample(served.pid)["memory_mb"]
    for _ in range(visitors):
        visit(host, as_nodes)
    after = sample(served.pid)["memory_mb"]
    host.destroy_node()
    return 1024 * (after - before) / visitors


def measure(visitors: int) -> dict[str, float]:
    """Return the growth by node and kind of visitor, kB a visitor. Needs rclpy."""
    found = {}
    starts = {"bare": lambda: Process("-c", BARE), "node": node_with_stand_in}
    for name, start in starts.items():
        for visitor in ("nodes", "clients"):
            with start() as served:
                found[f"{name}_{visitor}"] = kilobytes(served, visitors, visitor == "nodes")
    return {name: round(value, 2) for name, value in found.items()}


def main() -> int:
    """Measure, write the row of docs/reliability.md and return 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=300)
    parser.add_argument("--out", type=Path, default=Path("docs/results/reliability/visitors.json"))
    chosen = parser.parse_args()
    with own_domain():
        found = measure(chosen.visitors)
    row = {
        "what": "nodes that come and go",
        "tried": f"{chosen.visitors} nodes with a client each, then as many clients of one node",
        "result": (
            f"memory grows by {found['node_nodes']:.1f} kB for each node and "
            f"{found['node_clients']:.1f} kB for each client; that of a bare rclpy node by "
            f"{found['bare_nodes']:.1f} and {found['bare_clients']:.1f} kB"
        ),
        "command": "make reliability",
    }
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps({"rows": [row], **found}, indent=1) + "\n", encoding="utf-8")
    print(row["result"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
