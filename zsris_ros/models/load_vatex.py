"""VATEX's checkpoints: the network's weights, its settings, and the name of its frozen CLIP.

A checkpoint is a safetensors file in half precision. Its header holds the settings and the preset
whose CLIP the network was trained with; CLIP's own weights are not repeated.
"""

from __future__ import annotations

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open

from zsris_ros.baselines.published_query import load_reader
from zsris_ros.baselines.vatex.frozen_clip import FrozenClip
from zsris_ros.baselines.vatex.network import Vatex
from zsris_ros.baselines.vatex.vatex_segmenter import vatex_segmenter
from zsris_ros.baselines.vatex.vatex_settings import VatexSettings
from zsris_ros.models.load import checkpoint_state
from zsris_ros.models.load_options import DEFAULTS, LoadOptions
from zsris_ros.models.preset import load_preset
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.torch_utils.precision import resolve_device
from zsris_ros.types import InputError
from zsris_ros.vision.clip import ClipModel
from zsris_ros.weights.catalogue import WeightsError
from zsris_ros.weights.checkpoint import save_state_dict

_KEY = "vatex"


def load_frozen_clip(
    preset: str, settings: VatexSettings, options: LoadOptions = DEFAULTS
) -> FrozenClip:
    """Return the CLIP of a preset for VATEX, in float32.

    ``options.parser`` replaces the settings' parser unless it is "auto".

    Raises:
        WeightsError: Unknown preset, or its CLIP is missing or wrong.
        InputError: The parser is not installed, or the CLIP is not a vision transformer.
    """
    network = load_preset(preset).clip
    state = checkpoint_state(network.checkpoint, options.folder)
    clip = ClipModel.load(network.architecture, state, device=resolve_device(options.device))
    parser = settings.parser if options.parser == "auto" else options.parser
    return FrozenClip(clip, load_reader(parser), settings.prompt)


def save_vatex(path: Path, network: Vatex, clip_preset: str) -> int:
    """Write a checkpoint atomically; return its size in bytes."""
    header = {"settings": network.settings.to_json(), "clip": clip_preset}
    return save_state_dict(network.state_dict(), path, {_KEY: json.dumps(header)})


def load_vatex(
    path: str | Path, options: LoadOptions = DEFAULTS, min_score: float = 0.0
) -> Segmenter:
    """Return the segmenter of a checkpoint of ``zsris train-vatex``.

    Raises:
        WeightsError: The file is missing, damaged or no checkpoint of VATEX, or its CLIP is
            missing.
        InputError: An option has an unknown value.
    """
    network, preset = load_network(Path(path))
    device = resolve_device(options.device)
    clip = load_frozen_clip(preset, network.settings, options)
    return vatex_segmenter(network.to(device), clip, min_score)


def load_network(path: Path) -> tuple[Vatex, str]:
    """Return the network of a checkpoint in evaluation mode, and the preset of its CLIP.

    Raises:
        WeightsError: The file is missing, damaged or no checkpoint of VATEX.
    """
    if not path.is_file():
        raise WeightsError(f"there is no checkpoint {path}: train one with `zsris train-vatex`")
    try:
        with safe_open(path, "pt") as file:
            header = json.loads((file.metadata() or {})[_KEY])
            names = file.keys()
            state = {name: file.get_tensor(name) for name in names}
        settings = VatexSettings.from_json(header["settings"])
        word_width = state["words.0.weight"].shape[1]
        heat_length = state["heat.0.weight"].shape[1] if settings.clip_prior else 0
        network = Vatex(settings, word_width, heat_length)
        network.load_state_dict(
            {k: v.float() if v.is_floating_point() else v for k, v in state.items()}
        )
        preset = str(header["clip"])
    except (SafetensorError, LookupError, ValueError, TypeError, RuntimeError, InputError) as error:
        raise WeightsError(f"{path} is no checkpoint of `zsris train-vatex`: {error}") from error
    return network.requires_grad_(False).eval(), preset
