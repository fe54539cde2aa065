"""Judges the tracker on films by the true masks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zsris_ros.evaluation.metrics import iou
from zsris_ros.evaluation.reports import figures
from zsris_ros.evaluation.tracking.films import FRAMES, TARGET, TWIN, film
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.simulation.render import LayoutRenderer, Rendering
from zsris_ros.tracking.tracker import Tracker
from zsris_ros.types import (
    BoolArray,
    ByteArray,
    Candidate,
    Expression,
    Frame,
    NounPhrase,
    ReferringResult,
    Scene,
    Verdict,
)

WIDTH, HEIGHT = 640, 480

RECORDS = "tracks.jsonl"

MIN_IOU = 0.5
"""IoU from which a mask shows an object."""

MIN_PIXELS = 60
"""Visible pixels of an object that can be tracked."""

RIGHT, TWIN_FOLLOWED, ELSEWHERE, LOST, MISSED = "right", "twin", "elsewhere", "lost", "missed"
"""The tracker in one frame: on the target; on the twin; on neither; LOST where the target is not
visible; LOST where it is."""


@dataclass(frozen=True)
class TrackRecord:
    """The states in the frames of a film after the first."""

    film: str
    seed: int
    states: tuple[str, ...]

    @property
    def outcome(self) -> str:
        """The state in the last frame."""
        return self.states[-1]


def track_film(
    name: str, seed: int, segmenter: Segmenter, frames: int = FRAMES
) -> TrackRecord | None:
    """Track the target of a film; None if the first frame has no mask of it.

    Raises:
        RenderingUnavailable: MuJoCo or off-screen OpenGL is missing.
    """
    first, *others = film(name, seed, frames)
    tracker, states = Tracker(segmenter.look_for_tracking), []
    with LayoutRenderer(first, WIDTH, HEIGHT) as renderer:
        rendering = renderer.render(first)
        scene = segmenter.look(_frame(rendering))
        index = _index_of(scene, rendering.labels == TARGET + 1)
        if index is None:
            return None
        tracker.start(scene, _found(index))
        for layout in others:
            rendering = renderer.render(layout)
            tracked = tracker.follow(_frame(rendering))
            states.append(_state(tracked.tracking, tracked.mask, rendering.labels))
    return TrackRecord(name, seed, tuple(states))


def _frame(rendering: Rendering) -> Frame:
    return Frame(rendering.rgb, rendering.depth, rendering.intrinsics)


def _index_of(scene: Scene, truth: BoolArray) -> int | None:
    overlaps = [iou(mask, truth) for mask in scene.proposals.masks]
    best = int(np.argmax(overlaps)) if overlaps else 0
    return best if overlaps and overlaps[best] >= MIN_IOU else None


def _found(index: int) -> ReferringResult:
    expression = Expression("it", NounPhrase("it", "it"))
    target = Candidate(index, 1.0, (0, 0, 0, 0), (0, 0), selected=True)
    return ReferringResult(Verdict.FOUND, expression, (target,), np.zeros((0, 0), bool), "", "")


def _state(is_tracking: bool, mask: BoolArray, labels: ByteArray) -> str:
    target = labels == TARGET + 1
    if not is_tracking:
        return MISSED if target.sum() >= MIN_PIXELS else LOST
    if iou(mask, target) >= MIN_IOU:
        return RIGHT
    return TWIN_FOLLOWED if iou(mask, labels == TWIN + 1) >= MIN_IOU else ELSEWHERE


def read_records(folder: Path) -> list[TrackRecord]:
    """Return the records of a folder; a truncated last line is dropped."""
    path = folder / RECORDS
    records = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            fields = json.loads(line)
        except ValueError:
            continue
        records.append(TrackRecord(fields["film"], fields["seed"], tuple(fields["states"])))
    return records


def append_record(folder: Path, record: TrackRecord) -> None:
    """Append a record to the file of a folder."""
    with (folder / RECORDS).open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(record)) + "\n")


def summarise(records: Iterable[TrackRecord]) -> dict[str, Any]:
    """Return for each film n, the counts of outcomes, and the shares of all frames by state."""
    by_film: dict[str, list[TrackRecord]] = {}
    for record in records:
        by_film.setdefault(record.film, []).append(record)
    return {"films": {name: _figures(of_film) for name, of_film in by_film.items()}}


def _figures(records: Sequence[TrackRecord]) -> dict[str, Any]:
    frames = Counter(state for record in records for state in record.states)
    return {
        "n": len(records),
        "outcomes": dict(Counter(record.outcome for record in records)),
        "frames": {state: round(count / frames.total(), 4) for state, count in frames.items()},
    }


def write_summary(
    folder: Path, records: Iterable[TrackRecord], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Write ``summary.json``; return it without versions and machine."""
    summary = {"settings": {**settings, "frames": FRAMES}, **summarise(records)}
    figures.write_summary(folder, summary)
    return summary
