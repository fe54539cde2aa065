"""Sentences with true boxes and simulated semantics: files, simulation, answers, summary."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from zsris_ros.cli import main
from zsris_ros.evaluation.expressions.expression_items import (
    Candidate,
    ExpressionItem,
    masks_of,
    read_expressions,
)
from zsris_ros.evaluation.expressions.expression_tables import expression_tables
from zsris_ros.evaluation.expressions.position_baseline import by_centres, names_place
from zsris_ros.evaluation.expressions.simulated_semantics import SimulatedClip, content_words
from zsris_ros.evaluation.reports.markdown import with_results
from zsris_ros.types import InputError

DOCS = Path(__file__).resolve().parents[2] / "docs"
OWN = Path(__file__).parents[1] / "data" / "boxes.jsonl"
BAGS = [{"red", "mug", "left"}, {"mug"}, set()]


def item(text: str, *boxes: tuple[float, float, float, float]) -> ExpressionItem:
    return ExpressionItem(text, "picture", (640, 480), tuple(map(Candidate, boxes)), 0)


@pytest.mark.parametrize("sigma", [0.0, 0.02])
def test_features_have_the_stated_cosines(sigma: float) -> None:
    clip = SimulatedClip(["object"])
    clip.set_scene("picture", BAGS, "words", sigma)
    texts = ["the red mug on the left", "mugs", "object", "the table"]
    encoded = clip.encode_text(texts)
    assert encoded.norm(dim=1).tolist() == pytest.approx([1.0] * 4, abs=1e-5)
    cosines = F.normalize(clip.mask_features(), dim=1) @ encoded.T
    for column, text in enumerate(texts):
        assert cosines[:, column].numpy() == pytest.approx(clip.cosines(text), abs=1e-5)


def test_a_text_matches_by_the_share_of_its_content_words() -> None:
    clip = SimulatedClip(["object"])
    clip.set_scene("picture", BAGS, "words", 0.0)
    assert clip.cosines("the red mug on the left") == pytest.approx([0.27, 0.235, 0.20])
    assert clip.cosines("mugs") == pytest.approx([0.27, 0.27, 0.20])
    assert clip.cosines("object") == pytest.approx([0.23] * 3)
    clip.set_scene("picture", BAGS, "uniform", 0.0)
    assert clip.cosines("the red mug on the left") == pytest.approx([0.27] * 3)
    assert content_words("the second red mug lying on the left side of the table") == ["red", "mug"]


def test_noise_depends_on_text_image_and_mask_alone() -> None:
    clip, again = SimulatedClip(), SimulatedClip()
    values = []
    for image in map(str, range(400)):
        for each in (clip, again):
            each.set_scene(image, BAGS, "uniform", 0.02)
        assert (clip.cosines("mug") == again.cosines("mug")).all()
        values.append(clip.cosines("mug") - 0.27)
    drawn = np.array(values)
    assert abs(drawn.mean()) < 0.002 and drawn.std() == pytest.approx(0.02, rel=0.1)
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.15


def test_masks_are_polygons_or_boxes_and_never_empty() -> None:
    triangle = Candidate((10, 10, 20, 20), ((10, 10, 30, 10, 10, 30),))
    dot = Candidate((700, 500, 0.2, 0.2))
    seen = ExpressionItem("x", "p", (640, 480), (triangle, Candidate((10, 10, 20, 20)), dot), 0)
    masks = masks_of(seen)
    assert masks[1].sum() == 400 and 200 < masks[0].sum() < 260 and masks[2].sum() == 1


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("left mug", 0),
        ("the mug on the right", 2),
        ("mug in the middle", 1),
        ("second mug from the right", 1),
        ("the mug in front", 0),
        ("a red mug", None),
    ],
)
def test_the_position_baseline(text: str, chosen: int | None) -> None:
    row = item(text, (0, 300, 40, 40), (200, 100, 40, 40), (400, 100, 40, 40))
    assert by_centres(row) == chosen


def test_a_posture_is_no_position() -> None:
    assert names_place("the jar on the left") and names_place("2nd jar")
    assert not names_place("the jar on its back") and not names_place("a red jar")
    assert names_place("the jar on its back in the middle")


def test_candidates_are_shuffled_by_a_seed_and_the_target_is_kept(tmp_path: Path) -> None:
    items = read_expressions(OWN)
    assert items == read_expressions(OWN)
    assert len({each.target for each in items}) > 2
    for read, line in zip(items, OWN.read_text().splitlines(), strict=True):
        row = json.loads(line)
        assert list(read.candidates[read.target].box) == row["candidates"][row["target"]]["box"]
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"text": "mug"}\n')
    with pytest.raises(InputError, match="line 1"):
        read_expressions(broken)


def asked(tmp_path: Path, *options: str) -> dict[str, dict[str, dict[str, float]]]:
    command = ["eval", "expressions", "--file", str(OWN), "--out", str(tmp_path), *options]
    assert main(command) == 0
    found: dict[str, dict[str, dict[str, float]]] = json.loads(
        (tmp_path / "summary.json").read_text()
    )
    return found


def test_present_objects_are_found_and_never_refused(tmp_path: Path) -> None:
    summary = asked(tmp_path, "--variant", "product,sentence", "--noise", "0,0.02")
    for noise in ("0", "0.02"):
        row = summary["product"][noise]
        assert row["refused"] == 0 and row["errors"] == 0
        assert row["argmax"] >= 0.95 and row["right"] >= 0.92
        assert row["argmax"] > summary["sentence"][noise]["argmax"]
    lines = (tmp_path / "answers.jsonl").read_text().splitlines()
    assert len(lines) == 4 * len(read_expressions(OWN))


def test_language_and_geometry_alone_reach_the_position_baseline(tmp_path: Path) -> None:
    options = ("--semantics", "uniform", "--variant", "product,centres,reference,paper")
    summary = asked(tmp_path, *options, "--noise", "0.02")
    rows = {variant: each["0.02"] for variant, each in summary.items()}
    assert rows["product"]["argmax"] >= 0.85
    assert rows["product"]["argmax"] >= rows["centres"]["argmax"] - 0.01
    assert set(rows["product"]) == {
        "n", "argmax", "right", "refused", "ambiguous", "errors", "by_kind"
    }  # fmt: skip
    assert {"place", "ordinal"} <= set(rows["product"]["by_kind"])
    assert rows["paper"]["refused"] == rows["reference"]["errors"] == 0


def test_an_unknown_variant_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["eval", "expressions", "--file", str(OWN), "--out", str(tmp_path)]
    assert main([*command, "--variant", "best"]) != 0
    assert "best" in capsys.readouterr().err


def test_the_page_has_the_stored_results() -> None:
    page = (DOCS / "expressions.md").read_text(encoding="utf-8")
    assert with_results(page, expression_tables(DOCS / "results" / "expressions")) == page
    assert "| boxes |" in page and "| product | 0.02 |" in page


def test_a_scene_without_masks_is_no_error() -> None:
    clip = SimulatedClip()
    clip.set_scene("picture", [], "words", 0.0)
    assert clip.mask_features().shape[0] == 0
    assert bool(torch.isfinite(clip.encode_text(["mug"])).all())
