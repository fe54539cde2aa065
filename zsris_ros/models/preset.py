"""Presets: the weights that are used together, and the values that were tuned for them.

A preset is a JSON file in ``presets/``::

    {
      "description": "one line for `zsris weights list`",
      "sam": {"architecture": "vit_h" or sizes, "checkpoint": ..., "settings": {SamSettings}},
      "clip": {"architecture": open_clip's name or configuration, "checkpoint": ...},
      "hybrid": {HybridSettings}, "gem": {GemSettings},
      "depth": {DepthSettings}, "referring": {ReferSettings}
    }

A checkpoint is a name of the catalogue, or the path of a file that ships in this package
("tabletop/sam.safetensors"). Omitted values keep their defaults.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from zsris_ros.weights.catalogue import ROOM, WeightsError, catalogue

if TYPE_CHECKING:
    from zsris_ros.proposals.depth.depth_proposer import DepthSettings
    from zsris_ros.proposals.sam.sam_settings import SamSettings
    from zsris_ros.referring.settings import ReferSettings
    from zsris_ros.vision.gem import GemSettings
    from zsris_ros.vision.views import HybridSettings


Settings = TypeVar("Settings")

PRESETS = Path(__file__).parent / "presets"

_OLD_NAMES = {
    "alike": "ambiguity_ratio",
    "anchors": "anchor_masks",
    "calibrated": "absolute_logits",
    "found": "min_score",
    "margin": "logit_margin",
    "objectness": "quality_exponent",
    "trust": "proposer_weights",
    "whole": "whole_ratio",
}
"""Former names of ``ReferSettings``, accepted in "referring" sections for one release."""


@dataclass(frozen=True)
class Network:
    """One network: its architecture, and the catalogued name or the bundled file of its weights.

    ``architecture`` is a name known to the network's builder, or a mapping of sizes.
    """

    architecture: str | Mapping[str, Any]
    checkpoint: str


@dataclass(frozen=True)
class Preset:
    """The networks of a preset and the settings that go with them.

    ``figure_ground`` adds the islands of smooth surfaces to the masks of frames without depth.
    """

    name: str
    description: str
    sam: Network
    clip: Network
    proposing: SamSettings
    hybrid: HybridSettings
    gem: GemSettings
    depth: DepthSettings
    referring: ReferSettings
    figure_ground: bool = False


def preset_names() -> list[str]:
    """Return the names of all presets."""
    return sorted(path.stem for path in PRESETS.glob("*.json"))


def describe(name: str) -> str:
    """Return the description of a preset, without loading anything."""
    return str(_read(name).get("description", ""))


def checkpoints(name: str) -> list[str]:
    """Return the catalogued checkpoints of a preset; none for bundled weights."""
    document = _read(name)
    needed = (document.get(network, {}).get("checkpoint", "") for network in ("sam", "clip"))
    return [checkpoint for checkpoint in needed if checkpoint in catalogue()]


def load_preset(name: str) -> Preset:
    """Read a preset.

    Raises:
        WeightsError: The preset, a name in it or its JSON is invalid; the message names the fault.
    """
    return parse_preset(name, _read(name))


def parse_preset(name: str, document: Mapping[str, Any]) -> Preset:
    """Convert a preset's JSON into settings; see ``load_preset``."""
    # These import torch, which takes seconds; listing presets must not.
    from zsris_ros.proposals.depth.depth_proposer import DepthSettings
    from zsris_ros.proposals.sam.sam_settings import SamSettings
    from zsris_ros.referring.settings import ReferSettings
    from zsris_ros.vision.gem import GemSettings
    from zsris_ros.vision.views import HybridSettings

    rest = dict(document)
    rest["referring"] = _new_names(rest.get("referring", {}))

    def section(key: str, defaults: Settings) -> Settings:
        return _settings(defaults, rest.pop(key, {}), f"preset {name}, {key}")

    sam = dict(rest.pop("sam", {}))
    proposing = sam.pop("settings", {})
    preset = Preset(
        name=name,
        description=str(rest.pop("description", "")),
        sam=_network(sam, f"preset {name}, sam"),
        clip=_network(rest.pop("clip", {}), f"preset {name}, clip"),
        proposing=_settings(SamSettings(), proposing, f"preset {name}, sam.settings"),
        hybrid=section("hybrid", HybridSettings()),
        gem=section("gem", GemSettings()),
        depth=section("depth", DepthSettings()),
        referring=section("referring", ReferSettings()),
        figure_ground=bool(rest.pop("figure_ground", False)),
    )
    if rest:
        raise WeightsError(f"preset {name}: there is no section {', '.join(sorted(rest))}")
    return preset


def with_calibration(preset: Preset, directory: Path) -> Preset:
    """Return the preset with the values of ``directory``/<preset>.calibration.json, if it exists.

    Raises:
        WeightsError: The file is not one of ``zsris calibrate``, or is for other weights.
    """
    path = directory / f"{preset.name}.calibration.json"
    if not path.exists():
        return preset
    try:
        section = dict(json.loads(path.read_text(encoding="utf-8"))["referring"])
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{path} is not a file of `zsris calibrate`: {error!r}") from error
    referring = _settings(preset.referring, _new_names(section), str(path))
    if referring.calibration.weights != preset.name:
        raise WeightsError(
            f"{path} was measured with the weights '{referring.calibration.weights}': "
            f"run `zsris calibrate` with --weights {preset.name}"
        )
    return replace(preset, referring=referring)


def _read(name: str) -> dict[str, Any]:
    if name not in preset_names():
        raise WeightsError(f"no preset is called '{name}'; there are {', '.join(preset_names())}")
    path = PRESETS / f"{name}.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WeightsError(f"{path} is not JSON: {error}") from error
    return dict(document)


def _network(section: Mapping[str, Any], where: str) -> Network:
    expected = {field.name for field in fields(Network)}
    if set(section) != expected:
        wrong = ", ".join(sorted(set(section) ^ expected))
        raise WeightsError(f"{where}: missing or unknown: {wrong}")
    return Network(**section)


def _new_names(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return a "referring" section with the old names of settings replaced by the new ones."""
    return {_OLD_NAMES.get(name, name): value for name, value in section.items()}


def _settings(defaults: Settings, values: Mapping[str, Any], where: str) -> Settings:
    """Return ``defaults`` with ``values``; lists become tuples, mappings nested settings."""
    known = [field.name for field in fields(cast(Any, defaults))]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise WeightsError(f"{where}: unknown {', '.join(unknown)}; known are {', '.join(known)}")
    changes: dict[str, Any] = {}
    for key, value in values.items():
        nested = getattr(defaults, key)
        if is_dataclass(nested) and not isinstance(nested, type):
            changes[key] = _settings(nested, value, f"{where}.{key}")
        else:
            changes[key] = tuple(value) if isinstance(value, list) else value
    try:
        changed: Settings = replace(cast(Any, defaults), **changes)
        return changed
    except (TypeError, ValueError) as error:
        raise WeightsError(f"{where}: {error}") from error


def bundled(checkpoint: str) -> Path:
    """Return the path of a bundled checkpoint file."""
    return ROOM / checkpoint
