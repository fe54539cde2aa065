"""`zsris eval … --method vatex` on a miniature RefCOCO in the published files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.small_vatex import save_small_vatex
from support.squares import SQUARES, squares_frame
from support.synthetic_datasets import small_scenes, write_refcoco

from zsris_ros import cli
from zsris_ros.baselines.vatex.vatex_proposer import VatexProposer
from zsris_ros.evaluation.datasets.items import EvaluationItem, Question
from zsris_ros.evaluation.records import read_answers
from zsris_ros.evaluation.scoring import Scorer
from zsris_ros.models.robot_models import load_segmenter


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


def test_an_improbable_object_is_scored_as_not_found(tmp_path: Path) -> None:
    """An evaluation takes the verdict without a candidate."""
    checkpoint = save_small_vatex(tmp_path / "vatex.safetensors", min_score=1.1)
    segmenter = load_segmenter(str(checkpoint))
    question = Question("the middle square", "", (1,))
    item = EvaluationItem("squares", squares_frame(), SQUARES, (question,))
    scene = segmenter.look(item.frame)
    result = segmenter.refer(scene, question.text)
    answer = Scorer(item).score(question, result, scene.proposals, 1.0)
    assert (answer.verdict, answer.iou, answer.score) == ("NOT_FOUND", 0.0, None)


def test_its_masks_can_be_proposals_of_another_method(tmp_path: Path) -> None:
    checkpoint = save_small_vatex(tmp_path / "vatex.safetensors")
    segmenter = load_segmenter(str(checkpoint))
    frame = squares_frame()
    proposals = VatexProposer(segmenter, ("square", "circle")).propose(frame)
    assert 1 <= len(proposals) <= 2 and set(proposals.sources) == {"vatex"}
    assert np.array_equal(
        proposals.masks[0], segmenter.refer(segmenter.look(frame), "the square").mask
    ) or np.array_equal(
        proposals.masks[0], segmenter.refer(segmenter.look(frame), "the circle").mask
    )

    write_refcoco(tmp_path / "data", small_scenes()[:1])
    command = ["eval", "refcoco", "--root", str(tmp_path / "data"), "--limit", "1", "--method"]
    command += ["hybridgl", "--proposals", f"all+{checkpoint}", "--out", str(tmp_path / "out")]
    assert cli.main([*command, "--weights", "tabletop"]) == cli.FAILED
    assert cli.main([*command, "--weights", "household"]) == 0
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["n"] > 0
