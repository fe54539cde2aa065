"""docs/robot.md names existing arguments of launch files, presets, files and pages."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from zsris_ros.models.preset import preset_names

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "robot.md").read_text(encoding="utf-8")
TERMS = set(re.findall(r"`([^`\n]+)`", PAGE))


@pytest.mark.parametrize(
    "path", sorted((ROOT / "launch").glob("*.xml")), ids=lambda path: path.stem
)
def test_every_argument_of_a_launch_file_is_explained(path: Path) -> None:
    arguments = {each.get("name") for each in ElementTree.parse(path).getroot().findall("arg")}
    assert arguments <= TERMS


def test_every_preset_has_a_line() -> None:
    assert set(preset_names()) <= TERMS


def test_arguments_in_examples_exist() -> None:
    root = ElementTree.parse(ROOT / "launch" / "refer_segment.launch.xml").getroot()
    known = {each.get("name") for each in root.findall("arg")}
    block = "\n".join(
        re.findall(r"refer_segment\.launch\.xml((?: \S+:=\S+(?: \\\n)?|\s+\S+:=\S+)*)", PAGE)
    )
    used = set(re.findall(r"(\w+):=", block))
    assert used and used <= known


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (ROOT / "docs" / link).exists(), link
    for name in re.findall(r"config/[\w.]+\w", PAGE):
        assert (ROOT / name).exists(), name
    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("# ")).lower().replace(" ", "-")
        for line in PAGE.splitlines()
        if line.startswith("#")
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= headings
