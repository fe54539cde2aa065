"""Robot arms that stand beside household scenes: the models of robosuite, in random poses.

An arm is scenery: it has no name and no label. Without robosuite (it comes with the extra
``household``) there are none, and a renderer draws a chain of capsules instead.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zsris_ros.simulation.household.libero_models import compile_mjcf, visible_surface
from zsris_ros.simulation.household.object_model import Surface
from zsris_ros.simulation.render import import_mujoco

DoubleArray = npt.NDArray[np.float64]

READY = {
    "panda": (0.0, 0.2, 0.0, -2.6, 0.0, 2.9, 0.8),
    "sawyer": (0.0, -1.2, 0.0, 2.2, 0.0, 0.6, 3.3),
    "ur5e": (-0.5, -1.7, 2.5, -2.3, -1.6, -2.0),
    "iiwa": (0.0, 0.65, 0.0, -1.9, 0.0, 0.6, 0.0),
    "kinova3": (0.0, 0.65, 0.0, 1.9, 0.0, 0.6, -1.6),
    "jaco": (3.2, 3.7, 0.0, 1.2, 0.0, 3.8, 3.1),
}
"""Joint angles in radians with the hand over the table, pointing down."""
_SPREAD = 0.25  # radians, standard deviation of a joint around its ready angle
_CELL = 0.004  # metres: vertices of one cell become one
_HAND = "right_hand"
_GRIPPER = "grippers/panda_gripper.xml"
_MOUNT = "mounts/rethink_mount.xml"


def robot_names() -> tuple[str, ...]:
    """Return the arms that are installed, sorted."""
    folder = _assets()
    if folder is None:
        return ()
    return tuple(name for name in sorted(READY) if (folder / "robots" / name).is_dir())


def posed_robot(name: str, rng: np.random.Generator) -> tuple[Surface, ...]:
    """Return an arm with a gripper near its ready pose.

    The base is the origin, z is up, metres; the arm reaches towards +x.
    """
    mujoco = import_mujoco()
    model, surfaces = _read(f"robots/{name}/robot.xml")
    data = mujoco.MjData(model)
    data.qpos[:] = np.array(READY[name]) + rng.normal(0, _SPREAD, model.nq)
    mujoco.mj_kinematics(model, data)
    posed = [
        _moved(surface, data.geom_xmat[geom].reshape(3, 3), data.geom_xpos[geom])
        for geom, surface in surfaces.items()
    ]
    hand = data.body(_HAND)
    posed += [_moved(each, hand.xmat.reshape(3, 3), hand.xpos) for each in _at_rest(_GRIPPER)]
    return tuple(posed)


def robot_mount() -> tuple[Surface, ...]:
    """Return the pedestal that robosuite's arms stand on, its top at z = 0; () without one."""
    folder = _assets()
    if folder is None or not (folder / _MOUNT).is_file():
        return ()
    surfaces = _at_rest(_MOUNT)
    top = max(float(each.vertices[:, 2].max()) for each in surfaces)
    return tuple(_moved(each, np.eye(3), np.array([0.0, 0.0, -top])) for each in surfaces)


def _at_rest(path: str) -> list[Surface]:
    """Return the surfaces of a file in its own pose."""
    mujoco = import_mujoco()
    model, surfaces = _read(path)
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    return [
        _moved(surface, data.geom_xmat[geom].reshape(3, 3), data.geom_xpos[geom])
        for geom, surface in surfaces.items()
    ]


@cache
def _read(path: str) -> tuple[Any, dict[int, Surface]]:
    """Return the compiled file, and the surface of each visible geom in the geom's frame."""
    mujoco, folder = import_mujoco(), _assets()
    assert folder is not None
    model = compile_mjcf(folder / path)
    found = {geom: visible_surface(mujoco, model, geom) for geom in range(model.ngeom)}
    return model, {geom: _coarse(each) for geom, each in found.items() if each is not None}


def _coarse(surface: Surface) -> Surface:
    """Merge the vertices of each cell of 4 mm; robots' meshes have a hundred thousand faces."""
    cells = np.round(surface.vertices / _CELL).astype(np.int64)
    _, first, cell_of = np.unique(cells, axis=0, return_index=True, return_inverse=True)
    faces = cell_of.reshape(-1)[surface.faces]
    a, b, c = faces.T
    faces = faces[(a != b) & (b != c) & (a != c)].astype(np.int32)
    if len(faces) < 4:
        return surface
    return Surface(surface.vertices[first], faces, rgba=surface.rgba)


def _moved(surface: Surface, axes: DoubleArray, origin: DoubleArray) -> Surface:
    return replace(surface, vertices=surface.vertices @ axes.T + origin)


@cache
def _assets() -> Path | None:
    spec = find_spec("robosuite")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / "models" / "assets"
