"""VATEX behind ``look`` and ``refer``: a frame and a sentence to a mask, without proposals."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.baselines.published_query import PublishedQuery
from zsris_ros.baselines.vatex.frozen_clip import FrozenClip
from zsris_ros.baselines.vatex.network import Vatex, VisualLevels, resize_and_pad
from zsris_ros.geometry.centroid import centroid_3d, centroid_pixel
from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.tracing.stages import timed
from zsris_ros.types import (
    BoolArray,
    Candidate,
    Frame,
    InputError,
    Proposals,
    ReferringResult,
    RegionOfInterest,
    Scene,
    Verdict,
)

SOURCE = "vatex"
"""The source of every candidate."""


@dataclass(frozen=True, eq=False)
class VatexScene(Scene):
    """A scene without proposals; ``patches`` are CLIP's projected tokens, TxE.

    Attributes:
        levels: The encoded image, on the network's device.
        size: Height and width of the resized image inside its padding.
    """

    levels: VisualLevels | None = None
    size: tuple[int, int] = (0, 0)


def vatex_segmenter(network: Vatex, clip: FrozenClip, min_score: float = 0.0) -> Segmenter:
    """Return a segmenter of a trained network and its CLIP.

    Args:
        network: The network in evaluation mode.
        clip: The CLIP that the network was trained with.
        min_score: The least class probability of an answer; below it the verdict is NOT_FOUND.
            0 answers always, as published.
    """
    return Segmenter(VatexEncoder(network, clip), VatexResolver(network, clip, min_score))


class VatexEncoder:
    """Encodes frames: the network's visual levels and CLIP's tokens."""

    def __init__(self, network: Vatex, clip: FrozenClip) -> None:
        self._network, self._clip = network, clip

    def propose(self, frame: Frame, roi: RegionOfInterest | None = None) -> Proposals:
        """Return no proposals: the masks depend on the sentence."""
        masks = np.zeros((0, frame.height, frame.width), bool)
        return Proposals(masks, mask_boxes(masks), np.zeros(0, np.float32), ())

    def look(self, frame: Frame, proposals: Proposals | None = None) -> VatexScene:
        """Return the scene of a frame; ``proposals`` are not read."""
        timings: dict[str, float] = {}
        device = self._network.places.device
        with timed(timings, "features"), torch.no_grad():
            image = torch.from_numpy(frame.rgb).to(device).permute(2, 0, 1).float() / 255
            batch, valid = resize_and_pad(image, self._network.settings.short_side)
            levels = self._network.look(batch, valid)
        with timed(timings, "localisation"):
            tokens = self._clip.image_tokens(frame.rgb)
        return VatexScene(
            frame=frame,
            proposals=self.propose(frame),
            features=torch.zeros(0, 0),
            pixels=np.zeros((0, 2), np.float32),
            points=np.zeros((0, 3), np.float32),
            patches=tokens,
            timings=timings,
            levels=levels,
            size=(int(valid[0].any(1).sum()), int(valid[0].any(0).sum())),
        )

    def look_for_tracking(self, frame: Frame, roi: RegionOfInterest | None = None) -> Scene:
        """Refuse: tracking compares the features of proposals.

        Raises:
            InputError: Always; the message names the remedy.
        """
        raise InputError("VATEX has no proposals to track: track with a preset of proposals")


class VatexResolver:
    """Resolves sentences in a ``VatexScene`` by the query with the highest probability."""

    def __init__(self, network: Vatex, clip: FrozenClip, min_score: float = 0.0) -> None:
        self._network, self._clip, self._min_score = network, clip, min_score

    def refer(self, scene: Scene, expression: str) -> ReferringResult:
        """Return the mask of one sentence.

        The answer has one candidate, the mask; its index counts no proposal.

        Raises:
            InputError: The text holds no letter or digit, or another method's scene was given.
        """
        if not isinstance(scene, VatexScene) or scene.levels is None or scene.patches is None:
            raise InputError("VATEX answers about scenes of its own `look` only")
        start = perf_counter()
        query = self._clip.read(expression)
        with torch.no_grad():
            texts = self._clip.encode([expression], scene.patches[None])
            output = self._network.segment(scene.levels, texts.to(self._network.places.device))
            final = output.predictions[-1]
            number = int(final.classes[0].argmax())
            probability = float(final.classes[0, number].sigmoid())
            logits = full_size(final.masks[:, number], scene.size, scene.frame)[0]
        mask: BoolArray = (logits > 0).cpu().numpy()
        timings = {"grounding": (perf_counter() - start) * 1e3}
        return self._result(scene.frame, query, mask, probability, timings)

    def _result(
        self,
        frame: Frame,
        query: PublishedQuery,
        mask: BoolArray,
        probability: float,
        timings: dict[str, float],
    ) -> ReferringResult:
        found = bool(mask.any()) and probability >= self._min_score
        explanation = (
            f"vatex, parser {query.parser}: target '{query.noun_phrase}', "
            f"class probability {probability:.3f}, {int(mask.sum())} pixels"
        )
        if not found:
            message = f"I see no {query.noun_phrase}: the probability is {probability:.2f}."
            empty = np.zeros_like(mask)
            return ReferringResult(
                Verdict.NOT_FOUND, query.expression, (), empty, message, explanation, timings
            )
        candidate = make_candidate(frame, mask, probability)
        x, y = candidate.centroid_pixel
        message = f"Found {query.noun_phrase} at pixel ({x:.0f}, {y:.0f}), {probability:.2f}."
        return ReferringResult(
            Verdict.FOUND, query.expression, (candidate,), mask, message, explanation, timings
        )


def make_candidate(frame: Frame, mask: BoolArray, probability: float) -> Candidate:
    """Return the selected candidate of a mask bool HxW with at least one pixel."""
    x, y, w, h = (float(value) for value in mask_boxes(mask[None])[0])
    u, v = (float(value) for value in centroid_pixel(mask))
    point = None
    if frame.depth is not None and frame.intrinsics is not None:
        point = centroid_3d(mask, frame.depth, frame.intrinsics)
    return Candidate(
        index=0,
        score=probability,
        box=(x, y, w, h),
        centroid_pixel=(u, v),
        centroid=None if point is None else (float(point[0]), float(point[1]), float(point[2])),
        source=SOURCE,
        scores={"class": probability},
        selected=True,
    )


def full_size(logits: Tensor, size: tuple[int, int], frame: Frame) -> Tensor:
    """Return mask logits TxHxW of T frames from TxH'/4xW'/4 of their padded, resized images."""
    padded = F.interpolate(logits[None].float(), scale_factor=4, mode="bilinear")
    inside = padded[..., : size[0], : size[1]]
    return F.interpolate(inside, (frame.height, frame.width), mode="bilinear")[0]
