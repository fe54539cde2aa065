"""Order among the masks that fit a phrase: superlatives, ordinals and places.

"Leftmost", "second from the right" and "on the left" name one of those that fit the rest of the
phrase, so an order is a probability over who takes part. With p_j the probability that mask j fits
as well, and b_ji the probability that j comes before i in the order,

    P(i is the k-th) = P(exactly k - 1 of the others come before i),

the Poisson-binomial distribution of independent trials with probabilities p_j b_ji. A mask that
hardly fits hardly takes part, whatever the scale of the scores. b_ji is soft where two masks lie
nearly level, so that a tie is a tie.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import torch
from torch import Tensor

from zsris_ros.types import Scene

METRIC = ("near", "far", "big", "small", "tall", "short", "wide", "thin")
"""The orders that go by metres where there is depth."""

MISCOUNT = 0.1
"""Probability ratio of one miscount: of a count that is one off, two off is its square."""

LIKE = 0.1
"""Fits of a relation that differ by less are about equal."""
_OF_PICTURE = 0.3
"""Weight of the distance from the picture's middle beside that from the middle of the members."""
LEVEL = 0.05
"""Up to about this difference two masks are level: a share of their extent in the picture, and of
their size or distance where these are compared."""


def first_shares(before: Tensor, members: Tensor, count: int = 1) -> Tensor:
    """The probability that each mask is among the first ``count``: float32 N.

    ``before`` NxN holds b_ji at [j, i], zero between masks of one object; ``members`` N holds p.
    """
    return _counts(before, members, count)[:, :count].sum(dim=1)


def ordinal_shares(index: int, before: Tensor, members: Tensor) -> Tensor:
    """The probability that each mask is the ``index``-th (1-based) from the order's start, N.

    Counts that are off by one have a tenth of the weight: a counted object may have no mask. A
    negative index counts from the other end: the last one is -1.
    """
    if index < 0:
        before, index = before.T, -index
    longest = min(index + 8, max(len(members), index))
    counts = _counts(before, members, longest)
    off = (torch.arange(counts.shape[1]) - (index - 1)).abs()
    shares = counts @ MISCOUNT ** off.float()
    return shares.clamp(0, 1)


def best_shares(fit: Tensor, members: Tensor, competing: Tensor) -> Tensor:
    """The probability that each mask fits best of those that take part: float32 N.

    ``fit`` N in [0, 1]; fits that differ by less than ``LIKE`` are about equal. ``competing`` NxN
    is 1 at [j, i] where the two masks are different objects.
    """
    before = torch.sigmoid(2 * (fit[:, None] - fit[None, :]) / LIKE) * competing
    return first_shares(before, members)


def graded_shares(key: Tensor, members: Tensor) -> Tensor:
    """1 for the first of the members in the order of ``key`` N, 0 for the last, straight between.

    What "the mugs on the left" says of each: several may be meant.
    """
    taking_part = key[members > 0.5]
    if len(taking_part) < 2:
        return torch.ones_like(key)
    low, high = taking_part.min(), taking_part.max()
    return ((high - key) / (high - low).clamp_min(1e-6)).clamp(0, 1)


def _counts(before: Tensor, members: Tensor, longest: int) -> Tensor:
    """P(c of the others come before i) at [i, c], Nx(longest + 1); the last column is open."""
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
    """b_ji at [j, i]: the probability that mask j comes before mask i, float32 NxN in [0, 1].

    ``kind`` is a side ("left", "near"), a size ("big") or "middle"; 1/2 on a tie.
    """
    return _before(*_keyed(kind, scene, members))


def place_precedence(places: Collection[str], scene: Scene, members: Tensor) -> Tensor:
    """The same for places: "left"; "top" and "right" together by the sum of both."""
    return _before(*place_key(places, scene, members))


def place_key(places: Collection[str], scene: Scene, members: Tensor) -> tuple[Tensor, Tensor]:
    """The key of a set of places, N, smallest first, and the scale on which it is level, N.

    Keys are in units of the picture. "front" is near (low in the picture without depth), "back"
    far, "middle" the nearest to the middle of the members along the axes that no other place names.
    """
    boxes = torch.from_numpy(scene.proposals.boxes)
    size = torch.tensor([scene.frame.width, scene.frame.height], dtype=torch.float32)
    centres, extents = (boxes[:, :2] + boxes[:, 2:] / 2) / size, (boxes[:, 2:] + 1) / size
    named = set(places)
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
        key, scale = _middle(centres * size / size[0], extents * size / size[0], members, free)
        # The middle of the picture as well: of two, the one nearer to it.
        keys.append(key + _OF_PICTURE * (centres[:, free] - 0.5).abs().sum(dim=1))
        scales.append(scale)
    return torch.stack(keys).sum(0), LEVEL * torch.stack(scales).sum(0)


def _middle(
    centres: Tensor, extents: Tensor, members: Tensor, axes: list[int]
) -> tuple[Tensor, Tensor]:
    """The distance from the middle of the members, Nx2 centres and extents in picture widths.

    Along the axis in which the members are spread most: the middle one of a row stands between the
    others, whether or not it stands a little behind them.
    """
    weight = (2 * members).clamp(1e-6, 1)
    middle = (centres * weight[:, None]).sum(0) / weight.sum()
    away = centres - middle
    spread = ((away**2 * weight[:, None]).sum(0) / weight.sum()).sqrt()[axes]
    share = spread / spread.max().clamp_min(1e-6)
    key = torch.linalg.vector_norm(away[:, axes] * share, dim=1)
    return key, torch.linalg.vector_norm(extents[:, axes] * share, dim=1)


def _keyed(kind: str, scene: Scene, members: Tensor) -> tuple[Tensor, Tensor]:
    """The key of one kind of order, N, and the scale on which it is level, N."""
    if kind in _PLACES:
        return place_key((kind,), scene, members)
    if kind not in _KEYS:
        return torch.zeros(len(members)), torch.ones(len(members))
    # In metres where every member has depth, else on the image plane.
    metric = measured(scene, members > 0.5)
    key = _KEYS[kind](scene, metric)
    if kind in ("near", "far") and not metric:
        heights = torch.from_numpy(scene.proposals.boxes)[:, 3] + 1
        return key, LEVEL * heights / scene.frame.height
    return key.sign() * key.abs().clamp_min(1e-6).log(), torch.full_like(key, LEVEL)


def _before(key: Tensor, scale: Tensor) -> Tensor:
    # A mask without a measurement comes last.
    last = torch.nan_to_num(key, nan=-torch.inf).max() + 1
    key = torch.nan_to_num(key, nan=float(last))
    level = (scale[:, None] + scale[None, :]).clamp_min(1e-6) / 2
    before = torch.sigmoid(2 * (key[None, :] - key[:, None]) / level)
    return before * (1 - torch.eye(len(key)))


_PLACES = ("left", "right", "top", "bottom", "front", "back", "middle")


def nearness(scene: Scene) -> Tensor:
    """How near each mask is, N: by depth where every mask has some, 1 for the nearest and 0 for the
    farthest; elsewhere by the picture.
    """
    everyone = torch.ones(len(scene.proposals), dtype=torch.bool)
    if measured(scene, everyone):
        distance = torch.linalg.vector_norm(torch.from_numpy(scene.points), dim=1)
        span = (distance.max() - distance.min()).clamp_min(1e-6)
        return (distance.max() - distance) / span
    return _seen_nearness(scene)


def _seen_nearness(scene: Scene) -> Tensor:
    """How near each mask looks: low in the picture, as on a floor or a table, and large.

    The centre counts and not the lower edge, which the picture's border cuts off where objects are
    near.
    """
    boxes = torch.from_numpy(scene.proposals.boxes)
    low = (boxes[:, 1] + boxes[:, 3] / 2) / scene.frame.height
    picture = scene.frame.height * scene.frame.width
    large = ((boxes[:, 2] + 1) * (boxes[:, 3] + 1) / picture).sqrt()
    return low + large


def measured(scene: Scene, members: Tensor) -> bool:
    """Whether every member's distance is known."""
    points = torch.from_numpy(scene.points)[members]
    return len(points) > 0 and bool(torch.isfinite(points).all())


def _distance(scene: Scene, metric: bool) -> Tensor:
    if metric:
        return torch.linalg.vector_norm(torch.from_numpy(scene.points), dim=1)
    return -_seen_nearness(scene)


def _size(scene: Scene, metric: bool) -> Tensor:
    """In square metres at the centroid's distance."""
    return torch.from_numpy(scene.proposals.sizes) * _metres_a_pixel(scene, metric) ** 2


def _height(scene: Scene, metric: bool) -> Tensor:
    """Above the support where that was found: a plate's box is high only as it lies there."""
    boxes = torch.from_numpy(scene.proposals.boxes)[:, 3] * _metres_a_pixel(scene, metric)
    if not metric or scene.heights is None:
        return boxes
    heights = torch.from_numpy(scene.heights)
    return torch.where(torch.isfinite(heights), heights, boxes)


def _width(scene: Scene, metric: bool) -> Tensor:
    return torch.from_numpy(scene.proposals.boxes)[:, 2] * _metres_a_pixel(scene, metric)


def _metres_a_pixel(scene: Scene, metric: bool) -> Tensor:
    depth = torch.from_numpy(scene.points)[:, 2]
    intrinsics = scene.frame.intrinsics
    if intrinsics is None or not metric:
        return torch.ones(len(depth))
    return depth / intrinsics.fx


def _reversed(key: Callable[[Scene, bool], Tensor]) -> Callable[[Scene, bool], Tensor]:
    return lambda scene, metric: -key(scene, metric)


_KEYS: dict[str, Callable[[Scene, bool], Tensor]] = {
    "near": _distance,
    "far": _reversed(_distance),
    "big": _reversed(_size),
    "small": _size,
    "tall": _reversed(_height),
    "short": _height,
    "wide": _reversed(_width),
    "thin": _width,
}
