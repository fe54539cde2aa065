"""One grasp in MuJoCo, and the arithmetic of the measurement."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from support.object_folder import CUBOID, write_carton

from zsris_ros.cli import main
from zsris_ros.evaluation.grasping import grasp_simulation
from zsris_ros.evaluation.grasping.grasp_evaluation import (
    PLANNERS,
    grasp_scene,
    write_results,
)
from zsris_ros.evaluation.grasping.grasp_simulation import GraspSimulation, TrialOutcome
from zsris_ros.evaluation.grasping.lift_film import LiftFilm
from zsris_ros.evaluation.grasping.physics_model import FINGER_STIFFNESS
from zsris_ros.evaluation.grasping.scenes import SceneLayout, draw_scene, tabletop_layout
from zsris_ros.evaluation.grasping.settled_scene import settled_scene
from zsris_ros.evaluation.grasping.simulated_grippers import SimulatedJaw
from zsris_ros.geometry.oriented_box import Pose
from zsris_ros.grasping import GraspCandidate, ParallelJaw, load_gripper
from zsris_ros.simulation.convex_parts import convex_parts
from zsris_ros.simulation.household.folder_models import folder_model_names, read_obj
from zsris_ros.simulation.household.model_library import ModelLibrary, model_source
from zsris_ros.simulation.render import RenderingUnavailable
from zsris_ros.simulation.shapes import SHAPES
from zsris_ros.types import InputError


def test_a_grasp_is_lifted_and_recorded(tmp_path: Path) -> None:
    panda = load_gripper("panda")
    try:
        records = list(grasp_scene(1003, 1, panda))
    except RenderingUnavailable as error:
        pytest.skip(str(error))
    assert [record.planner for record in records] == list(PLANNERS)
    assert records[0].success, records[0].cause
    summary = write_results(tmp_path, records, {"count": 1})
    assert summary["planner"]["success"] == 1.0
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    assert len((tmp_path / "attempts.jsonl").read_text().splitlines()) == len(PLANNERS)


def test_nothing_is_grasped_where_a_kind_fits_several_objects(tmp_path: Path) -> None:
    """The scene has two mugs, so that "the mug" is ambiguous."""
    kinds = [each.kind for each in tabletop_layout(206, 6).objects]
    assert kinds.count("mug") == 2
    try:
        code = main(
            [
                "eval",
                "grasp",
                "--seed",
                "203",
                "--scenes",
                "1",
                "--ask-kind",
                "--weights",
                "tabletop",
                "--out",
                str(tmp_path),
            ]
        )
    except RenderingUnavailable as error:
        pytest.skip(str(error))
    assert code == 0
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["settings"]["asked"] == "kind"
    for planner in PLANNERS:
        assert summary[planner]["causes"] == {"no grasp: AMBIGUOUS": 1}
        assert summary[planner]["planned"] == summary[planner]["wrong_object"] == 0
    assert "no grasp: AMBIGUOUS" in (tmp_path / "report.html").read_text()


def test_objects_of_a_folder_lie_on_the_table_with_their_textures(tmp_path: Path) -> None:
    write_carton(tmp_path / "milk")
    library = ModelLibrary(model_source([str(tmp_path)]))
    try:
        scene, frame, labels = settled_scene(draw_scene(2, 1, library))
        (record, *_) = grasp_scene(2, 1, load_gripper("panda"), library)
    except RenderingUnavailable as error:
        pytest.skip(str(error))
    (carton,) = scene.objects
    corners = carton.vertices @ carton.axes.T + carton.position
    assert corners[:, 2].min() == pytest.approx(0, abs=0.002)
    assert sorted(np.ptp(carton.vertices, axis=0)) == pytest.approx(sorted(CUBOID), abs=0.001)
    assert np.ptp(frame.rgb[labels == 1].mean(axis=0)) > 80, "painted or textured, not grey"
    assert record.target.endswith("carton") and record.kind == "carton"
    assert record.cause == "no grasp: NO_GRASP", "it lies on its widest side, 8 cm across"


def test_hollow_shapes_stay_hollow_and_solid_ones_are_one_part() -> None:
    box, bowl = SHAPES["box"].mesh, SHAPES["bowl"].mesh
    (part,) = convex_parts(box.vertices, box.faces)
    assert part.volume == pytest.approx(0.085**3, rel=0.01)
    parts = convex_parts(bowl.vertices, bowl.faces)
    assert len(parts) > 10
    middle = np.array([0.0, 0.0, 0.04])
    radii = [np.hypot(*(part.centroid - middle)[:2]) for part in parts if part.centroid[2] > 0.03]
    assert min(radii) > 0.03


def test_a_folder_of_scans_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no objects"):
        folder_model_names(tmp_path)
    folder = tmp_path / "tile"
    folder.mkdir()
    lines = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 1/1 2/2 3/3 4/4\nf -4 -3 -2\n"
    (folder / "visual.obj").write_text(lines)
    assert folder_model_names(tmp_path) == ["tile"]
    vertices, faces = read_obj(folder / "visual.obj")
    assert vertices.shape == (4, 3)
    assert faces.tolist() == [[0, 1, 2], [0, 2, 3], [0, 1, 2]]


class Box:
    """A simulation with one box and a suction cup, and grasps on the box's top."""

    def __init__(self, scene: SceneLayout) -> None:
        self.simulation = GraspSimulation(scene, load_gripper("suction_30mm"))
        self._centre = self.simulation.positions()[0]

    def on_top(self, across: float) -> GraspCandidate:
        """A grasp ``across`` of the way from the middle of the top to its rim along x."""
        box, view = self.simulation.scene.objects[0], self.simulation.scene.viewpoint
        half = np.ptp(box.vertices, axis=0) / 2
        top = self._centre + box.axes @ np.array([across * half[0], 0.0, half[2]])
        axes = view.axes()
        x, y, z = (axes @ (top - np.array(view.position))).tolist()
        down = axes @ np.diag([1.0, -1.0, -1.0])
        return GraspCandidate(Pose((x, y, z), down), 0.0, 0.0, 0.1, "suction", "above", 1.0, {})

    def outcome(self, across: float) -> TrialOutcome:
        return self.simulation.try_grasp(self.on_top(across), 0)


@pytest.fixture(scope="module")
def box() -> Box:
    """A single box of the tabletop and a suction cup."""
    seed = next(seed for seed in range(1000, 1100) if kind_of(seed) == "box")
    try:
        return Box(tabletop_layout(seed, 1))
    except RenderingUnavailable as error:
        pytest.skip(str(error))


def test_fingers_do_not_slip_on_a_held_object(box: Box) -> None:
    """Pads that hold a box do not move: the force is the same all the time, and friction holds."""
    scene = box.simulation.scene
    simulation = GraspSimulation(scene, load_gripper("panda"))
    width = float(np.ptp(scene.objects[0].vertices[:, 1]))
    centre = box.on_top(0.0).pose.transform_points(np.array([[0.0, 0.0, 0.02]]))[0]
    x, y, z = centre.tolist()
    axes = scene.viewpoint.axes() @ scene.objects[0].axes @ np.diag([1.0, -1.0, -1.0])
    pose = Pose((x, y, z), axes)
    grasp = GraspCandidate(pose, width, width + 0.015, 0.1, "across", "above", 1.0, {})
    fingers: list[float] = []
    simulation.film = lambda model, data: fingers.append(float(data.joint("slide0").qpos[0]))
    outcome = simulation.try_grasp(grasp, 0)
    assert outcome.success, outcome.cause
    held = fingers[int(1.3 / grasp_simulation.FILM_PERIOD) :]
    assert len(held) > 50
    assert np.ptp(held) < 0.0003, "metres; contacts give way by some tenths of a millimetre"


def test_the_command_waits_for_jammed_fingers() -> None:
    jaw = load_gripper("panda")
    assert isinstance(jaw, ParallelJaw)
    data = SimpleNamespace(qpos=np.array([0.03]), ctrl=np.full(2, 0.03))
    model = SimpleNamespace(joint=lambda name: SimpleNamespace(qposadr=[0]))
    hand = SimulatedJaw(model, data, jaw)
    for _ in range(1000):
        hand.update(0)
    pressing = FINGER_STIFFNESS * (data.qpos[0] - data.ctrl)
    np.testing.assert_allclose(pressing, jaw.force, rtol=1e-6)


def kind_of(seed: int) -> str:
    return tabletop_layout(seed, 1).objects[0].kind


def test_a_sealed_cup_lifts_every_time(box: Box) -> None:
    outcome = box.outcome(0.0)
    assert outcome.success, outcome.cause
    assert box.outcome(0.0) == outcome, "trials start from the same state"


def test_a_cup_over_the_edge_has_no_vacuum(box: Box) -> None:
    outcome = box.outcome(0.95)
    assert not outcome.touched and not outcome.held
    assert outcome.cause == "missed"


def test_too_heavy_a_load_tears_the_cup_off(box: Box) -> None:
    scene = box.simulation.scene
    heavy = dataclasses.replace(scene.objects[0], mass=3.0)
    outcome = Box(dataclasses.replace(scene, objects=(heavy,))).outcome(0.0)
    assert outcome.touched and not outcome.held, "20 N hold no 3 kg"


def test_lifts_are_filmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Few pictures, because they take long.
    monkeypatch.setattr(grasp_simulation, "FILM_PERIOD", 0.5)
    panda, path = load_gripper("panda"), tmp_path / "lifts.mp4"
    film = LiftFilm(path, lifts=1)
    try:
        list(grasp_scene(1003, 1, panda, film=film))
    except RenderingUnavailable as error:
        pytest.skip(str(error))
    film.close()
    assert not film.wants_more
    video = cv2.VideoCapture(str(path))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) > 15
    _, first = video.read()
    assert first.shape == (480, 640, 3) and first.std() > 20
    with pytest.raises(InputError, match=r"\.mp4"):
        LiftFilm(tmp_path / "lifts.nothing")
