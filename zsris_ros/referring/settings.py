"""What is tuned about answering, as data that belongs to a weights preset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from zsris_ros.referring.calibration import Calibration


@dataclass(frozen=True)
class ReferSettings:
    """How features, guidance and order make a score.

    ``text_mix``: share of the whole sentence beside the noun phrase (Eq. 3). ``templates``: the
    prompts that the noun phrase is put into, whose mean is taken. ``logit_scale`` and
    ``logit_bias`` turn a cosine into a logit. With ``calibrated`` the logit's sigmoid is the
    probability that a mask shows the phrase, by itself; without, a mask is only compared with the
    best one of its picture. ``anchors``: how many masks stand for an anchor (k2 of Eq. 5).

    ``trust``: factor on the quality of a proposer's masks ("sam", "depth"), by which the better of
    two near-duplicates is chosen. ``objectness``: exponent of the proposer's own quality, which
    decides between masks of one object; 0 leaves it out.

    ``whole``: share of a part's match that its whole must reach to be preferred. ``margin``: logits
    behind the best mask up to which a mask fits a phrase as well, for what is not ``calibrated``:
    at 5, CLIP's own softmax gives the best one 150 times as much. ``negatives``: texts against
    which a phrase must hold its own, with "{}" for its attributes: "background", "{} bowl".

    ``calibration`` says what evidence counts. ``found``: the score up to which the best candidate
    is not what was asked for, where scores were measured. ``alike``: share of the best score from
    which another one fits too.
    """

    text_mix: float = 0.5
    templates: tuple[str, ...] = ("{}", "a photo of a {}.")
    logit_scale: float = 100.0
    logit_bias: float = 0.0
    calibrated: bool = False
    anchors: int = 6
    trust: Mapping[str, float] = field(default_factory=dict)
    objectness: float = 0.0
    whole: float = 0.85
    margin: float = 5.0
    negatives: tuple[str, ...] = (
        "object",
        "thing",
        "something",
        "background",
        "surface",
        "texture",
    )
    found: float = 0.02
    alike: float = 0.5
    calibration: Calibration = field(default_factory=Calibration)
