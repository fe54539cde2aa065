"""`zsris listen` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.speech_sounds import SAID, WAV, quiet
from support.wav_files import write_wav

from zsris_ros import cli


def test_a_file_is_printed_as_text_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["listen", str(WAV)]) == 0
    assert SAID in capsys.readouterr().out
    assert cli.main(["listen", "--json", str(WAV), str(WAV)]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == second
    assert set(first) == {"text", "confidence", "start", "duration", "recogniser"}


def test_silence_gives_no_text_and_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_wav(tmp_path / "quiet.wav", quiet(3.0))
    assert cli.main(["listen", str(tmp_path / "quiet.wav")]) == 1
    assert capsys.readouterr().out == ""


def test_a_missing_file_is_reported_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["listen", str(tmp_path / "none.wav")]) == 2
    assert "none.wav cannot be read" in capsys.readouterr().err
