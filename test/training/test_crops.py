"""Training crops of proposals: which object a proposed mask shows."""

from __future__ import annotations

import numpy as np
import pytest

from zsris_ros.geometry.run_lengths import encode
from zsris_ros.simulation.training_set import Images, TrainingSet
from zsris_ros.simulation.words import Description
from zsris_ros.training.household.captions import SCENERY_NAME
from zsris_ros.training.household.crops import RENEWED, WRONG_MASK, CropBank, name_of_proposal
from zsris_ros.training.household.train_clip import HYBRID
from zsris_ros.types import BoolArray

WORDS = {
    "red/cup": Description(("cup",), ("red",), (), 1),
    "blue/box": Description(("box",), ("blue",), (), 1),
}
SHAPE = (240, 320)


def box(top: int, left: int, height: int, width: int) -> BoolArray:
    mask = np.zeros(SHAPE, bool)
    mask[top : top + height, left : left + width] = True
    return mask


CUP, BOX = box(40, 40, 60, 60), box(40, 102, 60, 60)


LABELS = (CUP + 2 * BOX).astype(np.uint8)


@pytest.mark.parametrize(
    ("mask", "name"),
    [
        (CUP, "red/cup"),
        (box(42, 42, 56, 56), "red/cup"),
        (box(40, 40, 60, 20), WRONG_MASK),
        (CUP | BOX | box(100, 40, 60, 122), WRONG_MASK),
        (box(160, 10, 70, 300), SCENERY_NAME),
        (box(160, 10, 20, 60), WRONG_MASK),
        (box(40, 40, 60, 33), None),
        (CUP | BOX, None),
        (box(0, 0, 5, 5), None),
    ],
    ids=[
        *("whole", "eroded", "part", "group", "table", "shadow"),
        *("more than half", "one of two", "too small"),
    ],
)
def test_a_proposal_has_the_name_of_the_object_that_it_shows(
    mask: BoolArray, name: str | None
) -> None:
    assert name_of_proposal(mask, LABELS, list(WORDS)) == name


def test_proposals_take_part_in_a_bank() -> None:
    rgb = np.full((*SHAPE, 3), 90, np.uint8)
    proposals = [[str(encode(box(160, 10, 20, 60))["counts"])]]
    pictures = Images([rgb[None]], [1]), Images([LABELS[None]], [1])
    bank = CropBank(TrainingSet(*pictures, [list(WORDS)], proposals), WORDS, HYBRID, 32, 2, 30, 0)
    plain = CropBank(TrainingSet(*pictures, [list(WORDS)], [[]]), WORDS, HYBRID, 32, 2, 30, 0)
    wrong, fewer = ([raw.name for raw in each._crops].count(WRONG_MASK) for each in (bank, plain))
    assert wrong > 10 > fewer


def test_rare_kinds_are_as_frequent_as_common_ones() -> None:
    rgb = np.full((*SHAPE, 3), 90, np.uint8)
    labels = np.stack([CUP, *[BOX] * 9]).astype(np.uint8)
    images = Images([np.stack([rgb] * 10)], [10]), Images([labels], [10])
    data = TrainingSet(*images, [["red/cup"], *[["blue/box"]] * 9], [[]] * 10)
    bank = CropBank(data, WORDS, HYBRID, 32, 2, 200, seed=0)
    cut = [raw.name for raw in bank._crops]
    assert cut.count("red/cup") < 0.3 * cut.count("blue/box")
    drawn = [name for _ in range(20) for name in bank.batch(32).names]
    assert 0.7 < drawn.count("red/cup") / drawn.count("blue/box") < 1.4


def test_all_crops_are_renewed_and_stay_in_the_groups_of_their_words() -> None:
    rgb = np.full((*SHAPE, 3), 90, np.uint8)
    data = TrainingSet(Images([rgb[None]], [1]), Images([LABELS[None]], [1]), [list(WORDS)], [[]])
    bank = CropBank(data, WORDS, HYBRID, 32, 2, 40, seed=0)
    before = [*bank._crops]
    for _ in range(-(-40 // RENEWED)):
        bank.batch(4)
    assert not any(old is new for old, new in zip(before, bank._crops, strict=True))
    for index, raw in enumerate(bank._crops):
        words = WORDS.get(raw.name)
        expected = set() if words is None else {*words.nouns, *words.colours}
        assert {word for word, group in bank._groups.items() if index in group} == expected
        assert (index in bank._others) == (words is None)
        kinds = [nouns for nouns, group in bank._kinds.items() if index in group]
        assert kinds == ([] if words is None else [words.nouns])
