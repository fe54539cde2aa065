"""The nodes that refer_segment.launch.xml starts, without the package launch."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import yaml

from support.ros_processes import ROOT

SHARE = "$(find-pkg-share zsris_ros)"


def ros_names(executable: str, **arguments: str) -> dict[str, str]:
    """Return the remappings, name and namespace of a node for the launch arguments."""
    node, values = _node(executable, arguments)
    remaps = {
        each.get("from", ""): _filled(each.get("to", ""), values) for each in node.iter("remap")
    }
    namespace = _filled(node.get("namespace", ""), values)
    given = re.findall(r"-r (\S+):=(\S+)", _filled(node.get("args", ""), values))
    remaps |= dict(given) or {"__node": _filled(node.get("name", ""), values)}
    return remaps | ({"__ns": f"/{namespace.lstrip('/')}"} if namespace else {})


def parameter_file(executable: str, path: Path, **arguments: str) -> Path:
    """Write the parameters of a node for the launch arguments, as launch_ros does.

    They are for the node that the attributes ``name`` and ``namespace`` name, or for all nodes
    where one of these is missing.
    """
    node, values = _node(executable, arguments)
    names = [node.get("namespace"), node.get("name")]
    who = "/**"
    if None not in names:
        who = re.sub("/+", "/", "/" + "/".join(_filled(name or "", values) for name in names))
    kinds = {"bool": lambda text: text == "true", "str": str}
    parameters = {
        each.get("name"): kinds[each.get("type", "str")](_filled(each.get("value", ""), values))
        for each in node.iter("param")
        if each.get("name")
    }
    path.write_text(yaml.safe_dump({who: {"ros__parameters": parameters}}), encoding="utf-8")
    return path


def _node(executable: str, arguments: dict[str, str]) -> tuple[ElementTree.Element, dict[str, str]]:
    """Return a node of the launch file and the values of all launch arguments."""
    root = ElementTree.parse(ROOT / "launch" / "refer_segment.launch.xml").getroot()
    values: dict[str, str] = {}
    for each in root.findall("arg"):
        name = each.get("name", "")
        values[name] = arguments.pop(name, _filled(each.get("default", ""), values))
    assert not arguments, f"unknown launch arguments {arguments}"
    (node,) = (each for each in root.iter("node") if each.get("exec") == executable)
    return node, values


def _filled(text: str, values: dict[str, str]) -> str:
    filled = re.sub(r"\$\(var (\w+)\)", lambda found: values[found[1]], text)
    return filled.replace(SHARE, str(ROOT))
