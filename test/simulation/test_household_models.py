"""Object models of folders and of MJCF files: geometry, words, resting poses, paint."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from support.object_folder import CUBOID, write_carton

from zsris_ros.models.preset import load_preset
from zsris_ros.simulation.household.folder_models import read_folder_model
from zsris_ros.simulation.household.libero_models import (
    PACKAGE,
    libero_folder,
    libero_words,
    read_mjcf,
)
from zsris_ros.simulation.household.model_library import (
    PRIMITIVE_NOUNS,
    ModelLibrary,
    describe,
    key_of,
    load_words,
    model_source,
    save_words,
    training_words,
)
from zsris_ros.simulation.household.object_model import painted, transformed
from zsris_ros.simulation.household.resting import resting_poses
from zsris_ros.simulation.render import RenderingUnavailable, import_mujoco
from zsris_ros.simulation.words import Description, doubtful_nouns, noun_kinds, with_hypernyms
from zsris_ros.types import InputError


def test_a_model_stands_on_its_largest_face_in_metres(tmp_path: Path) -> None:
    model = read_folder_model(write_carton(tmp_path / "milk"))
    assert sorted(np.round(model.extent, 3)) == sorted(CUBOID)
    assert model.extent[2] == pytest.approx(0.06, abs=1e-6), "its smallest side is up"
    low = min(surface.vertices[:, 2].min() for surface in model.surfaces)
    assert low == pytest.approx(0, abs=1e-9)
    volume = sum(part.volume for part in model.parts)
    assert volume == pytest.approx(np.prod(CUBOID), rel=0.05)
    (surface,) = model.surfaces
    assert surface.texture is not None and max(surface.texture.shape) <= 512
    assert surface.texture[0, 0].tolist() == [200, 0, 0], "RGB"
    assert surface.uv is not None and surface.uv[0].tolist() == [0.0, 1.0], "v counts downwards"


def test_resting_poses_have_probabilities(tmp_path: Path) -> None:
    model = read_folder_model(write_carton(tmp_path / "milk"))
    poses = resting_poses(model.parts)
    assert sum(chance for _, chance in poses) == pytest.approx(1)
    heights = [transformed(model, axes).height for axes, _ in poses]
    assert heights[0] == pytest.approx(0.06, abs=0.003)
    for axes, _ in poses:
        assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-9)
        assert np.linalg.det(axes) == pytest.approx(1)


@pytest.mark.parametrize(
    ("nouns", "ordered", "kinds"),
    [
        (["coke can", "can", "soda can"], ("coke can", "soda can", "can"), 1),
        (["cup", "mug"], ("cup", "mug"), 2),
        (["bowl"], ("bowl",), 1),
    ],
)
def test_generic_nouns_come_last(
    tmp_path: Path, nouns: list[str], ordered: tuple[str, ...], kinds: int
) -> None:
    model = read_folder_model(write_carton(tmp_path / "thing", nouns=nouns))
    assert model.description.nouns == ordered
    assert model.description.kinds == kinds


def test_paint_keeps_generic_nouns_only(tmp_path: Path) -> None:
    model = painted(read_folder_model(write_carton(tmp_path / "milk")), "green", (0.1, 0.6, 0.2))
    assert model.description == Description(("carton",), ("green",), (), 1)
    (surface,) = model.surfaces
    assert surface.texture is not None
    red, green, blue = surface.texture.reshape(-1, 3).mean(axis=0)
    assert green > 2 * red and green > 2 * blue


@pytest.mark.parametrize("damage", ["object.json", "visual.obj", "nouns"])
def test_a_damaged_model_is_a_sentence(tmp_path: Path, damage: str) -> None:
    folder = write_carton(tmp_path / "milk")
    if damage == "nouns":
        (folder / "object.json").write_text('{"nouns": []}')
    else:
        (folder / damage).write_text("nothing")
    with pytest.raises(InputError, match=r"object\.json|visual\.obj"):
        read_folder_model(folder)


def test_a_folder_without_objects_is_refused_with_the_expected_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"NAME/visual\.obj"):
        model_source([str(tmp_path)])


def test_words_of_a_training_set_are_restored_from_their_file(tmp_path: Path) -> None:
    write_carton(tmp_path / "objects" / "milk")
    library = ModelLibrary(model_source([str(tmp_path / "objects"), "shapes"], ["shape:cone"]))
    assert {"milk", "shape:mug"} <= set(library.names) and "shape:cone" not in library.names
    words = training_words(library)
    assert words[key_of("milk", None)].nouns == ("milk carton", "carton", "box")
    assert words[key_of("milk", "blue")] == Description(("carton", "box"), ("blue",), (), 2)
    assert words["red mug"].nouns == ("mug", "cup", "dish")
    assert "/shape:mug" not in words, "a shape without paint has no colour"
    assert describe("red mug", library).colours == ("red",)
    save_words(words, tmp_path / "words.json")
    assert load_words(tmp_path / "words.json") == words


def test_hypernyms_and_doubts_never_repeat_a_name() -> None:
    for words in (Description(("mug", "cup")), Description(("box of cookies", "box"))):
        more = with_hypernyms(words)
        assert len(set(more.nouns)) == len(more.nouns)
        assert not set(doubtful_nouns(more)) & set(more.nouns)


def test_the_kinds_of_a_noun_always_have_it_too() -> None:
    milk, carton = Description(("milk", "carton", "box")), Description(("carton", "box"))
    box, block = Description(("cereal box", "box")), Description(("box", "block"))
    assert noun_kinds([milk, carton, box]) == {"box": ("carton", "milk"), "carton": ("milk",)}
    assert noun_kinds([milk, block, block])["box"] == ("block", "carton", "milk")
    assert noun_kinds([block]) == noun_kinds([]) == {}, "two names of the same objects"


def test_the_kinds_of_the_preset_are_those_of_the_models() -> None:
    settings = load_preset("household").referring
    entries = [tuple(each["nouns"]) for each in libero_words().values()]
    for nouns in (*entries, *PRIMITIVE_NOUNS.values()):
        named = with_hypernyms(Description(nouns)).nouns
        for category, kinds in settings.kinds.items():
            assert category in named or not set(kinds) & set(named), nouns
    assert set(settings.kinds).union(*settings.kinds.values()) <= set(settings.vocabulary)


def test_every_libero_entry_is_whole() -> None:
    for name, entry in libero_words().items():
        assert entry["nouns"] and 1 <= entry["kinds"] <= len(entry["nouns"]), name
        assert entry["path"].endswith(".xml"), name
        assert entry.get("role", "object") in ("object", "container", "support", "furniture"), name


def test_missing_libero_is_reported_with_the_package_to_install() -> None:
    if find_spec(PACKAGE) is not None:
        pytest.skip("the extra household is installed")
    with pytest.raises(InputError, match=r"zsris_ros\[household\]"):
        libero_folder()


MJCF = """<mujoco><compiler meshdir="/gone"/><size njmax="5"/>
<asset><material name="red" rgba="1 0 0 1"/><material name="red" rgba="0 1 0 1"/></asset>
<worldbody><body><body name="object" pos="0 0 1"><joint type="hinge" axis="0 0 1"/>
<geom type="box" size="0.1 0.2 0.3" group="1" material="red" contype="0" conaffinity="0" mass="0"/>
<geom type="box" size="0.1 0.2 0.3" group="0"/>
</body></body></worldbody></mujoco>"""


def test_an_mjcf_file_gives_surfaces_and_contact(tmp_path: Path) -> None:
    try:
        import_mujoco()
    except RenderingUnavailable as error:
        pytest.skip(str(error))
    path = tmp_path / "model.xml"
    path.write_text(MJCF)
    (surface,), (part,) = read_mjcf(path)
    assert np.ptp(surface.vertices, axis=0) == pytest.approx([0.2, 0.4, 0.6])
    assert surface.vertices[:, 2].mean() == pytest.approx(1)
    assert surface.rgba[:3] == pytest.approx((1, 0, 0))
    assert part.volume == pytest.approx(0.048)
    a, b, c = (surface.vertices[surface.faces[:, corner]] for corner in range(3))
    outward = np.einsum("ij,ij->i", np.cross(b - a, c - a), a - surface.vertices.mean(axis=0))
    assert (outward > 0).all()
    path.write_text("<mujoco><worldbody/></mujoco>")
    with pytest.raises(InputError, match="group 1"):
        read_mjcf(path)


DRAWER = """<mujoco><worldbody><body><geom type="box" size=".1 .1 .1" group="1" mass="1"/>
<body name="drawer"><joint type="slide" axis="1 0 0" range="0 .2" limited="true"/>
<geom type="box" size=".1 .08 .02" group="1" mass="1"/></body></body></worldbody></mujoco>"""


def test_openings_move_a_drawer_within_its_range(tmp_path: Path) -> None:
    try:
        import_mujoco()
    except RenderingUnavailable as error:
        pytest.skip(str(error))
    path = tmp_path / "cabinet.xml"
    path.write_text(DRAWER)

    def front(opening: int) -> float:
        surfaces, parts = read_mjcf(path, opening)
        edges = [float(each.vertices[:, 0].max()) for each in surfaces]
        assert edges[1] == pytest.approx(float(parts[1].corners[:, 0].max()))
        assert edges[0] == pytest.approx(0.1)
        return edges[1]

    assert front(0) == pytest.approx(0.1)
    fronts = [front(opening) for opening in range(1, 6)]
    assert all(0.1 < each <= 0.3 for each in fronts)
    assert len({round(each, 4) for each in fronts}) > 1
    assert front(1) == fronts[0]
