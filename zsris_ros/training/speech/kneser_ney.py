"""A trigram language model with interpolated Kneser-Ney smoothing, written in ARPA's format.

R. Kneser and H. Ney, Improved backing-off for m-gram language modeling, ICASSP 1995; interpolated
as in S. F. Chen and J. Goodman, An empirical study of smoothing techniques for language modeling,
Computer Speech & Language 13 (1999), equation 27; the discount is their equation 16, from the
numbers of n-grams that occur once and twice.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

START, END = "<s>", "</s>"
IMPOSSIBLE = -99.0
"""The logarithm of an impossible event, such as <s> inside a sentence."""

Gram = tuple[str, ...]


class KneserNeyTrigram:
    """``probability`` of the n-grams of orders 1 to 3, ``backoff`` weights of orders 1 and 2.

    P(w | h) is ``probability[h, w]`` where that n-gram occurs, else ``backoff[h]`` times P(w | h
    without its first word). Trigrams with fewer than ``min_count`` occurrences are pruned.
    """

    def __init__(self, sentences: Iterable[Sequence[str]], min_count: int = 1) -> None:
        counts = _counts(sentences)
        self.probability: dict[Gram, float] = {}
        self.backoff: dict[Gram, float] = {}
        vocabulary = sorted({gram[0] for gram in counts[0]} | {gram[-1] for gram in counts[0]})
        for word in vocabulary:
            self.probability[(word,)] = 1.0 / len(vocabulary)
        for order in (1, 2, 3):
            self._add(counts[order - 1])
        self.probability[(START,)] = 0.0
        self._prune({gram for gram, count in counts[2].items() if count < min_count})

    def _prune(self, rare: set[Gram]) -> None:
        """Remove trigrams; their probability goes to the back-off weight of their history."""
        for gram in rare:
            del self.probability[gram]
        kept: dict[Gram, list[Gram]] = defaultdict(list)
        for gram in self.probability:
            if len(gram) == 3:
                kept[gram[:-1]].append(gram)
        for history in {gram[:-1] for gram in rare}:
            here = sum(self.probability[gram] for gram in kept[history])
            below = sum(self.probability[gram[1:]] for gram in kept[history])
            self.backoff[history] = (1 - here) / (1 - below)

    def _add(self, counts: Counter[Gram]) -> None:
        """Add the n-grams of one order, interpolated with the order below."""
        discount = _discount(counts)
        by_history: dict[Gram, list[tuple[Gram, int]]] = defaultdict(list)
        for gram, count in counts.items():
            by_history[gram[:-1]].append((gram, count))
        lower = dict(self.probability) if not next(iter(by_history)) else self.probability
        for history, grams in by_history.items():
            total = sum(count for _, count in grams)
            weight = discount * len(grams) / total
            if history:
                self.backoff[history] = weight
            else:
                for gram, share in lower.items():
                    self.probability[gram] = weight * share
            for gram, count in grams:
                below = lower[gram[1:] or gram]
                self.probability[gram] = (count - discount) / total + weight * below

    def log10(self, history: Gram, word: str) -> float:
        """Return log10 P(word | last two words of ``history``)."""
        history = history[-2:]
        gram = (*history, word)
        if gram in self.probability:
            return math.log10(self.probability[gram]) if self.probability[gram] else IMPOSSIBLE
        if not history:
            return IMPOSSIBLE
        return math.log10(self.backoff.get(history, 1.0)) + self.log10(history[1:], word)

    def arpa(self) -> Iterator[str]:
        """Yield the lines of the ARPA file."""
        orders: tuple[list[Gram], ...] = ([], [], [])
        for gram in sorted(self.probability):
            orders[len(gram) - 1].append(gram)
        yield "\\data\\"
        for order, grams in enumerate(orders, 1):
            yield f"ngram {order}={len(grams)}"
        for order, grams in enumerate(orders, 1):
            yield f"\n\\{order}-grams:"
            for gram in grams:
                line = f"{self.log10(gram[:-1], gram[-1]):.2f}\t{' '.join(gram)}"
                weight = self.backoff.get(gram)
                yield f"{line}\t{math.log10(weight):.2f}" if weight else line
        yield "\n\\end\\"


def _counts(
    sentences: Iterable[Sequence[str]],
) -> tuple[Counter[Gram], Counter[Gram], Counter[Gram]]:
    """Count trigrams and, for lower orders, the different words before each n-gram.

    N-grams that begin with <s> have no word before them and are counted by occurrence.
    """
    threes: Counter[Gram] = Counter()
    starts: Counter[Gram] = Counter()
    for sentence in sentences:
        words = [START, *sentence, END]
        starts[(START, words[1])] += 1
        threes.update(zip(words, words[1:], words[2:], strict=False))
    twos = Counter(gram[1:] for gram in threes)
    twos.update(starts)
    ones = Counter(gram[1:] for gram in twos)
    return ones, twos, threes


def _discount(counts: Counter[Gram]) -> float:
    of_counts = Counter(counts.values())
    once, twice = of_counts[1], of_counts[2]
    return once / (once + 2 * twice) if once else 0.5
