"""Evaluation: records, resumed runs, shared computations, and the command."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.squares import SQUARES, blob, squares_frame
from support.synthetic_datasets import small_scenes, write_refcoco

from zsris_ros.baselines.methods import METHODS, find_method, method_names
from zsris_ros.cli import main
from zsris_ros.evaluation.datasets.items import EvaluationItem, Question
from zsris_ros.evaluation.datasets.tabletop_dataset import TabletopData
from zsris_ros.evaluation.evaluation_loop import MethodRun, evaluate, evaluate_item
from zsris_ros.evaluation.experiment import Experiment, choose_methods
from zsris_ros.evaluation.records import read_answers, read_frames
from zsris_ros.evaluation.reports.summary import summarise_folder
from zsris_ros.evaluation.run_folder import RunFolder, claim
from zsris_ros.evaluation.scoring import Scorer
from zsris_ros.evaluation.shared_features import Memoised
from zsris_ros.geometry.run_lengths import decode
from zsris_ros.models.load import LoadedModels
from zsris_ros.models.load_method import MethodModels
from zsris_ros.torch_utils import precision as precision_module
from zsris_ros.types import InputError, Verdict

SETTINGS = {"dataset": "squares", "title": "squares", "data": {"root": "/here"}, "weights": "w"}
TIMES = ("ms", "seconds", "timings", "seconds_per_scene")


@dataclass(frozen=True)
class Squares:
    """Frames of three squares."""

    count: int
    questions: tuple[Question, ...] = (
        Question("the leftmost object", "superlative", (0,)),
        Question("the object closest to the camera", "distance", (1,)),  # wrong on purpose
        Question("the rightmost object", "superlative", (2,)),
    )
    title = "squares"

    def names(self) -> Sequence[str]:
        return [f"squares {number}" for number in range(self.count)]

    def item(self, name: str) -> EvaluationItem:
        frame = squares_frame()
        return EvaluationItem(name, frame, SQUARES, self.questions, classes=("a", "b", "c"))


@dataclass(frozen=True)
class Same:
    """A data set of one item."""

    only: EvaluationItem
    title = "one"

    def names(self) -> Sequence[str]:
        return [self.only.name]

    def item(self, name: str) -> EvaluationItem:
        return self.only


def entered(
    tabletop: LoadedModels, directory: Path, proposals: str = "truth", name: str = "hybridgl"
) -> MethodRun:
    experiment = Experiment(MethodModels(tabletop), directory, SETTINGS)
    return experiment.prepare(find_method(name), proposals)


def without_times(document: Any) -> Any:
    """Return the document without times."""
    if isinstance(document, dict):
        return {k: without_times(v) for k, v in document.items() if k not in TIMES}
    return [without_times(each) for each in document] if isinstance(document, list) else document


def lines(path: Path) -> list[Any]:
    return [without_times(json.loads(line)) for line in path.read_text().splitlines()]


def test_every_answer_and_every_frame_is_recorded(tabletop: LoadedModels, tmp_path: Path) -> None:
    evaluate(Squares(3), [entered(tabletop, tmp_path)], limit=2)
    answers, looks = read_answers(tmp_path), read_frames(tmp_path)
    assert [look.item for look in looks] == ["squares 0", "squares 1"]
    assert [answer.iou for answer in answers] == [1, 0, 1] * 2
    first, wrong = answers[:2]
    assert (first.intersection, first.union, first.bound) == (100, 100, 1)
    assert (first.target_class, first.answered_class) == ("a", "a")
    assert (wrong.target_class, wrong.answered_class, wrong.verdict) == ("b", "a", "FOUND")
    mask = decode({"size": (wrong.height, wrong.width), "counts": wrong.mask})
    np.testing.assert_array_equal(mask, blob(4))
    truth = decode({"size": (wrong.height, wrong.width), "counts": wrong.truth})
    np.testing.assert_array_equal(truth, blob(25))
    assert looks[0].bounds == {"joined": (1, 1, 1)} and looks[0].proposals == {"joined": 3}

    summary = summarise_folder(tmp_path, {"more": 1})
    assert json.loads((tmp_path / "summary.json").read_text()).items() >= summary.items()
    assert (summary["n"], summary["frames"], summary["refused"], summary["more"]) == (6, 2, 0, 1)
    assert summary["miou"] == pytest.approx(4 / 6, abs=1e-4)
    assert summary["by_category"]["superlative"]["accuracy"] == 1
    assert (summary["method"], summary["variant"]) == ("hybridgl", "product")
    assert "/here" not in json.dumps(summary)
    (tmp_path / "looks.jsonl").write_text("not json\n")
    with pytest.raises(InputError, match="line 1"):
        read_frames(tmp_path)


def test_the_proposers_of_a_frame_are_measured_one_by_one(
    tabletop: LoadedModels, tmp_path: Path
) -> None:
    preset = replace(tabletop.preset, figure_ground=True)
    run = entered(replace(tabletop, preset=preset), tmp_path, "all")
    deep, question = squares_frame(), Question("the leftmost object", "superlative", (0,))
    flat = replace(deep, depth=None, intrinsics=None)
    assert deep.has_geometry
    for frame, proposers in ((deep, {"sam", "depth"}), (flat, {"sam", "figure"})):
        item = EvaluationItem("a", frame, SQUARES, (question,))
        _, record = evaluate_item(item, run, Scorer(item))
        assert record.bounds.keys() == {"joined", *proposers}


def test_several_targets_count_together_and_duplicates_each(
    tabletop: LoadedModels, tmp_path: Path
) -> None:
    asked = (
        Question("the leftmost object", "plural", (0, 2)),
        Question("the leftmost object", "ambiguous", (0, 2), Verdict.AMBIGUOUS),
        Question("the leftmost object", "absent", (), Verdict.NOT_FOUND),
    )
    evaluate(Squares(1, asked), [entered(tabletop, tmp_path)])
    plural, ambiguous, absent = read_answers(tmp_path)
    assert (plural.intersection, plural.union) == (100, 100 + 16 * 30)
    assert (plural.bound_intersection, plural.bound_union) == (580, 580), "one proposal each"
    assert (ambiguous.iou, ambiguous.bound, ambiguous.expected) == (1, 1, "AMBIGUOUS")
    assert (absent.intersection, absent.iou, absent.bound, absent.target_class) == (0, 0, 1, None)


def test_an_unreadable_expression_is_refused_and_the_run_continues(
    tabletop: LoadedModels, tmp_path: Path
) -> None:
    asked = (Question("?!", "none", (0,)), Question("the leftmost object", "superlative", (0,)))
    evaluate(Squares(2, asked), [entered(tabletop, tmp_path)])
    refused, fine = read_answers(tmp_path)[:2]
    assert (refused.verdict, refused.iou, refused.union) == ("REFUSED", 0, 100)
    assert "say which" in refused.explanation
    assert fine.iou == 1
    summary = summarise_folder(tmp_path)
    assert (summary["refused"], summary["n"], summary["accuracy"]) == (2, 4, 0.5)


def test_proposals_come_from_a_file_by_the_items_names(
    tabletop: LoadedModels, tmp_path: Path
) -> None:
    file = tmp_path / "masks.json"
    left = {"size": [48, 64], "counts": [10 + 4 * 48, *[10, 38] * 9, 10, 28 + 50 * 48]}
    file.write_text(json.dumps([{"image_id": "squares 0", "segmentation": left, "score": 0.9}]))
    evaluate(Squares(2), [entered(tabletop, tmp_path / "out", str(file))])
    first, second = read_frames(tmp_path / "out")
    assert first.bounds["joined"] == (1, 0, 0) and second.proposals["joined"] == 0
    assert {answer.verdict for answer in read_answers(tmp_path / "out")[3:]} == {"NOT_FOUND"}
    with pytest.raises(InputError, match="no file of proposals"):
        entered(tabletop, tmp_path / "other", "nowhere.json")


def test_an_incomplete_frame_is_repeated_after_a_kill(
    tabletop: LoadedModels, tmp_path: Path
) -> None:
    evaluate(Squares(3), [entered(tabletop, tmp_path / "whole")])
    directory = tmp_path / "killed"
    evaluate(Squares(3), [entered(tabletop, directory)], limit=1)
    whole = (tmp_path / "whole" / "answers.jsonl").read_text().splitlines(keepends=True)
    with (directory / "answers.jsonl").open("a") as answers:
        answers.write(whole[3] + whole[4][:40])
    with (directory / "looks.jsonl").open("a") as looks:
        looks.write('{"item": "squares 1", "bou')
    resumed = entered(tabletop, directory)
    assert resumed.results.done == {"squares 0"}
    evaluate(Squares(3), [resumed])
    for name in ("answers.jsonl", "looks.jsonl"):
        assert lines(directory / name) == lines(tmp_path / "whole" / name)


def test_a_folder_of_other_results_is_refused(tmp_path: Path) -> None:
    claim(tmp_path / "a", {"method": "crop", "limit": None, "data": {"categories": ("x",)}})
    claim(tmp_path / "a", {"method": "crop", "limit": None, "data": {"categories": ("x",)}})
    with pytest.raises(InputError, match="holds results with method 'crop', and now it is 'gem'"):
        claim(tmp_path / "a", {"method": "gem", "limit": None})
    with pytest.raises(InputError, match="limit"):
        RunFolder(tmp_path / "a", {"method": "crop", "data": {"categories": ("x",)}, "limit": 3})
    (tmp_path / "answers.jsonl").touch()
    with pytest.raises(InputError, match=r"without run\.json"):
        claim(tmp_path, {"method": "crop"})
    (tmp_path / "a" / "run.json").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        claim(tmp_path / "a", {"method": "crop"})


def test_results_are_memoised_by_the_identity_of_arguments() -> None:
    asked: list[object] = []
    remembering = Memoised(lambda thing: asked.append(thing) or [thing])
    one, equal = [1], [1]
    assert remembering(one) is remembering(one)
    assert remembering(equal) is not remembering(one)
    assert len(asked) == 2
    for other in range(10, 14):
        remembering(other)
    remembering(one)
    assert len(asked) == 7, "the oldest is forgotten"


SHARING = [
    *((name, kind) for name in ("hybridgl", "crop") for kind in ("reference", "paper", "product")),
    *(("region-token", kind) for kind in ("reference", "product")),
    ("hybridgl-semantic", "paper"), ("global-local", "reference"),
    ("score-map", "paper"), ("features-l", "paper"),
]  # fmt: skip


def test_sharing_changes_no_answer(tabletop: LoadedModels, tmp_path: Path) -> None:
    item = TabletopData(0, 1).to_item(small_scenes()[0])
    one = Same(item)
    shared = Experiment(MethodModels(tabletop), tmp_path / "shared", SETTINGS)
    methods = [find_method(*each) for each in SHARING]
    together = [shared.prepare(m, "depth", f"{m.name}.{m.variant}") for m in methods]
    evaluate(one, together)
    for method in methods:
        folder = f"{method.name}.{method.variant}"
        alone = Experiment(MethodModels(tabletop), tmp_path / "alone", SETTINGS)
        evaluate(one, [alone.prepare(method, "depth", folder)])
        for name in ("answers.jsonl", "looks.jsonl"):
            ours = lines(tmp_path / "shared" / folder / name)
            assert ours == lines(tmp_path / "alone" / folder / name), folder
            assert ours


def test_methods_share_equal_computations(tabletop: LoadedModels, tmp_path: Path) -> None:
    experiment = Experiment(MethodModels(tabletop), tmp_path, SETTINGS)

    def scene(name: str, variant: str, proposals: str = "truth") -> Any:
        contestant = experiment.prepare(find_method(name, variant), proposals, f"{name}.{variant}")
        return contestant.segmenter.look(item.frame, contestant.propose(item))

    item = Squares(1).item("one")
    reference, paper = scene("hybridgl", "reference"), scene("hybridgl", "paper")
    assert reference.features is paper.features and reference.patches is paper.patches
    assert scene("hybridgl", "product").features is not paper.features
    assert scene("hybridgl", "product").patches is paper.patches
    assert scene("region-token", "paper").features is not scene("region-token", "product").features


def test_lists_of_methods_and_variants() -> None:
    def pairs(*args: Any) -> list[tuple[str, str]]:
        return [(method.name, method.variant) for method in choose_methods(*args)]

    assert pairs("all", "all") == list(METHODS)
    assert pairs("crop,grad-cam", "paper,product") == [
        ("crop", "paper"),
        ("crop", "product"),
        ("grad-cam", "paper"),
    ]
    (alone,) = choose_methods("global-local", "reference", "refcocog")
    assert alone.options["alpha"] == 0.85
    guided, plain = choose_methods("hybridgl,crop", "paper", None, "clip-prior")
    assert (guided.localisation, plain.localisation) == ("clip-prior", None)
    for arguments, said in (
        (("crob", "all"), "no method is called 'crob'"),
        (("crop", "papper"), "no variant 'papper'"),
        (("grad-cam", "product"), "no variant 'product'"),
        (("crop", "paper", None, "gem"), "uses no localisation map"),
    ):
        with pytest.raises(InputError, match=said):
            choose_methods(*arguments)


def test_list_shows_methods_variants_and_data_sets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "--list"]) == 0
    listed = [line for line in capsys.readouterr().out.splitlines() if line]
    methods, rest = listed[1 : listed.index("VARIANT")], listed[listed.index("VARIANT") :]
    rows = {line.split()[0]: line for line in methods}
    assert list(rows) == [*method_names(), "vatex"]
    for name, variant in (*METHODS, ("vatex", "trained")):
        assert f" {variant} " in f"{rows[name]} "
    assert {
        *("tabletop", "osd", "refcoco", "refcoco+", "refcocog", "phrasecut"),
        *("ref-youtube-vos", "ref-davis17"),
    } <= {line.split()[0] for line in rest}
    with pytest.raises(SystemExit):
        main(["eval"])
    assert "tabletop" in capsys.readouterr().err


def refcoco(root: Path, out: Path) -> list[str]:
    return [
        *("eval", "refcoco", "--root", str(root), "--out", str(out), "--device", "cpu"),
        *("--proposals", "truth", "--method", "hybridgl,crop", "--variant", "paper,product"),
        *("--parser", "rules", "--weights", "tabletop"),
    ]


def test_a_killed_run_is_resumed_with_the_same_results(tmp_path: Path) -> None:
    write_refcoco(tmp_path / "data", small_scenes())
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    command = [sys.executable, "-m", "zsris_ros.cli", *refcoco(tmp_path / "data", killed)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    looks = killed / "crop.product" / "looks.jsonl"
    try:
        deadline = time.monotonic() + 120
        while not (looks.exists() and looks.stat().st_size) and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.005)
    finally:
        process.kill()  # SIGKILL
        process.wait()
    done = min(len(lines(path)) for path in killed.glob("*/looks.jsonl"))
    assert done < len(small_scenes()), "it was killed in the middle"
    assert main(refcoco(tmp_path / "data", killed)) == 0
    assert main(refcoco(tmp_path / "data", whole)) == 0
    rows = json.loads((killed / "table.json").read_text())
    assert rows == json.loads((whole / "table.json").read_text())
    assert [(row["method"], row["variant"]) for row in rows] == [
        (name, kind) for name in ("hybridgl", "crop") for kind in ("paper", "product")
    ]
    assert all(row["n"] > 15 and row["proposal_bound"] == 1 for row in rows)
    for folder in ("hybridgl.paper", "hybridgl.product", "crop.paper", "crop.product"):
        for name in ("answers.jsonl", "looks.jsonl"):
            assert lines(killed / folder / name) == lines(whole / folder / name)
        ours, theirs = (
            json.loads((d / folder / "summary.json").read_text()) for d in (killed, whole)
        )
        assert without_times(ours) == without_times(theirs)


def test_one_method_gets_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_refcoco(tmp_path / "data", small_scenes()[:1])
    out = tmp_path / "out"
    arguments = ["eval", "refcoco", "--root", str(tmp_path / "data"), "--out", str(out)]
    arguments += ["--proposals", "truth", "--parser", "rules", "--device", "cpu"]
    arguments += ["--weights", "tabletop"]
    assert main(arguments) == 0
    assert "report.html" in capsys.readouterr().out
    assert "RefCOCO" in (out / "report.html").read_text()
    summary = json.loads((out / "summary.json").read_text())
    assert {"method", "variant", "n", "miou", "oiou", "proposal_bound", "by_category"} <= set(
        summary
    )
    assert (summary["dataset"], summary["split"], summary["proposals"]) == (
        "refcoco",
        "val",
        "truth",
    )
    assert main([*arguments, "--variant", "paper"]) != 0
    assert "holds results with variant 'product'" in capsys.readouterr().err


def test_published_variants_compute_in_float32_unless_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fastest precision of the machine is bfloat16."""
    monkeypatch.setattr(precision_module, "_LARGE", 1000)
    monkeypatch.setattr(precision_module, "_has_bfloat16", lambda: True)
    write_refcoco(tmp_path / "data", small_scenes()[:1])

    def dtypes(name: str, *arguments: str) -> set[str]:
        command = ["eval", "refcoco", "--root", str(tmp_path / "data"), "--device", "cpu"]
        command += ["--out", str(tmp_path / name), "--proposals", "truth", "--parser", "rules"]
        command += ["--weights", "tabletop", *arguments]
        assert main(command) == 0
        runs = (tmp_path / name).glob("**/run.json")
        return {json.loads(path.read_text())["dtype"] for path in runs}

    assert dtypes("paper", "--variant", "paper") == {"float32"}
    assert "parser rules, float32" in capsys.readouterr().out
    assert dtypes("product", "--variant", "product") == {"bfloat16"}
    assert dtypes("both", "--variant", "reference,product") == {"float32"}
    assert dtypes("asked", "--variant", "paper", "--precision", "bfloat16") == {"bfloat16"}
    table = json.loads((tmp_path / "both" / "table.json").read_text())
    assert [(row["variant"], row["parser"], row["dtype"]) for row in table] == [
        ("reference", "rules", "float32"),
        ("product", "rules", "float32"),
    ]
    run = json.loads((tmp_path / "both" / "run.json").read_text())
    assert run["parsers"] == {"reference": "rules", "product": "rules"}
    with pytest.raises(SystemExit):
        dtypes("wrong", "--precision", "int8")
