"""`zsris eval … --method vatex` on a miniature RefCOCO in the published files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.small_vatex import save_small_vatex
from support.synthetic_datasets import small_scenes, write_refcoco

from zsris_ros import cli
from zsris_ros.evaluation.records import read_answers
from zsris_ros.models.load_vatex import load_vatex
from zsris_ros.types import Frame, Verdict


def test_vatex_is_evaluated_as_any_method(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out = tmp_path / "data", tmp_path / "out"
    checkpoint = save_small_vatex(tmp_path / "vatex.safetensors")
    write_refcoco(root, small_scenes()[:1])
    command = ["eval", "refcoco", "--root", str(root), "--out", str(out), "--method", "vatex"]
    assert cli.main(command) == cli.FAILED
    assert "needs --checkpoint" in capsys.readouterr().err
    command += ["--checkpoint", str(checkpoint)]
    assert cli.main(command) == 0
    assert "written to" in capsys.readouterr().out
    assert (out / "report.html").is_file()
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["method"], summary["variant"]) == ("vatex", "trained")
    assert summary["parser"] == "rules" and summary["network"]["backbone"] == "small"
    answers = read_answers(out)
    assert summary["n"] == len(answers) > 5
    assert summary["miou"] == pytest.approx(np.mean([each.iou for each in answers]), abs=1e-3)
    assert {"ociou", "precision", "by_length"} <= set(summary)

    command[command.index("vatex")] = "hybridgl"
    assert cli.main(command) == cli.FAILED
    assert "belongs to --method vatex" in capsys.readouterr().err


def test_an_image_without_a_probable_object_counts_as_not_found(tmp_path: Path) -> None:
    """An evaluation takes the verdict without a candidate."""
    root, out = tmp_path / "data", tmp_path / "out"
    checkpoint = save_small_vatex(tmp_path / "vatex.safetensors")
    segmenter = load_vatex(checkpoint, min_score=1.1)
    frame = Frame(small_scenes()[0].frame.rgb)
    assert segmenter.refer(segmenter.look(frame), "mug").verdict is Verdict.NOT_FOUND
    write_refcoco(root, small_scenes()[:1])
    command = ["eval", "refcoco", "--root", str(root), "--out", str(out), "--method", "vatex"]
    assert cli.main([*command, "--checkpoint", str(checkpoint), "--min-score", "1.1"]) == 0
    assert {each.verdict for each in read_answers(out)} == {"NOT_FOUND"}
