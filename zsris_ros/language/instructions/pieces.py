"""A step as read: its action, and the noun phrases and pronouns of its clause."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from zsris_ros.language.grammar.phrase_draft import PhraseDraft
from zsris_ros.language.lexicon import morphology as morph
from zsris_ros.language.lexicon import nouns
from zsris_ros.language.rule_parser import build_noun_phrase
from zsris_ros.types import Action, DestinationKind, NounPhrase, Relation


@dataclass
class Phrase:
    """Noun phrases as read, or a pronoun: ``drafts`` is then empty.

    The pronoun "-" is left out: "put it inside".
    """

    drafts: list[PhraseDraft] = field(default_factory=list)
    sentence: str = ""
    pronoun: str = ""

    def noun_phrases(self) -> tuple[NounPhrase, ...]:
        """Return the noun phrases; the first one has the words of all as its sentence."""
        if len(self.drafts) > 1 and self.drafts[0].number == "one":
            self.drafts[0].text = self.drafts[0].text.removeprefix("both ")
        return tuple(
            adapt(build_noun_phrase(draft, "" if k else self.sentence))
            for k, draft in enumerate(self.drafts)
        )


@dataclass
class Piece:
    """One step as read, before its pronouns are resolved.

    Attributes:
        action: The action of its verb.
        verb: The verb in its base form.
        target: The objects of the verb.
        relations: Relations of all objects that are written apart from them: "off the shelf".
        kind: The kind of the destination, None without one.
        anchor: The anchors of the destination; None for "to the left".
    """

    action: Action
    verb: str
    target: Phrase
    relations: list[tuple[str, Phrase]] = field(default_factory=list)
    kind: DestinationKind | None = None
    anchor: Phrase | None = None


def adapt(phrase: NounPhrase) -> NounPhrase:
    """Return ``phrase`` with pieces of a content as "with", and without the owners of objects."""
    relations = []
    for relation in phrase.relations:
        anchors = tuple(map(adapt, relation.anchors))
        kind = relation.kind
        if kind == "part_of":
            if _is_piece(phrase, relation):
                kind = "with"
            elif _is_owner(phrase, relation):
                continue
        relations.append(replace(relation, kind=kind, anchors=anchors))
    return replace(phrase, relations=tuple(relations))


def _is_piece(phrase: NounPhrase, relation: Relation) -> bool:
    anchor = relation.anchors[0].text
    possessed = f"{anchor}'" in phrase.text
    return morph.singular(phrase.head) in nouns.AMOUNTS and not possessed


def _is_owner(phrase: NounPhrase, relation: Relation) -> bool:
    owner = relation.anchors[0].head
    component = phrase.head in nouns.BODY or morph.is_clothing(phrase.head)
    return morph.is_animate(owner) and owner not in ("robot", "robots") and not component
