"""The words of one text by index, and the state of its parse."""

from __future__ import annotations

from zsris_ros.language.grammar.attachment import Dependencies, NounPath
from zsris_ros.language.grammar.command_prefix import is_command_about_pronoun, is_strong_command
from zsris_ros.language.grammar.introductions import manner
from zsris_ros.language.grammar.phrase_draft import PhraseDraft
from zsris_ros.language.grammar.tokens import COMMA, STOP, Tokens
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph
from zsris_ros.language.lexicon import nouns

_PUNCTUATION = frozenset(("", COMMA, STOP, "'s", "and", "or", "but", "nor", "than", "that"))
_CLOSING_WORDS = (
    _PUNCTUATION
    | lex.NEGATORS
    | (lex.RELATIVES - {"where"})
    | lex.LINKING
    | {"has", "have", "had", "having", "does", "do", "did", "doesn't"}
    | lex.OBJECT_PRONOUNS
    | lex.SUBJECTS
    | lex.DETERMINERS
    | lex.CLOSING
    | lex.SUBORDINATORS
)


class ParserState:
    """The state that all rules of the grammar share.

    Attributes:
        words: The words, padded with empty words at the end.
        size: The number of words that are read; ``truncate`` lowers it.
        dependencies: The decisions of a dependency parse, None without one.
        relations: The prepositions with their kinds.
        path: The nouns that later modifiers can belong to.
        predicate: Whether a predicate is read: after "is", after a participle.
        after_relative: The relative pronoun whose clause is read, or "".
        further: The targets after the first one.
        elliptic: Whether the first target shares the head of the second one.
        resumed: Whether unknown words before the text were skipped.
    """

    path: NounPath

    def __init__(
        self,
        tokens: Tokens,
        dependencies: Dependencies | None = None,
        relations: lex.Phrases = lex.RELATIONS,
    ) -> None:
        self.tokens = tokens
        self.relations = relations
        self.words: list[str] = [token.text for token in tokens.items] + [""] * 8
        self.size = len(tokens.items)
        self.dependencies = dependencies
        self.predicate = False
        self.after_relative = ""
        self.further: list[PhraseDraft] = []
        self.elliptic = False
        self.resumed = False
        self._closes: dict[int, bool] = {}
        self._relations: dict[int, tuple[str, int] | None] = {}

    def start_target(self, target: PhraseDraft) -> None:
        """Attach all later modifiers to ``target``."""
        self.path = NounPath(target, self.dependencies)
        self.predicate = False

    def resume_target(self) -> None:
        """Attach the next modifier to the target, as a predicate."""
        self.path.force(self.path.target)
        self.predicate = True

    def truncate(self, end: int) -> None:
        """Drop the words from ``end`` on."""
        self.size = end
        self.words[end:] = [""] * (len(self.words) - end)
        self._closes.clear()
        self._relations.clear()

    def closes(self, i: int) -> bool:
        """Return whether a noun phrase ends before ``i``: at punctuation, a preposition, a verb."""
        if i not in self._closes:
            self._closes[i] = (
                self.words[i] in _CLOSING_WORDS
                or self.relation(i) is not None
                or morph.match(lex.MADE, self.words, i) is not None
                or is_command_about_pronoun(self.words, i)
                or is_strong_command(self.words, i)
                or self.time_phrase(i) > 0
                or self.is_purpose(i)
                or morph.match(lex.NEGATIVE_PHRASES, self.words, i) is not None
            )
        return self._closes[i]

    def relation(self, i: int) -> tuple[str, int] | None:
        """Return the kind and the length of the preposition at ``i``."""
        if i not in self._relations:
            side = i > 0 and self.words[i] in ("left", "right")
            corner = side and {"top", "bottom"} & set(morph.positions(self.words[i - 1]))
            # "top left of the tray" is a corner of it.
            none = corner or self.time_phrase(i)
            self._relations[i] = None if none else morph.match(self.relations, self.words, i)
        return self._relations[i]

    def time_phrase(self, i: int) -> int:
        """Return the length of a phrase that describes no object at ``i``: "right now"."""
        row = morph.match(lex.TIME_PHRASES, self.words, i)
        return manner(self.words, i) if row is None else row[1]

    def is_purpose(self, i: int) -> bool:
        """Return whether a purpose starts at ``i``: "so I can drink"."""
        return self.words[i] == "so" and self.words[i + 1] in lex.SUBJECTS | {"that"}

    def skip_fillers(self, i: int) -> int:
        """Return the index after fillers, adverbs such as "down" and time phrases."""
        while word := self.words[i]:
            length = self.time_phrase(i)
            if not length and word not in lex.CLOSING and word not in lex.FILLERS:
                break
            i += length or 1
        return i

    def is_final(self, i: int) -> bool:
        """Return whether the description of an object ends at ``i``."""
        word = self.words[i]
        return (
            word in ("", COMMA, STOP)
            or word in lex.CLOSING
            or word in lex.SUBORDINATORS
            or self.time_phrase(i) > 0
        )

    def ends(self, i: int) -> bool:
        """Return whether only a new phrase can follow the word before ``i``."""
        return self.closes(i) and self.words[i] not in lex.DETERMINERS

    def is_position(self, i: int) -> bool:
        """Return whether position words that modify no later noun stand at ``i``."""
        while self.words[i] in lex.EXTREMES:
            i += 1
        if not morph.positions(self.words[i]):
            return morph.superlative(self.words[i]) in lex.PICTURE_SIDES
        limit = i + 6
        while i < limit and (morph.positions(self.words[i]) or self.words[i] in lex.POSITION_NOUNS):
            i += 1
        return self.closes(i) or self.words[i] in lex.ADVERBS

    def is_comparison(self, i: int) -> bool:
        """Return whether "closest to the wall" or "taller than the jar" stands at ``i``."""
        near = morph.superlative(self.words[i]) in ("near", "far")
        than = self.words[i] in lex.COMPARATIVES and self.words[i + 1] == "than"
        return than or (near and self.closes(i + 1))

    def subject_and_verb(self, i: int) -> int | None:
        """Return the index after a person and an action at ``i``: "my brother left", "mum put"."""
        words, j = self.words, i + 1
        if words[i] not in nouns.FAMILY and words[i] not in lex.ARTICLES | lex.POSSESSIVES:
            return None
        while j < i + 4 and words[j] not in lex.ACTIONS and not self.closes(j):
            j += 1
        named = words[i] in nouns.FAMILY or j > i + 1
        if not named or words[j] not in lex.ACTIONS or self.relation(j) is not None:
            return None
        return j + 1 if self.relation(j + 1) is not None or self.is_final(j + 1) else None
