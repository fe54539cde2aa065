"""Triplets, mirroring and augmentation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.squares import SQUARES, squares_frame

from zsris_ros.evaluation.datasets.items import Clip, EvaluationItem, Question
from zsris_ros.training.vatex.mirroring import mirror_sentence
from zsris_ros.training.vatex.triplets import augment, draw_example, sentences_by_object
from zsris_ros.types import Verdict


def clip_of(*questions: tuple[str, tuple[int, ...]], shifts: tuple[int, ...] = (0,)) -> Clip:
    """Return a clip of the squares, moved by some pixels to the right in each frame."""
    rows = tuple(Question(text, "", targets) for text, targets in questions)
    masks = np.stack([np.roll(SQUARES, shift, axis=2) for shift in shifts], axis=1)
    return Clip(np.stack([squares_frame().rgb] * len(shifts)), masks, rows)


FULL = clip_of(("left", (0,)), ("nearest", (0,)), ("middle", (1,)), ("both", (0, 2)))


@pytest.mark.parametrize(
    ("sentence", "mirrored"),
    [
        ("the mug on the left", "the mug on the right"),
        ("Left mug, right of the leftmost bowl", "Right mug, left of the rightmost bowl"),
        ("the mug right behind the left bowl", "the mug right behind the right bowl"),
        ("second from the right", "second from the left"),
        ("the bright mug", "the bright mug"),
        ("the man with number 7", None),
        ("the sign on the left", None),
        ("2nd from left", None),
    ],
)
def test_left_and_right_are_exchanged(sentence: str, mirrored: str | None) -> None:
    assert mirror_sentence(sentence) == mirrored


@given(st.lists(st.sampled_from(["left", "right", "the", "mug", "Rightmost", "in"]), max_size=8))
def test_mirroring_twice_changes_nothing(words: list[str]) -> None:
    sentence = " ".join(words)
    once = mirror_sentence(sentence)
    assert once is not None and mirror_sentence(once) == sentence


def test_a_triplet_has_two_sentences_of_one_object_and_one_of_another() -> None:
    for seed in range(20):
        example = draw_example(FULL, np.random.default_rng(seed))
        assert example is not None and example.is_triplet == (True,)
        assert set(example.sentences[:2]) == {"left", "nearest"}
        assert example.sentences[2] in ("middle", "both")
        assert (example.masks[:2] == SQUARES[0]).all()
        other = SQUARES[1] if example.sentences[2] == "middle" else SQUARES[0] | SQUARES[2]
        assert (example.masks[2] == other).all()


def test_without_a_second_sentence_or_object_there_is_no_triplet() -> None:
    rng = np.random.default_rng(0)
    for clip in (
        clip_of(("left", (0,))),
        clip_of(("left", (0,)), ("nearest", (0,))),
        clip_of(("left", (0,)), ("middle", (1,))),
    ):
        example = draw_example(clip, rng)
        assert example is not None and example.is_triplet == (False,)
    assert draw_example(clip_of(), rng) is None


def test_several_triplets_of_an_image_are_drawn_and_mirrored_together() -> None:
    masks = {"left": SQUARES[0], "nearest": SQUARES[0], "middle": SQUARES[1]}
    masks["both"] = SQUARES[0] | SQUARES[2]
    thirds = set()
    for seed in range(8):
        rng = np.random.default_rng(seed)
        example = draw_example(FULL, rng, triplets=3)
        assert example is not None and example.is_triplet == (True,) * 3
        assert len(example.sentences) == len(example.masks) == 9
        for text, mask in zip(example.sentences, example.masks[:, 0], strict=True):
            assert (mask == masks[text]).all()
        thirds |= {example.sentences[2::3]}
        changed = augment(example, 96, rng)
        assert changed.masks.shape == (9, *changed.rgb.shape[:3])
        mirrored = "right" in changed.sentences
        assert all(
            ("right" if mirrored and a == "left" else a) == b
            for a, b in zip(example.sentences, changed.sentences, strict=True)
        )
    assert len(thirds) > 1, "each triplet is a draw of its own"


def test_some_examples_name_an_absent_object_with_an_empty_mask() -> None:
    absent = Question("the circle", "", (), Verdict.NOT_FOUND)
    clip = Clip(FULL.rgb, FULL.masks, (*FULL.questions, absent))
    drawn = [draw_example(clip, np.random.default_rng(seed)) for seed in range(200)]
    about_absent = [each for each in drawn if each and each.sentences[2] == absent.text]
    assert 0.2 < len(about_absent) / len(drawn) < 0.4
    for each in about_absent:
        assert each.is_triplet == (True,)
        assert not each.masks[2].any() and each.masks[:2].any()
    rest = [each for each in drawn if each not in about_absent]
    assert all(each is not None and each.masks[2].any() for each in rest)


def test_sentences_without_one_visible_answer_are_left_out() -> None:
    masks = SQUARES.copy()
    masks[2] = False
    questions = (
        Question("hidden", "", (2,)),
        Question("either", "", (0, 1), Verdict.AMBIGUOUS),
        Question("absent", "", (), Verdict.NOT_FOUND),
        Question("box", "", (), box=(1, 1, 5, 5)),
        Question("left", "", (0,)),
    )
    item = EvaluationItem("squares", squares_frame(), masks, questions)
    assert sentences_by_object(item) == {(0,): ["left"]}


def test_augmentation_keeps_left_and_right_true() -> None:
    """The mirrored left square is the right one, in the mask and in the sentence."""
    clip = clip_of(("the left square", (0,)), ("the leftmost square", (0,)), ("middle", (1,)))
    sides = set()
    for seed in range(20):
        rng = np.random.default_rng(seed)
        example = draw_example(clip, rng)
        assert example is not None
        changed = augment(example, 96, rng)
        height, width = changed.rgb.shape[1:3]
        assert 76 <= height <= 96 and abs(width / height - 64 / 48) < 0.03
        assert changed.masks.shape == (3, 1, height, width)
        assert changed.masks.any((1, 2, 3)).all()
        centre = np.nonzero(changed.masks[0, 0])[1].mean() / width
        on_left = "left" in changed.sentences[0]
        assert on_left is bool(centre < 0.5)
        assert on_left is not ("right" in changed.sentences[1])
        sides.add(on_left)
    assert sides == {True, False}


def test_all_frames_of_a_clip_are_changed_alike() -> None:
    """The squares go right, and in a mirrored clip left; colours differ by noise alone."""
    clip = clip_of(("red", (0,)), ("grey", (1,)), shifts=(0, 3, 6))
    directions = set()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        example = draw_example(clip, rng)
        assert example is not None and example.masks.shape == (3, 3, 48, 64)
        changed = augment(example, 96, rng)
        assert changed.masks.shape == (3, *changed.rgb.shape[:3])
        left = [np.nonzero(mask)[1].min() / mask.shape[1] * 64 for mask in changed.masks[0]]
        steps = np.diff(left)
        np.testing.assert_allclose(np.abs(steps), 3, atol=1)
        directions |= set(np.sign(steps))
        colours = changed.rgb.reshape(3, -1, 3).mean(1)
        np.testing.assert_allclose(colours - colours[0], 0, atol=1)
    assert directions == {-1, 1}
