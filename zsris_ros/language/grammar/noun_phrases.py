"""One noun phrase: determiner, quantity, modifiers, possessor, head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zsris_ros.language.grammar.boundaries import Boundaries
from zsris_ros.language.grammar.phrase_draft import MAX_DEPTH, Phrase
from zsris_ros.language.grammar.premodifiers import count, form_number, premodify, quantified
from zsris_ros.language.grammar.tokens import COMMA, Tokens
from zsris_ros.language.lexicon import adjectives as adj
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as w
from zsris_ros.language.lexicon import nouns
from zsris_ros.language.lexicon.function_words import word_set
from zsris_ros.types import Number

_QUANTITY = ("all", "both", "each", "every", "any", "some", "several", "many", "few", "which",
             "what", "whichever", "either")  # fmt: skip
_OWNERS = ("his", "her", "its", "their", "with")
PAIRS = word_set("pair pairs couple")


class NounPhraseReader(Boundaries):
    """Reads noun phrases from one text."""

    def __init__(self, tokens: Tokens, chunk_ends: Mapping[int, int] | None = None) -> None:
        super().__init__(tokens, chunk_ends)
        self._sides: dict[int, str] = {}
        self._paired: set[int] = set()
        self._depth = 0
        self._possessors = 0

    def read(self, i: int, target: bool = False) -> tuple[Phrase, int] | None:
        """The noun phrase at ``i`` and the index after it, or None when there is none."""
        start, i, quantity, determiner = self._determiner(i)
        if self._possessive_pronoun_head(i, determiner):
            head = self.words[i - 1]
            return Phrase(self.tokens.span(start, i), head, number=quantity or "one"), i
        possessor: Phrase | None = None
        self._possessors = 0
        while True:
            run, i = self._run(i, not determiner and not possessor, target)
            if self.words[i] == "'s" and run:
                possessor = self._build(start, run, quantity, determiner, possessor)
                i, quantity, determiner = i + 1, None, "'s"
                self._possessors += 1
                continue
            break
        if run and self.words[i] == "of" and not self.idle(i) and self._partitive(run):
            self._depth += 1
            inner = self.read(i + 1, target) if self._depth < MAX_DEPTH else None
            self._depth -= 1
            if inner is not None and not inner[0].headless:
                return self._of_several(start, run, inner, quantity)
        if not run and possessor is not None:
            possessor.target = possessor.target or possessor.head
            return possessor, i
        if not run:
            if not determiner and quantity is None:
                return None
            return self._headless(quantity, (start, i)), i
        if not any(w.is_noun_like(self.words[k]) for k in run) and self._no_head(run, i, target):
            phrase = self._headless(quantity, (start, i))
            phrase.number = premodify(phrase, self.words, run, self._sides) or phrase.number
            return phrase, i
        return self._build(start, run, quantity, determiner, possessor), i

    def _possessive_pronoun_head(self, i: int, determiner: str) -> bool:
        return determiner in lex.DEMONSTRATIVES and self.closes(i)

    def _determiner(self, i: int) -> tuple[int, int, Number | None, str]:
        """(start of the phrase, index after determiners, quantity, last determiner)."""
        words, start, quantity, determiner = self.words, i, None, ""
        number: Number | None = quantity
        while True:
            word = words[i]
            if word in lex.HESITATIONS:
                i += 1
                if not determiner and number is None:
                    start = i
            elif word in _QUANTITY and not (word == "all" and words[i + 1] in ("over", "around")):
                number = quantified(word, number)
                determiner = word
                i += 2 if words[i + 1] == "of" else 1
            elif word in lex.DETERMINERS:
                if determiner and determiner not in _QUANTITY and word in lex.ARTICLES:
                    start = i
                determiner = word
                i += 1
            elif (
                w.cardinal(word) is not None
                and words[i + 1] == "of"
                and words[i + 2] in lex.DETERMINERS
            ):
                number = count(w.cardinal(word))
                i += 2
            elif word in ("lot", "lots", "plenty") and words[i + 1] == "of":
                number, determiner, i = "all", determiner or "a", i + 2
            elif word in PAIRS and words[i + 1] == "of":
                number = 2 if word == "couple" else number if isinstance(number, int) else "one"
                determiner = determiner or "a"
                i += 2
            elif w.cardinal(word) is not None and words[i + 1] in PAIRS and words[i + 2] == "of":
                number = count(w.cardinal(word))
                i += 3
                determiner = word
            else:
                return start, i, number, determiner

    def _run(self, i: int, bare: bool, target: bool) -> tuple[list[int], int]:
        """Indices of the words of one run up to its head, and the index after it."""
        words, noun = self.words, False
        run: list[int] = []
        while i < self.size:
            word = words[i]
            if word in (COMMA, "and", "or") and not noun and self._adjectives_go_on(i, run):
                i += 1
                continue
            if word in lex.COMPARATIVES and words[i + 1] == "than":
                break
            counted = self._counted_from(i, noun)
            if counted:
                run.append(i)
                i = counted
                continue
            if (run and self._particle(i) and not noun) or (not noun and self._opens(i, run)):
                pass
            elif (
                self.closes(i)
                or (word in lex.INTENSIFIERS and self._intensifies(i))
                or (noun and self._leaves(i, run, bare))
                or (not run and word in ("wearing", "holding", "having"))
                or (w.is_ing(word) and self._wears_colour(run))
            ):
                break
            if word in PAIRS and words[i + 1] == "of" and run:
                self._paired.add(run[0])
                i += 2
                continue
            if word not in lex.HESITATIONS or (word == "mm" and words[i - 1].isdecimal()):
                run.append(i)
                noun = noun or self._can_be_head(i, bare)
            i += 1
        return run, i

    def _wears_colour(self, run: Sequence[int]) -> bool:
        """ "a woman in white", before a participle that is hers."""
        return (
            len(run) == 1
            and self.words[run[0]] in adj.COLOURS
            and bool(run[0])
            and self.words[run[0] - 1] == "in"
        )

    def _can_be_head(self, i: int, bare: bool) -> bool:
        word, following = self.words[i], self.words[i + 1]
        if word == "one":
            verb = w.placement(following) or following in lex.HAVING or following in lex.LABELS
            behind = self.compares(i + 1) or self.placed(i + 1)
            return self.closes(i + 1) or behind or verb or (w.is_ing(following) and not bare)
        if word in nouns.BODY and self.words[i - 1] in _OWNERS and w.is_ed(following):
            return True  # "with back turned"
        return w.is_noun_like(word) and not self._premodifier(i, bare)

    def _counted_from(self, i: int, noun: bool) -> int:
        """The index after "2nd from right" when it stands before the head, else 0."""
        words = self.words
        if noun or words[i + 1] not in ("from", "to") or w.ordinal(words[i]) is None:
            return 0
        j = i + 2 + (words[i + 2] in lex.DETERMINERS)
        side = w.positions(words[j])
        if not side or side[0] not in lex.ORDINAL_SIDES or self.closes(j + 1):
            return 0
        self._sides[i] = lex.ORDINAL_SIDES[side[0]]
        return j + 1

    def _premodifier(self, i: int, bare: bool) -> bool:
        """A participle or a shade that must be followed by more of the phrase."""
        word, following = self.words[i], self.words[i + 1]
        if word in ("near", "one") and not self.closes(i + 1):
            return True
        if word in lex.POSITION_NOUNS and i and w.positions(self.words[i - 1]):
            return not self.closes(i + 1)  # "top row third tile"
        verb = w.placement(following) or following in lex.HAVING or following in lex.LABELS
        verb = verb or ((w.is_ing(following) or w.is_ed(following)) and self.closes(i + 2))
        if word in adj.COLOUR_NOUNS and not verb:
            return w.is_noun_like(following) or w.is_adjective(following)
        shade = word in adj.SHADES and following in adj.COLOURS
        if w.placement(following) and self.closes(i + 2):
            return False  # "a lacewing sitting on a leaf"
        ends = self.compares(i + 1) or (self.closes(i + 1) and not self._particle(i + 1))
        return shade or ((w.is_ing(word) or w.is_ed(word)) and not ends)

    def _particle(self, i: int) -> bool:
        """ "up" in "the rolled up poster"."""
        known = self.words[i] in ("up", "down", "out", "off", "in")
        return known and w.is_ed(self.words[i - 1]) and not self.closes(i + 1)

    def _opens(self, i: int, run: Sequence[int]) -> bool:
        """Words that are prepositions elsewhere: "near zebra", "the inside pocket"."""
        word, following = self.words[i], self.words[i + 1]
        if word == "near":
            return not self.closes(i + 1)
        if word in ("left", "right") and run and following == "of":
            return False
        return word in ("next", "inside", "outside", "opposite") and bool(
            i and self.words[i - 1] in lex.DETERMINERS and not self.closes(i + 1)
        )

    def _adjectives_go_on(self, i: int, run: Sequence[int]) -> bool:
        """ "black and white", "small, round": a further adjective before the same head."""
        j = i + 1 + (self.words[i] == COMMA and self.words[i + 1] in ("and", "or"))
        if not run or self.closes(j) or not w.may_describe(self.words[run[-1]]):
            return False
        if self.closes(j + 1):
            describing = w.is_adjective(self.words[j]) or w.may_describe(self.words[j])
            return describing and self.words[j + 1] in (COMMA, "and", "or")
        return w.is_adjective(self.words[run[-1]]) or w.may_describe(self.words[j])

    def _partitive(self, run: Sequence[int]) -> bool:
        """ "the taller of the candles", "the first of the cups", "one of the men"."""
        last = self.words[run[-1]]
        if last == "one":
            return len(run) == 1
        return bool(w.superlative(last) or w.ordinal(last) is not None) and (
            len(run) == 1 or not w.is_noun_like(self.words[run[-2]])
        )

    def _of_several(
        self, start: int, run: Sequence[int], inner: tuple[Phrase, int], quantity: Number | None
    ) -> tuple[Phrase, int]:
        phrase, end = inner
        if not phrase.headless:
            phrase.target = self.tokens.span(start, end)
            phrase.span = (start, end)
        phrase.number = quantity or "one"
        premodify(phrase, self.words, run, self._sides)
        return phrase, end

    def _no_head(self, run: Sequence[int], i: int, target: bool) -> bool:
        """Whether a run without a noun is headless: "the left", "the red" but "the back of"."""
        last = self.words[run[-1]]
        if last == "top" and len(run) > 1 and self.words[run[-2]] in nouns.TOPS:
            return False
        if last in ("left", "right") and len(run) > 1 and w.positions(self.words[run[-2]]):
            return True  # "the top left of the tray"
        if last in lex.POSITIONS:
            before = self.words[run[0] - 1]
            own = before in _OWNERS and last in nouns.BODY
            return not (self.words[i] == "of" or before == "'s" or own)
        if last == "one":
            return False
        if w.ordinal(last) is not None or w.superlative(last) or w.cardinal(last) is not None:
            return True
        if w.is_extreme(last):
            return True
        return target and last in adj.PURE

    @staticmethod
    def _headless(quantity: Number | None, span: tuple[int, int]) -> Phrase:
        """ "the left", "second from left": a neutral head stands for the unnamed thing."""
        return Phrase("one", "one", number=quantity or "one", headless=True, span=span)

    def _build(
        self,
        start: int,
        run: list[int],
        quantity: Number | None,
        determiner: str,
        possessor: Phrase | None,
    ) -> Phrase:
        head = self.tokens.span(run[-1], run[-1] + 1)
        phrase = Phrase(
            self.tokens.span(start, run[-1] + 1),
            head,
            determiner=determiner,
            span=(start, run[-1] + 1),
        )
        counted = premodify(phrase, self.words, run, self._sides, head=True)
        if run[0] in self._paired:
            quantity = "one"
        phrase.number = counted or quantity or form_number(self.words, run, determiner)
        if possessor is not None and self._possessors < MAX_DEPTH // 3:
            phrase.relate("part_of", possessor)
        return phrase
