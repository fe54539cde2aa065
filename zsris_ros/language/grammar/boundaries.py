"""Where a noun phrase ends: closed-class words, verbs after the head, positions, adjectives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zsris_ros.language.grammar.command_prefix import commands_pronoun, commands_thing
from zsris_ros.language.grammar.tokens import COMMA, STOP, Tokens
from zsris_ros.language.lexicon import adjectives as adj
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as w
from zsris_ros.language.lexicon import nouns

_CLAUSE_WORDS = lex.LINKING | {"has", "have", "had", "having", "does", "do", "did", "doesn't"}


class Boundaries:
    """Questions about the places of one text. ``words`` is padded with empty words at its end.

    ``chunk_ends`` tells, for the tokens inside a noun chunk of a dependency parse, where the chunk
    ends; without it the end of a run is found by word classes.
    """

    def __init__(self, tokens: Tokens, chunk_ends: Mapping[int, int] | None = None) -> None:
        self.tokens = tokens
        self.words: list[str] = [token.text for token in tokens.items] + [""] * 8
        self.size = len(tokens.items)
        self.chunk_ends = chunk_ends or {}
        self._closes: dict[int, bool] = {}
        self._idle: dict[int, bool] = {}
        self._relations: dict[int, tuple[str, int] | None] = {}

    def cut(self, end: int) -> None:
        """Forgets the words from ``end`` on."""
        self.words[end:] = [""] * (len(self.words) - end)
        self._closes.clear()
        self._idle.clear()
        self._relations.clear()

    def closes(self, i: int) -> bool:
        """Whether nothing of a noun phrase can stand at ``i``: its end, a preposition, a verb."""
        known = self._closes.get(i)
        if known is None:
            known = self._closes[i] = self._closing(i)
        return known

    def _closing(self, i: int) -> bool:
        word = self.words[i]
        return (
            word in ("", COMMA, STOP, "'s", "and", "or", "but", "nor", "than", "that")
            or word in lex.NEGATORS
            or (word in lex.RELATIVES and word != "where")
            or word in _CLAUSE_WORDS
            or word in lex.OBJECT_PRONOUNS
            or word in lex.SUBJECTS
            or word in lex.DETERMINERS
            or self.relation(i) is not None
            or self.made(i)
            or word in lex.CLOSING
            or word in lex.SUBORDINATORS
            or commands_pronoun(self.words, i)
            or commands_thing(self.words, i)
            or self.idle(i)
            or w.match(lex.NEGATIVE_PHRASES, self.words, i) is not None
        )

    def idle(self, i: int) -> bool:
        """Whether a phrase stands at ``i`` that says nothing of a thing: "right now"."""
        if i not in self._idle:
            self._idle[i] = w.match(lex.TIME_PHRASES, self.words, i) is not None
        return self._idle[i]

    def silent(self, i: int) -> bool:
        """Whether nothing more is said of a thing at ``i``."""
        word = self.words[i]
        return (
            word in ("", COMMA, STOP)
            or word in lex.CLOSING
            or word in lex.SUBORDINATORS
            or self.idle(i)
        )

    def relation(self, i: int) -> tuple[str, int] | None:
        if i not in self._relations:
            row = None if self.idle(i) else w.match(lex.RELATIONS, self.words, i)
            corner = i > 0 and self.words[i] in ("left", "right") and self._upright(i - 1)
            if row is not None and corner:
                row = None  # "top left of the tray" is a corner of it
            self._relations[i] = row
        return self._relations[i]

    def _upright(self, i: int) -> bool:
        """Whether a word for above or below stands at ``i``: "upper", "bottom"."""
        return bool({"top", "bottom"} & set(w.positions(self.words[i])))

    def ends(self, i: int) -> bool:
        """Whether nothing can follow a word that stands before ``i`` but a new phrase."""
        return self.closes(i) and self.words[i] not in lex.DETERMINERS

    def made(self, i: int) -> bool:
        return w.match(lex.MADE, self.words, i) is not None

    def deed(self, i: int) -> int | None:
        """The index after somebody and what they did, at ``i``: "my brother left", "mum put"."""
        words, j = self.words, i + 1
        if words[i] not in nouns.FAMILY and words[i] not in lex.ARTICLES | lex.POSSESSIVES:
            return None
        while j < i + 4 and words[j] not in lex.DEEDS and not self.closes(j):
            j += 1
        named = words[i] in nouns.FAMILY or j > i + 1
        if not named or words[j] not in lex.DEEDS or self.relation(j) is not None:
            return None
        return j + 1 if self.relation(j + 1) is not None or self.silent(j + 1) else None

    def placed(self, i: int) -> bool:
        """Whether position words stand at ``i``, with nothing after them they could modify."""
        while self.words[i] in lex.EXTREMES:
            i += 1
        if not w.positions(self.words[i]):
            return w.superlative(self.words[i]) in ("left", "right", "top", "bottom")
        limit = i + 6
        while i < limit and (w.positions(self.words[i]) or self.words[i] in lex.POSITION_NOUNS):
            i += 1
        return self.closes(i) or self.words[i] in lex.ADVERBS

    def compares(self, i: int) -> bool:
        """Whether "closest to the wall" or "taller than the jar" stands at ``i``."""
        near = w.superlative(self.words[i]) in ("near", "far")
        than = self.words[i] in lex.COMPARATIVES and self.words[i + 1] == "than"
        return than or (near and self.closes(i + 1))

    def _verb(self, i: int, run: Sequence[int]) -> bool:
        """Whether a participle at ``i`` follows the head rather than precedes one."""
        word, following = self.words[i], self.words[i + 1]
        if word in lex.HAVING and word not in ("hold", "carry", "bearing", "got"):
            return True
        if not self.silent(i + 1) and (word in lex.LABELS or word in lex.OWNED):
            return self.relation(i + 1) is None or self.ends(i + 2)
        ends = self.closes(i + 1) or self.placed(i + 1) or following in lex.ADVERBS
        ends = ends or (w.ordinal(following) is not None and self.closes(i + 2))
        ends = ends or following in lex.POSTURES or w.is_manner(following)
        if w.placement(word):
            return ends or self.compares(i + 1)
        if not (w.is_ing(word) or w.is_ed(word)):
            return False
        before = self.words[run[-1]]
        if w.is_ing(word) and w.is_person(before) and before not in ("baby", "kid"):
            return True  # "girl blowing bubbles"
        if w.is_ed(word) and w.is_adjective(following) and self.closes(i + 2):
            return True  # "painted red", "stamped fragile"
        return ends or (w.is_animate(before) and word in adj.TRANSITIVE)

    def _follows_head(self, i: int, run: Sequence[int], bare: bool) -> bool:
        """Whether the word at ``i``, after a possible head, starts something new."""
        word, last = self.words[i], self.words[run[-1]]
        if word in lex.ADVERBS and not w.positions(word):
            return True
        if word in nouns.FAMILY and self.deed(i) is not None:
            return True
        if self._verb(i, run) or w.ordinal(word) is not None:
            return True
        if word in lex.EXTREMES and (w.positions(self.words[i + 1]) or self.closes(i + 1)):
            return True
        if w.superlative(word) and (bare or self.closes(i + 1) or self.placed(i + 1)):
            return True
        number = word.isdecimal() and self.closes(i + 1)
        if number or (word == "number" and self.words[i + 1].isdecimal()):
            return True
        if word == "full" and self.closes(i + 1):
            return True
        if word == "half" and self.words[i + 1] in ("full", "empty"):
            return True
        if last in nouns.INDEFINITE and w.is_adjective(word):
            return True  # "something red"
        if w.positions(word):
            return self._position_follows(i, run)
        shade = word in adj.SHADES and self.words[i + 1] in adj.COLOURS
        if shade and bare and w.is_person(last):
            return True
        worn = w.is_clothing(word) or word in nouns.BODY
        if bare and last in nouns.ANYBODY and worn and (self.closes(i + 1) or self.placed(i + 1)):
            return True  # "man sunglasses"
        if w.is_manner(word):
            following = self.words[i + 1]
            verb = w.is_ed(following) or w.is_ing(following) or w.is_adjective(following)
            return self.closes(i + 1) or (verb and self.closes(i + 2))
        if not w.is_adjective(word) or last in nouns.SHADES_FIRST:
            return False
        if self.closes(i + 1):
            if not w.is_noun_like(last):
                return False
            # "mug red", but "fresh orange" and "woman orange" keep their noun.
            noun = word in adj.COLOUR_NOUNS or (word in adj.NOUNS_TOO and not w.is_person(last))
            return not noun or w.is_person(last)
        known = w.is_animate(last) or (bare and not w.may_describe(last) and self._has(i, last))
        return known and not (last in adj.SHADES and not w.is_person(last))

    def _has(self, i: int, noun: str) -> bool:
        """Whether what stands from ``i`` on is had by ``noun``: "laptop blue sticker", but
        "african grey parrot".
        """
        while not self.closes(i + 1) and not self.placed(i + 1):
            i += 1
        things = nouns.VEHICLES | nouns.CONTAINERS | nouns.NEUTRAL
        return noun in things or w.is_detail(self.words[i])

    def _position_follows(self, i: int, run: Sequence[int]) -> bool:
        """ "guy left", "bowl bottom left" but "car front bumper", "pink top", "tank top"."""
        if self.words[i] == "top" and (self.words[run[-1]] in nouns.TOPS):
            return False
        if self.words[i] in ("center", "centre") and self.words[run[-1]] in nouns.CENTRES:
            return False
        if self.placed(i):
            return True
        return w.is_person(self.words[run[-1]]) or w.is_adjective(self.words[i + 1])

    def _leaves(self, i: int, run: Sequence[int], bare: bool) -> bool:
        """Whether the word at ``i`` is behind the head, by the noun chunk where there is one."""
        end = self.chunk_ends.get(run[0])
        if end is None:
            return self._follows_head(i, run, bare)
        return i >= end or (bool(w.positions(self.words[i])) and self._position_follows(i, run))

    def _intensifies(self, i: int) -> bool:
        """ "right behind", "directly above"; "right in red" and "right with" keep the place."""
        row = self.relation(i + 1)
        if self.words[i] == "right" and row is not None and row[1] == 1:
            return self.words[i + 1] not in ("in", "with", "wearing", "of")
        return row is not None or self.words[i + 1] in ("here", "there")
