"""Films of two equal objects, the judge of a tracker on them, and the table."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from zsris_ros import cli
from zsris_ros.evaluation.tracking.films import FILMS, TARGET, TWIN, film
from zsris_ros.evaluation.tracking.track_evaluation import (
    ELSEWHERE,
    LOST,
    MISSED,
    RIGHT,
    TWIN_FOLLOWED,
    TrackRecord,
    _state,
    append_record,
    read_records,
    summarise,
    track_film,
)
from zsris_ros.evaluation.tracking.track_tables import track_table
from zsris_ros.models.load_options import LoadOptions
from zsris_ros.models.robot_models import load_segmenter
from zsris_ros.simulation.render import RenderingUnavailable


@pytest.mark.parametrize("name", FILMS)
@pytest.mark.parametrize("seed", range(5))
def test_two_equal_objects_move_and_touch_nothing(name: str, seed: int) -> None:
    layouts = list(film(name, seed))
    radius = layouts[0].objects[TARGET].radius
    for layout in layouts:
        target, twin, *others = layout.objects
        assert (target.name, target.scale, target.rgb) == (twin.name, twin.scale, twin.rgb)
        assert not any(each.name == target.name for each in others)
        places = [np.array(each.xy) for each in (target, twin)]
        assert np.linalg.norm(places[0] - places[1]) > 2 * radius
        for other in others:
            for place in places:
                assert np.linalg.norm(place - other.xy) > radius + other.radius
    steps = [
        np.linalg.norm(np.subtract(after.objects[index].xy, before.objects[index].xy))
        for before, after in pairwise(layouts)
        for index in (TARGET, TWIN)
    ]
    moving = [step for step in steps if step < 10 * radius]  # but the removal
    assert max(moving) < radius, "an object moves by less than half of its length"


def test_the_states_are_those_of_the_truth() -> None:
    labels = np.zeros((480, 640), np.uint8)
    labels[:10, :10], labels[20:30, 20:30] = TARGET + 1, TWIN + 1
    on = {index: labels == index + 1 for index in (TARGET, TWIN)}
    nothing = np.zeros_like(labels, bool)
    assert _state(True, on[TARGET], labels) == RIGHT
    assert _state(True, on[TWIN], labels) == TWIN_FOLLOWED
    assert _state(True, ~on[TARGET], labels) == ELSEWHERE
    assert _state(False, nothing, labels) == MISSED
    assert _state(False, nothing, np.where(on[TARGET], 0, labels)) == LOST


def test_a_removed_object_is_lost_beside_its_equal() -> None:
    segmenter = load_segmenter("tabletop", LoadOptions(device="cpu", parser="rules"))
    try:
        record = track_film("is removed", 0, segmenter, frames=5)
    except RenderingUnavailable as error:
        pytest.skip(str(error))
    assert record is not None
    assert record.states == (RIGHT, LOST, LOST, LOST)


def test_equal_objects_that_cross_keep_their_identities() -> None:
    segmenter = load_segmenter("tabletop", LoadOptions(device="cpu", parser="rules"))
    try:
        record = track_film("cross in the line of sight", 1, segmenter, frames=8)
    except RenderingUnavailable as error:
        pytest.skip(str(error))
    assert record is not None and record.states[-1] == RIGHT
    assert set(record.states) <= {RIGHT, LOST, MISSED}, "never the twin"


RECORDS = [
    TrackRecord("is removed", 0, (RIGHT, LOST)),
    TrackRecord("is removed", 1, (TWIN_FOLLOWED, ELSEWHERE)),
    TrackRecord("pass each other, apart", 0, (RIGHT, RIGHT)),
]


def test_a_table_of_outcomes_and_wrong_frames(tmp_path: Path) -> None:
    for record in RECORDS:
        append_record(tmp_path, record)
    with (tmp_path / "tracks.jsonl").open("a") as lines:
        lines.write('{"film": "is rem')  # of a run that was killed
    assert read_records(tmp_path) == RECORDS
    summary = summarise(RECORDS)
    summary["settings"] = {"seeds": [0, 1], "frames": 3, "weights": "tabletop"}
    table = track_table(json.loads(json.dumps(summary)))
    assert "| is removed | 2 | 0 | 1 | 0 | 1 | 50.0% |" in table
    assert "| pass each other, apart | 1 | 1 | 0 | 0 | 0 | 0.0% |" in table


def test_a_completed_run_is_not_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in FILMS:
        append_record(tmp_path, TrackRecord(name, 7, (RIGHT,)))
    command = ["eval", "track", "--seed", "7", "--seeds", "1", "--out", str(tmp_path)]
    assert cli.main(command) == 0, capsys.readouterr().err
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["settings"]["seeds"] == [7, 7]
    assert list(summary["films"]) == list(FILMS)
    assert "is removed" in capsys.readouterr().out
    assert cli.main([*command, "--weights", "tabletop"]) == 2
