"""Instructions on annotated texts, on the development set and on arbitrary text."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.instructions import load, notation

from zsris_ros.cli import main
from zsris_ros.language.instructions import instruction_to_json, parse_instruction
from zsris_ros.language.lexicon import actions
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.types import InputError, Instruction

SHARED = Path(
    os.environ.get("ZSRIS_LANGUAGE_DIR") or Path(__file__).resolve().parents[3] / "shared/language"
)
LIMIT_S = 1.0
"""Seconds of the processor: far above the usual 30 ms, far below an exponential search."""
NOUNS = st.text("bdfgklmnprtvz", min_size=2, max_size=4).map(lambda stem: stem + "ob")
VERBS = sorted(verb for verb, action in actions.VERBS.items() if action in ("pick", "place"))
PHRASES = [
    " ".join(words)
    for table in (lex.RELATIONS, actions.SPEECH_ACTS, actions.DESTINATIONS, lex.NEGATIVE_PHRASES)
    for by_second in table.values()
    for rows in by_second.values()
    for words, _ in rows
]
WORDS = [
    *actions.VERBS, *actions.PARTICLES, *actions.PRONOUNS, *PHRASES, "the", "a", "cup", "red",
    "plates", ",", ".", "and", "then", "do not", "leave", "with", "that is", "there", "one",
    "both", "two", "second", "left", "top", "side of", "where it is", "'s", "uh", "\u202e", "\x00",
    "\ud800",
]  # fmt: skip


def test_annotated_instructions() -> None:
    rows = load()
    wrong = {text: notation(text) for text, steps in rows if notation(text) != steps}
    assert len(rows) > 300 and not wrong


def test_development_set(tmp_path: Path) -> None:
    gold, scorer = SHARED / "instructions_dev.jsonl", SHARED / "score_instructions.py"
    if not gold.is_file():
        pytest.skip(f"{gold} is absent: set ZSRIS_LANGUAGE_DIR to the annotated instructions")
    texts = [json.loads(line)["text"] for line in gold.read_text("utf-8").splitlines() if line]
    parsed = tmp_path / "parsed.jsonl"
    rows = [json.dumps(instruction_to_json(parse_instruction(text))) for text in texts]
    parsed.write_text("\n".join(rows), encoding="utf-8")
    command = [sys.executable, str(scorer), str(gold), str(parsed), "--errors", "-1"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert float(printed.split()[-1].rstrip("%")) >= 95, printed


def steps(text: str) -> list[tuple[str, str]]:
    """The action and the target's head of each step."""
    found = parse_instruction(text).steps
    return [(step.action, step.target.head if step.target else "") for step in found]


@given(
    st.lists(
        st.tuples(st.sampled_from(VERBS), NOUNS),
        min_size=1,
        max_size=5,
        unique_by=lambda order: order[1],
    )
)
def test_a_step_for_each_verb(orders: list[tuple[str, str]]) -> None:
    said = [(actions.VERBS[verb], noun) for verb, noun in orders]
    for junction in (" and ", ", ", ". ", " and then ", ", after that ", " "):
        text = junction.join(f"{verb} the {noun}" for verb, noun in orders)
        if "leave" not in text:  # without a destination it asks for no action
            assert steps(text) == said, text


@given(NOUNS, NOUNS, st.sampled_from(["on", "in", "next to", "behind", "between the twins and"]))
def test_unknown_nouns_have_destinations(noun: str, other: str, preposition: str) -> None:
    (step,) = parse_instruction(f"please put the red {noun} {preposition} the {other}").steps
    assert step.target is not None and step.destination is not None
    assert (step.target.head, step.target.attributes) == (noun, ("red",))
    assert step.destination.anchors[-1].head == other


@pytest.mark.parametrize("text", ["the red mug", "a mug on the tray", "the one left of the bowl"])
def test_a_bare_expression_is_to_be_found(text: str) -> None:
    parsed = parse_instruction(text)
    assert parsed.is_expression and parsed.steps[0].action == "find"
    assert not parse_instruction(f"put {text} in the box").is_expression


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("move to the red mug", [("other", "mug")]),
        ("put your gripper next to the mug", [("other", "mug")]),
        ("move both hands over the mug and grab it", [("other", "mug"), ("pick", "")]),
        ("pick up the mug and move to the plate", [("pick", "mug"), ("move", "")]),
        ("put it on the plate", [("place", "it")]),
        ("put the tool on the plate", [("place", "tool")]),
    ],
)
def test_the_robot_moves_to_the_object_that_is_meant(
    text: str, expected: list[tuple[str, str]]
) -> None:
    assert steps(text) == expected


def test_texts_without_words_are_refused() -> None:
    for text in ("", " ?!", "\u202e", "\x00"):
        with pytest.raises(InputError):
            parse_instruction(text)


def check(parsed: Instruction) -> None:
    """Properties of every instruction: each step has an object, and indices point backwards."""
    assert parsed.steps
    for k, step in enumerate(parsed.steps):
        assert (step.target is None) == (step.same_as is not None)
        assert all(phrase.text and phrase.head for phrase in step.targets)
        for index in (step.same_as, step.destination and step.destination.same_as):
            assert index is None or (0 <= index < k and parsed.steps[index].target is not None)
    json.dumps(instruction_to_json(parsed))


@settings(max_examples=300)
@given(st.text() | st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))
def test_any_text_gives_an_instruction_or_an_input_error(text: str) -> None:
    try:
        parsed = parse_instruction(text)
    except InputError:
        assert not any(map(str.isalnum, text))
        return
    check(parsed)


@pytest.mark.parametrize(
    "words",
    [
        "put the cup on the tray and ",
        "and the ",
        "can you ",
        "in it ",
        "take the x, ",
        "from the y ",
    ],
)
def test_two_thousand_characters_take_bounded_time(words: str) -> None:
    start = time.process_time()
    parse_instruction((words * 2000)[:2000])
    assert time.process_time() - start < LIMIT_S


def test_the_command_prints_a_line_for_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    texts = ["put the nut in the jar and close it", "the nut"]
    assert main(["parse", "--instructions", "--json", *texts]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [[step["action"] for step in row["steps"]] for row in rows] == [
        ["place", "close"],
        ["find"],
    ]
    assert main(["parse", "--instructions", texts[0]]) == 0
    assert "place the nut inside the jar" in capsys.readouterr().out
    assert main(["parse", "--instructions", "?"]) == 2
