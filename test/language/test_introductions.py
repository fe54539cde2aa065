"""Words around an expression that name no object leave its meaning alone."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from zsris_ros.language.interpretation import Interpretation, interpret
from zsris_ros.language.parsers import parse

WORDINGS = (
    "would you mind picking up *",
    "grab hold of *",
    "try grabbing *",
    "reach over and grab *",
    "first pick *",
    "next, pick *",
    "after that get *",
    "only *",
    "click on *",
    "hover above *",
    "start with *",
    "let go of *",
    "pay attention to *",
    "put your gripper on *",
    "move the gripper to *",
    "keep your eyes on *",
    "the goal is to grasp *",
    "your task is to find *",
    "the correct object is *",
    "my choice is *",
    "the thing i want is *",
    "the object that i am looking for is *",
    "what i need is *",
    "which of these is *",
    "target: *",
    "step 1: find *",
    "1. find *",
    "the object called *",
    "something that looks like *",
    "something like *",
    "i'd rather have *",
    "you have to get *",
    "when you see *, tell me",
    "* maybe",
    "* first",
    "* right away",
    "* by its handle",
    "* by the handle",
    "* with your left hand",
    "* using the gripper",
    "* without spilling it",
    "* so i can drink",
    "* but be careful",
    "* as soon as possible",
)


def meaning(text: str) -> Interpretation:
    read = interpret(parse(text, "rules").target)
    return replace(read, phrase=replace(read.phrase, sentence=""))


@pytest.mark.parametrize("wording", WORDINGS)
@pytest.mark.parametrize("phrase", ["the red mug", "the red mug left of the black bowl"])
def test_the_object_is_the_same(wording: str, phrase: str) -> None:
    assert meaning(wording.replace("*", phrase)) == meaning(phrase)


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("the first object", "object"),
        ("the object on the left", "object"),
        ("the gripper on the table", "gripper"),
        ("the tool next to the cup", "tool"),
        ("the handle of the drawer", "handle"),
        ("which of the cups is the tallest", "cups"),
        ("mug with the red handle", "mug"),
        ("the target", "target"),
        ("the one like the cup", "one"),
        ("the cutting board", "board"),
        ("can you see the washing machine", "machine"),
        ("the bottle without a cap", "bottle"),
        ("the box by the handle of the drawer", "box"),
    ],
)
def test_words_that_name_the_object_stay(text: str, head: str) -> None:
    assert parse(text, "rules").target.head == head


def test_unread_words_before_a_noun_phrase_leave_it_its_adjectives() -> None:
    target = parse("they might grab the black bowl", "rules").target
    assert (target.text, target.attributes) == ("the black bowl", ("black",))


def test_many_unread_determiners_take_bounded_time() -> None:
    start = time.process_time()
    assert parse("is my is this " * 2000, "rules").target.head == "one"
    assert time.process_time() - start < 20, "usually half a second"
