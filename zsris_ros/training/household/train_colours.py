"""Fits the colour names (``zsris_ros.vision.colour_naming``) to the pictures of a training set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import torch
from torch.nn import functional as F
from tqdm import tqdm

from zsris_ros.language.lexicon.adjectives import BASIC_COLOURS, COLOUR_SYNONYMS
from zsris_ros.simulation.training_set import TrainingSet
from zsris_ros.simulation.words import Description
from zsris_ros.training.household.camera_effects import degrade
from zsris_ros.types import ByteArray, FloatArray
from zsris_ros.vision.colour_naming import TERMS, colour_terms

_SIDE = 256
"""Pixels of the side of the varied pictures."""
_PIXELS, _LEAST_PIXELS = 48, 20
"""Largest and least number of pixels of an object that are learnt from."""
_RIDGE = 1e-5
_ITERATIONS = 300


def train_colours(
    data: TrainingSet, words: Mapping[str, Description], seed: int
) -> dict[str, list[float]]:
    """Return the coefficients of each basic colour's logit.

    Each object with exactly one colour counts the same within its colour, and each colour
    the same: how many objects of a colour there are says nothing about how it looks.

    Args:
        data: Pictures with labelled objects.
        words: The words of each object.
        seed: Of the variation of the pictures.
    """
    rng = np.random.default_rng(seed)
    pixels: list[FloatArray] = []
    names: list[int] = []
    for index in tqdm(range(len(data)), desc="colours", unit="image"):
        found = _single_colours(data.names[index], words)
        rgb = _degraded(data.rgb[index], rng)
        labels = cv2.resize(data.labels[index], (_SIDE, _SIDE), interpolation=cv2.INTER_NEAREST)
        for label, colour in found.items():
            mask = cv2.erode(np.asarray(labels == label, np.uint8), np.ones((3, 3), np.uint8))
            inside = rgb[mask > 0]
            if len(inside) >= _LEAST_PIXELS:
                pixels.append(rng.permutation(inside)[:_PIXELS])
                names.append(colour)
    if not pixels:
        raise ValueError("no object of the training set has one of the colours alone")
    coefficients = _fit(pixels, torch.tensor(names))
    return {
        colour: [round(value, 3) for value in row]
        for colour, row in zip(BASIC_COLOURS, coefficients.T.tolist(), strict=True)
    }


def _single_colours(names: Sequence[str], words: Mapping[str, Description]) -> dict[int, int]:
    """Return the place of the colour of each label whose object has one basic colour alone."""
    found = {}
    for label, name in enumerate(names, start=1):
        said = words[name].colours if name in words else ()
        own = {COLOUR_SYNONYMS.get(colour, colour) for colour in said}
        if len(own) == 1 and (colour := own.pop()) in BASIC_COLOURS:
            found[label] = BASIC_COLOURS.index(colour)
    return found


def _degraded(rgb: ByteArray, rng: np.random.Generator) -> FloatArray:
    """Return a picture as some camera takes it, float32 _SIDEx_SIDEx3 in 0..1."""
    small = cv2.resize(rgb, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    picture = torch.from_numpy(np.asarray(small, np.float32) / 255).permute(2, 0, 1)
    return np.asarray(degrade(picture[None, None], rng)[0, 0].permute(1, 2, 0).numpy())


def _fit(pixels: Sequence[FloatArray], names: torch.Tensor) -> torch.Tensor:
    """Return the coefficients 10x11 of a multinomial logistic regression."""
    terms = torch.from_numpy(colour_terms(np.concatenate(pixels)))
    lengths = torch.tensor([len(each) for each in pixels])
    objects = torch.bincount(names, minlength=len(BASIC_COLOURS)).clamp_min(1)
    weight = (1 / (lengths * objects[names])).repeat_interleave(lengths)
    target, weight = names.repeat_interleave(lengths), weight / weight.sum()
    coefficients = torch.zeros(TERMS, len(BASIC_COLOURS), requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [coefficients], max_iter=_ITERATIONS, history_size=20, line_search_fn="strong_wolfe"
    )

    def loss() -> float:
        optimiser.zero_grad()
        errors = F.cross_entropy(terms @ coefficients, target, reduction="none")
        total = (weight * errors).sum() + _RIDGE * coefficients.square().sum()
        total.backward()
        return float(total.detach())

    optimiser.step(loss)
    return coefficients.detach()
