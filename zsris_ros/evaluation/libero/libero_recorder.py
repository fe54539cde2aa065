"""Renders the first frames of LIBERO's tasks, with depth, labels and questions.

Needs the extra ``household`` and, without a display, the system library libosmesa6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from zsris_ros.evaluation.datasets.frames import write_frame
from zsris_ros.evaluation.datasets.items import EvaluationItem
from zsris_ros.evaluation.libero.task_questions import task_questions
from zsris_ros.simulation.render import import_mujoco
from zsris_ros.types import BoolArray, FloatArray, Frame, InputError, Intrinsics

HEIGHT, WIDTH = 480, 640
CAMERA = "agentview"
MIN_PIXELS = 200
"""Visible pixels of an object that counts as visible."""
SETTLING_STEPS = 5
"""Steps of 50 ms in which the objects of a stored state come to rest."""
OWN_WORDS = ("_lan", "_task")
"""Ends of the names of LIBERO-PRO's suites whose sentences stand in the task file only."""


@dataclass(frozen=True)
class Task:
    """One task of a suite.

    Attributes:
        suite: The suite.
        number: Its place in the suite.
        sentence: Its sentence.
        file: The file of its scene and goal.
        states: Its stored initial states, float64 NxK.
    """

    suite: str
    number: int
    sentence: str
    file: Path
    states: np.ndarray

    def frame_name(self, state: int) -> str:
        """Return the name of the frame of an initial state."""
        return f"{self.suite}_{self.number:03d}_{state}"


def import_libero() -> Any:
    """Import LIBERO with an off-screen OpenGL.

    Raises:
        InputError: A package is missing; the message names the extra.
        RenderingUnavailable: OpenGL is missing.
    """
    missing = [name for name in ("libero", "robosuite", "h5py") if find_spec(name) is None]
    if missing:
        raise InputError(
            f"LIBERO's frames need the package {missing[0]}: pip install 'zsris_ros[household]'"
        )
    import_mujoco()
    from libero.libero import benchmark

    return benchmark


def read_tasks(spec: str) -> Iterator[Task]:
    """Yield the tasks of SUITE or SUITE:FIRST:LAST, without LAST.

    Raises:
        InputError: An unknown suite, or a wrong range.
    """
    matched = re.fullmatch(r"(\w+)(?::(\d+):(\d+))?", spec)
    suites = import_libero().get_benchmark_dict()
    if matched is None or matched[1] not in suites:
        raise InputError(
            f"{spec} is no SUITE or SUITE:FIRST:LAST: suites are libero_spatial, libero_object, "
            "libero_goal, libero_10, libero_90 and LIBERO-PRO's, as libero_goal_swap"
        )
    suite = suites[matched[1]]()
    first, last = (int(matched[2]), int(matched[3])) if matched[2] else (0, suite.n_tasks)
    for number in range(first, min(last, suite.n_tasks)):
        task = suite.get_task(number)
        yield Task(
            matched[1],
            number,
            task.language,
            Path(suite.get_task_bddl_file_path(number)),
            np.asarray(suite.get_task_init_states(number)),
        )


def record_task(task: Task, state: int, out: Path) -> EvaluationItem:
    """Render the first frame of a task from a stored initial state and write it to ``out``.

    Raises:
        InputError: The task has no such state.
    """
    if state >= len(task.states):
        raise InputError(
            f"{task.suite} {task.number} has {len(task.states)} initial states: choose --state "
            f"from 0 to {len(task.states) - 1}"
        )
    from libero.libero.envs.env_wrapper import ControlEnv

    environment = ControlEnv(
        bddl_file_name=str(task.file),
        use_camera_obs=False,
        hard_reset=False,  # the model and its textures are loaded once
        camera_names=[CAMERA],
        camera_heights=HEIGHT,
        camera_widths=WIDTH,
    )
    try:
        environment.seed(0)
        environment.reset()
        environment.set_init_state(task.states[state])
        for _ in range(SETTLING_STEPS):
            environment.step(np.zeros(environment.env.action_dim))
        frame, masks = _render(environment)
        own = task.suite.endswith(OWN_WORDS)
        sentence = environment.language_instruction if own else task.sentence
        goal = environment.env.parsed_problem["goal_state"]
        interest = list(environment.obj_of_interest)
    finally:
        environment.close()
    order = {name: index for index, name in enumerate(masks)}
    questions = tuple(task_questions(sentence, goal, order, task.number))
    stacked = np.stack(list(masks.values())) if masks else np.zeros((0, HEIGHT, WIDTH), bool)
    item = EvaluationItem(task.frame_name(state), frame, stacked, questions)
    write_frame(out, item, list(masks), interest)
    return item


def _render(environment: Any) -> tuple[Frame, dict[str, BoolArray]]:
    """Return the camera's frame and the mask, bool HxW, of every visible object by name."""
    sim, model = environment.sim, environment.env.model
    options = {"camera_name": CAMERA, "width": WIDTH, "height": HEIGHT}
    rgb, buffer = sim.render(**options, depth=True)
    kinds, numbers = np.moveaxis(sim.render(**options, segmentation=True)[::-1], 2, 0)
    geoms = np.where(kinds == import_mujoco().mjtObj.mjOBJ_GEOM.value, numbers, -1)
    masks = {}
    for name in model.instances_to_ids:
        if "Panda" in name or "Mount" in name:  # the robot, its gripper and its mount
            continue
        ids = [geom for geom, owner in model.geom_ids_to_instances.items() if owner == name]
        mask: BoolArray = np.isin(geoms, ids)
        if np.count_nonzero(mask) >= MIN_PIXELS:
            masks[name] = mask
    depth = _metres(sim.model, buffer[::-1])
    focal = (
        HEIGHT / 2 / np.tan(np.radians(sim.model.cam_fovy[sim.model.camera_name2id(CAMERA)]) / 2)
    )
    camera = Intrinsics(focal, focal, (WIDTH - 1) / 2, (HEIGHT - 1) / 2)
    return Frame(np.ascontiguousarray(rgb[::-1]), depth, camera), masks


def _metres(model: Any, buffer: FloatArray) -> FloatArray:
    """Return metres along the optical axis, float32 HxW, from OpenGL's depth buffer in 0..1."""
    near, far = (edge * model.stat.extent for edge in (model.vis.map.znear, model.vis.map.zfar))
    return np.asarray(near / (1 - buffer * (1 - near / far)), np.float32)
