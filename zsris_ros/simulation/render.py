"""Off-screen rendering of layouts by MuJoCo: RGB, depth and instance labels.

Needs the extra ``sim`` and, without a display, the system library libosmesa6 or an EGL driver.
``MUJOCO_GL`` selects the driver; without it and without a display "osmesa" is set.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zsris_ros.simulation.layout import TABLE_SIZE, Layout, Light, PlacedObject, Viewpoint
from zsris_ros.simulation.shapes import SHAPES
from zsris_ros.types import ByteArray, FloatArray, Intrinsics

_TABLE_THICKNESS = 0.04
_FLOOR_Z = -0.75
_NO_OPENGL = (
    "off-screen OpenGL is missing: install the system package libosmesa6 (apt install libosmesa6), "
    "or set MUJOCO_GL=egl on a machine with a GPU ({})"
)


class RenderingUnavailable(RuntimeError):
    """MuJoCo or off-screen OpenGL is missing; the message names the package to install."""


@dataclass(frozen=True, eq=False)
class Rendering:
    """The rendered images of a layout.

    ``rgb`` uint8 HxWx3; ``labels`` uint8 HxW, 0 = no object, k = object k-1 of the layout;
    ``depth`` float32 HxW metres along the optical axis, None when not requested.
    """

    rgb: ByteArray
    labels: ByteArray
    depth: FloatArray | None
    intrinsics: Intrinsics


def import_mujoco() -> Any:
    """Import MuJoCo with an off-screen context. Raises RenderingUnavailable without one."""
    if "DISPLAY" not in os.environ:
        os.environ.setdefault("MUJOCO_GL", "osmesa")
    # Software OpenGL: for small images one thread is twice as fast as many.
    os.environ.setdefault("LP_NUM_THREADS", "0")
    try:
        import mujoco
    except ModuleNotFoundError as error:
        raise RenderingUnavailable(
            f"the simulated tabletop needs {error.name}: pip install 'zsris_ros[sim]'"
        ) from error
    except Exception as error:
        raise RenderingUnavailable(_NO_OPENGL.format(error)) from error
    if not hasattr(mujoco, "Renderer"):  # mujoco leaves it out when OpenGL does not load
        raise RenderingUnavailable(_NO_OPENGL.format("mujoco has no renderer"))
    return mujoco


def pinhole(viewpoint: Viewpoint, width: int, height: int) -> Intrinsics:
    """Return the camera of a rendering: square pixels, principal point at the image's centre."""
    focal = height / 2.0 / np.tan(np.deg2rad(viewpoint.field_of_view_deg) / 2.0)
    return Intrinsics(float(focal), float(focal), (width - 1) / 2.0, (height - 1) / 2.0)


def render(layout: Layout, width: int = 640, height: int = 480, depth: bool = True) -> Rendering:
    """Render one layout. Raises RenderingUnavailable without MuJoCo or OpenGL."""
    with LayoutRenderer(layout, width, height) as renderer:
        return renderer.render(layout, depth)


class LayoutRenderer:
    """Renders variations of one layout with one OpenGL context, whose creation is slow.

    Variations (``vary``, the frames of a film) differ in positions on the table, colours, lights
    and viewpoint, not in shapes and directions.
    """

    def __init__(self, layout: Layout, width: int, height: int) -> None:
        self._mujoco = import_mujoco()
        self._size = (width, height)
        self._model, self._object_of_geom = _build(self._mujoco, layout, width, height)
        self._data = self._mujoco.MjData(self._model)
        try:
            self._renderer = self._mujoco.Renderer(self._model, height, width)
        except Exception as error:
            raise RenderingUnavailable(_NO_OPENGL.format(error)) from error

    def __enter__(self) -> LayoutRenderer:
        return self

    def __exit__(self, *_: object) -> None:
        self._renderer.close()

    def render(self, layout: Layout, depth: bool = True) -> Rendering:
        """Render with ``layout``'s positions, colours, lights and viewpoint."""
        self._apply(layout)
        self._mujoco.mj_forward(self._model, self._data)
        renderer = self._renderer
        renderer.update_scene(self._data, camera="camera")
        return take_pictures(
            self._mujoco, renderer, self._object_of_geom, layout.viewpoint, self._size, depth
        )

    def _apply(self, layout: Layout) -> None:
        model = self._model
        for index, placed in enumerate(layout.objects):
            geom = model.geom(f"object{index}")
            geom.rgba[:3] = placed.rgb
            model.body_pos[geom.bodyid[0], :2] = placed.xy
        aim(self._mujoco, model, layout.viewpoint, layout.lights)


def aim(mujoco: Any, model: Any, viewpoint: Viewpoint, lights: Sequence[Light]) -> None:
    """Set the pose of the camera "camera", and the lights."""
    camera = model.camera("camera")
    camera.pos[:] = viewpoint.position
    camera.quat[:] = camera_quaternion(mujoco, viewpoint)
    for index, light in enumerate(lights):
        model.light_dir[index] = light.direction
        model.light_pos[index] = [-2.0 * d for d in light.direction]
        model.light_diffuse[index] = light.strength


def take_pictures(
    mujoco: Any,
    renderer: Any,
    object_of_geom: ByteArray,
    viewpoint: Viewpoint,
    size: tuple[int, int],
    depth: bool,
) -> Rendering:
    """Render the scene of ``renderer`` in colour, as labels and, if asked for, as depth.

    ``object_of_geom`` is the label of each geom, ``size`` (width, height).
    """
    rgb = renderer.render().copy()
    renderer.enable_segmentation_rendering()
    labels = _labels(mujoco, renderer.render(), object_of_geom)
    renderer.disable_segmentation_rendering()
    metres = None
    if depth:
        renderer.enable_depth_rendering()
        metres = renderer.render().astype(np.float32)
        renderer.disable_depth_rendering()
    return Rendering(rgb, labels, metres, pinhole(viewpoint, *size))


def _labels(mujoco: Any, segmentation: npt.NDArray[Any], object_of_geom: ByteArray) -> ByteArray:
    ids, kinds = segmentation[..., 0], segmentation[..., 1]
    is_geom = (kinds == int(mujoco.mjtObj.mjOBJ_GEOM)) & (ids >= 0)
    return np.where(is_geom, object_of_geom[np.where(is_geom, ids, 0)], 0).astype(np.uint8)


def _build(mujoco: Any, layout: Layout, width: int, height: int) -> tuple[Any, ByteArray]:
    """Return the MuJoCo model and, for each geom, 1 + the index of its object (0 = scenery)."""
    spec = mujoco.MjSpec()
    set_up_pictures(spec, width, height, layout.ambient)
    _add_scenery(mujoco, spec, layout)
    for index, placed in enumerate(layout.objects):
        _add_object(mujoco, spec, index, placed)
    spec.worldbody.add_camera(name="camera", fovy=layout.viewpoint.field_of_view_deg)
    model = spec.compile()
    object_of_geom = np.zeros(model.ngeom, dtype=np.uint8)
    for index in range(len(layout.objects)):
        object_of_geom[model.geom(f"object{index}").id] = index + 1
    return model, object_of_geom


def _add_scenery(mujoco: Any, spec: Any, layout: Layout) -> None:
    texture = spec.add_texture(name="table", type=mujoco.mjtTexture.mjTEXTURE_2D, nchannel=3)
    pixels = table_texture(layout)
    texture.width, texture.height = pixels.shape[1], pixels.shape[0]
    texture.data = pixels.tobytes()
    material = spec.add_material(name="table")
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "table"
    material.specular = 0.1
    box = mujoco.mjtGeom.mjGEOM_BOX
    half = [TABLE_SIZE[0] / 2, TABLE_SIZE[1] / 2, _TABLE_THICKNESS / 2]
    spec.worldbody.add_geom(
        type=box, size=half, pos=[0, 0, -_TABLE_THICKNESS / 2], material="table"
    )
    spec.worldbody.add_geom(
        type=box, size=[6, 6, 0.01], pos=[0, 0, _FLOOR_Z], rgba=[*layout.floor_rgb, 1]
    )
    add_lights(mujoco, spec, layout.lights)


def set_up_pictures(spec: Any, width: int, height: int, ambient: float) -> None:
    """Set the size, the quality and the ambient light of pictures of a table."""
    spec.visual.global_.offwidth = width
    spec.visual.global_.offheight = height
    spec.visual.quality.offsamples = 4
    spec.visual.quality.shadowsize = 1024
    spec.visual.headlight.ambient = [ambient] * 3
    spec.visual.headlight.diffuse = [0.15] * 3
    spec.visual.headlight.specular = [0.0] * 3
    # The nominal size of the scene bounds the shadow map; the floor would blur the shadows.
    spec.stat.extent = 1.0
    spec.stat.center = [0.0, 0.0, 0.0]
    spec.visual.map.shadowclip = 1.0
    spec.visual.map.znear = 0.005
    spec.visual.map.zfar = 20.0


def add_lights(mujoco: Any, spec: Any, lights: Sequence[Light]) -> None:
    """Add directional lights."""
    for light in lights:
        spec.worldbody.add_light(
            type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
            pos=[-2.0 * d for d in light.direction],
            dir=list(light.direction),
            diffuse=[light.strength] * 3,
            specular=[0.2 * light.strength] * 3,
            ambient=[0, 0, 0],
            castshadow=light.shadow,
        )


def table_texture(layout: Layout) -> ByteArray:
    """Return the table's texture, uint8 256x256x3: plain, grain, checker or noise."""
    rng, size = np.random.default_rng(layout.seed + 1), 256
    y, x = np.mgrid[0:size, 0:size] / size
    if layout.table_texture == "grain":
        wobble = np.sin(2 * np.pi * x * rng.uniform(1, 3)) * 0.03
        shade = 0.06 * np.sin(2 * np.pi * (y + wobble) * rng.integers(15, 40))
    elif layout.table_texture == "checker":
        tiles = int(rng.integers(6, 14))
        shade = 0.05 * ((np.floor(x * tiles) + np.floor(y * tiles)) % 2 - 0.5)
    elif layout.table_texture == "noise":
        coarse = rng.normal(0, 0.05, (size // 8, size // 8))
        shade = np.kron(coarse, np.ones((8, 8)))
    else:
        shade = np.zeros((size, size))
    shade = shade + rng.normal(0, 0.008, (size, size))
    rgb = np.clip(np.array(layout.table_rgb) * (1.0 + shade[..., None]), 0, 1)
    return (rgb * 255).astype(np.uint8)


def _add_object(mujoco: Any, spec: Any, index: int, placed: PlacedObject) -> None:
    mesh = SHAPES[placed.shape].mesh
    vertices = mesh.vertices * np.array(placed.scale)
    spec.add_mesh(
        name=f"mesh{index}",
        uservert=vertices.ravel().tolist(),
        userface=mesh.faces.ravel().tolist(),
        inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
    )
    half = placed.yaw / 2.0
    body = spec.worldbody.add_body(
        pos=[*placed.xy, 0.0], quat=[np.cos(half), 0.0, 0.0, np.sin(half)]
    )
    body.add_geom(
        name=f"object{index}",
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname=f"mesh{index}",
        rgba=[*placed.rgb, 1.0],
        contype=0,
        conaffinity=0,
    )


def camera_quaternion(mujoco: Any, viewpoint: Viewpoint) -> npt.NDArray[np.float64]:
    """Return the camera's orientation; a MuJoCo camera looks along -z with y up."""
    right, down, forward = viewpoint.axes()
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, np.column_stack([right, -down, -forward]).ravel())
    return quaternion
