"""Evaluates resolvers on sentences with true boxes or polygons, without images.

``zsris eval expressions`` reads one JSON object a line: ``text``, ``image`` (a name), ``size``
[width, height], ``target`` (an index) and ``candidates``, each with ``box`` [x, y, w, h] in pixels
and optionally ``polygon`` [[x, y, x, y, ...], ...] and ``category``. Masks are the polygons or
boxes, similarities are simulated (``simulated_semantics``), and the rest is the real resolver.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from zsris_ros.baselines.methods import find_method
from zsris_ros.baselines.published_query import PublishedReader
from zsris_ros.baselines.published_resolver import PublishedResolver
from zsris_ros.evaluation.expressions.simulated_semantics import (
    Semantics,
    SimulatedClip,
    SimulatedEncoder,
    words,
)
from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.language import Parser
from zsris_ros.language.interpretation import interpret
from zsris_ros.language.lexicon.function_words import word_set
from zsris_ros.referring.product_resolver import ProductResolver
from zsris_ros.referring.resolver import Resolver
from zsris_ros.referring.scene_encoder import SceneEncoder
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import BoolArray, Frame, InputError, Proposals, Verdict

PLACE_WORDS = word_set("""
    left right top bottom middle center centre central front back upper lower mid leftmost
    rightmost topmost bottommost leftest rightest lefthand righthand closest nearest near farthest
    furthest far highest lowest first second third fourth fifth last 1st 2nd 3rd 4th 5th corner
    foreground background rear
""")
"""Words of position and order; "uniform" selects the sentences that contain one."""

_OWNERS = word_set("its his her their")
_COUNTED = {
    word: count
    for count, listing in ((2, "second 2nd"), (3, "third 3rd"), (4, "fourth 4th"), (5, "fifth 5th"))
    for word in listing.split()
}
_SIDES: Mapping[str, frozenset[str]] = {
    "left": frozenset({"left", "leftmost", "leftest", "lefthand"}),
    "right": frozenset({"right", "rightmost", "rightest", "righthand"}),
    "top": frozenset({"top", "upper", "topmost", "highest"}),
    "bottom": frozenset({"bottom", "lower", "bottommost", "lowest"}),
    "front": frozenset({"front", "foreground", "closest", "nearest", "near"}),
    "back": frozenset({"back", "background", "rear", "farthest", "furthest"}),
    "middle": frozenset({"middle", "center", "centre", "central", "mid"}),
}


@dataclass(frozen=True)
class Candidate:
    """One candidate: ``box`` (x, y, w, h) in pixels, ``polygon`` rings, ``category`` or ""."""

    box: tuple[float, float, float, float]
    polygon: tuple[tuple[float, ...], ...] = ()
    category: str = ""


@dataclass(frozen=True)
class ExpressionItem:
    """One sentence about one image: shuffled ``candidates``, and the index of the ``target``."""

    text: str
    image: str
    size: tuple[int, int]
    candidates: tuple[Candidate, ...]
    target: int


@dataclass(frozen=True)
class ExpressionAnswer:
    """The answer of one variant."""

    text: str
    image: str
    kind: str  # of evidence in the sentence, see ``ExpressionBench.kind``
    variant: str
    noise: float  # standard deviation of the cosines
    right: bool  # whether the best candidate is the target
    verdict: str  # FOUND, AMBIGUOUS, NOT_FOUND, or ERROR for a refused sentence


def read_expressions(path: Path) -> list[ExpressionItem]:
    """Return the items of a file, candidates shuffled by a seed of text and image.

    Raises:
        InputError: An invalid line; the message names it.
        FileNotFoundError: The file does not exist.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    items = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            items.append(_item(json.loads(line)))
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise InputError(f"{path}, line {number} is no expression item: {error!r}") from error
    if not items:
        raise InputError(f"{path} holds no expressions: one JSON object a line is expected")
    return items


def _item(row: Mapping[str, Any]) -> ExpressionItem:
    width, height = (int(value) for value in row["size"])
    candidates = [_candidate(each) for each in row["candidates"]]
    order = list(range(len(candidates)))
    random.Random(f"{row['text']}|{row['image']}").shuffle(order)
    return ExpressionItem(
        text=str(row["text"]),
        image=str(row["image"]),
        size=(width, height),
        candidates=tuple(candidates[index] for index in order),
        target=order.index(int(row.get("target", 0))),
    )


def _candidate(row: Mapping[str, Any]) -> Candidate:
    x, y, w, h = (float(value) for value in row["box"])
    rings = tuple(tuple(float(value) for value in ring) for ring in row.get("polygon") or ())
    return Candidate((x, y, w, h), rings, str(row.get("category") or ""))


def masks_of(item: ExpressionItem) -> BoolArray:
    """Return bool NxHxW: the polygons, or the boxes of candidates without; never empty."""
    width, height = item.size
    masks = np.zeros((len(item.candidates), height, width), np.uint8)
    for mask, each in zip(masks, item.candidates, strict=True):
        rings = [np.array(ring).reshape(-1, 2).round().astype(np.int32) for ring in each.polygon]
        x, y, w, h = each.box
        if rings:
            cv2.fillPoly(mask, rings, 1)
        else:
            cv2.rectangle(mask, (round(x), round(y)), (round(x + w) - 1, round(y + h) - 1), 1, -1)
        if not mask.any():
            row, column = int(y + h / 2), int(x + w / 2)
            mask[min(max(row, 0), height - 1), min(max(column, 0), width - 1)] = 1
    return masks > 0


class ExpressionBench:
    """Resolves sentences by one or several variants, with simulated semantics.

    Args:
        settings: The preset's settings of the product.
        parser: The product's parser.
        reader: The parser of the published variants.
        semantics: "words" or "uniform".
    """

    def __init__(
        self, settings: ReferSettings, parser: Parser, reader: PublishedReader, semantics: Semantics
    ) -> None:
        self._clip = SimulatedClip(settings.negatives)
        self._parser, self._semantics = parser, semantics
        self._encoder = SceneEncoder([], SimulatedEncoder(self._clip), None)
        self._resolvers: dict[str, Resolver] = {
            "product": ProductResolver(self._clip, None, parser, settings)
        }
        for variant in ("paper", "reference"):
            method = find_method("hybridgl-no-coherence", variant)
            self._resolvers[variant] = PublishedResolver(method, self._clip, None, reader, settings)

    def selects(self, item: ExpressionItem) -> bool:
        """Return whether an item is used; "uniform" needs a word of position or order."""
        return self._semantics == "words" or names_place(item.text)

    def evaluate(
        self,
        items: Sequence[ExpressionItem],
        variants: Sequence[str],
        noises: Sequence[float],
        title: str = "",
    ) -> list[ExpressionAnswer]:
        """Return all answers to the selected items. Shows progress on stderr."""
        selected = [item for item in items if self.selects(item)]
        progress = tqdm(selected, title, unit="text")
        return [answer for item in progress for answer in self.answers(item, variants, noises)]

    def answers(
        self, item: ExpressionItem, variants: Sequence[str], noises: Sequence[float]
    ) -> Iterator[ExpressionAnswer]:
        """Yield the answer of each variant at each noise; the scene is encoded once."""
        kind = self.kind(item.text)
        bags = [_bag(item, index) for index in range(len(item.candidates))]
        masks = masks_of(item)
        frame = Frame(np.zeros((*masks.shape[1:], 3), np.uint8))
        quality = np.full(len(masks), 0.9, np.float32)
        proposals = Proposals(masks, mask_boxes(masks), quality, ("sam",) * len(masks))
        self._clip.set_scene(item.image, bags, self._semantics, 0.0)
        scene = self._encoder.look(frame, proposals)
        for noise in noises:
            self._clip.set_scene(item.image, bags, self._semantics, noise)
            for variant in variants:
                chosen: int | None
                if variant == "sentence":
                    chosen, verdict = _only_best(self._clip.cosines(item.text)), "FOUND"
                elif variant == "centres":
                    chosen, verdict = by_centres(item), "FOUND"
                else:
                    try:
                        result = self._resolvers[variant].refer(scene, item.text)
                    except InputError:
                        chosen, verdict = None, "ERROR"
                    else:
                        best = result.best
                        chosen = None if best is None else best.index
                        verdict = result.verdict.value
                right = chosen == item.target
                yield ExpressionAnswer(item.text, item.image, kind, variant, noise, right, verdict)

    def kind(self, text: str) -> str:
        """Return the kind of evidence that selects the target in the product's parse."""
        try:
            target = interpret(self._parser.parse(text).target).phrase
        except InputError:
            return "unread"
        if target.ordinal is not None:
            return "ordinal"
        if target.superlative is not None:
            return "superlative"
        if target.excluded:
            return "negation"
        if any(relation.certainty > 0.5 for relation in target.relations):
            return "relation"
        return "place" if target.position else "description"


def _bag(item: ExpressionItem, index: int) -> frozenset[str]:
    """Return the matching words: the category's and, for the target, the sentence's."""
    named = words(item.candidates[index].category)
    return frozenset([*named, *words(item.text)] if index == item.target else named)


def _only_best(values: np.ndarray) -> int | None:
    """Return the index of the largest value; None on a tie."""
    best = np.flatnonzero(values >= values.max() - 1e-9)
    return int(best[0]) if len(best) == 1 else None


def names_place(text: str) -> bool:
    """Return whether a text has a word of position or order; "on its back" is posture."""
    tokens = ["", *words(text)]
    return any(word in PLACE_WORDS and before not in _OWNERS for before, word in pairwise(tokens))


def by_centres(item: ExpressionItem) -> int | None:
    """Return the choice by box centres alone, a simple baseline for words of position.

    Left is the smallest centre x, front the lowest edge, the middle the nearest to the mean of the
    centres; "second ... from the left" is counted. None without a position, and on a tie.
    """
    tokens = set(words(item.text))
    named = {side for side, texts in _SIDES.items() if texts & tokens}
    boxes = np.array([each.box for each in item.candidates])
    size = np.array(item.size, float)
    x, y = ((boxes[:, :2] + boxes[:, 2:] / 2) / size).T
    low = (boxes[:, 1] + boxes[:, 3]) / size[1]
    keys = {"left": x, "right": -x, "top": y, "bottom": -y, "front": -low, "back": low}
    keys["middle"] = np.hypot(x - x.mean(), y - y.mean())
    if not named:
        return None
    key = np.sum([keys[side] for side in sorted(named)], axis=0)
    count = next((_COUNTED[word] for word in words(item.text) if word in _COUNTED), 1)
    if count > 1:
        return int(np.argsort(key, kind="stable")[min(count, len(key)) - 1])
    return _only_best(-key)


def summarise_expressions(answers: Sequence[ExpressionAnswer]) -> dict[str, dict[str, Any]]:
    """Return {variant: {noise: figures}}: shares of n, and the same by kind of sentence.

    ``argmax``: the best candidate is the target; ``right``: and the verdict is FOUND; ``refused``,
    ``ambiguous`` and ``errors``: NOT_FOUND, AMBIGUOUS, and sentences that could not be parsed.
    """
    groups: dict[tuple[str, float], list[ExpressionAnswer]] = {}
    for answer in answers:
        groups.setdefault((answer.variant, answer.noise), []).append(answer)
    summary: dict[str, dict[str, Any]] = {}
    for (variant, noise), group in groups.items():
        kinds = sorted({answer.kind for answer in group})
        by_kind = {kind: _shares([a for a in group if a.kind == kind]) for kind in kinds}
        summary.setdefault(variant, {})[f"{noise:g}"] = {**_shares(group), "by_kind": by_kind}
    return summary


def write_results(
    directory: Path, answers: Sequence[ExpressionAnswer], summary: Mapping[str, Any]
) -> Path:
    """Write ``directory``/answers.jsonl and summary.json; return the summary's path."""
    directory.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(asdict(answer)) + "\n" for answer in answers)
    (directory / "answers.jsonl").write_text(lines, encoding="utf-8")
    path = directory / "summary.json"
    path.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return path


def summary_lines(summary: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Iterator[str]:
    """Yield the figures as lines of text."""
    columns = ("argmax", "right", "refused", "ambiguous", "errors")
    yield f"{'':<11}{'noise':>6}{'n':>6}" + "".join(f"{name:>11}" for name in columns)
    for variant, rows in summary.items():
        for noise, row in rows.items():
            shares = "".join(f"{row[name]:>11.3f}" for name in columns)
            yield f"{variant:<11}{noise:>6}{row['n']:>6}{shares}"


def _shares(answers: Sequence[ExpressionAnswer]) -> dict[str, float]:
    count = len(answers)

    def share(hits: Iterator[bool]) -> float:
        return round(sum(hits) / count, 4)

    return {
        "n": count,
        "argmax": share(a.right for a in answers),
        "right": share(a.right and a.verdict == Verdict.FOUND.value for a in answers),
        "refused": share(a.verdict == Verdict.NOT_FOUND.value for a in answers),
        "ambiguous": share(a.verdict == Verdict.AMBIGUOUS.value for a in answers),
        "errors": share(a.verdict == "ERROR" for a in answers),
    }
