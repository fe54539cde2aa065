"""The objects that "it", "them", "there" and the like mean, by the steps before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from zsris_ros.language.grammar.introductions import limb_end
from zsris_ros.language.instructions.pieces import Phrase, Piece
from zsris_ros.types import Destination, NounPhrase, Relation, Step

_APPROACHES = frozenset(("at", "on", "near", "next_to", "above"))
"""Destinations of the robot whose anchor is the object that is meant."""
_STATES = frozenset(("open", "close", "turn_on", "turn_off"))
"""Actions that change an object where it is."""


@dataclass(frozen=True)
class _Referent:
    """An earlier step by its index, or noun phrases written out."""

    index: int | None = None
    phrases: tuple[NounPhrase, ...] = ()


def resolve(pieces: Sequence[Piece], announced: dict[int, Piece]) -> tuple[Step, ...]:
    """Return the steps of ``pieces`` with every pronoun replaced by the object it means.

    Args:
        pieces: The steps as read.
        announced: Objects that are named before the step of the index: "there is a mug, ...".
    """
    steps: list[Step] = []
    waiting: tuple[NounPhrase, ...] = ()
    for k, piece in enumerate(pieces):
        if k in announced:
            waiting = _targets(announced[k], steps, ())
        following = pieces[k + 1] if k + 1 < len(pieces) else None
        if following is not None and not steps and not waiting and _shares(piece, following):
            piece.target, following.target = following.target, Phrase(pronoun="it")
        if piece.anchor is not None and _moves_robot(piece, bool(steps or waiting)):
            piece = Piece("other", piece.verb, piece.anchor)
        step, waiting = _step(piece, steps, waiting)
        steps.append(step)
    return tuple(steps)


def _moves_robot(piece: Piece, has_referents: bool) -> bool:
    """Return whether the robot itself moves to an object: "move to the mug", "put your hand on it".

    Without ``has_referents`` an object that is left out is the robot.
    """
    if piece.anchor is None or not piece.anchor.drafts or piece.kind not in _APPROACHES:
        return False
    if piece.target.pronoun:
        return piece.target.pronoun == "-" and not has_referents
    words = [*piece.target.drafts[0].text.split(), "", ""]
    return limb_end(words, 0) == len(words) - 2


def _shares(piece: Piece, following: Piece) -> bool:
    """Return whether two verbs share the object of the second: "pick up and place the bowl"."""
    elided = piece.target.pronoun == "-" and piece.kind is None and bool(piece.verb)
    return elided and bool(following.target.drafts)


def _step(
    piece: Piece, steps: Sequence[Step], waiting: tuple[NounPhrase, ...]
) -> tuple[Step, tuple[NounPhrase, ...]]:
    targets: tuple[NounPhrase, ...] = ()
    same_as: int | None = None
    if piece.target.drafts:
        targets = _targets(piece, steps, waiting)
    elif waiting:
        targets, waiting = waiting, ()
    else:
        meant = _meant_target(piece, steps)
        if meant is None:
            targets = (_unresolved(piece.target.pronoun),)
        else:
            same_as, targets = meant.index, meant.phrases
    destination = None
    if piece.kind is not None:
        destination, waiting = _destination(piece, steps, same_as, waiting)
    step = Step(
        action=piece.action,
        target=targets[0] if targets else None,
        further=targets[1:],
        same_as=same_as,
        destination=destination,
        verb=piece.verb,
    )
    return step, waiting


def _targets(
    piece: Piece, steps: Sequence[Step], waiting: tuple[NounPhrase, ...]
) -> tuple[NounPhrase, ...]:
    """Return the named targets with the relations that are written apart from them."""
    relations = []
    for kind, phrase in piece.relations:
        anchors = phrase.noun_phrases()
        if phrase.pronoun:
            anchors = waiting or _written(_last_named(steps, None), steps)
        if anchors:
            relations.append(Relation(kind, anchors))
    return tuple(
        replace(phrase, relations=(*phrase.relations, *relations))
        for phrase in piece.target.noun_phrases()
    )


def _destination(
    piece: Piece, steps: Sequence[Step], moved: int | None, waiting: tuple[NounPhrase, ...]
) -> tuple[Destination, tuple[NounPhrase, ...]]:
    assert piece.kind is not None
    if piece.anchor is None:
        return Destination(piece.kind), waiting
    if not piece.anchor.pronoun:
        return Destination(piece.kind, piece.anchor.noun_phrases()), waiting
    if piece.anchor.pronoun in ("left", "right"):
        return Destination(piece.kind), waiting
    if waiting:
        return Destination(piece.kind, waiting), ()
    index = _last_named(steps, moved)
    if piece.action == "hand_over" or index is None:
        anchors = () if piece.action == "hand_over" else _last_anchors(steps)
        word = piece.anchor.pronoun
        if not anchors and word != "-":
            anchors = (_unresolved(word),)
        return Destination(piece.kind, anchors), waiting
    return Destination(piece.kind, same_as=index), waiting


def _meant_target(piece: Piece, steps: Sequence[Step]) -> _Referent | None:
    """Return the object of a pronoun after the verb of ``piece``, None without an earlier one."""
    if piece.action in _STATES:
        states = [k for k, step in enumerate(steps) if step.action in _STATES]
        if states:
            last = steps[states[-1]]
            return _Referent(states[-1] if last.target is not None else last.same_as)
        opened = piece.action in ("open", "close")
        for step in reversed(steps):
            destination = step.destination
            if destination is not None and destination.kind == "inside":
                if destination.same_as is not None:
                    return _Referent(destination.same_as)
                if destination.anchors:
                    return _Referent(phrases=destination.anchors)
            inner = [r for each in step.targets for r in each.relations if r.kind == "inside"]
            if opened and inner:
                return _Referent(phrases=inner[-1].anchors)
        index = _last_named(steps, None)
        return None if index is None else _Referent(index)
    named = [k for k, step in enumerate(steps) if step.target is not None]
    moved = [k for k in named if steps[k].action not in _STATES]
    meant = moved or named
    return _Referent(meant[-1]) if meant else None


def _unresolved(pronoun: str) -> NounPhrase:
    """Return the noun phrase of a pronoun that no earlier object explains."""
    pronoun = pronoun.replace("-", "it")
    *_, head = pronoun.split()
    several = bool({"them", "those", "these", "ones"} & set(pronoun.split()))
    return NounPhrase(pronoun, head, number="all" if several else "one")


def _last_named(steps: Sequence[Step], other_than: int | None) -> int | None:
    """Return the index of the last step that names its target."""
    named = [k for k, step in enumerate(steps) if step.target is not None and k != other_than]
    return named[-1] if named else None


def _written(index: int | None, steps: Sequence[Step]) -> tuple[NounPhrase, ...]:
    return () if index is None else steps[index].targets


def _last_anchors(steps: Sequence[Step]) -> tuple[NounPhrase, ...]:
    """Return the anchors of the last destination that has any."""
    for step in reversed(steps):
        if step.destination is not None and step.destination.anchors:
            return step.destination.anchors
    return ()
