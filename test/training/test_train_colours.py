"""Colour names are learnt from the objects of a training set that have one colour."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from zsris_ros.language.lexicon.adjectives import BASIC_COLOURS
from zsris_ros.simulation.training_set import Images, TrainingSet
from zsris_ros.simulation.words import Description
from zsris_ros.training.household.train_colours import train_colours
from zsris_ros.vision.colour_naming import TERMS, colour_terms

PAINTS = {"red": (200, 30, 30), "green": (40, 150, 50), "gray": (120, 120, 120)}
WORDS = {
    **{f"{colour} box": Description(("box",), (colour,)) for colour in ("red", "green")},
    "gray box": Description(("box",), ("grey", "gray")),
    "flag": Description(("flag",), ("red", "green")),
    "wall": Description(("wall",)),
}


def pictures(names: list[str], colours: list[tuple[int, int, int]]) -> TrainingSet:
    """Return four equal pictures of objects side by side."""
    rgb = np.full((4, 240, 320, 3), 90, np.uint8)
    labels = np.zeros((4, 240, 320), np.uint8)
    for index, colour in enumerate(colours):
        column = slice(10 + 100 * index, 90 + 100 * index)
        rgb[:, 60:180, column], labels[:, 60:180, column] = colour, index + 1
    return TrainingSet(Images([rgb], [4]), Images([labels], [4]), [names] * 4, [[]] * 4)


def named(coefficients: dict[str, list[float]], colour: tuple[int, int, int]) -> str:
    terms = colour_terms(np.array([colour], np.float32) / 255)
    logits = terms @ np.array(list(coefficients.values()), np.float32).T
    return list(coefficients)[int(logits.argmax())]


def test_it_learns_the_colours_of_objects() -> None:
    data = pictures(["red box", "green box", "gray box"], list(PAINTS.values()))
    coefficients = train_colours(data, WORDS, seed=0)
    assert list(coefficients) == list(BASIC_COLOURS)
    assert all(len(each) == TERMS for each in coefficients.values())
    assert [named(coefficients, each) for each in PAINTS.values()] == ["red", "green", "grey"]
    assert train_colours(data, WORDS, seed=0) == coefficients


def test_objects_of_two_colours_are_not_trained_on() -> None:
    data = pictures(["flag", "wall"], [PAINTS["red"], PAINTS["green"]])
    with pytest.raises(ValueError, match="no object"):
        train_colours(data, WORDS, seed=0)


def test_a_colour_with_many_objects_counts_as_much_as_one_with_few() -> None:
    orange, red = (205, 90, 30), (200, 30, 30)
    words = {**WORDS, "orange box": Description(("box",), ("orange",))}
    few = pictures(["red box", "orange box"], [red, orange])
    many = pictures(["red box", "red box", "orange box"], [red, red, orange])
    between = (203, 62, 30)
    terms = torch.from_numpy(colour_terms(np.array([between], np.float32) / 255))
    odds = []
    for data in (few, many):
        found = train_colours(data, words, seed=0)
        difference = torch.tensor(found["red"]) - torch.tensor(found["orange"])
        odds.append(float(terms @ difference))
    # Twice as many red boxes would move the odds by log 2 if they counted twice.
    assert abs(odds[0] - odds[1]) < 0.45
