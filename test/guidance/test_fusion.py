"""Scores combine by the equations, for any number of masks."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from zsris_ros.guidance.fusion import (
    anchor_pairs,
    expected_relation,
    fuse,
    keep_top,
    mix_text_features,
    published_final_scores,
    published_relation_scores,
    relation_likelihood,
    semantic_logits,
    top_indices,
)

logit_lists = st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=9).map(torch.tensor)


def test_semantic_score_is_a_scaled_cosine() -> None:
    features, text = torch.randn(5, 8), torch.randn(8)
    expected = 100 * torch.cosine_similarity(features, text[None])
    torch.testing.assert_close(semantic_logits(features, text), expected)
    torch.testing.assert_close(semantic_logits(7 * features, text[None]), expected)
    assert semantic_logits(torch.zeros(1, 8), text).tolist() == [0]
    assert semantic_logits(features[:0], text).shape == (0,)


def test_texts_are_mixed_as_they_are() -> None:
    one, other = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 4.0])
    assert mix_text_features(one, other).tolist() == [1, 2]
    assert mix_text_features(one, other, 0.75).tolist() == [1.5, 1]


def test_ties_go_to_the_lower_index() -> None:
    assert top_indices(torch.tensor([1.0, 2.0, 2.0, 1.0]), 3).tolist() == [1, 2, 0]


@settings(max_examples=50)
@given(logit_lists, st.integers(1, 9))
def test_cut_probabilities_are_a_softmax_of_cut_logits(logits: Tensor, count: int) -> None:
    logits = (64 * logits).round() / 64  # closer ones have the same probability by rounding
    kept = keep_top(torch.softmax(logits, dim=0), count)
    index = top_indices(logits, count)
    expected = torch.zeros(len(logits))
    expected[index] = torch.softmax(logits[index], dim=0)
    torch.testing.assert_close(kept, expected, atol=1e-5, rtol=0)


def test_published_relation_sums() -> None:
    p = torch.tensor([0.4, 0.1, 0.3, 0.2])
    q = torch.tensor([0.1, 0.2, 0.3, 0.4])
    relation = torch.rand(4, 4)
    best = published_relation_scores(p, q, relation, 2, 3)
    assert best.masks.tolist() == [0, 2]
    for mask, value in zip(best.masks, best.sums, strict=True):
        expected = sum(p[mask] * q[j] * relation[mask, j] for j in (3, 2, 1))
        assert value == pytest.approx(float(expected))
    torch.testing.assert_close(best.scores, torch.softmax(best.sums, dim=0))
    torch.testing.assert_close(published_relation_scores(p, q, None, 2, 3).sums, 3 * p[best.masks])
    alone = published_relation_scores(p, None, relation, 2, 3)
    expected_sums = p[[0, 2]] * (relation[[0, 2]][:, [0, 2]] @ p[[0, 2]])
    torch.testing.assert_close(alone.sums, expected_sums)


def test_fewer_masks_than_the_shortlist() -> None:
    best = published_relation_scores(torch.tensor([1.0]), None, None)
    assert best.masks.tolist() == [0]
    guidance = torch.tensor([-0.5])
    assert published_final_scores(best, guidance).tolist() == pytest.approx([0.4 - 0.3])


def test_printed_fusion_is_a_distribution() -> None:
    semantic = torch.softmax(torch.randn(6), dim=0)
    fused = fuse(semantic, torch.randn(6))
    assert fused.sum() == pytest.approx(1)
    torch.testing.assert_close(fuse(semantic, torch.randn(6), weight=0.0), semantic)


@settings(max_examples=50)
@given(logit_lists, st.integers(0, 99))
def test_relation_likelihood_is_a_distribution(logits: Tensor, seed: int) -> None:
    torch.manual_seed(seed)
    p = torch.softmax(logits, dim=0)
    relation = torch.rand(len(p), len(p)).round(decimals=1)
    support = expected_relation(keep_top(p, 6), relation)
    assert support.min() >= 0
    assert support.max() <= 1 + 1e-6
    likelihood = relation_likelihood(p, support)
    assert likelihood.sum() == pytest.approx(1, abs=1e-4)
    assert torch.isfinite(likelihood).all()


def test_the_relation_decides_between_equals() -> None:
    targets = torch.tensor([0.45, 0.45, 0.1])  # two cups and a box
    anchors = torch.tensor([0.05, 0.05, 0.9])
    left_of = torch.tensor([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]])
    likelihood = relation_likelihood(targets, expected_relation(anchors, left_of))
    assert likelihood.argmax() == 1
    assert likelihood[1] > 0.8


def test_a_relation_that_holds_nowhere_changes_nothing() -> None:
    targets = torch.tensor([0.7, 0.3])
    assert torch.equal(relation_likelihood(targets, torch.zeros(2)), targets)
    assert torch.equal(expected_relation(torch.zeros(2), torch.ones(2, 2)), torch.zeros(2))


def test_pairs_for_between() -> None:
    first, second = torch.tensor([0.6, 0.4, 0.0]), torch.tensor([0.5, 0.0, 0.5])
    pairs, weights = anchor_pairs(first, second, 2)
    assert pairs.tolist() == [[0, 2], [1, 0], [1, 2]]
    assert weights.tolist() == pytest.approx([0.3, 0.2, 0.2])
    assert anchor_pairs(torch.ones(1), torch.ones(1))[0].shape == (0, 2)
    support = expected_relation(weights, torch.eye(3))
    assert support.tolist() == pytest.approx([0.3 / 0.7, 0.2 / 0.7, 0.2 / 0.7])
