"""The whole pipeline behind two functions, without ROS.

scene = segmenter.look(frame)                                  # proposals and features
result = segmenter.refer(scene, "the mug left of the bowl")    # text and a few products
"""

from __future__ import annotations

from zsris_ros.referring.instructions import instruct
from zsris_ros.referring.resolver import Resolver
from zsris_ros.referring.scene_encoder import FrameEncoder
from zsris_ros.types import (
    Frame,
    InstructionResult,
    Proposals,
    ReferringResult,
    RegionOfInterest,
    Scene,
)


class Segmenter:
    """Zero-shot referring segmentation: a scene encoder and a resolver with the same models.

    Not thread-safe: one caller at a time.
    """

    def __init__(self, encoder: FrameEncoder, resolver: Resolver) -> None:
        self._encoder, self._resolver = encoder, resolver

    def propose(self, frame: Frame) -> Proposals:
        """See ``SceneEncoder.propose``."""
        return self._encoder.propose(frame)

    def look(self, frame: Frame, proposals: Proposals | None = None) -> Scene:
        """See ``SceneEncoder.look``."""
        return self._encoder.look(frame, proposals)

    def look_for_tracking(self, frame: Frame, roi: RegionOfInterest | None = None) -> Scene:
        """See ``SceneEncoder.look_for_tracking``."""
        return self._encoder.look_for_tracking(frame, roi)

    def refer(self, scene: Scene, expression: str) -> ReferringResult:
        """See ``Resolver.refer``."""
        return self._resolver.refer(scene, expression)

    def instruct(self, scene: Scene, text: str) -> InstructionResult:
        """Return the steps of an instruction with their objects, destinations and place points.

        A referring expression is one step, with the result of ``refer`` as its target.

        Raises:
            InputError: The text holds no letter or digit, or it is an instruction and the resolver
                reads expressions only.
        """
        return instruct(scene, text, self._resolver)
