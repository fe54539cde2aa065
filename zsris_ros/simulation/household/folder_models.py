"""Object models of a folder: NAME/visual.obj in metres, texture.png and object.json with its words.

``object.json`` holds ``nouns`` (best first), ``colours`` and ``adjectives``; ``collision*.obj`` are
used for contact where there are any.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from zsris_ros.simulation.convex_parts import convex_parts
from zsris_ros.simulation.household.object_model import ObjectModel, Surface
from zsris_ros.simulation.household.resting import stand_up
from zsris_ros.simulation.words import Description
from zsris_ros.types import ByteArray, InputError

DoubleArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]

LARGEST_TEXTURE = 512
_CONTAINERS = {"bowl", "cup", "mug", "basket", "tray", "pan", "pot", "bin", "caddy"}
_SUPPORTS = {"plate", "tray"}


def folder_model_names(folder: Path) -> list[str]:
    """Return the objects of a folder: its sub-folders with ``visual.obj``."""
    names = sorted(path.parent.name for path in folder.glob("*/visual.obj"))
    if not names:
        raise InputError(f"{folder} holds no objects: each needs NAME/visual.obj in metres")
    return names


def read_folder_model(folder: Path) -> ObjectModel:
    """Read one object, standing on its most stable face, hollow ones with the opening up.

    Raises:
        InputError: A file is missing or damaged.
    """
    surface = read_surface(folder)
    contact = [read_obj(path) for path in sorted(folder.glob("collision*.obj"))]
    contact = contact or [(surface.vertices, surface.faces)]
    parts = tuple(part for mesh in contact for part in convex_parts(*mesh))
    words = read_description(folder)
    head = words.nouns[-1].split()[-1]
    role = "support" if head in _SUPPORTS else "container" if head in _CONTAINERS else "object"
    model = ObjectModel(
        folder.name, words, (surface,), parts, role, upright=role != "object", paintable=True
    )
    return stand_up(model)


def read_description(folder: Path) -> Description:
    """Read ``object.json``. Raises InputError without nouns."""
    path = folder / "object.json"
    try:
        words = json.loads(path.read_text(encoding="utf-8"))
        nouns = tuple(str(noun) for noun in words["nouns"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: {error!r}; it needs at least nouns, a list of names") from error
    if not nouns:
        raise InputError(f"{path}: nouns is empty; name the object")
    heads = {noun.split()[-1] for noun in nouns}
    # A name of one word that ends others is generic ("can" of "coke can"); generic ones come last.
    generic = [n for n in nouns if any(o != n and o.endswith(f" {n}") for o in nouns)]
    ordered = [n for n in nouns if n not in generic] + generic
    kinds = len(generic) or (len(nouns) if len(heads) == len(nouns) else 1)
    return Description(
        tuple(ordered),
        tuple(words.get("colours", ())),
        tuple(words.get("adjectives", ())),
        kinds,
    )


def read_surface(folder: Path) -> Surface:
    """Read ``visual.obj`` and ``texture.png``. Raises InputError for a damaged file."""
    vertices, faces, uv, uv_faces = _read_wavefront(folder / "visual.obj")
    texture = read_texture(folder / "texture.png") if uv is not None else None
    return Surface(vertices, faces, uv, uv_faces, texture)


def read_texture(path: Path) -> ByteArray | None:
    """Read an RGB picture, at most LARGEST_TEXTURE wide; None without the file."""
    if not path.exists():
        return None
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise InputError(f"{path} is not a picture that OpenCV reads")
    return shrink_texture(np.ascontiguousarray(pixels[..., ::-1]))


def shrink_texture(pixels: ByteArray) -> ByteArray:
    """Return uint8 HxWx3 with sides of at most LARGEST_TEXTURE."""
    scale = LARGEST_TEXTURE / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def read_obj(path: Path) -> tuple[DoubleArray, IntArray]:
    """Vertices float64 Vx3 and triangles int32 Fx3 of a Wavefront file; polygons become fans."""
    vertices, faces, _, _ = _read_wavefront(path)
    return vertices, faces


def _read_wavefront(
    path: Path,
) -> tuple[DoubleArray, IntArray, DoubleArray | None, IntArray | None]:
    vertices: list[list[float]] = []
    uv: list[list[float]] = []
    faces: list[tuple[int, int, int]] = []
    uv_faces: list[tuple[int, int, int]] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("v "):
            vertices.append([float(value) for value in line.split()[1:4]])
        elif line.startswith("vt "):
            u, v = (float(value) for value in line.split()[1:3])
            uv.append([u, 1.0 - v])  # Wavefront counts v from the bottom of the picture
        elif line.startswith("f "):
            corners = [word.split("/") for word in line.split()[1:]]
            faces += _fan([_index(corner[0], len(vertices)) for corner in corners])
            if all(len(corner) > 1 and corner[1] for corner in corners):
                uv_faces += _fan([_index(corner[1], len(uv)) for corner in corners])
    if not vertices or not faces:
        raise InputError(f"{path} holds no triangles: export the object as a Wavefront mesh")
    mesh = np.array(vertices, np.float64), np.array(faces, np.int32)
    if not uv or len(uv_faces) != len(faces):
        return (*mesh, None, None)
    return (*mesh, np.array(uv, np.float64), np.array(uv_faces, np.int32))


def _index(word: str, count: int) -> int:
    number = int(word)
    return number - 1 if number > 0 else count + number


def _fan(corners: list[int]) -> list[tuple[int, int, int]]:
    return [(corners[0], corners[i], corners[i + 1]) for i in range(1, len(corners) - 1)]
