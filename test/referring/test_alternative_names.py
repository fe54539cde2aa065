"""Alternative names: objects that fit a name, but have a better one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.scenes import Box, scene_of
from torch import Tensor

from zsris_ros.language import parse
from zsris_ros.language.lexicon.adjectives import BASIC_COLOURS
from zsris_ros.language.rule_parser import RuleParser
from zsris_ros.referring.calibration import Calibration
from zsris_ros.referring.grounding.alternative_names import (
    alternative_names,
    better_names,
)
from zsris_ros.referring.product_resolver import ProductResolver
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import ReferringResult, Verdict

NOUNS = ("soup", "sauce", "mug", "bowl")


def names_of(text: str, nouns: Sequence[str] = NOUNS) -> list[str]:
    return alternative_names(parse(text, "rules").target, nouns)


def test_other_nouns_and_colours_are_alternatives() -> None:
    assert names_of("the alphabet soup") == ["alphabet soup", "sauce", "mug", "bowl"]
    assert names_of("two mugs") == ["mug", "soup", "sauce", "bowl"]
    found = names_of("the small red mug")
    assert found[:4] == ["small red mug", "red soup", "red sauce", "red bowl"]
    assert set(found[4:]) == {f"small {each} mug" for each in BASIC_COLOURS if each != "red"}
    assert len(found) == len(set(found))


@pytest.mark.parametrize("text", ["the thing", "it", "the small object"])
def test_an_object_without_a_noun_and_a_colour_has_no_alternatives(text: str) -> None:
    assert len(names_of(text)) == 1


def test_an_object_of_a_colour_has_other_colours_for_alternatives() -> None:
    found = names_of("the red thing")
    assert found[0] == "red thing" and len(found) == len(BASIC_COLOURS)
    assert set(found) == {f"{each} thing" for each in BASIC_COLOURS}


def test_gray_is_a_colour_and_no_alternative_to_itself() -> None:
    found = names_of("the gray thing")
    assert found[0] == "gray thing" and "grey thing" not in found
    assert set(found[1:]) == {f"{each} thing" for each in BASIC_COLOURS if each != "grey"}


def test_kinds_and_categories_are_no_alternatives() -> None:
    found = alternative_names(parse("the soup", "rules").target, NOUNS, ["mug", "bowl"])
    assert found == ["soup", "sauce"]


def test_weights_without_a_list_of_nouns_have_none() -> None:
    assert names_of("the soup", ()) == ["soup"]


def test_the_sauce_has_a_better_name_and_equal_soups_have_none() -> None:
    names = ["soup", "sauce", "can"]
    logits = torch.tensor([[9.0, 5.0, 8.0], [2.0, 8.0, 1.0], [9.5, 7.0, 8.5]])
    assert dict(better_names(names, logits)) == {1: "sauce"}
    assert not better_names(names, logits[:, [0, 2]])
    spread = torch.tensor([[9.0, 3.0], [1.0, 2.9], [1.0, 2.9], [1.0, 2.8], [1.0, 2.8], [1.0, 2.8]])
    several = ["soup", "sauce", "can", "mug", "cup", "jar"]
    assert dict(better_names(several, spread)) == {1: "sauce"}, "never the name itself"
    assert dict(better_names(names, logits[:, [1, 0]])) == {0: "sauce"}, "whatever the order"


@given(st.integers(0, 2**31), st.integers(1, 5), st.integers(1, 6))
def test_at_least_one_object_keeps_the_name(seed: int, names: int, objects: int) -> None:
    draws = torch.Generator().manual_seed(seed)
    logits = 6 * torch.randn(names, objects, generator=draws)
    texts = [str(k) for k in range(names)]
    found = better_names(texts, logits)
    assert len(found) < objects
    assert dict(better_names(texts, logits + torch.randn(objects, generator=draws))) == found
    assert not better_names(texts, logits[:, :1].expand(-1, objects)), "equal objects"


class Vectors:
    """Encodes texts by a table."""

    logit_scale = 20.0

    def unknown_words(self, text: str) -> tuple[str, ...]:
        return tuple(word for word in text.split() if word == "unheard")

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        return torch.tensor([[0.6, 0.8] if "sauce" in text else [1.0, 0.0] for text in texts])


ROW: list[Box] = [(5, 5, 10, 10), (30, 5, 10, 10)]


def refer(text: str, *features: tuple[float, float], nouns: Sequence[str]) -> ReferringResult:
    settings = ReferSettings(
        absolute_logits=True, logit_scale=20.0, logit_bias=-10.0, templates=("{}",),
        vocabulary=tuple(nouns), min_score=0.3, calibration=Calibration(measured_on="a test"),
    )  # fmt: skip
    scene = scene_of(ROW, features=torch.tensor(features))
    return ProductResolver(Vectors(), None, RuleParser(), settings).refer(scene, text)


def test_the_soup_is_found_beside_a_sauce_that_fits_too() -> None:
    soup, sauce = (1.0, 0.0), (0.75, 0.66)
    found = refer("the soup", soup, sauce, nouns=["soup", "sauce"])
    assert found.verdict is Verdict.FOUND
    assert found.best is not None and found.best.index == 0
    assert "proposal 1 is rather a 'sauce'" in found.explanation
    assert refer("the soup", soup, soup, nouns=["soup", "sauce"]).verdict is Verdict.AMBIGUOUS
    both = refer("both soups", soup, sauce, nouns=["soup", "sauce"])
    assert sum(each.selected for each in both.candidates) == 2, "two are asked for"


def test_an_unknown_attribute_lowers_the_score_and_is_explained() -> None:
    known = refer("the soup", (1.0, 0.0), nouns=["soup"])
    unknown = refer("the unheard soup", (1.0, 0.0), nouns=["soup"])
    assert known.best is not None and unknown.best is not None
    assert unknown.best.score < known.best.score
    assert "never saw the word 'unheard'" in unknown.explanation
    assert "never saw" not in known.explanation
