"""Matching and losses of VATEX (paper, sections 3.3 and 3.4, Eqs. 6 and 8).

Every loss is a sum over the batch divided by its number of sentences or triplets, so that the mean
of the gradients of equal parts is the gradient of the whole batch. Losses of clips are means over
their frames, and one query answers in all frames of a clip, as in ReferFormer (CVPR 2022).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.baselines.vatex.network import Output
from zsris_ros.baselines.vatex.query_decoder import Prediction


@dataclass(frozen=True)
class LossWeights:
    """The coefficients of Eq. 8."""

    classes: float = 2.0
    masks: float = 5.0
    meaning: float = 2.0


PAPER_WEIGHTS = LossWeights()
"""The coefficients of section 4.1."""


@dataclass(frozen=True, eq=False)
class Targets:
    """The truth about the frames of B clips with three sentences each, S = 3BT rows.

    A clip with K triplets counts as K clips.

    Attributes:
        masks: Float SxHxW in [0, 1], the share of each cell of stride 4 that the object covers; row
            (3b + s)T + t belongs to sentence s in frame t of clip b.
        valid: Bool SxHxW, False on padding.
        triplets: Bool B, whether a clip's sentences are a triplet of the Meaning Consistency
            Constraint: two of one object and one of another.
        clip_length: T, frames of a clip; 1 for images.
    """

    masks: Tensor
    valid: Tensor
    triplets: Tensor
    clip_length: int = 1

    @property
    def present(self) -> Tensor:
        """Bool S, whether the object is in the frame."""
        return self.masks.flatten(1).any(1)


def total_loss(
    output: Output, targets: Targets, weights: LossWeights = PAPER_WEIGHTS
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return Eq. 8 over all predictions, and its terms for the log, scalars on its device.

    As in Mask2Former, the initial queries and every decoder layer are supervised with a matching
    of their own; the terms of the log are those of the last layer.
    """
    total = output.sentences[-1].new_zeros(())
    classes = masks = total
    for prediction in output.predictions:
        classes, masks = prediction_losses(prediction, targets)
        total = total + weights.classes * classes + weights.masks * masks
    frames = output.sentences[-1].unflatten(0, (-1, 3, targets.clip_length)).transpose(1, 2)
    triplets = targets.triplets.repeat_interleave(targets.clip_length)
    meaning = meaning_loss(frames.flatten(0, 1), triplets)
    total = total + weights.meaning * meaning
    terms = {"class": classes, "mask": masks, "meaning": meaning, "loss": total}
    return total, {name: value.detach() for name, value in terms.items()}


def prediction_losses(prediction: Prediction, targets: Targets) -> tuple[Tensor, Tensor]:
    """Return the class loss and the mask loss of one prediction after matching.

    The cost of a query is summed over the frames of a clip. In a frame without the object it should
    be of class 0, so that its class costs nothing there, and its mask should be empty.
    """
    length, present = targets.clip_length, targets.present.float()[:, None]
    entropy, dice = mask_losses(prediction.masks, targets.masks, targets.valid)
    # The cost of class 1 is its BCE.
    cost = F.softplus(-prediction.classes) * present + entropy + dice
    rows = torch.arange(len(cost), device=cost.device)
    clips = cost.detach().unflatten(0, (-1, length)).sum(1)
    matched = match(clips).repeat_interleave(length)
    wanted = F.one_hot(matched, cost.shape[1]) * present
    classes = F.binary_cross_entropy_with_logits(prediction.classes.float(), wanted)
    return classes, (entropy + dice)[rows, matched].mean()


def match(costs: Tensor) -> Tensor:
    """Return the query of each object, int64 S; ``costs`` is SxN.

    The Hungarian algorithm gives one object the cheapest of its queries.
    """
    return costs.argmin(-1)


def mask_losses(logits: Tensor, masks: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """Return the binary cross-entropy and the dice loss of every query, both SxN.

    Args:
        logits: Float SxNxHxW.
        masks: Float SxHxW in [0, 1].
        valid: Bool SxHxW; padding counts nowhere.
    """
    logits, inside = logits.float(), valid[:, None].float()
    truth = masks[:, None].expand_as(logits)
    entropy = F.binary_cross_entropy_with_logits(logits, truth, reduction="none") * inside
    pixels = inside.sum((-2, -1))
    probability = logits.sigmoid() * inside
    overlap = 2 * (probability * truth).sum((-2, -1))
    areas = probability.sum((-2, -1)) + (truth * inside).sum((-2, -1))
    return entropy.sum((-2, -1)) / pixels, 1 - (overlap + 1) / (areas + 1)


def meaning_loss(sentences: Tensor, triplets: Tensor) -> Tensor:
    """Return Eq. 6, the Meaning Consistency Constraint, summed over triplets and divided by B.

    Args:
        sentences: Float Bx3xC, F_s of p_1, p_2 and n about B images or frames.
        triplets: Bool B; other rows count as 0.
    """
    first, second, other = F.normalize(sentences.float(), dim=-1).unbind(1)
    positive = (first * second).sum(-1)
    negatives = torch.stack([(first * other).sum(-1), (second * other).sum(-1)])
    losses = negatives.logsumexp(0) - positive
    return (losses * triplets).sum() / len(losses)
