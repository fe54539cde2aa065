"""The nodes that refer_segment.launch.xml starts, without the package launch."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from support.ros_processes import ROOT

SHARE = "$(find-pkg-share zsris_ros)"


def ros_names(executable: str, **arguments: str) -> dict[str, str]:
    """Return the remappings, name and namespace of a node for the launch arguments."""
    root = ElementTree.parse(ROOT / "launch" / "refer_segment.launch.xml").getroot()
    values: dict[str, str] = {}
    for each in root.findall("arg"):
        name = each.get("name", "")
        values[name] = arguments.pop(name, _filled(each.get("default", ""), values))
    assert not arguments, f"unknown launch arguments {arguments}"
    (node,) = (each for each in root.iter("node") if each.get("exec") == executable)
    remaps = {
        each.get("from", ""): _filled(each.get("to", ""), values) for each in node.iter("remap")
    }
    namespace = _filled(node.get("namespace", ""), values)
    remaps["__node"] = _filled(node.get("name", ""), values)
    return remaps | ({"__ns": f"/{namespace.lstrip('/')}"} if namespace else {})


def _filled(text: str, values: dict[str, str]) -> str:
    filled = re.sub(r"\$\(var (\w+)\)", lambda found: values[found[1]], text)
    return filled.replace(SHARE, str(ROOT))
