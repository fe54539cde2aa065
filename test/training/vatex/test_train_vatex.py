"""`zsris train-vatex` from end to end, in one process and in two."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from support.small_clip import small_clip
from support.synthetic_datasets import (
    painted_video,
    small_scenes,
    write_phrasecut,
    write_ref_youtube_vos,
    write_refcoco,
)

from zsris_ros import cli
from zsris_ros.baselines.published_query import PublishedReader
from zsris_ros.baselines.vatex.frozen_clip import FrozenClip
from zsris_ros.baselines.vatex.vatex_settings import VatexSettings
from zsris_ros.evaluation.datasets.items import EvaluationItem, Question
from zsris_ros.evaluation.datasets.refcoco import RefcocoData
from zsris_ros.models.load_vatex import load_trained_vatex
from zsris_ros.models.robot_models import load_segmenter
from zsris_ros.training.vatex import vatex_training
from zsris_ros.training.vatex.batches import Examples
from zsris_ros.training.vatex.validation import validate
from zsris_ros.training.vatex.vatex_training import Process, VatexSchedule, train_vatex
from zsris_ros.types import Frame, InputError
from zsris_ros.weights.catalogue import WeightsError

LEARNING_STEPS = 36
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def refcoco(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("refcoco")
    write_refcoco(root, small_scenes(), splits=("train", "train", "val"))
    return root


def command(root: Path, out: Path, *more: str) -> list[str]:
    options = ["--root", str(root), "--out", str(out), "--size", "small", "--short-side", "96"]
    return ["train-vatex", "refcoco", *options, "--batch", "2", "--device", "cpu", *more]


def rows(path: Path) -> list[dict[str, float]]:
    with path.open(newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def test_it_trains_resumes_and_answers(refcoco: Path, tmp_path: Path) -> None:
    assert cli.main(command(refcoco, tmp_path, "--steps", "1")) == 0
    first = (tmp_path / "vatex.safetensors").read_bytes()
    more = ["--steps", "2", "--validate", "1", "--precision", "bfloat16"]
    assert cli.main(command(refcoco, tmp_path, *more)) == 0
    assert (tmp_path / "vatex.safetensors").read_bytes() != first
    assert [row["step"] for row in rows(tmp_path / "log.csv")] == [1, 2]
    figures = rows(tmp_path / "validation.csv")[-1]
    assert figures["step"] == 2 and 0 <= figures["miou"] <= 1
    assert {f"{pair}_{level}" for pair in ("same", "other") for level in range(5)} <= set(figures)

    assert cli.main(command(refcoco, tmp_path, *more, "--seed", "1")) == cli.FAILED
    trained = load_trained_vatex(tmp_path / "vatex.safetensors")
    assert trained.preset == "tabletop"
    assert sum(each.numel() for each in trained.network.parameters()) < 6e6
    segmenter = load_segmenter(str(tmp_path / "vatex.safetensors"))
    frame = Frame(small_scenes()[0].frame.rgb)
    assert segmenter.refer(segmenter.look(frame), "the red mug").mask.shape == (240, 320)


def test_a_killed_training_is_exported_from_its_checkpoint(refcoco: Path, tmp_path: Path) -> None:
    """A resumption takes the checkpoint's words, and completes the last step."""
    options = ["--train-text", "--steps", "2"]
    assert cli.main(command(refcoco, tmp_path, *options)) == 0
    exported = tmp_path / "vatex.safetensors"
    first = exported.read_bytes()
    exported.unlink()
    assert cli.main(command(refcoco, tmp_path, *options)) == 0
    assert exported.read_bytes() == first
    assert cli.main(command(refcoco, tmp_path, *options, "--validate", "1")) == 0
    assert [row["step"] for row in rows(tmp_path / "validation.csv")] == [2]
    assert cli.main(command(refcoco, tmp_path, *options, "--validate", "1")) == 0
    assert len(rows(tmp_path / "validation.csv")) == 1, "that step is validated"


def test_workers_send_the_same_batches(refcoco: Path, tmp_path: Path) -> None:
    losses = []
    for workers in ("0", "1"):
        out = tmp_path / workers
        more = ["--workers", workers, "--steps", "2", "--train-text"]
        assert cli.main(command(refcoco, out, *more)) == 0
        losses.append(rows(out / "log.csv")[-1])
    assert losses[0] == losses[1]


def test_minutes_end_a_training(
    refcoco: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = command(refcoco, tmp_path, "--steps", "10000", "--minutes", "0.01", "--validate", "1")
    assert cli.main(limited) == 0
    last = rows(tmp_path / "log.csv")[-1]["step"]
    assert 1 <= last < 10000 and rows(tmp_path / "validation.csv")[-1]["step"] == last
    assert (tmp_path / "vatex.safetensors").exists()

    several = Process(torch.device("cpu"), 0, 2)
    monkeypatch.setattr(vatex_training, "joined_processes", lambda device: nullcontext(several))
    assert cli.main(limited) == cli.FAILED


def clip_command(root: Path, out: Path) -> list[str]:
    """Return a training on clips; a clip of one frame lacks an object."""
    options = ["--root", str(root), "--out", str(out), "--size", "small", "--short-side", "64"]
    clips = ["--clip", "2", "--backbone", "video_small", "--batch", "2", "--steps", "1"]
    return ["train-vatex", "ref-youtube-vos", *options, *clips, "--device", "cpu"]


@pytest.mark.parametrize("kind", ["images", "clips"])
def test_two_processes_compute_the_gradient_of_one(
    kind: str, refcoco: Path, tmp_path: Path
) -> None:
    """After one step AdamW's first moment is a tenth of the gradient."""
    write_ref_youtube_vos(tmp_path)

    def arguments(out: Path) -> list[str]:
        if kind == "clips":
            return clip_command(tmp_path, out)
        return command(refcoco, out, "--steps", "1")

    assert cli.main(arguments(tmp_path / "one")) == 0
    run = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
            *("--nproc-per-node", "2", "-m", "zsris_ros.cli"),
            *arguments(tmp_path / "two"),
        ],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert run.returncode == 0, run.stderr
    (one,), (two,) = (rows(tmp_path / name / "log.csv") for name in ("one", "two"))
    assert one.keys() == two.keys()
    for name, value in one.items():
        assert two[name] == pytest.approx(value, rel=1e-4), name
    gradients = []
    for name in ("one", "two"):
        saved = torch.load(tmp_path / name / "training.pt", weights_only=True)
        state = saved["optimizer"]["state"]
        gradients.append(torch.cat([state[key]["exp_avg"].flatten() for key in sorted(state)]))
    assert gradients[0].norm() > 0
    assert (gradients[0] - gradients[1]).norm() < 1e-3 * gradients[0].norm()


def test_batches_depend_on_seed_and_step_alone(refcoco: Path) -> None:
    data = RefcocoData(refcoco, "refcoco", "unc", "train")
    whole = Examples(data, 4, 96, seed=3)
    halves = [Examples(data, 4, 96, 3, rank, 2) for rank in (0, 1)]
    for step in (0, 7):
        drawn = whole[step]
        shared = [each for part in halves for each in part[step]]
        for a, b, c in zip(drawn, shared, whole[step], strict=True):
            assert a.sentences == b.sentences == c.sentences
            assert np.array_equal(a.rgb, b.rgb) and np.array_equal(a.masks, c.masks)
    assert whole[0][0].sentences != whole[7][0].sentences
    with pytest.raises(InputError, match="a batch of 4 images cannot be shared by 3"):
        Examples(data, 4, 96, 0, 0, 3)


def test_other_data_sets_are_trained_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_phrasecut(tmp_path, small_scenes(), split="train")
    options = ["--size", "small", "--short-side", "64", "--batch", "1", "--steps", "1"]
    out = ["--out", str(tmp_path / "out")]
    phrasecut = ["train-vatex", "phrasecut", "--root", str(tmp_path), *options, *out]
    assert cli.main([*phrasecut, "--without", "prior,cmd,mcc"]) == 0
    network = load_trained_vatex(tmp_path / "out" / "vatex.safetensors").network
    assert not network.settings.clip_prior and not network.settings.cmd

    tabletop = ["train-vatex", "tabletop", "--scenes", "1", *options, *out]
    assert cli.main(tabletop) == cli.FAILED, "the folder holds another network"
    assert "phrasecut', and now it is 'tabletop'" in capsys.readouterr().err
    tabletop[-1] = str(tmp_path / "table")
    assert cli.main(tabletop) == 0
    frames = [
        "train-vatex",
        "frames",
        "--root",
        str(tmp_path / "table" / "frames" / "train"),
        *options,
    ]
    assert cli.main([*frames, "--out", str(tmp_path / "own"), "--validate", "1"]) == cli.FAILED
    assert "--validation-root" in capsys.readouterr().err


@dataclass(frozen=True)
class OneVideoFrame:
    """A data set of one image of a red and a blue square."""

    title: str = "squares"

    def names(self) -> list[str]:
        return ["0"]

    def item(self, name: str) -> EvaluationItem:
        images, labels = painted_video(0)
        questions = [
            Question(text, "", (target,))
            for target, texts in enumerate((("red square", "red"), ("the blue one", "blue")))
            for text in texts
        ]
        masks = np.stack([labels[0] == 1, labels[0] == 2])
        return EvaluationItem(name, Frame(images[0]), masks, tuple(questions))


def test_a_network_learns_which_object_a_sentence_means(tmp_path: Path) -> None:
    settings = VatexSettings.small(short_side=64, width=32, heads=2, encoder_layers=1)
    clip = FrozenClip(small_clip(), PublishedReader())
    schedule = VatexSchedule(steps=LEARNING_STEPS, learning_rate=3e-3, warm_up=10, batch=1)
    alone = Process(torch.device("cpu"))
    network = train_vatex(OneVideoFrame(), clip, settings, tmp_path, schedule, alone)
    figures = validate(network, clip, [OneVideoFrame().item("0")])
    assert figures["miou"] > 0.7
    assert figures["same_4"] > figures["other_4"]
    log = rows(tmp_path / "log.csv")
    assert log[-1]["rate"] == pytest.approx(3e-4), "a tenth after two thirds of the steps"


def test_files_that_are_no_checkpoint_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="train one with `zsris train-vatex`"):
        load_trained_vatex(tmp_path / "none")
    (tmp_path / "text").write_text("mug")
    with pytest.raises(WeightsError, match="is no checkpoint of"):
        load_trained_vatex(tmp_path / "text")
