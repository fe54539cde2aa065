"""VATEX's checkpoints: the network's weights, its settings, and the name of its frozen CLIP.

A checkpoint is a safetensors file in half precision. Its header holds the settings and the preset
whose CLIP the network was trained with; CLIP's own weights are not repeated.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from zsris_ros.baselines.published_query import load_reader
from zsris_ros.baselines.vatex.encoders.backbone import SAM
from zsris_ros.baselines.vatex.encoders.trained_text import TextEncoder
from zsris_ros.baselines.vatex.frozen_clip import FrozenClip
from zsris_ros.baselines.vatex.network import Vatex
from zsris_ros.baselines.vatex.vatex_segmenter import vatex_segmenter
from zsris_ros.baselines.vatex.vatex_settings import VatexSettings
from zsris_ros.models.load import checkpoint_state
from zsris_ros.models.load_options import DEFAULTS, LoadOptions
from zsris_ros.models.preset import load_preset
from zsris_ros.proposals.sam.sam_network import Sam, build_sam
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.torch_utils.precision import resolve_device
from zsris_ros.types import InputError
from zsris_ros.vision.resnet.resnet_clip import ResnetClip, load_clip
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
        InputError: The parser is not installed, the CLIP has another image encoder than a vision
            transformer or CLIP's own ResNet, or ``prior_size`` does not fit it.
    """
    network = load_preset(preset).clip
    state = checkpoint_state(network.checkpoint, options.folder)
    clip = load_clip(network.architecture, state, device=resolve_device(options.device))
    parser = settings.parser if options.parser == "auto" else options.parser
    return FrozenClip(clip, load_reader(parser), settings.prompt, settings.prior_size)


def load_backbone_sam(
    preset: str, settings: VatexSettings, options: LoadOptions = DEFAULTS
) -> Sam | None:
    """Return the Segment Anything of a preset for the backbone "sam"; None for other backbones.

    Raises:
        WeightsError: Unknown preset, or its Segment Anything is missing or wrong.
        InputError: It is MobileSAM, whose maps the backbone cannot use.
    """
    if settings.backbone != SAM:
        return None
    network = load_preset(preset).sam
    return build_sam(network.architecture, checkpoint_state(network.checkpoint, options.folder))


def build_vatex(
    settings: VatexSettings,
    clip: FrozenClip,
    vocabulary: Tensor | None = None,
    pretrained: bool = False,
    sam: Sam | None = None,
) -> Vatex:
    """Return a network that is not trained, with copies of CLIP's encoders where it has them.

    Args:
        settings: The network.
        clip: Its frozen CLIP.
        vocabulary: Int64 K, ascending: the tokens of a trained text encoder.
        pretrained: Whether the backbone starts from ImageNet's weights.
        sam: ``load_backbone_sam``.

    Raises:
        InputError: The backbone is unknown, or is CLIP's and CLIP is no ResNet.
    """
    text = None
    if settings.trained_text:
        if vocabulary is None:
            raise InputError("a trained text encoder needs the tokens of its vocabulary")
        text = TextEncoder(clip.clip, vocabulary)
    return Vatex(
        settings,
        clip.word_width,
        clip.heat_length,
        pretrained,
        image_encoder=clip.clip if isinstance(clip.clip, ResnetClip) else None,
        sam=sam,
        patch_width=clip.clip.embed_dim,
        text_encoder=text,
    )


@dataclass(frozen=True, eq=False)
class TrainedVatex:
    """A trained network with its CLIP.

    Attributes:
        network: The network in evaluation mode.
        clip: The CLIP that it was trained with.
        preset: The preset of that CLIP.
        min_score: The class probability up to which an object counts as absent, found on held-out
            images in the training; 0 where there were none.
    """

    network: Vatex
    clip: FrozenClip
    preset: str
    min_score: float

    def segmenter(self) -> Segmenter:
        """Return the segmenter, with the verdict of ``min_score``."""
        return vatex_segmenter(self.network, self.clip, self.min_score)

    def to(self, device: torch.device) -> None:
        """Move the network and its CLIP, and with them every segmenter, to ``device``."""
        self.network.to(device)
        self.clip.clip.to(device)

    @property
    def dtype(self) -> torch.dtype:
        """Data type of the weights."""
        return self.network.places.dtype


def save_vatex(path: Path, network: Vatex, clip_preset: str, min_score: float = 0.0) -> int:
    """Write a checkpoint atomically; return its size in bytes. See ``TrainedVatex``."""
    header = {"settings": network.settings.to_json(), "clip": clip_preset, "min_score": min_score}
    return save_state_dict(network.state_dict(), path, {_KEY: json.dumps(header)})


def load_trained_vatex(path: Path, options: LoadOptions = DEFAULTS) -> TrainedVatex:
    """Read a checkpoint of ``zsris train-vatex``.

    Raises:
        WeightsError: The file is missing, damaged or no checkpoint of VATEX, or its CLIP is
            missing.
        InputError: An option has an unknown value.
    """
    if not path.is_file():
        raise WeightsError(f"there is no checkpoint {path}: train one with `zsris train-vatex`")
    try:
        with safe_open(path, "pt") as file:
            header = json.loads((file.metadata() or {})[_KEY])
            names = file.keys()
            state = {name: file.get_tensor(name) for name in names}
        settings, preset = VatexSettings.from_json(header["settings"]), str(header["clip"])
        min_score = float(header.get("min_score", 0.0))  # older files have none
    except (SafetensorError, LookupError, ValueError, TypeError, InputError) as error:
        raise _no_checkpoint(path, error) from error
    clip = load_frozen_clip(preset, settings, options)
    sam = load_backbone_sam(preset, settings, options)
    network = build_vatex(settings, clip, state.get("text.vocabulary"), sam=sam)
    if not any(name.endswith("num_batches_tracked") for name in state):
        network.backbone.freeze_norm()  # as in a training from published weights
    try:
        network.load_state_dict(
            {k: v.float() if v.is_floating_point() else v for k, v in state.items()}
        )
    except RuntimeError as error:
        raise _no_checkpoint(path, error) from error
    network.requires_grad_(False).eval().to(resolve_device(options.device))
    return TrainedVatex(network, clip, preset, min_score)


def _no_checkpoint(path: Path, error: Exception) -> WeightsError:
    return WeightsError(f"{path} is no checkpoint of `zsris train-vatex`: {error}")
