"""torchvision imports with any torch, and its NMS equals a plain reference."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from zsris_ros.torch_utils.torchvision_ops import ensure_torchvision, greedy_nms


def plain_nms(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> list[int]:
    """Quadratic reference: take the best, drop the boxes that overlap it too much, repeat."""
    left = sorted(range(len(boxes)), key=lambda i: -scores[i])
    kept = []
    while left:
        best = left.pop(0)
        kept.append(best)
        left = [i for i in left if iou(boxes[best], boxes[i]) <= threshold]
    return kept


def iou(a: np.ndarray, b: np.ndarray) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.7, 1.0])
def test_equals_a_plain_reference(seed: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 100, (60, 2))
    boxes = np.hstack([corner, corner + rng.uniform(5, 60, (60, 2))]).astype(np.float32)
    scores = rng.permutation(60).astype(np.float32)
    ensure_torchvision()
    from torchvision.ops import nms

    expected = plain_nms(boxes, scores, threshold)
    arguments = torch.from_numpy(boxes), torch.from_numpy(scores), threshold
    assert greedy_nms(*arguments).tolist() == expected
    assert nms(*arguments).tolist() == expected


def test_no_boxes_and_empty_boxes() -> None:
    assert greedy_nms(torch.zeros(0, 4), torch.zeros(0), 0.5).tolist() == []
    points = torch.tensor([[3.0, 3.0, 3.0, 3.0], [3.0, 3.0, 3.0, 3.0]])
    assert greedy_nms(points, torch.tensor([0.1, 0.9]), 0.5).tolist() == [1, 0]


def test_equal_scores_keep_their_order() -> None:
    boxes = torch.tensor([[0.0, 0.0, 9.0, 9.0]]).repeat(4, 1)
    assert greedy_nms(boxes, torch.ones(4), 0.5).tolist() == [0]


def test_batched_nms_keeps_categories_apart() -> None:
    ensure_torchvision()
    from torchvision.ops import batched_nms

    boxes = torch.tensor([[0.0, 0.0, 9.0, 9.0]]).repeat(2, 1)
    kept = batched_nms(boxes, torch.tensor([0.5, 0.6]), torch.tensor([0, 1]), 0.5)
    assert kept.tolist() == [1, 0]


def test_the_libraries_that_need_torchvision_import() -> None:
    code = (
        "from zsris_ros.torch_utils.torchvision_ops import ensure_torchvision as e; e(); e();"
        "import open_clip, segment_anything, torchvision; e()"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
