"""Builds the segmenter of a method from models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from zsris_ros.baselines.global_local import GlobalLocalEncoder, GlobalLocalSettings
from zsris_ros.baselines.localisation import make_localiser
from zsris_ros.baselines.methods import Method
from zsris_ros.baselines.published_query import PublishedReader
from zsris_ros.baselines.published_resolver import PublishedResolver
from zsris_ros.baselines.region_token import RegionTokenEncoder
from zsris_ros.language import Parser
from zsris_ros.language.interpretation import Interpretation, interpret
from zsris_ros.proposals import Proposer
from zsris_ros.referring.product_resolver import ProductResolver
from zsris_ros.referring.scene_encoder import SceneEncoder
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import Expression, InputError, NounPhrase
from zsris_ros.vision.checked_hybrid import CheckedHybridEncoder
from zsris_ros.vision.clip import ClipModel, OpenClipModel
from zsris_ros.vision.encoders import make_mask_encoder, make_patch_localiser
from zsris_ros.vision.gem import GemSettings
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.protocols import Localiser, MaskEncoder, NoFeatures
from zsris_ros.vision.resnet.resnet_clip import ResnetClip
from zsris_ros.vision.views import HybridSettings

_START = 9  # start block of the published code, for a vision transformer of any depth


def method_segmenter(
    method: Method,
    proposers: Sequence[Proposer],
    clip: OpenClipModel,
    *,
    parser: Parser,
    reader: PublishedReader,
    hybrid: HybridSettings | None = None,
    gem: GemSettings | None = None,
    settings: ReferSettings | None = None,
) -> Segmenter:
    """Return a segmenter that encodes scenes and resolves expressions by ``method``.

    Args:
        method: The method in one variant.
        proposers: The mask proposers.
        clip: The model of images and texts.
        parser: Parses the expressions of the variant "product".
        reader: Parses the expressions of the published variants.
        hybrid: The preset's settings of hybrid features.
        gem: The preset's settings of GEM.
        settings: The preset's settings of the resolver.

    Raises:
        InputError: The method does not fit the model.
    """
    settings = settings or ReferSettings()
    scale = settings.logit_scale
    encoder, localiser = make_encoders(method, clip, hybrid or HybridSettings(), gem, scale)
    return assemble(method, proposers, encoder, localiser, parser, reader, settings)


def make_encoders(
    method: Method,
    clip: OpenClipModel,
    hybrid: HybridSettings,
    gem: GemSettings | None = None,
    scale: float = 100.0,
) -> tuple[MaskEncoder, Localiser | None]:
    """Return the mask encoder of a method and its localiser, None for a method without a map.

    The robot's own hybrid features also exist on a ResNet, whose map is MaskCLIP's.
    """
    if method.is_robots_own and isinstance(clip, ResnetClip):
        has_map = method.localisation is not None
        localiser = make_patch_localiser(clip, gem or GemSettings()) if has_map else None
        return make_mask_encoder(clip, hybrid), localiser
    encoder, name = make_encoder(method, clip, hybrid, scale), method.localisation
    return encoder, None if name is None else make_localiser(name, clip, gem)


def assemble(
    method: Method,
    proposers: Sequence[Proposer],
    encoder: MaskEncoder,
    localiser: Localiser | None,
    parser: Parser,
    reader: PublishedReader,
    settings: ReferSettings,
) -> Segmenter:
    """Return the segmenter of a method with the encoders of ``make_encoders``."""
    clip, features = encoder.clip, encoder.settings
    product = method.variant == "product"
    scene_encoder = SceneEncoder(
        proposers, encoder, localiser, settings.proposer_weights, merge_single=product
    )
    if not product:
        dot_product = isinstance(features, GlobalLocalSettings) and features.dot_product(clip)
        published = PublishedResolver(
            method, clip, localiser, reader, settings, dot_product=dot_product
        )
        return Segmenter(scene_encoder, published)
    if method.features != "hybrid" or method.options:
        # The preset's calibration was fitted to the features of the preset's own method.
        default = ReferSettings()
        settings = replace(
            settings,
            absolute_logits=False,
            logit_bias=0.0,
            min_score=0.0,
            ambiguity_ratio=default.ambiguity_ratio,
            calibration=default.calibration,
        )
    interpretation: Callable[[NounPhrase], Interpretation] = interpret
    if method.features == "hybrid":
        if not method.guidance.position:
            interpretation = interpret_without_positions
        if not method.guidance.relation:
            parser = _WithoutRelations(parser)
    resolver = ProductResolver(clip, localiser, parser, settings, interpretation)
    return Segmenter(scene_encoder, resolver)


def make_encoder(
    method: Method, clip: OpenClipModel, hybrid: HybridSettings, scale: float = 100.0
) -> MaskEncoder:
    """Return the mask encoder of a method.

    Args:
        method: The method in one variant.
        clip: The model.
        hybrid: The preset's settings. Background-token reuse is verified on every frame.
        scale: The preset's logit scale.

    Raises:
        InputError: The method does not fit the model.
    """
    if method.needs_vit and not isinstance(clip, ClipModel):
        raise InputError(
            f"{method.name} needs a CLIP with a vision transformer; with a ResNet use "
            "global-local, crop, score-map or grad-cam"
        )
    if method.features is None:
        return NoFeatures(clip)
    assert isinstance(clip, ClipModel | ResnetClip)
    if method.features == "global-local":
        return GlobalLocalEncoder(clip, global_local_settings(method, clip, hybrid))
    assert isinstance(clip, ClipModel)
    if method.features == "region-token":
        return RegionTokenEncoder(clip, global_local_settings(method, clip, hybrid))
    chosen = hybrid_settings(method, clip, hybrid)
    if chosen.halo is None:
        return HybridEncoder(clip, chosen)
    return CheckedHybridEncoder(clip, chosen, scale)


def hybrid_settings(method: Method, clip: ClipModel, preset: HybridSettings) -> HybridSettings:
    """Return the preset's settings with the changes of the method.

    The published variants sample pixels, let small masks vanish and do not reuse background tokens.
    A preset's halo was verified with the preset's settings; a method that changes a setting, such
    as the fusion mode, reuses no tokens unless its options name a halo. Properties of the weights
    stay: the start block, and crops for weights trained without whole frames. A model with fewer
    blocks than a method fuses is fused in all of them.
    """
    changes: dict[str, Any] = dict(method.options)
    blocks = len(clip.blocks)
    depth = blocks - changes.pop("blocks_left_out", 0)
    late = changes.pop("late_blocks", blocks - preset.start_block)
    changes["start_block"] = min(max(blocks - late, 0), depth - 1)
    if depth < blocks:
        changes["depth"] = depth
    if not changes.pop("blur", True):
        changes["blur_kernel"] = 1
    if method.variant != "product":
        changes = {
            "mask_antialias": False,
            "image_antialias": False,
            "full_cell": False,
            "halo": None,
            **changes,
        }
    changed = replace(preset, **changes)
    return changed if "halo" in changes or changed == preset else replace(changed, halo=None)


def global_local_settings(
    method: Method, clip: ClipModel | ResnetClip, preset: HybridSettings
) -> GlobalLocalSettings:
    """Return the variant's settings with the preset's pixel statistics and a valid start block."""
    changes = {
        "mean": preset.mean,
        "std": preset.std,
        "batch_size": preset.batch_size,
        **method.options,
    }
    if isinstance(clip, ClipModel) and len(clip.blocks) < 12:
        changes["start_block"] = preset.start_block  # the published numbers apply to deeper models
    if method.variant == "reference":
        return GlobalLocalSettings(**{"start_block": _START, **changes})
    make = GlobalLocalSettings.paper if method.variant == "paper" else GlobalLocalSettings.product
    return make(**changes)


def interpret_without_positions(phrase: NounPhrase) -> Interpretation:
    """Return ``interpret`` without positions, for ablations of position guidance."""
    interpretation = interpret(phrase)
    return replace(interpretation, phrase=replace(interpretation.phrase, position=()))


@dataclass(frozen=True)
class _WithoutRelations:
    """A parser for ablations of the variant "product" without the guidance of relations."""

    parser: Parser

    @property
    def name(self) -> str:
        return self.parser.name

    def parse(self, text: str) -> Expression:
        """See ``Parser.parse``."""
        expression = self.parser.parse(text)
        return replace(expression, target=replace(expression.target, relations=()))
