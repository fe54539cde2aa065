"""Readers of referring videos and their evaluation, on miniatures in the published formats."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.small_vatex import save_small_vatex
from support.synthetic_datasets import painted_video, write_ref_davis17, write_ref_youtube_vos

from zsris_ros import cli
from zsris_ros.evaluation.datasets.referring_video import ref_davis17, ref_youtube_vos
from zsris_ros.evaluation.video.video_evaluation import measure
from zsris_ros.types import InputError


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small_vatex(tmp_path_factory.mktemp("vatex") / "vatex.safetensors")


def test_ref_youtube_vos_is_read_as_published(tmp_path: Path) -> None:
    write_ref_youtube_vos(tmp_path)
    data = ref_youtube_vos(tmp_path, "train")
    assert [video.name for video in data.videos] == ["0a1b", "2c3d"]
    video = data.videos[0]
    assert video.frames == ("00000", "00005", "00010")
    assert [(each.name, each.text, each.target) for each in video.expressions] == [
        ("0", "a red square moving right", 1),
        ("1", "the blue square", 2),
    ]
    _, labels = painted_video(0)
    found = data.labels("0a1b", "00005")
    assert found is not None and (found == labels[1]).all()


def test_frames_of_videos_are_a_data_set(tmp_path: Path) -> None:
    write_ref_youtube_vos(tmp_path)
    data = ref_youtube_vos(tmp_path, "train")
    assert data.names()[2] == "0a1b/00010" and len(data.names()) == 6
    first, last = data.item("0a1b/00000"), data.item("0a1b/00010")
    assert len(first.masks) == len(first.questions) == 2
    assert [each.text for each in last.questions] == ["a red square moving right"]
    with pytest.raises(InputError, match="no frame 0a1b/9"):
        data.item("0a1b/9")


def test_undecided_pixels_count_nowhere(tmp_path: Path) -> None:
    write_ref_youtube_vos(tmp_path)
    path = tmp_path / "train/Annotations/0a1b/00000.png"
    labels = np.array(Image.open(path))
    labels[:3] = 255
    Image.fromarray(labels).save(path)
    assert len(ref_youtube_vos(tmp_path, "train").item("0a1b/00000").masks) == 2
    exact = labels == 1
    spilt = exact.copy()
    spilt[:3] = True
    assert measure(labels, 1, spilt) == measure(labels, 1, exact) == (1.0, 1.0)
    spilt[-3:] = True
    assert measure(labels, 1, spilt)[0] < 1


def test_the_split_without_objects_has_no_truth(tmp_path: Path) -> None:
    write_ref_youtube_vos(tmp_path, "valid")
    data = ref_youtube_vos(tmp_path, "valid")
    assert data.videos[0].expressions[0].target is None
    with pytest.raises(InputError, match="are not published"):
        data.item(data.names()[0])


def test_ref_davis17_is_read_as_published(tmp_path: Path) -> None:
    write_ref_davis17(tmp_path)
    data = ref_davis17(tmp_path, "val")
    assert [video.name for video in data.videos] == ["blackswan", "classic-car"]
    for video in data.videos:
        assert len(video.expressions) == 8, "two objects in four files"
        assert {each.target for each in video.expressions} == {1, 2}
        assert len({each.annotator for each in video.expressions}) == 4
        assert video.expressions[0].text == "the red caf\u00e9 square"
        assert video.expressions[-1].text == "the blue caf\u00e9 square_full_video"
    assert data.labels("classic-car", "00001") is not None


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"meta_expressions.json is missing"):
        ref_youtube_vos(tmp_path, "train")
    with pytest.raises(FileNotFoundError, match=r"val.txt is missing"):
        ref_davis17(tmp_path, "val")
    write_ref_davis17(tmp_path)
    broken = tmp_path / "davis_text_annotations" / "Davis17_annot1.txt"
    broken.write_text('blackswan one "the swan"\n')
    with pytest.raises(InputError, match=r"Davis17_annot1.txt is not in its published form"):
        ref_davis17(tmp_path, "val")
    write_ref_youtube_vos(tmp_path)
    (tmp_path / "meta_expressions/train/meta_expressions.json").write_text('{"videos": [1]}')
    with pytest.raises(InputError, match="not in its published form"):
        ref_youtube_vos(tmp_path, "train")


def evaluate(dataset: str, root: Path, out: Path, checkpoint: Path, *more: str) -> int:
    command = ["eval", dataset, "--root", str(root), "--out", str(out), "--method", "vatex"]
    return cli.main([*command, "--checkpoint", str(checkpoint), *more])


def test_vatex_is_evaluated_on_ref_youtube_vos(
    tmp_path: Path, checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out = tmp_path / "data", tmp_path / "out"
    write_ref_youtube_vos(root)
    split = ["--split", "train"]
    assert evaluate("ref-youtube-vos", root, out, checkpoint, *split, "--limit", "1") == 0
    assert "J&F" in capsys.readouterr().out
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["videos"], summary["expressions"]) == (1, 2)
    assert summary["jf"] == pytest.approx((summary["j"] + summary["f"]) / 2, abs=1e-4)

    # J again, from the written masks.
    _, labels = painted_video(0)
    values = []
    for expression, target in (("0", 1), ("1", 2)):
        ious = []
        for name, label in zip(("00000", "00005", "00010"), labels, strict=True):
            path = out / "Annotations" / "0a1b" / expression / f"{name}.png"
            answer, truth = np.array(Image.open(path)) > 0, label == target
            union = (answer | truth).sum()
            ious.append((answer & truth).sum() / union if union else 1.0)
        values.append(np.mean(ious))
    assert summary["j"] == pytest.approx(np.mean(values), abs=1e-4)

    assert evaluate("ref-youtube-vos", root, out, checkpoint, *split) == cli.FAILED
    assert "another folder" in capsys.readouterr().err, "another limit"


def test_a_stopped_evaluation_is_resumed(tmp_path: Path, checkpoint: Path) -> None:
    root, out = tmp_path / "data", tmp_path / "out"
    write_ref_davis17(root)
    assert evaluate("ref-davis17", root, out, checkpoint) == 0
    whole = json.loads((out / "summary.json").read_text())
    assert len(whole["by_annotator"]) == 4 and whole["expressions"] == 16
    lines = (out / "videos.jsonl").read_text().splitlines()
    (out / "videos.jsonl").write_text("\n".join(lines[:8]) + "\n")
    assert evaluate("ref-davis17", root, out, checkpoint) == 0
    assert json.loads((out / "summary.json").read_text()) == whole


def test_without_objects_masks_are_written_for_the_server(
    tmp_path: Path, checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_ref_youtube_vos(tmp_path, "valid", videos=("0a1b",))
    out = tmp_path / "out"
    assert evaluate("ref-youtube-vos", tmp_path, out, checkpoint) == 0
    assert "submit Annotations/" in capsys.readouterr().out
    assert len(list((out / "Annotations").rglob("*.png"))) == 6
