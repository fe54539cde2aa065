"""Small rendered scenes for the miniature data sets; a module, not a conftest, like scenes.py."""

from __future__ import annotations

from functools import cache

import pytest

from zsris_ros.simulation.render import RenderingUnavailable
from zsris_ros.simulation.tabletop import TabletopScene, tabletop_scene

SEEDS = (2, 4, 6)


@cache
def small_scenes() -> tuple[TabletopScene, ...]:
    """Three scenes of 320x240, rendered once; skips the test where nothing can be rendered."""
    try:
        return tuple(tabletop_scene(seed, 320, 240) for seed in SEEDS)
    except RenderingUnavailable as error:
        pytest.skip(str(error))
