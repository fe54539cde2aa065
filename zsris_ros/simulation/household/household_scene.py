"""Household scenes with ground truth, deterministic by seed.

Seeds below ``training_set.TRAINING_SEEDS`` are held out from training.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zsris_ros.geometry.centroid import centroid_3d
from zsris_ros.geometry.projection import back_project
from zsris_ros.simulation.expressions.nouns import noun_phrases
from zsris_ros.simulation.household.household_layout import HouseholdLayout, draw_household
from zsris_ros.simulation.household.household_render import HouseholdRenderer
from zsris_ros.simulation.household.model_library import ModelLibrary, describe
from zsris_ros.simulation.household.object_model import PAINTS, ObjectModel, reaches
from zsris_ros.simulation.render import Rendering
from zsris_ros.simulation.tabletop import OPTICAL_FRAME, TabletopObject, TabletopScene
from zsris_ros.simulation.words import NEUTRAL, Description, doubtful_nouns
from zsris_ros.types import Frame

VISIBLE_PX, ANY_PX = 250, 12
"""Pixels (of 640x480) of a visible object, and of one that could be seen at all."""
_ABSENT_KINDS = 24
_VESSELS, _FLAT = frozenset(("mug", "cup", "bowl", "ramekin")), frozenset(("plate",))
"""Nouns of dishes that may have a handle, and of those without one."""
_ROUND = 1.25
"""Largest ratio of the reaches of a vessel without a handle: up to 1.05, with one from 1.47 on."""
_SHOWN = 0.01
"""Least share of a mask on the outer half of a handle that shows."""
_STILL = 0.9
"""Least cosine between the vertical axis of an inverted container before and after it settled."""


def household_scene(
    seed: int, library: ModelLibrary, width: int = 640, height: int = 480, inverted: float = 0.0
) -> TabletopScene:
    """Render the scene of a seed; ``inverted`` as in ``draw_household``.

    Raises RenderingUnavailable without MuJoCo or OpenGL.
    """
    layout = draw_household(seed, library, inverted=inverted)
    with HouseholdRenderer(layout, width, height) as renderer:
        rendering = renderer.render(layout)
        poses = renderer.poses()
    return scene_of(seed, library, layout, rendering, poses)


def scene_of(
    seed: int,
    library: ModelLibrary,
    layout: HouseholdLayout,
    rendering: Rendering,
    poses: list[tuple[np.ndarray, np.ndarray]],
) -> TabletopScene:
    """Return a rendered layout with its truth; ``poses`` are those of the settled bodies."""
    assert rendering.depth is not None
    frame = Frame(rendering.rgb, rendering.depth, rendering.intrinsics, frame_id=OPTICAL_FRAME)
    axes, camera = layout.viewpoint.axes(), np.array(layout.viewpoint.position)
    share = rendering.labels.size / (640 * 480)
    points = back_project(rendering.depth, rendering.intrinsics)
    objects: list[TabletopObject] = []
    seen: list[int] = []
    hidden: list[Description] = []
    for index, placed in enumerate(layout.objects):
        words = describe(placed.key, library)
        mask = rendering.labels == index + 1
        pixels = int(mask.sum())
        surface = centroid_3d(mask, rendering.depth, rendering.intrinsics)
        if pixels < VISIBLE_PX * share or surface is None:
            if pixels >= ANY_PX * share:
                hidden.append(words)
            continue
        position, turned = poses[index]
        middle = position + turned @ np.array([0.0, 0.0, placed.model.extent[2] / 2])
        extent = _upright_extent(placed.model.extent, turned)
        centre = axes @ (middle - camera)
        seen.append(index)
        objects.append(
            TabletopObject(
                label=index + 1,
                words=words,
                mask=mask,
                centroid=surface,
                centre=(float(centre[0]), float(centre[1]), float(centre[2])),
                extent_m=(float(extent[0]), float(extent[1]), float(extent[2])),
                inverted=placed.inverted and bool(turned[2, 2] > _STILL),
                handle=_handle(
                    library.get(placed.key.partition("/")[2]),
                    placed.model,
                    (points[mask] @ axes + camera - position) @ turned,
                ),
            )
        )
    described = [*(each.words for each in objects), *hidden]
    return TabletopScene(
        seed,
        frame,
        rendering.labels,
        tuple(objects),
        tuple(hidden),
        doubtful=_doubtful(described),
        kinds=_absent_kinds(seed, library),
        colours=PAINTS,
        holders=_holders([(layout.objects[i].model, poses[i][0]) for i in seen]),
    )


def _handle(base: ObjectModel, model: ObjectModel, seen: np.ndarray) -> bool | None:
    """Return whether a dish has a handle; None of other objects, and of a handle that is hidden.

    Args:
        base: The model in its own size, whose body is round.
        model: The model as it was placed.
        seen: Its visible points in its frame, Nx3.
    """
    if _FLAT.intersection(base.description.nouns):
        return False
    if _VESSELS.isdisjoint(base.description.nouns):
        return None
    _, least, most = reaches(base)
    if most < _ROUND * least:
        return False
    middle, least, most = reaches(model)
    outer = np.hypot(*(seen[:, :2] - middle).T) > (least + most) / 2
    return True if outer.mean() > _SHOWN else None


def _upright_extent(extent: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Return sides and height of a body whose ``axes`` are 3x3, as columns: it may have fallen."""
    up = int(np.abs(axes[2]).argmax())
    return np.array([*np.delete(extent, up), extent[up]])


def _holders(found: list[tuple[ObjectModel, np.ndarray]]) -> dict[tuple[int, int], str]:
    """Return the models in or on others: above them, over the middle of their footprints."""
    pairs = {}
    for i, (model, place) in enumerate(found):
        for j, (holder, under) in enumerate(found):
            rise = place[2] - under[2]
            over = np.hypot(*(place - under)[:2]) < 0.8 * holder.radius
            if i == j or not over or model.radius >= holder.radius or rise < 0.004:
                continue
            if holder.role == "container" and rise < holder.height:
                pairs[i, j] = "inside"
            elif holder.role in ("support", "furniture") and rise > 0.5 * holder.height - 0.004:
                pairs[i, j] = "on"
    return pairs


def _doubtful(described: list[Description]) -> frozenset[str]:
    """Return the noun phrases that may fit an object, with any colour.

    An object with a label in many colours may be described by any of them.
    """
    found: set[str] = set()
    for words in described:
        nouns = doubtful_nouns(words)
        anything = replace(words, nouns=nouns, colours=PAINTS)
        found.update(t for t in noun_phrases(anything) if NEUTRAL not in t.split())
        if len(words.colours) > 1:
            found.update(f"{colour} {noun}" for noun in words.nouns for colour in PAINTS)
            found.update(f"{colour} {NEUTRAL}" for colour in PAINTS)
            found -= set(noun_phrases(words))
    return frozenset(found)


def _absent_kinds(seed: int, library: ModelLibrary) -> tuple[str, ...]:
    """Return nouns of random models, for questions about absent things."""
    rng = np.random.default_rng([seed, 53])
    names = rng.permutation(library.names)[:_ABSENT_KINDS]
    nouns = [library.get(str(name)).description.nouns for name in names]
    return tuple(dict.fromkeys(each[int(rng.integers(len(each)))] for each in nouns))
