"""Summaries of records, with the figures of the papers."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.answer_records import NOTHING, OBJECTS, box, look, record

from zsris_ros.evaluation.records import (
    AnswerRecord,
    FrameRecord,
)
from zsris_ros.evaluation.reports.figures import counted_iou, summarise, write_summary

HALF = box(0, 4)


def test_a_summary_of_few_answers():
    answers = [
        record("the mug", OBJECTS[0]),
        record("left mug", HALF, category="position"),  # IoU 0.5, not above it
        record("the ball", NOTHING, targets=(2,)),
    ]
    summary = summarise(answers, [look(), look("two", 1.0, sam=(0, 0))])
    assert summary["n"] == 3
    assert summary["miou"] == 0.5 and summary["oiou"] == pytest.approx(120 / 240)
    assert summary["accuracy"] == summary["precision"]["0.5"] == pytest.approx(1 / 3, abs=1e-4)
    assert list(summary["precision"]) == ["0.5", "0.7", "0.9"]
    assert summary["by_category"] == {
        "attribute": {"n": 2, "miou": 0.5, "oiou": 0.5, "accuracy": 0.5},
        "position": {"n": 1, "miou": 0.5, "oiou": 0.5, "accuracy": 0.0},
    }
    assert summary["verdicts"] == {"FOUND": 2, "NOT_FOUND": 1}
    assert summary["proposal_bound"] == 0.75 and summary["objects"] == 4 and summary["frames"] == 2
    assert summary["proposal_bounds"] == {"joined": 0.75, "sam": 0.25}
    assert summary["proposals_per_frame"] == {"joined": 5, "sam": 3}
    assert summary["seconds_per_scene"] == 0.75
    assert "mask_class_accuracy" not in summary and "no_target" not in summary


def test_a_summary_without_answers():
    summary = summarise([], [])
    assert summary["n"] == summary["miou"] == summary["oiou"] == summary["ociou"] == 0
    assert summary["proposal_bound"] == summary["bound_miou"] == summary["seconds_per_scene"] == 0
    assert summary["by_category"] == summary["by_length"] == summary["verdicts"] == {}


def test_the_bound_of_the_questions_is_of_their_best_proposals():
    answers = [
        record(answered=NOTHING, proposals=[HALF]),
        record(targets=(1,), answered=NOTHING, proposals=[OBJECTS[1]]),
        record(targets=(), answered=NOTHING),  # nothing to propose for
    ]
    summary = summarise(answers, [])
    assert summary["bound_miou"] == 0.75
    assert summary["bound_oiou"] == pytest.approx((40 + 80) / 160)


def test_object_centric_iou_takes_all_answers_to_one_object_together():
    answers = [
        record("the mug", OBJECTS[0]),
        record("left mug", HALF),  # 40 of 80 pixels, so both together reach 0.5
        record("the ball", OBJECTS[2], targets=(2,)),
        record("the mug", NOTHING, item="two"),  # another frame, another object
        record("a mug", OBJECTS[1], expected="AMBIGUOUS", targets=(0, 1)),  # means none of the two
    ]
    assert summarise(answers, [])["ociou"] == pytest.approx((0.5 + 1 + 0) / 3)


def test_rows_by_the_number_of_words():
    lengths = [1, 2, 3, 4, 7, 8, 20, 21, 60]
    answers = [record(" ".join(["mug"] * length)) for length in lengths]
    rows = summarise(answers, [])["by_length"]
    found = {name: row["n"] for name, row in rows.items()}
    assert found == {"1-2": 2, "3": 1, "4-5": 1, "6-7": 1, "8-10": 1, "11-20": 1, "21+": 2}
    assert list(rows) == ["1-2", "3", "4-5", "6-7", "8-10", "11-20", "21+"]


def test_the_class_of_an_answer():
    answers = [
        record(answered=HALF, target_class="mug", answered_class="mug"),
        record(answered=OBJECTS[1], target_class="mug", answered_class="mug"),
        record(answered=OBJECTS[2], target_class="mug", answered_class="ball"),
        record(answered=NOTHING, target_class="mug"),
        record(),  # without a class
    ]
    summary = summarise(answers, [])
    assert summary["mask_class_accuracy"] == 0.5
    assert summary["class_conditioned_oiou"] == pytest.approx(40 / (80 + 160), abs=1e-4)


def test_questions_without_a_target():
    answers = [
        record("the cube", NOTHING, targets=()),
        record("the cone", OBJECTS[0], targets=()),
        record("the disc", NOTHING, targets=(), verdict="REFUSED"),
        record("the mug", OBJECTS[0], verdict="AMBIGUOUS"),
        record("the ball", NOTHING, targets=(2,)),
    ]
    summary = summarise(answers, [])
    assert summary["no_target"] == {"n": 3, "n_accuracy": 0.6667, "t_accuracy": 0.5}
    assert summary["miou"] == pytest.approx(3 / 5)  # gIoU: rightly nothing counts 1
    assert summary["oiou"] == pytest.approx(
        80 / 240, abs=1e-4
    )  # cIoU: a wrong mask adds to the union


def test_an_annotation_without_a_pixel_counts_0_as_published():
    assert counted_iou(record(answered=NOTHING, intersection=0, union=0)) == 0


boxes = st.builds(box, st.integers(0, 30), st.integers(0, 8))
some_answers = st.lists(
    st.builds(
        lambda answered, targets, item, words: record(
            " ".join(["mug"] * words), answered, targets, item=item, category=f"c{words % 3}"
        ),
        boxes,
        st.sampled_from([(), (0,), (1,), (0, 2)]),
        st.sampled_from(["one", "two"]),
        st.integers(1, 12),
    ),
    max_size=8,
)
some_looks = st.lists(st.builds(look, st.just("one"), st.floats(0, 9)), max_size=4)


@given(some_answers, some_looks, st.randoms())
def test_the_order_of_the_records_does_not_matter(
    answers: list[AnswerRecord], looks: list[FrameRecord], random: Random
):
    before = summarise(answers, looks)
    random.shuffle(answers)
    random.shuffle(looks)
    assert json.dumps(summarise(answers, looks)) == json.dumps(before)


def test_the_written_summary_has_versions_and_machine(tmp_path: Path):
    path = write_summary(tmp_path, {"method": "hybridgl", **summarise([record()], [look()])})
    written = json.loads(path.read_text())
    assert written["method"] == "hybridgl" and written["miou"] == 1
    assert {"zsris_ros", "python", "torch"} <= set(written["versions"])
    assert written["machine"]["cpus"] >= 1
