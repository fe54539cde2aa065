"""Ways to answer about a picture, one after another sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np
from torch import Tensor

from zsris_ros.baselines.factory import method_segmenter
from zsris_ros.baselines.methods import find_method
from zsris_ros.baselines.published_query import PublishedReader
from zsris_ros.benchmark.inputs import Inputs
from zsris_ros.benchmark.networks import Networks
from zsris_ros.benchmark.published.pipelines import PublishedPlan
from zsris_ros.camera.conversions import to_frame
from zsris_ros.camera.image_messages import to_image_data
from zsris_ros.language.parsers import RuleParser
from zsris_ros.proposals.sam.sam_proposer import SamProposer, SamSettings
from zsris_ros.tracing.stages import stage
from zsris_ros.types import InputError, Scene
from zsris_ros.visualization.overlay import draw_result

SHARED = "shared"
PLANS = ("published", "reference", SHARED, "product", "paper")


class Plan(Protocol):
    """``remembers``: whether what was seen serves further sentences; ``features`` NxE, the last."""

    @property
    def remembers(self) -> bool: ...

    @property
    def features(self) -> Tensor: ...

    def look(self) -> None:
        """A new picture is there; nothing of the last one is known any more."""
        ...

    def answer(self, expression: str) -> int:
        """The place of the mask that is meant among the given ones."""
        ...


class PackagePlan:
    """As this package answers: HybridGL in one of its variants, by ``look`` and ``refer``.

    "shared" is the variant "reference" where the pictures of all masks are encoded together far
    from them, as "product" does. What SAM proposes is not used: the given masks stand in for it,
    whatever the weights are.
    """

    remembers = True

    def __init__(self, name: str, networks: Networks, inputs: Inputs) -> None:
        preset = networks.preset
        named = isinstance(preset.sam.architecture, str)
        method = find_method("hybridgl", "reference" if name == SHARED else name)
        if name == SHARED:
            method = replace(method, options={"halo": networks.halo})
        published = method.variant == "reference" and named
        settings = SamSettings.published() if published else preset.proposing
        self._sam = SamProposer(networks.sam, settings, networks.device, networks.precision)
        self._clip, self._inputs = networks.clip, inputs
        self._scene: Scene | None = None
        self._segmenter = method_segmenter(
            method,
            [self._sam],
            networks.clip,
            parser=RuleParser(),
            reader=PublishedReader(),
            hybrid=replace(preset.hybrid, halo=networks.halo),
            gem=preset.gem,
            settings=preset.referring,
        )

    @property
    def features(self) -> Tensor:
        assert self._scene is not None
        return self._scene.features

    def look(self) -> None:
        self._clip.to(self._clip.device)  # forgets the texts of the last picture
        with stage("decode"):
            frame = to_frame(self._inputs.message)
        with stage("proposals"):
            self._sam.propose(frame)
        self._scene = self._segmenter.look(frame, self._inputs.proposals)

    def answer(self, expression: str) -> int:
        assert self._scene is not None
        with stage("guidance"):
            referral = self._segmenter.refer(self._scene, expression)
        with stage("publish"):
            header = self._inputs.message.header
            to_image_data(referral.mask * np.uint8(255), "mono8", header)
            drawn = draw_result(self._scene.frame.rgb, referral, expression)
            to_image_data(drawn, "rgb8", header)
        return referral.candidates[0].index


def check_plan(name: str) -> None:
    """Raises InputError where there is no plan of that name."""
    if name not in PLANS:
        raise InputError(f"there is no plan '{name}'; there are {', '.join(PLANS)}")


def make_plan(name: str, networks: Networks, inputs: Inputs) -> Plan:
    """The plan called ``name``. Raises InputError for an unknown one."""
    check_plan(name)
    if name == "published":
        return PublishedPlan(networks, inputs)
    return PackagePlan(name, networks, inputs)
