"""What a noun has or where it is relative to others: relations and their anchors."""

from __future__ import annotations

from zsris_ros.language.grammar import places
from zsris_ros.language.grammar.attachment import Path
from zsris_ros.language.grammar.noun_phrases import NounPhraseReader
from zsris_ros.language.grammar.phrase_draft import Phrase
from zsris_ros.language.grammar.tokens import COMMA, STOP
from zsris_ros.language.lexicon import adjectives as adj
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as w
from zsris_ros.language.lexicon import nouns


class RelationRules:
    """Rules of the relations. A rule returns the index after what it read, or None."""

    noun: NounPhraseReader
    path: Path

    def __init__(self, noun: NounPhraseReader) -> None:
        self.noun = noun
        self.words = noun.words
        self.size = noun.size
        self.after_relative = ""
        self.predicate = False

    def _had(self, i: int) -> int | None:
        """with, wearing, has, holding: each noun phrase after it is had by the owner."""
        if self.words[i] not in lex.HAVING:
            return None
        i += 1
        while self.words[i] in ("got", "been", "had", "on"):
            i += 1
        return self._related_to("with", i)

    def _whose(self, i: int) -> int:
        found = self.noun.read(i)
        if found is None:
            return i
        self._relate("with", found[0])
        return found[1]

    def _labels(self, i: int, several: bool) -> int:
        """The words after "labeled" or "made of" up to the next phrase are attributes."""
        owner = self.path.owner("state")
        begin = i
        while not self.noun.closes(i) or (
            i == begin and (self.words[i] in lex.DETERMINERS or self.words[i] in ("no",))
        ):
            word = self.words[i]
            if word not in lex.DETERMINERS and word not in ("number", "word", "words"):
                if i > begin and (
                    w.placement(word) or self.noun.placed(i) or self.noun.compares(i)
                ):
                    break
                owner.describe(word)
            i += 1
            if self.words[i] == "and" and w.is_adjective(self.words[i + 1]):
                i += 1
        return i

    def _related(self, i: int) -> int | None:
        words = self.words
        row = self.noun.relation(i)
        if row is None:
            intense = words[i] in lex.INTENSIFIERS and self.noun.relation(i + 1) is not None
            return i + 1 if intense else None
        kind, length = row
        end = i + length
        if words[i] in ("riding", "full") and words[end] in ("", COMMA, STOP, "and"):
            self.path.owner("animate").describe(words[i])
            return end
        if kind == "of":
            return self._of(end)
        if kind == "inside" and (seen := places.of_view(self.noun, i)) > i:
            return seen
        if kind in ("to", "from") and self.path.target.superlative in ("near", "far"):
            return self._distant(end)
        if kind in ("", "to"):
            found = self.noun.read(end)
            if found is None:
                return end
            if kind == "to" and self._beside_owner(found[0]):
                return found[1]
            self.path.push(found[0])  # a goal: what follows is said of it
            return found[1]
        if kind == "from":
            return self._source(end)
        joined = self.noun.relation(end + 1) if words[end] == "and" else None
        if joined is not None and joined[0] not in ("", "of", "to", "from"):
            return self._related_twice(kind, joined[0], end + 1 + joined[1])
        return self._related_to(kind, end)

    def _related_twice(self, first: str, second: str, i: int) -> int:
        """ "behind and left of the box": two relations to one anchor."""
        end = self._related_to(second, i)
        if len(self.path.nouns) > 1:
            owner, anchor = self.path.nouns[-2:]
            if owner.relations and owner.relations[-1][1] == [anchor]:
                owner.relations.insert(-1, (first, [anchor]))
        return end

    def _of(self, i: int) -> int:
        found = self.noun.read(i)
        if found is None:
            return i
        phrase, end = found
        component = self.path.nearest.span[1] == i - 1 and phrase.head not in lex.PICTURES
        seen = places.of_view(self.noun, i - 1)
        if seen > i - 1 and not component:  # "in the corner of the view", not "a camera's lens"
            return seen
        owner = self.path.owner("of")
        if phrase.headless or owner.head in ("one", "ones"):  # "the thinner rope of the two"
            return end
        head = owner.head if owner.head in nouns.CONTAINERS else w.singular(owner.head)
        part = head in nouns.PORTIONS or head in nouns.MARKS or head in nouns.BODY
        content = (head in nouns.CONTAINERS and head not in nouns.PORTIONS) or (
            not phrase.determiner
            and not part
            and (bool(owner.determiner) or phrase.number != "one")  # "hook of door"
        )
        kind = "with" if content else "part_of"
        amount = head in nouns.AMOUNTS and not phrase.determiner
        owner.relate(kind, phrase, content=content or amount)
        self.path.push(phrase)
        return end

    def _distant(self, i: int) -> int:
        """ "the closest chair to the door" is the one near the door; to the camera, the nearest."""
        target = self.path.target
        found = self.noun.read(i)
        if found is None or found[0].head in lex.VIEWERS:
            return found[1] if found is not None else i + 1
        kind = "near" if target.superlative == "near" else "far_from"
        target.superlative = None
        self.path.force(target)
        self._relate(kind, found[0])
        return found[1]

    def _source(self, i: int) -> int:
        found = self.noun.read(i)
        if found is None:
            return i
        kind = "inside" if found[0].head in nouns.INSIDE_SOURCES else "on"
        counted = self.path.target
        if counted.ordinal is not None and counted.side is None and counted.superlative is None:
            kind = "near"  # "the second chair from the door"
        self._relate(kind, found[0])
        return found[1]

    def _related_to(self, kind: str, i: int) -> int:
        """A relation of ``kind`` whose anchor stands at ``i``."""
        words = self.words
        worn = words[i - 1] == "in" and not self._put_there(i - 2)
        while words[i] in lex.HESITATIONS:
            i += 1
        if (words[i] in lex.OBJECT_PRONOUNS and words[i] != "her") or (
            words[i] == "her" and self.noun.closes(i + 1)
        ):
            if words[i] in lex.VIEWERS and kind != "with":
                self._relate(kind, Phrase(words[i], words[i]))
            elif words[i] in ("it", "them") and self.path.holder in self.path.nouns:
                self.path.force(self.path.holder)  # "with a lamp on it near the window"
            return i + 1
        found = self.noun.read(i)
        if found is None:
            return i
        phrase, end = found
        if phrase.head in ("nothing", "nobody"):
            return end
        if kind == "inside" and worn and self._worn(phrase):
            kind = "with"
        self._relate(kind, phrase)
        return end

    def _put_there(self, i: int) -> bool:
        """Whether the word at ``i`` puts a thing somewhere: "the wallet lying in the jacket"."""
        moved = self.words[i] in lex.PLACEMENT or self.words[i] in lex.DEEDS
        sided = self.words[i - 1] in ("on", "the", "far")
        return moved and not sided and not w.is_animate(self.path.target.head)

    def _beside_owner(self, phrase: Phrase) -> bool:
        """ "to the plate's left" is left of the plate."""
        if phrase.head not in ("left", "right") or not phrase.relations:
            return False
        self._relate(f"{phrase.head}_of", phrase.relations[0][1][0])
        return True

    @staticmethod
    def _worn(phrase: Phrase) -> bool:
        """ "in the plaid shirt", "in red": worn, whatever the wearer is called."""
        garment = w.is_clothing(phrase.head) or (phrase.head == "top" and phrase.attributes)
        return bool(garment) or phrase.head in adj.COLOURS

    def _relate(self, kind: str, phrase: Phrase) -> None:
        owner = self.path.owner(kind, phrase)
        owner.relate(kind, phrase)
        self.path.push(phrase)
        self.predicate = False

    def _telegraphic(self, phrase: Phrase) -> bool:
        """ "man blue cap": a bare noun phrase after the head is something it has."""
        return not phrase.determiner and (bool(phrase.attributes) or w.is_detail(phrase.head))
