"""The HTML report of a run: its figures beside the published ones, and answers as images.

report.html is self-contained: images are embedded, and no resource or script is loaded. All text
from data (expressions, names, explanations) is escaped, and the page forbids scripts.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from html import escape
from pathlib import Path
from typing import Any

from zsris_ros.evaluation.datasets.items import DataSet
from zsris_ros.evaluation.records import AnswerRecord
from zsris_ros.evaluation.reports import samples
from zsris_ros.evaluation.reports.figures import RIGHT, counted_iou, versions
from zsris_ros.evaluation.reports.published_results import published_rows

REPORT = "report.html"
PICTURES = {"worst": 12, "best": 6, "drawn": 12}
BINS = 20
FIGURES = {
    "miou": "mIoU",
    "oiou": "oIoU",
    "precision 0.5": "Pr@0.5",
    "precision 0.7": "Pr@0.7",
    "precision 0.9": "Pr@0.9",
    "ociou": "Oc-IoU",
    "mask_class_accuracy": "MC-ACC",
    "class_conditioned_oiou": "CC-oIoU",
}
"""The figures of the papers, by the names of a summary."""

CONTAMINATION = (
    "All pictures are of COCO's train2014. FreeSOLO was trained on COCO's pictures, without labels."
)
"""A limit of "zero-shot"."""

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def write_report(
    directory: Path, summary: Mapping[str, Any], answers: Sequence[AnswerRecord], data_set: DataSet
) -> Path:
    """Write ``directory``/report.html about a run and return its path.

    Args:
        directory: The folder of the run.
        summary: The figures of ``summarise``, with the settings of the run if there are any.
        answers: The answers of the run.
        data_set: Source of the frames of the shown answers.
    """
    title = " · ".join([data_set.title, *_values(summary, "method", "variant")])
    body = "\n".join(
        [
            f"<h1>{escape(title)}</h1>",
            _about(summary),
            _tiles(summary),
            "<h2>Beside the published figures</h2>",
            _published(summary),
            '<div class="pair"><section>',
            "<h2>By category</h2>",
            _rows("category", summary["by_category"]),
            "</section><section>",
            "<h2>By length in words</h2>",
            _rows("words", summary["by_length"]),
            "</section><section>",
            "<h2>How well answers fit</h2>",
            "<p>Bars: IoU of the answers. Line: of the best proposal for each question.</p>",
            _histogram(answers),
            "</section><section>",
            "<h2>Reasons of wrong answers</h2>",
            _reasons(answers),
            "</section></div>",
            *_pictures(answers, data_set),
        ]
    )
    path = directory / REPORT
    write_page(path, title, body)
    return path


def write_page(path: Path, title: str, body: str) -> None:
    """Write a page with the style and the policy of the reports; ``body`` is escaped HTML."""
    style = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style></head>\n"
        f"<body><main>\n{body}\n</main></body></html>\n"
    )
    path.write_text(page, encoding="utf-8", errors="xmlcharrefreplace")  # JSON may hold surrogates


def bar_rows(name: str, counts: Sequence[tuple[str, int]]) -> str:
    """Return a table of counts with bars of their shares of the sum."""
    total = max(1, sum(count for _, count in counts))
    lines = (
        f'<tr><td>{escape(key)}</td><td class="number">{count}</td>'
        f'<td class="share"><i style="width:{100 * count / total:.1f}%"></i></td></tr>'
        for key, count in counts
    )
    return _table({name: "", "n": "number", "": "share"}, lines)


def _values(summary: Mapping[str, Any], *keys: str) -> list[str]:
    return [str(summary[key]) for key in keys if summary.get(key) is not None]


def _about(summary: Mapping[str, Any]) -> str:
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    keys = ("weights", "clip", "dtype", "parser", "proposals", "localisation")
    known = {key: summary.get(key) for key in keys}
    parts = [f"{name} {value}" for name, value in known.items() if value is not None]
    parts += [f"{name} {value}" for name, value in versions().items()]
    return f'<p class="about">{escape(" · ".join([*parts, now]))}</p>'


def _tiles(summary: Mapping[str, Any]) -> str:
    shares = {
        "mean IoU": summary["miou"],
        "overall IoU": summary["oiou"],
        f"right (IoU above {RIGHT:g})": summary["accuracy"],
        "mean IoU of a perfect choice": summary["bound_miou"],
        "best proposal of every true object": summary["proposal_bound"],
    }
    if "no_target" in summary:
        nothing = summary["no_target"]
        shares[f"of {nothing['n']} that mean nothing, refused"] = nothing["n_accuracy"]
    values = {
        f"expressions about {summary['frames']} frames": str(summary["n"]),
        **{name: f"{_percent(share)} %" for name, share in shares.items()},
    }
    tiles = (
        f'<div class="tile"><b>{value}</b><span>{escape(name)}</span></div>'
        for name, value in values.items()
    )
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _percent(share: float | None) -> str:
    """Return percent with two decimals, as in the papers."""
    return "" if share is None else f"{100 * share:.2f}"


def _table(head: Mapping[str, str], rows: Iterable[str], kind: str = "") -> str:
    """Return a table with a head of column titles and their classes."""
    cells = "".join(f'<th class="{each}">{escape(name)}</th>' for name, each in head.items())
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{cells}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _published(summary: Mapping[str, Any]) -> str:
    """Return a table: this run, its bound, and the published figures of the same split."""
    dataset, split, method = (summary.get(key) for key in ("dataset", "split", "method"))
    rows = published_rows(str(dataset), str(split), method, summary.get("split_by"))
    measured = {
        **summary,
        **{f"precision {name}": value for name, value in summary["precision"].items()},
    }
    bound = {key: summary.get(f"bound_{key}") for key in ("miou", "oiou")}
    shown = {
        key: title
        for key, title in FIGURES.items()
        if key in measured and (key[1:] == "iou" or not rows or any(key in r.figures for r in rows))
    }

    def line(name: str, about: str, proposals: str, figures: Mapping[str, Any], kind: str) -> str:
        numbers = (f'<td class="number">{_percent(figures.get(key))}</td>' for key in shown)
        return (
            f'<tr class="{kind}"><td>{escape(name)}<small>{escape(about)}</small></td>'
            f"<td>{escape(proposals)}</td>{''.join(numbers)}</tr>"
        )

    given = ", ".join(_values(summary, "proposals"))
    named = " ".join(_values(summary, "method", "variant")) or "this run"
    lines = [line(named, "measured here", given, measured, "ours")]
    lines.append(line("Perfect choice of a proposal", "measured here", given, bound, "ours"))
    for row in rows:
        label = ", ".join(part for part in (row.label, row.encoder, row.kind) if part)
        kind = "same" if method is not None and row.method == method else ""
        lines.append(line(label, row.source, row.proposals, row.figures, kind))
    head = {"": "", "proposals": "", **dict.fromkeys(shown.values(), "number")}
    note = "Percent." if rows else "Percent. The papers report nothing on this split."
    if rows and str(dataset).startswith("refcoco"):
        note += f" {CONTAMINATION}"
    return f"<p>{note}</p>{_table(head, lines, 'published')}"


def _rows(name: str, rows: Mapping[str, Mapping[str, Any]]) -> str:
    lines = (
        f'<tr><td>{escape(key)}</td><td class="number">{row["n"]}</td>'
        f'<td class="number">{_percent(row["miou"])}</td>'
        f'<td class="number">{_percent(row["oiou"])}</td>'
        f'<td class="number">{_percent(row["accuracy"])}</td>'
        f'<td class="share"><i style="width:{100 * row["miou"]:.1f}%"></i></td></tr>'
        for key, row in rows.items()
    )
    numbers = dict.fromkeys(("n", "mIoU", "oIoU", "right"), "number")
    return _table({name: "", **numbers, "": "share"}, lines)


def _reasons(answers: Sequence[AnswerRecord]) -> str:
    counts = Counter(map(samples.reason, answers))
    right = counts.pop(samples.RIGHT_ANSWER, 0)
    lines = (
        f"<tr><td>{escape(name)}<small>{escape(samples.REASONS[name])}</small></td>"
        f'<td class="number">{count}</td>'
        f'<td class="share"><i style="width:{100 * count / len(answers):.1f}%"></i></td></tr>'
        for name, count in counts.most_common()
    )
    text = f"{right} of {len(answers)} answers are right. The reasons of the others:"
    return f"<p>{text}</p>{_table({'failed on': '', 'n': 'number', '': 'share'}, lines)}"


def _histogram(answers: Sequence[AnswerRecord]) -> str:
    """Return IoU in BINS bars from 0 to 1, with the bounds as a stepped line."""
    width, height, left, bottom = 560, 250, 40, 30
    asked = [each for each in answers if each.has_target]
    bars, steps = _binned(map(counted_iou, asked)), _binned(each.bound for each in asked)
    top = max([1, *bars, *steps])
    step, tall = (width - left) / BINS, height - bottom - 14

    def y(count: int) -> float:
        return height - bottom - tall * count / top

    drawn = [
        f'<rect class="bar" x="{left + i * step + 1:.1f}" y="{y(count):.1f}" '
        f'width="{step - 2:.1f}" height="{height - bottom - y(count):.1f}"><title>'
        f"IoU {i / BINS:.2f} to {(i + 1) / BINS:.2f}: {count} answers, {steps[i]} best proposals"
        "</title></rect>"
        for i, count in enumerate(bars)
    ]
    corners = "".join(
        f" L{left + i * step:.1f} {y(count):.1f} H{left + (i + 1) * step:.1f}"
        for i, count in enumerate(steps)
    )
    drawn.append(f'<path class="bound" d="M{corners.strip()[1:]}"/>')
    drawn.append(f'<line class="axis" x1="{left}" x2="{width}" y1="{y(0):.1f}" y2="{y(0):.1f}"/>')
    for tick in (0, 0.25, 0.5, 0.75, 1):
        at = "start" if tick == 0 else "end" if tick == 1 else "middle"
        x = left + tick * (width - left)
        drawn.append(f'<text x="{x:.1f}" y="{height - 10}" text-anchor="{at}">{tick:g}</text>')
    drawn.append(f'<text x="{left - 6}" y="{y(top) + 4:.1f}" text-anchor="end">{top}</text>')
    drawn.append(f'<text x="{left - 6}" y="{y(0):.1f}" text-anchor="end">0</text>')
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Histogram of IoU">'
        f"{''.join(drawn)}</svg>"
    )


def _binned(values: Iterable[float]) -> list[int]:
    counts = Counter(min(BINS - 1, int(value * BINS)) for value in values)
    return [counts[index] for index in range(BINS)]


def _pictures(answers: Sequence[AnswerRecord], data_set: DataSet) -> Iterator[str]:
    """Yield the worst, the best and random answers; each frame is read once."""
    picked = {
        "Worst answers": samples.worst(answers, PICTURES["worst"]),
        "Best answers": samples.best(answers, PICTURES["best"]),
        "Drawn by lot": samples.drawn(answers, PICTURES["drawn"]),
    }
    shown = [answer for group in picked.values() for answer in group]
    cards = {}
    for name in sorted({answer.item for answer in shown}):
        rgb = data_set.item(name).frame.rgb
        for answer in shown:
            if answer.item == name:
                cards[answer] = _card(answer, samples.picture(rgb, answer))
    answered, true = (f"rgb{colour}" for colour in (samples.ANSWER, samples.TRUTH))
    for title, group in picked.items():
        yield f"<h2>{title}</h2>"
        yield f'<p><span class="key" style="background:{answered}"></span>the answer'
        yield f'<span class="key" style="background:{true}"></span>outline of the truth</p>'
        yield f'<div class="answers">{"".join(cards[answer] for answer in group)}</div>'


def _card(answer: AnswerRecord, jpeg: bytes) -> str:
    reason = samples.reason(answer)
    right = reason == samples.RIGHT_ANSWER
    verdict = answer.verdict.replace("_", " ").lower()
    if answer.verdict != answer.expected:
        verdict += f", expected {answer.expected.replace('_', ' ').lower()}"
    why = reason if right else f"failed on: {reason}"
    source = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"
    return (
        f'<figure><img src="{source}" alt="{escape(answer.expression)}" loading="lazy">'
        f"<figcaption><strong><bdi>{escape(answer.expression)}</bdi></strong>"
        f'<div class="facts">IoU {counted_iou(answer):.3f}, best proposal {answer.bound:.3f} · '
        f'{escape(verdict)} · <span class="{"right" if right else "wrong"}">{escape(why)}</span>'
        f'</div><div class="place">{escape(answer.category)} · {escape(answer.item)}</div>'
        f"<small>{escape(answer.explanation)}</small></figcaption></figure>"
    )
