"""The files for RViz and Foxglove with the names of a node in a namespace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zsris_ros.cli import main
from zsris_ros.types import InputError
from zsris_ros.visualization.view_files import write_view_files

CONFIG = Path(__file__).resolve().parents[2] / "config"


def test_the_default_names_are_those_of_the_templates(tmp_path: Path) -> None:
    for path in write_view_files(tmp_path, "/refer_segment_node"):
        assert path.read_text() == (CONFIG / path.name).read_text()


def test_all_names_follow_the_node(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = ["--node", "/left/finder", "--frame", "left_optical", "--out", str(tmp_path)]
    assert main(["views", *chosen]) == 0
    rviz, foxglove = (Path(line) for line in capsys.readouterr().out.splitlines())
    for path in (rviz, foxglove):
        text = path.read_text()
        assert "/left/finder/overlay" in text and "left_optical" in text
        assert "refer_segment_node" not in text and "camera_color" not in text
    panels = json.loads(foxglove.read_text())["configById"]
    assert panels["Publish!refer_segment"]["topicName"] == "/left/expression"


@pytest.mark.parametrize("name", ["refer_segment_node", "/left/", ""])
def test_a_name_that_is_not_full_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="full name"):
        write_view_files(tmp_path, name)
