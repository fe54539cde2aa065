"""Runs one method or several on a data set, and writes summary, table and report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zsris_ros.baselines.methods import Method
from zsris_ros.evaluation.datasets.items import DataSet
from zsris_ros.evaluation.evaluation_loop import MethodRun, evaluate
from zsris_ros.evaluation.experiment import Experiment, masks_by
from zsris_ros.evaluation.records import read_answers
from zsris_ros.evaluation.reports.html_report import write_report
from zsris_ros.evaluation.reports.samples import write_worst
from zsris_ros.evaluation.reports.summary import accuracy_of, summarise_folder, write_table
from zsris_ros.evaluation.run_folder import RunFolder, claim
from zsris_ros.referring.segmenter import Segmenter


def evaluate_method(
    data_set: DataSet,
    experiment: Experiment,
    method: Method,
    proposals: str,
    limit: int | None = None,
    pictures: int = 0,
) -> tuple[dict[str, Any], Path]:
    """Evaluate one method; return its summary and the path of its report.

    ``pictures`` of the worst answers are also written as images.

    On the tabletop the objects are also asked for by colour and shape, and on the Object
    Segmentation Database the questions are also answered with the true masks.
    """
    dataset, data = experiment.settings["dataset"], experiment.settings["data"]
    verdicts = dataset == "frames" or bool(data.get("verdict"))
    names = dataset == "tabletop" and not verdicts
    truth = dataset == "osd" and proposals != "truth"
    directory = experiment.directory
    runs = [experiment.prepare(method, proposals)]
    if names:
        runs.append(experiment.prepare(method, "truth", "names", names_only=True))
    if truth:
        runs.append(experiment.prepare(method, "truth", "true_masks"))
    evaluate(data_set, runs, limit)
    more: dict[str, Any] = {}
    if dataset == "tabletop":
        more["seeds"] = [data["seed"], data["seed"] + data["scenes"] - 1]
    if names:
        more["colour_shape_accuracy"], more["colour_shape_n"] = accuracy_of(directory / "names")
    if truth:
        more["true_masks"] = summarise_folder(directory / "true_masks")
    return _report(data_set, directory, more, verdicts=verdicts, pictures=pictures)


def evaluate_segmenter(
    data_set: DataSet,
    segmenter: Segmenter,
    directory: Path,
    settings: Mapping[str, Any],
    limit: int | None = None,
    pictures: int = 0,
) -> tuple[dict[str, Any], Path]:
    """Evaluate a segmenter that no preset assembles, such as a trained VATEX.

    Args:
        data_set: The data set.
        segmenter: The segmenter.
        directory: The folder of the results.
        settings: The settings of the run, as plain data, with "data" for the data set's.
        limit: The most frames; None for all.
        pictures: The number of worst answers that are also written as images.

    Returns:
        The summary and the path of the report.
    """
    run = MethodRun(segmenter, masks_by(segmenter), RunFolder(directory, settings))
    evaluate(data_set, [run], limit)
    verdicts = settings.get("dataset") == "frames" or bool(settings["data"].get("verdict"))
    return _report(data_set, directory, {}, verdicts=verdicts, pictures=pictures)


def _report(
    data_set: DataSet,
    directory: Path,
    more: Mapping[str, Any],
    *,
    verdicts: bool,
    pictures: int,
) -> tuple[dict[str, Any], Path]:
    summary = summarise_folder(directory, more, verdicts=verdicts)
    answers = read_answers(directory)
    write_worst(directory / "worst", answers, data_set, pictures)
    return summary, write_report(directory, summary, answers, data_set)


def compare_methods(
    data_set: DataSet,
    experiment: Experiment,
    methods: Sequence[Method],
    proposals: str,
    limit: int | None = None,
    *,
    skip_unsupported: bool = False,
) -> tuple[dict[str, dict[str, Any]], Path]:
    """Evaluate several methods in one pass; return summaries by folder and the table's path.

    ``skip_unsupported`` leaves out methods that do not fit the CLIP, and prints each.
    """
    if skip_unsupported:
        unsupported = [method for method in methods if not experiment.models.supports(method)]
        for method in unsupported:
            print(f"left out, because it does not fit this CLIP: {method.name} {method.variant}")
        methods = [method for method in methods if method not in unsupported]
    parsers = {method.variant: experiment.models.parser_name(method) for method in methods}
    directory = experiment.directory
    claim(directory, {**experiment.settings, "proposals": proposals, "parsers": parsers})
    runs = {
        folder: experiment.prepare(method, proposals, folder)
        for method in methods
        for folder in [f"{method.name}.{method.variant}"]
    }
    evaluate(data_set, list(runs.values()), limit)
    summaries = {folder: summarise_folder(directory / folder) for folder in runs}
    return summaries, write_table(directory, list(summaries.values()))
