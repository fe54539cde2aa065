"""The explanation of an answer in one sentence: parse, anchors and decisive scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from zsris_ros.referring.grounding.grounding import Grounding
from zsris_ros.referring.grounding.ranking import METRIC
from zsris_ros.referring.verdict.messages import relation_words
from zsris_ros.types import Candidate, Expression, NounPhrase, Scene

_MEASURES = {
    "behind": "depth",
    "in_front_of": "depth",
    "near": "distance",
    "next_to": "distance",
    "far_from": "distance",
    "with": "distance",
    "between": "distance",
    "bigger_than": "size",
    "smaller_than": "size",
}
"""The measure of a relation, in metres if there is depth."""
_MAX_TERMS = 3


def explanation(
    expression: Expression,
    grounding: Grounding | None,
    candidates: Sequence[Candidate],
    scene: Scene | None = None,
    better_names: Mapping[int, str] = MappingProxyType({}),
) -> str:
    """Return the parse and its parser, the anchors' proposals and the decisive scores.

    With ``scene``, metric measures that were judged without depth are named. The masks in
    ``better_names`` are listed with these names.
    """
    sentence = f"By parser {expression.parser} this asks for {_parsed(expression.target)}"
    if grounding is None or not candidates:
        return f"{sentence}, and there are no proposals."
    if grounding.whole is not None:
        head = expression.target.head
        sentence += f"; these weights never saw a '{head}', so {grounding.whole} stands for it"
    elif grounding.unknown:
        words = " and ".join(f"'{word}'" for word in grounding.unknown)
        sentence += f"; these weights never saw the word {words}, so the candidates count less"
    for anchor in grounding.anchors:
        sentence += f"; {anchor.phrase} is proposal {anchor.index} ({anchor.score:.2f})"
    for phrase in grounding.missing_anchors:
        sentence += f"; no proposal clearly shows {phrase}, so relations to it count little"
    sentence += f"; {_decision(candidates)}"
    for index, name in better_names.items():
        sentence += f"; proposal {index} is rather a '{name}'"
    without_depth = _without_depth(expression.target, grounding, candidates, scene)
    if without_depth:
        sentence += f"; {' and '.join(without_depth)} judged by the image without depth"
    return sentence + "."


def _decision(candidates: Sequence[Candidate]) -> str:
    """Return the best candidate, the next one, and the terms that differ most."""
    best = candidates[0]
    text = f"best is proposal {best.index} from {best.source} with {best.score:.2f}"
    if len(candidates) == 1:
        terms = sorted(best.scores.items(), key=lambda item: item[1])[:_MAX_TERMS]
        return (
            f"{text} ({', '.join(f'{relation_words(name)} {value:.2f}' for name, value in terms)})"
        )
    following = candidates[1]
    ratios = {
        name: abs(np.log(max(value, 1e-6) / max(following.scores.get(name, 1.0), 1e-6)))
        for name, value in best.scores.items()
    }
    deciding = sorted(ratios, key=lambda name: -ratios[name])[:_MAX_TERMS]
    deciding = [name for name in deciding if ratios[name] > 0.02] or deciding[:1]
    terms_text = ", ".join(
        f"{relation_words(name)} {best.scores[name]:.2f} "
        f"against {following.scores.get(name, 1.0):.2f}"
        for name in deciding
    )
    return f"{text} before proposal {following.index} with {following.score:.2f} ({terms_text})"


def _parsed(target: NounPhrase) -> str:
    """Return the phrase and its parse."""
    parts = [f"'{target.text}'"]
    if target.number != "one":
        parts.append(f"{target.number} of them")
    if target.position:
        parts.append("at the " + " ".join(target.position))
    if target.superlative:
        parts.append(f"the first by {target.superlative}")
    if target.ordinal:
        parts.append(f"number {target.ordinal.index} from {target.ordinal.side}")
    for relation in target.relations:
        parts.append(
            f"{relation_words(relation.kind)} {' and '.join(a.text for a in relation.anchors)}"
        )
    if target.excluded:
        parts.append(f"not {' or '.join(each.text for each in target.excluded)}")
    return ", ".join(parts)


def _without_depth(
    target: NounPhrase,
    grounding: Grounding,
    candidates: Sequence[Candidate],
    scene: Scene | None,
) -> list[str]:
    """Return the metric measures of the target if a compared object has no depth."""
    if scene is None:
        return []
    compared = [candidate.index for candidate in candidates[:2]]
    compared += [anchor.index for anchor in grounding.anchors]
    if grounding.members is not None:
        compared += np.flatnonzero(grounding.members.numpy()).tolist()
    if np.isfinite(scene.points[compared]).all():
        return []
    measures = [_MEASURES[each.kind] for each in target.relations if each.kind in _MEASURES]
    order = target.ordinal.side if target.ordinal else target.superlative
    if order in METRIC:
        measures.append("distance" if order in ("near", "far") else "size")
    if {"front", "back"} & set(target.position):
        measures.append("depth")
    return list(dict.fromkeys(measures))
