"""The answer in words: one sentence for the user, one for whoever wants to know why."""

from __future__ import annotations

from zsris_ros.referring.grounding import Grounding
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.referring.verdict import alike
from zsris_ros.types import Candidate, Expression, Verdict


def message(
    verdict: Verdict,
    expression: Expression,
    candidates: tuple[Candidate, ...],
    settings: ReferSettings,
) -> str:
    """One plain sentence that can be shown or spoken."""
    if not candidates:
        return "Nothing in this picture was proposed as an object."
    best = candidates[0]
    if verdict is Verdict.NOT_FOUND:
        return f"I see no {_thing(expression)}: the best match scores {best.score:.2f}."
    if verdict is Verdict.AMBIGUOUS:
        count = len(alike(candidates, settings))
        return f"{count} things fit '{expression.target}' alike; this is the best of them."
    return f"Found {expression.target} at pixel ({best.centroid_pixel[0]:.0f}, " + (
        f"{best.centroid_pixel[1]:.0f}), score {best.score:.2f}."
    )


def explanation(
    expression: Expression, grounding: Grounding | None, candidates: tuple[Candidate, ...]
) -> str:
    """What was parsed (and by which parser), which anchors were used, which scores decided."""
    parts = [f"parser {expression.parser}: {_parsed(expression)}"]
    if grounding is not None:
        parts.extend(
            f"{anchor.kind} '{anchor.phrase}' = proposal {anchor.index} ({anchor.score:.2f})"
            for anchor in grounding.anchors
        )
    parts.extend(
        f"{place} proposal {c.index} from {c.source} {c.score:.2f} = "
        + " x ".join(f"{name} {value:.2f}" for name, value in c.scores.items())
        for place, c in zip(("best", "next"), candidates, strict=False)
    )
    return "; ".join(parts) if candidates else parts[0] + "; there are no proposals"


def _parsed(expression: Expression) -> str:
    said = [f"target '{expression.target}' (head {expression.head})"]
    if expression.position:
        said.append("position " + "+".join(expression.position))
    if expression.superlative:
        said.append(f"superlative {expression.superlative}")
    if expression.ordinal:
        said.append(f"number {expression.ordinal.index} from {expression.ordinal.side}")
    if expression.number != "one":
        said.append(f"number {expression.number}")
    for relation in expression.relations:
        said.append(relation.kind + " " + " and ".join(a.target for a in relation.anchors))
    if expression.excluded:
        said.append("not " + ", ".join(expression.excluded))
    return ", ".join(said)


def _thing(expression: Expression) -> str:
    return " ".join([*expression.attributes, expression.head])
