"""From the name of a preset to models ready to answer."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from zsris_ros.baselines.published_query import PublishedReader, load_reader
from zsris_ros.language.parsers import Parser, load_parser
from zsris_ros.models.background_reuse import check_surround, proven_halo
from zsris_ros.models.preset import Preset, bundled, load_preset, with_calibration
from zsris_ros.proposals import Proposer
from zsris_ros.proposals.depth.depth_proposer import DepthProposer
from zsris_ros.proposals.sam.sam_network import build_sam
from zsris_ros.proposals.sam.sam_proposer import SamProposer, SamSettings
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
from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.gem import GemLocaliser
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.weights.catalogue import WeightsError, catalogue, default_directory, find
from zsris_ros.weights.checkpoint import load_state_dict, torch_flaw
from zsris_ros.weights.token_table import expand_clip_state

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Parts:
    """What a segmenter is put together from.

    ``depth`` is None when depth proposals are switched off. ``parser_choice`` is the parser's name
    as it was asked for, from which the published methods take their own reader.
    """

    preset: Preset
    sam: SamProposer
    depth: DepthProposer | None
    encoder: HybridEncoder
    localiser: GemLocaliser
    parser: Parser
    parser_choice: str = "auto"

    @property
    def proposers(self) -> list[Proposer]:
        """SAM, and depth beside it unless it is switched off."""
        return [self.sam] if self.depth is None else [self.sam, self.depth]

    def to(self, device: torch.device) -> None:
        """Moves every network to ``device``; what is made of these parts moves with them."""
        self.sam.to(device)
        self.encoder.clip.to(device)

    @cached_property
    def published_sam(self) -> SamProposer:
        """SAM with HybridGL's settings for RefCOCO, RefCOCO+ and RefCOCOg, on the same network.

        The preset's own proposer where SAM is a small one, which the published settings do not fit.
        """
        return self._published_sam(SamSettings.published())

    @cached_property
    def published_phrasecut_sam(self) -> SamProposer:
        """The same with HybridGL's settings for PhraseCut."""
        return self._published_sam(SamSettings.published_phrasecut())

    def _published_sam(self, settings: SamSettings) -> SamProposer:
        named = isinstance(self.preset.sam.architecture, str)
        return self.sam.with_settings(settings) if named else self.sam

    @cached_property
    def reader(self) -> PublishedReader:
        """The reader of the published methods, loaded when the first of them needs it.

        Raises InputError when the parser that was asked for is not there.
        """
        return load_reader(self.parser_choice)

    def segmenter(self, *proposers: Proposer) -> Segmenter:
        """The robot's way to answer; ``proposers`` stand in for the preset's own when given."""
        settings = self.preset.referring
        looking = SceneEncoder(
            proposers or self.proposers, self.encoder, self.localiser, settings.trust
        )
        resolver = ProductResolver(self.encoder.clip, self.localiser, self.parser, settings)
        return Segmenter(looking, resolver)


def load_parts(
    name: str,
    *,
    device: str = "auto",
    precision: str = "auto",
    directory: str | Path | None = None,
    depth_proposals: bool = True,
    parser: str = "auto",
    batch_size: int | None = None,
    surround: str = "auto",
) -> Parts:
    """Build all models of the preset ``name``.

    ``device`` is a torch device or "auto" (a GPU if there is one). ``precision`` is "float32",
    "float16", "bfloat16" or "auto": see ``resolve_precision``; a half precision must prove close to
    float32 on this device, else float32 is taken, and the log says so. ``directory`` holds fetched
    checkpoints (None: the default). ``parser`` is "rules", a spaCy pipeline, or "auto": the rules,
    and for the published methods an installed spaCy pipeline where there is one. ``batch_size`` is
    how many masks are encoded at most at once (None: the preset's). ``surround`` is "exact", or
    "auto": what lies far from a mask in pictures of whole frames is encoded once for all masks,
    where the features prove close to exact ones when the weights are loaded, and again on each
    frame (see ``vision.surround`` and ``vision.checked_hybrid``). A file
    <preset>.calibration.json of ``zsris calibrate`` in ``directory`` replaces the preset's
    calibration.

    Raises WeightsError when a checkpoint is missing or wrong; the sentence says how to fetch it.
    """
    where = resolve_device(device)
    check_surround(surround)
    directory = Path(directory).expanduser() if directory else default_directory()
    preset = with_calibration(load_preset(name), directory)
    if batch_size is not None:
        preset = replace(preset, hybrid=replace(preset.hybrid, batch_size=batch_size))
    if flaw := torch_flaw(torch.__version__):
        LOG.warning("torch %s %s", torch.__version__, flaw)
    # What is cheap fails first: a missing checkpoint is said before any network is built.
    language = load_parser(parser)
    sam_state = checkpoint_state(preset.sam.checkpoint, directory)
    clip_state = checkpoint_state(preset.clip.checkpoint, directory)

    def build(kind: str) -> Parts:
        sam = build_sam(preset.sam.architecture, sam_state)
        clip = ClipModel.load(preset.clip.architecture, clip_state, device=where, precision=kind)
        return Parts(
            preset=preset,
            sam=SamProposer(sam, preset.proposing, where, kind),
            depth=DepthProposer(preset.depth) if depth_proposals else None,
            encoder=HybridEncoder(clip, preset.hybrid),
            localiser=GemLocaliser(clip, preset.gem),
            parser=language,
            parser_choice=parser,
        )

    kind = resolve_precision(precision, where, clip_state)
    parts = build_verified(build, _probe, kind) if precision == "auto" else build(kind)
    return _shared(parts) if surround == "auto" else parts


def _shared(parts: Parts) -> Parts:
    """The parts with the narrowest halo around masks that proves itself, where there can be one.

    The halo is checked again on every frame.
    """
    settings, clip = parts.encoder.settings, parts.encoder.clip
    if settings.window is not None or settings.halo is not None:
        return parts
    scale = parts.preset.referring.logit_scale
    halo, cosine, logits = proven_halo(clip, settings, scale=scale)
    if halo is None:
        LOG.info(
            "every mask's pictures are encoded in full, because sharing what lies far from masks "
            "strays too far with these weights (cosine %.5f, logits %.2f)",
            cosine,
            logits,
        )
        return parts
    LOG.info(
        "what lies beyond a halo of %d cells around masks is encoded once a frame (cosine to "
        "encoding it for every mask: %.5f, logits: %.2f)",
        halo,
        cosine,
        logits,
    )
    return replace(parts, encoder=CheckedHybridEncoder(clip, replace(settings, halo=halo), scale))


def _probe(parts: Parts) -> list[Tensor]:
    """What every network makes of a small picture and a text: rows of features on the CPU."""
    rgb = sample_picture()
    mask = np.zeros((1, *rgb.shape[:2]), dtype=bool)
    mask[:, 16:48, 20:44] = True
    features = [
        parts.sam.embed(rgb),
        parts.encoder.encode(rgb, mask),
        parts.localiser.patches(rgb),
        parts.encoder.clip.encode_text(["the red box"]),
    ]
    return [feature.cpu() for feature in features]


def load_segmenter(
    name: str,
    *,
    device: str = "auto",
    precision: str = "auto",
    directory: str | Path | None = None,
    depth_proposals: bool = True,
    parser: str = "auto",
    batch_size: int | None = None,
    surround: str = "auto",
) -> Segmenter:
    """The whole pipeline of the preset ``name``; see ``load_parts`` for the arguments."""
    return load_parts(
        name,
        device=device,
        precision=precision,
        directory=directory,
        depth_proposals=depth_proposals,
        parser=parser,
        batch_size=batch_size,
        surround=surround,
    ).segmenter()


def checkpoint_state(checkpoint: str, directory: Path) -> dict[str, Tensor]:
    """The parameters of a catalogued checkpoint in ``directory``, or of one in this package.

    Raises WeightsError when it is missing or wrong.
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
