"""The noun phrase that a later modifier belongs to: the nearest one that it can modify."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from zsris_ros.language.grammar.phrase_draft import MAX_DEPTH, PhraseDraft
from zsris_ros.language.lexicon import morphology as morph
from zsris_ros.language.lexicon import nouns
from zsris_ros.language.lexicon.function_words import word_set

_POSSESSIVES = word_set("his her their its my your")


class Dependencies(Protocol):
    """The target, the ends of noun phrases and the attachment of later phrases, by token index."""

    @property
    def chunk_ends(self) -> Mapping[int, int]:
        """The end of the noun chunk for each token inside one."""
        ...

    def target_start(self, i: int) -> int:
        """Return the start of the target where the command prefix ends at ``i``."""
        ...

    def owner(self, i: int, nouns: Sequence[PhraseDraft]) -> PhraseDraft | None:
        """Return the noun phrase that the token at ``i`` depends on, None if unknown."""
        ...


class NounPath:
    """The target and the anchors that lead to the noun read last.

    ``at`` is the index of the current modifier, ``holder`` the last noun with a possession.
    """

    def __init__(self, target: PhraseDraft, dependencies: Dependencies | None) -> None:
        self.at = 0
        self.target = target
        self.holder = target
        self.nouns: list[PhraseDraft] = [target]
        self._dependencies = dependencies
        self._animate: list[bool] = [morph.is_animate(target.head)]
        self._forced: PhraseDraft | None = None

    @property
    def nearest(self) -> PhraseDraft:
        """The noun read last."""
        return self.nouns[-1]

    def force(self, noun: PhraseDraft) -> None:
        """Attach the next modifier to ``noun``: after "and", after a comma."""
        self._forced = noun

    def owner(self, kind: str, anchor: PhraseDraft | None = None) -> PhraseDraft:
        """Return the noun that a modifier of ``kind`` belongs to, and close the nouns after it.

        ``kind`` is a relation, or "place", "state", "animate" (an action of people and animals),
        "person" (after "who") or "parked" for modifiers without an anchor.
        """
        if self._forced is not None:
            chosen, self._forced = self._forced, None
        else:
            parsed = self._dependencies and self._dependencies.owner(self.at, self.nouns)
            chosen = parsed or self._nearest(kind, anchor)
        if chosen in self.nouns:
            self.close(self.nouns.index(chosen) + 1)
        if kind == "with":
            self.holder = chosen
        return chosen

    def push(self, anchor: PhraseDraft) -> None:
        """Open ``anchor`` for later modifiers."""
        if len(self.nouns) < MAX_DEPTH:
            self.nouns.append(anchor)
            self._animate.append(self._animate[-1] or morph.is_animate(anchor.head))

    def close(self, count: int) -> None:
        """Close the nouns after the first ``count`` to later modifiers."""
        del self.nouns[count:]
        del self._animate[count:]

    def _nearest(self, kind: str, anchor: PhraseDraft | None) -> PhraseDraft:
        for k in range(len(self.nouns) - 1, 0, -1):
            if self._fits(k, kind, anchor):
                return self.nouns[k]
        return self.target

    def _fits(self, k: int, kind: str, anchor: PhraseDraft | None) -> bool:
        noun = self.nouns[k]
        if kind == "of":
            return True
        if noun.content:  # the milk of a carafe, the toast of a slice
            return False
        animate_above = self._animate[k - 1]
        if kind == "person":
            return morph.is_person(noun.head)
        if kind == "animate":
            return morph.is_animate(noun.head) or not (animate_above or noun.is_detail)
        if kind == "parked":
            moving = any(n.head in nouns.VEHICLES for n in self.nouns[:k])
            return not noun.is_possession and (noun.head in nouns.VEHICLES or not moving)
        if kind == "place" and noun.head in nouns.BODY:
            return False
        if kind == "state":
            return True
        if kind == "with":
            return anchor is not None and self._can_have(k, anchor)
        if anchor is not None:
            possessive = anchor.determiner in _POSSESSIVES
            if possessive and (anchor.head in nouns.BODY or noun.is_possession):
                return True
            if anchor.head in nouns.OWN_PLACES and noun.is_possession:
                return True
        if noun.is_possession and (noun.head in nouns.LIMBS or noun.determiner in _POSSESSIVES):
            return noun.head in nouns.BODY or morph.is_animate(noun.head)
        # A possession is at the place of its owner, unless it is animate: a dog on a leash.
        return not noun.is_possession or morph.is_animate(noun.head)

    def _can_have(self, k: int, anchor: PhraseDraft) -> bool:
        noun, animate_above = self.nouns[k], self._animate[k - 1]
        worn = morph.is_clothing(anchor.head) and anchor.head not in nouns.MARKS
        if (worn or anchor.head in nouns.BODY) and not morph.is_animate(noun.head):
            return not animate_above and not noun.is_detail
        person_above = any(morph.is_person(other.head) for other in self.nouns[:k])
        if worn and not morph.is_person(noun.head) and person_above:
            return False
        if noun.is_detail:
            return anchor.head in nouns.MARKS or anchor.head in nouns.BODY
        inanimate = noun.is_possession and animate_above and not morph.is_animate(noun.head)
        return not inanimate or anchor.head in nouns.MARKS
