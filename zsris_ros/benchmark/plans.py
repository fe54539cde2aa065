"""Plans: compared implementations of an answer about an image."""

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
from zsris_ros.language.rule_parser import RuleParser
from zsris_ros.proposals.sam.sam_proposer import SamProposer
from zsris_ros.proposals.sam.sam_settings import SamSettings
from zsris_ros.tracing.stages import stage
from zsris_ros.types import InputError, Scene
from zsris_ros.visualization.overlay import draw_result

SHARED = "shared"
PLANS = ("published", "reference", SHARED, "product", "paper")


class Plan(Protocol):
    """An implementation of answers about one image."""

    @property
    def caches_scenes(self) -> bool:
        """Whether an encoded image serves further sentences."""
        ...

    @property
    def features(self) -> Tensor:
        """The last mask features, NxE."""
        ...

    def look(self) -> None:
        """Start a new image without any cached state."""
        ...

    def answer(self, expression: str) -> int:
        """Return the index of the chosen mask."""
        ...


class PackagePlan:
    """This package's implementation: HybridGL in one of its variants, by ``look`` and ``refer``.

    "shared" is the variant "reference" with the background-token reuse of "product". The given
    masks replace SAM's proposals, whatever the weights.
    """

    caches_scenes = True

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
        """Mask features of the image, NxE."""
        assert self._scene is not None
        return self._scene.features

    def look(self) -> None:
        """Encode the image as a new one, with an empty text cache."""
        self._clip.clear_text_cache()
        with stage("decode"):
            frame = to_frame(self._inputs.message)
        with stage("proposals"):
            self._sam.propose(frame)
        self._scene = self._segmenter.look(frame, self._inputs.proposals)

    def answer(self, expression: str) -> int:
        """Return the index of the chosen mask."""
        assert self._scene is not None
        with stage("guidance"):
            result = self._segmenter.refer(self._scene, expression)
        with stage("publish"):
            header = self._inputs.message.header
            to_image_data(result.mask * np.uint8(255), "mono8", header)
            drawn = draw_result(self._scene.frame.rgb, result, expression)
            to_image_data(drawn, "rgb8", header)
        return result.candidates[0].index


def check_plan(name: str) -> None:
    """Raise InputError for an unknown plan."""
    if name not in PLANS:
        raise InputError(f"there is no plan '{name}'; there are {', '.join(PLANS)}")


def make_plan(name: str, networks: Networks, inputs: Inputs) -> Plan:
    """Return the plan called ``name``. Raises InputError for an unknown one."""
    check_plan(name)
    if name == "published":
        return PublishedPlan(networks, inputs)
    return PackagePlan(name, networks, inputs)
