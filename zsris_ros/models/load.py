"""From the name of a preset to models ready to answer."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from zsris_ros.language import Parser, load_parser
from zsris_ros.models.background_reuse import check_surround, verified_halo
from zsris_ros.models.load_options import DEFAULTS, LoadOptions
from zsris_ros.models.preset import Preset, bundled, load_preset, with_calibration
from zsris_ros.proposals import Proposer
from zsris_ros.proposals.depth.depth_proposer import DepthProposer
from zsris_ros.proposals.figure_ground import FigureGroundProposer
from zsris_ros.proposals.sam.sam_network import build_sam
from zsris_ros.proposals.sam.sam_proposer import SamProposer
from zsris_ros.referring.product_resolver import ProductResolver
from zsris_ros.referring.scene_encoder import SceneEncoder
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.torch_utils.precision import (
    build_verified,
    resolve_device,
    resolve_precision,
    sample_picture,
)
from zsris_ros.vision.checked_hybrid import CheckedHybridEncoder
from zsris_ros.vision.encoders import make_mask_encoder, make_patch_localiser
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.protocols import Localiser
from zsris_ros.vision.resnet.resnet_clip import load_clip
from zsris_ros.vision.resnet.resnet_hybrid import ResnetHybridEncoder
from zsris_ros.weights.catalogue import WeightsError, catalogue, find
from zsris_ros.weights.checkpoint import load_state_dict, torch_flaw
from zsris_ros.weights.token_table import expand_clip_state

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class LoadedModels:
    """The models of a preset; ``depth`` is None without depth proposals."""

    preset: Preset
    sam: SamProposer
    depth: DepthProposer | None
    encoder: HybridEncoder | ResnetHybridEncoder
    localiser: Localiser
    parser: Parser

    @property
    def proposers(self) -> list[Proposer]:
        """SAM, depth unless it is switched off, and the preset's proposer for frames without it."""
        depth = [] if self.depth is None else [self.depth]
        islands = [self.islands] if self.preset.figure_ground else []
        return [self.sam, *depth, *islands]

    @cached_property
    def islands(self) -> FigureGroundProposer:
        """The proposer of frames without depth; used if the preset has ``figure_ground``."""
        return FigureGroundProposer()

    def segmenter(self, *proposers: Proposer) -> Segmenter:
        """Return the robot's segmenter; ``proposers`` replace the preset's own."""
        settings = self.preset.referring
        encoder = SceneEncoder(
            proposers or self.proposers, self.encoder, self.localiser, settings.proposer_weights
        )
        resolver = ProductResolver(self.encoder.clip, self.localiser, self.parser, settings)
        return Segmenter(encoder, resolver)

    @property
    def dtype(self) -> torch.dtype:
        """Data type of CLIP's weights."""
        return self.encoder.clip.dtype

    def to(self, device: torch.device) -> None:
        """Move every network, and with it every segmenter of these models, to ``device``."""
        self.sam.to(device)
        self.encoder.clip.to(device)


def load_models(name: str, options: LoadOptions = DEFAULTS) -> LoadedModels:
    """Build all models of the preset ``name``.

    Raises:
        WeightsError: A checkpoint is missing or wrong; the message names the command to fetch it.
        InputError: An option has an unknown value.
    """
    device = resolve_device(options.device)
    check_surround(options.surround)
    preset = with_calibration(load_preset(name), options.folder)
    if options.batch_size is not None:
        preset = replace(preset, hybrid=replace(preset.hybrid, batch_size=options.batch_size))
    if flaw := torch_flaw(torch.__version__):
        LOG.warning("torch %s %s", torch.__version__, flaw)
    # Cheap checks come first: a missing checkpoint is reported before any network is built.
    parser = load_parser(options.parser)
    sam_state = checkpoint_state(preset.sam.checkpoint, options.folder)
    clip_state = checkpoint_state(preset.clip.checkpoint, options.folder)

    def build(precision: str) -> LoadedModels:
        sam = build_sam(preset.sam.architecture, sam_state)
        clip = load_clip(preset.clip.architecture, clip_state, device=device, precision=precision)
        return LoadedModels(
            preset=preset,
            sam=SamProposer(sam, preset.proposing, device, precision),
            depth=DepthProposer(preset.depth) if options.depth_proposals else None,
            encoder=make_mask_encoder(clip, preset.hybrid),
            localiser=make_patch_localiser(clip, preset.gem),
            parser=parser,
        )

    precision = resolve_precision(options.precision, device, clip_state)
    if options.precision == "auto":
        models = build_verified(build, _probe, precision)
    else:
        models = build(precision)
    return _with_background_reuse(models) if options.surround == "auto" else models


def _with_background_reuse(models: LoadedModels) -> LoadedModels:
    """Return the models with the narrowest halo around masks that agrees with exact features."""
    if not isinstance(models.encoder, HybridEncoder):
        return models
    settings, clip = models.encoder.settings, models.encoder.clip
    if settings.window is not None or settings.halo is not None:
        return models
    scale = models.preset.referring.logit_scale
    halo, cosine, logits = verified_halo(clip, settings, scale=scale)
    if halo is None:
        LOG.info(
            "the pictures of every mask are encoded in full: background-token reuse differs too "
            "much with these weights (cosine %.5f, logits %.2f)",
            cosine,
            logits,
        )
        return models
    LOG.info(
        "tokens beyond a halo of %d cells around masks are encoded once a frame (cosine to exact "
        "features %.5f, logits %.2f)",
        halo,
        cosine,
        logits,
    )
    return replace(models, encoder=CheckedHybridEncoder(clip, replace(settings, halo=halo), scale))


def _probe(models: LoadedModels) -> list[Tensor]:
    """Return features of every network for a small picture and a text: rows on the CPU."""
    rgb = sample_picture()
    mask = np.zeros((1, *rgb.shape[:2]), dtype=bool)
    mask[:, 16:48, 20:44] = True
    features = [
        models.sam.embed(rgb),
        models.encoder.encode(rgb, mask),
        models.localiser.patches(rgb),
        models.encoder.clip.encode_text(["the red box"]),
    ]
    return [feature.cpu() for feature in features]


def checkpoint_state(checkpoint: str, directory: Path) -> dict[str, Tensor]:
    """Return the parameters of a catalogued checkpoint in ``directory``, or of a bundled one.

    Raises:
        WeightsError: The checkpoint is missing or wrong.
    """
    if checkpoint not in catalogue():
        return expand_clip_state(load_state_dict(bundled(checkpoint)))
    entry = find(checkpoint)
    path = directory / entry.file
    if not path.exists():
        raise WeightsError(
            f"{path} is missing; fetch it with `zsris weights fetch {checkpoint}`, or choose "
            "other weights"
        )
    return load_state_dict(path, entry.sha256)
