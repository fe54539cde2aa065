"""Which noun a later phrase belongs to: the nearest one it can sensibly modify."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from zsris_ros.language.grammar.phrase_draft import MAX_DEPTH, Phrase
from zsris_ros.language.lexicon import morphology as w
from zsris_ros.language.lexicon import nouns
from zsris_ros.language.lexicon.function_words import word_set

_OWNED = word_set("his her their its my your")


Attach = Callable[[int, Sequence[Phrase]], Phrase | None]
"""The phrase that the word at an index depends on, if a dependency parse can tell."""


class Path:
    """The target and the anchors that lead to the noun read last."""

    def __init__(self, target: Phrase, attach: Attach | None = None) -> None:
        self.at = 0
        self._attach = attach
        self.target = target
        self.nouns: list[Phrase] = [target]
        self._living: list[bool] = [w.is_animate(target.head)]
        self.holder = target
        self._forced: Phrase | None = None

    @property
    def nearest(self) -> Phrase:
        return self.nouns[-1]

    def force(self, phrase: Phrase) -> None:
        """The next modifier belongs to ``phrase``: after "and", after a comma."""
        self._forced = phrase

    def owner(self, kind: str, anchor: Phrase | None = None) -> Phrase:
        """The noun that a modifier of ``kind`` belongs to; nouns behind it are closed.

        ``kind`` is a relation, or "place", "state", "animate" (what only the living do), "person"
        (after "who") or "parked" for modifiers without an anchor.
        """
        if self._forced is not None:
            chosen, self._forced = self._forced, None
        else:
            parsed = self._attach(self.at, self.nouns) if self._attach is not None else None
            chosen = parsed or self._nearest(kind, anchor)
        if chosen in self.nouns:
            self.close(self.nouns.index(chosen) + 1)
        if kind == "with":
            self.holder = chosen
        return chosen

    def push(self, anchor: Phrase) -> None:
        if len(self.nouns) < MAX_DEPTH:
            self.nouns.append(anchor)
            self._living.append(self._living[-1] or w.is_animate(anchor.head))

    def close(self, count: int) -> None:
        """Nothing later belongs to the nouns after the first ``count``."""
        del self.nouns[count:]
        del self._living[count:]

    def _nearest(self, kind: str, anchor: Phrase | None) -> Phrase:
        for k in range(len(self.nouns) - 1, 0, -1):
            if self._fits(k, kind, anchor):
                return self.nouns[k]
        return self.target

    def _fits(self, k: int, kind: str, anchor: Phrase | None) -> bool:
        noun = self.nouns[k]
        if kind == "of":
            return True
        if noun.content:  # the milk of a carafe, the toast of a slice
            return False
        living_above = self._living[k - 1]
        if kind == "person":
            return w.is_person(noun.head)
        if kind == "animate":
            return w.is_animate(noun.head) or not (living_above or noun.is_detail)
        if kind == "parked":
            moving = any(n.head in nouns.VEHICLES for n in self.nouns[:k])
            return not noun.is_had and (noun.head in nouns.VEHICLES or not moving)
        if kind == "place" and noun.head in nouns.BODY:
            return False
        if kind == "state":
            return True
        if kind == "with":
            person_above = any(w.is_person(other.head) for other in self.nouns[:k])
            return self._can_have(noun, living_above, person_above, anchor)
        owned = anchor is not None and anchor.determiner in _OWNED
        if anchor is not None and owned and (anchor.head in nouns.BODY or noun.is_had):
            return True
        if anchor is not None and anchor.head in nouns.OWN_PLACES and noun.role == "with":
            return True
        if noun.role == "with" and (noun.head in nouns.LIMBS or noun.determiner in _OWNED):
            return noun.head in nouns.BODY or w.is_animate(noun.head)  # "its trunk in the water"
        # What the owner has is where the owner is, unless it lives: a dog on a leash.
        return not noun.is_had or w.is_animate(noun.head)

    @staticmethod
    def _can_have(
        noun: Phrase, living_above: bool, person_above: bool, anchor: Phrase | None
    ) -> bool:
        if anchor is None:
            return False
        worn = w.is_clothing(anchor.head) and anchor.head not in nouns.MARKS
        if (worn or anchor.head in nouns.BODY) and not w.is_animate(noun.head):
            return not living_above and not noun.is_detail
        if worn and not w.is_person(noun.head) and person_above:
            return False
        if noun.is_detail:
            return anchor.head in nouns.MARKS or anchor.head in nouns.BODY
        return not (noun.role == "with" and living_above and not w.is_animate(noun.head)) or (
            anchor.head in nouns.MARKS
        )
