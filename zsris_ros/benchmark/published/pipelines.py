"""The published pipelines, the baseline of every ratio.

Written from HybridGL's paper and from measurements of its code, with the properties common to such
pipelines: no reuse between referring expressions, Python loops over masks, images composed and
resized one by one, attention masks of N x heads x L x L, blocks with unused output, texts one at a
time, a second copy of CLIP for the localisation, and float32. The choices equal those of the
variant "reference" of this package's HybridGL.
"""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.baselines.factory import hybrid_settings
from zsris_ros.baselines.methods import find_method
from zsris_ros.baselines.published_query import PublishedQuery, PublishedReader
from zsris_ros.benchmark.inputs import Inputs
from zsris_ros.benchmark.networks import Networks
from zsris_ros.benchmark.published.features import mask_features, patch_features
from zsris_ros.camera.conversions import to_rgb
from zsris_ros.camera.image_messages import to_image_data
from zsris_ros.guidance.coherence import PUBLISHED_WEIGHTS
from zsris_ros.guidance.positions import published_position_map
from zsris_ros.proposals.sam.sam_settings import SamSettings
from zsris_ros.tracing.stages import stage
from zsris_ros.types import BoolArray, ByteArray, FloatArray, InputError
from zsris_ros.vision.clip import ClipModel

from segment_anything import SamAutomaticMaskGenerator, SamPredictor  # isort: skip  (after torchvision loads)

_TARGETS, _ANCHORS = 3, 6  # k1 and k2 of Eq. 5
_PARSES = 4  # one each for noun phrase, other nouns, relation and position


class PublishedPlan:
    """HybridGL's published pipeline; every expression starts from the image.

    Raises:
        InputError: Another precision than fp32.
    """

    caches_scenes = False

    def __init__(self, networks: Networks, inputs: Inputs) -> None:
        if networks.precision != "fp32":
            raise InputError("the published pipelines compute in fp32: leave --precision out")
        preset = networks.preset
        self._clip, self._inputs, self._gem = networks.clip, inputs, preset.gem
        self._other = ClipModel(deepcopy(networks.clip.model))
        method = find_method("hybridgl", "reference")
        self._hybrid = hybrid_settings(method, self._clip, preset.hybrid)
        self._scale = preset.referring.logit_scale
        self._reader = PublishedReader()
        self._generator = _generator(networks)
        self.features = torch.zeros(0)

    def look(self) -> None:
        """Do nothing: the image is processed with every expression."""

    def answer(self, expression: str) -> int:
        """Return the index of the chosen mask."""
        with stage("decode"):
            rgb = to_rgb(self._inputs.message)
        with stage("proposals decoder"):
            self._generator.generate(rgb)
        masks, boxes = self._inputs.masks, self._inputs.proposals.boxes
        self.features = mask_features(self._clip, self._hybrid, rgb, masks)
        with stage("text"):
            query = [self._reader.read(expression) for _ in range(_PARSES)][-1]
        p, q = self._shares(query)
        with stage("GEM"):
            patches = patch_features(self._other, self._gem, rgb)
        heat = self._heat(patches, query, rgb)
        with stage("guidance"):
            chosen = _choose(p, q, query.relation, masks, boxes, heat)
        with stage("publish"):
            to_image_data(masks[chosen] * np.uint8(255), "mono8", self._inputs.message.header)
        return chosen

    def _shares(self, query: PublishedQuery) -> tuple[Tensor, Tensor | None]:
        """Return P and q of Eqs. 3 to 5: the probabilities of target and other nouns."""
        text = 0.5 * _text(self._clip, query.sentence) + 0.5 * _text(self._clip, query.noun_phrase)
        p = self._softmax(text)
        if not query.others:
            return p, None
        others = [_text(self._clip, f"a photo of {other}") for other in query.others]
        return p, self._softmax(torch.stack(others).mean(dim=0))

    def _softmax(self, text: Tensor) -> Tensor:
        with stage("guidance"):
            cosines = F.normalize(self.features, dim=-1) @ F.normalize(text, dim=-1)
            return torch.softmax(self._scale * cosines, dim=0).cpu()

    def _heat(self, patches: Tensor, query: PublishedQuery, rgb: ByteArray) -> Tensor:
        """Return Eqs. 6 and 7: the phrase's map times the position's, with mean 1; float32 HxW."""
        phrase = _text(self._other, self._gem.template.format(query.noun_phrase))
        with stage("guidance"):
            height, width = rgb.shape[:2]
            similarity = patches @ F.normalize(phrase, dim=-1)
            grid, size = round(len(patches) ** 0.5), self._gem.size
            small = similarity.reshape(1, 1, grid, grid).cpu()
            heat = _stretch(F.interpolate(small, (size, size), mode="bilinear"))
            heat = F.interpolate(heat, (height, width), mode="bilinear", antialias=True)
            directed = _stretch(heat)[0, 0] * published_position_map(query.position, height, width)
            return directed / directed.mean()


class _Predictor(SamPredictor):
    def set_image(self, image: ByteArray, image_format: str = "RGB") -> None:
        with stage("proposals encoder"):
            super().set_image(image, image_format)


def _generator(networks: Networks) -> SamAutomaticMaskGenerator:
    """Return segment_anything's own generator, with its encoder as a stage."""
    preset = networks.preset
    published = isinstance(preset.sam.architecture, str)
    settings = SamSettings.published() if published else preset.proposing
    generator = SamAutomaticMaskGenerator(
        networks.sam,
        points_per_side=settings.points_per_side,
        pred_iou_thresh=settings.pred_iou_thresh,
        stability_score_thresh=settings.stability_score_thresh,
        box_nms_thresh=settings.box_nms_thresh,
        min_mask_region_area=settings.min_mask_region_area,
    )
    generator.predictor = _Predictor(networks.sam)
    return generator


def _text(clip: ClipModel, text: str) -> Tensor:
    with stage("text"), torch.no_grad():
        feature: Tensor = clip.model.encode_text(clip.tokenize([text]))[0]
    return feature


def _choose(
    p: Tensor, q: Tensor | None, relation: str, masks: BoolArray, boxes: FloatArray, heat: Tensor
) -> int:
    """Return the choice of Eqs. 4, 5, 8 and 9, one mask and one pair of boxes after another."""
    inside, outside = PUBLISHED_WEIGHTS.get(relation, PUBLISHED_WEIGHTS[""])
    guidance = []
    for mask in masks:
        pixels = torch.from_numpy(mask).float()
        rest = 1 - pixels
        there, elsewhere = (heat * pixels).sum(), (heat * rest).sum()
        guidance.append(inside * there / pixels.sum() - outside * elsewhere / rest.sum())
    targets = torch.argsort(p, descending=True, stable=True)[:_TARGETS].tolist()
    weights = p if q is None else q
    others = targets
    if q is not None:
        others = torch.argsort(q, descending=True, stable=True)[:_ANCHORS].tolist()
    sums = torch.zeros(len(targets))
    for place, i in enumerate(targets):
        for j in others:
            related = _related(relation, boxes[i].tolist(), boxes[j].tolist())
            sums[place] += p[i] if related is None else p[i] * weights[j] * related
    scores = 0.4 * torch.softmax(sums, dim=0) + 0.6 * torch.stack([guidance[i] for i in targets])
    return targets[int(scores.argmax())]


def _related(flag: str, first: list[float], second: list[float]) -> float | None:
    """Return R(i, j) of Eq. 4 on two boxes (x, y, w, h); None without a relation."""
    (x, y, w, h), (u, v, a, b) = first, second
    if flag == "within":
        shared_x, shared_y = min(x + w, u + a) - max(x, u), min(y + h, v + b) - max(y, v)
        return max(shared_x, 0.0) * max(shared_y, 0.0) / (w * h)
    holds = {
        "left": x + w / 2 < u + a / 2,
        "right": x + w / 2 > u + a / 2,
        "up": y + h / 2 < v + b / 2,
        "down": y + h / 2 > v + b / 2,
        "big": w * h > a * b,
        "small": w * h < a * b,
    }
    return float(holds[flag]) if flag in holds else None


def _stretch(heat: Tensor) -> Tensor:
    return (heat - heat.min()) / (heat.max() - heat.min())
