"""From a method and models to a segmenter that answers by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from zsris_ros.baselines.global_local import GlobalLocalEncoder, GlobalLocalSettings
from zsris_ros.baselines.localisation import make_localiser
from zsris_ros.baselines.methods import Method
from zsris_ros.baselines.published_query import PublishedReader
from zsris_ros.baselines.published_resolver import PublishedResolver
from zsris_ros.baselines.region_token import RegionTokenEncoder
from zsris_ros.baselines.resnet_clip import ResnetClip
from zsris_ros.language import Parser
from zsris_ros.proposals import Proposer
from zsris_ros.referring.product_resolver import ProductResolver
from zsris_ros.referring.scene_encoder import SceneEncoder
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import Expression, InputError
from zsris_ros.vision.checked_hybrid import CheckedHybridEncoder
from zsris_ros.vision.clip import ClipModel, OpenClipModel
from zsris_ros.vision.gem import GemSettings
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.protocols import Localiser, MaskEncoder, NoFeatures
from zsris_ros.vision.views import HybridSettings

_START = 9  # the published start block of ViT-B, kept by the published code for every depth


class Sharing(Protocol):
    """Gives methods that are asked about the same frames the parts that they have in common."""

    def encoder(self, encoder: MaskEncoder) -> MaskEncoder:
        """One that gives the same features."""
        ...

    def localiser(self, localiser: Localiser) -> Localiser:
        """One that gives the same maps."""
        ...


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
    sharing: Sharing | None = None,
) -> Segmenter:
    """A segmenter that looks and answers by ``method``.

    ``parser`` serves the variant "product", ``reader`` the published ones. ``hybrid``, ``gem`` and
    ``settings`` belong to the weights (a preset). ``sharing`` stands between several methods.
    Raises InputError when the method does not fit the model.
    """
    if method.needs_vit and not isinstance(clip, ClipModel):
        raise InputError(
            f"{method.name} needs a CLIP with a vision transformer; with a ResNet use "
            "global-local, crop, score-map or grad-cam"
        )
    gem, settings = gem or GemSettings(), settings or ReferSettings()
    encoder = make_encoder(method, clip, hybrid or HybridSettings(), settings.logit_scale)
    localiser: Localiser | None = None
    if method.localisation is not None:
        localiser = make_localiser(method.localisation, clip, gem)
    by_dot_product = isinstance(encoder, GlobalLocalEncoder) and encoder.compares_by_dot_product
    if sharing is not None:
        encoder = sharing.encoder(encoder)
        localiser = None if localiser is None else sharing.localiser(localiser)
    if method.variant == "product":
        if method.features != "hybrid" or method.options:
            # The preset's calibration was fitted to the features of the preset's own method.
            usual = ReferSettings()
            settings = replace(
                settings,
                calibrated=False,
                logit_bias=0.0,
                found=0.0,
                alike=usual.alike,
                calibration=usual.calibration,
            )
        places = method.guidance.position or method.features != "hybrid"
        language = parser if _has_relations(method) else _WithoutRelations(parser)
        resolver = ProductResolver(clip, localiser, language, settings, places=places)
        return Segmenter(SceneEncoder(proposers, encoder, localiser, settings.trust), resolver)
    looking = SceneEncoder(proposers, encoder, localiser, settings.trust, join_one=False)
    return Segmenter(
        looking,
        PublishedResolver(method, clip, localiser, reader, settings, dot_product=by_dot_product),
    )


def make_encoder(
    method: Method, clip: OpenClipModel, hybrid: HybridSettings, scale: float = 100.0
) -> MaskEncoder:
    """Return the method's mask encoder on a model.

    ``hybrid`` are the preset's settings, ``scale`` its logit scale. A halo is checked on every
    frame.
    """
    if method.features is None:
        return NoFeatures(clip)
    if method.features == "hybrid":
        assert isinstance(clip, ClipModel)
        chosen = hybrid_settings(method, clip, hybrid)
        if chosen.halo is None:
            return HybridEncoder(clip, chosen)
        return CheckedHybridEncoder(clip, chosen, scale)
    assert isinstance(clip, ClipModel | ResnetClip)
    settings = global_local_settings(method, clip, hybrid)
    if method.features == "region-token":
        assert isinstance(clip, ClipModel)
        return RegionTokenEncoder(clip, settings)
    return GlobalLocalEncoder(clip, settings)


def hybrid_settings(method: Method, clip: ClipModel, preset: HybridSettings) -> HybridSettings:
    """The preset's settings as the method changes them.

    The published variants sample pixels, let small masks vanish and share nothing. A preset's halo
    was proved with the preset's settings, so a method that changes one of them, such as the fusion
    mode, shares nothing either, unless its options name a halo. What a preset's
    weights were trained on stays: the start block, and windows where they know no whole frames. A
    model with fewer blocks than a method fuses is fused in all of them.
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
    """The variant's settings with the preset's pixel statistics, and a start block that exists."""
    changes = {
        "mean": preset.mean,
        "std": preset.std,
        "batch_size": preset.batch_size,
        **method.options,
    }
    if isinstance(clip, ClipModel) and len(clip.blocks) < 12:
        changes["start_block"] = preset.start_block  # the published numbers are of deeper models
    if method.variant == "reference":
        return GlobalLocalSettings(**{"start_block": _START, **changes})
    make = GlobalLocalSettings.paper if method.variant == "paper" else GlobalLocalSettings.product
    return make(**changes)


def _has_relations(method: Method) -> bool:
    return method.guidance.relation or method.features != "hybrid"


@dataclass(frozen=True)
class _WithoutRelations:
    """A parser for ablations of the variant "product" whose guidance lacks relations."""

    parser: Parser

    @property
    def name(self) -> str:
        return self.parser.name

    def parse(self, text: str) -> Expression:
        """As ``Parser.parse``."""
        return replace(self.parser.parse(text), relations=())
