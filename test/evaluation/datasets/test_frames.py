"""Frames of any source: the form, its optional parts, boxes, verdicts and damaged files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.squares import SQUARES, blob, squares_frame

from zsris_ros.cli import main
from zsris_ros.evaluation.datasets.frames import FramesData, write_frame
from zsris_ros.evaluation.datasets.items import EvaluationItem, Question
from zsris_ros.evaluation.records import read_answers
from zsris_ros.evaluation.scoring import Scorer
from zsris_ros.proposals.from_file import FixedProposer
from zsris_ros.types import (
    BoolArray,
    Expression,
    InputError,
    NounPhrase,
    ReferringResult,
    Verdict,
)

FRAMES = Path(__file__).parents[2] / "data" / "frames"
NAMES = ("near", "middle", "far")
QUESTIONS = (
    Question("the leftmost object", "superlative", (0,)),
    Question("the square", "object", (0, 2), Verdict.AMBIGUOUS),
    Question("the cat", "absent", (), Verdict.NOT_FOUND),
)


def written(root: Path) -> Path:
    """Write one frame of three squares."""
    write_frame(root, EvaluationItem("a", squares_frame(), SQUARES, QUESTIONS), NAMES, ["far"])
    return root


def change(root: Path, **fields: Any) -> None:
    """Change the JSON file of the frame; None removes a field."""
    path = root / "a.json"
    document = {**json.loads(path.read_text()), **fields}
    path.write_text(json.dumps({k: v for k, v in document.items() if v is not None}))


def test_a_written_frame_is_read_again(tmp_path: Path) -> None:
    data = FramesData(written(tmp_path))
    assert data.names() == ["a"]
    item, frame = data.item("a"), squares_frame()
    np.testing.assert_array_equal(item.frame.rgb, frame.rgb)
    np.testing.assert_allclose(item.frame.depth, frame.depth, atol=5e-4)
    assert item.frame.intrinsics == frame.intrinsics
    np.testing.assert_array_equal(item.masks, SQUARES)
    assert item.questions == QUESTIONS
    assert json.loads((tmp_path / "a.json").read_text())["of_interest"] == ["far"]


def test_depth_labels_and_camera_are_optional(tmp_path: Path) -> None:
    data = FramesData(written(tmp_path))
    change(tmp_path, K=None)
    assert data.item("a").frame.depth is not None and not data.item("a").frame.has_geometry
    (tmp_path / "a_depth.png").unlink()
    assert data.item("a").frame.depth is None
    (tmp_path / "a_label.png").unlink()
    with pytest.raises(InputError, match=r"a\.json.*means near, and no pixel"):
        data.item("a")
    change(tmp_path, objects=None, questions=[{"text": "the far one", "box": [45, 6, 16, 30]}])
    item = data.item("a")
    assert item.masks.shape == (0, 48, 64)
    (question,) = item.questions
    assert (question.verdict, question.box) == (Verdict.FOUND, (45, 6, 16, 30))
    assert question.has_target and item.truth(question).sum() == 16 * 30


def test_a_hidden_object_counts_nowhere(tmp_path: Path) -> None:
    change(written(tmp_path), objects={"hidden": 9, "near": 1}, questions=[])
    assert len(FramesData(tmp_path).item("a").masks) == 1


def test_verdict_and_category_have_defaults(tmp_path: Path) -> None:
    rows = [{"text": "the leftmost object", "targets": ["near"]}, {"text": "the cat"}]
    change(written(tmp_path), questions=rows)
    first, second = FramesData(tmp_path).item("a").questions
    assert (first.verdict, first.category) == (Verdict.FOUND, "superlative")
    assert (second.verdict, second.category) == (Verdict.NOT_FOUND, "name")


def test_names_are_chosen_by_a_pattern(tmp_path: Path) -> None:
    written(tmp_path)
    assert FramesData(tmp_path, "a*").names() == ["a"]
    with pytest.raises(FileNotFoundError, match=r"no frame b\*: --root must be"):
        FramesData(tmp_path, "b*")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({"text": "it", "targets": ["cup"]}, "means cup"),
        ({"text": "it", "targets": ["near"], "verdict": "NOT_FOUND"}, "NOT_FOUND has neither"),
        ({"text": "it", "verdict": "FOUND"}, "need targets or a box"),
        ({"text": "it", "targets": ["near"], "box": [1, 1, 5, 5]}, "targets or a box"),
        ({"text": "it", "targets": ["near"], "verdict": "MAYBE"}, "MAYBE"),
        ({"text": "it", "box": [70, 1, 5, 5]}, "covers no pixel"),
        ({"text": "it", "box": [1, 1, 5]}, "form of docs/libero.md"),
        ({"targets": ["near"]}, "text"),
    ],
)
def test_a_wrong_question_is_named(tmp_path: Path, question: dict[str, Any], said: str) -> None:
    change(written(tmp_path), questions=[question])
    with pytest.raises(InputError, match=r"a\.json") as raised:
        FramesData(tmp_path).item("a")
    assert said in str(raised.value)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    data = FramesData(written(tmp_path))
    good = (tmp_path / "a_depth.png").read_bytes()
    for damaged in (good[: len(good) // 2], b"", b"no picture"):
        (tmp_path / "a_depth.png").write_bytes(damaged)
        with pytest.raises(InputError, match=r"a_depth\.png is not a whole picture"):
            data.item("a")
    for pixels in (np.zeros((5, 5), np.uint16), np.zeros((48, 64, 3), np.uint8)):
        Image.fromarray(pixels).save(tmp_path / "a_depth.png")
        with pytest.raises(InputError, match=r"a_depth\.png holds.*one channel of integers"):
            data.item("a")
    (tmp_path / "a_depth.png").write_bytes(good)
    for text in ("[1, 2", "[]", '{"questions": 3}', '{"K": [1, 2], "questions": []}'):
        (tmp_path / "a.json").write_text(text)
        with pytest.raises(InputError, match=r"a\.json"):
            data.item("a")
    (tmp_path / "a.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"a\.json is missing"):
        data.item("a")


def answered(mask: BoolArray, verdict: Verdict = Verdict.FOUND) -> ReferringResult:
    phrase = NounPhrase("the thing", "thing")
    return ReferringResult(verdict, Expression("the thing", phrase), (), mask, "said", "because")


def test_a_box_is_compared_with_the_box_of_the_mask() -> None:
    """A hollow mask covers little of its box, and its box is right."""
    frame = squares_frame()
    ring = blob(10, 20, 5, 20)
    ring[7:23, 12:28] = False
    asked = Question("the ring", "photo", (), box=(10.4, 5.2, 19.0, 20.0))
    item = EvaluationItem("a", frame, np.zeros((0, 48, 64), bool), (asked,))
    proposals = FixedProposer(np.stack([blob(40), ring]), "sam").propose(frame)
    scorer = Scorer(item)
    right = scorer.score(asked, answered(ring), proposals, 1.0)
    assert right.iou > 0.9 and right.bound == right.iou and right.has_target
    wrong = scorer.score(asked, answered(blob(40)), proposals, 1.0)
    assert (wrong.iou, wrong.bound) == (0, right.bound)
    nothing = scorer.score(asked, answered(np.zeros_like(ring), Verdict.NOT_FOUND), proposals, 1.0)
    assert nothing.iou == 0 and nothing.message == "said"


def run(root: Path, out: Path, *more: str) -> dict[str, Any]:
    arguments = ["eval", "frames", "--root", str(root), "--out", str(out), "--device", "cpu"]
    arguments += ["--weights", "tabletop"]
    assert main([*arguments, *more]) == 0
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text())
    return summary


@pytest.mark.timeout(300)
def test_simulated_frames_are_answered_and_summed_up(tmp_path: Path) -> None:
    """With and without depth; an instruction, a box, absent and ambiguous objects."""
    out = tmp_path / "out"
    summary = run(FRAMES, out, "--pictures", "2")
    answers = {(each.item, each.expression): each for each in read_answers(out)}
    assert summary["n"] == len(answers) == sum(r["n"] for r in summary["by_category"].values())
    assert summary["frames"] == 3 and summary["refused"] == 0
    assert summary["proposal_bound"] > 0.9
    assert summary["no_target_accuracy"] == 1 and summary["false_refusals"] == 0
    assert summary["ambiguous_recall"] == 1
    assert summary["right"] == 1
    assert summary["by_category"]["sentence"]["right"] == 1
    sentence = next(each for each in answers.values() if each.category == "sentence")
    assert sentence.verdict == "FOUND" and sentence.message.startswith("Found")
    boxed = [each for each in answers.values() if each.box]
    assert boxed and all(each.iou > 0.8 for each in boxed)
    assert len(list((out / "worst").glob("*.png"))) == 2
    picture = np.asarray(Image.open(next((out / "worst").glob("01_*.png"))))
    assert picture.shape == (240, 320, 3)
    before = (out / "answers.jsonl").read_text()
    assert run(FRAMES, out)["n"] == summary["n"]
    assert (out / "answers.jsonl").read_text() == before, "a completed run computes nothing again"


def test_a_damaged_frame_ends_the_command_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path)
    (tmp_path / "a_label.png").write_bytes(b"no picture")
    arguments = ["eval", "frames", "--root", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--device", "cpu"]) == 2
    assert "a_label.png is not a whole picture, get it again" in capsys.readouterr().err


def test_pictures_are_of_one_method(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["eval", "frames", "--root", str(written(tmp_path)), "--out", str(tmp_path / "o")]
    assert main([*arguments, "--method", "all", "--pictures", "2"]) == 2
    assert "choose one with --method" in capsys.readouterr().err
