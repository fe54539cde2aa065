"""The trigram model is a distribution, prefers seen n-grams and writes valid ARPA."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from zsris_ros.training.speech.kneser_ney import END, START, KneserNeyTrigram

CORPORA = st.lists(
    st.lists(st.sampled_from("abcde"), min_size=1, max_size=6), min_size=1, max_size=30
)


@settings(max_examples=60)
@given(CORPORA, st.sampled_from([1, 2, 3]))
def test_probabilities_after_any_history_sum_to_one(
    corpus: list[list[str]], min_count: int
) -> None:
    model = KneserNeyTrigram(corpus, min_count)
    words = [gram[0] for gram in model.probability if len(gram) == 1 and gram != (START,)]
    for history in [(START,), *((START, word) for word in words), ("a", "b"), ("c",), ()]:
        total = sum(10 ** model.log10(history, word) for word in words)
        assert math.isclose(total, 1.0, abs_tol=1e-9), (history, total)


def test_seen_ngrams_are_likelier() -> None:
    model = KneserNeyTrigram([["the", "red", "mug"]] * 5 + [["the", "blue", "cup"]] * 5)
    assert model.log10((START, "the"), "red") > model.log10((START, "the"), "cup")
    assert model.log10(("the", "red"), "mug") > model.log10(("the", "red"), "cup")
    assert model.log10(("red", "mug"), END) > model.log10(("red", "mug"), "the")


def test_pruned_trigrams_back_off() -> None:
    corpus = [["the", "red", "mug"]] * 5 + [["the", "blue", "cup"]]
    whole, short = KneserNeyTrigram(corpus), KneserNeyTrigram(corpus, 2)
    assert ("the", "blue", "cup") in whole.probability
    assert ("the", "blue", "cup") not in short.probability
    assert short.log10(("the", "blue"), "cup") == short.log10(("blue",), "cup")
    assert short.log10(("the", "red"), "mug") == whole.log10(("the", "red"), "mug")


def test_arpa_counts_match_its_sections() -> None:
    lines = list(KneserNeyTrigram([["a", "b"], ["b", "c", "a"]]).arpa())
    text = "\n".join(lines)
    for order in (1, 2, 3):
        (count,) = (line.split("=")[1] for line in lines if line.startswith(f"ngram {order}="))
        section = text.partition(f"\\{order}-grams:\n")[2].partition("\n\n")[0]
        rows = section.splitlines()
        assert len(rows) == int(count) > 0
        for row in rows:
            probability, gram = row.split("\t")[:2]
            assert float(probability) <= 0.0
            assert len(gram.split()) == order
    assert lines[-1].strip() == "\\end\\"
