"""Generated models: solid, of the size of the kind, equal for equal names, known by their words."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from zsris_ros.simulation.household.generated.kinds import (
    KINDS,
    TESTED,
    TRAINED,
    generated_model,
    generated_names,
)
from zsris_ros.simulation.household.generated.prints import labelled, packaged, printed
from zsris_ros.simulation.household.generated.shades import shade
from zsris_ros.simulation.household.generated.solids import bar, box, lofted, ring, turned
from zsris_ros.simulation.household.model_library import ModelLibrary, model_source, training_words
from zsris_ros.simulation.household.object_model import HOUSEHOLD_COLOURS, PAINTS, Surface
from zsris_ros.types import ByteArray, InputError


def volume(surface: Surface) -> float:
    """The signed volume that a closed mesh encloses; positive if its faces look outwards."""
    a, b, c = (surface.vertices[surface.faces[:, corner]] for corner in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_solid_and_of_a_size_that_a_table_holds(kind: str) -> None:
    for number in range(2):
        model = generated_model(f"{kind} {number}")
        assert model.extent.min() > 0.004 and model.extent.max() < 0.4, "metres"
        low = min(each.vertices[:, 2].min() for each in model.surfaces)
        assert low == pytest.approx(0, abs=1e-9), "it stands on z = 0"
        assert model.parts and all(part.volume > 0 for part in model.parts)
        hull = ConvexHull(np.vstack([each.vertices for each in model.surfaces])).volume
        assert sum(part.volume for part in model.parts) < 1.35 * hull
        assert 0 < sum(volume(each) for each in model.surfaces) < 1.35 * hull, "faces look outwards"
        for each in model.surfaces:
            assert np.isfinite(each.vertices).all()
            assert each.texture is None or each.uv is not None
            if each.uv is not None and each.uv_faces is not None:
                assert each.uv_faces.shape == each.faces.shape
                assert each.uv.min() >= 0 and each.uv.max() <= 1
                assert each.uv_faces.max() < len(each.uv)
        words = model.description
        assert kind.split()[-1] in {noun.split()[-1] for noun in words.nouns}
        assert words.colours and set(words.colours) <= set(HOUSEHOLD_COLOURS)


def test_equal_names_have_equal_models_and_others_differ() -> None:
    first, again, other = (generated_model(name) for name in ("mug 1", "mug 1", "mug 2"))
    for one, same in zip(first.surfaces, again.surfaces, strict=True):
        np.testing.assert_array_equal(one.vertices, same.vertices)
    assert not np.allclose(first.extent, other.extent)
    assert not set(generated_names(TRAINED)) & set(generated_names(TESTED))
    with pytest.raises(InputError, match="no model is generated for 'sofa 0'"):
        generated_model("sofa 0")


def test_solids_enclose_their_volume_with_faces_that_look_outwards() -> None:
    radius, height = 0.03, 0.1
    can = turned([(0.0, 0.0), (radius, 0.0), (radius, height), (0.0, height)])
    assert volume(can) == pytest.approx(np.pi * radius**2 * height, rel=0.01)
    size = np.array([0.1, 0.05, 0.2])
    assert volume(box(size)) == pytest.approx(size.prod())
    half = np.array([0.03, 0.02])
    wall = [(*half * share, z) for share, z in ((0, 0), (1, 0), (1, height), (0, height))]
    assert volume(lofted(wall)) == pytest.approx(np.pi * half.prod() * height, rel=0.01)
    assert volume(lofted(wall, 20)) == pytest.approx(4 * half.prod() * height, rel=0.05)
    around = 2 * np.pi * 0.03 * np.pi * 0.003**2
    halves = ring((0.1, 0.0), (0.03, 0.03), 0.006)
    assert sum(abs(each.vertices[:, 2]).max() for each in halves) == pytest.approx(0.006, rel=0.1)
    assert volume(halves[0]) > 0 and volume(halves[1]) > 0, "faces look outwards"
    assert sum(map(volume, halves)) == pytest.approx(around, rel=0.1)
    x = np.array([0, 0, 0.1, 0.1])
    path = np.stack([x, 0 * x, 0 * x], axis=1)
    widths = np.array([0, 0.02, 0.02, 0])
    rod = bar(path + np.array([-1e-4, 0, 0, 1e-4])[:, None] * [1, 0, 0], widths, widths / 2)
    assert volume(rod) == pytest.approx(np.pi * 0.01 * 0.005 * 0.1, rel=0.06)


def test_a_print_leaves_its_ground_dominant() -> None:
    ground = HOUSEHOLD_COLOURS["blue"]
    for seed in range(10):
        picture = printed(np.random.default_rng(seed), ground) / 255
        near = np.abs(picture - np.array(ground)).max(axis=2) < 0.1
        assert 0.5 < near.mean() < 1.0


def test_the_fronts_of_packets_and_labels_show_their_ground() -> None:
    red, green, blue = HOUSEHOLD_COLOURS["blue"]

    def share(picture: ByteArray) -> float:
        near = np.abs(picture / 255 - np.array([red, green, blue])) < 0.12 + 0.3 * blue
        return float(near.all(axis=2).mean())

    for seed in range(10):
        rows = np.vsplit(packaged(np.random.default_rng(seed), (red, green, blue)), 2)
        fronts = np.hsplit(rows[0], 3)[2], np.hsplit(rows[1], 3)[0]
        assert max(map(share, fronts)) > 0.3, f"a packet, seed {seed}"
        assert share(labelled(np.random.default_rng(seed), (red, green, blue))) > 0.2


def test_shades_of_two_colours_never_meet() -> None:
    rng = np.random.default_rng(0)
    drawn = {colour: np.array([shade(colour, rng) for _ in range(200)]) for colour in PAINTS}
    for colour, shades in drawn.items():
        assert (shades >= 0).all() and (shades <= 1).all()
        for other in set(drawn) - {colour}:
            apart = np.linalg.norm(shades[:, None] - drawn[other][None], axis=2)
            assert apart.min() > 0.02, f"{colour} and {other}"


def test_a_library_has_generated_models_and_shapes() -> None:
    library = ModelLibrary(model_source(["shapes", "generated"]))
    assert "generated:mug 0" in library.names and "shape:mug" in library.names
    assert library.get("generated:mug 0").description.nouns == ("mug", "cup")
    others = ModelLibrary(model_source(["generated-test"])).names
    assert len(others) == len(TESTED) * len(KINDS) and not set(others) & set(library.names)
    library.names = ["generated:mug 0"]
    words = training_words(library)
    assert words["red/generated:mug 0"].nouns == ("mug", "cup", "dish")
    assert words["grey/generated:mug 0"].colours == ("grey", "gray")
