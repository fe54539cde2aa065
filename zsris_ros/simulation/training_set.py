"""The rendered training set, stored as memory-mapped arrays.

Layout seeds start at TRAINING_SEEDS; all smaller seeds are held out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from zsris_ros.simulation.forking import without_opencv_threads
from zsris_ros.simulation.layout import draw_layout, vary
from zsris_ros.simulation.render import LayoutRenderer, Rendering
from zsris_ros.types import Frame, Intrinsics

TRAINING_SEEDS = 1_000_000
VIEWS = 2
WIDTH, HEIGHT = 640, 480
DEPTH, INTRINSICS = "depth.npy", "intrinsics.npy"
"""The files of each image's depth (uint16 HxW, millimetres) and fx, fy, cx, cy (pixels)."""
PROPOSALS = "proposals.jsonl"
"""The file of a set with a line for each image: the proposed masks as compressed run lengths."""


class Images:
    """The images of several arrays uint8 NxHxW or NxHxWx3, one after the other."""

    def __init__(self, arrays: Sequence[npt.NDArray[np.uint8]], counts: Sequence[int]) -> None:
        self._arrays, self._ends = arrays, np.cumsum(counts)
        self.size: tuple[int, int] = arrays[0].shape[1:3]

    def __getitem__(self, row: int) -> npt.NDArray[np.uint8]:
        which = int(np.searchsorted(self._ends, row, side="right"))
        return np.asarray(self._arrays[which][row - (self._ends[which - 1] if which else 0)])


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """N images: ``rgb`` uint8 HxWx3, ``labels`` uint8 HxW (k = object k-1), objects' ``names``.

    ``proposals`` holds the masks proposed in each image as compressed run lengths
    (geometry.run_lengths); none where no proposer has run.
    """

    rgb: Images
    labels: Images
    names: list[list[str]]
    proposals: list[list[str]]

    def __len__(self) -> int:
        return len(self.names)


def load_training_set(*directories: Path) -> TrainingSet:
    """Open sets written by ``render_training_set`` as one. Raises FileNotFoundError without one."""
    names = [json.loads((each / "names.json").read_text()) for each in directories]
    counts = [len(each) for each in names]
    rgb, labels = (
        Images([np.load(each / f"{kind}.npy", mmap_mode="r") for each in directories], counts)
        for kind in ("rgb", "labels")
    )
    proposals = [
        masks
        for each, count in zip(directories, counts, strict=True)
        for masks in _read_proposals(each, count)
    ]
    return TrainingSet(rgb, labels, [image for each in names for image in each], proposals)


def _read_proposals(directory: Path, count: int) -> list[list[str]]:
    path = directory / PROPOSALS
    lines = path.read_text().splitlines() if path.exists() else []
    found: list[list[str]] = [json.loads(line) for line in lines[:count]]
    return found + [[] for _ in range(count - len(found))]


def create_arrays(directory: Path, images: int) -> None:
    """Create the empty files of a set."""
    directory.mkdir(parents=True, exist_ok=True)
    shape = (images, HEIGHT, WIDTH)
    create = np.lib.format.open_memmap
    create(directory / "rgb.npy", "w+", np.uint8, (*shape, 3)).flush()
    create(directory / "labels.npy", "w+", np.uint8, shape).flush()
    create(directory / DEPTH, "w+", np.uint16, shape).flush()
    create(directory / INTRINSICS, "w+", np.float64, (images, 4)).flush()


def store(directory: Path, row: int, rendering: Rendering) -> None:
    """Store a rendering as image ``row`` of a set."""
    assert rendering.depth is not None
    camera = rendering.intrinsics
    values = {
        "rgb.npy": rendering.rgb,
        "labels.npy": rendering.labels,
        DEPTH: np.minimum(rendering.depth * 1000, 65535),
        INTRINSICS: (camera.fx, camera.fy, camera.cx, camera.cy),
    }
    for name, value in values.items():
        np.load(directory / name, mmap_mode="r+")[row] = value


def frame_of(directory: Path, row: int) -> Frame:
    """Return one image of a set with depth and intrinsics."""
    images, depth, intrinsics = (
        np.load(directory / name, mmap_mode="r") for name in ("rgb.npy", DEPTH, INTRINSICS)
    )
    metres = depth[row].astype(np.float32) / np.float32(1000)
    fx, fy, cx, cy = (float(value) for value in intrinsics[row])
    return Frame(np.array(images[row]), metres, Intrinsics(fx, fy, cx, cy))


def render_training_set(directory: Path, layouts: int, workers: int) -> TrainingSet:
    """Render VIEWS images of each layout, or open the set that an earlier call has rendered."""
    names_file = directory / "names.json"
    if names_file.exists() and len(json.loads(names_file.read_text())) == layouts * VIEWS:
        return load_training_set(directory)
    create_arrays(directory, layouts * VIEWS)
    jobs = [(str(directory), index) for index in range(layouts)]
    names: list[list[str]] = []
    with without_opencv_threads(), ProcessPoolExecutor(workers) as pool:
        for views in tqdm(pool.map(_render_layout, jobs), "rendering", layouts, unit="layout"):
            names.extend(views)
    names_file.write_text(json.dumps(names))
    return load_training_set(directory)


def _render_layout(job: tuple[str, int]) -> list[list[str]]:
    directory, index = Path(job[0]), job[1]
    seed = TRAINING_SEEDS + index
    rng = np.random.default_rng([seed, 1])
    layout = draw_layout(seed)
    names = []
    with LayoutRenderer(layout, WIDTH, HEIGHT) as renderer:
        for view in range(VIEWS):
            store(directory, index * VIEWS + view, renderer.render(layout))
            names.append([placed.name for placed in layout.objects])
            layout = vary(layout, rng)
    return names
