"""Hostile expressions act on no path, terminal or log."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zsris_ros.language import parse
from zsris_ros.replay.answers import FrameAnswers
from zsris_ros.replay.replay_writer import ReplayWriter
from zsris_ros.types import (
    Candidate,
    Expression,
    Frame,
    InputError,
    Instruction,
    InstructionResult,
    NounPhrase,
    ReferringResult,
    Step,
    StepResult,
    Verdict,
)

ODD = [
    "../../../etc/passwd",
    "/tmp/zsris_pwned.png",
    "$(touch zsris_pwned); `id`",
    "%s %n {0.__class__}",
    "mug\x00\x1b]0;title\x07\r\n[ERROR] forged",
    "\u202egum der eht",
    "=cmd|' /C calc'!A1",
    "the red mug " * 87_382,
]


def texts(value: Any) -> list[str]:
    """Return every text in a dataclass at any depth, without the sentences for the text encoder."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for part in value for text in texts(part)]
    fields = vars(value) if hasattr(value, "__dict__") else {}
    return [text for name, part in fields.items() if name != "sentence" for text in texts(part)]


def is_plain(text: str) -> bool:
    turning = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return not any(unicodedata.category(each) == "Cc" or each in turning for each in text)


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from(["the", "red", "mug", "left of", "not", "second", *ODD[:-1]]))
    .flatmap(lambda words: st.text().map(lambda text: f"{' '.join(words)}{text}"))
)  # fmt: skip
def test_quoted_words_are_plain_text(text: str) -> None:
    try:
        parsed = parse(text, "rules")
    except InputError:  # no word
        return
    assert parsed.text == text
    quoted = texts((parsed.target, parsed.further))
    assert all(map(is_plain, quoted)), quoted


def test_a_megabyte_parses() -> None:
    assert parse(ODD[-1], "rules").target.head == "mug"


@pytest.mark.parametrize("text", ODD)
def test_file_names_of_a_replay_hold_no_expression(text: str, tmp_path: Path) -> None:
    mask = np.zeros((20, 30), bool)
    mask[5:9, 5:9] = True
    best = Candidate(0, 0.9, (5.0, 5.0, 3.0, 3.0), (6.5, 6.5), selected=True)
    referral = ReferringResult(
        Verdict.FOUND, Expression(text, NounPhrase(text, text)), (best,), mask, text, text
    )
    step = StepResult(Step("find", referral.expression.target), referral)
    answer = InstructionResult(Instruction(text, (step.step,)), (step,), Verdict.FOUND, text)
    frame = Frame(np.zeros((20, 30, 3), np.uint8))
    folder = tmp_path / "replay"
    with ReplayWriter(folder, [text], None) as outputs:
        outputs.write(FrameAnswers(1_000_000_000, frame, "", (answer,), ({"refer": 1.0},)))
    written = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*"))
    drawn = "overlays/1.000000000_1.png"
    assert written == [f"replay/{name}" for name in ("answers.csv", "answers.jsonl", drawn)]
    (row,) = map(json.loads, (folder / "answers.jsonl").read_text(encoding="utf-8").splitlines())
    assert row["expression"] == text
