"""The loop of every evaluation: one look a frame, then all that is asked about it.

A data set is evaluated under one or more conditions (which proposals, which questions) in one pass,
because reading or rendering a frame costs as much as answering about it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, TextIO

from tqdm import tqdm

from zsris_ros.evaluation.figures import Figures
from zsris_ros.evaluation.items import EvaluationItem, Question
from zsris_ros.proposals import Proposer
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.types import Frame, Proposals, Referral


class Watched:
    """A proposer that remembers what it proposed last, so that it can be judged by itself."""

    def __init__(self, name: str, proposer: Proposer) -> None:
        self.name = name
        self.needs_depth = proposer.needs_depth
        self.last: Proposals | None = None
        self._proposer = proposer

    def propose(self, frame: Frame) -> Proposals:
        self.last = self._proposer.propose(frame)
        return self.last


@dataclass(frozen=True)
class Condition:
    """How the items of a data set are answered.

    ``segmenter`` makes the one for an item (the same one for all, unless it proposes the item's own
    masks); ``questions`` picks what is asked; ``watched`` are the proposers judged by themselves.
    """

    segmenter: Callable[[EvaluationItem], Segmenter]
    questions: Callable[[EvaluationItem], tuple[Question, ...]] = lambda item: item.questions
    watched: tuple[Watched, ...] = field(default=())


def evaluate(
    items: Iterable[EvaluationItem],
    conditions: Mapping[str, Condition],
    directory: Path,
    total: int | None = None,
) -> dict[str, Figures]:
    """Answer every question of every item under every condition; the figures by condition.

    ``directory``/answers.jsonl gets one line an answer. Progress is shown on stderr.
    """
    directory.mkdir(parents=True, exist_ok=True)
    figures = {name: Figures() for name in conditions}
    with ExitStack() as stack:
        log = stack.enter_context((directory / "answers.jsonl").open("w", encoding="utf-8"))
        bar = stack.enter_context(tqdm(items, "evaluating", total, unit="frame"))
        for item in bar:
            for name, condition in conditions.items():
                _answer(item, name, condition, figures[name], log)
            first = next(iter(figures.values()))
            bar.set_postfix(miou=f"{first.miou:.3f}", bound=f"{first.proposal_bound:.3f}")
    return figures


def _answer(
    item: EvaluationItem, name: str, condition: Condition, figures: Figures, log: TextIO
) -> None:
    segmenter = condition.segmenter(item)
    start = perf_counter()
    scene = segmenter.look(item.frame)
    seconds = perf_counter() - start
    alone = {each.name: each.last for each in condition.watched if each.last is not None}
    figures.add_look(item.masks, scene.proposals, alone, seconds)
    for question in condition.questions(item):
        start = perf_counter()
        referral = segmenter.refer(scene, question.text)
        value = figures.add_answer(question, item.truth(question), referral)
        row = _row(item, name, question, referral, value)
        row["ms"] = round((perf_counter() - start) * 1e3, 3)
        log.write(json.dumps(row) + "\n")
    log.flush()


def _row(
    item: EvaluationItem, condition: str, question: Question, referral: Referral, value: float
) -> dict[str, Any]:
    best = referral.best
    return {
        "item": item.name,
        "condition": condition,
        "expression": question.text,
        "category": question.category,
        "target": question.target,
        "verdict": referral.verdict.value,
        "iou": round(value, 4),
        "score": None if best is None else round(best.score, 4),
        "source": None if best is None else best.source,
        "explanation": referral.explanation,
    }
