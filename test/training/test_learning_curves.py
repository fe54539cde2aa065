"""Learning curves are drawn from the CSV files of training runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from zsris_ros.training.learning_curves import main, read_log
from zsris_ros.training.training_loop import append_row
from zsris_ros.types import InputError


def test_a_log_is_plotted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, picture = tmp_path / "clip_training.csv", tmp_path / "curves.png"
    for step in (10, 20):
        append_row(log, {"step": step, "rate": 0.001, "loss": 2.0 / step, "name": 0.1 * step})
    assert read_log(log)["loss"] == [0.2, 0.1]
    assert main([str(log), str(log), "--out", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    (tmp_path / "other.csv").write_text("a,b\n1,x\n")
    assert main([str(tmp_path / "other.csv"), "--out", str(picture)]) == 1
    assert "other.csv is no log" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "step,loss\n", "step,loss\n1\n", "loss\n1\n"])
def test_other_files_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(text)
    with pytest.raises(InputError, match="no log of a training run"):
        read_log(tmp_path / "log.csv")
