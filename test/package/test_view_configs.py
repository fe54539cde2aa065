"""The views for RViz and Foxglove show topics that the node has."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NODE = "/refer_segment_node/"
PUBLISHERS = "publishers/result_publishers.py", "grasping/grasp_publishers.py"
PUBLISHED = {
    topic
    for path in PUBLISHERS
    for topic in re.findall(r'"~/(\w+)"', (ROOT / "zsris_ros/ros" / path).read_text())
}


def texts(value: Any) -> Iterator[str]:
    """All strings of nested mappings and sequences, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from texts([*value, *value.values()])
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def view(name: str) -> Any:
    text = (ROOT / "config" / name).read_text()
    if name.endswith(".json"):
        return json.loads(text)
    return pytest.importorskip("yaml").safe_load(text)


@pytest.mark.parametrize("name", ["refer_segment.rviz", "foxglove.json"])
def test_a_view_shows_topics_that_the_node_publishes(name: str) -> None:
    topics = {text for text in texts(view(name)) if text.startswith("/")}
    shown = {topic.removeprefix(NODE) for topic in topics if topic.startswith(NODE)}
    assert {"overlay", "segmented_points", "markers", "pose"} <= shown <= PUBLISHED
    launch = ElementTree.parse(ROOT / "launch/refer_segment.launch.xml")
    names = {f"/{argument.get('default')}" for argument in launch.iter("arg")}
    assert {topic for topic in topics if not topic.startswith(NODE)} <= names


def test_the_layout_places_every_panel_once() -> None:
    layout = view("foxglove.json")
    placed = [text for text in texts(layout["layout"]) if "!" in text]
    assert sorted(placed) == sorted(layout["configById"])


def test_the_documentation_names_every_topic() -> None:
    documented = (ROOT / "docs/node.md").read_text()
    assert {"mask", "centroid", "label_info", "detections"} <= PUBLISHED
    assert [topic for topic in PUBLISHED if f"`~/{topic}`" not in documented] == []
