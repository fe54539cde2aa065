"""Order among the masks that fit a phrase: superlatives, ordinals and positions.

"Leftmost", "second from the right" and "on the left" select one of the members, the masks that fit
the rest of the phrase. With p_j the probability that mask j is a member, and b_ji the probability
that j precedes i in the order,

    P(i is the k-th) = P(exactly k - 1 of the others precede i),

the Poisson-binomial distribution of independent trials with probabilities p_j b_ji. A mask that
hardly fits hardly counts, whatever the scale of the scores. b_ji is soft if two masks are nearly
level, so that ties share a rank.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import torch
from torch import Tensor

from zsris_ros.types import Scene

METRIC = ("near", "far", "big", "small", "tall", "short", "wide", "thin")
"""The orders that are measured in metres if there is depth."""

MISCOUNT = 0.1
"""Probability ratio of one miscount; of a count that is two off it is squared."""

FIT_TOLERANCE = 0.1
"""Fits of a relation that differ by less are about equal."""
_IMAGE_CENTRE_WEIGHT = 0.1
"""Weight of the distance from the image's centre beside that from the members' centre."""
LEVEL = 0.05
"""Tolerance of a tie: a share of the extent in the image, or of the compared size or distance."""


def first_probability(before: Tensor, members: Tensor, count: int = 1) -> Tensor:
    """Return the probability that each mask is among the first ``count``, float32 N.

    ``before`` NxN holds b_ji at [j, i], zero between masks of one object; ``members`` N holds p.
    """
    return _preceding_counts(before, members, count)[:, :count].sum(dim=1)


def ordinal_probability(index: int, before: Tensor, members: Tensor) -> Tensor:
    """Return the probability that each mask is the ``index``-th (1-based) in the order, N.

    A negative index counts from the other end: the last is -1. Miscounts keep a share of the
    probability (``MISCOUNT``), as a counted object may have no mask.
    """
    if index < 0:
        before, index = before.T, -index
    longest = min(index + 8, max(len(members), index))
    counts = _preceding_counts(before, members, longest)
    off = (torch.arange(counts.shape[1]) - (index - 1)).abs()
    return (counts @ MISCOUNT ** off.float()).clamp(0, 1)


def best_probability(fit: Tensor, members: Tensor, competing: Tensor) -> Tensor:
    """Return the probability that each mask has the best fit of the members, float32 N.

    ``fit`` N in [0, 1] has a tolerance of ``FIT_TOLERANCE``. ``competing`` NxN is 1 at [j, i] if
    the two masks are different objects.
    """
    before = torch.sigmoid(2 * (fit[:, None] - fit[None, :]) / FIT_TOLERANCE) * competing
    return first_probability(before, members)


def graded_fit(key: Tensor, members: Tensor) -> Tensor:
    """Return 1 for the first member in the order of ``key`` N, 0 for the last, linear between.

    It is the fit to the position of several objects: "the mugs on the left".
    """
    keys = key[members > 0.5]
    if len(keys) < 2:
        return torch.ones_like(key)
    low, high = keys.min(), keys.max()
    return ((high - key) / (high - low).clamp_min(1e-6)).clamp(0, 1)


def _preceding_counts(before: Tensor, members: Tensor, longest: int) -> Tensor:
    """Return P(c others precede i) at [i, c], Nx(longest + 1); the last column is open."""
    trials = before * members[:, None]  # [j, i]
    counts = torch.zeros(before.shape[1], longest + 1)
    counts[:, 0] = 1.0
    for trial in trials:
        hit = trial[:, None]
        moved = torch.zeros_like(counts)
        moved[:, 1:] = counts[:, :-1]
        moved[:, -1] += counts[:, -1]
        counts = counts * (1 - hit) + moved * hit
    return counts


def precedence(kind: str, scene: Scene, members: Tensor) -> Tensor:
    """Return b_ji at [j, i]: the probability that mask j precedes mask i, float32 NxN.

    ``kind`` is a side ("left", "near"), a size ("big") or "middle"; a tie is 1/2.
    """
    if kind in _POSITIONS:
        return position_precedence((kind,), scene, members)
    if kind not in _KEYS:
        return _soft_precedence(torch.zeros(len(members)), torch.ones(len(members)))
    metric = has_metres(scene, members > 0.5)
    key = _KEYS[kind](scene, metric)
    if kind in ("near", "far") and not metric:
        heights = torch.from_numpy(scene.proposals.boxes)[:, 3] + 1
        return _soft_precedence(key, LEVEL * heights / scene.frame.height)
    log_key = key.sign() * key.abs().clamp_min(1e-6).log()
    return _soft_precedence(log_key, torch.full_like(key, LEVEL))


def position_precedence(positions: Collection[str], scene: Scene, members: Tensor) -> Tensor:
    """Return the precedence for positions; "top" and "right" add up."""
    return _soft_precedence(*position_key(positions, scene, members))


def position_key(
    positions: Collection[str], scene: Scene, members: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the sort key of positions, N, in ascending order, and its tie tolerance, N.

    Keys are in image sizes. "front" is near (low in the image without depth), "back" is far,
    "middle" is nearest to the centre of the members along the axes that no other position names.
    """
    boxes = torch.from_numpy(scene.proposals.boxes)
    size = torch.tensor([scene.frame.width, scene.frame.height], dtype=torch.float32)
    centres, extents = (boxes[:, :2] + boxes[:, 2:] / 2) / size, (boxes[:, 2:] + 1) / size
    named = set(positions)
    axes = {"left": (0, 1), "right": (0, -1), "top": (1, 1), "bottom": (1, -1)}
    keys, scales = [], []
    for name, (axis, sign) in axes.items():
        if name in named:
            keys.append(sign * centres[:, axis])
            scales.append(extents[:, axis])
    for name, sign in (("front", -1), ("back", 1)):
        if name in named:
            keys.append(sign * nearness(scene))
            scales.append(extents[:, 1])
    if "middle" in named:
        free = [axis for axis, sides in enumerate((("left", "right"), ("top", "bottom")))
                if not named & set(sides)] or [0, 1]  # fmt: skip
        key, scale = _middle_key(centres * size / size[0], extents * size / size[0], members, free)
        # Of two members, the one nearer to the image's centre.
        keys.append(key + _IMAGE_CENTRE_WEIGHT * (centres[:, free] - 0.5).abs().sum(dim=1))
        scales.append(scale)
    return torch.stack(keys).sum(0), LEVEL * torch.stack(scales).sum(0)


def _middle_key(
    centres: Tensor, extents: Tensor, members: Tensor, axes: list[int]
) -> tuple[Tensor, Tensor]:
    """Return the distance from the members' centre, and its scale; inputs Nx2 in image widths.

    Masks count from half of the best membership on: many unlikely ones do not move the centre. An
    axis counts by the members' spread along it: the middle one of a row stands between the others,
    even a little behind them.
    """
    weight = (2 * members - members.max()).clamp_min(1e-6)
    middle = (centres * weight[:, None]).sum(0) / weight.sum()
    away = centres - middle
    spread = ((away**2 * weight[:, None]).sum(0) / weight.sum()).sqrt()[axes]
    share = spread / spread.max().clamp_min(1e-6)
    key = torch.linalg.vector_norm(away[:, axes] * share, dim=1)
    return key, torch.linalg.vector_norm(extents[:, axes] * share, dim=1)


def _soft_precedence(key: Tensor, scale: Tensor) -> Tensor:
    last = torch.nan_to_num(key, nan=-torch.inf).max() + 1
    key = torch.nan_to_num(key, nan=float(last))  # masks without a measurement come last
    level = (scale[:, None] + scale[None, :]).clamp_min(1e-6) / 2
    before = torch.sigmoid(2 * (key[None, :] - key[:, None]) / level)
    return before * (1 - torch.eye(len(key)))


_POSITIONS = ("left", "right", "top", "bottom", "front", "back", "middle")


def nearness(scene: Scene) -> Tensor:
    """Return the nearness of each mask, N.

    By depth if all masks have depth, from 1 for the nearest to 0 for the farthest; else by image.
    """
    if has_metres(scene, torch.ones(len(scene.proposals), dtype=torch.bool)):
        distance = _distance(scene, metric=True)
        span = (distance.max() - distance.min()).clamp_min(1e-6)
        return (distance.max() - distance) / span
    return _image_nearness(scene)


def _image_nearness(scene: Scene) -> Tensor:
    """Return the nearness by image: low, as on a floor or a table, and large.

    By the centre, as the image border cuts off the lower edge of near objects.
    """
    boxes = torch.from_numpy(scene.proposals.boxes)
    low = (boxes[:, 1] + boxes[:, 3] / 2) / scene.frame.height
    area = scene.frame.height * scene.frame.width
    large = ((boxes[:, 2] + 1) * (boxes[:, 3] + 1) / area).sqrt()
    return low + large


def has_metres(scene: Scene, members: Tensor) -> bool:
    """Return whether there are members (bool N) and all their distances are known."""
    points = torch.from_numpy(scene.points)[members]
    return len(points) > 0 and bool(torch.isfinite(points).all())


def _distance(scene: Scene, metric: bool) -> Tensor:
    if metric:
        return torch.linalg.vector_norm(torch.from_numpy(scene.points), dim=1)
    return -_image_nearness(scene)


def _size(scene: Scene, metric: bool) -> Tensor:
    """Return the apparent size, in square metres at the centroid's distance if ``metric``."""
    return torch.from_numpy(scene.proposals.sizes) * _metres_per_pixel(scene, metric) ** 2


def _height(scene: Scene, metric: bool) -> Tensor:
    """Return the height above the support if known: the box of a flat plate is high."""
    boxes = torch.from_numpy(scene.proposals.boxes)[:, 3] * _metres_per_pixel(scene, metric)
    if not metric or scene.heights is None:
        return boxes
    heights = torch.from_numpy(scene.heights)
    return torch.where(torch.isfinite(heights), heights, boxes)


def _width(scene: Scene, metric: bool) -> Tensor:
    return torch.from_numpy(scene.proposals.boxes)[:, 2] * _metres_per_pixel(scene, metric)


def _metres_per_pixel(scene: Scene, metric: bool) -> Tensor:
    depth = torch.from_numpy(scene.points)[:, 2]
    intrinsics = scene.frame.intrinsics
    if intrinsics is None or not metric:
        return torch.ones(len(depth))
    return depth / intrinsics.fx


def _negated(key: Callable[[Scene, bool], Tensor]) -> Callable[[Scene, bool], Tensor]:
    return lambda scene, metric: -key(scene, metric)


_KEYS: dict[str, Callable[[Scene, bool], Tensor]] = {
    "near": _distance,
    "far": _negated(_distance),
    "big": _negated(_size),
    "small": _size,
    "tall": _negated(_height),
    "short": _height,
    "wide": _negated(_width),
    "thin": _width,
}
