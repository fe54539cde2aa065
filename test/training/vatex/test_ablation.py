"""The rows of the ablations and their intervals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.synthetic_datasets import small_scenes, write_refcoco

from zsris_ros import cli
from zsris_ros.baselines.vatex.vatex_settings import PROMPTS
from zsris_ros.training.vatex import ablation
from zsris_ros.training.vatex.ablation import Variation, summarise, table_lines, variations
from zsris_ros.types import InputError


def test_the_parts_are_all_subsets_and_the_whole_comes_last() -> None:
    rows = variations("parts")
    assert len({frozenset(row.without) for row in rows}) == 8
    assert (rows[0].name, rows[-1].name) == ("none", "prior+cmd+mcc")
    assert rows[-1].without == ()
    assert [row.prompt for row in variations("prompts")] == list(PROMPTS)
    with pytest.raises(InputError, match="use parts or prompts"):
        variations("haiku")


def test_intervals_are_those_of_students_t() -> None:
    one, two = Variation("one"), Variation("two")
    rows = summarise([(one, 0.5), (two, 0.6), (one, 0.6), (one, 0.7)])
    assert (rows[0]["miou"], rows[0]["seeds"]) == (0.6, 3)
    assert rows[0]["half_width"] == pytest.approx(4.303 * 0.1 / 3**0.5, abs=1e-3)
    assert rows[1]["half_width"] is None
    assert next(iter(table_lines(rows))).startswith("one             0.600 +- 0.248")


def test_an_ablation_is_one_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_refcoco(tmp_path, small_scenes()[:2], splits=("train", "val"))
    rows = [Variation("none", ("prior", "cmd", "mcc")), Variation("whole")]
    monkeypatch.setattr(ablation, "variations", lambda name: rows)  # two of eight, for time
    out = tmp_path / "out"
    command = ["train-vatex", "refcoco", "--root", str(tmp_path), "--out", str(out)]
    command += ["--size", "small", "--short-side", "64", "--steps", "1", "--batch", "1"]
    command += ["--ablation", "parts", "--seeds", "1", "--device", "cpu"]
    assert cli.main(command) == cli.FAILED
    assert "needs --validate" in capsys.readouterr().err
    assert cli.main([*command, "--validate", "1"]) == 0
    found = json.loads((out / "ablation.json").read_text())
    assert [row["name"] for row in found] == ["none", "whole"]
    assert (out / "whole.seed0" / "vatex.safetensors").is_file()
