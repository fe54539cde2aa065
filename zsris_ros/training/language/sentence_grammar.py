"""A generative grammar of referring expressions with their dependency parses.

Parses have ClearNLP labels (nsubj, dobj, pobj, prep, amod, compound, det, poss, nummod, acl, relcl,
conj, cc, neg, ...) and universal parts of speech, as spaCy's English pipelines do. Attachment
follows the meaning: a hat to the person, a lid to the jar, a place to the last noun. A third of the
nouns are invented, so that the pipeline tags unknown words as nouns.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from zsris_ros.training.language import vocabulary as words


class Sentence(NamedTuple):
    """Words with their parts of speech, indices of heads, and dependency labels."""

    words: list[str]
    pos: list[str]
    heads: list[int]
    deps: list[str]


@dataclass(eq=False)
class Node:
    """A word with its dependents before and after it."""

    text: str
    pos: str
    dep: str
    before: list[Node] = field(default_factory=list)
    after: list[Node] = field(default_factory=list)


def chain(pattern: str) -> Node:
    """Parse "on:ADP:prep the+left:NOUN:pobj": each word depends on the last, "+" a determiner."""
    first: Node | None = None
    last: Node | None = None
    for item in pattern.split():
        text, pos, dep = item.split(":")
        determiner, _, word = text.rpartition("+")
        node = Node(word, pos, dep, [Node(determiner, "DET", "det")] if determiner else [])
        if last is not None:
            last.after.append(node)
        first, last = first or node, node
    assert first is not None
    return first


def last_word(node: Node) -> Node:
    """Return the last word of a chain."""
    while node.after:
        node = node.after[-1]
    return node


def linearise(root: Node) -> Sentence:
    """Return the words of a tree in their order."""
    order: list[tuple[Node, Node]] = []

    def walk(node: Node, head: Node) -> None:
        for child in node.before:
            walk(child, node)
        order.append((node, head))
        for child in node.after:
            walk(child, node)

    walk(root, root)
    index = {id(node): i for i, (node, _) in enumerate(order)}
    return Sentence(
        [node.text for node, _ in order],
        [node.pos for node, _ in order],
        [index[id(head)] for _, head in order],
        [node.dep for node, _ in order],
    )


class Grammar:
    """Draws sentences, deterministic by seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def sentence(self) -> Sentence:
        """Draw one expression, alone or inside a command or a question."""
        target = self._noun_phrase(self._kind(), "ROOT")
        root = target if self._chance(0.45) else self._command(target)
        if self._chance(0.12):
            root.before.insert(0, Node(self._one_of(words.FILLERS), "INTJ", "intj"))
        if self._chance(0.08):
            root.after.append(Node("please", "INTJ", "intj"))
        if self._chance(0.25):
            root.after.append(Node(self._one_of(".?!"), "PUNCT", "punct"))
        return linearise(root)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _one_of(self, options: Sequence[str]) -> str:
        return self._random.choice(options)

    def _kind(self) -> str:
        return self._one_of(("object", "object", "object", "person", "person", "animal", "vehicle"))

    # --- noun phrases ---
    def _noun_phrase(self, kind: str, dep: str, depth: int = 0) -> Node:
        """Determiner, modifiers, head and postmodifiers."""
        noun, plural = self._noun(kind)
        head = Node(noun, "NOUN", dep, self._premodifiers(kind, plural, depth))
        if depth < 3 and self._chance(0.75 if depth == 0 else 0.3):
            self._postmodify(head, kind, depth)
        return head

    def _noun(self, kind: str) -> tuple[str, bool]:
        if kind == "object" and self._chance(0.07):
            return "one", False
        invented = kind in ("object", "place") and self._chance(0.35)
        noun = self._invented() if invented else self._one_of(words.NOUNS[kind])
        if kind in ("clothing", "material") or noun.endswith("s") or not self._chance(0.2):
            return noun, False
        return words.plural(noun), True

    def _invented(self) -> str:
        syllables = self._random.randint(1, 3)
        return "".join(
            self._one_of(words.ONSETS) + self._one_of(words.VOWELS) + self._one_of(words.CODAS)
            for _ in range(syllables)
        )

    def _premodifiers(self, kind: str, plural: bool, depth: int) -> list[Node]:
        found: list[Node] = []
        if self._chance(0.06) and depth < 2 and kind == "part":
            owner = self._noun_phrase("animal", "poss", 3)
            owner.after.append(Node("'s", "PART", "case"))
            found.append(owner)
        elif self._chance(0.78):
            found.extend(self._determiner(plural))
        if plural and self._chance(0.3):
            found.append(Node(self._one_of(words.CARDINALS), "NUM", "nummod"))
        if self._chance(0.14):
            found.append(Node(self._one_of(words.RANKS), "ADJ", "amod"))
        elif self._chance(0.1):
            found.append(Node(self._one_of(words.SIDES), "ADJ", "amod"))
        for _ in range(self._random.choice((0, 0, 1, 1, 2))):
            found.append(Node(self._one_of(words.ADJECTIVES), "ADJ", "amod"))
        if self._chance(0.06):
            found.append(Node(self._one_of(words.STATES), "VERB", "amod"))
        if kind != "person" and self._chance(0.25):
            compound = self._one_of(words.NOUNS["material"] + words.NOUNS["object"])
            found.append(Node(compound, "NOUN", "compound"))
        return found

    def _determiner(self, plural: bool) -> list[Node]:
        if self._chance(0.06):
            return [Node("both" if plural else "every", "DET", "det")]
        if plural and self._chance(0.08):
            return [Node("all", "DET", "predet"), Node("the", "DET", "det")]
        if self._chance(0.06):
            return [Node(self._one_of(words.OWNERS), "PRON", "poss")]
        article = "the" if plural or self._chance(0.85) else self._one_of(("a", "that", "this"))
        return [Node(article, "DET", "det")]

    # --- postmodifiers ---
    def _postmodify(self, head: Node, kind: str, depth: int) -> None:
        """Attach one to three phrases to ``head`` or, if it is nearer, to the last noun."""
        before: Node | None = None
        for _ in range(self._random.choice((1, 1, 1, 2, 2, 3)) if depth == 0 else 1):
            placed = before is not None and before.dep in ("prep", "advmod", "acl", "relcl")
            joined = placed and before is not None and before.dep == "prep" and self._chance(0.4)
            if joined or not placed:
                rules = [self._having, self._placed, self._located, self._clause, self._negated]
                rule = self._random.choices(rules, (2, 5, 3, 2, 1))[0]
            elif kind == "person":
                rule = self._random.choice((self._having, self._clause))
            else:
                return
            phrase = rule(kind, depth + 1)
            if joined and before is not None and phrase.dep in ("prep", "advmod"):
                phrase.dep = "conj"
                before.after.extend([Node("and", "CCONJ", "cc"), phrase])
            else:
                head.after.append(phrase)
            before = phrase if rule is not self._located else None

    def _placed(self, kind: str, depth: int) -> Node:
        """A place by another object: "next to the box", "between the box and the jar"."""
        if self._chance(0.12):
            phrase = Node("between", "ADP", "prep")
            first = self._noun_phrase("place", "pobj", 3)
            first.after.append(Node("and", "CCONJ", "cc"))
            first.after.append(self._noun_phrase("place", "conj", depth))
            phrase.after.append(first)
            return phrase
        phrase = self._prepositional_phrase(depth)
        if self._chance(0.25):
            verb = self._one_of(words.POSTURES)
            return Node(verb, "VERB", "acl", [], [phrase])
        return phrase

    def _located(self, kind: str, depth: int) -> Node:
        """A place in the image or in an order: "on the left", "from the right", "far left"."""
        return chain(self._one_of(words.PLACES))

    def _having(self, kind: str, depth: int) -> Node:
        """A part, or clothing or an object that is worn or held."""
        had = "clothing" if kind == "person" else "part"
        anchor = self._noun_phrase(had, "pobj", 3)
        if self._chance(0.15):
            anchor.after.append(Node("and", "CCONJ", "cc"))
            anchor.after.append(self._noun_phrase(had, "conj", 3))
        if kind == "person" and self._chance(0.6):
            if self._chance(0.5):
                return Node("in", "ADP", "prep", [], [anchor])
            anchor.dep = "dobj"
            return Node(self._one_of(words.HOLDING), "VERB", "acl", [], [anchor])
        if kind not in ("person", "animal") and self._chance(0.25):
            return Node("of", "ADP", "prep", [], [self._noun_phrase("material", "pobj", 3)])
        if self._chance(0.1):
            anchor.dep = "appos"  # "man blue cap"
            anchor.before = [n for n in anchor.before if n.dep not in ("det", "poss", "predet")]
            return anchor
        return Node("with", "ADP", "prep", [], [anchor])

    def _clause(self, kind: str, depth: int) -> Node:
        """A relative clause: "that is red", "who is sitting on the bench", "i left on it"."""
        if self._chance(0.12):
            verb = Node(self._one_of(words.LEFT), "VERB", "relcl", [Node("i", "PRON", "nsubj")])
            verb.after.append(self._prepositional_phrase(depth))
            return verb
        pronoun = "who" if kind == "person" else self._one_of(words.RELATIVES)
        subject = Node(pronoun, "PRON", "nsubj")
        if self._chance(0.3):
            had = "clothing" if kind == "person" else "part"
            return Node("has", "VERB", "relcl", [subject], [self._noun_phrase(had, "dobj", 3)])
        linking = Node("is", "AUX", "relcl", [subject])
        if self._chance(0.2):
            linking.after.append(Node(self._one_of(words.NOT), "PART", "neg"))
        if self._chance(0.35):
            linking.after.append(Node(self._one_of(words.ADJECTIVES), "ADJ", "acomp"))
        elif self._chance(0.5):
            linking.after.append(self._prepositional_phrase(depth))
        else:
            linking.dep = "aux"
            posture = Node(self._one_of(words.POSTURES), "VERB", "relcl", [subject, linking])
            linking.before.clear()
            posture.before.extend(linking.after)
            linking.after.clear()
            posture.after.append(self._prepositional_phrase(depth))
            return posture
        return linking

    def _prepositional_phrase(self, depth: int) -> Node:
        phrase = chain(self._one_of(words.RELATIONS))
        last_word(phrase).after.append(self._noun_phrase("place", "pobj", depth))
        return phrase

    def _negated(self, kind: str, depth: int) -> Node:
        """A negation: "without a lid", "not the red one", "except the big one"."""
        other = Node("one", "NOUN", "pobj", [Node("the", "DET", "det")])
        other.before.append(Node(self._one_of(words.ADJECTIVES), "ADJ", "amod"))
        if self._chance(0.45):
            had = self._noun_phrase("clothing" if kind == "person" else "part", "pobj", 3)
            return Node("without", "ADP", "prep", [], [had])
        if self._chance(0.4):
            return Node("except", "SCONJ", "prep", [], [other])
        other.dep = "appos"
        other.before.insert(0, Node("not", "PART", "neg"))
        if self._chance(0.5):
            other.before.insert(0, Node(",", "PUNCT", "punct"))
        return other

    # --- commands and questions ---
    def _command(self, target: Node) -> Node:
        """Make the target the object of a command or question."""
        pattern = self._one_of(words.COMMANDS)
        nodes: list[Node] = []
        root = 0
        heads: list[int] = []
        for k, item in enumerate(pattern.split()):
            if item.startswith("X:"):
                _, dep, head = item.split(":")
                target.dep = dep
                nodes.append(target)
            else:
                text, pos, dep, head = item.split(":")
                nodes.append(Node(self._one_of(text.split("/")), pos, dep))
            heads.append(int(head))
            root = k if dep == "ROOT" else root
        for k, (node, parent) in enumerate(zip(nodes, heads, strict=True)):
            if k != root:
                (nodes[parent].before if k < parent else nodes[parent].after).append(node)
        if pattern.startswith(words.PLACING):
            goal = Node(self._one_of(("in", "on")), "ADP", "prep")
            goal.after.append(self._noun_phrase("place", "pobj", 3))
            nodes[root].after.append(goal)
        return nodes[root]
