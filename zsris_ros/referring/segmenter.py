"""Look once, refer often: the whole pipeline behind two functions, without ROS.

scene = segmenter.look(frame)                                    # proposals and features
referral = segmenter.refer(scene, "the mug left of the bowl")    # text and a few products
"""

from __future__ import annotations

from zsris_ros.referring.resolver import Resolver
from zsris_ros.referring.scene_encoder import SceneEncoder
from zsris_ros.types import Frame, Proposals, ReferringResult, RegionOfInterest, Scene


class Segmenter:
    """Zero-shot referring segmentation: a scene encoder and a resolver with the same models.

    Not thread-safe: one caller at a time.
    """

    def __init__(self, encoder: SceneEncoder, resolver: Resolver) -> None:
        self._encoder, self._resolver = encoder, resolver

    def propose(self, frame: Frame) -> Proposals:
        """As ``SceneEncoder.propose``."""
        return self._encoder.propose(frame)

    def look(self, frame: Frame, proposals: Proposals | None = None) -> Scene:
        """As ``SceneEncoder.look``."""
        return self._encoder.look(frame, proposals)

    def look_for_tracking(self, frame: Frame, window: RegionOfInterest | None = None) -> Scene:
        """As ``SceneEncoder.look_for_tracking``."""
        return self._encoder.look_for_tracking(frame, window)

    def refer(self, scene: Scene, expression: str) -> ReferringResult:
        """As ``Resolver.refer``."""
        return self._resolver.refer(scene, expression)
