"""The command zsris: help, one sentence for every error, and the answers of its small commands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zsris_ros
from zsris_ros import cli
from zsris_ros.commands.refer import read_frame
from zsris_ros.types import InputError

COMMANDS = ["refer", "replay", "demo", "weights", "parse", "eval", "bench", "record-tabletop",
            "train", "train-language", "views"]  # fmt: skip
CAMERA = (60.0, 60.0, 31.5, 23.5)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"zsris {zsris_ros.__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_listed_with_help(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["--help"], [command, "--help"]):
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        assert ended.value.code == 0
        assert command in capsys.readouterr().out


def test_help_loads_no_model_library() -> None:
    script = (
        "import sys; from zsris_ros import cli; cli.make_parser(); "
        "sys.exit(bool({'torch', 'spacy', 'rclpy', 'mujoco', 'cv2'} & sys.modules.keys()))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], timeout=60, cwd=Path(__file__).parents[2]
    )
    assert result.returncode == 0


@pytest.mark.parametrize("arguments", [[], ["dance"], ["refer"], ["eval"], ["eval", "osd"]])
def test_a_wrong_command_line_ends_with_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err


def error_of(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the error sentence of a command line."""
    assert cli.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.strip().splitlines()
    return line


def picture(folder: Path) -> Path:
    path = folder / "picture.png"
    Image.fromarray(np.full((48, 64, 3), 90, np.uint8)).save(path)
    return path


def test_errors_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = str(picture(tmp_path))
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    nowhere = str(tmp_path / "nowhere.png")
    out = ["--out", str(tmp_path / "out")]
    cases = {
        "nowhere.png: No such file": ["refer", nowhere, "the mug"],
        "not a picture": ["refer", str(broken), "the mug"],
        "needs the camera's --intrinsics": ["refer", image, "the mug", "--depth", image],
        "no preset is called 'nothing'": ["refer", image, "the mug", "--weights", "nothing"],
        "objects.json is missing": ["eval", "osd", "--root", str(tmp_path), *out],
        "cannot be evaluated": ["eval", "tabletop", "--seed", "-1", *out],
        "there already": ["record-tabletop", "--out", str(tmp_path)],
        'no parser "latin"': ["parse", "the mug", "--parser", "latin"],
        "truth.json is missing": ["demo", "--bag", str(tmp_path), *out],
    }
    for said, arguments in cases.items():
        line = error_of(arguments, capsys)
        assert said in line
        assert line.startswith(f"zsris {arguments[0]}: ")


def test_an_unexpected_error_is_reported_with_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "KeyError" in cli.sentence(KeyError("k"))
    assert cli.sentence(InputError("too\n dark")) == "too dark"
    monkeypatch.setenv("ZSRIS_DEBUG", "1")
    with pytest.raises(InputError):
        cli.main(["parse", "the mug", "--parser", "latin"])


def test_intrinsics_are_four_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("1,2,3", "1,2,3,x", ""):
        with pytest.raises(SystemExit) as ended:
            cli.main(["refer", "a.png", "the mug", "--intrinsics", text])
        assert ended.value.code == 2
        assert "fx,fy,cx,cy" in capsys.readouterr().err


def test_parse_prints_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    texts = ["the red mug left of the bowl", "the second box from the right"]
    assert cli.main(["parse", "--parser", "rules", "--json", *texts]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["text"] for row in rows] == texts
    assert rows[0]["head"] == "mug"
    assert rows[0]["relations"][0]["anchors"][0]["head"] == "bowl"
    assert rows[1]["ordinal"] == {"index": 2, "from": "right"}


def test_parse_continues_after_a_refused_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line without a word is reported; empty lines are skipped."""
    monkeypatch.setattr(
        "sys.stdin", iter(["the mug\n", "\n", "...\n", "  the second biggest cup \n"])
    )

    assert cli.main(["parse"]) == cli.FAILED
    said = capsys.readouterr()

    assert said.err.count("\n") == 1 and "'...'" in said.err
    assert "2, counted from big" in said.out and said.out.startswith("the mug\n")


def test_depth_from_png_and_npy_is_equal(tmp_path: Path) -> None:
    metres = np.linspace(0.4, 3.0, 48 * 64, dtype=np.float32).reshape(48, 64)
    png, npy = tmp_path / "depth.png", tmp_path / "depth.npy"
    Image.fromarray(np.rint(metres * 1000).astype(np.uint16)).save(png)
    np.save(npy, metres.astype(np.float64))
    from_png = read_frame(picture(tmp_path), png, CAMERA, 0.001)
    from_npy = read_frame(picture(tmp_path), npy, CAMERA, 0.001)
    assert from_png.depth is not None and from_npy.depth is not None
    np.testing.assert_allclose(from_png.depth, metres, atol=5.1e-4)
    np.testing.assert_array_equal(from_npy.depth, metres)
    assert from_png.has_geometry


def test_invalid_depth_files_are_refused(tmp_path: Path) -> None:
    image = picture(tmp_path)
    grey, small, words = tmp_path / "grey.png", tmp_path / "small.png", tmp_path / "words.npy"
    Image.fromarray(np.zeros((48, 64), np.uint8)).save(grey)
    Image.fromarray(np.zeros((24, 32), np.uint16)).save(small)
    np.save(words, np.array(["deep"]))
    for path, said in ((grey, "16-bit"), (small, "image's size"), (words, "HxW metres")):
        with pytest.raises(InputError, match=said):
            read_frame(image, path, CAMERA, 0.001)
    with pytest.raises(InputError, match="without depth"):
        read_frame(image, None, CAMERA, 0.001)
    with pytest.raises(InputError, match="depth-scale"):
        read_frame(image, small, CAMERA, 0.0)
