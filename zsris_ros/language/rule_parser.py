"""The rule parser: a grammar of referring expressions over closed-class words. No model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zsris_ros.language.grammar import negation, places
from zsris_ros.language.grammar.attachment import Path
from zsris_ros.language.grammar.command_prefix import (
    commands_pronoun,
    errand,
    goal,
    is_next_command,
    unwrap,
)
from zsris_ros.language.grammar.descriptions import DescriptionRules
from zsris_ros.language.grammar.disfluencies import mend
from zsris_ros.language.grammar.noun_phrases import NounPhraseReader
from zsris_ros.language.grammar.phrase_draft import Phrase, order
from zsris_ros.language.grammar.tokens import COMMA, STOP, tokenise
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as w
from zsris_ros.language.lexicon import nouns
from zsris_ros.types import Expression, NounPhrase, Number, Relation

NAME = "rules"
MAX_EXCLUSIONS = 2
"""An excluded object may exclude others, these none."""
MAX_PARSED = 32
"""The words of further exclusions of one noun phrase stay unparsed, which bounds the time."""


def parse(text: str) -> Expression:
    """The expression in ``text``. Raises InputError when the text holds no letter or digit."""
    return to_expression(_read(text), text, NAME)


def _read(text: str) -> Phrase:
    return Reader(NounPhraseReader(mend(tokenise(text)))).read()


def to_expression(draft: Phrase, text: str, parser: str) -> Expression:
    """Return the finished expression; the target's sentence is the whole text."""
    further = tuple(_noun_phrase(other) for other in draft.also)
    return Expression(text, _noun_phrase(draft, text), further, parser)


def _noun_phrase(draft: Phrase, sentence: str = "", depth: int = 0) -> NounPhrase:
    ordinal = order(draft)  # before the position that gives its direction is read
    return NounPhrase(
        text=draft.target,
        head=draft.head,
        attributes=tuple(draft.attributes),
        number=draft.number,
        position=tuple(sorted(draft.position)),
        superlative=draft.superlative,
        ordinal=ordinal,
        relations=tuple(
            Relation(kind, tuple(_noun_phrase(anchor, depth=depth) for anchor in anchors))
            for kind, anchors in draft.relations
        ),
        excluded=tuple(
            _exclusion(draft.head, words, depth + 1) if k < MAX_PARSED else NounPhrase(words, words)
            for k, words in enumerate(draft.excluded)
            if depth < MAX_EXCLUSIONS
        ),
        sentence=sentence,
    )


def _exclusion(head: str, words: str, depth: int) -> NounPhrase:
    """Return the negated ``words`` as a noun phrase; an order or a description is one of ``head``.

    "not the red one" said of a mug is "the red mug", "isn't on the tray" "the mug on the tray".
    """
    last = words.split()[-1]
    if w.is_adjective(last) or w.superlative(last) or w.positions(last):
        sentence = f"the {words} {head}"
        excluded = _noun_phrase(_read(sentence), sentence, depth)
    else:
        sentence = f"the {head} {words}"
        excluded = _noun_phrase(_read(sentence), sentence, depth)
        if excluded.head != head or not (excluded.relations or excluded.position):
            named = any(map(str.isalnum, words))
            draft = _read(words) if named else Phrase(words, words)
            excluded = _noun_phrase(draft, words, depth)
    return replace(excluded, text=words)


class Reader(DescriptionRules):
    """Reads one text from left to right: wrapper, noun phrase, what is said of it."""

    def _target_start(self, i: int) -> int:
        """Where the target starts, when the wrapper ends at ``i``."""
        return i

    def _attach(self, at: int, nouns: Sequence[Phrase]) -> Phrase | None:
        """The noun that the word at ``at`` depends on, where a parse tells."""
        return None

    def read(self) -> Phrase:
        """The target with all that is said of it."""
        wrapper = unwrap(self.words, self.size, errand(self.words, self.size))
        before = Phrase("one", "one", headless=True)
        i = self._target_start(self._introduction(wrapper.start, before))
        target, i = self._target(i) or self._target(0 if i >= self.size else i) or (before, i)
        self._merge(target, before)
        if self._is_recipient(target, i):
            target, i = self.noun.read(i, target=True) or (target, i)
        if target.head in nouns.INVARIANT and target.number == "one":
            verb = self.words[i + (self.words[i] in lex.RELATIVES)]
            target.number = "all" if verb in ("are", "were", "have") else "one"
        self.path = Path(target, self._attach)
        self.further: list[Phrase] = []
        self.elliptic = False
        if wrapper.placing:
            self._stop_at(goal(self.words, i, self.size))
        self._modifiers(i)
        target.also = self.further
        if self.elliptic:  # "the first and third cup from the right on the shelf"
            target.side = target.side or self.further[0].side
            target.relations = target.relations or self.further[0].relations
        if target.headless:
            self._name_the_unnamed(target)
        return target

    def _is_recipient(self, target: Phrase, i: int) -> bool:
        """Whether the noun phrase before ``i`` gets another one: "give the dog the bone"."""
        giving = self.words[target.span[0] - 1] in ("give", "hand", "pass", "bring", "throw")
        receiver = w.is_animate(target.head) or not target.determiner
        return giving and receiver and self.words[i] in lex.ARTICLES | lex.POSSESSIVES

    def _target(self, i: int) -> tuple[Phrase, int] | None:
        word = self.words[i]
        somebody = word in ("someone", "somebody")
        if somebody or (word in ("it", "them", "him", "her") and self.noun.closes(i + 1)):
            number: Number = "all" if word == "them" else "one"
            return Phrase(word, word, number=number, span=(i, i + 1)), i + 1
        return self.noun.read(i, target=True)

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
            elif words[i] in ("not", "neither") and words[i + 1] in lex.DETERMINERS:
                i = negation.exclude(self.noun, i + 1, before)
            elif words[i] in (COMMA, STOP, "but", "and", "or", "i", "is") or (
                words[i] in lex.FILLERS or words[i] in ("want", "mean", "rather")
            ):
                i += 1
            elif i > start and (unwrapped := unwrap(words, self.size, i)).start > i:
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
        """When nothing at all was understood, the last word is the noun; so is a bare number."""
        if not any(c.isalpha() for c in self.noun.tokens.source):
            target.target = target.head = self.noun.tokens.source.strip()
            target.number = "one"
            return
        said = target.attributes or target.position or target.relations or target.excluded
        if said or target.superlative or target.ordinal is not None or target.number != "one":
            return
        tokens = [t for t in self.noun.tokens.items if any(c.isalpha() for c in t.text)]
        if tokens and tokens[-1].text not in lex.DETERMINERS:
            target.target = target.head = tokens[-1].text

    def _modifiers(self, i: int) -> None:
        while i < self.size and self.words[i]:
            following = self._step(i)
            if following is None:
                return
            i = max(following, i + 1)

    def _step(self, i: int) -> int | None:
        """Reads one modifier at ``i``; the index after it, or None at the end of the expression."""
        word = self.words[i]
        self.path.at = i
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
        if word in lex.SUBORDINATORS:
            return None
        return self._described(i)

    def _after_stop(self, i: int) -> int | None:
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

    def _junction(self, i: int) -> int | None:
        words = self.words
        j = i + 1
        while words[j] in (COMMA, "and", "but", "then", "also") or words[j] in lex.HESITATIONS:
            j += 1
        if words[j] == "not" or ((everything := self._everything()) and words[i] == "but"):
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
        if self.noun.compares(j):
            self.path.force(self.path.target)
            return self._compared(j)
        if words[j] in lex.HAVING or w.placement(words[j]) or w.is_ing(words[j]):
            self.path.force(self.path.holder if words[i] == "and" else self.path.target)
            return j
        if words[j] in lex.RELATIVES or words[j] in lex.LINKING or words[j] in lex.NEGATORS:
            self.path.force(self.path.target)
            return j
        return self._coordinated(j, words[i])

    def _coordinated(self, i: int, junction: str) -> int | None:
        """A further anchor of the same preposition, an apposition, or a further predicate."""
        words = self.words
        described = self.predicate and (w.may_describe(words[i]) or w.superlative(words[i]))
        if (described or w.is_adjective(words[i])) and self.noun.closes(i + 1):
            return i
        found = self.noun.read(i)
        if found is None:
            return i
        phrase, end = found
        open_anchors = self._open_anchors()
        listing = junction == "and" or (words[end] in (COMMA, "and") and len(words) > end)
        other = junction == "and" and bool(phrase.determiner) and not phrase.headless
        if other and (phrase.head == "one" or (open_anchors and open_anchors[-1].content)):
            self._further_target(phrase)  # "a cup of tea and a biscuit", "and the one in front"
            return end
        if phrase.headless or phrase.head in ("one", "ones"):
            self._absorb(phrase)
            return end
        if open_anchors is not None and listing and junction != "but":
            phrase.role = open_anchors[-1].role
            open_anchors.append(phrase)
            self.path.close(max(len(self.path.nouns) - 1, 1))
            self.path.push(phrase)
            return end
        detail = not phrase.determiner and w.is_detail(phrase.head)
        if detail and not w.is_detail(self.path.target.head):  # "red bottle, blue cap"
            self._relate("with", phrase)
        elif open_anchors is None and listing:
            self._further_target(phrase)
        elif self._telegraphic(phrase):
            self._relate("with", phrase)
        return end

    def _further_target(self, phrase: Phrase) -> None:
        """ "the mug and the bowl": what follows is said of the bowl."""
        first = self.path.target
        if first.headless:  # "the left and right speakers"
            first.target = self.noun.tokens.span(first.span[0], phrase.span[1])
            first.head, first.headless, phrase.number = phrase.head, False, "one"
            self.elliptic = not self.further
        elif phrase.head == "one":
            phrase.head = first.head
        if self.words[first.span[0]] == "both":
            first.number = "one"
        self.further.append(phrase)
        self.path = Path(phrase, self._attach)
        self.predicate = False

    def _open_anchors(self) -> list[Phrase] | None:
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

    def _everything(self) -> bool:
        target = self.path.target
        counted = target.determiner in ("all", "any", "each", "every")
        return target.number == "all" or counted or target.head in nouns.NEUTRAL

    def _negated(self, i: int) -> int | None:
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
