"""A CLIP with simulated similarities, for expressions without images.

Data sets of referring expressions with boxes or polygons often lack their images. The resolver can
still be evaluated on them, with a simulated similarity of text and mask,

    cos(text, mask) = 0.20 + 0.07 m + e,    e ~ N(0, sigma^2),

close to OpenAI's ViT-B/16 on crops: unmatched crops near 0.20, matched ones near 0.27, and a spread
between crops of one kind of 0.01 to 0.02. ``e`` is drawn once for each text, image and mask. The
generic negatives of a preset ("object", "thing") get 0.23 + e.

- ``words``: m is the share of the text's content words in the mask's bag. A bag holds the words of
  the mask's category and, for the target, those of the sentence. Words are compared in the
  singular.
- ``uniform``: m = 1 for every text and mask. Only language and geometry decide.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.language.lexicon.function_words import word_set
from zsris_ros.language.lexicon.morphology import singular
from zsris_ros.types import BoolArray, ByteArray

Semantics = Literal["words", "uniform"]

UNMATCHED, MATCHED, GENERIC = 0.20, 0.27, 0.23
TEXT_COSINE = 0.8
"""Cosine of two different texts, about that of a sentence and its noun phrase in CLIP."""
_IMAGE_SHARE = 0.6  # share of a mask's feature in the common direction
_PRIVATE = 64  # dimensions of the differences between texts

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")

NO_CONTENT = word_set("""
    a an the this that these those his her its their our my your some any each every all both
    and or but not no nor without except who whom whose which what where when while as than then
    is are was were be been being am has have had having do does did can could will would there
    it he she they we i you me him them us one ones of in on at to from by with for into onto over
    under above below beneath underneath behind before between among beside besides next near
    nearby near close closest closer nearest nearer by around against along across through off out
    up down away toward towards inside outside within atop opposite front back rear background
    foreground left right top bottom middle center centre central upper lower mid leftmost
    rightmost topmost bottommost lowest highest far farthest furthest corner side edge end half
    part portion section area place position row column line order first second third fourth fifth
    sixth seventh eighth ninth tenth 1st 2nd 3rd 4th 5th 6th last number
    lying laying standing sitting leaning resting hanging placed facing sideways upside upright
    vertical vertically horizontal horizontally flat turned
    table tabletop shelf shelves floor ground desk counter surface chair picture image photo
    pic photograph scene screen frame camera view viewer here
""")
"""Words without visible content: articles, prepositions, places, order, posture, supports."""


def content_words(text: str) -> list[str]:
    """Return the words of a text that describe an object, in lower case."""
    return [word for word in words(text) if word not in NO_CONTENT]


def words(text: str) -> list[str]:
    """Return all words of a text in lower case; "004_coca-cola" gives "004", "coca" and "cola"."""
    return _WORD.findall(text.lower())


class SimulatedClip:
    """A text encoder whose features have the stated cosines.

    ``set_scene`` selects the scene of the following texts. ``negatives`` are the preset's generic
    texts. Equal texts have equal features, so a mixture of texts has a mixture of their noise.
    """

    def __init__(self, negatives: Collection[str] = ()) -> None:
        self._negatives = frozenset(negatives)
        self._features: dict[str, Tensor] = {}
        self.device = torch.device("cpu")
        self.set_scene("", (), "words", 0.0)

    def set_scene(
        self, image: str, bags: Sequence[Collection[str]], semantics: Semantics, sigma: float
    ) -> None:
        """Select the scene: ``bags`` holds each mask's words, in the file's order."""
        self._image, self._bags = image, [frozenset(map(singular, bag)) for bag in bags]
        self._semantics, self._sigma = semantics, sigma
        self._features.clear()

    def mask_features(self) -> Tensor:
        """Return float32 NxE, unit length: a common direction, and one for each mask."""
        count = len(self._bags)
        features = torch.zeros(count, count + 2 + _PRIVATE)
        features[:, 0] = _IMAGE_SHARE
        features[torch.arange(count), 1 + torch.arange(count)] = (1 - _IMAGE_SHARE**2) ** 0.5
        return features

    def unknown_words(self, text: str) -> tuple[str, ...]:
        """Return no word: each is compared with the words of the names."""
        return ()

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """Return float32 KxE, unit length, with ``cosines`` to ``mask_features``."""
        for text in texts:
            if text not in self._features:
                self._features[text] = self._encode(text)
        if not texts:
            return torch.zeros(0, len(self._bags) + 2 + _PRIVATE)
        return torch.stack([self._features[text] for text in texts])

    def cosines(self, text: str) -> np.ndarray:
        """Return the cosine of a text with each mask, float64 N."""
        if text in self._negatives:
            plain = np.full(len(self._bags), GENERIC)
        else:
            plain = UNMATCHED + (MATCHED - UNMATCHED) * self._matches(text)
        noise = [_normal(f"{text}|{self._image}|{mask}") for mask in range(len(self._bags))]
        return plain + self._sigma * np.array(noise)

    def _matches(self, text: str) -> np.ndarray:
        named = content_words(text)
        if self._semantics == "uniform" or not named:
            return np.ones(len(self._bags))
        named = [singular(word) for word in named]
        return np.array([sum(word in bag for word in named) / len(named) for bag in self._bags])

    def _encode(self, text: str) -> Tensor:
        cosines = torch.from_numpy(self.cosines(text)).float()
        count = len(cosines)
        feature = torch.zeros(count + 2 + _PRIVATE)
        shared = float(cosines.mean()) / _IMAGE_SHARE if count else 0.0
        feature[0] = shared
        feature[1 : 1 + count] = (cosines - _IMAGE_SHARE * shared) / (1 - _IMAGE_SHARE**2) ** 0.5
        known = float(feature.square().sum())
        common = max(TEXT_COSINE - known, 0.0)
        feature[1 + count] = common**0.5
        private = torch.tensor([_normal(f"{text}#{k}") for k in range(_PRIVATE)])
        rest = max(1 - known - common, 0.0)
        feature[2 + count :] = F.normalize(private, dim=0) * rest**0.5
        return feature


class SimulatedEncoder:
    """The mask encoder of a ``SimulatedClip``: features of its current scene."""

    settings = None

    def __init__(self, clip: SimulatedClip) -> None:
        self.clip = clip

    def encode(self, rgb: ByteArray, masks: BoolArray) -> Tensor:
        """Return float32 NxE of the N masks of the scene, in their order."""
        return self.clip.mask_features()


def _normal(key: str) -> float:
    """Return a standard normal number determined by the key (Box-Muller on a hash)."""
    digest = hashlib.blake2b(key.encode(), digest_size=16).digest()
    first = (int.from_bytes(digest[:8], "big") + 1) / 2.0**64
    second = int.from_bytes(digest[8:], "big") / 2.0**64
    return float(np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second))
