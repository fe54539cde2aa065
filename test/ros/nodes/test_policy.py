"""The SROS2 policy matches the interfaces of the running node."""

from __future__ import annotations

import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rclpy.node import Node
from support.ros_camera import wait_until
from support.ros_processes import node_with_stand_in

POLICY = Path(__file__).resolve().parents[3] / "config" / "sros2_policy.xml"
NODE = "refer_segment_node"
OPTIONAL = {
    *(f"/{NODE}/{name}" for name in ("detections", "label_info")),  # with vision_msgs
    f"/{NODE}/collision_object",  # with moveit_msgs
    *("/clock", "/tf", "/tf_static"),  # with use_sim_time, with target_frame
    *(f"/{NODE}/{name}" for name in ("get_transition_graph", "get_type_description")),  # since Iron
}


def allowed(kind: str, verb: str) -> set[str]:
    """Return the full names with the permission ``verb``."""
    root = ElementTree.parse(POLICY).getroot()
    (profile,) = root.iter("profile")
    assert (profile.get("ns"), profile.get("node")) == ("/", NODE)
    names = {
        str(each.text)
        for group in profile.iter(kind)
        if group.get(verb) == "ALLOW"
        for each in group
    }
    return {f"/{name.replace('~', NODE).lstrip('/')}" for name in names}


def without_action(names: set[str]) -> set[str]:
    return {name for name in names if "/_action/" not in name}


@pytest.mark.access("the SROS2 policy allows what the running node has, and no more")
def test_the_policy_permits_the_interfaces_of_the_node(here: Node) -> None:
    with node_with_stand_in() as process:
        process.wait_for_log("the model is ready")
        wait_until(lambda: NODE in here.get_node_names(), 10.0, "the node is not discovered")
        deadline = time.monotonic() + 10
        has: list[set[str]] = []
        wanted = [
            allowed("topics", "publish"),
            allowed("topics", "subscribe"),
            allowed("services", "reply"),
            allowed("actions", "execute"),
        ]
        while time.monotonic() < deadline:  # until discovery is complete
            services = names(here.get_service_names_and_types_by_node(NODE, "/"))
            has = [
                without_action(names(here.get_publisher_names_and_types_by_node(NODE, "/"))),
                names(here.get_subscriber_names_and_types_by_node(NODE, "/")),
                without_action(services),
                {name.partition("/_action/")[0] for name in services if "/_action/" in name},
            ]
            if all(each - OPTIONAL <= found for each, found in zip(wanted, has, strict=True)):
                break
            time.sleep(0.2)
        for each, found in zip(wanted, has, strict=True):
            assert found <= each, f"not allowed: {sorted(found - each)}"
            assert each - OPTIONAL <= found, f"allowed and unused: {sorted(each - found)}"


def names(found: list[tuple[str, list[str]]]) -> set[str]:
    return {name for name, _ in found}
