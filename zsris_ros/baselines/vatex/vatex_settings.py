"""The settings of one VATEX network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from zsris_ros.types import InputError

Prompt = Literal["sentence", "noun-phrase", "template", "ensemble"]
PROMPTS: tuple[Prompt, ...] = get_args(Prompt)
"""Texts of the CLIP Prior (paper, Table 5): the sentence, its noun phrase, "a photo of {noun
phrase}", and the mean over CLIP's 80 ImageNet templates."""

_ADDED = frozenset({"prior_size", "trained_text", "placed_clip"})
"""Settings that checkpoints of former versions do not name."""

PARTS = ("prior", "cmd", "mcc")
"""The parts of the ablation: CLIP Prior, vision-aware text of the CMD, and the Meaning Consistency
Constraint, which is a loss."""


@dataclass(frozen=True)
class VatexSettings:
    """Sizes of the network; the defaults are the paper's.

    Attributes:
        backbone: A name for ``encoders.backbone.Backbone``.
        short_side: Length in pixels that the short side of every image is resized to.
        width: C, the number of channels of all features.
        heads: Heads of every attention; a divisor of ``width``.
        queries: N, the number of object queries.
        encoder_layers: Layers of the deformable encoder.
        points: Sampling points of a deformable head on each level.
        decoder_layers: Layers of the masked-attention decoder; they take the three coarse levels
            in turn.
        feedforward: Hidden width of the feed-forward networks.
        clip_prior: Whether the queries begin with the CLIP Prior (Eq. 1), or with text alone.
        cmd: Whether vision updates the text (Eq. 2). Without it the words stay as CLIP has them
            and only the visual features change (Eqs. 3 and 4), the ablation's baseline.
        prompt: The text of the CLIP Prior.
        prior_size: Side in pixels of the square that the CLIP Prior resizes the image to, a
            multiple of CLIP's cells; 0 is the size that CLIP was trained at. A ResNet has features
            at any size.
        trained_text: Whether the words come from a copy of CLIP's text encoder that is trained
            with the network, for a small CLIP with few words. The paper freezes CLIP.
        placed_clip: Whether CLIP's features and the CLIP Prior are also added to the visual
            features, at their places in the image. The paper gives the prior to the queries alone.
        parser: The parser that finds the noun phrase, as in ``load_reader``.

    Raises:
        InputError: A value is out of its range.
    """

    backbone: str = "swin_base"
    short_side: int = 480
    width: int = 256
    heads: int = 8
    queries: int = 5
    encoder_layers: int = 6
    points: int = 4
    decoder_layers: int = 9
    feedforward: int = 1024
    clip_prior: bool = True
    cmd: bool = True
    prompt: Prompt = "template"
    prior_size: int = 0
    trained_text: bool = False
    placed_clip: bool = False
    parser: str = "auto"

    def __post_init__(self) -> None:
        sizes = ("short_side", "width", "heads", "queries", "encoder_layers", "points")
        low = [
            name for name in (*sizes, "decoder_layers", "feedforward") if getattr(self, name) < 1
        ]
        if low:
            raise InputError(f"VATEX's {', '.join(low)} must be positive")
        if self.width % self.heads or self.width % 8:
            raise InputError(
                f"VATEX's width {self.width} must be a multiple of its {self.heads} heads and of 8"
            )
        if self.prior_size < 0:
            raise InputError("VATEX's prior_size must be positive, or 0 for the size of CLIP")
        if self.prompt not in PROMPTS:
            raise InputError(f"unknown prompt '{self.prompt}': use one of {', '.join(PROMPTS)}")

    @classmethod
    def small(cls, **changes: Any) -> VatexSettings:
        """Return the settings of a network that CPUs train and run."""
        sizes = {
            "backbone": "small",
            "short_side": 240,
            "width": 96,
            "heads": 4,
            "encoder_layers": 2,
            "decoder_layers": 3,
            "feedforward": 192,
            "parser": "rules",
        }
        return cls(**{**sizes, **changes})

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> VatexSettings:
        """Return the settings of ``to_json``. Raises InputError for unknown or missing names."""
        known = {field.name for field in fields(cls)}
        if wrong := (set(values) - known) | (known - set(values) - _ADDED):
            raise InputError(
                f"these are no settings of this version's VATEX: {', '.join(sorted(wrong))} differ"
            )
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain data."""
        return asdict(self)
