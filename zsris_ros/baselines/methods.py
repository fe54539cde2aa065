"""The named methods of the papers as data: features, localisation, texts and guidance.

A method is one row of a paper's table in one variant: "reference" is the published code, "paper"
the printed equations, "product" the robot's variant. ``METHODS`` holds all of them;
``factory.method_segmenter`` builds a segmenter of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from zsris_ros.baselines.global_local import PUBLISHED_ALPHA
from zsris_ros.baselines.localisation import LocaliserName
from zsris_ros.types import InputError

Variant = Literal["reference", "paper", "product"]
VARIANTS: tuple[Variant, ...] = ("reference", "paper", "product")
Features = Literal["hybrid", "global-local", "region-token"]


@dataclass(frozen=True)
class Guidance:
    """HybridGL's spatial guidance: relation (Eqs. 4, 5), coherence (G), position (Eqs. 6, 7)."""

    relation: bool = False
    coherence: bool = False
    position: bool = False


@dataclass(frozen=True, eq=False)
class Method:
    """One method in one variant.

    ``options`` are changes to ``HybridSettings`` (with ``late_blocks``, the number of fused last
    blocks, ``blur`` and ``blocks_left_out``) or to ``GlobalLocalSettings``.
    """

    name: str
    variant: Variant
    description: str
    features: Features | None = "hybrid"  # mask encoder; None with a map alone
    options: Mapping[str, Any] = field(default_factory=dict)
    text_mix: float = 0.5  # share of the sentence beside the noun phrase
    localisation: LocaliserName | None = None  # map of the guidance, or of the scores
    guidance: Guidance = Guidance()

    @property
    def is_robots_own(self) -> bool:
        """Whether features and map are those of the robot's pipeline, for a ViT or a ResNet."""
        return (
            self.variant == "product"
            and self.features == "hybrid"
            and not self.options
            and self.localisation in (None, "gem")
        )

    @property
    def needs_vit(self) -> bool:
        """Whether the method needs the blocks of a vision transformer."""
        return not self.is_robots_own and (
            self.features in ("hybrid", "region-token")
            or self.localisation in ("gem", "clip-prior")
        )

    def with_localisation(self, name: LocaliserName) -> Method:
        """Return the method with another map. Raises InputError for a method without one."""
        if self.localisation is None:
            raise InputError(f"{self.name} uses no localisation map: leave the choice of one out")
        return replace(self, localisation=name)


_FULL = Guidance(relation=True, coherence=True, position=True)
_ALL: tuple[Variant, ...] = VARIANTS
_PUBLISHED: tuple[Variant, ...] = ("reference", "paper")


def _each(variants: tuple[Variant, ...], name: str, text: str, **fields: Any) -> Iterator[Method]:
    for variant in variants:
        yield Method(name, variant, text, **fields)


def _guided(name: str, text: str, guidance: Guidance, **options: Any) -> Iterator[Method]:
    """Yield HybridGL with some of its guidance; position without coherence uses a flat map."""
    yield from _each(
        _ALL,
        name,
        text,
        options=options,
        guidance=guidance,
        localisation="gem" if guidance.coherence else None,
    )


def _hybridgl() -> Iterator[Method]:
    yield from _guided("hybridgl", "HybridGL: global-to-local fusion and all guidance", _FULL)
    yield from _guided("hybridgl-l2g", "HybridGL with local-to-global fusion", _FULL, mode="L2G")
    yield from _guided("hybridgl-both", "HybridGL with both fusions, summed", _FULL, mode="both")
    for name, text, guidance in (
        ("semantic", "hybrid features only", Guidance()),
        ("relation", "hybrid features and relation", Guidance(True)),
        ("coherence", "hybrid features, relation and coherence", Guidance(True, True)),
        ("no-relation", "HybridGL without relation", Guidance(False, True, True)),
        ("no-coherence", "HybridGL without coherence", Guidance(True, False, True)),
    ):
        yield from _guided(f"hybridgl-{name}", f"Guidance ablation: {text}", guidance)


def _features() -> Iterator[Method]:
    """Yield HybridGL's tables 3 and 4: one mask encoding each, without guidance."""
    rows: dict[str, tuple[str, dict[str, Any]]] = {
        "l": ("L", {"mode": "local"}),
        "g-blur": ("G(blur)", {"mode": "global"}),
        "g-tok-mask": ("G(tok_mask)", {"mode": "token-masking", "blur": False}),
        "g-att-mask": ("G(att_mask)", {"mode": "attention-masking", "blur": False}),
        "g-blur-att-mask": ("G(blur+att_mask)", {"mode": "attention-masking"}),
        "g-plus-l": ("G + L", {"mode": "sum"}),
        "l2g": ("L2G", {"mode": "L2G"}),
        "g2l": ("G2L", {"mode": "G2L"}),
        "both": ("G2L + L2G", {"mode": "both"}),
    }
    for start in (7, 8, 9, 10, 11):
        for mode in ("G2L", "L2G"):
            row = (f"{mode} from block {start} of 12", {"mode": mode, "late_blocks": 12 - start})
            rows[f"{mode.lower()}-start{start}"] = row
    for name, (text, options) in rows.items():
        for method in _each(_PUBLISHED, f"features-{name}", f"Feature ablation: {text}"):
            changes = dict(options)
            if method.variant == "reference" and options["mode"] == "attention-masking":
                changes["blocks_left_out"] = 1  # the published row omits the last block
            yield replace(method, options=changes)


def _global_local() -> Iterator[Method]:
    """Yield Global-Local CLIP's table 3: visual and textual features, global, local and both."""
    visual = {"": {}, "-global": {"alpha": 1.0}, "-local": {"alpha": 0.0}}
    textual = {"": 0.5, "-sentence": 1.0, "-phrase": 0.0}
    for seen, options in visual.items():
        for read, mix in textual.items():
            text = f"Global-Local CLIP, visual{seen or '-both'} and text{read or '-both'}"
            variants = _ALL if not seen and not read else _PUBLISHED
            yield from _each(
                variants,
                f"global-local{seen}{read}",
                text,
                features="global-local",
                options=options,
                text_mix=mix,
            )


def _baselines() -> Iterator[Method]:
    """Yield Global-Local CLIP's baselines; the last three as printed, without published code."""
    yield from _each(
        _ALL,
        "crop",
        "Baseline: CLIP on the object cut out",
        features="global-local",
        options={"alpha": 0.0},
        text_mix=1.0,
    )
    yield from _each(
        _ALL,
        "region-token",
        "Baseline: a class token a mask, restricted in every block",
        features="region-token",
        text_mix=1.0,
    )
    for name, text in (
        ("score-map", "Baseline: MaskCLIP's score map, averaged inside each mask"),
        ("grad-cam", "Baseline: Grad-CAM of CLIP's similarity, averaged inside each mask"),
    ):
        yield from _each(_PUBLISHED, name, text, features=None, localisation=name, text_mix=1.0)


METHODS: Mapping[tuple[str, Variant], Method] = {
    (method.name, method.variant): method
    for group in (_hybridgl, _features, _global_local, _baselines)
    for method in group()
}
"""Every method by name and variant."""


def method_names() -> list[str]:
    """Return the names of all methods in the papers' order."""
    return list(dict.fromkeys(name for name, _ in METHODS))


def find_method(
    name: str = "hybridgl", variant: str = "product", dataset: str | None = None
) -> Method:
    """Return a method, with the values published for ``dataset`` if there are any.

    Raises:
        InputError: Unknown name or variant; the message lists the known ones.
    """
    if name not in method_names():
        raise InputError(f"no method is called '{name}'; there are {', '.join(method_names())}")
    found = next((m for key, m in METHODS.items() if key == (name, variant)), None)
    if found is None:
        known = ", ".join(v for n, v in METHODS if n == name)
        raise InputError(f"{name} has no variant '{variant}'; there are {known}")
    mixes = found.features == "global-local" and "alpha" not in found.options
    if mixes and dataset is not None and dataset in PUBLISHED_ALPHA:
        return replace(found, options={**found.options, "alpha": PUBLISHED_ALPHA[dataset]})
    return found
