"""Samples of a process: memory, threads, files, shared memory, GPU memory."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reliability.trend import BLOCKS, trend

KINDS = {
    "memory_mb": "main memory of the node (resident), MB",
    "threads": "threads of the node",
    "files": "open files of the node",
    "shared_mb": "shared memory that the node maps, MB",
    "gpu_mb": "GPU memory of the node, MB",
}
"""The kinds of samples with their titles."""


def sample(pid: int) -> dict[str, float]:
    """Return one value of each available kind for the process ``pid``."""
    process = Path("/proc") / str(pid)
    status = dict(
        line.split(":", 1) for line in (process / "status").read_text().splitlines() if ":" in line
    )
    found = {
        "memory_mb": int(status["VmRSS"].split()[0]) / 1024,
        "threads": float(status["Threads"]),
        "files": float(len(list((process / "fd").iterdir()))),
        "shared_mb": _mapped(process, "/dev/shm/") / 1e6,
    }
    gpu = _gpu_mb(pid)
    return found if gpu is None else {**found, "gpu_mb": gpu}


def settled_trends(samples: Sequence[Mapping[str, float]]) -> dict[str, dict[str, Any]]:
    """Return the trend of each kind over ``s`` (seconds) in the second half of the samples.

    In the first, caches and allocator pools fill. Each is a ``Trend.row``; {} for too few samples.
    """
    settled = samples[len(samples) // 2 :]
    if len(settled) < BLOCKS:
        return {}
    seconds = [each["s"] for each in settled]
    return {
        name: trend(seconds, [each[name] for each in settled]).row()
        for name in settled[0].keys() & KINDS
    }


def describe_trends(trends: Mapping[str, Mapping[str, Any]]) -> str:
    """Return memory with its slope, and the figures that are not flat, as the end of a sentence."""
    if not trends:
        return ""
    memory = trends["memory_mb"]
    growing = ", ".join(KINDS[name] for name, each in trends.items() if not each["flat"])
    return (
        f"; memory {memory['mean']:.0f} MB, {memory['slope']:+.1f} ± {memory['error']:.1f} MB an "
        "hour in the second half; "
        + (f"not flat: {growing}" if growing else "memory, threads, files and shared memory flat")
    )


def draw_trends(
    samples: Sequence[Mapping[str, float]], trends: Mapping[str, Mapping[str, Any]], path: Path
) -> None:
    """Plot each kind of samples with the fitted line of its second half."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    minutes = [each["s"] / 60 for each in samples]
    figure = Figure(figsize=(8, 2 * len(trends)), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(trends), 1, sharex=True, squeeze=False)[:, 0]
    for panel, (name, each) in zip(panels, trends.items(), strict=True):
        panel.plot(minutes, [row[name] for row in samples], ".", markersize=3)
        settled = minutes[len(minutes) // 2 :]
        panel.plot([settled[0], settled[-1]], [each["first"], each["last"]], "-", color="black")
        verdict = "flat" if each["flat"] else "GROWS"
        title = f"{KINDS[name]}: {each['slope']:+.2f} ± {each['error']:.2f} an hour, {verdict}"
        panel.set_title(title, fontsize=9)
        panel.set_ylim(bottom=0)
    panels[-1].set_xlabel("minutes")
    figure.savefig(path, dpi=100)


def _mapped(process: Path, folder: str) -> int:
    """Return the bytes of a folder's files that a process maps, deleted files included.

    The folder itself also has the files of other processes, and of killed ones.
    """
    size = 0
    for line in (process / "maps").read_text().splitlines():
        addresses, *_, name = line.split(maxsplit=5)
        if name.startswith(folder):
            first, last = (int(each, 16) for each in addresses.split("-"))
            size += last - first
    return size


def _gpu_mb(pid: int) -> float | None:
    if shutil.which("nvidia-smi") is None:
        return None
    query = ["nvidia-smi", "--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"]
    rows = subprocess.run(query, capture_output=True, text=True, check=False).stdout.splitlines()
    return sum(float(row.split(",")[1]) for row in rows if row.split(",")[0].strip() == str(pid))
