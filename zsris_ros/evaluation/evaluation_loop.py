"""The loop of every evaluation: one scene a frame, then all questions about it.

Any number of methods run in one pass, because reading or rendering a frame and proposing masks cost
as much as answering. Each method has its own folder, and its figures are computed from that folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from tqdm import tqdm

from zsris_ros.evaluation.datasets.items import DataSet, EvaluationItem, Question
from zsris_ros.evaluation.metrics import mean
from zsris_ros.evaluation.records import AnswerRecord, FrameRecord, read_answers
from zsris_ros.evaluation.run_folder import RunFolder
from zsris_ros.evaluation.scoring import Scorer
from zsris_ros.evaluation.shared_features import SharedProposer
from zsris_ros.language.instructions import parse_instruction
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.types import (
    InputError,
    InstructionResult,
    Proposals,
    ReferringResult,
    Scene,
    Verdict,
)


@dataclass(frozen=True, eq=False)
class MethodRun:
    """One method on a data set, with its results."""

    segmenter: Segmenter
    propose: Callable[[EvaluationItem], Proposals]  # equal functions give the same masks
    results: RunFolder
    proposers: tuple[SharedProposer, ...] = ()  # their masks are also measured one by one
    names_only: bool = False  # whether the questions are ``EvaluationItem.names``
    instructions: bool = False  # whether a question may be an instruction


def evaluate(data_set: DataSet, runs: Sequence[MethodRun], limit: int | None = None) -> None:
    """Answer all questions about the first ``limit`` items with every method.

    Items that a run's folder already holds are skipped. A progress bar on stderr shows the mean
    IoU of the first run.
    """
    first = runs[0]
    ious = [answer.iou for answer in read_answers(first.results.directory)]
    grouped = sorted(runs, key=lambda run: id(run.propose))  # runs with the same masks in a row
    with tqdm(data_set.names()[:limit], data_set.title, unit="frame") as bar:
        for name in bar:
            waiting = [run for run in grouped if name not in run.results.done]
            if not waiting:
                continue
            item = data_set.item(name)
            scorer = Scorer(item)
            for run in waiting:
                answers, frame = evaluate_item(item, run, scorer)
                run.results.add(answers, frame)
                if run is first:
                    ious.extend(answer.iou for answer in answers)
            bar.set_postfix(miou=f"{mean(ious):.3f}")


def evaluate_item(
    item: EvaluationItem, run: MethodRun, scorer: Scorer
) -> tuple[list[AnswerRecord], FrameRecord]:
    """Return the records of one method's answers about one item, and of the frame."""
    start = perf_counter()
    joined = run.propose(item)
    scene = run.segmenter.look(item.frame, joined)
    seconds = perf_counter() - start
    single = {
        proposer.name: proposer.propose(item.frame)
        for proposer in run.proposers
        if proposer.accepts(item.frame)
    }
    proposals = {"joined": joined, **single}
    frame = FrameRecord(
        item=item.name,
        bounds=scorer.bounds(proposals),
        proposals={name: len(masks) for name, masks in proposals.items()},
        seconds=round(seconds, 4),
        timings={stage: round(ms, 2) for stage, ms in scene.timings.items()},
    )
    questions = item.names if run.names_only else item.questions
    return [_answer(run, scene, question, scorer) for question in questions], frame


def _answer(run: MethodRun, scene: Scene, question: Question, scorer: Scorer) -> AnswerRecord:
    start = perf_counter()
    try:
        result = _refer(run.segmenter, scene, question, run.instructions)
    except InputError as error:
        return scorer.score_refusal(question, error, scene.proposals)
    return scorer.score(question, result, scene.proposals, (perf_counter() - start) * 1e3)


def _refer(
    segmenter: Segmenter, scene: Scene, question: Question, instructions: bool
) -> ReferringResult:
    """Return the answer to an expression; of an instruction, the objects that are asked for."""
    text = question.text
    if question.asks == "destination":
        return _destination(segmenter.instruct(scene, text))
    if instructions and not parse_instruction(text).is_expression:
        found = segmenter.instruct(scene, text).targets_of(0)
        if found is not None:
            return found
    return segmenter.refer(scene, text)


def _destination(result: InstructionResult) -> ReferringResult:
    """Return the objects of the first destination; NOT_FOUND for an instruction without any."""
    for step in result.steps:
        if step.destination is None:
            continue
        if step.destination.anchors:
            return step.destination.anchors[0]
        if step.destination.same_as is not None:
            named = result.targets_of(step.destination.same_as)
            if named is not None:
                return named
    first = result.target
    message = "The instruction names no object as its destination."
    nothing = np.zeros_like(first.mask)
    return ReferringResult(Verdict.NOT_FOUND, first.expression, (), nothing, message, "")
