"""The loop of every evaluation: one look a frame, then all that is asked about it.

Any number of contestants answer in one pass, because reading or rendering a frame and proposing
masks cost as much as answering. Each has its own folder, and its figures come from there alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

from tqdm import tqdm

from zsris_ros.evaluation.datasets.items import DataSet, EvaluationItem, Question
from zsris_ros.evaluation.metrics import mean
from zsris_ros.evaluation.records import AnswerRecord, LookRecord, read_answers
from zsris_ros.evaluation.run_folder import Results
from zsris_ros.evaluation.scoring import Judge
from zsris_ros.evaluation.shared_features import SharedProposer
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.types import InputError, Proposals, Scene


def all_questions(item: EvaluationItem) -> Sequence[Question]:
    """What a data set asks."""
    return item.questions


def names_only(item: EvaluationItem) -> Sequence[Question]:
    """Questions that give nothing but a name."""
    return item.names


@dataclass(frozen=True, eq=False)
class Contestant:
    """One way to answer a data set.

    ``propose`` gives the masks of an item; contestants with the same one work on the same masks.
    ``alone`` are the proposers that are also judged by themselves.
    """

    segmenter: Segmenter
    propose: Callable[[EvaluationItem], Proposals]
    results: Results
    alone: tuple[SharedProposer, ...] = ()
    questions: Callable[[EvaluationItem], Sequence[Question]] = all_questions


def evaluate(
    data_set: DataSet, contestants: Sequence[Contestant], limit: int | None = None
) -> None:
    """Let every contestant answer all questions about the first ``limit`` items.

    What a contestant's folder already holds is not asked again. Progress is shown on stderr, with
    the mean IoU of the first contestant.
    """
    names = data_set.names()[:limit]
    first = contestants[0]
    ious = [answer.iou for answer in read_answers(first.results.directory)]
    together = sorted(contestants, key=lambda each: id(each.propose))  # the same masks in a row
    with tqdm(names, data_set.title, unit="frame") as bar:
        for name in bar:
            waiting = [each for each in together if name not in each.results.done]
            if not waiting:
                continue
            item = data_set.item(name)
            judge = Judge(item)
            for contestant in waiting:
                answers, look = answer(item, contestant, judge)
                contestant.results.add(answers, look)
                if contestant is first:
                    ious.extend(each.iou for each in answers)
            bar.set_postfix(miou=f"{mean(ious):.3f}")


def answer(
    item: EvaluationItem, contestant: Contestant, judge: Judge
) -> tuple[list[AnswerRecord], LookRecord]:
    """One contestant's answers about one item."""
    start = perf_counter()
    proposals = contestant.propose(item)
    scene = contestant.segmenter.look(item.frame, proposals)
    seconds = perf_counter() - start
    alone = {
        each.name: each.propose(item.frame)
        for each in contestant.alone
        if item.frame.has_geometry or not each.needs_depth
    }
    found = {"joined": proposals, **alone}
    look = LookRecord(
        item=item.name,
        bounds=judge.bounds(found),
        proposals={name: len(each) for name, each in found.items()},
        seconds=round(seconds, 4),
        timings={stage: round(ms, 2) for stage, ms in scene.timings.items()},
    )
    asked = contestant.questions(item)
    return [_refer(contestant.segmenter, scene, each, judge) for each in asked], look


def _refer(segmenter: Segmenter, scene: Scene, question: Question, judge: Judge) -> AnswerRecord:
    start = perf_counter()
    try:
        referral = segmenter.refer(scene, question.text)
    except InputError as error:
        return judge.refused(question, error, scene.proposals)
    return judge.judge(question, referral, scene.proposals, (perf_counter() - start) * 1e3)
