"""Mask NMS and merging of proposers: weights and limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from zsris_ros.evaluation.metrics import iou
from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.proposals.mask_nms import mask_nms, merge_proposals
from zsris_ros.types import InputError, Proposals

MASKS = arrays.arrays(np.bool_, st.tuples(st.integers(0, 9), st.just(4), st.just(5)))


def proposals(masks, quality, source):
    masks = np.asarray(masks, bool)
    return Proposals(masks, mask_boxes(masks), np.float32(quality), (source,) * len(masks))


def block(x, width=10):
    mask = np.zeros((20, 60), bool)
    mask[5:15, x : x + width] = True
    return mask


@given(MASKS, st.floats(0, 1), st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_dropped_masks_overlap_a_better_one_and_kept_ones_do_not(masks, threshold, random):
    quality = np.array([random.choice([0.2, 0.5, 0.9]) for _ in masks])
    kept = list(mask_nms(masks, quality, threshold))
    assert (np.diff(quality[kept]) <= 0).all()
    for index, mask in enumerate(masks):
        overlaps = [k for k in kept if k != index and iou(mask, masks[k]) > threshold]
        if index in kept:
            assert mask.any() and not overlaps
        else:
            assert not mask.any() or any(quality[k] >= quality[index] for k in overlaps)


def test_merging_keeps_the_better_duplicate_and_all_other_masks():
    sam = proposals([block(0), block(30)], [0.9, 0.6], "sam")
    depth = proposals([block(1), block(50)], [0.95, 0.5], "depth")
    both = merge_proposals(sam, depth, iou_threshold=0.7)
    assert both.sources == ("depth+sam", "sam", "depth")
    assert both.quality.tolist() == pytest.approx([0.95, 0.6, 0.5])
    assert [box[0] for box in both.boxes] == [1, 30, 50]
    assert (both.masks[0] == block(1)).all()


def test_weights_make_proposers_comparable_and_limit_cuts_the_worst():
    sam = proposals([block(0)], [0.9], "sam")
    depth = proposals([block(1), block(50)], [0.95, 0.5], "depth")
    both = merge_proposals(sam, depth, iou_threshold=0.7, weights={"depth": 0.8}, limit=1)
    assert both.sources == ("depth+sam",) and len(both) == 1
    assert merge_proposals(depth, weights={"depth": 4.0}).quality.max() == 1


def test_merging_no_proposals_or_different_sizes_is_refused():
    empty = proposals(np.zeros((0, 20, 60)), np.zeros(0), "sam")
    assert len(merge_proposals(empty, empty)) == 0
    assert len(merge_proposals(empty, proposals([block(0)], [0.4], "depth"))) == 1
    with pytest.raises(InputError, match="nothing to merge"):
        merge_proposals()
    with pytest.raises(InputError, match="size"):
        merge_proposals(empty, proposals(np.zeros((0, 5, 5)), np.zeros(0), "depth"))
