"""Matching and losses: Eq. 6 against a literal rendering, and values that a loss ignores."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zsris_ros.baselines.vatex.network import Output
from zsris_ros.baselines.vatex.query_decoder import Prediction
from zsris_ros.training.vatex.losses import (
    LossWeights,
    Targets,
    mask_losses,
    match,
    meaning_loss,
    prediction_losses,
    total_loss,
)


def test_the_meaning_consistency_constraint_is_equation_6() -> None:
    torch.manual_seed(0)
    sentences = torch.randn(4, 3, 6)
    chosen = torch.tensor([True, False, True, True])

    def similarity(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.exp(a @ b / (np.sqrt(sum(a**2)) * np.sqrt(sum(b**2)))))

    total = 0.0
    for (p1, p2, n), counts in zip(sentences.double().numpy(), chosen.tolist(), strict=True):
        if counts:
            total -= np.log(similarity(p1, p2) / (similarity(p1, n) + similarity(p2, n)))
    np.testing.assert_allclose(meaning_loss(sentences, chosen).item(), total / 4, atol=1e-5)


def test_meaning_prefers_sentences_of_one_object_close_together() -> None:
    near = torch.tensor([[[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]])
    every = torch.ones(1, dtype=torch.bool)
    assert meaning_loss(near, every) < meaning_loss(near[:, [0, 2, 1]], every)


def test_mask_losses_are_cross_entropy_and_dice() -> None:
    torch.manual_seed(1)
    logits, truth = torch.randn(2, 3, 4, 5), torch.rand(2, 4, 5)
    valid = torch.ones(2, 4, 5, dtype=torch.bool)
    valid[1, :, 3:] = False
    entropy, dice = mask_losses(logits, truth, valid)
    for s in range(2):
        for n in range(3):
            pixels = [(y, x) for y in range(4) for x in range(5) if valid[s, y, x]]
            p = np.array([1 / (1 + np.exp(-logits[s, n, y, x].item())) for y, x in pixels])
            t = np.array([truth[s, y, x].item() for y, x in pixels])
            expected = -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))
            np.testing.assert_allclose(entropy[s, n].item(), expected, atol=1e-5)
            ratio = (2 * (p * t).sum() + 1) / (p.sum() + t.sum() + 1)
            np.testing.assert_allclose(dice[s, n].item(), 1 - ratio, atol=1e-5)


@settings(max_examples=20)
@given(st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=8))
def test_the_cheapest_query_is_matched(costs: list[float]) -> None:
    assert costs[match(torch.tensor(costs))] == min(costs)


def square(left: int) -> torch.Tensor:
    mask = torch.zeros(8, 8)
    mask[2:6, left : left + 3] = 1
    return mask


def output_of(predictions: list[Prediction], count: int) -> Output:
    return Output(predictions, [torch.randn(count, 4)] * 5)


def test_the_matched_query_alone_gets_the_mask_loss() -> None:
    truth = torch.stack([square(1)])
    right, wrong = 20 * square(1) - 10, 20 * square(5) - 10
    targets = Targets(truth, torch.ones(1, 8, 8, dtype=torch.bool), torch.zeros(1).bool())
    classes = torch.tensor([[-3.0, 3.0, -3.0]])
    good = Prediction(classes, torch.stack([wrong, right, wrong])[None])
    bad = Prediction(classes, torch.stack([wrong, wrong, wrong])[None])
    class_loss, mask_loss = prediction_losses(good, targets)
    assert mask_loss < 0.1 and class_loss < 0.1
    assert prediction_losses(bad, targets)[1] > 1
    unsure = Prediction(-classes, good.masks)
    assert prediction_losses(unsure, targets)[0] > class_loss


@pytest.mark.parametrize("length", [1, 2])
def test_equal_parts_average_to_the_whole_batch(length: int) -> None:
    """The property behind training in several processes."""
    torch.manual_seed(2)
    count = 6 * length
    masks = (torch.rand(count, 8, 8) > 0.5).float()
    masks[-1] = 0
    valid, chosen = torch.ones(count, 8, 8).bool(), torch.tensor([True, False])
    predictions = [Prediction(torch.randn(count, 4), torch.randn(count, 4, 8, 8)) for _ in range(2)]
    sentences = [torch.randn(count, 4)] * 5

    def part(rows: slice, clips: slice) -> float:
        return total_loss(
            Output(
                [Prediction(each.classes[rows], each.masks[rows]) for each in predictions],
                [each[rows] for each in sentences],
            ),
            Targets(masks[rows], valid[rows], chosen[clips], length),
        )[0].item()

    whole, half = part(slice(None), slice(None)), count // 2
    halves = part(slice(0, half), slice(0, 1)) + part(slice(half, count), slice(1, 2))
    np.testing.assert_allclose(halves / 2, whole, rtol=1e-5)


def test_a_still_clip_costs_as_much_as_its_image() -> None:
    torch.manual_seed(4)
    masks, valid = torch.rand(6, 8, 8), torch.ones(6, 8, 8).bool()
    prediction = Prediction(torch.randn(6, 4), torch.randn(6, 4, 8, 8))
    sentences, chosen = torch.randn(6, 4), torch.tensor([True, True])

    def loss(times: int) -> float:
        still = [
            each.repeat_interleave(times, 0)
            for each in (prediction.classes, prediction.masks, sentences, masks, valid)
        ]
        output = Output([Prediction(still[0], still[1])], [still[2]] * 5)
        return total_loss(output, Targets(still[3], still[4], chosen, times))[0].item()

    np.testing.assert_allclose(loss(3), loss(1), rtol=1e-5)


def clip_losses(
    classes: torch.Tensor, masks: list[list[torch.Tensor]], truth: list[torch.Tensor]
) -> tuple[float, float]:
    """Return the losses of one sentence about a clip: ``masks`` by frame and query."""
    stacked = torch.stack([torch.stack(each) for each in masks])
    valid = torch.ones(len(truth), 8, 8).bool()
    targets = Targets(torch.stack(truth), valid, torch.zeros(1).bool(), len(truth))
    first, second = prediction_losses(Prediction(classes, stacked), targets)
    return first.item(), second.item()


def test_one_query_is_matched_in_all_frames_of_a_clip() -> None:
    """The second query is the best of the clip, and has the mask loss of the first frame too."""
    right, wrong, rough = 20 * square(1) - 10, 20 * square(5) - 10, 2 * square(1) - 1
    truth, unsure = [square(1)] * 2, torch.zeros(2, 2)
    _, together = clip_losses(unsure, [[right, rough], [wrong, rough]], truth)
    _, alone = clip_losses(unsure, [[wrong, rough], [wrong, rough]], truth)
    np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_a_frame_without_the_object_wants_class_0_and_no_mask() -> None:
    right, nothing = 20 * square(1) - 10, torch.full((8, 8), -10.0)
    truth = [square(1), torch.zeros(8, 8)]
    sure = torch.tensor([[4.0, -4.0], [4.0, -4.0]])
    absent = torch.tensor([[4.0, -4.0], [-4.0, -4.0]])
    spilt = [[right, nothing], [right, nothing]]
    empty = [[right, nothing], [nothing, nothing]]
    assert clip_losses(absent, empty, truth)[0] < 0.1 < clip_losses(sure, empty, truth)[0]
    assert clip_losses(absent, empty, truth)[1] < 0.1 < clip_losses(absent, spilt, truth)[1]


def test_the_class_in_a_frame_without_the_object_does_not_choose_the_query() -> None:
    """Both queries have one mask; the first is the more probable one where the object is."""
    nothing = torch.full((8, 8), -10.0)
    classes = torch.tensor([[0.0, -1.0], [-20.0, 5.0]])
    found, _ = clip_losses(classes, [[nothing] * 2] * 2, [square(1), torch.zeros(8, 8)])
    wanted = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    expected = torch.nn.functional.binary_cross_entropy_with_logits(classes, wanted)
    np.testing.assert_allclose(found, expected.item(), rtol=1e-6)


def test_the_total_is_weighted_and_supervises_every_prediction() -> None:
    torch.manual_seed(3)
    targets = Targets(
        torch.stack([square(1)] * 3), torch.ones(3, 8, 8).bool(), torch.ones(1).bool()
    )
    prediction = Prediction(torch.randn(3, 2), torch.randn(3, 2, 8, 8))
    one = output_of([prediction], 3)
    total, terms = total_loss(one, targets)
    expected = 2 * terms["class"] + 5 * terms["mask"] + 2 * terms["meaning"]
    np.testing.assert_allclose(total.item(), expected, rtol=1e-5)
    two = Output([prediction] * 2, one.sentences)
    twice, _ = total_loss(two, targets, LossWeights(meaning=0))
    np.testing.assert_allclose(
        twice.item(), 2 * (2 * terms["class"] + 5 * terms["mask"]), rtol=1e-5
    )
