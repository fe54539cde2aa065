"""The machine of a measurement, and the memory of its process."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch

from zsris_ros.evaluation.reports.figures import versions


def description(device: torch.device) -> dict[str, Any]:
    """Return the processor, the number of used cores, its instruction set, and the GPU if any."""
    facts: dict[str, Any] = {
        "cpu": _field("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "threads": torch.get_num_threads(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
    }
    if device.type == "cuda":
        facts["gpu"] = torch.cuda.get_device_name(device)
    return facts


def provenance(device: torch.device) -> dict[str, Any]:
    """Return machine, package versions and date, for a file of figures."""
    date = datetime.now(timezone.utc).date().isoformat()
    return {"machine": description(device), "versions": versions(), "date": date}


def write(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document of figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def reset_peak(device: torch.device) -> None:
    """Restart the measurement of ``peak_mb``, if the system supports it."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return  # the peak then covers the whole process, which is never less


def peak_mb(device: torch.device) -> float:
    """Return the largest memory held at once, in MiB: of the GPU by torch, else of this process."""
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(device)) / 2**20
    return _status_mb("VmHWM")


def held_mb(device: torch.device) -> float:
    """Return the memory held now, in MiB, measured as in ``peak_mb``."""
    if device.type == "cuda":
        return float(torch.cuda.memory_allocated(device)) / 2**20
    return _status_mb("VmRSS")


def _status_mb(name: str) -> float:
    """Return a figure of this process from Linux, in MiB; NaN elsewhere."""
    figure = _field("/proc/self/status", name)
    return int(figure.split()[0]) / 1024 if figure else float("nan")


def _field(path: str, name: str) -> str:
    """Return the value of the first line "name: value" of a file, "" without one."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    fields = (line.partition(":") for line in lines)
    return next((value.strip() for key, _, value in fields if key.strip() == name), "")
