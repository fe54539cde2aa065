"""A scene at rest in MuJoCo, and its picture."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from zsris_ros.evaluation.grasping.physics_model import (
    HEIGHT,
    STEP,
    VISUAL_GROUP,
    WIDTH,
    build_model,
)
from zsris_ros.evaluation.grasping.scenes import SceneLayout, tabletop_frame
from zsris_ros.simulation.render import import_mujoco, take_pictures
from zsris_ros.types import ByteArray, Frame

_STANDING, _DROPPED = 0.6, 1.2  # seconds until objects are at rest
_BRAKE = 0.08  # seconds after which dropped objects are slowed down


def settle(mujoco: Any, model: Any, data: Any, scene: SceneLayout) -> None:
    """Let the objects come to rest; those of household scenes are dropped, and braked."""
    steps, brake = int(_STANDING / STEP), 0
    if scene.layout is None:
        steps, brake = int(_DROPPED / STEP), int(_BRAKE / STEP)
    for step in range(steps):
        mujoco.mj_step(model, data)
        if brake and step % brake == 0:
            data.qvel[:] *= 0.5


def render_frame(mujoco: Any, model: Any, data: Any, scene: SceneLayout) -> tuple[Frame, ByteArray]:
    """Return the frame of the scene's camera and its labels (0 no object, k object k-1)."""
    option = mujoco.MjvOption()
    option.geomgroup[:] = 0
    option.geomgroup[[0, VISUAL_GROUP]] = 1
    object_of_geom = np.zeros(model.ngeom, np.uint8)
    for index in range(len(scene.objects)):
        object_of_geom[model.geom_bodyid == model.body(f"object{index}").id] = index + 1
    renderer = mujoco.Renderer(model, HEIGHT, WIDTH)
    try:
        renderer.update_scene(data, camera="camera", scene_option=option)
        taken = take_pictures(
            mujoco, renderer, object_of_geom, scene.viewpoint, (WIDTH, HEIGHT), True
        )
    finally:
        renderer.close()
    return Frame(taken.rgb, taken.depth, taken.intrinsics), taken.labels


def settled_scene(scene: SceneLayout) -> tuple[SceneLayout, Frame, ByteArray]:
    """Return the scene with its objects at rest, its frame and its labels.

    Objects of the tabletop stand where they are drawn.
    """
    if scene.layout is not None:
        return scene, *tabletop_frame(scene)
    mujoco = import_mujoco()
    model = build_model(mujoco, scene)
    data = mujoco.MjData(model)
    settle(mujoco, model, data, scene)
    bodies = [data.body(f"object{index}") for index in range(len(scene.objects))]
    objects = tuple(
        replace(each, position=body.xpos.copy(), axes=body.xmat.reshape(3, 3).copy())
        for each, body in zip(scene.objects, bodies, strict=True)
    )
    return replace(scene, objects=objects), *render_frame(mujoco, model, data, scene)
