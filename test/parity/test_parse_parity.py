"""The published parsing logic against its recorded outputs on hand-annotated parses."""

from __future__ import annotations

from typing import Any

import pytest
from support.parity_records import ROOT, read_json

from zsris_ros.baselines import published_parse

spacy = pytest.importorskip("spacy", reason="spaCy is not installed")
from spacy.tokens import Doc

CASES = ROOT / "parse_cases.json"


def _cases() -> list[Any]:
    if not CASES.is_file():
        reason = f"{CASES} is absent: set ZSRIS_PARITY_DIR to the parity fixtures"
        return [pytest.param({}, marks=pytest.mark.skip(reason=reason), id="absent")]
    return [pytest.param(case, id=case["text"]) for case in read_json(CASES.name)]


@pytest.fixture(scope="module")
def vocab() -> Any:
    return spacy.blank("en").vocab


def document(case: dict[str, Any], vocab: Any) -> Doc:
    tokens = case["tokens"]
    return Doc(
        vocab,
        words=[token["text"] for token in tokens],
        heads=[token["head"] for token in tokens],
        deps=[token["dep"] for token in tokens],
        pos=[token["pos"] for token in tokens],
    )


@pytest.mark.parametrize("case", _cases())
def test_target_and_other_noun_phrases(case: dict[str, Any], vocab: Any) -> None:
    doc = document(case, vocab)
    found = published_parse.target_noun_phrase(doc)
    others = published_parse.other_noun_phrases(doc)
    span = found.span or (0, len(doc))
    outside = [i for i in range(len(doc)) if not span[0] <= i < span[1]]

    assert [[c.start, c.end, c.text, c.root.text] for c in doc.noun_chunks] == case["noun_chunks"]
    assert (found.text, found.head) == (case["noun_phrase"], case["head_noun"])
    assert outside == case["not_phrase_index"]
    assert [chunk.text for chunk in others] == case["other_noun_phrases"]
    assert [chunk.root.text for chunk in others] == case["other_noun_roots"]


@pytest.mark.parametrize("case", _cases())
def test_relation_and_position(case: dict[str, Any], vocab: Any) -> None:
    doc = document(case, vocab)

    assert published_parse.relation(doc) == case["relation"]
    assert published_parse.position(doc) == (case["direction"], case["direction_token"])


def test_paper_variant_has_right_and_every_position(vocab: Any) -> None:
    words = ["man", "right", "of", "man", "at", "top"]
    doc = Doc(
        vocab,
        words=words,
        heads=[0, 0, 1, 2, 0, 4],
        deps=["ROOT", "advmod", "prep", "pobj", "prep", "pobj"],
        pos=["NOUN", "ADV", "ADP", "NOUN", "ADP", "NOUN"],
    )

    assert [chunk.text for chunk in published_parse.other_noun_phrases(doc)] == []
    assert [chunk.start for chunk in published_parse.other_noun_phrases(doc, "paper")] == [3]
    assert published_parse.relation(doc) == "up"
    assert published_parse.relation(doc, "paper") == "right"
    assert published_parse.position(doc) == ("right", 1)
    assert published_parse.positions(doc) == ("right", "up")


def test_rejoined_separates_possessives(vocab: Any) -> None:
    doc = Doc(vocab, words=["man", "'s", " ", "hat"], spaces=[False, True, False, False])

    assert published_parse.rejoined(doc) == "man 's hat"
