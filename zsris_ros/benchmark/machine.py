"""What was measured on, and how much memory a process took."""

from __future__ import annotations

import os
import platform
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

import zsris_ros

_PACKAGES = ("torch", "torchvision", "open_clip_torch", "segment-anything", "numpy")


def description(device: torch.device) -> dict[str, Any]:
    """The processor, how many of its cores were used, its matrix units, and the GPU if any."""
    said: dict[str, Any] = {
        "cpu": _cpu_model(),
        "cores": _cores(),
        "threads": torch.get_num_threads(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
    }
    if device.type == "cuda":
        said["gpu"] = torch.cuda.get_device_name(device)
    return said


def versions() -> dict[str, str]:
    """Of Python, of this package and of what computes."""
    found = {"python": platform.python_version(), "zsris_ros": zsris_ros.__version__}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found


def today() -> str:
    return datetime.now(timezone.utc).date().isoformat()


def provenance(device: torch.device) -> dict[str, Any]:
    """What every file of figures says of where they come from."""
    return {"machine": description(device), "versions": versions(), "date": today()}


def forget_peak(device: torch.device) -> None:
    """From now on ``peak_mb`` speaks of what follows, where the system allows that."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return  # then it speaks of the whole life of this process, which is never less


def peak_mb(device: torch.device) -> float:
    """The most memory held at once, in MiB: of the GPU by torch, else of this process."""
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(device)) / 2**20
    return _status_mb("VmHWM")


def held_mb(device: torch.device) -> float:
    """The memory held now, in MiB, counted as ``peak_mb`` counts."""
    if device.type == "cuda":
        return float(torch.cuda.memory_allocated(device)) / 2**20
    return _status_mb("VmRSS")


def _status_mb(name: str) -> float:
    """A figure that Linux keeps of this process, from kB; NaN elsewhere."""
    for line in _lines("/proc/self/status"):
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def _cpu_model() -> str:
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
