"""Computations that several methods share, done once a frame.

Most methods of the papers differ only in their guidance and their texts. Their masks come from the
same proposers, and their features from encoders with equal settings. Here such computations are
memoised by the identity of their arguments. A shared array is the array that each method would
have computed itself.
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

_MEMORY = 4  # results: one frame has few sets of masks, and frames are evaluated one by one


class Memoised(Generic[P, R]):
    """A function that keeps its last results, by the identity of the arguments."""

    def __init__(self, function: Callable[P, R]) -> None:
        self._function = function
        self._results: deque[tuple[tuple[object, ...], R]] = deque(maxlen=_MEMORY)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return the result of the function."""
        given = (*args, *kwargs.values())
        for known, result in self._results:
            if len(known) == len(given) and all(a is b for a, b in zip(known, given, strict=True)):
                return result
        result = self._function(*args, **kwargs)
        self._results.append((given, result))
        return result


class SharedProposer:
    """A proposer that runs once a frame; ``name`` labels its figures."""

    def __init__(self, name: str, proposer: Proposer) -> None:
        self.name, self.accepts = name, proposer.accepts
        self._propose = Memoised(proposer.propose)

    def propose(self, frame: Frame) -> Proposals:
        """See ``Proposer.propose``."""
        return self._propose(frame)


class SharedEncoders:
    """The mask encoders and localisers of methods on one CLIP and one preset, each of them once."""

    def __init__(self) -> None:
        self._encoders: dict[Hashable, MaskEncoder] = {}
        self._localisers: dict[type, Localiser] = {}

    def share(
        self, encoder: MaskEncoder, localiser: Localiser | None
    ) -> tuple[MaskEncoder, Localiser | None]:
        """Return the first encoder and localiser of the same types and settings, memoised."""
        key = (type(encoder), encoder.settings)
        encoder = self._encoders.setdefault(key, _SharedEncoder(encoder))
        if localiser is not None:
            shared = _SharedLocaliser(localiser)
            localiser = self._localisers.setdefault(type(localiser), shared)
        return encoder, localiser


class _SharedEncoder:
    def __init__(self, encoder: MaskEncoder) -> None:
        self.clip: OpenClipModel = encoder.clip
        self.settings: Hashable = encoder.settings
        self.encode = Memoised(encoder.encode)


class _SharedLocaliser:
    def __init__(self, localiser: Localiser) -> None:
        self.template = localiser.template
        self.encode_phrases, self.heat_map = localiser.encode_phrases, localiser.heat_map
        self.patches = Memoised(localiser.patches)
