"""Grippers as data: boxes around the TCP, read from ``config/grippers/*.yaml``.

TCP frame: z is the approach direction, y the closing axis, x completes a right-handed frame. The
origin lies between the finger pads, or in the middle of a suction cup's lip.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from zsris_ros.types import InputError

Triple = tuple[float, float, float]
DoubleArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Box:
    """An axis-aligned box in the TCP frame, metres."""

    low: Triple
    high: Triple


@dataclass(frozen=True)
class ParallelJaw:
    """A gripper with two parallel fingers. Metres and newtons.

    ``opening`` is the largest distance between the pads, ``force`` the closing force of a finger.
    A finger measures ``finger_thickness`` along y, ``finger_width`` along x and ``finger_length``
    from the palm to the tip, which lies ``tip`` beyond the TCP. ``palm`` is the size of the box
    above the fingers along x, y and z.
    """

    name: str
    opening: float
    force: float
    finger_thickness: float
    finger_width: float
    finger_length: float
    tip: float
    palm: Triple

    def fingers(self, opening: float) -> tuple[Box, Box]:
        """Return the two fingers with ``opening`` metres between the pads."""
        x, inner = self.finger_width / 2, opening / 2
        outer, top = inner + self.finger_thickness, self.tip - self.finger_length
        return (
            Box((-x, -outer, top), (x, -inner, self.tip)),
            Box((-x, inner, top), (x, outer, self.tip)),
        )

    def outline(self, opening: float) -> list[DoubleArray]:
        """Lines (corners Nx3 in the TCP frame) along both fingers and the palm's edge."""
        y, top = opening / 2, self.tip - self.finger_length
        return [np.array([[0, -y, self.tip], [0, -y, top], [0, y, top], [0, y, self.tip]])]

    def body(self) -> Box:
        """Return the palm."""
        x, y, z = self.palm
        top = self.tip - self.finger_length
        return Box((-x / 2, -y / 2, top - z), (x / 2, y / 2, top))


@dataclass(frozen=True)
class SuctionCup:
    """A vacuum cup. Metres and newtons.

    ``radius`` of the lip, ``length`` from the lip to the mount; ``tolerance`` is the largest
    distance from a plane that the cup still seals; ``size`` measures the mount along x, y and z.
    """

    name: str
    force: float
    radius: float
    length: float
    tolerance: float
    size: Triple

    def cup(self) -> Box:
        """Return the box around the cup, without the last millimetres above the surface."""
        r = self.radius
        return Box((-r, -r, -self.length), (r, r, -self.tolerance))

    def outline(self, opening: float) -> list[DoubleArray]:
        """Lines (corners Nx3 in the TCP frame) around the lip and along the cup."""
        around = np.linspace(0, 2 * np.pi, 25)
        lip = self.radius * np.stack([np.cos(around), np.sin(around), 0 * around], axis=1)
        return [lip, np.array([[0, 0, 0], [0, 0, -self.length]])]

    def body(self) -> Box:
        """Return the mount above the cup."""
        x, y, z = self.size
        return Box((-x / 2, -y / 2, -self.length - z), (x / 2, y / 2, -self.length))


Gripper = ParallelJaw | SuctionCup

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "parallel_jaw": (
        "opening_m",
        "force_n",
        "finger.thickness_m",
        "finger.width_m",
        "finger.length_m",
        "finger.tip_m",
        "palm.size_m",
    ),
    "suction": ("force_n", "cup.radius_m", "cup.length_m", "cup.tolerance_m", "body.size_m"),
}


def load_gripper(name: str | Path) -> Gripper:
    """Read a gripper by name ("panda") or from a YAML file.

    Args:
        name: The stem of a file in ``config/grippers``, or the path of a file.

    Returns:
        The gripper; its name is the stem of the file.

    Raises:
        InputError: No such gripper, or a file with missing or impossible fields (all are named).

    Example:
        >>> load_gripper("panda").opening
        0.08
    """
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        path = gripper_folder() / f"{name}.yaml"
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError:
        raise InputError(
            f"no gripper is called {name}; there are {', '.join(gripper_names())}, "
            "or give the path of a .yaml file"
        ) from None
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not YAML: {error}") from error
    return parse_gripper(path.stem, document)


def gripper_names() -> tuple[str, ...]:
    """Return the names of the grippers that the package brings."""
    return tuple(sorted(path.stem for path in gripper_folder().glob("*.yaml")))


def gripper_folder() -> Path:
    """Return the folder ``config/grippers`` of the checkout or of the installed package."""
    here = Path(__file__).resolve().parents[1]
    places = [here.parent / "config" / "grippers"]
    places += [parent / "share/zsris_ros/config/grippers" for parent in here.parents]
    return next((place for place in places if place.is_dir()), places[0])


def parse_gripper(name: str, document: Any) -> Gripper:
    """Check the fields of a gripper file. Raises InputError that names every bad field."""
    kind = str(document.get("kind")) if isinstance(document, dict) else ""
    if kind not in _FIELDS:
        raise InputError(
            f"gripper {name}: 'kind' must be one of {', '.join(_FIELDS)}, got {kind!r}"
        )
    values: dict[str, Any] = {}
    bad: list[str] = []
    for field in _FIELDS[kind]:
        value: Any = document
        for key in field.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        wanted = 3 if field.endswith("size_m") else 1
        numbers = value if isinstance(value, list) else [value]
        if len(numbers) != wanted or not all(map(_is_length, numbers)):
            bad.append(field)
        values[field] = value
    if bad:
        raise InputError(
            f"gripper {name}: {', '.join(bad)} must be positive numbers (three for size_m)"
        )
    if kind == "parallel_jaw":
        return ParallelJaw(
            name,
            values["opening_m"],
            values["force_n"],
            values["finger.thickness_m"],
            values["finger.width_m"],
            values["finger.length_m"],
            values["finger.tip_m"],
            _triple(values["palm.size_m"]),
        )
    return SuctionCup(
        name,
        values["force_n"],
        values["cup.radius_m"],
        values["cup.length_m"],
        values["cup.tolerance_m"],
        _triple(values["body.size_m"]),
    )


def _is_length(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and value > 0


def _triple(values: list[float]) -> Triple:
    x, y, z = values
    return float(x), float(y), float(z)
