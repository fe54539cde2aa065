"""What is said of a noun by itself: states, positions, order, superlatives, clauses."""

from __future__ import annotations

from zsris_ros.language.grammar import places
from zsris_ros.language.grammar.command_prefix import is_next_command
from zsris_ros.language.grammar.phrase_draft import Phrase
from zsris_ros.language.grammar.relations import RelationRules
from zsris_ros.language.grammar.tokens import COMMA, STOP
from zsris_ros.language.lexicon import adjectives as adj
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as w
from zsris_ros.language.lexicon.function_words import word_set

_ATTACHING = word_set("""
    attached connected tied chained glued fixed pinned stuck clipped bolted strapped taped
    nailed mounted fastened hooked
""")


class DescriptionRules(RelationRules):
    """Rules of descriptions. A rule returns the index after what it read, or None."""

    def _phrase(self, i: int) -> int | None:
        """Fillers and phrases of time that say nothing about the thing."""
        row = w.match(lex.TIME_PHRASES, self.words, i) if self.noun.idle(i) else None
        if row is not None:
            return i + row[1]
        little = self.words[i] == "a" and self.words[i + 1] in ("bit", "little", "tad", "touch")
        if little and w.may_describe(self.words[i + 2]) and self.noun.closes(i + 3):
            return i + 2  # "a bit frayed"
        return i + 1 if self.words[i] in lex.FILLERS else None

    def _ordered(self, i: int) -> int | None:
        counted = [noun for noun in self.path.nouns if noun.ordinal is not None and not noun.side]
        heading = places.direction(self.noun, i, bool(counted))
        if heading is None:
            value = w.ordinal(self.words[i])
            if value is None or (
                not self.noun.closes(i + 1) and not w.superlative(self.words[i + 1])
            ):
                return None
            self.path.owner("place").ordinal = value
            return i + 1
        end, side = heading
        owner = counted[-1] if counted else self.path.owner("place")
        owner.side = side
        return end

    def _located(self, i: int) -> int | None:
        words = self.words
        row = self.noun.relation(i + 1) if words[i] == "right" else None
        if row is not None and self.noun.relation(i) is None:
            sure = row[1] > 1 or words[i + 1] not in ("in", "with")
            if sure or self.predicate:
                return i + 1
        if words[i] == "left" and i and words[i - 1] in ("was", "were", "been"):
            return i + 1
        spot = places.place(self.noun, i)
        if spot is None:
            return None
        if words[i] == "on" and spot.sides == ("top",) and self.path.nearest.role == "with":
            return spot.end
        owner = self.path.owner("place")
        owner.place(spot.sides)
        owner.superlative = owner.superlative or spot.superlative
        return spot.end

    def _compared(self, i: int) -> int | None:
        """ "closest to me", "nearest the dock", "bigger than the box", "tallest"."""
        words, word = self.words, self.words[i]
        j = i + (word in ("the", "a") and bool(w.superlative(words[i + 1])))
        value = w.superlative(words[j]) or ("near" if words[j] == "close" else None)
        if words[j + 1] == "than" and words[j] in lex.COMPARATIVES:
            return self._related_to(lex.COMPARATIVES[words[j]], j + 2)
        if value is None:
            if word == "more" and words[i + 2] == "than":
                return i + 3
            return None
        if value not in ("near", "far"):
            if j > i or not w.is_noun_like(words[j + 1]) or self.noun.closes(j + 1):
                self.path.owner("state").superlative = value
                return j + 1
            return None
        return self._distance(j + 1, value)

    def _distance(self, i: int, value: str) -> int:
        words = self.words
        if words[i] in ("up", "down") and value == "far":
            self.path.owner("place").superlative = "top" if words[i] == "up" else "bottom"
            return i + 1
        if words[i] == "ahead" and self.noun.closes(i + 1):
            self._nearness(value)
            return i + 1
        while words[i] in ("to", "from", "away", "towards", "toward"):
            i += 1
        i = self._skip_idle(i)
        spot = places.place(self.noun, i)
        if spot is not None and spot.sides and spot.sides[0] in lex.OPPOSITE:
            self.path.owner("place").superlative = spot.sides[0]
            return spot.end
        if spot is not None and spot.sides in (("back",), ("front",)):
            self._nearness(value)
            return spot.end
        j = i + (words[i] in lex.DETERMINERS)
        if words[j] in lex.VIEWERS and (
            words[j] == "camera" or places.ends(self.noun, j + 1, True)
        ):
            self._nearness(value)
            return j + 1
        end = self._related_to("near" if value == "near" else "far_from", i)
        if end > i:
            return end
        self._nearness(value)
        return i

    def _nearness(self, value: str) -> None:
        owner = self.path.owner("place")
        if owner.ordinal is not None and owner.side is None:
            owner.side = value
        else:
            owner.superlative = value

    def _clause(self, i: int) -> int | None:
        """Relative pronouns, linking verbs, "I left": what follows is about a noun before."""
        words, word = self.words, self.words[i]
        if word in lex.SUBJECTS and not (word == "you" and self.noun.closes(i + 1)):
            return self._subject(i + 1)
        if not self.predicate and (done := self.noun.deed(i)) is not None:
            self.predicate = True
            return done
        if word in lex.RELATIVES and (word != "which" or i):
            self.after_relative = word
            self.predicate = False
            if word == "whose":
                return self._whose(i + 1)
            if word in lex.PEOPLE_RELATIVES:
                person = self.path.owner("person")
                self.path.force(person)
            return i + 1
        if word in lex.LINKING:
            self.predicate = True
            return i + 1
        if word in lex.AUXILIARIES and (word not in lex.HAVING or words[i + 1] == "been"):
            return i + 1
        stands = word in lex.PLACEMENT and not w.placement(word) and self.after_relative
        if stands and self.noun.relation(i) is None:
            return self._placed(i)
        del words
        return None

    def _subject(self, i: int) -> int:
        """After "I", "you", "he": auxiliaries and one verb."""
        while (
            self.words[i] in lex.AUXILIARIES
            or self.words[i] in lex.LINKING
            or (self.words[i] in ("just", "always", "already"))
        ):
            i += 1
        verb = self.words[i]
        if verb and verb not in (COMMA, STOP) and self.noun.relation(i) is None:
            i += 1
        return i

    def _verbal(self, i: int) -> int | None:
        """Participles: "standing", "labeled X", "made of wool", "laughing on the swing"."""
        word = self.words[i]
        made = w.match(lex.MADE, self.words, i)
        if made is not None:
            return self._labels(i + made[1], several=True)
        following = self.words[i + 1]
        if word in lex.LABELS and not self.noun.silent(i + 1) and self.noun.ends(i + 2):
            self.path.owner("state").describe(self.words[i + 1])
            return i + 2
        if word in lex.LABELS and (not self.noun.closes(i + 1) or following == "no"):
            return self._labels(i + 1, several=True)
        if word in lex.OWNED:
            return self._related_to("part_of", i + 1 + (self.words[i + 1] == "to"))
        if w.placement(word):
            return self._placed(i)
        if self.noun.relation(i) is not None:
            return None
        if word in lex.PLACEMENT and self.predicate:
            return self._placed(i)
        if not (w.is_ing(word) or w.is_ed(word) or (self.predicate and w.is_adjective(word))):
            return None
        if not self.noun.closes(i + 1) and word not in adj.TRANSITIVE and w.is_adjective(word):
            return None
        owner = self.path.owner("animate" if w.is_ing(word) else "state")
        owner.describe(word)
        self.path.force(owner)
        self.predicate = True
        if word in ("facing", "pointing", "looking"):
            return self._gaze(i + 1)
        if word in _ATTACHING and self.words[i + 1] == "to":
            return self._related_to("on", i + 2)
        if self.words[i + 1] in lex.DETERMINERS or (
            word in adj.TRANSITIVE and not self.noun.closes(i + 1)
        ):
            return self._related_to("with", i + 1)
        return i + 1

    def _gaze(self, i: int) -> int:
        """The index after what is looked at: it says nothing of where the looker is."""
        if self.noun.placed(i):
            return i + 1
        while self.words[i] in ("away", "from", "to", "towards", "toward", "at", "straight"):
            i += 1
        found = self.noun.read(i)
        return found[1] if found is not None else i + (self.words[i] in lex.OBJECT_PRONOUNS)

    def _placed(self, i: int) -> int:
        word = self.words[i]
        kind = "parked" if word == "parked" else "place"
        owner = self.path.owner(kind)
        after = self._skip_idle(i + 1)
        done = self.noun.silent(after) or is_next_command(self.words, after)
        if done and (w.is_ing(word) or w.is_ed(word)):
            owner.describe(word)
        else:
            self.path.force(owner)
        return i + 1

    def _skip_idle(self, i: int) -> int:
        """The index after fillers, adverbs such as "down" and phrases of time."""
        while self.words[i]:
            row = w.match(lex.TIME_PHRASES, self.words, i)
            idle = self.words[i] in lex.CLOSING or self.words[i] in lex.FILLERS
            if row is None and not idle:
                break
            i += row[1] if row is not None else 1
        return i

    def _described(self, i: int) -> int:
        """An attribute after the head, or a noun phrase without a preposition."""
        words, word = self.words, self.words[i]
        if word in lex.DEGREE or word in lex.ADVERBS or w.is_manner(word):
            return i + 1
        if word == "half" and words[i + 1] in ("full", "empty") and words[i + 2] != "of":
            owner = self.path.owner("state")
            owner.describe(word)
            owner.describe(words[i + 1])
            return i + 2
        if word == "number" and words[i + 1].isdecimal():
            return i + 1
        if word.isdecimal():
            self.path.owner("state").describe(word)
            return i + 1
        alone = self.noun.closes(i + 1) or words[i + 1] in lex.ADVERBS
        described = w.is_adjective(word) or (self.predicate and word not in lex.DETERMINERS)
        if alone and described and not self.noun.closes(i):
            self.path.owner("state").describe(word)
            return i + 1
        if self.after_relative and not self.predicate and w.is_noun_like(word):
            self.after_relative = ""
            self.predicate = True
            return i + 1
        found = self.noun.read(i)
        if found is None:
            return i + 1
        phrase, end = found
        if self.after_relative and not self.predicate:  # "the toy that the dog dropped"
            return self._subject(end)
        apposition = phrase.head in ("one", "ones") and (self.predicate or phrase.determiner)
        if phrase.headless or apposition:
            self._absorb(phrase)
        elif self._telegraphic(phrase):
            self._relate("with", phrase)
        return end

    def _absorb(self, phrase: Phrase) -> None:
        """ "the hammer, the big one": an apposition describes the target."""
        target = self.path.target
        for word in phrase.attributes:
            target.describe(word)
        target.position |= phrase.position
        target.superlative = target.superlative or phrase.superlative
        target.ordinal = phrase.ordinal if target.ordinal is None else target.ordinal
        self._restart()

    def _restart(self) -> None:
        self.path.force(self.path.target)
        self.predicate = True
