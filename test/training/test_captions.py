"""Captions of household objects: what is said fits the object, and only that."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from zsris_ros.simulation.words import Description, with_hypernyms
from zsris_ros.training.household.captions import SCENERY_NAME, Caption, CaptionWriter, vocabulary
from zsris_ros.training.household.clip_batches import NameTable, caption_fits
from zsris_ros.training.household.clip_losses import contrastive_loss, crop_loss, text_loss

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


def test_every_fitting_name_must_win() -> None:
    fits = torch.tensor([[1.0, 1.0, 0.0]])
    both, one = torch.tensor([[4.0, 4.0, -4.0]]), torch.tensor([[4.0, -4.0, -4.0]])
    assert crop_loss(both, fits) < 0.05 < 1 < crop_loss(one, fits)
    assert text_loss(one.T, fits.T) == text_loss(one.flip(1).T, fits.flip(1).T), "order is free"


def test_no_object_is_the_right_answer_at_negative_logits() -> None:
    nothing = torch.zeros(1, 3)
    assert crop_loss(torch.full((1, 3), -8.0), nothing) < 0.01
    assert crop_loss(torch.tensor([[4.0, -8.0, -8.0]]), nothing) > 3
    assert crop_loss(torch.tensor([[-3.0, -8.0]]), torch.tensor([[1.0, 0.0]])) > 3, "not absolute"


def test_a_text_prefers_each_crop_that_fits_it_to_the_others() -> None:
    fits = torch.tensor([[1.0], [1.0], [0.0]])
    assert text_loss(torch.tensor([[-2.0], [-2.0], [-9.0]]), fits) < 0.01
    assert text_loss(torch.tensor([[5.0], [-5.0], [0.0]]), fits) > 2


@given(st.integers(0, 2**31), st.floats(0, 1))
def test_losses_are_finite_for_any_matches(seed: int, share: float) -> None:
    draws = torch.Generator().manual_seed(seed)
    logits = (9 * torch.randn(5, 4, generator=draws)).requires_grad_()
    fits = (torch.rand(5, 4, generator=draws) < share).float()
    loss = contrastive_loss(logits, fits)
    loss.backward()
    assert loss >= 0 and torch.isfinite(loss) and logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_names_are_drawn_with_those_of_each_crop() -> None:
    names = NameTable(WORDS)
    texts = [each.text for each in names.captions]
    assert {"the mug", "the red mug", "the white can", "the dish"} <= set(texts)
    objects = ["/soup", "", SCENERY_NAME, "/mug"]
    rows, fits = names.draw(np.random.default_rng(0), objects, 99, 1)
    assert fits.sum(1).tolist()[1:3] == [0, 0]
    fitting = [texts[row] for row, right in zip(rows, fits[3], strict=True) if right]
    assert fitting == [text for text in texts if text in fitting]
    assert {"the mug", "the red mug", "the cup"} <= set(fitting)
    few, fits = names.draw(np.random.default_rng(0), objects, 1, 0)
    assert len(few) == 2 and fits.tolist() == [[1, 0], [0, 0], [0, 0], [0, 1]]
