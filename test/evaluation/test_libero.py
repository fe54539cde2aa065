"""LIBERO: questions from sentences and goals, the recorder's errors, and the tables."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.squares import SQUARES, squares_frame

from zsris_ros.cli import main
from zsris_ros.evaluation.datasets.frames import FramesData, write_frame
from zsris_ros.evaluation.datasets.items import EvaluationItem, Question
from zsris_ros.evaluation.libero.libero_tables import libero_tables
from zsris_ros.evaluation.libero.object_names import ABSENT_NAMES, LOOKS, NAMES, name_of
from zsris_ros.evaluation.libero.simulated_frames import answer_simulated
from zsris_ros.evaluation.libero.task_questions import first_objects, task_questions
from zsris_ros.evaluation.reports.markdown import with_results
from zsris_ros.types import Verdict

BOWLS = {"akita_black_bowl_1": 0, "akita_black_bowl_2": 1, "plate_1": 2, "flat_stove_1": 3}


@pytest.mark.parametrize(
    ("sentence", "goal", "meant"),
    [
        (
            "pick up the black bowl between the plate and the ramekin and place it on the plate",
            [["on", "akita_black_bowl_1", "plate_1"]],
            ["akita_black_bowl_1"],
        ),
        (
            "stack the right bowl on the left bowl and place them in the tray",
            [
                ["on", "akita_black_bowl_2", "akita_black_bowl_1"],
                ["in", "akita_black_bowl_1", "wooden_tray_1_contain_region"],
            ],
            ["akita_black_bowl_2"],
        ),
        (
            "put the yellow and white mug on the left plate and the white mug on the right plate",
            [["on", "porcelain_mug_1", "plate_2"], ["on", "white_yellow_mug_1", "plate_1"]],
            ["white_yellow_mug_1"],
        ),
        (
            "put both moka pots on the stove",
            [
                ["on", "moka_pot_1", "flat_stove_1_cook_region"],
                ["on", "moka_pot_2", "flat_stove_1_cook_region"],
            ],
            ["moka_pot_1", "moka_pot_2"],
        ),
        (
            "turn on the stove and put the moka pot on it",
            [["turnon", "flat_stove_1"], ["on", "moka_pot_1", "flat_stove_1_cook_region"]],
            ["flat_stove_1"],
        ),
        (
            "put the black bowl in the bottom drawer of the cabinet and close it",
            [
                ["close", "white_cabinet_1_bottom_region"],
                ["in", "akita_black_bowl_1", "white_cabinet_1_bottom_region"],
            ],
            ["akita_black_bowl_1"],
        ),
        (
            "open the top drawer and put the bowl inside",
            [
                ["open", "wooden_cabinet_1_top_region"],
                ["in", "akita_black_bowl_1", "wooden_cabinet_1_top_region"],
            ],
            [],
        ),
    ],
)
def test_the_goal_gives_the_object_of_the_first_verb(
    sentence: str, goal: list[list[str]], meant: list[str]
) -> None:
    assert first_objects(sentence, goal) == meant


def test_a_frame_is_asked_for_the_sentence_the_object_and_absent_ones() -> None:
    goal = [["on", "akita_black_bowl_1", "plate_1"]]
    asked = list(task_questions("put the black bowl on the plate", goal, BOWLS, 4))
    sentence, named, *absent = asked
    assert (sentence.category, sentence.targets) == ("sentence", (0,))
    assert (named.text, named.targets, named.verdict) == (
        "the black bowl",
        (0, 1),
        Verdict.AMBIGUOUS,
    )
    assert len(absent) == 2
    seen = {LOOKS["akita_black_bowl"], LOOKS["plate"], LOOKS["flat_stove"]}
    looks = {name: look for look, names in ABSENT_NAMES.items() for name in names}
    for each in absent:
        assert each.verdict is Verdict.NOT_FOUND and each.targets == ()
        assert looks[each.text.removeprefix("the ")] not in seen


def test_a_hidden_object_is_not_asked_for() -> None:
    goal = [["open", "wooden_cabinet_1_top_region"], ["in", "butter_1", "wooden_cabinet_1"]]
    asked = list(task_questions("put the butter into the drawer", goal, {"wooden_cabinet_1": 0}, 0))
    assert [each.text for each in asked if each.targets] == ["the wooden cabinet"]


def test_absent_names_are_names_of_their_group() -> None:
    for look, names in ABSENT_NAMES.items():
        assert set(names) <= {NAMES[model] for model, each in LOOKS.items() if each == look}
    assert name_of("some_new_thing_3") == "some new thing"


@pytest.mark.parametrize("missing", ["libero", "robosuite", "h5py"])
def test_the_recorder_names_the_extra(
    missing: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    assert main(["record-libero", str(tmp_path), "libero_spatial"]) == 2
    error = capsys.readouterr().err
    assert "LIBERO's frames need the package" in error
    assert "pip install 'zsris_ros[household]'" in error


def summary(right: float, absent: float) -> dict[str, Any]:
    return {
        "weights": "tabletop",
        "frames": 10,
        "objects": 50,
        "proposal_bound": 0.9,
        "n": 40,
        "accuracy": 0.5,
        "by_category": {
            "sentence": {"n": 10, "right": right},
            "object": {"n": 10, "right": 0.3},
            "absent": {"n": 20, "right": absent},
        },
        "expected_verdicts": {"FOUND": 15, "AMBIGUOUS": 5, "NOT_FOUND": 20},
        "verdicts": {"FOUND": 30, "AMBIGUOUS": 10},
        "no_target_accuracy": absent,
        "false_refusals": 0.1,
        "ambiguous_recall": 0.4,
        "ambiguous_precision": None,
    }


def test_the_tables_pool_the_suites(tmp_path: Path) -> None:
    for suite, row in (("libero_goal", summary(0.9, 0.0)), ("libero_10", summary(0.5, 1.0))):
        folder = tmp_path / "household" / suite
        folder.mkdir(parents=True)
        (folder / "summary.json").write_text(json.dumps(row))
    text = libero_tables(tmp_path)
    assert "### Weights `household`" in text
    assert "| libero_goal | 10 | 0.900 | 90.0% of 10 (60%-98%) |" in text
    assert (
        "| **all** | 20 | 0.900 | 70.0% of 20 (48%-85%) | 30.0% of 20 (15%-52%) | 50.0% of 40"
        in (text)
    )
    assert "| **all** | 50.0% of 40 (35%-65%) | 10.0% of 40 (4%-23%) | 40.0% of 10" in text


def test_the_page_shows_the_results() -> None:
    docs = Path(__file__).parents[2] / "docs"
    page = (docs / "libero.md").read_text()
    assert with_results(page, libero_tables(docs / "results" / "libero")) == page


@pytest.mark.slow
def test_a_task_is_rendered_with_its_truth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("robosuite", reason="needs the extra household")
    assert main(["record-libero", str(tmp_path), "libero_spatial:0:1", "--state", "1"]) == 0
    (name,) = FramesData(tmp_path).names()
    item = FramesData(tmp_path).item(name)
    assert name == "libero_spatial_000_1" and item.frame.has_geometry
    bowl = item.truth(item.questions[0])
    assert item.frame.depth is not None and 0.5 < np.median(item.frame.depth[bowl]) < 2
    categories = ["sentence", "object", "absent", "absent", "destination"]
    assert [each.category for each in item.questions] == categories
    assert main(["record-libero", str(tmp_path), "libero_spatial:0:1", "--state", "1"]) == 0
    assert "0 frames rendered, 1 kept" in capsys.readouterr().out
    assert main(["record-libero", str(tmp_path), "libero_nowhere"]) == 2
    assert "libero_nowhere is no SUITE" in capsys.readouterr().err


THREE = ("akita_black_bowl_1", "wooden_cabinet_1", "plate_1")


def asked(root: Path, text: str, target: int, interest: list[str]) -> list[Question]:
    """The questions for destinations of a frame of a bowl, a cabinet and a plate."""
    question = Question(text, "sentence", (target,))
    item = EvaluationItem("a", squares_frame(), SQUARES, (question,))
    write_frame(root, item, THREE, interest)
    return [each for each in FramesData(root).item("a").questions if each.asks == "destination"]


@pytest.mark.parametrize(
    ("text", "target", "interest", "destination", "category"),
    [
        ("put the black bowl on the plate", 0, ["akita_black_bowl_1", "plate_1"], 2, "destination"),
        (
            "put the black bowl on top of the cabinet",
            0,
            ["akita_black_bowl_1", "wooden_cabinet_1_top_side"],
            1,
            "destination",
        ),
        (
            "put the black bowl in the top drawer of the cabinet",
            0,
            ["akita_black_bowl_1", "wooden_cabinet_1"],
            1,
            "destination part",
        ),
    ],
)
def test_the_objects_of_interest_give_the_destination(
    tmp_path: Path, text: str, target: int, interest: list[str], destination: int, category: str
) -> None:
    (question,) = asked(tmp_path, text, target, interest)
    assert question.targets == (destination,) and question.category == category


@pytest.mark.parametrize(
    ("text", "target", "interest"),
    [
        (
            "put the black bowl on the plate",
            0,
            ["plate_1", "akita_black_bowl_1"],
        ),  # which is meant?
        ("put the black bowl on the plate", 0, [*THREE]),
        ("put the black bowl on the plate", 0, ["akita_black_bowl_1", "main_table_region"]),
        ("the black bowl", 0, ["akita_black_bowl_1", "plate_1"]),
    ],
)
def test_without_one_destination_none_is_asked_for(
    tmp_path: Path, text: str, target: int, interest: list[str]
) -> None:
    assert not asked(tmp_path, text, target, interest)


def test_instructions_about_frames_are_answered_without_weights(tmp_path: Path) -> None:
    asked(tmp_path, "put the black bowl on the plate", 0, ["akita_black_bowl_1", "plate_1"])
    found = answer_simulated(FramesData(tmp_path), tmp_path / "out")["by_category"]
    assert found["sentence"]["accuracy"] == found["destination"]["accuracy"] == 1.0
    assert (tmp_path / "out" / "report.html").exists()
