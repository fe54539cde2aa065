"""Candidates of a gripper: drafts with quality terms, free of collisions with support and scene."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import numpy as np

from zsris_ros.geometry.oriented_box import Pose
from zsris_ros.grasping.collision import ObstacleMap, box_samples, lower_samples, touches
from zsris_ros.grasping.completion import CompletedObject
from zsris_ros.grasping.gripper import ParallelJaw, SuctionCup
from zsris_ros.grasping.observation import Observation
from zsris_ros.grasping.parallel_jaw import GraspDraft, draft_grasps
from zsris_ros.grasping.plan import (
    DoubleArray,
    GraspCandidate,
    GraspSettings,
)
from zsris_ros.grasping.suction import draft_patches
from zsris_ros.tracing.stages import timed
from zsris_ros.types import BoolArray

HITS_SUPPORT = "collides with the support"
HITS_SCENE = "collides with another object"
HITS_OBJECT = "collides with the object itself"
UNSEEN_INSIDE = "the inside of the object is not visible"

_BATCH = 40
_FINGER_SPACING = 0.008
_BODY_SPACING = 0.015
_SWEEP = (0.0, 0.4, 1.0)  # of the pregrasp distance
_ARM = 0.05  # metres beside the middle where the centring term is a half
_HIDDEN = 0.02  # metres behind a visible surface
_HIDDEN_COST = 0.5
_FREE = 0.004  # metres by which a point may lie behind the visible surface and count as free
_SEEN_FREE = 0.6  # share of the points at a finger's end
_TIP_LENGTH = 0.02  # metres of a finger that reach into a hollow object
_EASY_WIDTH = 0.75  # of the opening


def jaw_candidates(
    seen: Observation,
    shape: CompletedObject,
    jaw: ParallelJaw,
    settings: GraspSettings,
    rejected: Counter[str],
    timings: dict[str, float],
) -> list[GraspCandidate]:
    """Return the candidates of a parallel jaw; rejected drafts are counted by reason."""
    heights = ObstacleMap.of(seen.scene)
    middle = shape.middle
    candidates: list[GraspCandidate] = []
    for name, from_above in (("from above", True), ("inclined", False)):
        with timed(timings, name):
            drafts = draft_grasps(shape, jaw, settings, rejected, from_above)
            graded = sorted(
                ((draft, _terms(draft, middle, jaw)) for draft in drafts),
                key=lambda each: -combine(each[1], settings.weights),
            )
        found: list[GraspCandidate] = []
        with timed(timings, f"collisions {name}"):
            # Collisions take long; the most promising drafts are mostly enough.
            while graded and len(found) < settings.count:
                batch, graded = graded[:_BATCH], graded[_BATCH:]
                found += _free_of_collisions(seen, shape, heights, batch, jaw, settings, rejected)
        candidates += found
        if max((each.quality for each in candidates), default=0) >= settings.good_quality:
            break
    return candidates


def cup_candidates(
    seen: Observation,
    shape: CompletedObject,
    cup: SuctionCup,
    settings: GraspSettings,
    rejected: Counter[str],
) -> list[GraspCandidate]:
    """Return the candidates of a suction cup; rejected patches are counted by reason."""
    patches = draft_patches(seen, cup, rejected)
    if not patches:
        return []
    heights = ObstacleMap.of(seen.scene)
    axes = np.stack([patch.axes for patch in patches])
    positions = np.stack([patch.position for patch in patches])
    samples = np.vstack(
        [
            *lower_samples([cup.cup()], _FINGER_SPACING, upright=False),
            *lower_samples([cup.body()], _BODY_SPACING, upright=False),
        ]
    )
    placed = _placed(
        _facing_down(np.repeat(samples[None], len(patches), axis=0), axes), axes, positions
    )
    on_support = placed[..., 2].min(axis=1) < settings.support_clearance - 1e-6
    in_scene = _sweep_hits(heights, placed, axes, settings)
    clearance = heights.clearance(placed)
    candidates: list[GraspCandidate] = []
    for patch, low, hit, kept in zip(patches, on_support, in_scene, clearance, strict=True):
        if low or hit:
            rejected[HITS_SUPPORT if low else HITS_SCENE] += 1
            continue
        local = (shape.points - patch.position) @ patch.axes
        if touches([cup.cup(), cup.body()], local, settings.pregrasp_distance):
            rejected[HITS_OBJECT] += 1
            continue
        arm = float(np.linalg.norm(patch.position[:2] - shape.middle[:2]))
        terms = {
            "surface": patch.flatness,
            "centring": 1 / (1 + (arm / _ARM) ** 2),
            "clearance": float(kept),
        }
        candidates.append(
            GraspCandidate(
                pose=_pose(patch.axes, patch.position),
                width=0.0,
                opening=0.0,
                pregrasp_distance=settings.pregrasp_distance,
                kind="suction",
                approach="above" if patch.axes[2, 2] < -0.9 else "tilted",
                quality=combine(terms, settings.weights),
                terms=terms,
            )
        )
    return candidates


def combine(terms: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """prod(term ** weight): a weighted geometric mean, which a single bad term pulls to zero."""
    total = sum(weights.get(name, 0.0) for name in terms)
    if total <= 0:
        return 0.0
    exponents = {name: weights.get(name, 0.0) / total for name in terms}
    return math.prod(max(0.0, terms[name]) ** power for name, power in exponents.items())


def _terms(draft: GraspDraft, middle: DoubleArray, jaw: ParallelJaw) -> dict[str, float]:
    """Return the quality terms that need no scene."""
    arm = math.hypot(*(draft.position[:2] - middle[:2]))
    return {
        "antipodality": draft.antipodality,
        "surface": draft.surface,
        "centring": 1 / (1 + (arm / _ARM) ** 2),
        "width": _width_term(draft.width, jaw),
        "visible": 0.5 + 0.5 * draft.visible,
        "upright": 0.5 - 0.5 * float(draft.axes[2, 2]),
    }


def _free_of_collisions(
    seen: Observation,
    shape: CompletedObject,
    heights: ObstacleMap,
    graded: list[tuple[GraspDraft, dict[str, float]]],
    jaw: ParallelJaw,
    settings: GraspSettings,
    rejected: Counter[str],
) -> list[GraspCandidate]:
    """Return the candidates among drafts with their terms; the others are counted by reason."""
    fitting: list[tuple[GraspDraft, dict[str, float], float]] = []
    for draft, terms in graded:
        opening = _opening(draft, shape, jaw, settings)
        if opening is None:
            rejected[HITS_OBJECT] += 1
        else:
            fitting.append((draft, terms, opening))
    if not fitting:
        return []
    drafts = [draft for draft, _, _ in fitting]
    axes = np.stack([draft.axes for draft in drafts])
    positions = np.stack([draft.position for draft in drafts])
    openings = np.array([opening for _, _, opening in fitting])
    upright = bool((axes[:, 2, 2] < -0.99).all())
    lower = lower_samples(jaw.fingers(0.0), _FINGER_SPACING, upright)
    (palm,) = lower_samples([jaw.body()], _BODY_SPACING, upright)
    bottom = np.concatenate(
        [_opened(lower, openings), np.repeat(palm[None], len(drafts), axis=0)], axis=1
    )
    gripper = _placed(_facing_down(bottom, axes), axes, positions)
    fingers = _placed(
        _opened([box_samples(each, _FINGER_SPACING) for each in jaw.fingers(0.0)], openings),
        axes,
        positions,
    )
    reasons = {
        HITS_SUPPORT: gripper[..., 2].min(axis=1) < settings.support_clearance - 1e-6,
        HITS_SCENE: _sweep_hits(heights, gripper, axes, settings),
        UNSEEN_INSIDE: _inner_hidden(seen, fingers[:, _near_tips(jaw)], drafts),
    }
    free = np.ones(len(drafts), dtype=bool)
    for reason, applies in reasons.items():
        if (applies & free).any():
            rejected[reason] += int(np.count_nonzero(applies & free))
        free &= ~applies
    if not free.any():
        return []
    clearance = np.zeros(len(drafts))
    of_fingers = gripper[free, : sum(map(len, lower))]
    clearance[free] = heights.clearance(of_fingers) * _visible_share(seen, fingers[free])
    candidates: list[GraspCandidate] = []
    for index in np.flatnonzero(free):
        draft, terms, opening = fitting[index]
        terms = {**terms, "clearance": float(clearance[index])}
        candidates.append(
            GraspCandidate(
                pose=_pose(draft.axes, draft.position),
                width=draft.width,
                opening=opening,
                pregrasp_distance=settings.pregrasp_distance,
                kind=draft.kind,
                approach=draft.approach,
                quality=combine(terms, settings.weights),
                terms=terms,
            )
        )
    return candidates


def _opening(
    draft: GraspDraft, shape: CompletedObject, jaw: ParallelJaw, settings: GraspSettings
) -> float | None:
    """Return the widest opening at which the gripper approaches without contact, or None."""
    local = (shape.points - draft.position) @ draft.axes
    if touches([jaw.body()], local, settings.pregrasp_distance):
        return None
    for clearance in (settings.finger_clearance, settings.min_clearance):
        opening = min(jaw.opening, draft.width + 2 * clearance)
        if not touches(jaw.fingers(opening), local, settings.pregrasp_distance):
            return opening
    return None


def _opened(closed: list[DoubleArray], openings: DoubleArray) -> DoubleArray:
    """Return points MxSx3 of both fingers at M openings, given those of the closed gripper."""
    side = np.repeat((-1.0, 1.0), [len(finger) for finger in closed])
    samples = np.repeat(np.vstack(closed)[None], len(openings), axis=0)
    samples[..., 1] += side * openings[:, None] / 2
    return samples


def _facing_down(samples: DoubleArray, axes: DoubleArray) -> DoubleArray:
    """Return the `lower_samples` MxSx3 of M grasps, mirrored where the TCP's x or y axis points up.

    Grippers are symmetric: their faces at low x or y are then the lower ones.
    """
    mirrored = np.where(axes[:, 2] > 0, -1.0, 1.0)
    mirrored[:, 2] = 1.0
    return samples * mirrored[:, None]


def _near_tips(jaw: ParallelJaw) -> BoolArray:
    """Return which of the samples of both fingers lie at the ends of the fingers."""
    z = np.vstack([box_samples(finger, _FINGER_SPACING) for finger in jaw.fingers(0.0)])[:, 2]
    return np.asarray(z >= jaw.tip - _TIP_LENGTH)


def _placed(samples: DoubleArray, axes: DoubleArray, positions: DoubleArray) -> DoubleArray:
    """TCP-frame points (1 or M)xSx3 of M grasps in the support frame, MxSx3."""
    return np.asarray(samples @ axes.transpose(0, 2, 1) + positions[:, None])


def _sweep_hits(
    heights: ObstacleMap, gripper: DoubleArray, axes: DoubleArray, settings: GraspSettings
) -> BoolArray:
    """Return which of M grasps (points MxSx3) meet the scene at the grasp or on the way to it."""
    hit = np.zeros(len(gripper), dtype=bool)
    for share in _SWEEP:
        # Straight down through columns, the last position is the worst.
        moving = ~hit & ((axes[:, 2, 2] > -0.99) if share else True)
        back = share * settings.pregrasp_distance * axes[moving, :, 2]
        hit[moving] = heights.hits(gripper[moving] - back[:, None]).any(axis=1)
    return hit


def _visible_share(seen: Observation, fingers: DoubleArray) -> DoubleArray:
    """Return a factor in [0.5, 1] for each grasp: less for fingers hidden by other objects."""
    depth, measured, on_object = seen.seen_depth(fingers)
    with np.errstate(invalid="ignore"):
        hidden = (depth > measured + _HIDDEN) & ~on_object
    return np.asarray(1 - _HIDDEN_COST * hidden.mean(axis=1))


def _inner_hidden(seen: Observation, fingers: DoubleArray, drafts: list[GraspDraft]) -> BoolArray:
    """Return which grasps put a finger inside the object where no free space is visible.

    ``fingers`` MxSx3 are points at the ends of both fingers, half of them for each.
    """
    inner = np.array([draft.inner for draft in drafts])
    hidden = np.zeros(len(drafts), bool)
    concerned = inner.any(axis=1)
    depth, measured, _ = seen.seen_depth(fingers[concerned])
    with np.errstate(invalid="ignore"):
        free = measured > depth - _FREE
    ends = free.reshape(len(free), 2, free.shape[1] // 2).mean(axis=2)
    hidden[concerned] = (inner[concerned] & (ends < _SEEN_FREE)).any(axis=1)
    return hidden


def _width_term(width: float, jaw: ParallelJaw) -> float:
    """Return 1 for objects that fit easily, down to 0.2 for those that just fit."""
    share = width / jaw.opening
    return 1.0 if share <= _EASY_WIDTH else 1 - 0.8 * (share - _EASY_WIDTH) / (1 - _EASY_WIDTH)


def _pose(axes: DoubleArray, position: DoubleArray) -> Pose:
    x, y, z = position.tolist()
    return Pose((x, y, z), axes)
