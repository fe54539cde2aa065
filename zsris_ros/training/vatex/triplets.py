"""Training examples: a clip, of one frame for images, with three sentences and their masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from zsris_ros.evaluation.datasets.items import Clip, EvaluationItem
from zsris_ros.training.vatex.mirroring import mirror_sentence
from zsris_ros.types import BoolArray, ByteArray, Verdict

ABSENT = 0.3
"""Share of the examples whose n names an absent object, where the data set has such sentences."""


@dataclass(frozen=True, eq=False)
class Example:
    """A clip with K triplets of sentences p_1, p_2 and n, and the masks of each.

    Attributes:
        rgb: Uint8 TxHxWx3.
        sentences: 3K sentences. Where the clip has no second sentence of an object or no other
            object, an earlier one is repeated.
        masks: Bool 3KxTxHxW; empty where the object is absent.
        is_triplet: For each triplet, whether p_1 and p_2 are two sentences of one object and n one
            of another, or of an absent one.
    """

    rgb: ByteArray
    sentences: tuple[str, ...]
    masks: BoolArray
    is_triplet: tuple[bool, ...]


def draw_example(clip: Clip, rng: np.random.Generator, triplets: int = 1) -> Example | None:
    """Draw triplets of a clip; None without a usable sentence.

    Objects with two sentences are preferred for p_1 and p_2.
    """
    groups = sentences_by_object(clip)
    if not groups:
        return None
    drawn = [_draw_triplet(clip, groups, rng) for _ in range(triplets)]
    return Example(
        clip.rgb,
        tuple(text for sentences, _, _ in drawn for text in sentences),
        np.concatenate([masks for _, masks, _ in drawn]),
        tuple(is_triplet for _, _, is_triplet in drawn),
    )


def _draw_triplet(
    clip: Clip, groups: Mapping[tuple[int, ...], Sequence[str]], rng: np.random.Generator
) -> tuple[tuple[str, str, str], BoolArray, bool]:
    """Return the sentences, masks 3xTxHxW and ``is_triplet`` of one triplet."""
    keys = list(groups)
    several = [key for key in keys if len(groups[key]) > 1] or keys
    key = several[int(rng.integers(len(several)))]
    order = rng.permutation(len(groups[key]))
    first, second = groups[key][order[0]], groups[key][order[-1]]
    others = [each for each in keys if each != key]
    other = others[int(rng.integers(len(others)))] if others else key
    negative = groups[other][int(rng.integers(len(groups[other])))]
    absent = [each.text for each in clip.questions if each.verdict is Verdict.NOT_FOUND]
    if absent and rng.random() < ABSENT:
        negative, other = absent[int(rng.integers(len(absent)))], ()
    masks = np.stack([clip.masks[list(each)].any(axis=0) for each in (key, key, other)])
    return (first, second, negative), masks, first != second and other != key


def sentences_by_object(item: EvaluationItem | Clip) -> Mapping[tuple[int, ...], Sequence[str]]:
    """Return the sentences of each object, or group of objects, with a mask that is not empty.

    Left out are sentences without a target, ambiguous ones and those whose target is a box.
    """
    groups: dict[tuple[int, ...], list[str]] = {}
    for question in item.questions:
        if question.targets and question.verdict is Verdict.FOUND:
            sentences = groups.setdefault(question.targets, [])
            if question.text not in sentences:
                sentences.append(question.text)
    return {key: each for key, each in groups.items() if item.masks[list(key)].any()}


def augment(example: Example, short_side: int, rng: np.random.Generator) -> Example:
    """Return the example resized, mirrored at random and with varied colours.

    All frames of a clip are changed alike, but for the noise. It is mirrored only if all
    sentences can be, and left and right are exchanged in them. The short side becomes 0.8 to 1
    times ``short_side`` pixels.
    """
    rgb, masks, sentences = example.rgb, example.masks, example.sentences
    mirrored = [mirror_sentence(each) for each in sentences]
    if rng.random() < 0.5 and None not in mirrored:
        rgb, masks = rgb[:, :, ::-1], masks[..., ::-1]
        sentences = tuple(each or "" for each in mirrored)
    height, width = rgb.shape[1:3]
    side = short_side * rng.uniform(0.8, 1.0)
    scale = min(side / min(height, width), 4 * side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = [
        cv2.resize(np.ascontiguousarray(each), size, interpolation=cv2.INTER_AREA) for each in rgb
    ]
    resized = [
        cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        for mask in masks.reshape(-1, height, width)
    ]
    pixels = _jitter(np.stack(small).astype(np.float32), rng).astype(np.uint8)
    shape = (*masks.shape[:2], *pixels.shape[1:3])
    return Example(
        pixels, sentences, np.stack(resized).astype(bool).reshape(shape), example.is_triplet
    )


def _jitter(pixels: npt.NDArray[np.float32], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Vary brightness, contrast and tint of float32 TxHxWx3 in 0..255, and add noise."""
    gain = rng.uniform(0.75, 1.25) * rng.uniform(0.95, 1.05, 3)
    pixels = (pixels - 128.0) * rng.uniform(0.85, 1.15) + 128.0
    noise = 2.0 * rng.standard_normal(pixels.shape, np.float32)
    return np.clip(pixels * gain.astype(np.float32) + noise, 0, 255)
