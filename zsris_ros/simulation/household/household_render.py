"""Settles household layouts by physics and renders them: RGB, depth and instance labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from zsris_ros.simulation.household.fitted_kitchen import add_fitted_kitchen
from zsris_ros.simulation.household.household_layout import HouseholdLayout, PlacedModel
from zsris_ros.simulation.household.object_model import Surface
from zsris_ros.simulation.household.robot_arms import posed_robot, robot_mount, robot_names
from zsris_ros.simulation.household.surface_textures import surface_texture
from zsris_ros.simulation.render import (
    Rendering,
    RenderingUnavailable,
    add_lights,
    aim,
    import_mujoco,
    set_up_pictures,
    take_pictures,
)
from zsris_ros.types import ByteArray

DoubleArray = npt.NDArray[np.float64]

_STEP = 0.004
_SETTLE_STEPS = 220
_TABLE_THICKNESS, _FLOOR_Z = 0.05, -0.7
_VISIBLE, _CONTACT = 1, 3
_ROBOT = 0.75
"""Share of the arms that are a robot's, where models of robots are installed."""
_MOUNTED = 0.6
"""Share of the robots on a mount of robosuite's; the others stand on a cylinder."""
_PEDESTAL_M = (0.07, 0.14)  # metres, radius
_CLEARANCE = 0.14  # metres between the table and a cupboard over it


class HouseholdRenderer:
    """A settled scene, rendered under varied lights and viewpoints with one OpenGL context.

    Raises:
        RenderingUnavailable: MuJoCo or off-screen OpenGL is missing.
    """

    def __init__(self, layout: HouseholdLayout, width: int, height: int) -> None:
        self._mujoco = import_mujoco()
        self._size = (width, height)
        spec = _build(self._mujoco, layout, width, height)
        self._model = spec.compile()
        self._data = self._mujoco.MjData(self._model)
        self._labels = _labels_of_geoms(self._model, len(layout.objects))
        self._settle()
        try:
            self._renderer = self._mujoco.Renderer(self._model, height, width)
        except Exception as error:
            raise RenderingUnavailable(f"off-screen OpenGL is missing: {error}") from error
        self._option = self._mujoco.MjvOption()
        self._option.geomgroup[:] = 0
        self._option.geomgroup[0] = self._option.geomgroup[_VISIBLE] = 1

    def __enter__(self) -> HouseholdRenderer:
        return self

    def __exit__(self, *_: object) -> None:
        self._renderer.close()

    def poses(self) -> list[tuple[DoubleArray, DoubleArray]]:
        """Return each object's settled position (float64 3, metres) and axes (3x3, columns)."""
        bodies = [self._data.body(name) for name in self._object_bodies()]
        return [(body.xpos.copy(), body.xmat.reshape(3, 3).copy()) for body in bodies]

    def push(self, velocities: Mapping[int, DoubleArray], seconds: float) -> None:
        """Simulate a time in which some objects are pushed.

        Args:
            velocities: The level velocity of each pushed object, by its index: float64 2 in metres
                a second, set at every step. The object must not be fixed.
            seconds: The time.
        """
        for _ in range(round(seconds / _STEP)):
            for index, velocity in velocities.items():
                first = int(self._model.body(f"object{index}").dofadr[0])
                self._data.qvel[first : first + 2] = velocity
            self._mujoco.mj_step(self._model, self._data)

    def render(self, layout: HouseholdLayout, depth: bool = True) -> Rendering:
        """Render with ``layout``'s lights and viewpoint."""
        model, view = self._model, layout.viewpoint
        model.camera("camera").fovy[:] = view.field_of_view_deg
        aim(self._mujoco, model, view, layout.lights)
        self._mujoco.mj_forward(model, self._data)
        self._renderer.update_scene(self._data, camera="camera", scene_option=self._option)
        return take_pictures(self._mujoco, self._renderer, self._labels, view, self._size, depth)

    def _object_bodies(self) -> list[str]:
        count = int(self._labels.max()) if len(self._labels) else 0
        return [f"object{index}" for index in range(count)]

    def _settle(self) -> None:
        mujoco, model, data = self._mujoco, self._model, self._data
        mujoco.mj_forward(model, data)
        for step in range(_SETTLE_STEPS):
            mujoco.mj_step(model, data)
            if step % 20 == 0:
                data.qvel[:] *= 0.5  # settle sooner
        data.qvel[:] = 0


def _build(mujoco: Any, layout: HouseholdLayout, width: int, height: int) -> Any:
    spec = mujoco.MjSpec()
    spec.option.timestep = _STEP
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    set_up_pictures(spec, width, height, layout.ambient)
    _add_surroundings(mujoco, spec, layout)
    for index, placed in enumerate(layout.objects):
        _add_object(mujoco, spec, index, placed)
    spec.worldbody.add_camera(name="camera", fovy=layout.viewpoint.field_of_view_deg)
    return spec


def _add_surroundings(mujoco: Any, spec: Any, layout: HouseholdLayout) -> None:
    around, box = layout.surroundings, mujoco.mjtGeom.mjGEOM_BOX
    for name, rgb, index in (
        ("table", around.table_rgb, around.textures[0]),
        ("floor", around.floor_rgb, around.textures[1]),
        ("wall", around.wall_rgb, around.textures[2]),
    ):
        _add_material(mujoco, spec, name, surface_texture(rgb, index))
    half = [*around.table_half_m, _TABLE_THICKNESS / 2]
    spec.worldbody.add_geom(
        type=box, size=half, pos=[0, 0, -_TABLE_THICKNESS / 2], material="table",
        friction=[0.9, 0.01, 0.001],
    )  # fmt: skip
    spec.worldbody.add_geom(type=box, size=[6, 6, 0.01], pos=[0, 0, _FLOOR_Z], material="floor")
    away = np.subtract(layout.viewpoint.target, layout.viewpoint.position)[:2]
    away = away / max(float(np.linalg.norm(away)), 1e-9)
    half_turn = float(np.arctan2(away[1], away[0])) / 2
    turn = [np.cos(half_turn), 0, 0, np.sin(half_turn)]
    if around.wall_m is not None:
        spec.worldbody.add_geom(
            type=box, size=[0.01, 4, 2], pos=[*(away * around.wall_m), 1.0], quat=turn,
            material="wall", contype=0, conaffinity=0,
        )  # fmt: skip
        add_fitted_kitchen(mujoco, spec, away, around.wall_m, layout.seed)
    if around.arm:
        _add_arm(mujoco, spec, away, layout.seed)
    add_lights(mujoco, spec, layout.lights)


def _add_arm(mujoco: Any, spec: Any, away: DoubleArray, seed: int) -> None:
    """Add an arm that reaches over the table: a robot's, or a chain of capsules."""
    rng = np.random.default_rng([seed, 43])
    robots = robot_names()
    if robots and rng.random() < _ROBOT:
        _add_robot(mujoco, spec, away, posed_robot(str(rng.choice(robots)), rng), rng)
    else:
        _add_capsules(mujoco, spec, away, rng)


def _add_robot(
    mujoco: Any,
    spec: Any,
    away: DoubleArray,
    surfaces: Sequence[Surface],
    rng: np.random.Generator,
) -> None:
    """Add a robot on a pedestal, beyond the objects, with its hand above them."""
    angle = rng.uniform(-1.0, 1.0)
    towards = np.array([np.cos(angle), np.sin(angle)])
    place = away * towards[0] + np.array([-away[1], away[0]]) * towards[1]
    base = place * rng.uniform(0.45, 0.8)
    points = np.vstack([each.vertices for each in surfaces])
    over = points[np.hypot(points[:, 0], points[:, 1]) > _PEDESTAL_M[0] * 2]
    lowest = float(over[:, 2].min(initial=_CLEARANCE))
    lift = _CLEARANCE - lowest + rng.uniform(0, 0.1)
    turn = float(np.arctan2(-place[1], -place[0]) + rng.normal(0, 0.3)) / 2
    body = spec.worldbody.add_body(
        name="robot", pos=[*base, lift], quat=[np.cos(turn), 0, 0, np.sin(turn)]
    )
    mount = robot_mount() if rng.random() < _MOUNTED else ()
    for number, surface in enumerate((*surfaces, *mount)):
        add_surface(mujoco, spec, body, f"robot{number}", surface, _VISIBLE)
    if mount:
        return
    radius, shade = rng.uniform(*_PEDESTAL_M), float(rng.choice([0.9, 0.6, 0.3]))
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_CYLINDER, size=[radius, (lift - _FLOOR_Z) / 2, 0],
        pos=[0, 0, (_FLOOR_Z - lift) / 2], rgba=[shade, shade, shade, 1], group=_VISIBLE, mass=0,
        contype=0, conaffinity=0,
    )  # fmt: skip


def _add_capsules(mujoco: Any, spec: Any, away: DoubleArray, rng: np.random.Generator) -> None:
    """Add a chain of capsules from beyond the table to above it, with two fingers."""
    side = np.array([-away[1], away[0]])
    base = away * rng.uniform(0.4, 0.7) + side * rng.uniform(-0.3, 0.3)
    points = [np.array([*base, 0.0]), np.array([*base, rng.uniform(0.3, 0.5)])]
    points.append(np.array([*(base * 0.6), rng.uniform(0.45, 0.7)]))
    points.append(np.array([*rng.uniform(-0.15, 0.15, 2), rng.uniform(0.28, 0.5)]))
    shade = float(rng.choice([0.92, 0.85, 0.35, 0.12]))
    for start, end in pairwise(points):
        spec.worldbody.add_geom(
            type=mujoco.mjtGeom.mjGEOM_CAPSULE, fromto=[*start, *end],
            size=[float(rng.uniform(0.035, 0.06)), 0, 0], rgba=[shade, shade, shade, 1],
            contype=0, conaffinity=0,
        )  # fmt: skip
    hand = points[-1]
    for offset in (-0.035, 0.035):
        finger = hand + np.array([*(side * offset), 0.0])
        spec.worldbody.add_geom(
            type=mujoco.mjtGeom.mjGEOM_CAPSULE,
            fromto=[*finger, *(finger - np.array([0, 0, 0.09]))],
            size=[0.01, 0, 0], rgba=[0.15, 0.15, 0.15, 1], contype=0, conaffinity=0,
        )  # fmt: skip


def _add_object(mujoco: Any, spec: Any, index: int, placed: PlacedModel) -> None:
    half = placed.yaw / 2
    body = spec.worldbody.add_body(
        name=f"object{index}", pos=placed.position, quat=[np.cos(half), 0, 0, np.sin(half)]
    )
    if not placed.fixed:
        body.add_freejoint()
    for number, surface in enumerate(placed.model.surfaces):
        add_surface(mujoco, spec, body, f"o{index}_{number}", surface, _VISIBLE)
    volume = sum(part.volume for part in placed.model.parts)
    for number, part in enumerate(placed.model.parts):
        name = f"part{index}_{number}"
        spec.add_mesh(name=name, uservert=part.corners.ravel().tolist())
        body.add_geom(
            type=mujoco.mjtGeom.mjGEOM_MESH, meshname=name, group=_CONTACT,
            mass=max(0.2 * part.volume / volume, 1e-5), friction=[0.9, 0.01, 0.001],
        )  # fmt: skip


def add_surface(mujoco: Any, spec: Any, body: Any, name: str, surface: Surface, group: int) -> None:
    """Add a surface to a body as a geom of a group, without mass and contacts."""
    coordinates = {}
    if surface.uv is not None and surface.uv_faces is not None:
        coordinates = {
            "usertexcoord": surface.uv.ravel().tolist(),
            "userfacetexcoord": surface.uv_faces.ravel().tolist(),
        }
    spec.add_mesh(
        name=name,
        uservert=surface.vertices.ravel().tolist(),
        userface=surface.faces.ravel().tolist(),
        inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
        **coordinates,
    )
    looks: dict[str, Any] = {"rgba": list(surface.rgba)}
    if surface.texture is not None:
        _add_material(mujoco, spec, name, surface.texture)
        looks["material"] = name
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_MESH, meshname=name, group=group, mass=0,
        contype=0, conaffinity=0, **looks,
    )  # fmt: skip


def _add_material(mujoco: Any, spec: Any, name: str, pixels: ByteArray) -> None:
    texture = spec.add_texture(name=name, type=mujoco.mjtTexture.mjTEXTURE_2D, nchannel=3)
    texture.width, texture.height = pixels.shape[1], pixels.shape[0]
    texture.data = np.ascontiguousarray(pixels).tobytes()
    material = spec.add_material(name=name)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name
    material.specular = 0.1


def _labels_of_geoms(model: Any, count: int) -> ByteArray:
    """Return for each geom 1 + the index of its object, 0 for the surroundings."""
    labels = np.zeros(model.ngeom, np.uint8)
    for index in range(count):
        labels[model.geom_bodyid == model.body(f"object{index}").id] = index + 1
    return labels
