"""Import of torchvision with a torch that its compiled operators were not built for.

torchvision's wheel is compiled against one build of torch. With another one (a CPU torch, a
vendor's torch on Jetson) its library does not load, and ``import torchvision`` fails with "operator
torchvision::nms does not exist". open_clip, segment_anything and timm need non-maximum suppression
only, which this module declares in Python.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import threading
from pathlib import Path

import numpy as np
import torch

_libraries: list[torch.library.Library] = []  # an operator exists as long as its library object
_lock = threading.Lock()


def ensure_torchvision() -> None:
    """Make ``import torchvision`` and ``torchvision.ops.nms`` work; call before such imports.

    Thread-safe and idempotent; no effect where torchvision's own operators load. Raises ImportError
    when torchvision is not installed.
    """
    with _lock:
        if _libraries:
            return
        if not (_has_native_operators() or _load_native_operators()):
            _declare_operators()
        importlib.import_module("torchvision")
        if _libraries:
            # torchvision's wrapper refuses to run without its library.
            boxes = importlib.import_module("torchvision.ops.boxes")
            vars(boxes)["_assert_has_ops"] = lambda: None


def greedy_nms(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Return the indices, best first, of the boxes that torchvision's ``nms`` keeps.

    ``boxes`` Nx4 are (x1, y1, x2, y2), ``scores`` N. A box is dropped when its IoU with a better
    kept one is greater than ``iou_threshold``.
    """
    order = torch.argsort(scores, descending=True, stable=True).cpu().numpy()
    x1, y1, x2, y2 = boxes.detach().cpu().numpy().astype(np.float32)[order].T
    areas = (x2 - x1) * (y2 - y1)
    alive = np.ones(len(order), dtype=bool)
    for i in range(len(order)):
        if not alive[i]:
            continue
        rest = slice(i + 1, None)
        width = np.minimum(x2[i], x2[rest]) - np.maximum(x1[i], x1[rest])
        height = np.minimum(y2[i], y2[rest]) - np.maximum(y1[i], y1[rest])
        intersection = np.maximum(width, 0) * np.maximum(height, 0)
        with np.errstate(divide="ignore", invalid="ignore"):  # two empty boxes: NaN, both stay
            overlap = intersection / (areas[i] + areas[rest] - intersection)
            alive[rest] &= ~(overlap > iou_threshold)
    return torch.from_numpy(order[alive]).to(boxes.device)


def _has_native_operators() -> bool:
    return hasattr(torch.ops.torchvision, "nms")


def _load_native_operators() -> bool:
    """Load the operators as torchvision's import does, without a partial import on failure."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        raise ImportError("torchvision is not installed; install the one that matches your torch")
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        library = Path(spec.origin).with_name(f"_C{suffix}")
        if not library.exists():
            continue
        try:
            torch.ops.load_library(str(library))
        except OSError:
            continue
        return _has_native_operators()
    return False


def _declare_operators() -> None:
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.impl("nms", greedy_nms, "CompositeExplicitAutograd")
    _libraries.append(library)
