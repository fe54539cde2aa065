"""What several methods have in common is computed once a frame.

Most methods of the papers differ in their guidance and their texts only. Their masks come from the
same proposers, and their features from encoders with the same settings. Each of these functions is
made to remember its last answers, so that all methods can be asked one after another about a frame.
What is shared is the very array that each would have computed itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, ParamSpec, TypeVar

from zsris_ros.proposals import Proposer
from zsris_ros.types import Frame, Proposals
from zsris_ros.vision.clip import OpenClipModel
from zsris_ros.vision.protocols import Localiser, MaskEncoder

P = ParamSpec("P")
R = TypeVar("R")

_REMEMBERED = 4  # answers: a frame has few sets of masks, and two frames are never mixed


class Remembering(Generic[P, R]):
    """A function of a few objects that remembers its last answers by these very objects."""

    def __init__(self, function: Callable[P, R]) -> None:
        self._function = function
        self._kept: deque[tuple[tuple[object, ...], R]] = deque(maxlen=_REMEMBERED)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        asked = (*args, *kwargs.values())
        for known, answer in self._kept:
            if len(known) == len(asked) and all(a is b for a, b in zip(known, asked, strict=True)):
                return answer
        answer = self._function(*args, **kwargs)
        self._kept.append((asked, answer))
        return answer


class SharedProposer:
    """A proposer that works once a frame; ``name`` is what its figures are called."""

    def __init__(self, name: str, proposer: Proposer) -> None:
        self.name, self.needs_depth = name, proposer.needs_depth
        self._propose = Remembering(proposer.propose)

    def propose(self, frame: Frame) -> Proposals:
        """As ``Proposer.propose``."""
        return self._propose(frame)


class _SharedEncoder:
    def __init__(self, encoder: MaskEncoder) -> None:
        self.clip: OpenClipModel = encoder.clip
        self.settings: Hashable = encoder.settings
        self.encode = Remembering(encoder.encode)


class _SharedLocaliser:
    def __init__(self, localiser: Localiser) -> None:
        self.template = localiser.template
        self.encode_phrases, self.heat_map = localiser.encode_phrases, localiser.heat_map
        self.patches = Remembering(localiser.patches)


class Sharing:
    """The encoders and localisers of methods on one CLIP and one preset; equal ones become one."""

    def __init__(self) -> None:
        self._encoders: dict[Hashable, MaskEncoder] = {}
        self._localisers: dict[type, Localiser] = {}

    def encoder(self, encoder: MaskEncoder) -> MaskEncoder:
        """``encoder``, or the one of its kind and settings that was given before."""
        key = (type(encoder), encoder.settings)
        return self._encoders.setdefault(key, _SharedEncoder(encoder))

    def localiser(self, localiser: Localiser) -> Localiser:
        """``localiser``, or the one of its kind that was given before."""
        return self._localisers.setdefault(type(localiser), _SharedLocaliser(localiser))
