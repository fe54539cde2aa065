"""The rendered household training set, stored as memory-mapped arrays.

Layout seeds start at TRAINING_SEEDS; all smaller seeds are held out.
"""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from tqdm import tqdm

from zsris_ros.simulation.forking import without_opencv_threads
from zsris_ros.simulation.household.household_layout import draw_household, vary_household
from zsris_ros.simulation.household.household_render import HouseholdRenderer
from zsris_ros.simulation.household.model_library import (
    ModelLibrary,
    ModelSource,
    save_words,
    training_words,
)
from zsris_ros.simulation.training_set import (
    HEIGHT,
    TRAINING_SEEDS,
    VIEWS,
    WIDTH,
    TrainingSet,
    create_arrays,
    load_training_set,
    store,
)

WORDS = "words.json"
"""The file of a set that describes the names of its objects."""

_library: ModelLibrary | None = None
"""The models of a rendering process, read before it is forked."""


def render_household_set(
    directory: Path, layouts: int, source: ModelSource, workers: int
) -> TrainingSet:
    """Render VIEWS images of each layout, or resume an interrupted call.

    The objects' names are keys of ``model_library.describe``.
    """
    global _library
    names_file = directory / "names.json"
    names: list[list[str]] = json.loads(names_file.read_text()) if names_file.exists() else []
    if len(names) >= layouts * VIEWS:
        return load_training_set(directory)
    if not names:
        create_arrays(directory, layouts * VIEWS)
    _library = ModelLibrary(source).read_all()
    save_words(training_words(_library), directory / WORDS)
    jobs = [(str(directory), index) for index in range(len(names) // VIEWS, layouts)]
    # Forked, so that the models are read once.
    with without_opencv_threads(), ProcessPoolExecutor(workers, get_context("fork")) as pool:
        for each in tqdm(pool.map(_render_layout, jobs), "rendering", len(jobs), unit="layout"):
            names.extend([each] * VIEWS)
            names_file.write_text(json.dumps(names))
    return load_training_set(directory)


def _render_layout(job: tuple[str, int]) -> list[str]:
    assert _library is not None
    directory, index = Path(job[0]), job[1]
    seed = TRAINING_SEEDS + index
    rng = np.random.default_rng([seed, 1])
    layout = draw_household(seed, _library)
    with HouseholdRenderer(layout, WIDTH, HEIGHT) as renderer:
        for view in range(VIEWS):
            store(directory, index * VIEWS + view, renderer.render(layout))
            layout = vary_household(layout, rng)
    return [placed.key for placed in layout.objects]
