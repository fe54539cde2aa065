"""Figures of a network in training on held-out images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch.nn import functional as F

from zsris_ros.baselines.vatex.frozen_clip import FrozenClip
from zsris_ros.baselines.vatex.network import Vatex
from zsris_ros.baselines.vatex.vatex_segmenter import VatexScene, vatex_segmenter
from zsris_ros.evaluation.calibration.fitting import separating_score
from zsris_ros.evaluation.datasets.items import EvaluationItem
from zsris_ros.evaluation.metrics import iou, mean, precision
from zsris_ros.training.vatex.triplets import sentences_by_object
from zsris_ros.types import ReferringResult, Verdict

MIN_SCORE = "min_score"
"""The figure that a trained network's verdict uses."""


def validate(network: Vatex, clip: FrozenClip, items: Sequence[EvaluationItem]) -> dict[str, float]:
    """Return mIoU and Pr@0.5 over all sentences with one mask, and the similarity of sentences.

    Where the items have sentences about absent objects, ``min_score`` is the class probability that
    separates them best from the others, and ``absent_refused`` and ``present_refused`` are the
    shares below it.

    ``same_0`` ... ``same_4`` are the mean cosines of F_s between sentences of one object after
    each level of the CMD, ``other_0`` ... between sentences of two objects of an image (the
    paper's Fig. 5).
    """
    training = network.training
    network.eval()
    segmenter = vatex_segmenter(network, clip)
    ious: list[float] = []
    present: list[float] = []
    absent: list[float] = []
    cosines: dict[str, list[float]] = {}
    for item in items:
        scene = segmenter.look(item.frame)
        groups = sentences_by_object(item)
        for key, sentences in groups.items():
            truth = np.any(item.masks[list(key)], axis=0)
            answers = [segmenter.refer(scene, each) for each in sentences]
            ious += [iou(truth, each.mask) for each in answers]
            present += [_score(each) for each in answers]
        absent += [
            _score(segmenter.refer(scene, each.text))
            for each in item.questions
            if each.verdict is Verdict.NOT_FOUND
        ]
        assert isinstance(scene, VatexScene)
        for name, value in _similarities(network, clip, scene, groups.values()):
            cosines.setdefault(name, []).append(value)
    network.train(training)
    figures = {"miou": mean(ious), "precision_50": precision(ious, 0.5), "n": float(len(ious))}
    if present and absent:
        least = separating_score(np.array(present), np.array(absent))
        figures[MIN_SCORE] = least
        figures["absent_refused"] = float(np.mean(np.array(absent) <= least))
        figures["present_refused"] = float(np.mean(np.array(present) <= least))
    return {**figures, **{name: mean(cosines[name]) for name in sorted(cosines)}}


def _score(result: ReferringResult) -> float:
    """Return the class probability of an answer; 0 of an empty mask."""
    return result.candidates[0].score if result.candidates else 0.0


def _similarities(
    network: Vatex, clip: FrozenClip, scene: VatexScene, groups: Iterable[Sequence[str]]
) -> list[tuple[str, float]]:
    """Return the cosines of all pairs of sentences of an image, by pair and level."""
    sentences = [(number, each) for number, group in enumerate(groups) for each in group]
    if len(sentences) < 2 or scene.patches is None or scene.levels is None:
        return []
    count, device = len(sentences), network.places.device
    texts = clip.encode([each for _, each in sentences], scene.patches.expand(count, -1, -1))
    with torch.no_grad():
        levels = scene.levels.select(torch.zeros(count, dtype=torch.long, device=device))
        output = network.segment(levels, texts.to(device))
    found = []
    for level, features in enumerate(output.sentences):
        unit = F.normalize(features.float(), dim=-1).cpu()
        table = unit @ unit.T
        for i in range(count):
            for j in range(i):
                pair = "same" if sentences[i][0] == sentences[j][0] else "other"
                found.append((f"{pair}_{level}", float(table[i, j])))
    return found
