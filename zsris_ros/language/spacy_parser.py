"""The parser on a spaCy dependency parse (ClearNLP labels: nsubj, dobj, pobj, prep, amod, ...).

The parse gives the target, the ends of noun phrases and the attachment of later phrases. The rules
of ``grammar`` read all else: positions, superlatives, order, relations, number, negation. Lemmas
are not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsris_ros.language.grammar.disfluencies import remove_disfluencies
from zsris_ros.language.grammar.phrase_draft import PhraseDraft
from zsris_ros.language.grammar.reader import read_targets
from zsris_ros.language.grammar.state import ParserState
from zsris_ros.language.grammar.tokens import Tokens, tokenise
from zsris_ros.language.rule_parser import build_expression
from zsris_ros.types import Expression, InputError

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

PIPELINES = ("en_core_web_trf", "en_core_web_lg", "en_core_web_md", "en_core_web_sm")
"""Pipelines that carry the labels used here, best first."""

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

    Raises:
        InputError: None is installed.
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
    """Return the spaCy pipeline with the name or in the folder ``name``.

    Raises:
        InputError: The pipeline is not installed or cannot be read.
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
    """Return the name of a pipeline with its language: "en_core_web_sm"."""
    return f"{pipeline.meta['lang']}_{pipeline.meta['name']}"


class SpacyParser:
    """A parser on one spaCy pipeline, loaded by name or from a folder.

    Raises:
        InputError: The pipeline is not installed.
    """

    def __init__(self, name: str) -> None:
        self._pipeline = load_pipeline(name)
        self.name = full_name(self._pipeline)

    def parse(self, text: str) -> Expression:
        """See ``rule_parser.parse``."""
        source = " ".join(tokenise(text).source.split())
        return expression_from_doc(self._pipeline(source), self.name, text)


def expression_from_doc(doc: Doc, name: str, text: str | None = None) -> Expression:
    """Return the expression in a parsed document; ``text`` is the original where it differs.

    The document needs heads and ``dep_`` labels; noun chunks need ``pos_``.

    Raises:
        InputError: The document holds no letter or digit.
    """
    tokens = remove_disfluencies(tokenise(doc.text))
    targets = read_targets(ParserState(tokens, SpacyDependencies(tokens, doc)))
    return build_expression(targets, text or doc.text, name)


class SpacyDependencies:
    """The target, the ends of noun phrases and the attachment from a dependency parse."""

    def __init__(self, tokens: Tokens, doc: Doc) -> None:
        self._doc = doc
        self._indices = _align(tokens, doc)
        self._chunks = list(doc.noun_chunks) if self._indices else []
        self.chunk_ends: dict[int, int] = {}
        first = {index: i for i, index in reversed(list(enumerate(self._indices)))}
        for chunk in self._chunks:
            inside = [first[k] for k in range(chunk.start, chunk.end) if k in first]
            self.chunk_ends.update({i: max(inside) + 1 for i in inside})

    def target_start(self, i: int) -> int:
        """Return the start of the target's noun chunk, ``i`` where it lies before ``i``."""
        chunk = target_chunk(self._doc, self._chunks)
        if chunk is None or chunk.start not in self._indices:
            return i
        return max(i, self._indices.index(chunk.start))

    def owner(self, i: int, nouns: Sequence[PhraseDraft]) -> PhraseDraft | None:
        """Return the first of ``nouns`` among the heads of the token at ``i``."""
        if not self._indices:
            return None
        owners = {self._indices[k]: noun for noun in nouns for k in range(*noun.span)}
        token: Token = self._doc[self._indices[i]]
        for _ in range(len(self._doc)):
            if token.i in owners:
                return owners[token.i]
            if token.head.i == token.i:
                return None
            token = token.head
        return None


def _align(tokens: Tokens, doc: Doc) -> list[int]:
    """Return the index of the spaCy token at each token's start; empty where lengths differ."""
    if len(tokens.source) != len(doc.text):
        return []
    at = [0] * (len(doc.text) + 1)
    for token in doc:
        for k in range(token.idx, token.idx + len(token.text)):
            at[k] = token.i
    return [at[token.start] for token in tokens.items]


def target_chunk(doc: Doc, chunks: Sequence[Span]) -> Span | None:
    """Return the noun chunk of the target, None where the parse gives none.

    As in Global-Local CLIP, section 3.4, the chunk of the root or of a child of its verb. Unlike
    the published code, objects precede other children, pronouns are no targets, and clauses below
    a verb of wanting or asking are followed.
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
