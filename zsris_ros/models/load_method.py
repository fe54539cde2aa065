"""A named method of the papers on a preset's models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from zsris_ros.baselines.factory import assemble, make_encoders
from zsris_ros.baselines.global_local import GlobalLocalEncoder, GlobalLocalSettings
from zsris_ros.baselines.methods import Method
from zsris_ros.baselines.published_query import PublishedReader
from zsris_ros.models.load import LoadedModels, checkpoint_state
from zsris_ros.models.load_options import DEFAULTS, LoadOptions
from zsris_ros.proposals import Proposer
from zsris_ros.proposals.sam.sam_proposer import SamProposer
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.torch_utils.precision import (
    build_verified,
    resolve_device,
    resolve_precision,
    sample_picture,
)
from zsris_ros.vision.clip import ClipModel, OpenClipModel
from zsris_ros.vision.gem import GemLocaliser, GemSettings
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.open_clip_model import openai_architecture
from zsris_ros.vision.protocols import Localiser, MaskEncoder
from zsris_ros.vision.resnet.resnet_clip import ResnetClip, load_clip
from zsris_ros.vision.views import HybridSettings
from zsris_ros.weights.catalogue import find


def segmenter_of(
    models: LoadedModels,
    method: Method,
    proposers: Sequence[Proposer] | None = None,
    clip: OpenClipModel | None = None,
    encoders: tuple[MaskEncoder, Localiser | None] | None = None,
) -> Segmenter:
    """Return a segmenter that works by ``method`` on the models of a preset.

    Args:
        models: The models.
        method: The method in one variant.
        proposers: None for ``default_proposers``.
        clip: None for the preset's.
        encoders: None for those of ``encoders_of``.

    Raises:
        InputError: The method does not fit the model, or its parser is not installed.
    """
    if proposers is None:
        proposers = default_proposers(models, method)
    encoder, localiser = encoders or encoders_of(models, method, clip)
    reader = PublishedReader() if method.variant == "product" else models.reader
    settings = models.preset.referring
    return assemble(method, proposers, encoder, localiser, models.parser, reader, settings)


def encoders_of(
    models: LoadedModels, method: Method, clip: OpenClipModel | None = None
) -> tuple[MaskEncoder, Localiser | None]:
    """Return the mask encoder and the localiser of a method; ``clip`` None is the preset's."""
    preset, hybrid = models.preset, models.encoder.settings
    if clip is not None:
        # The halo of ``models`` was verified with the preset's CLIP.
        hybrid = replace(hybrid, halo=preset.hybrid.halo)
    scale = preset.referring.logit_scale
    return make_encoders(method, clip or models.encoder.clip, hybrid, preset.gem, scale)


def parser_name(models: LoadedModels, method: Method) -> str:
    """Return the name of the parser by which ``method`` reads sentences."""
    return models.parser.name if method.variant == "product" else models.reader.name


def default_proposers(
    models: LoadedModels, method: Method, dataset: str | None = None
) -> list[Proposer]:
    """Return the proposers of a method where nothing else was chosen.

    SAM and depth in "product"; SAM alone, as published, in the other variants.
    """
    return models.proposers if method.variant == "product" else [sam_of(models, method, dataset)]


def sam_of(models: LoadedModels, method: Method, dataset: str | None = None) -> SamProposer:
    """Return SAM with the settings of a method's variant.

    The preset's in "product". The other variants take HybridGL's published settings, which belong
    to a data set: on PhraseCut 64 points a side, crops and a least area of 100 pixels, elsewhere 8
    points a side and 800 pixels. The paper prints only the 8 points and the two thresholds of the
    latter; "paper" takes the rest from the code.
    """
    if method.variant == "product":
        return models.sam
    return models.published_phrasecut_sam if dataset == "phrasecut" else models.published_sam


def load_clip_checkpoint(name: str, options: LoadOptions = DEFAULTS) -> OpenClipModel:
    """Return a catalogued CLIP by its checkpoint's name ("clip_rn50", "clip_vit_b_32", ...).

    Raises:
        WeightsError: The checkpoint is missing, wrong, or no CLIP.
    """
    find(name)  # refuses unknown names
    where = resolve_device(options.device)
    state = checkpoint_state(name, options.folder)
    architecture = openai_architecture(state)

    def build(kind: str) -> ClipModel | ResnetClip:
        return load_clip(architecture, state, device=where, precision=kind)

    kind = resolve_precision(options.precision, where, state)
    if options.precision != "auto":
        return build(kind)
    return build_verified(build, clip_probe, kind, f"{name}'s networks")


def clip_probe(clip: ClipModel | ResnetClip) -> list[Tensor]:
    """Return features of a small picture and a text by every way the methods use a CLIP."""
    rgb, mask = sample_picture(), np.zeros((1, 64, 64), dtype=bool)
    mask[:, 16:48, 20:44] = True
    both = GlobalLocalSettings(alpha=0.5)
    features = [clip.encode_text(["the red box"])]
    if isinstance(clip, ClipModel):
        start, blocks = max(len(clip.blocks) - 3, 0), min(6, len(clip.blocks))
        both = replace(both, start_block=start)
        gem = GemLocaliser(clip, GemSettings(blocks=blocks, size=2 * clip.image_size))
        hybrid = HybridEncoder(clip, HybridSettings(start_block=start))
        features += [hybrid.encode(rgb, mask), gem.patches(rgb)]
    features.append(GlobalLocalEncoder(clip, both).encode(rgb, mask))
    return [feature.cpu() for feature in features]
