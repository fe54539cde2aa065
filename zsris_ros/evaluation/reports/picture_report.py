"""A report of trials in groups: how many there are of each cause, and some of them as pictures."""

from __future__ import annotations

import base64
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from zsris_ros.evaluation.reports.html_report import REPORT, bar_rows, write_page
from zsris_ros.evaluation.reports.samples import jpeg
from zsris_ros.types import ByteArray

PICTURES = 8
"""Pictures of each cause."""


class PictureReport:
    """Collects trials by cause; a cause keeps its first ``pictures``."""

    def __init__(self, heading: str = "Failures by cause", pictures: int = PICTURES) -> None:
        self._heading, self._pictures = heading, pictures
        self._counts: Counter[str] = Counter()
        self._cards: dict[str, list[str]] = defaultdict(list)

    def add(self, cause: str, title: str, facts: str, picture: ByteArray) -> None:
        """Add a trial with its picture, uint8 HxWx3."""
        self._counts[cause] += 1
        if len(self._cards[cause]) < self._pictures:
            self._cards[cause].append(_card(title, facts, picture))

    def write(self, folder: Path, title: str, lines: Sequence[str]) -> Path:
        """Write ``folder``/report.html, with ``lines`` of figures above, and return its path."""
        path = folder / REPORT
        write_page(path, title, "\n".join(self._body(title, lines)))
        return path

    def _body(self, title: str, lines: Sequence[str]) -> Iterator[str]:
        yield f"<h1>{escape(title)}</h1>"
        yield f"<pre>{escape(chr(10).join(lines))}</pre>"
        yield f"<h2>{escape(self._heading)}</h2>"
        yield bar_rows("cause", self._counts.most_common())
        for cause, count in self._counts.most_common():
            shown = self._cards[cause]
            note = f", the first {len(shown)}" if count > len(shown) else ""
            yield f"<h2>{escape(cause)} ({count}{note})</h2>"
            yield f'<div class="answers">{"".join(shown)}</div>'


def _card(title: str, facts: str, picture: ByteArray) -> str:
    source = f"data:image/jpeg;base64,{base64.b64encode(jpeg(picture)).decode('ascii')}"
    return (
        f'<figure><img src="{source}" alt="{escape(title)}" loading="lazy">'
        f"<figcaption><strong><bdi>{escape(title)}</bdi></strong>"
        f'<div class="facts">{escape(facts)}</div></figcaption></figure>'
    )
