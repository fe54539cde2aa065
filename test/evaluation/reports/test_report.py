"""The report of a run: complete, self-contained, and safe for any data."""

from __future__ import annotations

import base64
import io
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.answer_records import HEIGHT, NOTHING, OBJECTS, WIDTH, SmallData, box, look, record

from zsris_ros.evaluation.records import AnswerRecord
from zsris_ros.evaluation.reports import samples
from zsris_ros.evaluation.reports.figures import summarise
from zsris_ros.evaluation.reports.html_report import write_report
from zsris_ros.geometry import run_lengths
from zsris_ros.types import InputError

VOID = {"meta", "img"}
HOSTILE = "</title><script>alert('x')</script>\"><img src=http://evil.example/ onerror=alert(1)>&"


class Page(HTMLParser):
    """The elements of a page; fails on an element that is not closed in its place."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.sources: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        named = dict(attrs)
        assert not any(name.startswith("on") for name in named), named
        self.sources += [value for key in ("src", "href") if (value := named.get(key)) is not None]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def report(directory: Path, answers: list[AnswerRecord], **settings: object) -> Page:
    items = sorted({answer.item for answer in answers})
    summary = {**settings, **summarise(answers, [look(item) for item in items])}
    path = write_report(directory, summary, answers, SmallData(*items))
    assert path == directory / "report.html"
    return Page(path)


def test_a_report_shows_figures_and_pictures(tmp_path: Path):
    answers = [
        record("the mug", item="one"),
        record("the ball", OBJECTS[1], targets=(2,), item="two", category="position"),
        record("the cone", NOTHING, targets=()),
    ]
    page = report(tmp_path, answers, method="crop", variant="paper", weights="tabletop")
    assert "Small <data> · crop · paper" in page.text
    for said in ("weights tabletop", "66.67 %", "position", "failed on: choice", "because", "two"):
        assert said in page.text
    assert page.tags["figure"] == 3 + 2 + 3  # worst, best of those that mean something, drawn
    assert page.tags["svg"] == 1 and page.tags["script"] == page.tags["link"] == 0
    for source in page.sources:
        kind, _, data = source.partition(",")
        assert kind == "data:image/jpeg;base64"
        assert Image.open(io.BytesIO(base64.b64decode(data))).size == (WIDTH, HEIGHT)


def test_hostile_text_is_escaped(tmp_path: Path):
    said = {"item": HOSTILE, "category": HOSTILE, "explanation": HOSTILE, "verdict": HOSTILE}
    hostile = record(HOSTILE, **said)
    page = report(tmp_path, [hostile, record("\ud800\x00\u202e")], method=HOSTILE, weights=HOSTILE)
    assert page.tags["script"] == 0
    assert all(source.startswith("data:image/jpeg;base64,") for source in page.sources)
    assert HOSTILE in page.text
    raw = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in raw


def test_published_figures_stand_beside_the_measured_ones(tmp_path: Path):
    settings = {"dataset": "refcoco", "split": "val", "split_by": "unc", "method": "hybridgl"}
    text = report(tmp_path, [record()], **settings).text
    assert "41.81" in text and "49.48" in text and "train2014" in text
    assert "report nothing" not in text
    assert "report nothing" in report(tmp_path, [record()], dataset="tabletop").text


def test_an_empty_run_has_a_report(tmp_path: Path):
    page = report(tmp_path, [])
    assert page.tags["figure"] == 0 and "0 of 0 answers" in page.text


def test_the_histogram_counts_every_question_with_a_target(tmp_path: Path):
    answers = [record(f"mug {n}", box(n % 9)) for n in range(20)] + [record("x", NOTHING, ())]
    report(tmp_path, answers)
    raw = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert sum(map(int, re.findall(r": (\d+) answers, ", raw))) == 20
    assert sum(map(int, re.findall(r"(\d+) best proposals", raw))) == 20


def test_why_an_answer_is_wrong():
    wrong = OBJECTS[1]
    assert samples.reason(record()) == "right"
    assert samples.reason(record(answered=wrong)) == "choice"
    assert samples.reason(record(answered=wrong, proposals=[wrong])) == "proposals"
    assert samples.reason(record(answered=NOTHING, best_iou=0.9)) == "verdict"
    assert samples.reason(record(answered=wrong, targets=())) == "nothing meant"
    assert samples.reason(record(answered=NOTHING, targets=())) == "right"
    assert samples.reason(record(answered=NOTHING, verdict="REFUSED")) == "not read"


def test_the_worst_answers_are_the_wrong_ones_of_many_frames():
    right = [record(f"right {n}", item=f"r{n}") for n in range(5)]
    wrong = [record(f"wrong {n}", NOTHING, item="a" if n else "b") for n in range(4)]
    half = record("half", box(0, 4), item="a")
    answers = [*right, *wrong, half]
    two = samples.worst(answers, 2)
    assert {each.item for each in two} == {"a", "b"} and all(each.iou == 0 for each in two)
    assert {each.expression for each in samples.worst(answers, 5)} == {
        "half",
        *(each.expression for each in wrong),
    }
    assert len(samples.worst(answers, 7)) == 7
    assert all(each.iou == 1 for each in samples.best(answers, 5))


def test_the_shown_answers_do_not_depend_on_the_order():
    answers = [record(f"mug {n}", item=str(n // 2)) for n in range(20)]
    for pick in (samples.worst, samples.best, samples.drawn):
        assert pick(answers, 6) == pick(answers[::-1], 6)
    assert samples.drawn(answers, 6, seed=1) != samples.drawn(answers, 6, seed=2)


def test_a_picture_shows_answer_and_truth():
    rgb = np.zeros((96, 160, 3), np.uint8)
    scale = {"height": 96, "width": 160}
    big = np.zeros((96, 160), bool)
    big[10:50, 10:50] = True
    other = np.roll(big, 80, axis=1)
    masks = {
        "mask": run_lengths.encode(big)["counts"],
        "truth": run_lengths.encode(other)["counts"],
    }
    jpeg = samples.picture(rgb, record(**masks, **scale))
    seen = np.asarray(Image.open(io.BytesIO(jpeg))).astype(int)
    assert seen[30, 30, 0] > 80 and seen[30, 30, 2] < 40  # tinted
    assert seen[30, 110].max() < 40 and seen[10, 110].min() > 150  # only outlined, in white


def test_a_frame_of_another_size_is_refused():
    with pytest.raises(InputError, match="the data set has changed"):
        samples.picture(np.zeros((4, 4, 3), np.uint8), record())


def test_the_report_of_a_long_run_is_small(tmp_path: Path):
    answers = [record(f"mug {n}", box(n % 32), item=str(n)) for n in range(300)]
    page = report(tmp_path, answers)
    assert page.tags["figure"] == 30
    assert (tmp_path / "report.html").stat().st_size < 5_000_000
