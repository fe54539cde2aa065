"""The object models that household scenes are made of, read once and looked up by name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from zsris_ros.simulation.convex_parts import convex_parts
from zsris_ros.simulation.household.folder_models import folder_model_names, read_folder_model
from zsris_ros.simulation.household.generated.kinds import (
    TESTED,
    TRAINED,
    generated_model,
    generated_names,
)
from zsris_ros.simulation.household.libero_models import (
    is_articulated,
    libero_folder,
    libero_words,
    read_libero_model,
)
from zsris_ros.simulation.household.object_model import PAINTS, ObjectModel, Surface
from zsris_ros.simulation.household.resting import resting_poses
from zsris_ros.simulation.layout import COLOURS
from zsris_ros.simulation.shapes import SHAPES
from zsris_ros.simulation.words import Description, with_hypernyms, with_synonyms

DoubleArray = npt.NDArray[np.float64]

PRIMITIVE_NOUNS = {
    "box": ("box", "block", "cube"),
    "ball": ("ball", "sphere"),
    "cylinder": ("cylinder", "can"),
    "cone": ("cone",),
    "mug": ("mug", "cup"),
    "bowl": ("bowl",),
    "bottle": ("bottle",),
    "plate": ("plate", "dish"),
}
"""The nouns of the tabletop's shapes."""
_SHAPE = "shape:"
"""Begins the names of the tabletop's shapes: LIBERO has a plate, too."""
_GENERATED = "generated:"
_NUMBERS: Mapping[str, Sequence[int]] = {"generated": TRAINED, "generated-test": TESTED}
_SOURCES = ("libero", "shapes", *_NUMBERS)
OPENINGS = 4
"""Poses of furniture with open drawers or doors."""
_PRIMITIVE_ROLES = {"mug": "container", "bowl": "container", "plate": "support"}


@dataclass(frozen=True)
class ModelSource:
    """The sources of models.

    Folders of scanned objects, LIBERO's assets, the tabletop's shapes, and the ``generated``
    models with these numbers. ``held_out`` names are left out.
    """

    folders: tuple[Path, ...] = ()
    libero: Path | None = None
    shapes: bool = True
    held_out: frozenset[str] = frozenset()
    generated: tuple[int, ...] = ()

    def names(self) -> list[str]:
        """Return the names of all models, sorted within their source."""
        found = [name for folder in self.folders for name in folder_model_names(folder)]
        if self.libero is not None:
            found += list(libero_words())
        if self.shapes:
            found += [_SHAPE + shape for shape in SHAPES]
        found += [_GENERATED + name for name in generated_names(self.generated)]
        return [name for name in found if name not in self.held_out]


def model_source(places: Sequence[str], held_out: Iterable[str] = ()) -> ModelSource:
    """Return the source of folders, "libero" (the package's assets), "shapes" and "generated".

    "generated-test" are other models of the generated kinds.

    Raises:
        InputError: A folder without objects, or LIBERO's package is not installed.
    """
    folders = tuple(Path(each) for each in places if each not in _SOURCES)
    for folder in folders:
        folder_model_names(folder)
    libero = libero_folder() if "libero" in places else None
    numbers = tuple(number for place in places for number in _NUMBERS.get(place, ()))
    return ModelSource(folders, libero, "shapes" in places, frozenset(held_out), numbers)


class ModelLibrary:
    """Reads the models of a source on demand and keeps them."""

    def __init__(self, source: ModelSource) -> None:
        self.names = source.names()
        self._source = source
        self._models: dict[str, ObjectModel] = {}
        self._poses: dict[str, list[ObjectModel]] = {}
        self._resting: dict[str, list[tuple[DoubleArray, float]]] = {}

    def get(self, name: str) -> ObjectModel:
        """Return a model by name. Raises InputError for a damaged one."""
        if name not in self._models:
            self._models[name] = self._read(name)
        return self._models[name]

    def poses(self, name: str) -> list[ObjectModel]:
        """Return a model as it is, and with its drawers and doors open in OPENINGS ways."""
        if name not in self._poses:
            found, assets = [self.get(name)], self._source.libero
            if assets and found[0].role == "furniture" and is_articulated(name, assets):
                found += [read_libero_model(name, assets, k + 1) for k in range(OPENINGS)]
            self._poses[name] = found
        return self._poses[name]

    def read_all(self) -> ModelLibrary:
        """Read every model, with progress on stderr. Raises InputError for a damaged one."""
        for name in tqdm(self.names, "reading models", unit="model"):
            self.poses(name)
        return self

    def resting(self, name: str) -> list[tuple[DoubleArray, float]]:
        """Return the rotations that put a model on its stable faces, and their chances."""
        if name not in self._resting:
            self._resting[name] = resting_poses(self.get(name).parts)
        return self._resting[name]

    def _read(self, name: str) -> ObjectModel:
        for folder in self._source.folders:
            if (folder / name / "visual.obj").exists():
                return read_folder_model(folder / name)
        if name.startswith(_SHAPE):
            return primitive(name.removeprefix(_SHAPE))
        if name.startswith(_GENERATED):
            return generated_model(name.removeprefix(_GENERATED))
        assert self._source.libero is not None
        return read_libero_model(name, self._source.libero)


@cache
def primitive(shape: str) -> ObjectModel:
    """Return a shape of the tabletop as a model, unpainted."""
    mesh = SHAPES[shape].mesh
    return ObjectModel(
        name=_SHAPE + shape,
        description=Description(PRIMITIVE_NOUNS[shape], (), (), len(PRIMITIVE_NOUNS[shape])),
        surfaces=(Surface(mesh.vertices, mesh.faces, rgba=(1.0, 1.0, 1.0, 1.0)),),
        parts=tuple(convex_parts(mesh.vertices, mesh.faces)),
        role=_PRIMITIVE_ROLES.get(shape, "object"),
        upright=shape in ("mug", "bowl", "plate", "bottle", "cone"),
    )


def key_of(name: str, colour: str | None) -> str:
    """Return the name under which a training set lists an object: "<colour>/<model>"."""
    return f"{colour or ''}/{name}"


def describe(key: str, library: ModelLibrary) -> Description:
    """Return the words of an object of a training set.

    ``key`` is "<colour>/<model>", the colour empty when the model keeps its own, or a tabletop
    object's "<colour> <shape>".
    """
    if "/" not in key:
        colour, shape = key.split()
        return Description(PRIMITIVE_NOUNS[shape], (colour,), (), len(PRIMITIVE_NOUNS[shape]))
    colour, _, name = key.partition("/")
    words = library.get(name).description
    if not colour:
        return words
    return Description(words.nouns[-words.kinds :], (colour,), (), words.kinds)


def training_words(library: ModelLibrary) -> dict[str, Description]:
    """Return the description of every key that a training set of these models may have."""
    keys = [f"{colour} {shape}" for colour in COLOURS for shape in SHAPES]
    for name in library.names:
        model = library.get(name)
        if model.description.colours:
            keys.append(key_of(name, None))
        if model.paintable:
            keys += [key_of(name, colour) for colour in PAINTS]
    return {key: with_synonyms(with_hypernyms(describe(key, library))) for key in keys}


def save_words(words: Mapping[str, Description], path: Path) -> None:
    """Write the descriptions of a training set's names as JSON."""
    path.write_text(json.dumps({key: asdict(each) for key, each in words.items()}, indent=1))


def load_words(path: Path) -> dict[str, Description]:
    """Read a file of ``save_words``."""
    return {
        key: Description(
            tuple(each["nouns"]), tuple(each["colours"]), tuple(each["adjectives"]), each["kinds"]
        )
        for key, each in json.loads(path.read_text()).items()
    }
