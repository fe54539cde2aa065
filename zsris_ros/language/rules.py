"""The rule parser: a grammar of referring expressions over closed-class words. No model."""

from __future__ import annotations

from typing import List, Optional

from zsris_ros.language import adjectives as adj
from zsris_ros.language import lexicon as lex
from zsris_ros.language import negation, places
from zsris_ros.language import words as w
from zsris_ros.language.attachment import Path
from zsris_ros.language.noun_phrase import NounPhraseReader
from zsris_ros.language.phrase import Phrase, to_expression
from zsris_ros.language.tokens import COMMA, STOP, tokenise
from zsris_ros.language.wrapper import commands_pronoun, goal, is_next_command, unwrap
from zsris_ros.types import Expression

NAME = "rules"
_ATTACHING = frozenset("attached connected tied chained glued fixed pinned stuck clipped bolted "
                       "strapped taped nailed mounted fastened hooked".split())  # fmt: skip


def parse(text: str) -> Expression:
    """The expression in ``text``. Raises InputError when the text holds no letter."""
    return to_expression(Reader(text).read(), text, NAME)


class Reader:
    """Reads one text from left to right: wrapper, noun phrase, what is said of it."""

    def __init__(self, text: str) -> None:
        self.noun = NounPhraseReader(tokenise(text))
        self.words = self.noun.words
        self.size = self.noun.size
        self.after_relative = ""
        self.predicate = False

    # -- the target -------------------------------------------------------------------------------
    def read(self) -> Phrase:
        wrapper = unwrap(self.words, self.size)
        before = Phrase("one", "one", headless=True)
        i = self._introduction(wrapper.start, before)
        found = self.noun.read(i, target=True)
        if found is None and i >= self.size:
            i, found = 0, self.noun.read(0, target=True)
        if found is None:
            target, i = before, i
        else:
            target, i = found
        self._merge(target, before)
        self.path = Path(target)
        if wrapper.placing:
            self._stop_at(goal(self.words, i, self.size))
        self._modifiers(i)
        if target.headless:
            self._name_the_unnamed(target)
        return target

    def _stop_at(self, end: int) -> None:
        self.size = end
        self.noun.cut(end)

    def _introduction(self, i: int, before: Phrase) -> int:
        """What may stand before the target: a direction, a place, what is not meant."""
        start = i
        while i < self.size:
            words = self.words
            heading = places.direction(self.noun, i)
            spot = places.place(self.noun, i) if words[i] in ("on", "in", "at", "to") else None
            if heading is not None:
                i, before.side = heading
            elif spot is not None:
                before.place(spot.sides)
                before.superlative = spot.superlative
                i = spot.end
            elif words[i] in ("do", "does", "did") and words[i + 1] == "not":
                i = self._not_that(i + 2, before)
            elif words[i] == "not" and words[i + 1] in lex.DETERMINERS:
                i = negation.exclude(self.noun, i + 1, before)
            elif words[i] in (COMMA, STOP, "but", "and", "i", "is") or (
                words[i] in lex.FILLERS or words[i] in ("want", "mean", "rather")
            ):
                i += 1
            elif i > start and (
                unwrapped := unwrap(words, self.size, i)
            ).start > i:
                i = unwrapped.start
            else:
                break
        return i

    def _not_that(self, i: int, before: Phrase) -> int:
        """ "don't take the red one, take ..."."""
        start = unwrap(self.words, self.size, i).start
        return negation.exclude(self.noun, start, before)

    @staticmethod
    def _merge(target: Phrase, before: Phrase) -> None:
        if target is before:
            return
        target.side = target.side or before.side
        target.position |= before.position
        target.superlative = target.superlative or before.superlative
        target.excluded[:0] = before.excluded

    def _name_the_unnamed(self, target: Phrase) -> None:
        """When nothing at all was understood, the last word is the noun."""
        said = target.attributes or target.position or target.relations or target.excluded
        if said or target.superlative or target.ordinal is not None or target.number != "one":
            return
        tokens = [t for t in self.noun.tokens.items if any(c.isalpha() for c in t.text)]
        if tokens and tokens[-1].text not in lex.DETERMINERS:
            target.target = target.head = tokens[-1].text

    # -- what is said of it -----------------------------------------------------------------------
    def _modifiers(self, i: int) -> None:
        while i < self.size and self.words[i]:
            following = self._step(i)
            if following is None:
                return
            i = max(following, i + 1)

    def _step(self, i: int) -> Optional[int]:
        """Reads one modifier at ``i``; the index after it, or None at the end of the expression."""
        word = self.words[i]
        if word == STOP:
            return self._after_stop(i)
        if commands_pronoun(self.words, i):
            return None
        if word == COMMA or word in ("and", "but", "or"):
            return self._junction(i)
        for rule in (self._negated, self._phrase, self._ordered, self._located, self._compared,
                     self._clause, self._had, self._verbal, self._related):  # fmt: skip
            end = rule(i)
            if end is not None:
                return end
        return self._described(i)

    def _after_stop(self, i: int) -> Optional[int]:
        """A further sentence counts when it goes on about the target."""
        i += 1
        if self.words[i] in lex.CLAUSE_PRONOUNS and self.words[i + 1] in lex.LINKING:
            self._restart()
            return i + 2
        goes_on = self.words[i] in lex.NEGATORS or self.words[i + 1] in ("one", "ones")
        if goes_on or places.place(self.noun, i) is not None:
            self._restart()
            return i
        return None

    def _restart(self) -> None:
        self.path.force(self.path.target)
        self.predicate = True

    def _junction(self, i: int) -> Optional[int]:
        words = self.words
        j = i + 1
        while words[j] in (COMMA, "and", "but", "then", "also") or words[j] in lex.HESITATIONS:
            j += 1
        if words[j] == "not" or (everything := self._everything()) and words[i] == "but":
            return None if words[j] == "" else self._negated(i) or j
        del everything
        if is_next_command(words, j):
            return None
        if words[j] in lex.CLAUSE_PRONOUNS and words[j + 1] in lex.LINKING:
            self._restart()
            return j + 2
        heading = places.direction(self.noun, j)
        if heading is not None or self.noun.relation(j) or places.place(self.noun, j):
            self.path.force(self.path.target)
            return j
        if words[j] in lex.HAVING or w.placement(words[j]) or w.is_ing(words[j]):
            self.path.force(self.path.holder if words[i] == "and" else self.path.target)
            return j
        if words[j] in lex.RELATIVES or words[j] in lex.LINKING or words[j] in lex.NEGATORS:
            self.path.force(self.path.target)
            return j
        return self._coordinated(j, words[i])

    def _coordinated(self, i: int, junction: str) -> Optional[int]:
        """A further anchor of the same preposition, an apposition, or a further predicate."""
        words = self.words
        if self.predicate and (w.may_describe(words[i]) or w.superlative(words[i])):
            if self.noun.closes(i + 1) or words[i + 1] in ("and", COMMA):
                return i
        found = self.noun.read(i)
        if found is None:
            return i
        phrase, end = found
        open_anchors = self._open_anchors()
        listing = junction == "and" or (words[end] in (COMMA, "and") and len(words) > end)
        if phrase.headless or phrase.head in ("one", "ones"):
            self._absorb(phrase)
            return end
        if open_anchors is not None and listing and junction != "but":
            phrase.role = open_anchors[-1].role
            open_anchors.append(phrase)
            self.path.close(max(len(self.path.nouns) - 1, 1))
            self.path.push(phrase)
            return end
        if self._telegraphic(phrase):
            self._relate("with", phrase)
        return end

    def _open_anchors(self) -> Optional[List[Phrase]]:
        """The anchors a coordinated noun phrase joins: a lone "between" first."""
        for noun in reversed(self.path.nouns[:-1]):
            if noun.relations and noun.relations[-1][0] == "between":
                anchors = noun.relations[-1][1]
                if len(anchors) == 1 and anchors[0].number == "one":
                    self.path.close(self.path.nouns.index(noun) + 1)
                    self.path.push(anchors[0])
                    return anchors
        if len(self.path.nouns) > 1:
            owner = self.path.nouns[-2]
            if owner.relations and owner.relations[-1][1][-1] is self.path.nearest:
                return owner.relations[-1][1]
        return None

    def _absorb(self, phrase: Phrase) -> None:
        """ "the hammer, the big one": an apposition describes the target."""
        target = self.path.target
        for word in phrase.attributes:
            target.describe(word)
        target.position |= phrase.position
        target.superlative = target.superlative or phrase.superlative
        target.ordinal = phrase.ordinal if target.ordinal is None else target.ordinal
        self._restart()

    # -- rules, each the index after what it read or None -------------------------------------------
    def _everything(self) -> bool:
        target = self.path.target
        return target.number == "all" or target.head in lex.NEUTRAL

    def _negated(self, i: int) -> Optional[int]:
        words = self.words
        if words[i] in ("does", "do", "did", "is", "are", "was", "has", "can", "could"):
            if words[i + 1] != "not":
                return None
            i += 1
            if words[i + 1] in ("have", "has", "hold", "wear", "carry", "contain"):
                return negation.exclude(self.noun, i + 1, self.path.target)
        if words[i] in lex.HAVING and words[i + 1] == "no":
            i += 1
        if w.match(lex.RELATIONS, words, i) == ("near", 3):
            return None
        end = negation.cue(self.noun, i, self._everything())
        if end is None:
            return None
        if words[end - 1] == "not" and is_next_command(words, end):
            end = unwrap(words, self.size, end).start
        return negation.exclude(self.noun, end, self.path.target)

    def _phrase(self, i: int) -> Optional[int]:
        """Fillers and phrases of time that say nothing about the thing."""
        row = w.match(lex.TIME_PHRASES, self.words, i)
        if row is not None:
            return i + row[1]
        return i + 1 if self.words[i] in lex.FILLERS else None

    def _ordered(self, i: int) -> Optional[int]:
        heading = places.direction(self.noun, i)
        if heading is None:
            value = w.ordinal(self.words[i])
            if value is None or not self.noun.closes(i + 1) and not w.superlative(self.words[i + 1]):
                return None
            self.path.owner("place").ordinal = value
            return i + 1
        end, side = heading
        counted = [noun for noun in self.path.nouns if noun.ordinal is not None and not noun.side]
        owner = counted[-1] if counted else self.path.owner("place")
        owner.side = side
        return end

    def _located(self, i: int) -> Optional[int]:
        words = self.words
        if words[i] == "right" and self.noun.relation(i + 1) is not None:
            if words[i + 1] not in ("in", "with") or self.predicate:
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

    def _compared(self, i: int) -> Optional[int]:
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
        while words[i] in ("to", "from", "away", "towards", "toward"):
            i += 1
        spot = places.place(self.noun, i)
        if spot is not None and spot.sides and spot.sides[0] in lex.OPPOSITE:
            side = spot.sides[0] if value == "far" or words[i - 1] == "to" else spot.sides[0]
            self.path.owner("place").superlative = side
            return spot.end
        j = i + (words[i] in lex.DETERMINERS)
        if words[j] in lex.VIEWERS and (self.noun.closes(j + 1) or words[j] == "camera"):
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

    def _clause(self, i: int) -> Optional[int]:
        """Relative pronouns, linking verbs, "I left": what follows is about a noun before."""
        words, word = self.words, self.words[i]
        if word in lex.SUBJECTS and not (word == "you" and self.noun.closes(i + 1)):
            return self._subject(i + 1)
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
        if word in lex.AUXILIARIES and word not in lex.HAVING:
            return i + 1
        if word in lex.PLACEMENT and not w.placement(word) and self.after_relative:
            return self._placed(i)
        del words
        return None

    def _whose(self, i: int) -> int:
        found = self.noun.read(i)
        if found is None:
            return i
        self._relate("with", found[0])
        return found[1]

    def _subject(self, i: int) -> int:
        """After "I", "you", "he": auxiliaries and one verb."""
        while self.words[i] in lex.AUXILIARIES or self.words[i] in lex.LINKING or (
            self.words[i] in ("just", "always", "already")
        ):
            i += 1
        verb = self.words[i]
        if verb and verb not in (COMMA, STOP) and self.noun.relation(i) is None:
            i += 1
        return i

    def _had(self, i: int) -> Optional[int]:
        """with, wearing, has, holding: each noun phrase after it is had by the owner."""
        if self.words[i] not in lex.HAVING:
            return None
        i += 1
        while self.words[i] in ("got", "been", "had", "on"):
            i += 1
        return self._related_to("with", i)

    def _verbal(self, i: int) -> Optional[int]:
        """Participles: "standing", "labeled X", "made of wool", "laughing on the swing"."""
        word = self.words[i]
        made = w.match(lex.MADE, self.words, i)
        if made is not None:
            return self._labels(i + made[1], several=True)
        if word in lex.LABELS and not self.noun.closes(i + 1):
            return self._labels(i + 1, several=True)
        if word in lex.OWNED:
            return self._related_to("part_of", i + 1 + (self.words[i + 1] == "to"))
        if w.placement(word) or (word in lex.PLACEMENT and self.predicate):
            return self._placed(i)
        if self.noun.relation(i) is not None:
            return None
        if not (w.is_ing(word) or w.is_ed(word) or (self.predicate and w.is_adjective(word))):
            return None
        if not self.noun.closes(i + 1) and word not in adj.TRANSITIVE and w.is_adjective(word):
            return None
        owner = self.path.owner("animate" if w.is_ing(word) else "state")
        owner.describe(word)
        self.path.force(owner)
        self.predicate = True
        if word in _ATTACHING and self.words[i + 1] == "to":
            return self._related_to("on", i + 2)
        if self.words[i + 1] in lex.DETERMINERS:
            return self._related_to("with", i + 1)
        return i + 1

    def _placed(self, i: int) -> int:
        word = self.words[i]
        kind = "parked" if word == "parked" else "place"
        owner = self.path.owner(kind)
        following = self.words[i + 1]
        while following in ("down", "up") or following in lex.HESITATIONS:
            i += 1
            following = self.words[i + 1]
        if following in ("", COMMA, STOP) and (w.is_ing(word) or w.is_ed(word)):
            owner.describe(word)
        else:
            self.path.force(owner)
        return i + 1

    def _labels(self, i: int, several: bool) -> int:
        """The words after "labeled" or "made of" up to the next phrase are attributes."""
        owner = self.path.owner("state")
        begin = i
        while not self.noun.closes(i) or (i == begin and self.words[i] in lex.DETERMINERS):
            word = self.words[i]
            if word not in lex.DETERMINERS and word not in ("number", "word", "words"):
                if i > begin and (w.placement(word) or self.noun.placed(i)):
                    break
                owner.describe(word)
            i += 1
            if self.words[i] == "and" and w.is_adjective(self.words[i + 1]):
                i += 1
        return i

    def _related(self, i: int) -> Optional[int]:
        words = self.words
        if words[i] in lex.INTENSIFIERS and self.noun.relation(i + 1) is not None:
            return i + 1
        row = self.noun.relation(i)
        if row is None:
            return None
        kind, length = row
        end = i + length
        if words[i] in ("riding", "full") and words[end] in ("", COMMA, STOP, "and"):
            self.path.owner("animate").describe(words[i])
            return end
        if kind == "of":
            return self._of(end)
        if kind in ("", "to"):
            found = self.noun.read(end)
            return found[1] if found is not None else end
        if kind == "from":
            return self._source(end)
        return self._related_to(kind, end)

    def _of(self, i: int) -> int:
        seen = places.of_view(self.words, i - 1)
        if seen > i - 1:
            return seen
        found = self.noun.read(i)
        if found is None:
            return i
        phrase, end = found
        owner = self.path.owner("of")
        content = owner.head not in lex.PORTIONS and (
            owner.head in lex.CONTAINERS or w.singular(owner.head) in lex.CONTAINERS
        )
        bare = not phrase.determiner and owner.head not in lex.PORTIONS | lex.MARKS | lex.BODY
        content = content or bare
        owner.relate("with" if content else "part_of", phrase, content=content)
        self.path.push(phrase)
        return end

    def _source(self, i: int) -> int:
        found = self.noun.read(i)
        if found is None:
            return i
        kind = "inside" if found[0].head in lex.INSIDE_SOURCES else "on"
        self._relate(kind, found[0])
        return found[1]

    def _related_to(self, kind: str, i: int) -> int:
        """A relation of ``kind`` whose anchor stands at ``i``."""
        words = self.words
        while words[i] in lex.HESITATIONS:
            i += 1
        if words[i] in lex.OBJECT_PRONOUNS and words[i] != "her" or (
            words[i] == "her" and self.noun.closes(i + 1)
        ):
            if words[i] in lex.VIEWERS and kind != "with":
                self._relate(kind, Phrase(words[i], words[i]))
            return i + 1
        found = self.noun.read(i)
        if found is None:
            return i
        phrase, end = found
        if kind == "inside" and self._worn(phrase):
            kind = "with"
        self._relate(kind, phrase)
        return end

    def _worn(self, phrase: Phrase) -> bool:
        worn = w.is_clothing(phrase.head) or phrase.head in adj.COLOURS
        return worn and (
            any(w.is_animate(noun.head) or noun.head in lex.NEUTRAL for noun in self.path.nouns)
            or phrase.head in ("shirt", "hat", "dress", "jacket", "coat", "suit", "uniform")
        )

    def _relate(self, kind: str, phrase: Phrase) -> None:
        owner = self.path.owner(kind, phrase)
        owner.relate(kind, phrase)
        self.path.push(phrase)
        self.predicate = False

    def _telegraphic(self, phrase: Phrase) -> bool:
        """ "man blue cap": a bare noun phrase after the head is something it has."""
        return not phrase.determiner and (bool(phrase.attributes) or w.is_clothing(phrase.head))

    def _described(self, i: int) -> int:
        """An attribute after the head, or a noun phrase without a preposition."""
        words, word = self.words, self.words[i]
        if word in lex.DEGREE or word in lex.ADVERBS:
            return i + 1
        if word == "number" and words[i + 1].isdecimal():
            return i + 1
        if word.isdecimal():
            self.path.owner("state").describe(word)
            return i + 1
        alone = self.noun.closes(i + 1) or words[i + 1] in lex.ADVERBS
        if alone and (w.is_adjective(word) or (self.predicate and word not in lex.DETERMINERS)):
            if not self.noun.closes(i):
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
        if phrase.headless or phrase.head in ("one", "ones") and self.predicate:
            self._absorb(phrase)
        elif self._telegraphic(phrase):
            self._relate("with", phrase)
        return end
