"""The figures of one run, computed from its records, and the summary that holds them."""

from __future__ import annotations

import json
import os
import platform
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import zsris_ros
from zsris_ros.evaluation.metrics import (
    Overlap,
    answer_iou,
    mean,
    object_centric_overlap,
    overall_iou,
    precision,
)
from zsris_ros.evaluation.records import AnswerRecord, FrameRecord
from zsris_ros.geometry import run_lengths
from zsris_ros.types import BoolArray, Verdict

RIGHT = 0.5
"""An answer is right above this IoU."""

THRESHOLDS = (0.5, 0.7, 0.9)
"""Thresholds of Pr@X."""

ANSWERED = (Verdict.FOUND.value, Verdict.AMBIGUOUS.value)
"""The verdicts with a mask."""

LENGTHS = ((1, 2), (3, 3), (4, 5), (6, 7), (8, 10), (11, 20), (21, None))
"""First and last number of words of each row by length. The rows of the literature are unions of
these: 1-2, 3, 4-5, 6-20 for RefCOCO and RefCOCO+, and 1-5, 6-7, 8-10, 11-20 for RefCOCOg."""


def summarise(answers: Sequence[AnswerRecord], frames: Sequence[FrameRecord]) -> dict[str, Any]:
    """Return all figures of a run, independent of the order of its records.

    IoU and shares are in 0..1; ``n``, ``miou``, ``oiou`` and ``accuracy`` are over all answers, by
    category and by length. An ambiguous answer counts with the best candidate's mask, NOT_FOUND
    with an empty one. With questions without a target, ``miou`` and ``oiou`` are gIoU and cIoU of
    GRES (Liu et al. 2023), else the papers' figures. ``ociou`` is VATEX's object-centric IoU, Eqs.
    (9) and (10).

    ``proposal_bound`` is the mean IoU of all true objects with their best proposal. ``bound_miou``
    and ``bound_oiou`` are the figures of a perfect choice on the questions with a target, the
    reference for ``miou`` and ``oiou``. ``seconds_per_scene`` covers proposals and ``frame``.

    ``mask_class_accuracy`` and ``class_conditioned_oiou`` need classes, ``no_target`` questions
    without a target.
    """
    bounds = [
        Overlap(each.bound_intersection, each.bound_union) for each in answers if each.has_target
    ]
    return {
        **_cell(answers),
        "precision": {
            str(each): round(precision(map(counted_iou, answers), each), 4) for each in THRESHOLDS
        },
        "ociou": round(_object_centric_iou(answers), 4),
        "bound_miou": round(mean(answer_iou(each, True) for each in bounds), 4),
        "bound_oiou": round(overall_iou(bounds), 4),
        **_classes(answers),
        **_no_target(answers),
        "by_category": _rows(answers, lambda each: each.category),
        "by_length": _by_length(answers),
        "verdicts": dict(sorted(Counter(each.verdict for each in answers).items())),
        **_proposals(frames),
    }


def counted_iou(answer: AnswerRecord) -> float:
    """Return the IoU of an answer in 0..1; two empty masks are right only without a target."""
    return answer_iou(_overlap(answer), answer.has_target)


def _overlap(answer: AnswerRecord) -> Overlap:
    return Overlap(answer.intersection, answer.union)


def _cell(answers: Sequence[AnswerRecord]) -> dict[str, Any]:
    """Return the figures of one row of a table."""
    ious = [counted_iou(each) for each in answers]
    return {
        "n": len(answers),
        "miou": round(mean(ious), 4),
        "oiou": round(overall_iou(map(_overlap, answers)), 4),
        "accuracy": round(precision(ious, RIGHT), 4),
    }


def _rows(
    answers: Iterable[AnswerRecord], name: Callable[[AnswerRecord], str]
) -> dict[str, dict[str, Any]]:
    groups = defaultdict(list)
    for answer in answers:
        groups[name(answer)].append(answer)
    return {key: _cell(groups[key]) for key in sorted(groups)}


def _by_length(answers: Sequence[AnswerRecord]) -> dict[str, dict[str, Any]]:
    """Return a row for each range of LENGTHS that has expressions; words are split at blanks."""
    rows = {}
    for first, last in LENGTHS:
        most = float("inf") if last is None else last
        group = [each for each in answers if first <= len(each.expression.split()) <= most]
        name = f"{first}+" if last is None else f"{first}-{last}" if last > first else str(first)
        if group:
            rows[name] = _cell(group)
    return rows


def _object_centric_iou(answers: Iterable[AnswerRecord]) -> float:
    """Return Oc-IoU over the objects, identified by frame and targets.

    Ambiguous questions have no particular object and are left out, like objects without a mask.
    """
    objects = defaultdict(list)
    for answer in answers:
        if answer.expected == Verdict.FOUND.value and answer.box is None:
            objects[answer.item, answer.targets].append(answer)
    return mean(
        answer_iou(
            object_centric_overlap(truth_mask(group[0]), [answered_mask(each) for each in group]),
            has_target=True,
        )
        for group in objects.values()
    )


def answered_mask(answer: AnswerRecord) -> BoolArray:
    """Return the answered mask, bool HxW; empty for NOT_FOUND."""
    return run_lengths.decode({"size": (answer.height, answer.width), "counts": answer.mask})


def truth_mask(answer: AnswerRecord) -> BoolArray:
    """Return the true mask, bool HxW; empty without a target."""
    return run_lengths.decode({"size": (answer.height, answer.width), "counts": answer.truth})


def _classes(answers: Iterable[AnswerRecord]) -> dict[str, float]:
    """Return MC-ACC and CC-oIoU (Global-Local CLIP, supplement, Table 5)."""
    known = [each for each in answers if each.target_class is not None]
    right = [each for each in known if each.answered_class == each.target_class]
    if not known:
        return {}
    return {
        "mask_class_accuracy": round(len(right) / len(known), 4),
        "class_conditioned_oiou": round(overall_iou(map(_overlap, right)), 4),
    }


def _no_target(answers: Iterable[AnswerRecord]) -> dict[str, Any]:
    """Return GRES's N-acc. of questions without a target, and T-acc. of the others."""
    answered: dict[bool, list[bool]] = {True: [], False: []}
    for answer in answers:
        answered[answer.has_target].append(answer.verdict in ANSWERED)
    if not answered[False]:
        return {}
    return {
        "no_target": {
            "n": len(answered[False]),
            "n_accuracy": round(mean(not each for each in answered[False]), 4),
            "t_accuracy": round(mean(answered[True]), 4),
        }
    }


def _proposals(frames: Sequence[FrameRecord]) -> dict[str, Any]:
    """Return bounds and numbers of proposals by proposer, and the seconds of a scene."""
    bounds: dict[str, list[float]] = defaultdict(list)
    counts: Counter[str] = Counter()
    for frame in frames:
        counts.update(frame.proposals)
        for name, values in frame.bounds.items():
            bounds[name].extend(values)
    joined = bounds["joined"]
    return {
        "proposal_bound": round(mean(joined), 4),
        "proposal_bounds": {name: round(mean(bounds[name]), 4) for name in sorted(bounds)},
        "proposals_per_frame": {
            name: round(counts[name] / len(frames), 2) for name in sorted(counts)
        },
        "frames": len(frames),
        "objects": len(joined),
        "seconds_per_scene": round(mean(each.seconds for each in frames), 3),
    }


def write_summary(directory: Path, summary: Mapping[str, Any]) -> Path:
    """Write ``directory``/summary.json, with package versions and machine added."""
    path = directory / "summary.json"
    whole = {**summary, "versions": versions(), "machine": _machine()}
    path.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    return path


def versions() -> dict[str, str]:
    """Return the versions of the installed packages that affect the figures."""
    found = {"zsris_ros": zsris_ros.__version__, "python": platform.python_version()}
    for name in (
        "torch",
        "torchvision",
        "open_clip_torch",
        "segment_anything",
        "numpy",
        "spacy",
        "mujoco",
    ):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _machine() -> dict[str, Any]:
    return {"system": platform.platform(), "cpus": os.cpu_count()}
