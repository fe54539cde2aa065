"""The kind and the colour of "the red box" rank the masks by themselves, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from support.scenes import Box, scene_of
from torch import Tensor

from zsris_ros.language import parse
from zsris_ros.language.rule_parser import RuleParser
from zsris_ros.models.preset import load_preset
from zsris_ros.referring.calibration import Calibration
from zsris_ros.referring.grounding.prompts import expression_texts, split_colours
from zsris_ros.referring.product_resolver import ProductResolver
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import ReferringResult

COLOURS = load_preset("household").referring.colours
RED, BLUE, GREY = (190, 30, 35), (35, 70, 175), (120, 120, 120)
ROW: list[Box] = [(4, 20, 20, 20), (28, 20, 20, 20), (52, 20, 20, 20)]
SETTINGS = ReferSettings(
    absolute_logits=True, logit_scale=20.0, logit_bias=-10.0, templates=("{}",), text_mix=0.0,
    colours=COLOURS, min_score=0.3, calibration=Calibration(measured_on="a test"),
)  # fmt: skip
PLAIN = replace(SETTINGS, colours={})


class Vectors:
    """Encodes a text by its noun, box or mug, and by whether it is red: box, mug, red."""

    logit_scale = 20.0

    def unknown_words(self, text: str) -> tuple[str, ...]:
        return ()

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        rows = [["box" in text, "mug" in text, "red" in text] for text in texts]
        return torch.tensor(rows, dtype=torch.float32)


def refer(
    text: str,
    paints: Sequence[tuple[int, int, int]],
    features: Sequence[Sequence[float]],
    settings: ReferSettings = SETTINGS,
) -> ReferringResult:
    scene = scene_of(ROW, features=torch.tensor(features))
    for (x, y, w, h), paint in zip(ROW, paints, strict=True):
        scene.frame.rgb[y : y + h, x : x + w] = paint
    return ProductResolver(Vectors(), None, RuleParser(), settings).refer(scene, text)


def matches(result: ReferringResult) -> list[float]:
    candidates = sorted(result.candidates, key=lambda each: each.index)
    return [each.scores["match"] for each in candidates]


@pytest.mark.parametrize(
    ("text", "colours", "rest"),
    [
        ("the small red box", ("red",), ("small",)),
        ("the gray and violet box", ("grey", "purple"), ()),
        ("the red one", (), ("red",)),
        ("the turquoise box", (), ("turquoise",)),
    ],
)
def test_the_colours_of_a_phrase(
    text: str, colours: tuple[str, ...], rest: tuple[str, ...]
) -> None:
    found, kind = split_colours(parse(text, "rules").target, SETTINGS)
    assert set(found) == set(colours)
    assert [each for each in kind.attributes if each != "and"] == list(rest)


def test_the_pixels_decide_between_equally_red_boxes() -> None:
    boxes = [[0.6, 0.0, 0.3], [0.6, 0.0, 0.31], [0.0, 0.6, 0.0]]
    paints = [RED, BLUE, RED]
    assert refer("the red box", paints, boxes).candidates[0].index == 0
    assert refer("the red box", paints, boxes, PLAIN).candidates[0].index == 1


def test_the_kind_decides_between_red_things() -> None:
    features = [[0.1, 0.1, 0.98], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    assert refer("the red box", [RED, RED, GREY], features).candidates[0].index == 1
    assert refer("the red box", [RED] * 3, features, PLAIN).candidates[0].index == 0


def test_colours_never_raise_a_match_and_keep_that_of_the_best() -> None:
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        features = torch.rand(3, 3, generator=generator).tolist()
        for text in ("the red box", "the blue box", "the red thing"):
            given = matches(refer(text, [RED, BLUE, GREY], features))
            plain = matches(refer(text, [RED, BLUE, GREY], features, PLAIN))
            assert all(a <= b + 1e-6 for a, b in zip(given, plain, strict=True))
            assert any(a == pytest.approx(b) for a, b in zip(given, plain, strict=True))


def test_all_texts_are_encoded_in_one_batch() -> None:
    target = parse("the red box", "rules").target
    texts = expression_texts(target, SETTINGS, None, Vectors().unknown_words)
    assert {"red box", "box"} <= set(texts)
    plain = expression_texts(target, replace(SETTINGS, colours={}), None, Vectors().unknown_words)
    assert "box" not in plain
