"""Text to an Instruction: clauses, their objects, then the pronouns between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from zsris_ros.language.grammar.disfluencies import remove_disfluencies
from zsris_ros.language.grammar.phrase_draft import PhraseDraft
from zsris_ros.language.grammar.tokens import Token, Tokens, tokenise
from zsris_ros.language.instructions.clauses import Clause, split_clauses
from zsris_ros.language.instructions.phrases import (
    keeps,
    read_bare,
    read_clause,
    read_exclusion,
)
from zsris_ros.language.instructions.pieces import Phrase, Piece
from zsris_ros.language.instructions.pronouns import resolve
from zsris_ros.language.lexicon import actions
from zsris_ros.types import Action, Instruction


def parse_instruction(text: str) -> Instruction:
    """Return the steps of ``text``.

    Raises:
        InputError: The text holds no letter or digit.
    """
    tokens = remove_disfluencies(tokenise(text))
    pieces, announced = _read(tokens)
    if not pieces:
        pieces = [read_bare(tokens.source, tokens.items)]
    return Instruction(text, resolve(pieces, announced))


def _read(tokens: Tokens) -> tuple[list[Piece], dict[int, Piece]]:
    """Return the steps as read, and the objects announced before a step by its index."""
    source, items = tokens.source, tokens.items
    words = [token.text for token in items] + [""] * 8
    clauses = split_clauses(words, len(items))
    pieces: list[Piece] = []
    announced: dict[int, Piece] = {}
    negated: list[Sequence[Token]] = []
    front: tuple[Token, ...] = ()
    for k, clause in enumerate(clauses):
        said = items[clause.begin : clause.end]
        if clause.kind == "front":
            front = said
            continue
        if clause.kind == "negative" or _keeps(clause, said, len(clauses)):
            draft = _last_draft(pieces) or _announced_draft(announced)
            if draft is None:
                negated.append(said)
            else:
                read_exclusion(source, said, draft)
            continue
        found = _pieces(source, clause, said + front)
        front = ()
        if clause.kind in ("announce", "bare"):
            following = [c for c in clauses[k + 1 :] if c.kind != "negative"]
            if following and following[0].kind not in ("bare", "announce", "front"):
                announced[len(pieces)] = found[0]
                continue
        pieces += found
        for each in negated:
            if found[0].target.drafts:
                read_exclusion(source, each, found[0].target.drafts[0])
        if found[0].target.drafts:
            negated = []
    if not pieces and announced:
        pieces, announced = list(announced.values()), {}
    return pieces, announced


def _pieces(source: str, clause: Clause, said: Sequence[Token]) -> list[Piece]:
    if clause.kind == "command":
        action = cast(Action, actions.VERBS.get(clause.verb, "other"))
        return read_clause(source, said, action, clause.verb)
    if clause.kind == "hand_over":
        return read_clause(source, said, "hand_over", "need")
    if not said:
        return [Piece("find", clause.verb, Phrase(pronoun="it"))]
    return [read_bare(source, said, clause.verb)]


def _keeps(clause: Clause, said: Sequence[Token], clauses: int) -> bool:
    """Return whether a clause with "leave" asks for no action: "but leave the wet one"."""
    return clause.verb == "leave" and clauses > 1 and keeps(said)


def _last_draft(pieces: Sequence[Piece]) -> PhraseDraft | None:
    named = [piece.target.drafts for piece in pieces if piece.target.drafts]
    return named[-1][0] if named else None


def _announced_draft(announced: dict[int, Piece]) -> PhraseDraft | None:
    return _last_draft(list(announced.values()))
