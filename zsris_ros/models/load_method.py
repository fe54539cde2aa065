"""The methods of the papers on a preset's models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from zsris_ros.baselines.factory import assemble, make_encoders
from zsris_ros.baselines.global_local import GlobalLocalEncoder, GlobalLocalSettings
from zsris_ros.baselines.methods import Method
from zsris_ros.baselines.published_query import PublishedReader, load_reader
from zsris_ros.models.load import LoadedModels, checkpoint_state
from zsris_ros.models.load_options import DEFAULTS, LoadOptions
from zsris_ros.proposals import Proposer
from zsris_ros.proposals.sam.sam_proposer import SamProposer
from zsris_ros.proposals.sam.sam_settings import SamSettings
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.torch_utils.precision import (
    build_verified,
    resolve_device,
    resolve_precision,
    sample_picture,
)
from zsris_ros.types import InputError
from zsris_ros.vision.clip import ClipModel, OpenClipModel
from zsris_ros.vision.gem import GemLocaliser, GemSettings
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.open_clip_model import openai_architecture
from zsris_ros.vision.protocols import Localiser, MaskEncoder
from zsris_ros.vision.resnet.resnet_clip import ResnetClip, load_clip
from zsris_ros.vision.views import HybridSettings
from zsris_ros.weights.catalogue import find


@dataclass(frozen=True, eq=False)
class MethodModels:
    """The models of a preset for the methods of the papers.

    Attributes:
        models: The models.
        parser: The name of the parser, by which the published methods load their reader.
        clip: Replaces the preset's CLIP; None for the preset's.
    """

    models: LoadedModels
    parser: str = "auto"
    clip: OpenClipModel | None = None

    def segmenter(
        self,
        method: Method,
        proposers: Sequence[Proposer] | None = None,
        encoders: tuple[MaskEncoder, Localiser | None] | None = None,
    ) -> Segmenter:
        """Return the segmenter of a method.

        Args:
            method: The method in one variant.
            proposers: None for ``proposers``.
            encoders: None for ``encoders``.

        Raises:
            InputError: The method does not fit the model, or its parser is not installed.
        """
        if proposers is None:
            proposers = self.proposers(method)
        encoder, localiser = encoders or self.encoders(method)
        reader = PublishedReader() if method.variant == "product" else self._reader
        settings = self.models.preset.referring
        return assemble(method, proposers, encoder, localiser, self.models.parser, reader, settings)

    def encoders(self, method: Method) -> tuple[MaskEncoder, Localiser | None]:
        """Return the mask encoder and the localiser of a method.

        Raises:
            InputError: The method does not fit the model.
        """
        preset, own = self.models.preset, self.models.encoder
        hybrid = own.settings
        if self.clip is not None:
            # The halo of ``own`` was verified with the preset's CLIP.
            hybrid = replace(hybrid, halo=preset.hybrid.halo)
        scale = preset.referring.logit_scale
        return make_encoders(method, self.clip or own.clip, hybrid, preset.gem, scale)

    def supports(self, method: Method) -> bool:
        """Return whether the method fits this CLIP."""
        try:
            self.encoders(method)
        except InputError:
            return False
        return True

    @property
    def dtype(self) -> torch.dtype:
        """Data type of the weights of CLIP."""
        return (self.clip or self.models.encoder.clip).dtype

    def parser_name(self, method: Method) -> str:
        """Return the name of the parser of a method's sentences."""
        return self.models.parser.name if method.variant == "product" else self._reader.name

    def proposers(self, method: Method, dataset: str | None = None) -> list[Proposer]:
        """Return the default proposers of a method.

        SAM and depth in "product"; SAM alone, as published, in the other variants.
        """
        if method.variant == "product":
            return self.models.proposers
        return [self.sam(method, dataset)]

    def sam(self, method: Method, dataset: str | None = None) -> SamProposer:
        """Return SAM with the settings of a method's variant; equal settings share a proposer.

        The preset's in "product", and if SAM is a small one, to which the published settings do not
        apply. The other variants take HybridGL's published settings, which belong to a data set: on
        PhraseCut 64 points a side, crops and a least area of 100 pixels, elsewhere 8 points a side
        and 800 pixels. The paper prints only the 8 points and the two thresholds of the latter;
        "paper" takes the rest from the code.
        """
        has_published_sizes = isinstance(self.models.preset.sam.architecture, str)
        if method.variant == "product" or not has_published_sizes:
            return self.models.sam
        return self._phrasecut_sam if dataset == "phrasecut" else self._refcoco_sam

    @cached_property
    def _refcoco_sam(self) -> SamProposer:
        return self.models.sam.with_settings(SamSettings.published())

    @cached_property
    def _phrasecut_sam(self) -> SamProposer:
        return self.models.sam.with_settings(SamSettings.published_phrasecut())

    @cached_property
    def _reader(self) -> PublishedReader:
        """The reader of the published methods, loaded at its first use."""
        return load_reader(self.parser)


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
