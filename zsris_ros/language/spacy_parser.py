"""The parser on a spaCy dependency parse (ClearNLP labels: nsubj, dobj, pobj, prep, amod, ...).

The parse decides what a parse is good at: which noun phrase is the target, where noun phrases end,
and which noun a later phrase belongs to. Everything else (positions, superlatives, order, kinds of
relation, number, negation) is read by the same rules as without a parse. Lemmas are not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsris_ros.language.grammar.disfluencies import mend
from zsris_ros.language.grammar.noun_phrases import NounPhraseReader
from zsris_ros.language.grammar.phrase_draft import Phrase
from zsris_ros.language.grammar.tokens import Tokens, tokenise
from zsris_ros.language.rule_parser import Reader, to_expression
from zsris_ros.types import Expression, InputError

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

PIPELINES = ("en_core_web_trf", "en_core_web_lg", "en_core_web_md", "en_core_web_sm")
"""Pipelines known to carry the labels used here, best first."""

PUBLISHED_ORDER = ("en_core_web_lg", "en_core_web_trf", "en_core_web_md", "en_core_web_sm")
"""The same for the published methods, whose code uses en_core_web_lg."""

_OBJECTS = ("dobj", "attr", "oprd", "nsubj", "nsubjpass", "pobj")
_CLAUSES = ("xcomp", "ccomp", "parataxis", "advcl", "conj", "prep")
_MAX_DEPTH = 4


def installed(order: Sequence[str] = PIPELINES) -> list[str]:
    """Return the installed pipelines of ``order`` in this order; empty without spaCy."""
    try:
        from spacy.util import is_package
    except ImportError:
        return []
    return [name for name in order if is_package(name)]


def best_installed(order: Sequence[str] = PIPELINES) -> str:
    """Return the first installed pipeline of ``order``.

    Raises InputError when there is none.
    """
    found = installed(order)
    if not found:
        raise InputError(
            "no English spaCy pipeline is installed: run "
            '"python -m spacy download en_core_web_sm", or use the parser "rules"'
        )
    return found[0]


@lru_cache(maxsize=2)
def load_pipeline(name: str) -> Any:
    """The spaCy pipeline called ``name``, or the one in the folder ``name``.

    Raises InputError when it is not installed or cannot be read.
    """
    try:
        import spacy

        return spacy.load(name, exclude=["ner", "lemmatizer"])
    except (ImportError, OSError, ValueError) as error:
        source = (
            "make the folder with `zsris train-language`"
            if Path(name).is_dir()
            else f'install it with "python -m spacy download {name}"'
        )
        raise InputError(
            f'the spaCy pipeline "{name}" cannot be loaded: {source}, or use the parser "rules" '
            f"({error})"
        ) from error


def full_name(pipeline: Any) -> str:
    """ "en_core_web_sm", wherever the pipeline was loaded from."""
    return f"{pipeline.meta['lang']}_{pipeline.meta['name']}"


class SpacyParser:
    """Parses with one spaCy pipeline, loaded on construction by name or from a folder.

    Raises InputError when the pipeline is not installed.
    """

    def __init__(self, name: str) -> None:
        self._pipeline = load_pipeline(name)
        self.name = full_name(self._pipeline)

    def parse(self, text: str) -> Expression:
        """The expression in ``text``. Raises InputError when the text holds no letter or digit."""
        source = " ".join(tokenise(text).source.split())
        return expression_from_doc(self._pipeline(source), self.name, text)


def expression_from_doc(doc: Doc, name: str, text: str | None = None) -> Expression:
    """The expression in a parsed document; ``text`` is the original where it differs.

    Needs heads and ``dep_`` labels; noun chunks need ``pos_``. Raises InputError when the
    document holds no letter or digit.
    """
    tokens = mend(tokenise(doc.text))
    return to_expression(SpacyReader(tokens, doc).read(), text or doc.text, name)


class SpacyReader(Reader):
    """The rules' reader with target, ends of noun phrases and attachment from a parse."""

    def __init__(self, tokens: Tokens, doc: Doc) -> None:
        self.doc = doc
        self.indices = _align(tokens, doc)
        self.chunks = list(doc.noun_chunks) if self.indices else []
        super().__init__(NounPhraseReader(tokens, self._chunk_ends()))

    def _chunk_ends(self) -> dict[int, int]:
        ends: dict[int, int] = {}
        first = {index: i for i, index in reversed(list(enumerate(self.indices)))}
        for chunk in self.chunks:
            inside = [first[k] for k in range(chunk.start, chunk.end) if k in first]
            ends.update({i: max(inside) + 1 for i in inside})
        return ends

    def _target_start(self, i: int) -> int:
        chunk = target_chunk(self.doc, self.chunks)
        if chunk is None or chunk.start not in self.indices:
            return i
        start = self.indices.index(chunk.start)
        # A chunk within what was already read (a direction, what is not meant) is not the target.
        return start if start >= i else i

    def _attach(self, at: int, nouns: Sequence[Phrase]) -> Phrase | None:
        """The phrase the token at ``at`` depends on: up its heads until one of ``nouns``."""
        if not self.indices:
            return None
        owners = {}
        for noun in nouns:
            for k in range(*noun.span):
                owners[self.indices[k]] = noun
        token: Token = self.doc[self.indices[at]]
        for _ in range(len(self.doc)):
            if token.i in owners:
                return owners[token.i]
            if token.head.i == token.i:
                return None
            token = token.head
        return None


def _align(tokens: Tokens, doc: Doc) -> list[int]:
    """For each token the index of spaCy's token it starts in; empty when lengths differ."""
    if len(tokens.source) != len(doc.text):
        return []
    at = [0] * (len(doc.text) + 1)
    for token in doc:
        for k in range(token.idx, token.idx + len(token.text)):
            at[k] = token.i
    return [at[token.start] for token in tokens.items]


def target_chunk(doc: Doc, chunks: Sequence[Span]) -> Span | None:
    """The noun chunk that is asked for, or None when the parse does not tell.

    As published (Global-Local CLIP, section 3.4) the root's own chunk, and under a verb a
    child's; unlike the published code the object is preferred to the first child, pronouns are
    no targets, and clauses below a verb of wanting or asking are followed.
    """
    of_token = {k: chunk for chunk in chunks for k in range(chunk.start, chunk.end)}
    for root in (token for token in doc if token.head.i == token.i):
        found = _below(root, of_token, 0)
        if found is not None:
            return found
    return None


def _below(token: Token, of_token: dict[int, Span], depth: int) -> Span | None:
    own = of_token.get(token.i)
    if own is not None:
        return None if token.pos_ == "PRON" and token.lower_ not in ("one", "ones") else own
    if depth > _MAX_DEPTH:
        return None
    children = list(token.children)
    for label in (*_OBJECTS, *_CLAUSES):
        for child in children:
            if child.dep_ == label:
                found = _below(child, of_token, depth + 1)
                if found is not None:
                    return found
    return None
