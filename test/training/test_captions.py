"""Captions of household objects: what is said fits the object, and only that."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from zsris_ros.simulation.words import Description, with_hypernyms
from zsris_ros.training.household.captions import SCENERY_NAME, Caption, CaptionWriter, vocabulary
from zsris_ros.training.household.crops import degrade
from zsris_ros.training.household.train_clip import NameTable, caption_fits, name_losses

SOUP = with_hypernyms(Description(("tomato soup", "soup can", "can"), ("red", "white"), ("metal",)))
MUG = with_hypernyms(Description(("mug", "cup"), ("red",), ("porcelain",), 2))
WORDS = {"/soup": SOUP, "/mug": MUG}


@given(st.integers(0, 2**31), st.sampled_from([SOUP, MUG, None]))
def test_a_caption_fits_the_object_that_it_was_drawn_for(
    seed: int, words: Description | None
) -> None:
    caption = CaptionWriter([SOUP, MUG]).draw(np.random.default_rng(seed), words)
    assert caption.fits(words)
    assert caption.scenery == (words is None)
    named = [word for word in (caption.noun, caption.colour, caption.adjective) if word]
    assert all(word in caption.text for word in named)
    known = set(vocabulary([SOUP, MUG]))
    assert {word.strip(".") for word in caption.text.split()} <= known


def test_a_caption_fits_by_noun_and_colour_and_adjective() -> None:
    assert Caption("the red can", "can", "red").fits(SOUP)
    assert not Caption("the red can", "can", "red").fits(MUG)
    assert Caption("the red thing", None, "red").fits(MUG)
    assert not Caption("a white mug", "mug", "white").fits(MUG)
    assert Caption("a dish", "dish").fits(MUG), "a more general noun"
    assert not Caption("the metal mug", "mug", None, "metal").fits(MUG)
    assert not Caption("the table", scenery=True).fits(MUG)
    assert not Caption("the mug", "mug").fits(None)


def test_wrong_masks_fit_no_caption_and_scenery_only_its_own() -> None:
    captions = [Caption("the mug", "mug"), Caption("the wall", scenery=True), Caption("an object")]
    fits = caption_fits(captions, ["/mug", "", SCENERY_NAME, "/soup"], WORDS)
    expected = [[1, 0, 1], [0, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert fits.tolist() == expected


def test_the_loss_over_names_takes_any_right_name_and_no_object() -> None:
    logits = torch.tensor([[4.0, 4.0, -4.0]] * 2 + [[-8.0, -8.0, -8.0], [4.0, -8.0, -8.0]])
    right = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    losses = name_losses(logits.requires_grad_(), right)
    assert losses[0] < 0.01 < 7 < losses[1]
    assert losses[2] < 0.01 < 3 < losses[3], "no object is the right answer at negative logits"
    losses.sum().backward()
    assert torch.isfinite(logits.grad).all()


def test_names_are_drawn_with_those_of_the_crops() -> None:
    names = NameTable(WORDS)
    texts = [each.text for each in names.captions]
    assert {"the mug", "the red mug", "the white can", "the dish"} <= set(texts)
    drawn = names.draw(np.random.default_rng(0), ["/soup", "", SCENERY_NAME, "/mug"], 99, 1)
    assert drawn.right.sum(1).tolist()[1:3] == [0, 0]
    fitting = [text.text for text, fits in zip(drawn.captions, drawn.right[3], strict=True) if fits]
    assert fitting == [text for text in texts if text in fitting]
    assert {"the mug", "the red mug", "the cup"} <= set(fitting)
    assert drawn.counts.tolist() == [1, 1, 1, 1]
    few = names.draw(np.random.default_rng(0), ["/soup", "", "/mug"], 1, 1)
    assert few.counts[1] == 1 and few.counts.sum() < 3, "whose right names were left out"


@given(st.integers(0, 2**31))
def test_degraded_views_stay_pictures_and_change_alike(seed: int) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    first, second = degrade(np.stack([picture, picture]), np.random.default_rng(seed))
    assert first.shape == second.shape == picture.shape
    assert first.dtype == np.float32 and first.min() >= 0 and first.max() <= 1
    assert abs(first.mean() - second.mean()) < 0.02
