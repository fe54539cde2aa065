"""The rendered training set, stored as memory-mapped arrays.

Layout seeds start at TRAINING_SEEDS; all smaller seeds are held out.
"""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from zsris_ros.simulation.layout import draw_layout, vary
from zsris_ros.simulation.render import LayoutRenderer

TRAINING_SEEDS = 1_000_000
VIEWS = 5
WIDTH, HEIGHT = 640, 480


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """``rgb`` uint8 NxHxWx3, ``labels`` uint8 NxHxW (k = object k-1), ``names`` of the objects."""

    rgb: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    names: list[list[str]]

    def __len__(self) -> int:
        return len(self.names)


def load_training_set(directory: Path) -> TrainingSet:
    """Open a set written by ``render_training_set``. Raises FileNotFoundError without one."""
    return TrainingSet(
        np.load(directory / "rgb.npy", mmap_mode="r"),
        np.load(directory / "labels.npy", mmap_mode="r"),
        json.loads((directory / "names.json").read_text()),
    )


def render_training_set(directory: Path, layouts: int, workers: int) -> TrainingSet:
    """Render VIEWS images of each layout, or open the set that an earlier call has rendered."""
    names_file = directory / "names.json"
    if names_file.exists() and len(json.loads(names_file.read_text())) == layouts * VIEWS:
        return load_training_set(directory)
    directory.mkdir(parents=True, exist_ok=True)
    shape = (layouts * VIEWS, HEIGHT, WIDTH)
    for name, size in (("rgb", (*shape, 3)), ("labels", shape)):
        np.lib.format.open_memmap(directory / f"{name}.npy", "w+", np.uint8, size).flush()
    jobs = [(str(directory), index) for index in range(layouts)]
    names: list[list[str]] = []
    with ProcessPoolExecutor(workers) as pool:
        for views in tqdm(pool.map(_render_layout, jobs), "rendering", layouts, unit="layout"):
            names.extend(views)
    names_file.write_text(json.dumps(names))
    return load_training_set(directory)


def _render_layout(job: tuple[str, int]) -> list[list[str]]:
    directory, index = Path(job[0]), job[1]
    rgb = np.load(directory / "rgb.npy", mmap_mode="r+")
    labels = np.load(directory / "labels.npy", mmap_mode="r+")
    seed = TRAINING_SEEDS + index
    rng = np.random.default_rng([seed, 1])
    layout = draw_layout(seed)
    names = []
    with LayoutRenderer(layout, WIDTH, HEIGHT) as renderer:
        for view in range(VIEWS):
            rendering = renderer.render(layout, depth=False)
            row = index * VIEWS + view
            rgb[row], labels[row] = rendering.rgb, rendering.labels
            names.append([placed.name for placed in layout.objects])
            layout = vary(layout, rng)
    return names
