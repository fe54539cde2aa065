"""The fit of each mask to one kind of evidence.

These are object-ness, place, posture, handle, order and coherence. All fits are float32 N in
[0, 1].
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from zsris_ros.guidance.coherence import PRODUCT_WEIGHTS, directed_map, guidance_scores
from zsris_ros.guidance.positions import position_map
from zsris_ros.language.meaning.posture import Posture
from zsris_ros.language.phrasing import core_phrase
from zsris_ros.referring.grounding.ranking import (
    first_probability,
    graded_fit,
    ordinal_probability,
    position_key,
    position_precedence,
    precedence,
)
from zsris_ros.referring.objects.handles import handle_reaches
from zsris_ros.referring.objects.object_filter import find_objects, objectness
from zsris_ros.referring.objects.object_geometry import Extents, closed_tops
from zsris_ros.types import BoolArray, NounPhrase, Scene
from zsris_ros.vision.protocols import Localiser

_SAME_IOU, _PART = 0.5, 0.9
"""Two masks are one object above this IoU, or this containment of the smaller in the larger."""
_SLENDERNESS_SLOPE = 2.0
"""Slope of the logit of standing over the logarithm of height by length."""
_CLOSED_SLOPE = 6.0
"""Slope of the logit of "upside down" over the closed share of the top."""
_LEAST_REACH, _SURE_REACH = 0.25, 0.5
"""Reach beside a body, in its radii, up to which a part may be a corner, and from which it is a
handle."""
_UNSEEN = 0.2
"""Probability of a handle that does not show, if half of the vessels have one: of simulated mugs, a
quarter shows none."""
_LEAST_LENGTH = 0.005
"""Metres."""


def whole_objects(scene: Scene) -> BoolArray:
    """Return bool N: the masks that show a whole single object."""
    if scene.is_object is None:
        return find_objects(scene.frame, scene.proposals)
    return scene.is_object


def neutral_fit(scene: Scene) -> Tensor:
    """Return the fit to a head that names no category ("object")."""
    return 1 - 0.9 * (1 - objectness(scene.proposals, whole_objects(scene)))


def relative_fit(fit: Tensor) -> Tensor:
    """Return each fit divided by the best one."""
    return fit / fit.max().clamp_min(1e-12)


def place_fit(scene: Scene, positions: tuple[str, ...]) -> Tensor:
    """Return the mean of Eq. 6's position map inside each mask.

    The front and the back are those of the objects: a far wall does not bring them forward.
    """
    masks = torch.from_numpy(scene.proposals.coverage)
    depth = objects = None
    if scene.frame.depth is not None:
        depth = torch.from_numpy(scene.frame.depth[::4, ::4].copy())
        whole = masks[torch.from_numpy(whole_objects(scene))]
        objects = (whole == 1).any(0) if len(whole) else None
    height, width = masks.shape[1:]
    heat = position_map(positions, height, width, depth, objects)
    return (masks * heat).sum((1, 2)) / masks.sum((1, 2)).clamp_min(1e-6)


def posture_fit(scene: Scene, posture: Posture) -> Tensor:
    """Return the fit of each mask to a posture.

    "standing" and "lying" are judged by the height above the support by the longest side on it, in
    metres; without depth or support by the height by the width of the mask's box in the image.
    "upside down" is judged by the top, which is closed; without depth or support it is neutral.
    """
    if posture == "upside down":
        closed = torch.from_numpy(closed_tops(scene))
        return torch.sigmoid(_CLOSED_SLOPE * (closed - 0.5)).nan_to_num(nan=0.5)
    boxes, extents = scene.proposals.boxes, Extents(scene)
    ratios = (boxes[:, 3] + 1) / (boxes[:, 2] + 1)
    for index, height in enumerate(() if scene.heights is None else scene.heights):
        if height > 0 and (box := extents[index].box) is not None:
            ratios[index] = height / max(*box.size[:2], _LEAST_LENGTH)
    slenderness = torch.from_numpy(np.log(ratios)).float()
    return torch.sigmoid(
        _SLENDERNESS_SLOPE * (slenderness if posture == "standing" else -slenderness)
    )


def handle_fit(scene: Scene, handle: bool, rest: Tensor) -> Tensor:
    """Return the fit of each mask to a vessel that has a ``handle``, or to one without.

    It is judged by the whole object that a mask belongs to: the side of a mug without its opening
    has thin ends. A mask beside all objects is neutral, and without any object each is judged by
    itself. A handle that does not show may be in front of the body, behind it or hidden.
    "With a handle" is relative to the likeliest mask: it prefers handles that show, and refuses no
    mug where none does.

    Args:
        scene: The scene.
        handle: Whether the vessel has one.
        rest: The probability of each mask by the other evidence, N.
    """
    is_whole = whole_objects(scene)
    judged = np.flatnonzero(is_whole if is_whole.any() else np.ones_like(is_whole))
    reaches = torch.from_numpy(handle_reaches(scene, judged.tolist()))
    shown = ((reaches - _LEAST_REACH) / (_SURE_REACH - _LEAST_REACH)).clamp(0, 1)
    has = (_UNSEEN + (1 - _UNSEEN) * shown).nan_to_num(nan=0.5)
    overlap, nearest = torch.from_numpy(scene.proposals.iou[:, judged]).max(dim=1)
    has = torch.where(overlap > 0, has[nearest], 0.5)
    if not handle:
        return 1 - has
    return (has / has[(rest * has).argmax()]).clamp(max=1)


def coherence_fit(scene: Scene, localiser: Localiser, target: NounPhrase) -> Tensor:
    """Return the share of the coherence map in each mask: S_g of Eq. 8, 1 for the best mask.

    Differences are divided by at least the mean heat of the map (1), so that they are small on a
    map without a peak.
    """
    if scene.patches is None:
        return torch.ones(len(scene.proposals))
    masks = torch.from_numpy(scene.proposals.coverage)
    height, width = masks.shape[1:]
    text = localiser.encode_phrases([core_phrase(target)])[0]
    heat = localiser.heat_map(scene.patches, text, height, width)
    directed = directed_map(heat, position_map(target.position, height, width))
    weights = PRODUCT_WEIGHTS.get(target.superlative or "", PRODUCT_WEIGHTS[""])
    guidance = guidance_scores(masks, directed, weights)
    gap = guidance.max() - guidance
    return 1 - gap / gap.max().clamp_min(1.0)


def order_fit(scene: Scene, target: NounPhrase, members: Tensor, counted: Tensor) -> Tensor:
    """Return the probability that each mask has the rank of the target.

    Args:
        scene: The scene.
        target: The phrase with an ordinal, a superlative or a position.
        members: The fit of each mask to the rest of the phrase, N.
        counted: ``members`` for one mask of each object, 0 for the others, N.
    """
    competing = competing_masks(scene)
    if target.ordinal is not None:
        before = precedence(target.ordinal.side, scene, members) * competing
        return ordinal_probability(target.ordinal.index, before, counted)
    fit = torch.ones(len(members))
    if target.superlative is not None:
        count = target.number if isinstance(target.number, int) else 1
        before = precedence(target.superlative, scene, members) * competing
        fit = fit * first_probability(before, counted, count)
    if target.position and target.number == "one":
        before = position_precedence(target.position, scene, counted) * competing
        fit = fit * first_probability(before, counted)
    elif target.position:
        fit = fit * graded_fit(position_key(target.position, scene, counted)[0], members)
    return fit


def side_fit(scene: Scene, side: str | None, members: Tensor) -> Tensor:
    """Return the probability that each mask is the first member on a side; 1 without a side."""
    if side is None:
        return torch.ones(len(members))
    before = position_precedence((side,), scene, members) * competing_masks(scene)
    return first_probability(before, members)


def competing_masks(scene: Scene) -> Tensor:
    """Return float32 NxN: 1 at [j, i] if the masks j and i show different objects.

    Masks that mostly coincide, and a part and its whole, are one object.
    """
    iou, containment = scene.proposals.iou, scene.proposals.containment
    return torch.from_numpy((iou <= _SAME_IOU) & (containment <= _PART)).float()


def representatives(scene: Scene, fit: Tensor) -> Tensor:
    """Return float32 N: 1 for the best mask of each object, 0 for the others."""
    differ = competing_masks(scene)
    chosen: list[int] = []
    for index in torch.argsort(fit, descending=True, stable=True).tolist():
        if bool((differ[index, chosen] > 0).all()):
            chosen.append(index)
    found = torch.zeros(len(fit))
    found[chosen] = 1.0
    return found
