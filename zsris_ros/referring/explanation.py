"""How an answer came about, in one sentence: the parse, the anchors, the deciding scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zsris_ros.referring.grounding import Grounding
from zsris_ros.referring.messages import RELATIONS
from zsris_ros.referring.ranking import METRIC
from zsris_ros.types import Candidate, Expression, NounPhrase, Scene

_BY_DEPTH = {
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
"""What is measured in metres where there is depth, by relation."""
_DECIDING = 3


def explanation(
    expression: Expression,
    grounding: Grounding | None,
    candidates: Sequence[Candidate],
    scene: Scene | None = None,
) -> str:
    """What was parsed and by which parser, which anchors were taken, and which scores decided.

    ``scene`` tells whether there was depth for what is asked in metres.
    """
    sentence = f"By parser {expression.parser} this asks for {_parsed(expression.target)}"
    if grounding is None or not candidates:
        return f"{sentence}, and there are no proposals."
    for anchor in grounding.anchors:
        sentence += f"; {anchor.phrase} is proposal {anchor.index} ({anchor.score:.2f})"
    for phrase in grounding.unknown:
        sentence += f"; no proposal clearly shows {phrase}, so what relates to it counts little"
    sentence += f"; {_decision(candidates)}"
    by_picture = _by_picture(expression.target, grounding, candidates, scene)
    if by_picture:
        sentence += f"; {' and '.join(by_picture)} judged by the picture for want of depth"
    return sentence + "."


def _decision(candidates: Sequence[Candidate]) -> str:
    """The best candidate, the next one, and the terms that made the difference."""
    best = candidates[0]
    said = f"best is proposal {best.index} from {best.source} with {best.score:.2f}"
    if len(candidates) == 1:
        terms = sorted(best.scores.items(), key=lambda item: item[1])[:_DECIDING]
        return f"{said} ({', '.join(f'{_said(name)} {value:.2f}' for name, value in terms)})"
    following = candidates[1]
    ratios = {
        name: abs(np.log(max(value, 1e-6) / max(following.scores.get(name, 1.0), 1e-6)))
        for name, value in best.scores.items()
    }
    deciding = sorted(ratios, key=lambda name: -ratios[name])[:_DECIDING]
    deciding = [name for name in deciding if ratios[name] > 0.02] or deciding[:1]
    terms_said = ", ".join(
        f"{_said(name)} {best.scores[name]:.2f} against {following.scores.get(name, 1.0):.2f}"
        for name in deciding
    )
    return f"{said} before proposal {following.index} with {following.score:.2f} ({terms_said})"


def _parsed(target: NounPhrase) -> str:
    """The phrase and what was understood of it."""
    said = [f"'{target.text}'"]
    if target.number != "one":
        said.append(f"{target.number} of them")
    if target.position:
        said.append("at the " + " ".join(target.position))
    if target.superlative:
        said.append(f"the first by {target.superlative}")
    if target.ordinal:
        said.append(f"number {target.ordinal.index} from {target.ordinal.side}")
    for relation in target.relations:
        said.append(f"{_said(relation.kind)} {' and '.join(a.text for a in relation.anchors)}")
    if target.excluded:
        said.append(f"not {' or '.join(each.text for each in target.excluded)}")
    return ", ".join(said)


def _by_picture(
    target: NounPhrase,
    grounding: Grounding,
    candidates: Sequence[Candidate],
    scene: Scene | None,
) -> list[str]:
    """What people mean in metres, where some of what was compared had no depth."""
    if scene is None:
        return []
    compared = [candidate.index for candidate in candidates[:2]]
    compared += [anchor.index for anchor in grounding.anchors]
    if grounding.members is not None:
        compared += np.flatnonzero(grounding.members.numpy()).tolist()
    if np.isfinite(scene.points[compared]).all():
        return []
    asked = [_BY_DEPTH[each.kind] for each in target.relations if each.kind in _BY_DEPTH]
    order = target.ordinal.side if target.ordinal else target.superlative
    if order in METRIC:
        asked.append("distance" if order in ("near", "far") else "size")
    if {"front", "back"} & set(target.position):
        asked.append("depth")
    return list(dict.fromkeys(asked))


def _said(name: str) -> str:
    return RELATIONS.get(name, name)
