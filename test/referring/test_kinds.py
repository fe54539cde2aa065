"""Categories and their kinds: a carton is a box, whatever the weights make of the word "box"."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from support.scenes import Box, scene_of
from torch import Tensor

from zsris_ros.language import parse
from zsris_ros.language.rule_parser import RuleParser
from zsris_ros.referring.calibration import Calibration
from zsris_ros.referring.grounding.prompts import kinds_of, negative_texts, related_nouns
from zsris_ros.referring.product_resolver import ProductResolver
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import ReferringResult, Verdict

KINDS = {"box": ("carton", "milk"), "carton": ("milk",)}
ROW: list[Box] = [(5, 5, 10, 10), (30, 5, 10, 10)]
BOX, CARTON, MUG = torch.eye(3).tolist()


class Vectors:
    """Encodes texts by their last known noun; "pie" is unknown to it."""

    logit_scale = 20.0

    def unknown_words(self, text: str) -> tuple[str, ...]:
        return tuple(word for word in text.split() if word == "pie")

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        def vector(text: str) -> list[float]:
            milk = "carton" in text or "milk" in text
            return CARTON if milk else MUG if "mug" in text else BOX

        return torch.tensor([vector(text) for text in texts])


def refer(text: str, *features: list[float], kinds: bool = True) -> ReferringResult:
    settings = ReferSettings(
        absolute_logits=True, logit_scale=20.0, logit_bias=-10.0, templates=("{}",),
        vocabulary=("box", "carton", "mug"), kinds=KINDS if kinds else {}, min_score=0.3,
        calibration=Calibration(measured_on="a test"),
    )  # fmt: skip
    scene = scene_of(ROW, features=torch.tensor(features))
    return ProductResolver(Vectors(), None, RuleParser(), settings).refer(scene, text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the red box", ["red carton", "red milk"]),
        ("the two small boxes", ["small carton", "small milk"]),
        ("the pie box", ["pie carton", "pie milk"]),
        ("the cookie box", []),
        ("the red cookie box", []),
        ("the milk", []),
        ("the red thing", []),
    ],
)
def test_the_kinds_of_a_phrase(text: str, found: list[str]) -> None:
    target = parse(text, "rules").target
    assert kinds_of(target, ReferSettings(kinds=KINDS), Vectors().unknown_words) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the milk", ["box", "carton"]),
        ("two cartons", ["milk", "box"]),
        ("the red box", ["carton", "milk"]),
        ("the mug", []),
    ],
)
def test_the_kinds_and_categories_of_a_noun(text: str, found: list[str]) -> None:
    target = parse(text, "rules").target
    assert related_nouns(target, ReferSettings(kinds=KINDS)) == found


def test_neither_categories_nor_kinds_compete_with_a_phrase() -> None:
    settings = ReferSettings(kinds=KINDS, negatives=("{} box", "{} milk", "{} mug", "wall"))
    found = {
        noun: negative_texts(parse(f"the red {noun}", "rules").target, settings)
        for noun in ("carton", "milk", "mug")
    }
    assert found["carton"] == ["red mug", "wall"]
    assert found["milk"] == ["red milk", "red mug", "wall"]
    assert found["mug"] == ["red box", "red milk", "red mug", "wall"]


def test_a_carton_is_found_as_a_box() -> None:
    assert refer("the box", CARTON, MUG).verdict is Verdict.FOUND
    assert refer("the box", CARTON, MUG, kinds=False).verdict is Verdict.NOT_FOUND
    assert refer("the carton", BOX, MUG).verdict is Verdict.NOT_FOUND
    assert refer("the mug", BOX, CARTON).verdict is Verdict.NOT_FOUND


def test_a_box_and_a_carton_are_two_boxes() -> None:
    assert refer("the box", BOX, CARTON).verdict is Verdict.AMBIGUOUS
    assert refer("the carton", BOX, CARTON).verdict is Verdict.FOUND
