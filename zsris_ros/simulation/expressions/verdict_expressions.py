"""Expressions about a tabletop scene whose right verdict may be AMBIGUOUS or NOT_FOUND.

A third has no target, a third several, a third exactly one. An expression that a half-hidden
object could fit is not used, and ambiguous expressions clearly fit all their targets. All pairs of
colours count as different, including similar ones: red and orange, orange and yellow, purple and
blue, pink and red, white and yellow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from zsris_ros.simulation.expressions.expression_templates import realise
from zsris_ros.simulation.expressions.expressions import (
    CATEGORIES,
    HOUSEHOLD_CATEGORIES,
    ReferringExpression,
    draw_in_turns,
    pool_by_category,
)
from zsris_ros.simulation.expressions.meanings import ORDINALS, Meaning, all_meanings
from zsris_ros.simulation.expressions.nouns import Noun, noun_phrases, nouns, unsafe_noun_phrases
from zsris_ros.simulation.tabletop import TabletopScene
from zsris_ros.simulation.words import NEUTRAL, with_hypernyms
from zsris_ros.types import Verdict

VERDICT_LIMIT = 12

ABSENT = tuple(f"absent {w}" for w in ("pair", "kind", "colour", "anchor", "relation", "ordinal"))
AMBIGUOUS = tuple(f"ambiguous {w}" for w in ("pair", "kind", "colour", "relation"))
PRESENT = tuple(f"present {each}" for each in CATEGORIES if each != "plural")
VERDICT_CATEGORIES = (*ABSENT, *AMBIGUOUS, *PRESENT)
HOUSEHOLD_VERDICT_CATEGORIES = (
    *VERDICT_CATEGORIES,
    *(f"present {each}" for each in HOUSEHOLD_CATEGORIES if each not in CATEGORIES),
)

_VERDICTS = {"absent": Verdict.NOT_FOUND, "ambiguous": Verdict.AMBIGUOUS, "present": Verdict.FOUND}
# Near and far are missing: among several that fit, people mean the nearest or the farthest.
_RELATIONS = (
    *("left_of", "right_of", "above", "below", "next_to", "bigger_than", "smaller_than"),
    *("in_front_of", "behind", "between", "between two"),
)
_ABSENT_ANCHOR_RELATIONS = (
    *("left_of", "right_of", "above", "below", "next_to", "behind", "in_front_of"),
)


def verdict_expressions(
    scene: TabletopScene, limit: int = VERDICT_LIMIT, categories: Sequence[str] = VERDICT_CATEGORIES
) -> tuple[ReferringExpression, ...]:
    """Return at most ``limit`` expressions, a third of each verdict as far as the scene has them.

    Within a verdict the categories take turns, starting with a random one. Deterministic by seed.
    """
    rng = np.random.default_rng([scene.seed, 11])
    pools = {name: pool for name, pool in _pools(scene, rng).items() if name in categories}
    chosen: list[tuple[str, Meaning]] = []
    for verdict in _VERDICTS:
        known = HOUSEHOLD_VERDICT_CATEGORIES
        names = [name for name in known if name in pools and name.startswith(verdict)]
        turns = [names[i] for i in rng.permutation(len(names))]
        named = {name: [(name, meaning) for meaning in pools[name]] for name in turns}
        chosen += draw_in_turns(named, limit // 3, rng)
    return tuple(
        ReferringExpression(
            realise(meaning, rng), name, meaning.targets, _VERDICTS[name.split()[0]]
        )
        for name, meaning in chosen
    )


def _pools(scene: TabletopScene, rng: np.random.Generator) -> Mapping[str, Sequence[Meaning]]:
    meanings = list(all_meanings(scene))
    pools = {f"present {name}": pool for name, pool in pool_by_category(meanings).items()}
    pools.pop("present plural", None)
    pools |= {"absent relation": [], "ambiguous relation": []}
    for meaning in meanings:
        name = _verdict_category(meaning)
        if name:
            pools.setdefault(name, []).append(meaning)
    missing = _missing_noun_phrases(scene)
    for kind, texts in missing.items():
        pools[f"absent {kind}"] = [
            Meaning("attribute", "attribute", (text,), (), 0) for text in texts
        ]
    pools["absent anchor"] = list(_without_anchor(nouns(scene), missing, rng))
    pools["absent ordinal"] = list(_ordinals_beyond_the_last(nouns(scene)))
    return pools


def _verdict_category(meaning: Meaning) -> str:
    """Return the category of a meaning with no target or several; "" for any other."""
    relation = meaning.kind in _RELATIONS
    if relation and not meaning.targets:
        return "absent relation"
    if len(meaning.targets) < 2 or not (relation or meaning.category == "attribute"):
        return ""
    if relation:
        return "ambiguous relation"
    words = meaning.words[0].split()
    if len(words) == 1:
        return "ambiguous kind"
    return "ambiguous colour" if words[1] == NEUTRAL else "ambiguous pair"


def _missing_noun_phrases(scene: TabletopScene) -> dict[str, list[str]]:
    """Return the pairs, kinds and colours of no object, visible or half-hidden.

    Pairs whose colour and shape both occur are listed three times, to be drawn more often.
    """
    present = unsafe_noun_phrases(scene)
    for each in scene.objects:
        present.update(noun_phrases(with_hypernyms(each.words)))
    missing: dict[str, list[str]] = {
        "pair": [],
        "kind": [kind for kind in scene.kinds if kind not in present],
        "colour": [f"{c} {NEUTRAL}" for c in scene.colours if f"{c} {NEUTRAL}" not in present],
    }
    for colour in scene.colours:
        for kind in scene.kinds:
            pair, coloured = f"{colour} {kind}", f"{colour} {NEUTRAL}"
            if pair not in present:
                missing["pair"] += [pair] * (3 if kind in present and coloured in present else 1)
    return missing


def _without_anchor(
    found: Sequence[Noun], missing: Mapping[str, Sequence[str]], rng: np.random.Generator
) -> Iterator[Meaning]:
    """A present object in relation to a missing anchor."""
    texts = [text for each in missing.values() for text in each]
    for noun in found:
        kind = _ABSENT_ANCHOR_RELATIONS[int(rng.integers(len(_ABSENT_ANCHOR_RELATIONS)))]
        words = (noun.text, texts[int(rng.integers(len(texts)))])
        yield Meaning("relation", kind, words, (), len(noun.objects))


def _ordinals_beyond_the_last(found: Sequence[Noun]) -> Iterator[Meaning]:
    """The third of two, the fourth of three, ..."""
    for noun in found:
        count = len(noun.objects)
        if 1 < count < len(ORDINALS):
            for side in ("left", "right", "top", "bottom"):
                yield Meaning("ordinal", f"from {side}", (ORDINALS[count], noun.text), (), count)
